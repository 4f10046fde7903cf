//! Money and runtime, brought together: events are applied by reading their objects again at the provider, every bill takes the steps
//! that [`vivier_core::billing::next`] decides, and what is not to be paid is taken off invoices.
//!
//! Every step is one transaction, or one call to the provider that carries a name of ours followed by one transaction. A process that dies
//! between two of them leaves nothing half done: the next one looks again. While the provider is away nothing advances, and it is said.
//! Who would be harmed by a step (suspended, deleted) is read again first: what was read a while ago is no reason.

mod apply;
mod invoices;
mod read;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vivier_core::billing::{PlanStep, Stage, Step, agree, next};
use vivier_core::lifecycle::Desired;
use vivier_core::plan::PlanName;
use vivier_core::time::Timestamp;

pub use self::read::{read_checkout, read_subscription};
use super::Crew;
use crate::App;
use crate::billing::Billing;
use crate::billing::stripe::StripeError;
use crate::store::StoreError;
use crate::store::billing::Billed;
use crate::store::billing::checkouts::CheckoutState;
use crate::store::billing::steps::Patience;

/// More than any bill takes between two waits: a bound on a loop that decides nothing.
const MOST_STEPS: usize = 12;
/// How old a reading may be that somebody is suspended or deleted by, in milliseconds.
const FRESH_MS: i64 = 60_000;
/// Between two tries to bring up one that is paid for and has failed, in milliseconds.
const NUDGE_MS: i64 = 300_000;
/// Between two looks for deployments that have no bill and should, in milliseconds.
const SWEEP_MS: i64 = 60_000;
/// The longest wait for a provider that is away, in milliseconds.
const MOST_QUIET_MS: i64 = 300_000;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Stripe(#[from] StripeError),
}

/// What the worker knows between two turns; nothing that must outlive it.
struct Biller<'a> {
    app: &'a App,
    billing: &'a Billing,
    patience: Patience,
    /// The provider is left alone until then.
    quiet_until: Timestamp,
    /// Turns in a row in which it was away.
    away: u32,
    sweep_at: Timestamp,
}

