//! What is to be done once, later. A job is enqueued inside the transaction that wants it; whoever claims it holds a lease, and
//! every claim raises the job's epoch, so that one who was thought dead and comes back can finish nothing.

use std::sync::Arc;

use sqlx::any::AnyRow;
use vivier_core::id::{AccountId, JobId};
use vivier_core::time::Timestamp;
use vivier_core::wire::jobs::{JobKind, JobOut, JobState};

use super::{Actor, Columns as _, Store, StoreError, Tx, json, new_uuid, statements};
use crate::jobs::{Job, Task};
use crate::keys::{DataKey, Owner};
use crate::mail::Mail;
use crate::vault::{self, VaultError};

/// Days that a job which is done is remembered: so long, its dedupe key keeps another from being enqueued.
pub const KEPT_DAYS: i64 = 30;

statements! {
    INSERT = "INSERT INTO jobs (id, kind, account_id, payload, serial, dedupe, run_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
        ON CONFLICT (dedupe) DO NOTHING";
    /// The one that has been due for longest. Of a series: the one that was begun and whose lease is over, else the first.
    CLAIM = "UPDATE jobs SET lease_owner = $1, lease_until = $2, lease_epoch = lease_epoch + 1, attempts = attempts + 1 \
        WHERE state = 'waiting' AND (lease_until IS NULL OR lease_until <= $3) AND id = (SELECT j.id FROM jobs j \
            WHERE j.state = 'waiting' AND j.run_at <= $3 AND (j.lease_until IS NULL OR j.lease_until <= $3) \
            AND (j.serial IS NULL OR j.lease_owner IS NOT NULL OR NOT EXISTS (SELECT 1 FROM jobs o WHERE o.serial = j.serial AND o.state = 'waiting' \
                AND (o.lease_owner IS NOT NULL OR o.id < j.id))) \
            ORDER BY j.run_at, j.id LIMIT 1) \
        RETURNING id, kind, account_id, payload, attempts, lease_epoch, created_at";
    RENEW = "UPDATE jobs SET lease_until = $4 WHERE id = $1 AND lease_epoch = $2 AND lease_owner = $3 AND state = 'waiting'";
    FINISH = "UPDATE jobs SET state = 'done', payload = NULL, error = NULL, ended_at = $4, lease_owner = NULL, lease_until = NULL \
        WHERE id = $1 AND lease_epoch = $2 AND lease_owner = $3 AND state = 'waiting'";
    IS_DONE = "SELECT id FROM jobs WHERE id = $1 AND lease_epoch = $2 AND state = 'done'";
    PUT_OFF = "UPDATE jobs SET run_at = $4, error = $5, lease_owner = NULL, lease_until = NULL \
        WHERE id = $1 AND lease_epoch = $2 AND lease_owner = $3 AND state = 'waiting'";
    BURY = "UPDATE jobs SET state = 'dead', error = $5, ended_at = $4, lease_owner = NULL, lease_until = NULL \
        WHERE id = $1 AND lease_epoch = $2 AND lease_owner = $3 AND state = 'waiting'";
    END_LEASES = "UPDATE jobs SET lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL AND ($1 = '' OR lease_owner = $1)";
    LIST = "SELECT id, kind, account_id, serial, state, run_at, attempts, error, created_at, ended_at FROM jobs \
        WHERE ($1 = '' OR state = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3";
    ONE = "SELECT id, kind, account_id, serial, state, run_at, attempts, error, created_at, ended_at FROM jobs WHERE id = $1";
    RETRY = "UPDATE jobs SET state = 'waiting', attempts = 0, run_at = $2, ended_at = NULL WHERE id = $1 AND state <> 'done' AND lease_owner IS NULL";
    DISCARD = "DELETE FROM jobs WHERE id = $1 AND state <> 'done' AND lease_owner IS NULL";
    PRUNE = "DELETE FROM jobs WHERE state = 'done' AND ended_at <= $1";
    COUNTS = "SELECT kind, state, COUNT(*) AS count, MIN(run_at) AS due FROM jobs WHERE state <> 'done' GROUP BY kind, state";
}

/// The right to do a job: of whoever claimed it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub id: JobId,
    owner: String,
    epoch: i64,
}

/// A job to do now.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub lease: Lease,
    pub kind: JobKind,
    pub account: Option<AccountId>,
    pub task: Task,
    /// This try included.
    pub attempts: u64,
    pub created_at: Timestamp,
}

/// What came of claiming.
#[derive(Debug)]
pub enum Claim {
    /// Nothing is due.
    Nothing,
    Job(Box<Claimed>),
    /// It cannot be read, and is dead now: it was written by another version, or altered.
    Unreadable(JobId),
}

