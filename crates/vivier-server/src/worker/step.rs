//! One deployment, step by step: look, decide, do one thing, record; until it rests.
//!
//! Everything here may be repeated after a death at any point: what a step is about to do is recorded before, what came of it
//! after, and the next look tells the rest.

mod ending;
mod failing;
mod record;
mod rollout;

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::{self, Action, Breaker, Desired, Drift, Sight, Workload};
use vivier_core::runtime::{ContainerPhase, Observation, RuntimeError, RuntimeErrorKind, Stage, WorkloadSpec};
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::{Degradation, EventKind, Outcome};

use super::sight::{self, Expected};
use super::{Crew, spec};
use crate::store::StoreError;
use crate::store::deployments::degradation;
use crate::store::events::Note;
use crate::store::reconcile::{Decision, Work};
use crate::store::seen::{Applied, Fault, Seen};

/// More steps than any life needs without a pause: a loop that decides nothing must not spin.
const MOST_STEPS: usize = 64;
/// Milliseconds that an agent must have been proven before its failures are forgotten.
const STEADY_MS: i64 = 60_000;

/// When to come back.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// At this time; the deployment rests until then, and looks like this.
    Settled(Timestamp, Box<Settled>),
    At(Timestamp),
    /// When its turn comes.
    Queued,
    /// There is nothing left of it.
    Gone,
}

/// A deployment at rest: as long as it looks the same, there is nothing to do and nothing to write.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    pub observation: Observation,
    /// Of what was wanted.
    pub version: u64,
}

impl Settled {
    /// Whether `other` shows the same as the look that was settled on.
    pub fn looks_like(&self, other: &Observation) -> bool {
        let Observation { deployment: _, at: _, data, network, config, secrets, snapshots, restored, container } = &self.observation;
        let same_data = *data == other.data && *snapshots == other.snapshots && *restored == other.restored;
        same_data && *network == other.network && *config == other.config && *secrets == other.secrets && *container == other.container
    }
}

/// How a step ended.
enum Done {
    /// Look again at once.
    Again,
    Pause(Next),
}

/// One deployment being driven.
pub(super) struct Drive<'a> {
    crew: &'a Crew,
    work: Work,
    /// The row as it was read: what equals it need not be written.
    before: Seen,
    /// Absent while no subnet is allocated.
    outline: Option<WorkloadSpec>,
    observation: Option<Observation>,
    sight: Sight,
}

/// Drives one deployment until it rests, waits or is told to stop.
pub(super) async fn drive(crew: &Crew, id: DeploymentId, stop: &CancellationToken) -> Result<Next, StoreError> {
    for _ in 0..MOST_STEPS {
        if stop.is_cancelled() {
            return Ok(Next::At(crew.now()));
        }
        let Some(work) = crew.app.store.work(id).await? else {
            crew.leave(id);
            return Ok(Next::Gone);
        };
        let mut drive = match Drive::look(crew, work).await? {
            Ok(drive) => drive,
            Err(next) => return Ok(next),
        };
        match drive.step().await? {
            Done::Again => {}
            Done::Pause(next) => return Ok(next),
        }
    }
    tracing::warn!(deployment = %id, "took {MOST_STEPS} steps without a rest; looks again later");
    crew.leave(id);
    Ok(Next::At(crew.now().plus_seconds(10)))
}

