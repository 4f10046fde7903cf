//! Taking money: the provider's API, its webhooks' signatures, and the settings. Nothing of it is there while
//! `server.billing.provider` is `none`.
//!
//! It knows nothing of the store but where events come in, and decides nothing: what a payment means for an agent is `vivier_core::billing`'s to say, and
//! `worker::billing` brings both together.

pub mod settings;
pub mod stripe;

use std::sync::Arc;

pub use self::settings::{BillingSettings, Provider};
use self::stripe::{Stripe, StripeError};
use crate::store::billing::intake::Intake;

/// Billing as it is set up; absent in an installation that takes no money.
#[derive(Clone)]
pub struct Billing {
    pub settings: BillingSettings,
    pub stripe: Stripe,
    /// Where events come in.
    pub intake: Arc<Intake>,
    /// Wakes the worker: an event has come, or somebody looks at their bill. Losing it costs one tick.
    pub wake: Arc<tokio::sync::Notify>,
}

impl Billing {
    /// # Errors
    /// When a setting cannot be, or the key's file cannot be read.
    pub fn open(settings: &BillingSettings) -> Result<Option<Self>, StripeError> {
        match settings.provider {
            Provider::None => Ok(None),
            Provider::Stripe => {
                settings.check()?;
                Ok(Some(Self { settings: settings.clone(), stripe: Stripe::open(settings)?, intake: Arc::default(), wake: Arc::default() }))
            }
        }
    }
}