/// How many jobs there are of a kind in a state, and since when the oldest is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobCount {
    pub kind: JobKind,
    pub state: JobState,
    pub count: u64,
    pub due: Timestamp,
}

/// What a sealed payload is bound to.
fn place(id: &str) -> String {
    format!("job\n{id}")
}

impl Store {
    /// Takes the next job that is due, for `owner`, until `until`.
    pub async fn claim_job(&self, owner: &str, until: Timestamp) -> Result<Claim, StoreError> {
        let key = self.platform_key().await?;
        let mut tx = self.begin().await?;
        let now = tx.now();
        let claimed = sqlx::query(CLAIM).bind(owner).bind(until.as_millis()).bind(now.as_millis()).fetch_optional(tx.conn()).await;
        let row = match claimed {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(Claim::Nothing),
            // Another runner has begun one of the same series a moment before.
            Err(error) if StoreError::is_unique_violation(&error) => return Ok(Claim::Nothing),
            Err(error) => return Err(error.into()),
        };
        let id: JobId = row.parse("id")?;
        let lease = Lease { id, owner: owner.to_owned(), epoch: row.int("lease_epoch")? };
        match read(&key, &row) {
            Ok((kind, task)) => {
                let (account, attempts, created_at) = (row.parse_opt("account_id")?, row.count("attempts")?, row.at("created_at")?);
                tx.commit_quietly().await?;
                Ok(Claim::Job(Box::new(Claimed { lease, kind, account, task, attempts, created_at })))
            }
            Err(error) => {
                tx.settle_job(BURY, &lease, now, Some(&format!("it cannot be read: {error}"))).await?;
                tx.commit_quietly().await?;
                Ok(Claim::Unreadable(id))
            }
        }
    }

    /// Holds a lease for longer.
    ///
    /// # Errors
    /// `Lost` when another has taken the job over.
    pub async fn renew_job(&self, lease: &Lease, until: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.settle_job(RENEW, lease, until, None).await?;
        tx.commit_quietly().await
    }

    /// It is done. Saying so again is no error (see [`Tx::finish_job`]).
    ///
    /// # Errors
    /// `Lost` when another has taken the job over.
    pub async fn finish_job(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.finish_job(lease).await?;
        tx.commit_quietly().await
    }

    /// It did not work, and is tried again at `run_at`.
    ///
    /// # Errors
    /// `Lost` when another has taken the job over.
    pub async fn put_job_off(&self, lease: &Lease, run_at: Timestamp, error: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.settle_job(PUT_OFF, lease, run_at, Some(error)).await?;
        tx.commit_quietly().await
    }

    /// It did not work, and is not tried again unless an operator says so.
    ///
    /// # Errors
    /// `Lost` when another has taken the job over.
    pub async fn bury_job(&self, lease: &Lease, error: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        tx.settle_job(BURY, lease, now, Some(error)).await?;
        tx.commit_quietly().await
    }

