//! The steps of a bill. Each is one transaction: compare-and-swap on the bill's version, the deployment, its timeline, the audit log and
//! the letter to its owner together. A step that was decided on an older look writes nothing ([`StoreError::Lost`]).

use sqlx::any::AnyRow;
use vivier_core::billing::{Stage, Step};
use vivier_core::hold::Hold;
use vivier_core::lifecycle::Desired;
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::{EventKind, Outcome};

use super::super::events::Note;
use super::super::{Actor, Columns as _, Store, StoreError, Tx, int, statements, word};
use super::{Billed, DAY_MS, one};

statements! {
    ENTER = "UPDATE subscriptions SET stage = $3, stage_since = $4, due_at = $5, reminded = $6, trouble = NULL, version = version + 1 \
        WHERE deployment_id = $1 AND version = $2";
    REMINDED = "UPDATE subscriptions SET reminded = 1, version = version + 1 WHERE deployment_id = $1 AND version = $2";
    SET_DESIRED = "UPDATE deployments SET desired = $2, terminated_at = $3, purge_at = $4 WHERE id = $1";
    RAISE_RETRY = "UPDATE deployments SET retry_generation = retry_generation + 1 WHERE id = $1";
}

/// How patient an installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    pub grace_days: u32,
    pub window_days: u32,
    pub retention_days: u32,
    /// For the links in letters.
    pub public_url: String,
}

/// What a step tells the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// A payment has failed; it runs until then.
    GraceBegins { until: Timestamp },
    /// It is stopped within a day.
    GraceEnds { until: Timestamp },
    /// It is being stopped; its data is kept until it is deleted at `until`.
    Suspended { until: Timestamp },
    /// It is deleted within a day.
    WindowEnds { until: Timestamp },
    /// It is deleted; its data can be taken along until `until`.
    Terminated { until: Timestamp },
    /// It runs again.
    Running,
    /// It is to be paid for from now on, and was here before; it runs until then.
    Begun { until: Timestamp },
}

impl Store {
    /// Takes a step that was decided on `bill`. Steps that need the provider, or nothing, are not for here and change nothing.
    ///
    /// # Errors
    /// `Lost` when the bill, or what its owner asks for, has changed since it was looked at.
    pub async fn step_bill(&self, bill: &Billed, step: Step, patience: &Patience) -> Result<(), StoreError> {
        match step {
            Step::Rest | Step::Watch | Step::CancelSubscription => Ok(()),
            Step::EnterGrace => self.enter_grace(bill, patience).await,
            Step::Remind => self.remind(bill, patience).await,
            Step::Recover => self.stage(bill, Stage::Good, "the payment has come", Some(Letter::Running), patience).await,
            Step::Suspend => self.suspend_unpaid(bill, patience).await,
            Step::Settle => self.settle(bill, patience).await,
            Step::Resume => self.resume_paid(bill).await,
            Step::Confirm => self.confirm(bill, patience).await,
            Step::Nudge => self.nudge(bill).await,
            Step::Terminate => self.terminate_unpaid(bill, patience).await,
            Step::BringBack => self.bring_back(bill).await,
            Step::Close => self.stage(bill, Stage::Ended, "its bill is closed", None, patience).await,
            Step::Reopen => self.reopen(bill, patience).await,
        }
    }

