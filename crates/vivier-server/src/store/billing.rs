//! Money as it is remembered: who an account is to the provider, what is paid for which deployment, payment pages, invoices, and every
//! event that the provider has sent.
//!
//! What is written about a subscription or an invoice was read at the provider just before, and is written only if nobody has written
//! since the reading began (compare-and-swap): so the order in which events come does not matter.

pub mod changes;
pub mod checkouts;
pub mod customers;
pub mod events;
pub mod intake;
pub mod invoices;
mod letters;
pub mod steps;

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use vivier_core::billing::{Left, Paid, Sight, Stage};
use vivier_core::hold::Holds;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{Desired, State, Workload};
use vivier_core::name::{DisplayName, Slug};
use vivier_core::plan::PlanName;
use vivier_core::time::Timestamp;

use self::steps::{Letter, Patience};
use super::deployments::{select_deployments, wanted};
use super::seen::Seen;
use super::{Columns as _, Store, StoreError, Tx, int, json, statements, word};

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

macro_rules! select_billed {
    ($rest:literal) => {
        concat!(
            "SELECT s.deployment_id, s.account_id, s.stage, s.stage_since, s.due_at, s.reminded, s.paid, s.stripe_id, s.item_id, s.plan AS priced, s.amount, \
             s.currency, s.period_start, s.period_end, s.cancel_at_period_end, s.prices, s.read_at, s.look_at, s.wanted_plan, s.changes, s.final_of, s.trouble, s.version, \
             d.name, d.slug, d.plan, d.desired AS asked, d.holds, d.purge_at, d.version AS deployment_version \
             FROM subscriptions s JOIN deployments d ON d.id = s.deployment_id ",
            $rest
        )
    };
}

statements! {
    ONE = select_billed!("WHERE s.deployment_id = $1");
    BY_STRIPE = select_billed!("WHERE s.stripe_id = $1");
    OF_ACCOUNT = select_billed!("WHERE s.account_id = $1 ORDER BY s.deployment_id DESC");
    TO_READ = select_billed!("WHERE s.look_at <= $1 AND s.stripe_id IS NOT NULL AND s.paid IN ('incomplete', 'good', 'owed') ORDER BY s.look_at LIMIT 200");
    /// Those that are not at rest: something is to be done, or waited for.
    RESTLESS = select_billed!(
        "WHERE s.stage NOT IN ('good', 'ended') OR s.wanted_plan IS NOT NULL \
         OR (s.paid = 'over' AND s.stripe_id IS NOT NULL AND (s.final_of IS NULL OR s.final_of <> s.stripe_id)) \
         OR (s.stage = 'good' AND (s.paid <> 'good' OR d.desired IN ('terminated', 'purged') OR (s.plan IS NOT NULL AND s.plan <> d.plan))) \
         OR (s.stage = 'ended' AND (s.paid IN ('incomplete', 'good', 'owed') OR d.desired IN ('running', 'suspended'))) ORDER BY s.deployment_id"
    );
    RUNTIME = select_deployments!("WHERE d.id = $1");
    INSERT = "INSERT INTO subscriptions (deployment_id, account_id, stage, stage_since, due_at, reminded, look_at) VALUES ($1, $2, $3, $4, $5, $6, $4) \
        ON CONFLICT (deployment_id) DO NOTHING";
    SAW = "UPDATE subscriptions SET paid = $3, stripe_id = $4, item_id = $5, plan = $6, amount = $7, currency = $8, period_start = $9, period_end = $10, \
        cancel_at_period_end = $11, prices = $12, read_at = $13, look_at = $14, \
        trouble = CASE WHEN trouble LIKE '%it is tried again' THEN NULL ELSE trouble END, version = version + 1 WHERE deployment_id = $1 AND version = $2";
    READ = "UPDATE subscriptions SET read_at = $3, version = version + 1 WHERE deployment_id = $1 AND version = $2";
    LOOK_AGAIN = "UPDATE subscriptions SET look_at = $2 WHERE account_id = $1 AND look_at > $2";
    TROUBLE = "UPDATE subscriptions SET trouble = $2 WHERE deployment_id = $1 AND (trouble IS NULL OR trouble <> $2)";
    STAGES = "SELECT stage, COUNT(*) AS count FROM subscriptions GROUP BY stage";
    WITHOUT = "SELECT d.id, d.account_id, d.plan FROM deployments d WHERE d.desired IN ('running', 'suspended') AND d.plan <> 'trial' \
        AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.deployment_id = d.id)";
}

/// Since when which amount is paid for a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub since: Timestamp,
    pub amount: i64,
}