    /// Ends the leases of `owner`; of everybody when nobody else can be alive.
    pub async fn end_job_leases(&self, owner: Option<&str>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(END_LEASES).bind(owner.unwrap_or_default()).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// Jobs, newest first, and whether there are more.
    pub async fn jobs(&self, state: Option<JobState>, before: Option<JobId>, limit: u32) -> Result<(Vec<JobOut>, bool), StoreError> {
        let state = state.map(JobState::as_str).unwrap_or_default();
        let before = before.map(|id| id.to_string()).unwrap_or_default();
        let rows = sqlx::query(LIST).bind(state).bind(before).bind(i64::from(limit) + 1).fetch_all(self.reader()).await?;
        let mut jobs = rows.iter().map(out).collect::<Result<Vec<_>, _>>()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = jobs.len() > limit;
        jobs.truncate(limit);
        Ok((jobs, more))
    }

    /// Tries a job again at once: one that is dead, or one that waits for its next try.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while it is being done, and when it is done.
    pub async fn retry_job(&self, actor: &Actor, id: JobId) -> Result<JobOut, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let before = tx.job(id).await?;
        let done = sqlx::query(RETRY).bind(id.to_string()).bind(now.as_millis()).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(busy(&before));
        }
        let job = tx.job(id).await?;
        tx.audit(actor, job.account, "job.retry", &id.to_string(), serde_json::json!({ "kind": job.kind })).await?;
        tx.enqueued = true;
        tx.commit_quietly().await?;
        Ok(job)
    }

    /// Throws a job away that is not done.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while it is being done, and when it is done.
    pub async fn discard_job(&self, actor: &Actor, id: JobId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let before = tx.job(id).await?;
        let done = sqlx::query(DISCARD).bind(id.to_string()).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(busy(&before));
        }
        let detail = serde_json::json!({ "kind": before.kind, "state": before.state });
        tx.audit(actor, before.account, "job.discard", &id.to_string(), detail).await?;
        tx.commit_quietly().await
    }

    /// How many there are that are not done.
    pub async fn job_counts(&self) -> Result<Vec<JobCount>, StoreError> {
        let rows = sqlx::query(COUNTS).fetch_all(self.reader()).await?;
        rows.iter().map(|row| Ok(JobCount { kind: row.word("kind")?, state: row.word("state")?, count: row.count("count")?, due: row.at("due")? })).collect()
    }

    /// Forgets what was done more than [`KEPT_DAYS`] ago.
    pub async fn prune_jobs(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let edge = tx.now().plus_seconds(-KEPT_DAYS * 86_400);
        sqlx::query(PRUNE).bind(edge.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    /// Enqueues a job: it is there when this transaction is committed, and only then. `None` when its dedupe key is taken.
    pub async fn enqueue(&mut self, job: Job) -> Result<Option<JobId>, StoreError> {
        let Job { task, account, serial, dedupe, run_at } = job;
        let id = JobId::from_uuid(new_uuid());
        // In memory since the store was opened, and never dropped: no key service is asked inside a transaction.
        let key = self.vault.known(Owner::Platform).ok_or(VaultError::Seal)?;
        let payload = vault::seal_platform(&key, &place(&id.to_string()), json(&task).as_bytes())?;
        let now = self.now();
        let done = sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(task.kind().as_str())
            .bind(account.map(|id| id.to_string()))
            .bind(payload)
            .bind(serial)
            .bind(dedupe)
            .bind(run_at.unwrap_or(now).as_millis())
            .bind(now.as_millis())
            .execute(self.conn())
            .await?;
        self.enqueued = true;
        Ok((done.rows_affected() == 1).then_some(id))
    }

    /// Sends a mail: as a job, so that it leaves when this transaction is committed, and only then.
    pub async fn mail(&mut self, account: Option<AccountId>, mail: &Mail) -> Result<(), StoreError> {
        let job = Job { account, ..Job::new(Task::Mail(mail.clone())) };
        self.enqueue(job).await.map(drop)
    }

    /// The job is done, as part of this transaction: what an executor writes together with this, it writes once.
    ///
    /// # Errors
    /// `Lost` when another has taken the job over; then nothing of the transaction may be committed.
    pub async fn finish_job(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let now = self.now();
        match self.settle_job(FINISH, lease, now, None).await {
            Err(StoreError::Lost) => {
                let done = sqlx::query(IS_DONE).bind(lease.id.to_string()).bind(lease.epoch).fetch_optional(self.conn()).await?;
                done.map(drop).ok_or(StoreError::Lost)
            }
            other => other,
        }
    }

    /// One of the statements that need the lease: `at` is its time, `error` its reason where it has one.
    async fn settle_job(&mut self, statement: &'static str, lease: &Lease, at: Timestamp, error: Option<&str>) -> Result<(), StoreError> {
        let mut query = sqlx::query(statement).bind(lease.id.to_string()).bind(lease.epoch).bind(lease.owner.clone()).bind(at.as_millis());
        if let Some(error) = error {
            query = query.bind(error.to_owned());
        }
        let done = query.execute(self.conn()).await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Lost) }
    }

    async fn job(&mut self, id: JobId) -> Result<JobOut, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.conn()).await?;
        out(&row.ok_or(StoreError::NotFound("job"))?)
    }
}

fn busy(job: &JobOut) -> StoreError {
    StoreError::Conflict(match job.state {
        JobState::Done => "the job is done already".to_owned(),
        JobState::Waiting | JobState::Dead => "the job is being done at this moment; look at it again in a minute".to_owned(),
    })
}

fn read(key: &Arc<DataKey>, row: &AnyRow) -> Result<(JobKind, Task), StoreError> {
    let sealed = row.blob_opt("payload")?.ok_or_else(|| StoreError::Corrupt("the payload of a waiting job is gone".to_owned()))?;
    let plain = vault::open_platform(key, &place(&row.text("id")?), &sealed)?;
    // serde's words may repeat what they were given.
    let task: Task = serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("the payload is not one that this version knows".to_owned()))?;
    Ok((task.kind(), task))
}

fn out(row: &AnyRow) -> Result<JobOut, StoreError> {
    Ok(JobOut {
        id: row.parse("id")?,
        kind: row.word("kind")?,
        state: row.word("state")?,
        account: row.parse_opt("account_id")?,
        serial: row.text_opt("serial")?,
        attempts: row.count("attempts")?,
        created_at: row.at("created_at")?,
        run_at: row.at("run_at")?,
        ended_at: row.at_opt("ended_at")?,
        error: row.text_opt("error")?,
    })
}