impl<'a> Drive<'a> {
    /// Looks, and derives what was seen.
    async fn look(crew: &'a Crew, mut work: Work) -> Result<Result<Self, Next>, StoreError> {
        let before = work.seen.clone();
        // Whatever was being done: it is not being done now, for we hold the lease and only look.
        work.seen.doing = None;
        let attempt = work.wanted.attempt();
        if work.seen.attempt != attempt {
            // Something new is wanted: what failed before says nothing about it.
            work.seen.attempt = attempt;
            work.seen.failures = 0;
            work.seen.backoff_until = None;
            work.seen.fault = None;
            work.seen.waiting = None;
        }
        let outline = match spec::outline(&crew.app.settings, &work) {
            Ok(outline) => outline,
            Err(issues) => {
                // Accepted once, refused by today's rules: nothing is touched until the tenant changes it.
                let said: Vec<String> = issues.iter().map(|issue| format!("{} {}", issue.path, issue.message)).collect();
                let fault = Fault { open: true, reason: format!("its configuration is not accepted any more: {}", said.join("; ")), remedy: String::new() };
                if work.seen.fault.as_ref() != Some(&fault) {
                    work.seen.fault = Some(fault);
                    crew.record(&mut work, Vec::new(), &Decision::Nothing).await?;
                }
                crew.leave(work.id);
                return Ok(Err(Next::At(crew.now().plus_millis(crew.pace.look_ms))));
            }
        };
        let looked = crew.observe(work.id).await;
        let observation = match looked {
            Ok(observation) => Some(observation),
            Err(error) => {
                tracing::debug!(deployment = %work.id, detail = error.detail, "a look failed: {error}");
                None
            }
        };
        let told = observation.as_ref().map(|observation| health_notes(work.seen.observation.as_ref(), observation)).unwrap_or_default();
        let expected = outline.as_ref().map(Expected::of);
        let start_timeout = i64::from(crew.app.settings.start_timeout_seconds) * 1_000;
        let sight = sight::sight(&work, expected.as_ref(), observation.as_ref(), start_timeout, crew.now());
        if let Some(observation) = &observation {
            // What a failed look would have shown stays what was shown before.
            work.seen.observed_at = Some(observation.at);
            work.seen.workload = sight.workload;
            work.seen.drift = sight.drift;
            work.seen.observation = Some(observation.clone());
        }
        work.seen.seen_revision = work.wanted.revision;
        work.seen.seen_generation = work.wanted.generation;
        work.seen.seen_version = work.wanted.version;
        if !told.is_empty() {
            crew.record(&mut work, told, &Decision::Nothing).await?;
        }
        Ok(Ok(Self { crew, work, before, outline, observation, sight }))
    }

    async fn step(&mut self) -> Result<Done, StoreError> {
        let action = lifecycle::next(self.sight);
        tracing::debug!(deployment = %self.work.id, ?action, sight = ?self.sight, "decided");
        if self.replaces_a_running_one(action)
            && let Some(next) = self.wait_for_turn().await?
        {
            return Ok(Done::Pause(next));
        }
        if self.replaces_a_running_one(action)
            && let Some(done) = self.make_sure_of_room().await?
        {
            return Ok(done);
        }
        match action {
            Action::Rest => self.rest().await,
            Action::Watch => self.watch().await,
            Action::Allocate => self.allocate().await,
            Action::Prepare => self.apply(action, Stage::Storage).await,
            Action::Rehearse => self.rehearse().await,
            Action::Snapshot => self.snapshot().await,
            Action::Restore => self.restore().await,
            Action::Configure => self.apply(action, Stage::Config).await,
            Action::Start => self.apply(action, Stage::Workload).await,
            Action::Reload => self.reload().await,
            Action::Prove => self.prove().await,
            Action::Route => self.route().await,
            Action::Unroute => self.unroute().await,
            Action::CountExit => self.count_exit().await,
            Action::CountFailure => self.count_failure().await,
            Action::FallBack => self.fall_back().await,
            Action::Stop => self.stop().await,
            Action::Remove => self.remove().await,
            Action::Purge => self.purge().await,
        }
    }

    /// Whether `action` begins the replacement of an agent that works. It goes on working until its turn has come: when an upgrade of
    /// Vivier changes what every container is made of, they are replaced a few at a time, and not all stopped at once.
    const fn replaces_a_running_one(&self, action: Action) -> bool {
        let works = matches!(self.sight.workload, Workload::Proven) && matches!(self.sight.desired, Desired::Running);
        let begins = matches!(action, Action::Rehearse | Action::Unroute | Action::Stop);
        works && begins && matches!(self.sight.drift, Drift::Container) && matches!(self.sight.breaker, Breaker::Closed)
    }