/// The bill of one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    pub deployment: DeploymentId,
    pub account: AccountId,
    pub name: DisplayName,
    pub slug: Slug,
    pub stage: Stage,
    pub stage_since: Timestamp,
    /// When the time that the stage gives is over.
    pub due_at: Option<Timestamp>,
    pub reminded: bool,
    /// What was last read at the provider.
    pub paid: Paid,
    pub stripe_id: Option<String>,
    pub item_id: Option<String>,
    /// The plan of its price; `None`: of no plan of ours, or never read.
    pub priced: Option<PlanName>,
    /// For a period, in the currency's smallest unit.
    pub amount: Option<i64>,
    pub currency: Option<String>,
    pub period: Option<(Timestamp, Timestamp)>,
    pub cancel_at_period_end: bool,
    pub prices: Vec<Stretch>,
    pub read_at: Option<Timestamp>,
    /// The plan that the deployment has.
    pub plan: PlanName,
    /// The plan that was asked for, and is not done.
    pub wanted: Option<PlanName>,
    /// How often something was asked of it: names the effect.
    pub changes: u64,
    /// The subscription whose last period was settled after its end.
    pub final_of: Option<String>,
    pub trouble: Option<String>,
    pub version: u64,
    /// What the owner asks of the deployment, and the holds on it.
    pub asked: Desired,
    pub holds: Holds,
    pub purge_at: Option<Timestamp>,
    pub deployment_version: u64,
}

/// What was read of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionSeen {
    pub stripe_id: String,
    pub paid: Paid,
    pub item_id: Option<String>,
    pub priced: Option<PlanName>,
    pub amount: Option<i64>,
    pub currency: Option<String>,
    pub period: Option<(Timestamp, Timestamp)>,
    pub cancel_at_period_end: bool,
    /// When it is read again by itself.
    pub look_at: Timestamp,
}

impl Billed {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            deployment: row.parse("deployment_id")?,
            account: row.parse("account_id")?,
            name: row.parse("name")?,
            slug: row.parse("slug")?,
            stage: row.word("stage")?,
            stage_since: row.at("stage_since")?,
            due_at: row.at_opt("due_at")?,
            reminded: row.flag("reminded")?,
            paid: row.word("paid")?,
            stripe_id: row.text_opt("stripe_id")?,
            item_id: row.text_opt("item_id")?,
            priced: row.parse_opt("priced")?,
            amount: row.int_opt("amount")?,
            currency: row.text_opt("currency")?,
            period: row.at_opt("period_start")?.zip(row.at_opt("period_end")?),
            cancel_at_period_end: row.flag("cancel_at_period_end")?,
            prices: row.json("prices")?,
            read_at: row.at_opt("read_at")?,
            plan: row.parse("plan")?,
            wanted: row.parse_opt("wanted_plan")?,
            changes: row.count("changes")?,
            final_of: row.text_opt("final_of")?,
            trouble: row.text_opt("trouble")?,
            version: row.count("version")?,
            asked: row.word("asked")?,
            holds: row.parse("holds")?,
            purge_at: row.at_opt("purge_at")?,
            deployment_version: row.count("deployment_version")?,
        })
    }

    /// How much of the time that its stage gives is left.
    pub fn left(&self, now: Timestamp) -> Left {
        let Some(due) = self.due_at else { return Left::Enough };
        match due.millis_since(now) {
            left if left <= 0 => Left::Over,
            left if left <= DAY_MS && self.reminded => Left::Told,
            left if left <= DAY_MS => Left::LastDay,
            _ => Left::Enough,
        }
    }

    pub fn sight(&self, runtime: vivier_core::billing::Runtime, now: Timestamp) -> Sight {
        Sight { stage: self.stage, paid: self.paid, asked: self.asked, runtime, left: self.left(now) }
    }

    /// The stretches after a reading: a new subscription begins anew, another amount begins a new one.
    fn prices_after(&self, seen: &SubscriptionSeen, now: Timestamp) -> Vec<Stretch> {
        let mut prices = if self.stripe_id.as_deref() == Some(seen.stripe_id.as_str()) { self.prices.clone() } else { Vec::new() };
        let since = seen.period.filter(|_| prices.is_empty()).map_or(now, |(start, _)| start);
        if let Some(amount) = seen.amount.filter(|amount| prices.last().is_none_or(|last| last.amount != *amount)) {
            prices.push(Stretch { since, amount });
        }
        // Of a year at most: no invoice looks back further.
        let from = now.plus_millis(-366 * DAY_MS);
        let old = prices.iter().rposition(|stretch| stretch.since < from).unwrap_or_default();
        prices.split_off(old)
    }
}

