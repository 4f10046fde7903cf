//! Failures of a workload that runs, or should: counted, put off, and taken back to what worked.

use vivier_core::lifecycle::{Action, Workload};
use vivier_core::runtime::{ContainerPhase, Observation};
use vivier_core::wire::agents::{EventKind, Outcome};

use super::{Done, Drive};
use crate::store::events::Note;
use crate::store::reconcile::Decision;
use crate::store::seen::Fault;
use crate::store::{SYSTEM, StoreError};
use crate::worker::{fault, sight};

/// Letters of a line that are kept with a revision that has failed.
const LONGEST_LINE: usize = 500;

impl Drive<'_> {
    pub(super) async fn count_exit(&mut self) -> Result<Done, StoreError> {
        let Some(container) = self.observation.as_ref().and_then(|observation| observation.container.as_ref()) else { return Ok(Done::Again) };
        let ContainerPhase::Exited { finished_at, exit_code, out_of_memory, last_lines } = &container.phase else { return Ok(Done::Again) };
        let failures = self.work.seen.failures + 1;
        let mut fault = fault::of_exit(*exit_code, *out_of_memory, last_lines, &self.crew.app.settings.plans, self.work.plan, failures);
        // On probation one exit is enough: there is something to go back to.
        fault.open |= self.work.falls_back;
        self.work.seen.counted_exit = Some(sight::exit_key(&container.id, *finished_at));
        self.count(failures, fault, Action::CountExit).await?;
        Ok(Done::Again)
    }

    pub(super) async fn count_failure(&mut self) -> Result<Done, StoreError> {
        let failures = self.work.seen.failures + 1;
        let mut fault = match (self.sight.workload, &self.work.seen.proof) {
            (Workload::Disproven, Some(proof)) => fault::of_proof(&proof.differences(), failures),
            (_, _) => fault::of_overdue(self.crew.app.settings.start_timeout_seconds, failures),
        };
        fault.open |= self.work.falls_back;
        self.expect_exit();
        self.count(failures, fault, Action::CountFailure).await?;
        self.stop().await
    }

    /// Records a failure: the next try is put off, or the breaker opens.
    async fn count(&mut self, failures: u32, fault: Fault, action: Action) -> Result<(), StoreError> {
        let now = self.crew.now();
        let seen = &mut self.work.seen;
        seen.failures = failures;
        seen.backoff_until = (!fault.open).then(|| now.plus_millis(self.crew.backoff(failures)));
        let note = Note::new(EventKind::Sight, Outcome::Failed, fault.sentence()).action(action);
        seen.fault = Some(fault);
        self.crew.record(&mut self.work, vec![note], &Decision::Nothing).await
    }

    pub(super) async fn fall_back(&mut self) -> Result<Done, StoreError> {
        let seen = &self.work.seen;
        let failed = self.work.wanted.revision;
        let Some(good) = seen.last_known_good else { return Ok(Done::Again) };
        let reason = seen.fault.as_ref().map(Fault::sentence).unwrap_or_default();
        // Kept just before it was started: whatever it has made of the data is taken back with it.
        let snapshots = self.observation.as_ref().or(seen.observation.as_ref()).map(|observation| observation.snapshots.as_slice()).unwrap_or_default();
        let restores = snapshots.iter().find(|snapshot| snapshot.number == failed).map(|snapshot| snapshot.number);
        let log = self.observation.as_ref().map(last_lines).unwrap_or_default();
        let data = if restores.is_some() { ", and to the data from before it" } else { "" };
        let message = format!("revision {failed} does not work ({reason}); going back to what revision {good} said{data}");
        let note = Note::new(EventKind::Step, Outcome::Done, message).action(Action::FallBack).by(SYSTEM);
        self.crew.record(&mut self.work, vec![note], &Decision::FallBack { good, failed, reason, log, restores }).await?;
        Ok(Done::Again)
    }
}

/// What a gateway that has ended wrote last. One that goes on working says nothing of what was tried beside it.
fn last_lines(observation: &Observation) -> Vec<String> {
    match observation.container.as_ref().map(|container| &container.phase) {
        Some(ContainerPhase::Exited { last_lines, .. }) => last_lines.iter().map(|line| line.chars().take(LONGEST_LINE).collect()).collect(),
        Some(ContainerPhase::Created | ContainerPhase::Running { .. }) | None => Vec::new(),
    }
}