    async fn rest(&mut self) -> Result<Done, StoreError> {
        let id = self.work.id;
        self.crew.leave(id);
        let now = self.crew.now();
        if self.work.wanted.desired == Desired::Purged && self.sight.workload == Workload::Absent {
            self.crew.app.store.purged(&self.crew.me, &self.work).await?;
            return Ok(Done::Pause(Next::Gone));
        }
        match self.work.wanted.desired {
            // Also when whoever removed it died before it could say so.
            Desired::Terminated | Desired::Purged => self.give_up_place(),
            Desired::Running | Desired::Suspended => {}
        }
        let probation = self.probation_ms();
        let Work { seen, wanted, .. } = &mut self.work;
        let mut decision = Decision::Nothing;
        let mut next = now.plus_millis(self.crew.pace.look_ms);
        let mut settled = true;
        match wanted.desired {
            Desired::Running => {}
            // Nothing changes there by itself.
            Desired::Suspended | Desired::Terminated | Desired::Purged => next = now.plus_millis(self.crew.pace.look_ms * 12),
        }
        seen.waiting = None;
        if wanted.desired == Desired::Running && seen.routed && self.sight.workload == Workload::Proven {
            // Also for a change that touches nothing of the running agent, such as the provider's key.
            seen.running_revision = Some(wanted.revision);
            if seen.last_known_good != Some(wanted.revision) {
                let trusted_at = seen.proven_since.unwrap_or(now).plus_millis(probation);
                if trusted_at <= now {
                    seen.last_known_good = Some(wanted.revision);
                    decision = Decision::Good { revision: wanted.revision };
                } else {
                    next = next.min(trusted_at);
                    settled = false;
                }
            }
            if seen.failures > 0 || seen.fault.is_some() {
                let steady_at = seen.proven_since.unwrap_or(now).plus_millis(STEADY_MS);
                if steady_at <= now {
                    seen.failures = 0;
                    seen.fault = None;
                    seen.backoff_until = None;
                } else {
                    next = next.min(steady_at);
                    settled = false;
                }
            }
        }
        if self.sight.breaker == Breaker::BackingOff
            && let Some(until) = seen.backoff_until
        {
            next = next.min(until);
            settled = false;
        }
        self.record_if_changed(&decision).await?;
        if self.sight.workload == Workload::Proven {
            self.forget_one().await?;
        }
        let pause = match self.observation.take().filter(|_| settled) {
            Some(observation) => Next::Settled(next, Box::new(Settled { observation, version: self.work.wanted.version })),
            None => Next::At(next),
        };
        Ok(Done::Pause(pause))
    }

    async fn watch(&mut self) -> Result<Done, StoreError> {
        let now = self.crew.now();
        let pace = &self.crew.pace;
        if self.observation.is_none() {
            // Nothing was seen, so nothing is written: its age says how old the last look is.
            let wait = self.crew.tries(self.work.id, pace.watch_ms, 10_000);
            return Ok(Done::Pause(Next::At(now.plus_millis(wait))));
        }
        self.crew.forget_tries(self.work.id);
        self.record_if_changed(&Decision::Nothing).await?;
        // A start takes ten seconds or more: the first looks are close, later ones less so.
        let age = match self.container_phase() {
            Some(ContainerPhase::Running { started_at, .. }) => now.millis_since(*started_at),
            Some(ContainerPhase::Created | ContainerPhase::Exited { .. }) | None => 0,
        };
        let wait = if age < 40_000 { pace.watch_ms } else { pace.watch_ms * 4 };
        Ok(Done::Pause(Next::At(now.plus_millis(self.crew.jittered(wait)))))
    }

    async fn allocate(&mut self) -> Result<Done, StoreError> {
        let id = self.work.id;
        if let Some(next) = self.wait_for_turn().await? {
            return Ok(Done::Pause(next));
        }
        let capacity = match self.crew.capacity().await {
            Ok(capacity) => capacity,
            Err(error) => return self.failed(Action::Allocate, &error, 0).await,
        };
        let need = self.crew.app.settings.plans.get(self.work.plan).limits.memory_bytes;
        let settings = self.crew.app.settings.clone();
        let behind = self.crew.app.queue.is_behind_for_room(id);
        let admits = move |reserved| {
            if behind {
                return Err("others have waited longer for room on the host".to_owned());
            }
            super::admission::room(&settings, &capacity, reserved, need)
        };
        self.work.seen.waiting = None;
        let note = Note::new(EventKind::Step, Outcome::Done, "a place on the host is reserved").action(Action::Allocate);
        let pool = self.crew.app.settings.subnet_pool.len();
        let avoid = self.crew.avoided();
        // The row is written inside, with the subnet: what the owner is told must fit to it.
        let allocated = self.crew.app.store.allocate(&self.crew.me, &mut self.work, pool, &avoid, &[note], admits).await?;
        match allocated {
            Ok(_) => {
                self.crew.app.queue.got_room(id);
                Ok(Done::Again)
            }
            Err(reason) => {
                self.crew.wait_for_room(id);
                self.work.seen.waiting = Some(reason);
                self.record_if_changed(&Decision::Nothing).await?;
                Ok(Done::Pause(Next::At(self.crew.now().plus_millis(self.crew.pace.room_ms))))
            }
        }
    }