impl Store {
    /// The bill of a deployment, whoever's it is.
    pub async fn billed(&self, id: DeploymentId) -> Result<Option<Billed>, StoreError> {
        sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.reader()).await?.as_ref().map(Billed::from_row).transpose()
    }

    pub async fn billed_by_stripe(&self, stripe_id: &str) -> Result<Option<Billed>, StoreError> {
        sqlx::query(BY_STRIPE).bind(stripe_id).fetch_optional(self.reader()).await?.as_ref().map(Billed::from_row).transpose()
    }

    /// The bills of an account, newest deployment first.
    pub async fn bills(&self, account: AccountId) -> Result<Vec<Billed>, StoreError> {
        sqlx::query(OF_ACCOUNT).bind(account.to_string()).fetch_all(self.reader()).await?.iter().map(Billed::from_row).collect()
    }

    /// Those that are to be read again at the provider, whether or not an event says so.
    pub async fn bills_to_read(&self) -> Result<Vec<Billed>, StoreError> {
        sqlx::query(TO_READ).bind(self.now().as_millis()).fetch_all(self.reader()).await?.iter().map(Billed::from_row).collect()
    }

    /// Those where something is to be done, or waited for.
    pub async fn restless_bills(&self) -> Result<Vec<Billed>, StoreError> {
        sqlx::query(RESTLESS).fetch_all(self.reader()).await?.iter().map(Billed::from_row).collect()
    }

    /// Everything of this account is read again at once.
    pub async fn look_at_bills(&self, account: AccountId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        sqlx::query(LOOK_AGAIN).bind(account.to_string()).bind(now).execute(tx.conn()).await?;
        sqlx::query(checkouts::LOOK_AGAIN).bind(account.to_string()).bind(now).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// What was seen of a deployment's runtime since what is wanted of it was last changed.
    /// A look from before `since` says nothing.
    pub async fn billed_runtime(&self, id: DeploymentId, since: Timestamp) -> Result<vivier_core::billing::Runtime, StoreError> {
        use vivier_core::billing::Runtime;
        // Of one that is purged nothing is left.
        let Some(row) = sqlx::query(RUNTIME).bind(id.to_string()).fetch_optional(self.reader()).await? else { return Ok(Runtime::Removed) };
        let (wanted, seen) = (wanted(&row)?, Seen::from_row(&row)?);
        // A failed look leaves what was seen before it, and when that was.
        let terminated: Option<Timestamp> = row.at_opt("terminated_at")?;
        let since = terminated.map_or(since, |at| at.max(since));
        if seen.seen_version != wanted.version || seen.observed_at.is_none_or(|at| at < since) {
            return Ok(Runtime::Unknown);
        }
        if wanted.desired == Desired::Running {
            return Ok(match seen.shown_state(&wanted, row.flag("falls_back")?, self.now()) {
                State::Running => Runtime::Running,
                State::Failed => Runtime::Failed,
                State::Requested
                | State::Provisioning
                | State::Configuring
                | State::Starting
                | State::Updating
                | State::Restarting
                | State::Suspended
                | State::Terminated => Runtime::Moving,
            });
        }
        // Somebody is still sent there.
        if seen.routed {
            return Ok(Runtime::Moving);
        }
        Ok(match seen.workload {
            Workload::Unknown => Runtime::Unknown,
            Workload::Absent | Workload::Data => Runtime::Removed,
            Workload::Prepared | Workload::Configured | Workload::Exited | Workload::Stopped => Runtime::Stopped,
            Workload::Starting | Workload::Overdue | Workload::Started | Workload::Proven | Workload::Disproven => Runtime::Moving,
        })
    }

    /// Writes down what was read of the subscription of `deployment`, and that `events` are applied by it. `before`: as it was before the
    /// reading began; `None`: there was no bill.
    ///
    /// # Errors
    /// `Lost` when somebody has written since: read again. `NotFound` when the account has no such deployment.
    pub async fn saw_subscription(
        &self,
        account: AccountId,
        deployment: DeploymentId,
        before: Option<&Billed>,
        seen: &SubscriptionSeen,
        events: &[String],
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let before = match before {
            Some(before) => before.clone(),
            None => {
                let stage = tx.first_stage(account, deployment).await?;
                if !tx.insert_bill(account, deployment, stage, None).await? {
                    return Err(StoreError::Lost);
                }
                let row = sqlx::query(ONE).bind(deployment.to_string()).fetch_one(tx.conn()).await?;
                Billed::from_row(&row)?
            }
        };
        let done = sqlx::query(SAW)
            .bind(deployment.to_string())
            .bind(int(before.version))
            .bind(word(&seen.paid))
            .bind(&seen.stripe_id)
            .bind(seen.item_id.as_deref())
            .bind(seen.priced.map(PlanName::as_str))
            .bind(seen.amount)
            .bind(seen.currency.as_deref())
            .bind(seen.period.map(|(start, _)| start.as_millis()))
            .bind(seen.period.map(|(_, end)| end.as_millis()))
            .bind(i64::from(seen.cancel_at_period_end))
            .bind(json(&before.prices_after(seen, now)))
            .bind(now.as_millis())
            .bind(seen.look_at.as_millis())
            .execute(tx.conn())
            .await?;
        one(done.rows_affected())?;
        if before.paid != seen.paid || before.stripe_id.as_deref() != Some(seen.stripe_id.as_str()) {
            let detail = serde_json::json!({ "subscription": seen.stripe_id, "before": before.paid, "paid": seen.paid, "events": events });
            tx.audit(&super::Actor::system(), Some(account), "billing.seen", &deployment.to_string(), detail).await?;
        }
        tx.applied(events, "read again").await?;
        tx.commit().await
    }

    /// A second subscription of one deployment was ended: what `events` said is applied by it.
    pub async fn subscription_doubled(&self, bill: &Billed, ended: &str, events: &[String]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let detail = serde_json::json!({ "kept": bill.stripe_id, "ended": ended });
        tx.audit(&super::Actor::system(), Some(bill.account), "billing.double", &bill.deployment.to_string(), detail).await?;
        tx.applied(events, "the deployment had a subscription: this one was cancelled and credited").await?;
        tx.commit_quietly().await
    }

    /// There was nothing to read of it at the provider, and that was looked for now.
    pub async fn bill_read(&self, bill: &Billed) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        one(sqlx::query(READ).bind(bill.deployment.to_string()).bind(int(bill.version)).bind(now).execute(tx.conn()).await?.rows_affected())?;
        tx.commit_quietly().await
    }

    /// What keeps the next step from being done: for its owner, until it is done.
    pub async fn bill_trouble(&self, id: DeploymentId, trouble: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(TROUBLE).bind(id.to_string()).bind(trouble).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Ok(());
        }
        tx.commit_quietly().await
    }

    /// How many bills there are in each stage.
    pub async fn bill_counts(&self) -> Result<Vec<(Stage, u64)>, StoreError> {
        let rows = sqlx::query(STAGES).fetch_all(self.reader()).await?;
        rows.iter().map(|row| Ok((row.word("stage")?, row.count("count")?))).collect()
    }

    /// Gives a bill to every deployment of a plan that is charged for and has none: it was made before money was taken here. Its days of
    /// grace begin. Returns those.
    pub async fn bill_the_unbilled(&self, charged: impl Fn(PlanName) -> bool + Send, patience: &Patience) -> Result<Vec<DeploymentId>, StoreError> {
        let rows = sqlx::query(WITHOUT).fetch_all(self.reader()).await?;
        let mut made = Vec::new();
        for row in &rows {
            let (id, account, plan): (DeploymentId, AccountId, PlanName) = (row.parse("id")?, row.parse("account_id")?, row.parse("plan")?);
            if !charged(plan) {
                continue;
            }
            let mut tx = self.begin().await?;
            if tx.insert_bill(account, id, Stage::Grace, Some(patience.grace_days)).await? {
                tx.audit(&super::Actor::system(), Some(account), "billing.begin", &id.to_string(), serde_json::json!({ "plan": plan })).await?;
                let bill = Billed::from_row(&sqlx::query(ONE).bind(id.to_string()).fetch_one(tx.conn()).await?)?;
                let until = bill.due_at.unwrap_or(bill.stage_since);
                tx.letter(&bill, Letter::Begun { until }, patience).await?;
                tx.commit().await?;
                made.push(id);
            }
        }
        Ok(made)
    }
}

