//! What a new revision goes through before and after its container is replaced: tried on a copy, data kept, put back, trusted.
//! The order is [`lifecycle::next`](vivier_core::lifecycle::next)'s; the reasons are in `docs/decisions/0014-rollouts.md`.

use std::time::Duration;

use vivier_core::lifecycle::{Action, Data};
use vivier_core::runtime::{Restore, RuntimeError, RuntimeErrorKind, Snapshot};
use vivier_core::wire::agents::{EventKind, Outcome};

use super::{Done, Drive, done_words, started_words, within};
use crate::store::StoreError;
use crate::store::events::Note;
use crate::store::reconcile::Decision;
use crate::store::seen::Fault;

/// Snapshots that are kept of one agent, if its plan's storage suffices for them.
const MOST_SNAPSHOTS: usize = 5;

impl Drive<'_> {
    /// Before an agent that works is stopped for another revision: its data must fit on the disk once more. `Some`: it does not, and
    /// the agent goes on as it is.
    pub(super) async fn make_sure_of_room(&mut self) -> Result<Option<Done>, StoreError> {
        if self.sight.data != Data::Unkept {
            return Ok(None);
        }
        let (runtime, id) = (self.crew.app.runtime.clone(), self.work.id);
        let Err(error) = within(Duration::from_secs(60), async move { runtime.room(id).await }).await else { return Ok(None) };
        if error.kind == RuntimeErrorKind::Capacity && self.work.falls_back {
            let fault = Fault { open: true, reason: error.message.clone(), remedy: String::new() };
            self.work.seen.fault = Some(fault);
            self.note_failure(Action::Snapshot, &error, 0).await?;
            return Ok(Some(Done::Again));
        }
        self.failed(Action::Snapshot, &error, 0).await.map(Some)
    }

    pub(super) async fn rehearse(&mut self) -> Result<Done, StoreError> {
        let Some(spec) = self.whole_spec().await? else { return Ok(Done::Again) };
        // For a while there are two of it: the host must have the memory.
        let capacity = match self.crew.capacity().await {
            Ok(capacity) => capacity,
            Err(error) => return self.failed(Action::Rehearse, &error, 0).await,
        };
        let need = spec.limits.memory_bytes;
        if capacity.memory_available_bytes < need {
            let message = format!("the host has {} of memory left, and trying the change first needs {}", bytes(capacity.memory_available_bytes), bytes(need));
            return self.failed(Action::Rehearse, &RuntimeError::new(RuntimeErrorKind::Capacity, message), 0).await;
        }
        let began = self.begin(Action::Rehearse, started_words(Action::Rehearse)).await?;
        let snapshot = self.work.restores;
        let (runtime, limit) = (self.crew.app.runtime.clone(), u64::from(self.crew.app.settings.start_timeout_seconds) + 300);
        let rehearsal = match within(Duration::from_secs(limit), async move { runtime.rehearse(&spec, snapshot).await }).await {
            Ok(rehearsal) => rehearsal,
            Err(error) => return self.failed(Action::Rehearse, &error, began).await,
        };
        if rehearsal.passed {
            self.work.seen.rehearsed = Some(self.work.wanted.revision);
            self.finish(Action::Rehearse, done_words(Action::Rehearse), began, &Decision::Nothing).await?;
            return Ok(Done::Again);
        }
        let said = rehearsal.findings.join("; ");
        let error = RuntimeError::new(RuntimeErrorKind::Rejected, format!("it does not start on a copy of the data: {said}"));
        self.failed(Action::Rehearse, &error, began).await
    }

    pub(super) async fn snapshot(&mut self) -> Result<Done, StoreError> {
        let began = self.begin(Action::Snapshot, started_words(Action::Snapshot)).await?;
        let (runtime, id, number) = (self.crew.app.runtime.clone(), self.work.id, self.work.wanted.revision);
        match within(Duration::from_secs(900), async move { runtime.snapshot(id, number).await }).await {
            Ok(snapshot) => {
                let message = format!("the data from before revision {number} is kept: {}", bytes(snapshot.bytes));
                self.finish(Action::Snapshot, &message, began, &Decision::Nothing).await?;
                Ok(Done::Again)
            }
            Err(error) => self.failed(Action::Snapshot, &error, began).await,
        }
    }

    pub(super) async fn restore(&mut self) -> Result<Done, StoreError> {
        let Some(snapshot) = self.work.restores else { return Ok(Done::Again) };
        let began = self.begin(Action::Restore, started_words(Action::Restore)).await?;
        let restore = Restore { snapshot, revision: self.work.wanted.revision };
        let (runtime, id) = (self.crew.app.runtime.clone(), self.work.id);
        match within(Duration::from_secs(900), async move { runtime.restore(id, restore).await }).await {
            Ok(()) => {
                let message = format!("the data is what it was before revision {snapshot}");
                self.finish(Action::Restore, &message, began, &Decision::Nothing).await?;
                Ok(Done::Again)
            }
            Err(error) => self.failed(Action::Restore, &error, began).await,
        }
    }

    /// Takes the oldest snapshot away that is more than the plan's storage, or the few latest changes, pay for. The newest stays.
    pub(super) async fn forget_one(&mut self) -> Result<(), StoreError> {
        let Some(observation) = &self.observation else { return Ok(()) };
        let Some(number) = surplus(&observation.snapshots, self.crew.app.settings.plans.get(self.work.plan).limits.storage_bytes) else { return Ok(()) };
        let (runtime, id) = (self.crew.app.runtime.clone(), self.work.id);
        match within(Duration::from_secs(120), async move { runtime.forget(id, number).await }).await {
            Ok(()) => {
                let note = Note::new(EventKind::Step, Outcome::Done, format!("the copy of the data from before revision {number} is no longer kept"));
                self.crew.record(&mut self.work, vec![note], &Decision::Nothing).await
            }
            Err(error) => {
                tracing::warn!(deployment = %id, snapshot = number, detail = error.detail, "failed to remove an old snapshot; it is tried again: {error}");
                Ok(())
            }
        }
    }

    /// How long the wanted revision must work before it is trusted: not at all when there is nothing else to go back to.
    pub(super) fn probation_ms(&self) -> i64 {
        if self.work.falls_back { i64::from(self.crew.app.settings.probation_seconds) * 1_000 } else { 0 }
    }

    pub(super) fn trust_at_once(&mut self, revision: u64) -> Decision {
        if self.probation_ms() > 0 {
            return Decision::Nothing;
        }
        self.work.seen.last_known_good = Some(revision);
        Decision::Good { revision }
    }
}

/// The oldest snapshot that is one too many.
fn surplus(snapshots: &[Snapshot], most_bytes: u64) -> Option<u64> {
    let mut newest_first: Vec<&Snapshot> = snapshots.iter().collect();
    newest_first.sort_unstable_by_key(|snapshot| std::cmp::Reverse(snapshot.number));
    let mut sum = 0_u64;
    let fitting = newest_first.iter().enumerate().take_while(|(place, snapshot)| {
        sum = sum.saturating_add(snapshot.bytes);
        *place == 0 || (*place < MOST_SNAPSHOTS && sum <= most_bytes)
    });
    let kept = fitting.count();
    newest_first[kept..].last().map(|snapshot| snapshot.number)
}

fn bytes(count: u64) -> String {
    if count >= 10 << 20 { format!("{} MB", count >> 20) } else { format!("{} kB", count >> 10) }
}
