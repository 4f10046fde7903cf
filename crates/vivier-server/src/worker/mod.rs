//! The reconciler: makes what is seen equal to what is wanted, one deployment at a time, over and over.
//!
//! ```text
//! claim (lease) → look (runtime) → sight → lifecycle::next → one action → record (compare-and-swap, with the timeline) → again
//! ```
//!
//! - The deployment's row is the work item. Start, tick, wake-up and the runtime's hints are one path: they only say *when* to look.
//! - A failed look is unknown, never absent: nothing is written and nothing is concluded.
//! - Everything may be repeated: a worker that dies at any point is replaced by one that looks.
//!
//! It knows nothing of HTTP, and of the runtime only the contract.

pub mod admission;
pub mod billing;
pub mod fault;
mod jobs;
mod meter;
mod orphans;
mod queue;
pub mod sight;
pub mod spec;
mod step;
pub mod waves;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::State;
use vivier_core::runtime::{Capacity, Observation, RuntimeError, RuntimeErrorKind};
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::{EventKind, Outcome};

pub use self::admission::{HostView, HostWatch, Refused, admission, host_view};
pub use self::queue::Queue;
use self::step::{Next, Settled};
use crate::App;
use crate::store::events::Note;
use crate::store::reconcile::{Decision, Work};
use crate::store::{Engine, StoreError};
use crate::vault::VaultError;

/// How often what happens. Milliseconds, unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks at an agent that rests.
    pub look_ms: i64,
    /// Between two looks at an agent that starts.
    pub watch_ms: i64,
    /// Before a step is tried again that failed for a reason outside, at first.
    pub retry_ms: i64,
    /// Between two tries to find room on the host.
    pub room_ms: i64,
    /// The longest that the worker sleeps.
    pub tick_ms: u64,
    /// Between two sweeps for orphans, trials and retentions.
    pub sweep_ms: i64,
    /// How long a lease holds without being renewed.
    pub lease_ms: i64,
    /// Scales the waiting after failures; 1 outside of tests.
    pub backoff: f64,
    /// Looks and steps at the same time, cheap ones included.
    pub at_once: usize,
}

impl Pace {
    pub fn of(settings: &crate::Config) -> Self {
        Self {
            look_ms: i64::from(settings.look_seconds) * 1_000,
            watch_ms: 200,
            retry_ms: 1_000,
            room_ms: 2_000,
            tick_ms: 1_000,
            sweep_ms: 30_000,
            lease_ms: 30_000,
            backoff: 1.0,
            at_once: 16,
        }
    }
}

/// What all drives share.
pub(crate) struct Crew {
    app: App,
    /// Names this worker in its leases.
    me: String,
    pace: Pace,
    born: Instant,
    shared: Mutex<Shared>,
    freed: mpsc::UnboundedSender<DeploymentId>,
}

#[derive(Default)]
struct Shared {
    /// Claimed, and renewed as long as we live.
    leases: HashSet<DeploymentId>,
    /// Tries in a row that failed for a reason outside.
    tries: HashMap<DeploymentId, u32>,
    /// Since when an agent has been asked to finish what it has begun.
    draining: HashMap<DeploymentId, Timestamp>,
    /// Subnets that something else on the host uses, until when they are avoided.
    avoided: HashMap<u32, Timestamp>,
    capacity: Option<(Instant, Capacity)>,
    /// Looks that saw nothing new, to be written together.
    looks: HashMap<DeploymentId, Timestamp>,
    settled: HashMap<DeploymentId, Settled>,
}

/// The worker: one per `serve`.
pub struct Worker {
    crew: Arc<Crew>,
    freed: mpsc::UnboundedReceiver<DeploymentId>,
}

impl Worker {
    pub fn new(app: App, pace: Pace) -> Self {
        let (sender, freed) = mpsc::unbounded_channel();
        let me = format!("worker-{}", uuid::Uuid::new_v4().simple());
        let crew = Crew { app, me, pace, born: Instant::now(), shared: Mutex::default(), freed: sender };
        Self { crew: Arc::new(crew), freed }
    }