/// Works until `stop`; at once over where no money is taken.
pub(super) async fn steer(crew: Arc<Crew>, stop: CancellationToken) {
    let Some(billing) = crew.app.billing.clone() else { return };
    let settings = &crew.app.settings;
    let mut biller = Biller {
        app: &crew.app,
        billing: &billing,
        patience: patience(&crew.app, &billing),
        quiet_until: Timestamp::from_millis(i64::MIN),
        away: 0,
        sweep_at: Timestamp::from_millis(i64::MIN),
    };
    tracing::info!(grace_days = settings.billing.grace_days, "money is taken with Stripe");
    while !stop.is_cancelled() {
        if let Err(error) = biller.turn(&stop).await {
            tracing::error!("failed to read what is to be billed: {error:#}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = billing.wake.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(crew.pace.tick_ms)) => {}
        }
    }
}

/// How patient this installation is.
pub fn patience(app: &App, billing: &Billing) -> Patience {
    Patience {
        grace_days: billing.settings.grace_days,
        window_days: billing.settings.window_days,
        retention_days: app.settings.retention_days,
        public_url: app.settings.public_url.trim_end_matches('/').to_owned(),
    }
}

impl Biller<'_> {
    fn now(&self) -> Timestamp {
        self.app.store.now()
    }

    fn is_quiet(&self) -> bool {
        self.now() < self.quiet_until
    }

    async fn turn(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        let before = self.away;
        if !self.is_quiet() {
            self.apply_events(stop).await?;
        }
        if !self.is_quiet() {
            self.read_due().await?;
        }
        if self.now() >= self.sweep_at {
            self.sweep().await?;
            self.sweep_at = self.now().plus_millis(SWEEP_MS);
        }
        if !self.is_quiet() {
            self.settle_invoices().await?;
        }
        for bill in self.app.store.restless_bills().await? {
            if stop.is_cancelled() {
                return Ok(());
            }
            let id = bill.deployment;
            if let Err(error) = self.move_on(bill).await {
                self.tell(id, error).await?;
            }
        }
        if before == self.away && !self.is_quiet() {
            self.away = 0;
        }
        self.count().await
    }

    /// Those whose time has come are read again, whether or not an event says so.
    async fn read_due(&mut self) -> Result<(), StoreError> {
        for page in self.app.store.checkouts_to_read().await? {
            if let Err(error) = read_checkout(self.app, self.billing, &page.session, &[]).await {
                self.heard(&error, "a payment page");
            }
            if self.is_quiet() {
                return Ok(());
            }
        }
        for bill in self.app.store.bills_to_read().await? {
            let Some(stripe_id) = &bill.stripe_id else { continue };
            let done = async {
                read_subscription(self.app, self.billing, stripe_id, &[]).await?;
                read::read_invoices(self.app, self.billing, bill.account).await
            };
            if let Err(error) = done.await {
                self.tell(bill.deployment, error).await?;
            }
            if self.is_quiet() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Once in a while: bills for those that have none, and events that nobody sends again.
    async fn sweep(&self) -> Result<(), StoreError> {
        let plans = &self.app.settings.plans;
        let charged = |plan: PlanName| plans.get(plan).stripe_price.is_some();
        for id in self.app.store.bill_the_unbilled(charged, &self.patience).await? {
            tracing::info!(deployment = %id, "it is billed from now on");
        }
        self.app.store.prune_billing_events().await
    }

    /// Does everything that is to be done about one bill now.
    async fn move_on(&mut self, mut bill: Billed) -> Result<(), BillingError> {
        let store = &self.app.store;
        for _ in 0..MOST_STEPS {
            if self.agree(&bill).await? || self.settle_end(&bill).await? {
                let Some(read) = store.billed(bill.deployment).await? else { return Ok(()) };
                bill = read;
                continue;
            }
            let runtime = store.billed_runtime(bill.deployment, bill.stage_since).await?;
            let step = next(bill.sight(runtime, self.now()));
            match step {
                Step::Rest | Step::Watch => return Ok(()),
                Step::CancelSubscription => {
                    if self.is_quiet() {
                        return Ok(());
                    }
                    self.cancel(&bill).await?;
                }
                // Not on what was read a while ago, and not while nothing can be read.
                Step::Suspend | Step::Terminate if !self.is_fresh(&bill) => {
                    if self.is_quiet() {
                        return Ok(());
                    }
                    self.refresh(&bill).await?;
                }
                Step::Nudge if self.now().millis_since(bill.stage_since) < NUDGE_MS => return Ok(()),
                Step::EnterGrace
                | Step::Remind
                | Step::Recover
                | Step::Suspend
                | Step::Settle
                | Step::Resume
                | Step::Confirm
                | Step::Nudge
                | Step::Terminate
                | Step::BringBack
                | Step::Close
                | Step::Reopen => {
                    if step == Step::Close {
                        self.close_page(&bill).await?;
                    }
                    store.step_bill(&bill, step, &self.patience).await?;
                    tracing::info!(deployment = %bill.deployment, ?step, stage = bill.stage.as_str(), "a step of its bill");
                    metrics::counter!("vivier_billing_steps_total", "step" => crate::store::word(&step)).increment(1);
                    self.app.wake.notify_one();
                }
            }
            let Some(read) = store.billed(bill.deployment).await? else { return Ok(()) };
            bill = read;
        }
        tracing::warn!(deployment = %bill.deployment, "took {MOST_STEPS} steps of its bill without a rest; looks again later");
        Ok(())
    }

    fn is_fresh(&self, bill: &Billed) -> bool {
        bill.read_at.is_some_and(|at| self.now().millis_since(at) < FRESH_MS)
    }

    /// Reads again whatever could say that it is paid for after all.
    async fn refresh(&self, bill: &Billed) -> Result<(), BillingError> {
        if let Some(page) = self.app.store.open_checkout(bill.deployment).await? {
            read_checkout(self.app, self.billing, &page.session, &[]).await?;
        }
        match &bill.stripe_id {
            Some(stripe_id) => read_subscription(self.app, self.billing, stripe_id, &[]).await,
            // Nothing was ever paid: there is nothing to read but the page.
            None => Ok(self.app.store.bill_read(bill).await?),
        }
    }

    /// Brings plan and price together. Whether something was done.
    async fn agree(&self, bill: &Billed) -> Result<bool, BillingError> {
        let kept = matches!(bill.asked, Desired::Running | Desired::Suspended);
        if !kept || !bill.is_live() {
            return Ok(false);
        }
        let (store, stripe) = (&self.app.store, &self.billing.stripe);
        match agree(bill.plan, bill.wanted, bill.priced) {
            PlanStep::Rest => Ok(false),
            PlanStep::Adopt(plan) => {
                store.adopt_plan(bill, plan).await?;
                self.app.wake.notify_one();
                Ok(true)
            }
            PlanStep::Move(plan) => {
                if self.is_quiet() {
                    return Ok(false);
                }
                let to = self.app.settings.plans.get(plan);
                let (Some(price), Some(id), Some(item)) = (&to.stripe_price, &bill.stripe_id, &bill.item_id) else {
                    store.plan_settled(bill, Some("the plan has no price at the payment provider any more")).await?;
                    return Ok(true);
                };
                let dearer = to.price.is_some_and(|price| price.minor > bill.amount.unwrap_or_default());
                let once = format!("vivier-plan-{}-{}", bill.deployment, bill.changes);
                match stripe.move_price(id, item, price, dearer, &once).await {
                    Ok(_) => {}
                    Err(StripeError::Refused { code, message }) => {
                        tracing::info!(deployment = %bill.deployment, code, "the provider does not move a subscription: {message}");
                        store.plan_settled(bill, Some(&message)).await?;
                        return Ok(true);
                    }
                    Err(error) => return Err(error.into()),
                }
                read_subscription(self.app, self.billing, id, &[]).await?;
                Ok(true)
            }
        }
    }

    async fn cancel(&self, bill: &Billed) -> Result<(), BillingError> {
        self.close_page(bill).await?;
        let Some(id) = &bill.stripe_id else { return Ok(()) };
        self.billing.stripe.cancel_now(id).await?;
        read_subscription(self.app, self.billing, id, &[]).await
    }

    /// Nobody pays any more for one that is gone.
    async fn close_page(&self, bill: &Billed) -> Result<(), BillingError> {
        let Some(page) = self.app.store.open_checkout(bill.deployment).await? else { return Ok(()) };
        match self.billing.stripe.expire_session(&page.session).await {
            Ok(_) | Err(StripeError::Missing(_)) => Ok(self.app.store.checkout_over(&page.session, CheckoutState::Expired, &[]).await?),
            // Paid, or expired already: what it is, is read.
            Err(StripeError::Refused { .. }) => read_checkout(self.app, self.billing, &page.session, &[]).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Says what is in the way, to the log and to its owner. An error of the store that no retry mends is the caller's.
    async fn tell(&mut self, id: vivier_core::id::DeploymentId, error: BillingError) -> Result<(), StoreError> {
        self.heard(&error, "a bill");
        match error {
            BillingError::Stripe(error) => self.app.store.bill_trouble(id, &format!("{error}; it is tried again")).await,
            BillingError::Store(_) => Ok(()),
        }
    }

    /// Takes note of a failure: after one of the provider's it is left alone for a while.
    fn heard(&mut self, error: &BillingError, what: &str) {
        match error {
            BillingError::Store(StoreError::Lost) => tracing::debug!("{what} was changed meanwhile; looks again"),
            BillingError::Store(error) => tracing::error!("failed to move {what} on: {error:#}"),
            BillingError::Stripe(error) if error.is_passing() => {
                self.away = self.away.saturating_add(1);
                let wait = 1_000_i64.saturating_mul(1 << self.away.min(10)).min(MOST_QUIET_MS);
                self.quiet_until = self.now().plus_millis(wait);
                tracing::warn!(seconds = wait / 1_000, "{error}; nothing about money advances, and it is tried again");
            }
            BillingError::Stripe(error) => tracing::error!("failed to move {what} on: {error}"),
        }
    }

    /// The numbers, for whoever watches this process.
    async fn count(&self) -> Result<(), StoreError> {
        let counts = self.app.store.bill_counts().await?;
        for stage in Stage::ALL {
            let count = counts.iter().find(|(known, _)| *known == stage).map_or(0, |(_, count)| *count);
            #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
            metrics::gauge!("vivier_bills", "stage" => stage.as_str()).set(count as f64);
        }
        let (waiting, oldest) = self.app.store.event_backlog().await?;
        #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
        metrics::gauge!("vivier_billing_events_waiting").set(waiting as f64);
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of days")]
        let age = oldest.map_or(0.0, |at| self.now().millis_since(at) as f64 / 1_000.0);
        metrics::gauge!("vivier_billing_events_oldest_seconds").set(age);
        metrics::gauge!("vivier_billing_provider_away").set(if self.is_quiet() { 1.0 } else { 0.0 });
        Ok(())
    }
}
