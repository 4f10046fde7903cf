//! The sweep: trials that end, data whose time is over, containers that nobody owns, and what has grown too long.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vivier_core::runtime::{Resident, RuntimeErrorKind};

use super::Crew;
use crate::audit::Witness;
use crate::http::books::is_billed;
use crate::store::{Actor, StoreError};

/// Sweeps until `stop`.
pub(super) async fn sweep(crew: Arc<Crew>, stop: CancellationToken) {
    let mut due = crew.now();
    let mut witness = Witness::default();
    loop {
        if crew.now() >= due {
            if let Err(error) = witness.look(&crew.app).await {
                tracing::error!("failed to look after the audit log: {error:#}");
            }
            // A host that has not answered yet, as at the start, is asked again soon: without its images nothing can be made.
            let soon = match once(&crew).await {
                Ok(complete) => !complete,
                Err(error) => {
                    tracing::error!("failed to sweep: {error:#}");
                    false
                }
            };
            due = crew.now().plus_millis(if soon { crew.pace.retry_ms } else { crew.pace.sweep_ms });
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(crew.pace.tick_ms)) => {}
        }
    }
}

/// Whether the host answered, and has an image to start.
async fn once(crew: &Crew) -> Result<bool, StoreError> {
    let store = &crew.app.store;
    let ended = store.end_trials(&crew.app.settings.rules()).await?;
    let purged = store.end_retentions().await?;
    if ended + purged > 0 {
        tracing::info!(ended, purged, "trials ended and retentions over");
        crew.app.wake.notify_one();
    }
    let tickets = &crew.app.settings.tickets;
    store.end_tickets(tickets.close_days, tickets.snapshot_days, &tickets.rules(), &crew.app.settings.public_url).await?;
    books(crew).await?;
    store.prune_events().await?;
    store.prune_expired().await?;
    let erased = store.erase_accounts().await?;
    if erased > 0 {
        tracing::info!(erased, "what was personal in deleted accounts is erased");
    }
    // For the operator's page, and for whoever asks for room before anything is written down.
    if crew.capacity().await.is_err() {
        return Ok(false);
    }
    if let Err(error) = crew.app.releases.sync().await {
        tracing::warn!("failed to learn the host's images: {error}");
        return Ok(false);
    }
    orphans(crew).await?;
    // Somebody may be building the first image at this moment.
    Ok(store.default_release().await?.is_some())
}

/// Compares the books once a day, from the hour of the settings on: whoever was down then does it when it is back.
async fn books(crew: &Crew) -> Result<(), StoreError> {
    const DAY: i64 = 86_400_000;
    let (app, now) = (&crew.app, crew.now().as_millis());
    let hour = i64::from(app.settings.reconcile_hour) * 3_600_000;
    let due = (now - hour).div_euclid(DAY) * DAY + hour;
    if app.store.last_reconciliation().await?.is_some_and(|last| last.as_millis() >= due) {
        return Ok(());
    }
    let report = app.store.reconcile_books(&Actor::system(), is_billed(app), &app.settings.public_url).await?;
    tracing::info!(differences = report.count, "ledger, payment provider and runtime were compared");
    Ok(())
}

/// Puts containers in quarantine that carry our label and that no deployment owns; takes them away when their time is over.
async fn orphans(crew: &Crew) -> Result<(), StoreError> {
    let residents = match crew.app.runtime.inventory().await {
        Ok(residents) => residents,
        Err(error) => {
            tracing::debug!(detail = error.detail, "failed to read the host's inventory: {error}");
            return Ok(());
        }
    };
    let store = &crew.app.store;
    let keep = i64::from(crew.app.settings.quarantine_days) * 86_400;
    let now = crew.now();
    let mut here = HashSet::new();
    for resident in residents {
        let Resident { deployment, container, name, running: _, quarantined_at } = resident;
        let Some(container) = container else { continue };
        let owned = match deployment {
            Some(id) if quarantined_at.is_none() => store.exists(id).await?,
            Some(_) | None => false,
        };
        if owned {
            continue;
        }
        here.insert(container.clone());
        let name = name.unwrap_or_else(|| container.clone());
        let since = match quarantined_at {
            Some(since) => since,
            None => {
                tracing::warn!(container, name, "a container that no deployment owns: it is stopped and kept in quarantine");
                match crew.app.runtime.quarantine(&container).await {
                    Ok(()) => now,
                    Err(error) if error.kind == RuntimeErrorKind::NotFound => continue,
                    Err(error) => {
                        tracing::warn!(container, detail = error.detail, "failed to put it in quarantine: {error}");
                        continue;
                    }
                }
            }
        };
        let discard_at = since.plus_seconds(keep);
        store.note_quarantine(&container, &name, deployment, since, discard_at).await?;
        if discard_at <= now {
            match crew.app.runtime.discard(&container).await {
                Ok(()) => {
                    tracing::info!(container, name, "its quarantine is over: it is taken away");
                    here.remove(&container);
                }
                Err(error) => tracing::warn!(container, detail = error.detail, "failed to take it away: {error}"),
            }
        }
    }
    for row in store.quarantined().await? {
        if !here.contains(&row.container) {
            store.forget_quarantine(&row.container).await?;
        }
    }
    Ok(())
}
