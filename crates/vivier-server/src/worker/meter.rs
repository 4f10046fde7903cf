//! The meter: reads what the agents of this worker use, now and then, and counts it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use vivier_core::id::DeploymentId;

use super::Crew;
use crate::store::StoreError;
use crate::store::usage::Reading;

/// Agents that are read at the same time.
const AT_ONCE: usize = 4;
/// Readings in one transaction: SQLite has one writer, and others want it too.
const CHUNK: usize = 20;
/// The longest that one reading may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads and counts until `stop`.
pub(super) async fn run(crew: Arc<Crew>, stop: CancellationToken) {
    let every = i64::from(crew.app.settings.usage.sample_seconds) * 1_000;
    // Nothing is lost by waiting: counters go on, and the first reading counts all that they say.
    let (mut due, mut prune_at) = (crew.now().plus_millis(every), crew.now().plus_millis(every));
    loop {
        let now = crew.now();
        // A clock that goes back must not stop the meter for as long.
        if now >= due || due.millis_since(now) > every {
            due = now.plus_millis(every);
            if let Err(error) = once(&crew).await {
                tracing::error!("failed to count usage: {error:#}");
            }
        }
        if now >= prune_at || prune_at.millis_since(now) > 3_600_000 {
            prune_at = now.plus_millis(3_600_000);
            let days = |count: u32| now.plus_millis(-i64::from(count) * vivier_core::usage::DAY_MS);
            let usage = &crew.app.settings.usage;
            if let Err(error) = crew.app.store.prune_usage(days(usage.sample_days), days(usage.hour_days)).await {
                tracing::error!("failed to forget old readings: {error:#}");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(crew.pace.tick_ms)) => {}
        }
    }
}

/// One round over the agents whose lease this worker has.
async fn once(crew: &Crew) -> Result<(), StoreError> {
    let ids: Vec<DeploymentId> = crew.shared().leases.iter().copied().collect();
    // Before anything is read: a reading counts only onto what it was taken after.
    let marks = crew.app.store.usage_marks().await?;
    let (mut counted, mut failed) = (0, 0_u64);
    let mut readings = futures_util::stream::iter(ids)
        .map(|deployment| async move { (deployment, tokio::time::timeout(PATIENCE, crew.app.runtime.usage(deployment)).await) })
        .buffer_unordered(AT_ONCE)
        .chunks(CHUNK);
    while let Some(chunk) = readings.next().await {
        let mut read = Vec::with_capacity(chunk.len());
        for (deployment, usage) in chunk {
            match usage {
                Ok(Ok(usage)) => read.push(Reading { deployment, version: marks.get(&deployment).copied(), usage }),
                // A failed look is unknown, never nothing: what was used meanwhile is in the next reading.
                Ok(Err(error)) => {
                    failed += 1;
                    tracing::debug!(%deployment, detail = error.detail, "its usage could not be read: {error}");
                }
                Err(_) => {
                    failed += 1;
                    tracing::debug!(%deployment, "its usage could not be read in time");
                }
            }
        }
        counted += crew.app.store.count_usage(&read).await?;
    }
    metrics::counter!("vivier_usage_readings_total", "outcome" => "counted").increment(u64::try_from(counted).unwrap_or(u64::MAX));
    metrics::counter!("vivier_usage_readings_total", "outcome" => "failed").increment(failed);
    Ok(())
}
