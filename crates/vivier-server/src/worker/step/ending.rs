//! How a workload ends: nobody is sent to it any more, it finishes what it has begun, it stops, it goes.

use std::time::Duration;

use vivier_core::lifecycle::{Action, Workload};
use vivier_core::runtime::{Drain, Scope};
use vivier_core::wire::agents::{EventKind, Outcome};

use super::{Done, Drive, Next, done_words, started_words, within};
use crate::store::StoreError;
use crate::store::events::Note;
use crate::store::reconcile::Decision;
use crate::store::seen::Seen;

/// How long an agent that is about to stop waits for the edge to send it nobody any more; a table takes some hundredths of a second.
const UNROUTED_WITHIN: Duration = Duration::from_secs(1);
/// Milliseconds until a gateway is asked again whether it has finished, at first.
const SOONEST_MS: i64 = 50;

impl Drive<'_> {
    pub(super) async fn unroute(&mut self) -> Result<Done, StoreError> {
        self.work.seen.routed = false;
        self.work.seen.proven_since = None;
        let note = Note::new(EventKind::Step, Outcome::Done, "nobody is sent to it any more").action(Action::Unroute);
        self.crew.record(&mut self.work, vec![note], &Decision::Nothing).await?;
        // What is stopped next gets no new request meanwhile; the ones that it has, it finishes within its grace.
        self.crew.app.routes.until_unrouted(self.work.id, UNROUTED_WITHIN).await;
        Ok(Done::Again)
    }

    /// Stops it. One that works is first asked to finish what it has begun, for a bounded time; nobody new is sent to it meanwhile.
    pub(super) async fn stop(&mut self) -> Result<Done, StoreError> {
        if self.sight.workload == Workload::Proven
            && let Some(next) = self.drain().await?
        {
            return Ok(Done::Pause(next));
        }
        self.expect_exit();
        let began = self.begin(Action::Stop, started_words(Action::Stop)).await?;
        let (runtime, id, grace) = (self.crew.app.runtime.clone(), self.work.id, self.crew.app.settings.stop_grace_seconds);
        let limit = Duration::from_secs(u64::from(grace) + 60);
        match within(limit, async move { runtime.stop(id, grace).await }).await {
            Ok(()) => {
                self.finish(Action::Stop, done_words(Action::Stop), began, &Decision::Nothing).await?;
                Ok(Done::Again)
            }
            Err(error) => self.failed(Action::Stop, &error, began).await,
        }
    }

    /// When to ask again; `None` when there is nothing to wait for any more, or its time is over.
    async fn drain(&mut self) -> Result<Option<Next>, StoreError> {
        let id = self.work.id;
        let most = i64::from(self.crew.app.settings.drain_seconds) * 1_000;
        if most == 0 {
            return Ok(None);
        }
        let runtime = self.crew.app.runtime.clone();
        let what = match within(Duration::from_secs(20), async move { runtime.drain(id).await }).await {
            Ok(Drain::Idle) => {
                self.crew.drained(id);
                return Ok(None);
            }
            Ok(Drain::Working { what }) => what,
            Err(error) => {
                // Stopping comes with a grace of its own.
                tracing::warn!(deployment = %id, detail = error.detail, "failed to ask an agent to finish what it has begun; it is stopped: {error}");
                return Ok(None);
            }
        };
        let now = self.crew.now();
        let since = self.crew.draining_since(id);
        if now.millis_since(since) >= most {
            self.crew.drained(id);
            let message = format!("it did not finish within {} s ({what}); it is stopped all the same", most / 1_000);
            let note = Note::new(EventKind::Step, Outcome::Noted, message).action(Action::Stop);
            self.work.seen.waiting = None;
            self.crew.record(&mut self.work, vec![note], &Decision::Nothing).await?;
            return Ok(None);
        }
        let waiting = format!("it finishes what it has begun: {what}");
        let news = self.work.seen.waiting.as_ref() != Some(&waiting);
        let note = news.then(|| Note::new(EventKind::Step, Outcome::Noted, waiting.clone()).action(Action::Stop));
        self.work.seen.waiting = Some(waiting);
        if let Some(note) = note {
            self.crew.record(&mut self.work, vec![note], &Decision::Nothing).await?;
        }
        // Most of what is under way ends at once: the first questions are close, later ones less so.
        let wait = (now.millis_since(since) / 4).clamp(SOONEST_MS.min(self.crew.pace.watch_ms), self.crew.pace.watch_ms);
        Ok(Some(Next::At(now.plus_millis(wait))))
    }

    /// It is not stopped after all: it takes work again.
    pub(super) async fn undrain(&mut self) {
        let id = self.work.id;
        if !self.crew.is_draining(id) {
            return;
        }
        self.crew.drained(id);
        let runtime = self.crew.app.runtime.clone();
        if let Err(error) = within(Duration::from_secs(20), async move { runtime.undrain(id).await }).await {
            tracing::warn!(deployment = %id, detail = error.detail, "failed to open a gateway again: {error}");
        }
    }

    pub(super) async fn remove(&mut self) -> Result<Done, StoreError> {
        let began = self.begin(Action::Remove, started_words(Action::Remove)).await?;
        let (runtime, id, grace) = (self.crew.app.runtime.clone(), self.work.id, self.crew.app.settings.stop_grace_seconds);
        let limit = Duration::from_secs(u64::from(grace) + 120);
        let done = within(limit, async move {
            // It may be writing: it is asked to stop before its container goes.
            runtime.stop(id, grace).await?;
            runtime.remove(id, Scope::Workload).await
        });
        match done.await {
            Ok(()) => {
                self.give_up_place();
                self.finish(Action::Remove, done_words(Action::Remove), began, &Decision::Nothing).await?;
                Ok(Done::Again)
            }
            Err(error) => self.failed(Action::Remove, &error, began).await,
        }
    }

    pub(super) async fn purge(&mut self) -> Result<Done, StoreError> {
        let began = self.begin(Action::Purge, started_words(Action::Purge)).await?;
        let (runtime, id) = (self.crew.app.runtime.clone(), self.work.id);
        match within(Duration::from_secs(120), async move { runtime.remove(id, Scope::Everything).await }).await {
            // The next look sees that nothing is left, and says so to the store.
            Ok(()) => Ok(Done::Again),
            Err(error) => self.failed(Action::Purge, &error, began).await,
        }
    }

    /// The workload is gone: its place is free for others. Should it be restored, it begins anew, with its data.
    pub(super) fn give_up_place(&mut self) {
        let Seen { attempt, state, version, seen_revision, seen_generation, seen_version, last_known_good, observation, observed_at, workload, .. } =
            self.work.seen.clone();
        let kept = Seen {
            attempt,
            state,
            version,
            seen_revision,
            seen_generation,
            seen_version,
            last_known_good,
            observation,
            observed_at,
            workload,
            ..Seen::nothing()
        };
        self.work.seen = kept;
    }

    pub(super) fn expect_exit(&mut self) {
        if let Some(container) = self.observation.as_ref().and_then(|observation| observation.container.as_ref()) {
            self.work.seen.expected_exit = Some(container.id.clone());
        }
    }
}
