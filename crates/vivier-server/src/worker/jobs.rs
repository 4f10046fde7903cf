//! Does the jobs: claims what is due, renews its lease while it is being done, and tries again what did not work, later and later.
//!
//! A process that dies leaves its leases behind, and the next one does their jobs again: at least once. Every kind's executor must
//! bear that; what it writes into the store happens once when it is committed together with `Tx::finish_job`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vivier_core::wire::jobs::{JobKind, JobState};

use super::Crew;
use crate::App;
use crate::jobs::Task;
use crate::mail::accounts;
use crate::store::jobs::{Claim, Claimed};
use crate::store::links::Purpose;
use crate::store::{Engine, StoreError};

/// Jobs at the same time.
const AT_ONCE: usize = 4;
/// Tries, after which a job is dead: with the pauses between them, most of a day.
const MOST_TRIES: u64 = 20;
/// The first pause, and the longest, in milliseconds.
const FIRST_PAUSE: i64 = 10_000;
const LONGEST_PAUSE: i64 = 3_600_000;
/// How long a stop waits for jobs under way.
const LAST_JOBS: Duration = Duration::from_secs(5);

/// Why a job did not work.
#[derive(Debug)]
pub enum Fault {
    /// It is worth another try.
    Later(String),
    /// It will never work as it is.
    Never(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Later(format!("{:#}", anyhow::Error::new(error)))
    }
}

/// Does one job, whatever its kind.
async fn execute(app: &App, job: &Claimed) -> Result<(), Fault> {
    match &job.task {
        Task::Mail(mail) => match app.post.send(mail, job.lease.id, job.created_at).await {
            Ok(_) => Ok(()),
            Err(error) if error.forever => Err(Fault::Never(error.message)),
            Err(error) => Err(Fault::Later(error.message)),
        },
        Task::PasswordReset { email } => {
            let letter = accounts::letter(&app.settings.public_url, Purpose::Reset, email, accounts::reset);
            Ok(app.store.send_reset(&job.lease, email, &letter).await?)
        }
    }
}

/// Does jobs until `stop`; those under way come to their end first, for a while.
pub(super) async fn run(crew: Arc<Crew>, stop: CancellationToken) {
    let store = &crew.app.store;
    if store.engine() == Engine::Sqlite
        && let Err(error) = store.end_job_leases(None).await
    {
        tracing::error!("failed to end old leases of jobs: {error:#}");
    }
    let enqueued = store.enqueued();
    let mut under_way: JoinSet<()> = JoinSet::new();
    let mut counted: Option<Instant> = None;
    while !stop.is_cancelled() {
        while under_way.len() < AT_ONCE
            && let Some(job) = claim(&crew).await
        {
            let crew = crew.clone();
            under_way.spawn(async move { tend(&crew, job).await });
        }
        if counted.is_none_or(|at| at.elapsed() >= Duration::from_secs(10)) {
            counted = Some(Instant::now());
            if let Err(error) = count(&crew.app).await {
                tracing::error!("failed to count the jobs: {error:#}");
            }
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(joined) = under_way.join_next(), if !under_way.is_empty() => {
                if let Err(error) = joined {
                    tracing::error!("the keeper of a job panicked: {error}");
                }
            }
            () = enqueued.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(crew.pace.tick_ms)) => {}
        }
    }
    let rest = async { while under_way.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_JOBS, rest).await.is_err() {
        tracing::info!("left {} jobs under way to the next process", under_way.len());
        under_way.shutdown().await;
    }
    if let Err(error) = store.end_job_leases(Some(&crew.me)).await {
        tracing::warn!("failed to give the leases of jobs back; they end by themselves: {error:#}");
    }
}

async fn claim(crew: &Crew) -> Option<Box<Claimed>> {
    loop {
        match crew.app.store.claim_job(&crew.me, crew.now().plus_millis(crew.pace.lease_ms)).await {
            Ok(Claim::Job(job)) => return Some(job),
            Ok(Claim::Nothing) => return None,
            Ok(Claim::Unreadable(id)) => tracing::error!(job = %id, "a job cannot be read; it is kept as dead"),
            Err(error) => {
                tracing::error!("failed to claim a job: {error:#}");
                return None;
            }
        }
    }
}