    async fn apply(&mut self, action: Action, stage: Stage) -> Result<Done, StoreError> {
        if let Some(next) = self.wait_for_turn().await? {
            return Ok(Done::Pause(next));
        }
        let Some(spec) = self.whole_spec().await? else { return Ok(Done::Again) };
        if action == Action::Start {
            // From here on an exit counts again; the one that is there does not.
            if let Some(container) = self.observation.as_ref().and_then(|observation| observation.container.as_ref())
                && let ContainerPhase::Exited { finished_at, .. } = &container.phase
            {
                self.work.seen.counted_exit = Some(sight::exit_key(&container.id, *finished_at));
            }
            self.work.seen.expected_exit = None;
        }
        let began = self.begin(action, started_words(action)).await?;
        let runtime = self.crew.app.runtime.clone();
        let done = within(Duration::from_secs(180), async move { runtime.apply(&spec, stage).await }).await;
        match done {
            Ok(()) => {
                self.finish(action, done_words(action), began, &Decision::Nothing).await?;
                Ok(Done::Again)
            }
            Err(error) if error.kind == RuntimeErrorKind::Conflict && stage == Stage::Storage => {
                // Somebody else's network is there: another subnet may do, and this one is not tried again for a while.
                if let Some(index) = self.work.seen.subnet_index.take() {
                    self.crew.avoid(index);
                }
                self.note_failure(action, &error, began).await?;
                Ok(Done::Again)
            }
            Err(error) => self.failed(action, &error, began).await,
        }
    }

    async fn reload(&mut self) -> Result<Done, StoreError> {
        let Some(spec) = self.whole_spec().await? else { return Ok(Done::Again) };
        let config = spec.config_digest();
        let only_secrets = self.observation.as_ref().is_some_and(|observation| observation.config.as_ref() == Some(&config));
        let (starts, ends) = match only_secrets {
            true => ("handing the changed secrets to the running agent", "the gateway works with the changed secrets, without a restart"),
            false => (started_words(Action::Reload), done_words(Action::Reload)),
        };
        let began = self.begin(Action::Reload, starts).await?;
        let runtime = self.crew.app.runtime.clone();
        match within(Duration::from_secs(90), async move { runtime.reload(&spec).await }).await {
            Ok(()) => {
                self.remember_applied(config);
                let revision = self.work.wanted.revision;
                self.work.seen.running_revision = Some(revision);
                let decision = if self.work.seen.routed {
                    self.work.seen.proven_since = Some(self.crew.now());
                    self.trust_at_once(revision)
                } else {
                    Decision::Nothing
                };
                self.finish(Action::Reload, ends, began, &decision).await?;
                Ok(Done::Again)
            }
            Err(error) => self.failed(Action::Reload, &error, began).await,
        }
    }

    async fn prove(&mut self) -> Result<Done, StoreError> {
        let Some(spec) = self.whole_spec().await? else { return Ok(Done::Again) };
        let began = self.begin(Action::Prove, started_words(Action::Prove)).await?;
        let runtime = self.crew.app.runtime.clone();
        let proof = match within(Duration::from_secs(60), async move { runtime.prove(&spec).await }).await {
            Ok(proof) => proof,
            Err(error) => return self.failed(Action::Prove, &error, began).await,
        };
        let (holds, checks) = (proof.holds(), proof.checks.len());
        let differences = proof.differences();
        self.work.seen.proof = Some(proof);
        if holds {
            if self.sight.drift == Drift::None && self.work.seen.applied.is_none() {
                let config = self.observation.as_ref().and_then(|observation| observation.config.clone());
                if let Some(config) = config {
                    self.remember_applied(config);
                }
            }
            self.finish(Action::Prove, &format!("its seal holds: {checks} checks"), began, &Decision::Nothing).await?;
        } else {
            let error = RuntimeError::new(RuntimeErrorKind::Failed, format!("its seal does not hold: {}", differences.join("; ")));
            self.note_failure(Action::Prove, &error, began).await?;
        }
        Ok(Done::Again)
    }

    async fn route(&mut self) -> Result<Done, StoreError> {
        let now = self.crew.now();
        if self.address().is_none() {
            return Ok(Done::Pause(Next::At(now.plus_millis(self.crew.pace.watch_ms))));
        }
        self.undrain().await;
        let revision = self.work.wanted.revision;
        let decision = self.trust_at_once(revision);
        let seen = &mut self.work.seen;
        seen.routed = true;
        seen.first_routed_at = seen.first_routed_at.or(Some(now));
        seen.proven_since = Some(now);
        seen.running_revision = Some(revision);
        seen.waiting = None;
        let note = Note::new(EventKind::Step, Outcome::Done, "it can be reached").action(Action::Route);
        self.crew.record(&mut self.work, vec![note], &decision).await?;
        Ok(Done::Again)
    }