    async fn enter_grace(&self, bill: &Billed, patience: &Patience) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let until = tx.enter(bill, Stage::Grace, Some(patience.grace_days)).await?;
        tx.say(bill, format!("a payment has failed; without one it is suspended at {until}")).await?;
        tx.letter(bill, Letter::GraceBegins { until }, patience).await?;
        tx.commit().await
    }

    async fn remind(&self, bill: &Billed, patience: &Patience) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        one(sqlx::query(REMINDED).bind(bill.deployment.to_string()).bind(int(bill.version)).execute(tx.conn()).await?.rows_affected())?;
        let until = bill.due_at.unwrap_or(tx.now());
        let letter = if bill.stage == Stage::Grace { Letter::GraceEnds { until } } else { Letter::WindowEnds { until } };
        tx.letter(bill, letter, patience).await?;
        tx.commit_quietly().await
    }

    /// Only what is written down changes: nothing is asked of the deployment.
    async fn stage(&self, bill: &Billed, stage: Stage, told: &str, letter: Option<Letter>, patience: &Patience) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.enter(bill, stage, None).await?;
        // Of one that is purged nothing is kept.
        if bill.asked != Desired::Purged {
            tx.say(bill, told.to_owned()).await?;
        }
        if let Some(letter) = letter {
            tx.letter(bill, letter, patience).await?;
        }
        tx.commit().await
    }

    async fn confirm(&self, bill: &Billed, patience: &Patience) -> Result<(), StoreError> {
        let (told, letter) = match bill.asked {
            Desired::Running => ("paid, and running", Some(Letter::Running)),
            Desired::Suspended | Desired::Terminated | Desired::Purged => ("paid", None),
        };
        self.stage(bill, Stage::Good, told, letter, patience).await
    }

    async fn suspend_unpaid(&self, bill: &Billed, patience: &Patience) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.as_it_was_billed(bill).await?;
        tx.enter(bill, Stage::Suspending, None).await?;
        tx.put_hold(&Actor::system(), bill.account, bill.deployment, &row, Hold::Billing, true).await?;
        let until = tx.now().plus_millis(i64::from(patience.window_days) * DAY_MS);
        tx.letter(bill, Letter::Suspended { until }, patience).await?;
        tx.commit().await
    }

    async fn settle(&self, bill: &Billed, patience: &Patience) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let until = tx.enter(bill, Stage::Suspended, Some(patience.window_days)).await?;
        tx.say(bill, format!("stopped; without a payment it is deleted at {until}")).await?;
        tx.commit().await
    }

    async fn resume_paid(&self, bill: &Billed) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.as_it_was_billed(bill).await?;
        tx.enter(bill, Stage::Resuming, None).await?;
        tx.put_hold(&Actor::system(), bill.account, bill.deployment, &row, Hold::Billing, false).await?;
        tx.commit().await
    }

    async fn nudge(&self, bill: &Billed) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.as_it_was_billed(bill).await?;
        tx.enter(bill, Stage::Resuming, None).await?;
        sqlx::query(RAISE_RETRY).bind(bill.deployment.to_string()).execute(tx.conn()).await?;
        tx.say(bill, "it is paid for and does not run: tried again".to_owned()).await?;
        tx.commit().await
    }

    async fn terminate_unpaid(&self, bill: &Billed, patience: &Patience) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.as_it_was_billed(bill).await?;
        tx.enter(bill, Stage::Ending, None).await?;
        let now = tx.now();
        let purge = now.plus_millis(i64::from(patience.retention_days) * DAY_MS);
        sqlx::query(SET_DESIRED)
            .bind(bill.deployment.to_string())
            .bind(word(&Desired::Terminated))
            .bind(now.as_millis())
            .bind(purge.as_millis())
            .execute(tx.conn())
            .await?;
        tx.say(bill, format!("deleted, because it was not paid for; its data is kept until {purge}")).await?;
        tx.audit(&Actor::system(), Some(bill.account), "deployment.terminate", &bill.deployment.to_string(), serde_json::json!({ "cause": "billing" })).await?;
        tx.letter(bill, Letter::Terminated { until: purge }, patience).await?;
        tx.commit().await
    }

    async fn bring_back(&self, bill: &Billed) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.as_it_was_billed(bill).await?;
        tx.enter(bill, Stage::Resuming, None).await?;
        let none = None::<i64>;
        sqlx::query(SET_DESIRED).bind(bill.deployment.to_string()).bind(word(&Desired::Running)).bind(none).bind(none).execute(tx.conn()).await?;
        tx.put_hold(&Actor::system(), bill.account, bill.deployment, &row, Hold::Billing, false).await?;
        tx.say(bill, "the payment has come after all: it is restored".to_owned()).await?;
        tx.commit().await
    }

    async fn reopen(&self, bill: &Billed, patience: &Patience) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.as_it_was_billed(bill).await?;
        tx.enter(bill, Stage::Suspended, Some(patience.window_days)).await?;
        tx.put_hold(&Actor::system(), bill.account, bill.deployment, &row, Hold::Billing, true).await?;
        tx.commit().await
    }
}

impl Tx {
    /// Takes the deployment's lock, if nothing else is asked of it than when its bill was looked at.
    async fn as_it_was_billed(&mut self, bill: &Billed) -> Result<AnyRow, StoreError> {
        let row = match self.lock_deployment(bill.account, bill.deployment).await {
            Err(StoreError::NotFound(_)) => return Err(StoreError::Lost),
            other => other?,
        };
        if row.word::<Desired>("desired")? == bill.asked { Ok(row) } else { Err(StoreError::Lost) }
    }

    /// Enters a stage, if nobody has written to the bill since. `days`: the time that it gives. Returns its end; without one, now.
    async fn enter(&mut self, bill: &Billed, stage: Stage, days: Option<u32>) -> Result<Timestamp, StoreError> {
        let now = self.now();
        let due = days.map(|days| now.plus_millis(i64::from(days) * DAY_MS));
        let done = sqlx::query(ENTER)
            .bind(bill.deployment.to_string())
            .bind(int(bill.version))
            .bind(word(&stage))
            .bind(now.as_millis())
            .bind(due.map(Timestamp::as_millis))
            // Who has a day is told so at once, and not twice.
            .bind(i64::from(days.is_some_and(|days| days <= 1)))
            .execute(self.conn())
            .await?;
        one(done.rows_affected())?;
        if bill.stage != stage {
            let detail = serde_json::json!({ "before": bill.stage, "stage": stage, "paid": bill.paid });
            self.audit(&Actor::system(), Some(bill.account), "billing.stage", &bill.deployment.to_string(), detail).await?;
        }
        Ok(due.unwrap_or(now))
    }

    async fn say(&mut self, bill: &Billed, message: String) -> Result<(), StoreError> {
        let note = Note::new(EventKind::Ask, Outcome::Noted, message).by(super::super::SYSTEM);
        self.note(bill.account, bill.deployment, &note).await
    }
}