/// One try of one job, and what came of it.
async fn tend(crew: &Crew, job: Box<Claimed>) {
    let (store, lease, kind) = (&crew.app.store, &job.lease, job.kind.as_str());
    let begun = Instant::now();
    let done = tokio::select! {
        done = AssertUnwindSafe(execute(&crew.app, &job)).catch_unwind() => done.unwrap_or_else(|_| Err(Fault::Later("it panicked; the log says where".to_owned()))),
        error = keep(crew, &job) => {
            tracing::warn!(job = %lease.id, kind, "a job was taken over: {error:#}");
            return;
        }
    };
    metrics::histogram!("vivier_job_seconds", "kind" => kind).record(begun.elapsed().as_secs_f64());
    let (outcome, written) = match done {
        Ok(()) => ("done", store.finish_job(lease).await),
        Err(Fault::Later(error)) if job.attempts < MOST_TRIES => {
            let pause = pause(crew, job.attempts);
            tracing::warn!(job = %lease.id, kind, attempts = job.attempts, pause_ms = pause, "a job did not work and is tried again: {error}");
            ("retried", store.put_job_off(lease, crew.now().plus_millis(pause), &error).await)
        }
        Err(Fault::Later(error) | Fault::Never(error)) => {
            tracing::error!(job = %lease.id, kind, attempts = job.attempts, "a job is given up; `vivier operator jobs` lists it: {error}");
            ("dead", store.bury_job(lease, &error).await)
        }
    };
    match written {
        Ok(()) => metrics::counter!("vivier_jobs_total", "kind" => kind, "outcome" => outcome).increment(1),
        Err(StoreError::Lost) => tracing::warn!(job = %lease.id, kind, "a job was taken over before its end was written"),
        // It is done again when its lease is over: at least once.
        Err(error) => tracing::error!(job = %lease.id, kind, "failed to write what came of a job: {error:#}"),
    }
}

/// Renews the lease for as long as it is ours.
async fn keep(crew: &Crew, job: &Claimed) -> StoreError {
    let third = Duration::from_millis(u64::try_from(crew.pace.lease_ms / 3).unwrap_or(1).max(1));
    loop {
        tokio::time::sleep(third).await;
        match crew.app.store.renew_job(&job.lease, crew.now().plus_millis(crew.pace.lease_ms)).await {
            Ok(()) => {}
            // Done by its own transaction, which is just being told.
            Err(StoreError::Lost) if crew.app.store.finish_job(&job.lease).await.is_ok() => std::future::pending().await,
            Err(error @ StoreError::Lost) => return error,
            Err(error) => tracing::error!(job = %job.lease.id, "failed to renew the lease of a job: {error:#}"),
        }
    }
}

/// Milliseconds until the next try.
fn pause(crew: &Crew, attempts: u64) -> i64 {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds of an hour")]
    let scaled = (pause as f64 * crew.pace.backoff) as i64;
    crew.jittered(scaled.max(1))
}

/// The numbers of jobs that are not done.
async fn count(app: &App) -> Result<(), StoreError> {
    let counts = app.store.job_counts().await?;
    let now = app.store.now();
    for kind in JobKind::ALL {
        for state in [JobState::Waiting, JobState::Dead] {
            let found = counts.iter().find(|count| count.kind == kind && count.state == state);
            #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
            metrics::gauge!("vivier_jobs", "kind" => kind.as_str(), "state" => state.as_str()).set(found.map_or(0, |count| count.count) as f64);
            if state == JobState::Waiting {
                #[allow(clippy::cast_precision_loss, reason = "milliseconds of days")]
                let overdue = found.map_or(0.0, |count| now.millis_since(count.due).max(0) as f64 / 1_000.0);
                metrics::gauge!("vivier_jobs_overdue_seconds", "kind" => kind.as_str()).set(overdue);
            }
        }
    }
    Ok(())
}
