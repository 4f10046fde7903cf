//! Events, applied: all that are about one object are one reading of it.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use super::read::{read_checkout, read_customer, read_invoice, read_subscription};
use super::{Biller, BillingError};
use crate::billing::stripe::StripeError;
use crate::store::StoreError;

/// The longest wait between two tries of an event, in milliseconds.
const MOST_WAIT_MS: i64 = 900_000;

/// What an event is about, as far as we read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Subscription(String),
    Invoice(String),
    Checkout(String),
    Customer(String),
    /// Nothing of ours hangs on it.
    Other,
}

impl Subject {
    fn of(kind: &str, id: &str) -> Self {
        let id = id.to_owned();
        match kind {
            "subscription" => Self::Subscription(id),
            "invoice" => Self::Invoice(id),
            "checkout.session" => Self::Checkout(id),
            "customer" => Self::Customer(id),
            _ => Self::Other,
        }
    }
}

impl Biller<'_> {
    /// Applies those that wait, as far as the provider answers.
    pub(super) async fn apply_events(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        let mut groups: BTreeMap<Subject, (Vec<String>, u64)> = BTreeMap::new();
        for pending in self.app.store.pending_events().await? {
            let group = groups.entry(Subject::of(&pending.event.object_kind, &pending.event.object_id)).or_default();
            group.0.push(pending.event.id);
            group.1 = group.1.max(pending.tries);
        }
        for (subject, (ids, tries)) in groups {
            if stop.is_cancelled() || self.is_quiet() {
                return Ok(());
            }
            let outcome = match self.apply(&subject, &ids).await {
                Ok(()) => "applied",
                Err(error) => self.not_applied(&ids, tries, error).await?,
            };
            metrics::counter!("vivier_billing_events_total", "outcome" => outcome).increment(u64::try_from(ids.len()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    async fn apply(&self, subject: &Subject, ids: &[String]) -> Result<(), BillingError> {
        let (app, billing) = (self.app, self.billing);
        match subject {
            Subject::Subscription(id) => read_subscription(app, billing, id, ids).await,
            Subject::Invoice(id) => read_invoice(app, billing, id, ids).await,
            Subject::Checkout(id) => read_checkout(app, billing, id, ids).await,
            Subject::Customer(id) => read_customer(app, billing, id, ids).await,
            Subject::Other => Ok(app.store.events_applied(ids, "nothing of ours hangs on it").await?),
        }
    }

    async fn not_applied(&mut self, ids: &[String], tries: u64, error: BillingError) -> Result<&'static str, StoreError> {
        let store = &self.app.store;
        match &error {
            // Somebody wrote since the reading began: it is read again at the next turn.
            BillingError::Store(StoreError::Lost) => return Ok("again"),
            BillingError::Store(StoreError::NotFound(what)) => {
                store.events_applied(ids, &format!("there is no such {what} here")).await?;
                return Ok("foreign");
            }
            BillingError::Stripe(StripeError::Missing(what)) => {
                store.events_applied(ids, &format!("Stripe knows no {what}")).await?;
                return Ok("foreign");
            }
            BillingError::Store(_) | BillingError::Stripe(_) => {}
        }
        let wait = 1_000_i64.saturating_mul(1 << tries.min(12)).min(MOST_WAIT_MS);
        store.put_events_off(ids, self.now().plus_millis(wait), &error.to_string()).await?;
        self.heard(&error, "an event");
        Ok("put_off")
    }
}