    /// Works until `stop`. Steps that are under way reach a checkpoint first; then every lease is given back.
    pub async fn run(self, stop: CancellationToken) {
        let Self { crew, mut freed } = self;
        if crew.app.store.engine() == Engine::Sqlite {
            // The file is ours alone (see `crate::run`): whoever held a lease is dead.
            if let Err(error) = crew.app.store.end_leases().await {
                tracing::error!("failed to end old leases: {error:#}");
            }
        }
        let (hint, mut hints) = mpsc::channel(256);
        let listening = tokio::spawn(listen(crew.clone(), hint, stop.clone()));
        let sweeping = tokio::spawn(orphans::sweep(crew.clone(), stop.clone()));
        let metering = AbortOnDropHandle::new(tokio::spawn(meter::run(crew.clone(), stop.clone())));
        // Ends with this worker, however that ends: two workers never steer from one process.
        let billing = AbortOnDropHandle::new(tokio::spawn(billing::steer(crew.clone(), stop.clone())));
        let steering = AbortOnDropHandle::new(tokio::spawn(waves::steer(crew.clone(), stop.clone())));
        let working = AbortOnDropHandle::new(tokio::spawn(jobs::run(crew.clone(), stop.clone())));
        let mut plan = Plan::default();
        let mut drives: JoinSet<(DeploymentId, Result<Next, StoreError>)> = JoinSet::new();
        let mut whole_fleet_at = Timestamp::from_millis(i64::MIN);
        let mut housekeeping_at = Timestamp::from_millis(i64::MIN);
        let mut woken = true;
        loop {
            let now = crew.now();
            if now >= whole_fleet_at {
                whole_fleet_at = now.plus_millis(60_000);
                crew.plan_fleet(&mut plan, now).await;
            }
            if now >= housekeeping_at {
                housekeeping_at = now.plus_millis(crew.pace.look_ms.min(crew.pace.lease_ms / 3));
                crew.keep_house(now).await;
                woken = true;
            }
            if std::mem::take(&mut woken) {
                crew.plan_changed(&mut plan, now).await;
            }
            while drives.len() < crew.pace.at_once
                && let Some(id) = plan.take_due(now)
            {
                let (crew, stop) = (crew.clone(), stop.clone());
                drives.spawn(async move {
                    let next = crew.tend(id, &stop).await;
                    (id, next)
                });
            }
            let full = drives.len() >= crew.pace.at_once;
            let sleep = if full { crew.pace.tick_ms } else { plan.sleep(now, crew.pace.tick_ms) };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(joined) = drives.join_next(), if !drives.is_empty() => crew.finished(&mut plan, joined),
                () = crew.app.wake.notified() => woken = true,
                Some(id) = hints.recv() => {
                    crew.unsettle(id);
                    plan.hint(id, crew.now());
                }
                Some(id) = freed.recv() => plan.hint(id, crew.now()),
                () = tokio::time::sleep(Duration::from_millis(sleep)) => {}
            }
        }
        // A step under way is repeatable: what does not come to its end in time is taken up by the next worker.
        let rest = async { while drives.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(8), rest).await.is_err() {
            tracing::info!("left {} steps under way to the next worker", drives.len());
            drives.shutdown().await;
        }
        if let Err(error) = working.await {
            tracing::error!("the runner of jobs panicked: {error}");
        }
        listening.abort();
        sweeping.abort();
        metering.abort();
        steering.abort();
        billing.abort();
        crew.flush_looks().await;
        if let Err(error) = crew.app.store.release(&crew.me).await {
            tracing::warn!("failed to give the leases back; they end by themselves: {error:#}");
        }
    }
}

/// When to look at whom.
#[derive(Default)]
struct Plan {
    due: BTreeSet<(Timestamp, DeploymentId)>,
    at: HashMap<DeploymentId, Timestamp>,
    busy: HashSet<DeploymentId>,
    /// Hinted at while busy: to be looked at again at once.
    again: HashSet<DeploymentId>,
}

