//! What is written about a step: before it, after it, and when it failed.

use vivier_core::lifecycle::Action;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::{EventKind, Outcome};

use super::{Done, Drive, Next};
use crate::store::StoreError;
use crate::store::events::Note;
use crate::store::reconcile::Decision;
use crate::store::seen::Seen;
use crate::worker::fault;

impl Drive<'_> {
    /// What to do about a step that the runtime could not do.
    pub(super) async fn failed(&mut self, action: Action, error: &RuntimeError, began: u64) -> Result<Done, StoreError> {
        let id = self.work.id;
        let now = self.crew.now();
        tracing::warn!(deployment = %id, ?action, kind = ?error.kind, detail = error.detail, "failed to take a step: {error}");
        let counts = match action {
            // Starting, by any of its steps.
            Action::Prepare | Action::Snapshot | Action::Restore | Action::Configure | Action::Start | Action::Prove => true,
            // A healthy agent is not stopped for these: they are tried again beside it, and given up after some tries.
            Action::Rehearse | Action::Reload => true,
            // These must succeed in the end, however often they are tried.
            Action::Stop | Action::Remove | Action::Purge | Action::Allocate => false,
            Action::Rest | Action::Watch | Action::Route | Action::Unroute | Action::CountExit | Action::CountFailure | Action::FallBack => false,
        };
        match error.kind {
            // Nothing was tried, so nothing has failed: the host will be back.
            RuntimeErrorKind::Unreachable => {
                self.note_failure(action, error, began).await?;
                self.crew.leave(id);
                let wait = self.crew.tries(id, self.crew.pace.retry_ms, 30_000);
                return Ok(Done::Pause(Next::At(now.plus_millis(wait))));
            }
            RuntimeErrorKind::Capacity => {
                self.work.seen.waiting = Some(error.message.clone());
                self.note_failure(action, error, began).await?;
                self.crew.wait_for_room(id);
                return Ok(Done::Pause(Next::At(now.plus_millis(self.crew.pace.room_ms))));
            }
            RuntimeErrorKind::Conflict | RuntimeErrorKind::Refused | RuntimeErrorKind::Rejected | RuntimeErrorKind::Image => {}
            RuntimeErrorKind::NotFound | RuntimeErrorKind::Failed => {}
        }
        if !counts {
            self.note_failure(action, error, began).await?;
            self.crew.leave(id);
            let wait = self.crew.tries(id, self.crew.pace.retry_ms, 60_000);
            return Ok(Done::Pause(Next::At(now.plus_millis(wait))));
        }
        let failures = self.work.seen.failures + 1;
        let fault = fault::of_step(error, failures);
        let seen = &mut self.work.seen;
        seen.failures = failures;
        let beside = matches!(action, Action::Reload | Action::Rehearse);
        if !beside {
            seen.backoff_until = (!fault.open).then(|| now.plus_millis(self.crew.backoff(failures)));
        }
        let open = fault.open;
        seen.fault = Some(fault);
        self.note_failure(action, error, began).await?;
        if beside && !open {
            let wait = self.crew.tries(id, self.crew.pace.retry_ms, 30_000);
            return Ok(Done::Pause(Next::At(now.plus_millis(wait))));
        }
        Ok(Done::Again)
    }

    /// Records what was seen, if it says anything new; else only that it was looked at.
    pub(super) async fn record_if_changed(&mut self, decision: &Decision) -> Result<(), StoreError> {
        let age_apart = |seen: &Seen| {
            let mut seen = seen.clone();
            seen.observed_at = None;
            if let Some(observation) = &mut seen.observation {
                observation.at = Timestamp::from_millis(0);
            }
            seen
        };
        let says = self.work.seen.shown_state(&self.work.wanted, self.work.falls_back, self.crew.now());
        if *decision == Decision::Nothing && says == self.before.state && age_apart(&self.before) == age_apart(&self.work.seen) {
            if let Some(observation) = &self.observation {
                self.crew.looked(self.work.id, observation.at);
            }
            return Ok(());
        }
        self.crew.record(&mut self.work, Vec::new(), decision).await
    }

    /// Records that a step begins. The answer is when, for its duration.
    pub(super) async fn begin(&mut self, action: Action, message: &str) -> Result<u64, StoreError> {
        self.work.seen.doing = Some(action);
        let note = Note::new(EventKind::Step, Outcome::Started, message).action(action);
        self.crew.record(&mut self.work, vec![note], &Decision::Nothing).await?;
        Ok(self.crew.millis())
    }

    pub(super) async fn finish(&mut self, action: Action, message: &str, began: u64, decision: &Decision) -> Result<(), StoreError> {
        self.crew.forget_tries(self.work.id);
        self.work.seen.doing = None;
        let took = self.crew.millis().saturating_sub(began);
        let note = Note::new(EventKind::Step, Outcome::Done, message).action(action).took(took);
        self.crew.record(&mut self.work, vec![note], decision).await
    }

    pub(super) async fn note_failure(&mut self, action: Action, error: &RuntimeError, began: u64) -> Result<(), StoreError> {
        self.work.seen.doing = None;
        let mut note = Note::new(EventKind::Step, Outcome::Failed, error.message.clone()).action(action);
        if began > 0 {
            note = note.took(self.crew.millis().saturating_sub(began));
        }
        self.crew.record(&mut self.work, vec![note], &Decision::Nothing).await
    }
}
