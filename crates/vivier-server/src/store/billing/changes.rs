//! Another plan, where plans are charged for: the subscription's price and the deployment's plan change together.

use serde::Serialize;
use sqlx::any::AnyRow;
use vivier_core::billing::{Paid, Stage};
use vivier_core::hold::Hold;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::plan::PlanName;
use vivier_core::wire::agents::{EventKind, Outcome};
use vivier_core::wire::billing::CancelWhen;

use super::super::events::Note;
use super::super::{Actor, Columns as _, Store, StoreError, Tx, int, statements};
use super::{Billed, one};

statements! {
    ONE = "SELECT paid, stripe_id, plan FROM subscriptions WHERE deployment_id = $1";
    WANT = "UPDATE subscriptions SET wanted_plan = $2, changes = changes + 1, trouble = NULL, version = version + 1 WHERE deployment_id = $1";
    RAISE_CHANGES = "UPDATE subscriptions SET changes = changes + 1, version = version + 1 WHERE deployment_id = $1 AND version = $2";
    SETTLED = "UPDATE subscriptions SET wanted_plan = NULL, trouble = $3, version = version + 1 WHERE deployment_id = $1 AND version = $2";
    FORGET = "DELETE FROM subscriptions WHERE deployment_id = $1";
    SET_PLAN = "UPDATE deployments SET plan = $2, expires_at = NULL WHERE id = $1";
}

/// The plans that are charged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Charged(u8);

impl Charged {
    pub const NONE: Self = Self(0);

    const fn bit(plan: PlanName) -> u8 {
        match plan {
            PlanName::Trial => 1,
            PlanName::Starter => 2,
            PlanName::Pro => 4,
            PlanName::Team => 8,
        }
    }

    #[must_use]
    pub const fn with(self, plan: PlanName) -> Self {
        Self(self.0 | Self::bit(plan))
    }

    pub const fn has(self, plan: PlanName) -> bool {
        self.0 & Self::bit(plan) != 0
    }

    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// What becomes of an ask for another plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(in crate::store) enum PlanChange {
    /// The deployment gets it now: nothing is charged for either.
    Now,
    /// The subscription's price goes first; the worker brings both together.
    WithSubscription,
}

impl Store {
    /// What was asked of the plan is done, or not to be done: `trouble` says why.
    pub async fn plan_settled(&self, bill: &Billed, trouble: Option<&str>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(SETTLED).bind(bill.deployment.to_string()).bind(int(bill.version)).bind(trouble).execute(tx.conn()).await?;
        one(done.rows_affected())?;
        if let Some(trouble) = trouble {
            let message = match bill.wanted {
                Some(wanted) => format!("not moved to {wanted}: {trouble}"),
                None => format!("the plan was not changed: {trouble}"),
            };
            tx.note(bill.account, bill.deployment, &Note::new(EventKind::Ask, Outcome::Failed, message).by(super::super::SYSTEM)).await?;
        }
        tx.commit().await
    }

    /// Gives the deployment the plan that its subscription is of.
    pub async fn adopt_plan(&self, bill: &Billed, plan: PlanName) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_account(bill.account).await?;
        let row = tx.lock_deployment(bill.account, bill.deployment).await?;
        let before: PlanName = row.parse("plan")?;
        let done = sqlx::query(SETTLED).bind(bill.deployment.to_string()).bind(int(bill.version)).bind(None::<String>).execute(tx.conn()).await?;
        one(done.rows_affected())?;
        if before != plan {
            sqlx::query(SET_PLAN).bind(bill.deployment.to_string()).bind(plan.as_str()).execute(tx.conn()).await?;
            let note = Note::new(EventKind::Ask, Outcome::Noted, format!("moved from {before} to {plan}, as its subscription")).by(super::super::SYSTEM);
            tx.note(bill.account, bill.deployment, &note).await?;
            let detail = serde_json::json!({ "before": before, "plan": plan, "subscription": bill.stripe_id });
            tx.audit(&Actor::system(), Some(bill.account), "billing.plan", &bill.deployment.to_string(), detail).await?;
        }
        tx.commit().await
    }
}

impl Store {
    /// Writes down that its owner asks for an end of its subscription, or takes that back; the effect gets a name of its own.
    pub async fn asked_to_cancel(&self, actor: &Actor, bill: &Billed, when: CancelWhen) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        one(sqlx::query(RAISE_CHANGES).bind(bill.deployment.to_string()).bind(int(bill.version)).execute(tx.conn()).await?.rows_affected())?;
        let detail = serde_json::json!({ "subscription": bill.stripe_id, "when": when });
        tx.audit(actor, Some(bill.account), "billing.cancel", &bill.deployment.to_string(), detail).await?;
        let message = match when {
            CancelWhen::PeriodEnd => "asked to end its subscription with the period",
            CancelWhen::Now => "asked to end its subscription at once",
            CancelWhen::Never => "asked to keep its subscription",
        };
        tx.note(bill.account, bill.deployment, &Note::new(EventKind::Ask, Outcome::Noted, message).by(&actor.name)).await?;
        tx.commit().await
    }
}

impl Tx {
    /// Decides how a deployment, whose lock this transaction has, comes to `plan`.
    ///
    /// # Errors
    /// `Payment` when it must be paid first; `Conflict` when a subscription is in the way.
    pub(in crate::store) async fn begin_plan_change(
        &mut self,
        actor: &Actor,
        account: AccountId,
        id: DeploymentId,
        locked: &AnyRow,
        plan: PlanName,
        charged: Charged,
    ) -> Result<PlanChange, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.conn()).await?;
        let live = match &row {
            Some(row) => row.text_opt("stripe_id")?.is_some() && row.word::<Paid>("paid")?.is_live(),
            None => false,
        };
        match (live, charged.has(plan)) {
            (true, true) => {
                sqlx::query(WANT).bind(id.to_string()).bind(plan.as_str()).execute(self.conn()).await?;
                Ok(PlanChange::WithSubscription)
            }
            (true, false) => Err(StoreError::Conflict(format!("it has a subscription; cancel that first, then it can move to {plan}"))),
            (false, true) => Err(StoreError::Payment(format!("the plan {plan} is paid for; make a payment page for it under Billing"))),
            (false, false) => {
                if row.is_some() {
                    sqlx::query(FORGET).bind(id.to_string()).execute(self.conn()).await?;
                    self.put_hold(&Actor { once: None, ..actor.clone() }, account, id, locked, Hold::Billing, false).await?;
                }
                Ok(PlanChange::Now)
            }
        }
    }

    /// What is restored and not paid for does not run meanwhile: its hold is set by the transaction that restores it.
    pub(in crate::store) async fn hold_unpaid(&mut self, actor: &Actor, account: AccountId, id: DeploymentId, locked: &AnyRow) -> Result<(), StoreError> {
        let Some(row) = sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.conn()).await? else { return Ok(()) };
        if row.word::<Paid>("paid")? != Paid::Good {
            self.put_hold(&Actor { once: None, ..actor.clone() }, account, id, locked, Hold::Billing, true).await?;
        }
        Ok(())
    }

    /// A new deployment of a plan that is charged for stands still until it is paid.
    pub(in crate::store) async fn await_payment(&mut self, account: AccountId, id: DeploymentId, window_days: u32) -> Result<(), StoreError> {
        sqlx::query(super::super::holds::SET_HOLDS).bind(id.to_string()).bind(Hold::Billing.as_str()).execute(self.conn()).await?;
        self.insert_bill(account, id, Stage::Unpaid, Some(window_days)).await?;
        Ok(())
    }
}