impl Plan {
    fn set(&mut self, id: DeploymentId, at: Timestamp) {
        if let Some(before) = self.at.insert(id, at) {
            self.due.remove(&(before, id));
        }
        self.due.insert((at, id));
    }

    /// Look at it no later than `at`.
    fn hint(&mut self, id: DeploymentId, at: Timestamp) {
        if self.busy.contains(&id) {
            self.again.insert(id);
        } else if self.at.get(&id).is_none_or(|planned| *planned > at) {
            self.set(id, at);
        }
    }

    fn knows(&self, id: DeploymentId) -> bool {
        self.busy.contains(&id) || self.at.contains_key(&id)
    }

    fn take_due(&mut self, now: Timestamp) -> Option<DeploymentId> {
        let (at, id) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.due.remove(&(at, id));
        self.at.remove(&id);
        self.busy.insert(id);
        Some(id)
    }

    /// Milliseconds until something is due, at most `most`.
    fn sleep(&self, now: Timestamp, most: u64) -> u64 {
        self.due.first().map_or(most, |(at, _)| u64::try_from(at.millis_since(now)).unwrap_or(0).clamp(1, most))
    }

    fn finished(&mut self, id: DeploymentId, next: Option<Timestamp>, now: Timestamp) {
        self.busy.remove(&id);
        if self.again.remove(&id) {
            self.set(id, now);
        } else if let Some(at) = next {
            self.set(id, at);
        }
    }
}