impl Tx {
    /// Makes the bill of a deployment. `days`: the time that the stage gives. `false`: it has one.
    pub(super) async fn insert_bill(&mut self, account: AccountId, id: DeploymentId, stage: Stage, days: Option<u32>) -> Result<bool, StoreError> {
        let now = self.now();
        let due = days.map(|days| now.plus_millis(i64::from(days) * DAY_MS).as_millis());
        let done = sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(word(&stage))
            .bind(now.as_millis())
            .bind(due)
            .bind(i64::from(days.is_some_and(|days| days <= 1)))
            .execute(self.conn())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Where a deployment that has no bill begins, once it is paid for.
    async fn first_stage(&mut self, account: AccountId, id: DeploymentId) -> Result<Stage, StoreError> {
        let row = self.lock_deployment(account, id).await?;
        Ok(match row.word("desired")? {
            Desired::Running | Desired::Suspended => Stage::Resuming,
            Desired::Terminated | Desired::Purged => Stage::Ended,
        })
    }
}

/// One row was written, or it was another's by then.
const fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Lost) }
}

/// Every statement about money.
pub(super) fn statements() -> Vec<&'static str> {
    [ALL, changes::ALL, checkouts::ALL, customers::ALL, events::ALL, invoices::ALL, letters::ALL, steps::ALL].concat()
}