    /// Waits for a turn, if it has none yet.
    async fn wait_for_turn(&mut self) -> Result<Option<Next>, StoreError> {
        if self.crew.app.queue.enter(self.work.id) {
            return Ok(None);
        }
        self.record_if_changed(&Decision::Nothing).await?;
        Ok(Some(Next::Queued))
    }

    async fn whole_spec(&self) -> Result<Option<WorkloadSpec>, StoreError> {
        let Some(outline) = self.outline.clone() else { return Ok(None) };
        let secrets = self.crew.app.store.work_secrets(&self.work).await?;
        Ok(Some(spec::with_secrets(outline, secrets)))
    }

    fn container_phase(&self) -> Option<&ContainerPhase> {
        self.observation.as_ref().and_then(|observation| observation.container.as_ref()).map(|container| &container.phase)
    }

    fn address(&self) -> Option<std::net::SocketAddr> {
        self.observation.as_ref().and_then(|observation| observation.container.as_ref()).and_then(|container| container.address)
    }

    fn remember_applied(&mut self, config: vivier_core::digest::Digest) {
        let container = self.observation.as_ref().and_then(|observation| observation.container.as_ref());
        if let Some(container) = container
            && let ContainerPhase::Running { started_at, .. } = container.phase
        {
            self.work.seen.applied = Some(Applied { container: container.id.clone(), started_at, config });
        }
    }
}

/// What a look says of the parts of a running gateway that the look before did not: broken ones, and those that work again.
fn health_notes(before: Option<&Observation>, now: &Observation) -> Vec<Note> {
    let health = |observation: &Observation| match observation.container.as_ref().map(|container| &container.phase) {
        Some(ContainerPhase::Running { health, .. }) if health.started => Some(health.clone()),
        Some(ContainerPhase::Running { .. } | ContainerPhase::Created | ContainerPhase::Exited { .. }) | None => None,
    };
    let Some(now) = health(now) else { return Vec::new() };
    let before = before.and_then(health).unwrap_or_default();
    let broken = now.failing.iter().filter(|part| !before.failing.contains(part)).map(|part| {
        let Degradation { part, reason, remedy } = degradation(part, &now);
        Note::new(EventKind::Sight, Outcome::Failed, format!("degraded: {part}: {reason}. {remedy}"))
    });
    let mended =
        before.failing.iter().filter(|part| !now.failing.contains(part)).map(|part| Note::new(EventKind::Sight, Outcome::Noted, format!("{part} works")));
    broken.chain(mended).collect()
}

/// Runs a verb of the runtime, for at most `limit`.
async fn within<T: Send + 'static>(limit: Duration, verb: impl Future<Output = Result<T, RuntimeError>> + Send) -> Result<T, RuntimeError> {
    match tokio::time::timeout(limit, verb).await {
        Ok(result) => result,
        Err(_) => Err(RuntimeError::new(RuntimeErrorKind::Unreachable, format!("the host did not answer within {} s", limit.as_secs()))),
    }
}

const fn started_words(action: Action) -> &'static str {
    match action {
        Action::Prepare => "making storage and network",
        Action::Rehearse => "trying it on a copy of the data",
        Action::Snapshot => "keeping a copy of the data",
        Action::Restore => "putting the data back",
        Action::Configure => "delivering configuration and secrets",
        Action::Start => "verifying the image and starting",
        Action::Reload => "applying the changed configuration",
        Action::Prove => "reading its seal back",
        Action::Stop => "stopping",
        Action::Remove => "removing container and network",
        Action::Purge => "removing the data",
        Action::Allocate => "reserving a place on the host",
        Action::Rest | Action::Watch | Action::Route | Action::Unroute | Action::CountExit | Action::CountFailure | Action::FallBack => "",
    }
}

const fn done_words(action: Action) -> &'static str {
    match action {
        Action::Prepare => "storage and network are there",
        Action::Rehearse => "it starts on a copy of the data",
        Action::Snapshot => "a copy of the data is kept",
        Action::Restore => "the data is put back",
        Action::Configure => "configuration and secrets are delivered",
        Action::Start => "the container runs; waiting for the gateway",
        Action::Reload => "the gateway has taken the changed configuration",
        Action::Prove => "its seal holds",
        Action::Stop => "stopped",
        Action::Remove => "container and network are gone; the data is kept",
        Action::Purge => "the data is gone",
        Action::Allocate => "a place on the host is reserved",
        Action::Rest | Action::Watch | Action::Route | Action::Unroute | Action::CountExit | Action::CountFailure | Action::FallBack => "",
    }
}