/// Hears the runtime's hints, for as long as it tells any.
async fn listen(crew: Arc<Crew>, hint: mpsc::Sender<DeploymentId>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match crew.app.runtime.events().await {
            Ok(mut events) => {
                while let Some(id) = events.next().await {
                    if hint.send(id).await.is_err() {
                        return;
                    }
                }
            }
            Err(error) => tracing::debug!(detail = error.detail, "no hints from the runtime: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(crew.pace.tick_ms.max(100) * 2)).await;
    }
}

impl Crew {
    fn now(&self) -> Timestamp {
        self.app.store.now()
    }

    /// Milliseconds of this worker's life, from 1: for durations, which no turned clock may change.
    fn millis(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Plain maps: nothing in them can be left half done by a panic.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn plan_fleet(&self, plan: &mut Plan, now: Timestamp) {
        let fleet = match self.app.store.fleet().await {
            Ok(fleet) => fleet,
            Err(error) => return tracing::error!("failed to read the fleet: {error:#}"),
        };
        let unknown: Vec<_> = fleet.into_iter().filter(|member| !plan.knows(member.id)).collect();
        let count = i64::try_from(unknown.len()).unwrap_or(i64::MAX).max(1);
        for (place, member) in unknown.into_iter().enumerate() {
            // Those that rest are spread over the time between two looks, so that hundreds do not come at once.
            let spread = if member.changed || !member.routed { 0 } else { self.pace.look_ms * i64::try_from(place).unwrap_or(0) / count };
            plan.hint(member.id, now.plus_millis(spread));
        }
    }

    async fn plan_changed(&self, plan: &mut Plan, now: Timestamp) {
        match self.app.store.changed().await {
            Ok(changed) => {
                for id in changed {
                    self.unsettle(id);
                    plan.hint(id, now);
                }
            }
            Err(error) => tracing::error!("failed to read what has changed: {error:#}"),
        }
    }

    async fn keep_house(&self, now: Timestamp) {
        self.flush_looks().await;
        match self.app.store.renew(&self.me, now.plus_millis(self.pace.lease_ms)).await {
            Ok(renewed) => {
                // Somebody took one over, or it ended while we slept: claim each again before it is touched.
                let mut shared = self.shared();
                if usize::try_from(renewed).is_ok_and(|renewed| renewed < shared.leases.len()) {
                    shared.leases.clear();
                }
            }
            Err(error) => tracing::error!("failed to renew the leases: {error:#}"),
        }
    }

    async fn flush_looks(&self) {
        let looks: Vec<_> = self.shared().looks.drain().collect();
        if let Err(error) = self.app.store.looked(&self.me, &looks).await {
            tracing::error!("failed to note when agents were looked at: {error:#}");
        }
    }

    /// One visit: a short look at one that rests, else a drive.
    async fn tend(&self, id: DeploymentId, stop: &CancellationToken) -> Result<Next, StoreError> {
        if !self.shared().leases.contains(&id) {
            let until = self.now().plus_millis(self.pace.lease_ms);
            if self.app.store.claim(id, &self.me, until).await?.is_none() {
                return Ok(if self.app.store.exists(id).await? { Next::At(self.now().plus_millis(self.pace.look_ms)) } else { Next::Gone });
            }
            self.shared().leases.insert(id);
        }
        let settled = self.shared().settled.get(&id).cloned();
        if let Some(settled) = settled {
            match self.observe(id).await {
                Ok(observation) if settled.looks_like(&observation) => {
                    self.looked(id, observation.at);
                    return Ok(Next::Settled(self.now().plus_millis(self.jittered(self.rest_ms())), Box::new(settled)));
                }
                Ok(_) | Err(_) => self.unsettle(id),
            }
        }
        step::drive(self, id, stop).await
    }

    fn finished(&self, plan: &mut Plan, joined: Result<(DeploymentId, Result<Next, StoreError>), tokio::task::JoinError>) {
        let now = self.now();
        let (id, result) = match joined {
            Ok(done) => done,
            Err(error) => {
                // The id is lost with the task; the fleet is planned anew within a minute, and nobody is busy for ever.
                tracing::error!("a step panicked: {error}");
                plan.busy.clear();
                return;
            }
        };
        let next = match result {
            Ok(Next::Settled(at, settled)) => {
                // A change that came while it was looked at is found by its version.
                self.shared().settled.insert(id, *settled);
                Some(at)
            }
            Ok(Next::At(at)) => Some(at),
            Ok(Next::Queued) => None,
            Ok(Next::Gone) => {
                let mut shared = self.shared();
                shared.leases.remove(&id);
                shared.tries.remove(&id);
                shared.looks.remove(&id);
                shared.settled.remove(&id);
                None
            }
            Err(StoreError::Lost) => {
                tracing::debug!(deployment = %id, "the row or the lease was another's; looks again");
                self.shared().leases.remove(&id);
                Some(now.plus_millis(self.jittered(200)))
            }
            Err(StoreError::Vault(VaultError::Key(error))) if error.is_transient() => {
                // It runs on as it is; only what needs its secrets waits.
                tracing::warn!(deployment = %id, "a step waits for a data key: {error}");
                self.leave(id);
                Some(now.plus_millis(self.jittered(15_000)))
            }
            Err(error) => {
                tracing::error!(deployment = %id, "failed to take a step: {error:#}");
                self.leave(id);
                Some(now.plus_millis(self.jittered(2_000)))
            }
        };
        plan.finished(id, next, now);
    }

    fn unsettle(&self, id: DeploymentId) {
        self.shared().settled.remove(&id);
    }

    fn looked(&self, id: DeploymentId, at: Timestamp) {
        self.shared().looks.insert(id, at);
    }

    /// Milliseconds between two looks at one that rests: with many, longer, so that a fleet at rest costs ten looks a second and no
    /// more. What happens on the host in between is told by its hints.
    fn rest_ms(&self) -> i64 {
        let fleet = i64::try_from(self.shared().settled.len()).unwrap_or(i64::MAX);
        self.pace.look_ms.max(fleet.saturating_mul(self.pace.look_ms / 50)).min(self.pace.look_ms.max(60_000))
    }

    /// Gives its turn back; whoever is next comes at once.
    fn leave(&self, id: DeploymentId) {
        self.call(self.app.queue.leave(id));
    }

    fn wait_for_room(&self, id: DeploymentId) {
        self.call(self.app.queue.wait_for_room(id));
    }

    fn call(&self, next: Vec<DeploymentId>) {
        for id in next {
            // The receiver lives as long as the worker runs; afterwards nobody waits for a call.
            let _ended = self.freed.send(id);
        }
    }

    /// Milliseconds to wait before the next try of something that failed for a reason outside: doubled each time.
    fn tries(&self, id: DeploymentId, first: i64, most: i64) -> i64 {
        let mut shared = self.shared();
        let tries = shared.tries.entry(id).or_insert(0);
        let wait = first.saturating_mul(1 << (*tries).min(16)).min(most);
        *tries = tries.saturating_add(1);
        drop(shared);
        self.jittered(wait)
    }

    /// Since when `id` has been asked to finish: since now, if nobody has asked before.
    fn draining_since(&self, id: DeploymentId) -> Timestamp {
        let now = self.now();
        *self.shared().draining.entry(id).or_insert(now)
    }

    fn is_draining(&self, id: DeploymentId) -> bool {
        self.shared().draining.contains_key(&id)
    }

    fn drained(&self, id: DeploymentId) {
        self.shared().draining.remove(&id);
    }

    fn forget_tries(&self, id: DeploymentId) {
        self.shared().tries.remove(&id);
    }

    /// `millis`, give or take a tenth: so that many do not march in step.
    fn jittered(&self, millis: i64) -> i64 {
        let tenth = (millis / 10).max(1);
        millis - tenth + i64::from(rand::random::<u32>()) % (2 * tenth)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "below 400,000")]
    fn backoff(&self, failures: u32) -> i64 {
        (fault::backoff_millis(failures, rand::random::<f64>()) as f64 * self.pace.backoff) as i64
    }

    fn avoid(&self, subnet: u32) {
        let until = self.now().plus_seconds(3_600);
        self.shared().avoided.insert(subnet, until);
    }

    fn avoided(&self) -> Vec<u32> {
        let now = self.now();
        let mut shared = self.shared();
        shared.avoided.retain(|_, until| *until > now);
        shared.avoided.keys().copied().collect()
    }

    async fn observe(&self, id: DeploymentId) -> Result<Observation, RuntimeError> {
        match tokio::time::timeout(Duration::from_secs(15), self.app.runtime.observe(id)).await {
            Ok(result) => result,
            Err(_) => Err(RuntimeError::new(RuntimeErrorKind::Unreachable, "the host did not answer within 15 s")),
        }
    }

    /// The host's capacity, at most a second old.
    async fn capacity(&self) -> Result<Capacity, RuntimeError> {
        let known = self.shared().capacity.clone();
        if let Some((at, capacity)) = known
            && at.elapsed() < Duration::from_millis(self.pace.tick_ms)
        {
            return Ok(capacity);
        }
        let answer = match tokio::time::timeout(Duration::from_secs(15), self.app.runtime.capacity()).await {
            Ok(answer) => answer,
            Err(_) => Err(RuntimeError::new(RuntimeErrorKind::Unreachable, "the host did not answer within 15 s")),
        };
        self.app.host.note(&answer, self.now());
        if let Ok(capacity) = &answer {
            self.shared().capacity = Some((Instant::now(), capacity.clone()));
        }
        answer
    }

    /// Records what was seen and done, and says in the timeline when the state that the owner sees has changed.
    async fn record(&self, work: &mut Work, mut notes: Vec<Note>, decision: &Decision) -> Result<(), StoreError> {
        let state = work.seen.shown_state(&work.wanted, work.falls_back, self.now());
        if state != work.seen.state {
            let told = Note::new(EventKind::State, Outcome::Noted, state_words(state, work));
            // A step that begins is told after the state that it belongs to; one that has ended, before the state that it led to.
            let place = if notes.first().is_some_and(|note| note.outcome == Outcome::Started) { 0 } else { notes.len() };
            notes.insert(place, told);
            work.seen.state = state;
        }
        self.app.store.record(&self.me, work, &notes, decision).await
    }
}

fn state_words(state: State, work: &Work) -> String {
    match (state, work.seen.reason(&work.wanted)) {
        (State::Failed | State::Requested, Some(reason)) => format!("{state}: {reason}"),
        (
            State::Requested
            | State::Provisioning
            | State::Configuring
            | State::Starting
            | State::Running
            | State::Updating
            | State::Restarting
            | State::Suspended
            | State::Failed
            | State::Terminated,
            _,
        ) => state.to_string(),
    }
}
