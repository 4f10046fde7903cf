//! A runtime in memory: for speed and for faults, never the only proof.
//!
//! It keeps the contract exactly (the conformance suite runs on it), and it can be told to misbehave: gateways that never
//! start, crash or refuse their configuration; an engine that does not answer; a caller that dies after the n-th side effect.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use serde_json::Value;

use super::{
    BoxStream, Capacity, Check, Container, ContainerPhase, Drain, Health, LogLine, LogQuery, Observation, Proof, Rehearsal, Resident, Restore, Runtime,
    RuntimeError, RuntimeErrorKind, Scope, Snapshot, Stage, Stats, Subnet, WorkloadSpec,
};
use crate::digest::Digest;
use crate::id::DeploymentId;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Lines kept of each log.
const LOG_LINES: usize = 1_000;

type Rejects = Arc<dyn Fn(&Value) -> Option<String> + Send + Sync>;

/// How a deployment's gateway behaves.
#[derive(Clone, Default)]
pub struct Behaviour {
    /// It never answers `/startupz`.
    pub never_starts: bool,
    /// Milliseconds from its start to its answer on `/startupz`.
    pub starts_after_ms: i64,
    /// It exits this many milliseconds after each start.
    pub exits_after_ms: Option<i64>,
    pub exit_code: i64,
    pub out_of_memory: bool,
    /// Channels that only OpenClaw's own account of them shows as broken, with its words: `/readyz` goes on to say that all is well.
    pub cut_off: BTreeMap<String, String>,
    /// What `/readyz` lists.
    pub failing: Vec<String>,
    /// Says why it refuses a configuration: at a reload the verb fails, at a start the gateway exits with 78.
    pub rejects: Option<Rejects>,
    /// It refuses to take secrets anew while it runs.
    pub rejects_secrets: bool,
    /// A file in which OpenClaw has written a secret in clear.
    pub leaks: Option<String>,
    /// It does not start on a copy of the data either.
    pub fails_rehearsals: bool,
    /// Data that it cannot read: it ends with 78.
    pub refuses_data: Option<String>,
    /// What the gateway makes of its data when it starts, such as migrating it.
    pub writes: Option<String>,
    /// Milliseconds that it still works after it was first asked to finish.
    pub busy_ms: i64,
    /// A difference that the proof finds.
    pub unsealed: Option<String>,
}

struct FakeContainer {
    id: String,
    image: Digest,
    fingerprint: Digest,
    account: crate::id::AccountId,
    started_at: Option<Timestamp>,
    exited: Option<(Timestamp, i64, bool, Vec<String>)>,
    address: std::net::SocketAddr,
    limits: super::Limits,
    /// Since when it has been asked to finish.
    draining: Option<Timestamp>,
}

impl FakeContainer {
    const fn runs(&self) -> bool {
        self.started_at.is_some() && self.exited.is_none()
    }
}

#[derive(Default)]
struct Cell {
    data: bool,
    /// What the data says: written by tests, or by gateways as their behaviour says.
    text: String,
    snapshots: BTreeMap<u64, (Snapshot, String)>,
    restored: Option<Restore>,
    network: Option<Subnet>,
    config: Option<Value>,
    secrets: Option<u64>,
    /// What the gateway uses: what was delivered when it started, or was reloaded.
    used: BTreeMap<String, Secret>,
    container: Option<FakeContainer>,
    behaviour: Option<Behaviour>,
    logs: VecDeque<LogLine>,
    readers: Vec<Feed<Result<LogLine, RuntimeError>>>,
}

#[derive(Default)]
struct World {
    cells: BTreeMap<DeploymentId, Cell>,
    images: BTreeSet<Digest>,
    behaviour: Behaviour,
    of_images: BTreeMap<Digest, Behaviour>,
    /// Every verb fails with this.
    down: Option<RuntimeError>,
    /// Side effects that may still happen before the caller "dies".
    fuse: Option<u64>,
    blown: bool,
    effects: Vec<String>,
    containers_made: u64,
    strays: BTreeMap<String, (bool, Option<Timestamp>)>,
    watchers: Vec<Feed<DeploymentId>>,
    capacity: Option<Capacity>,
    disk_full: bool,
}

/// The runtime in memory.
#[derive(Clone)]
pub struct FakeRuntime {
    world: Arc<Mutex<World>>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl FakeRuntime {
    /// A world that holds `images` and nothing else; `clock` says what time it is.
    pub fn new(images: impl IntoIterator<Item = Digest>, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let world = World { images: images.into_iter().collect(), ..World::default() };
        Self { world: Arc::new(Mutex::new(world)), clock: Arc::new(clock) }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // A test that panicked while it held the lock has failed already.
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// How gateways behave that have no behaviour of their own.
    pub fn set_default_behaviour(&self, behaviour: Behaviour) {
        self.lock().behaviour = behaviour;
    }

    /// How gateways of this image behave.
    pub fn set_image_behaviour(&self, image: &Digest, behaviour: Behaviour) {
        self.lock().of_images.insert(image.clone(), behaviour);
    }

    pub fn set_behaviour(&self, id: DeploymentId, behaviour: Behaviour) {
        self.lock().cells.entry(id).or_default().behaviour = Some(behaviour);
    }

    /// From now on every verb fails with `error`, until `None`.
    pub fn set_down(&self, error: Option<RuntimeError>) {
        self.lock().down = error;
    }

    pub fn set_capacity(&self, capacity: Capacity) {
        self.lock().capacity = Some(capacity);
    }

    /// The caller "dies" at the side effect after `effects` more: the effect happens, but the verb never returns.
    pub fn set_fuse(&self, effects: Option<u64>) {
        let mut world = self.lock();
        world.fuse = effects;
        world.blown = false;
    }

    /// The fuse has blown: some caller waits for ever and can be ended.
    pub fn blown(&self) -> bool {
        self.lock().blown
    }

    /// Every side effect so far, in order, such as `dep_… container`.
    pub fn effects(&self) -> Vec<String> {
        self.lock().effects.clone()
    }

    /// Containers that exist, running or not.
    pub fn containers(&self) -> usize {
        self.lock().cells.values().filter(|cell| cell.container.is_some()).count()
    }

    pub fn running(&self, id: DeploymentId) -> bool {
        let now = (self.clock)();
        let mut world = self.lock();
        let default = world.default_for(id);
        world.cells.get_mut(&id).is_some_and(|cell| {
            cell.age(now, &default);
            cell.container.as_ref().is_some_and(|container| container.runs())
        })
    }

    /// Everything that exists of `id`: `data`, `network`, `config`, `container`.
    pub fn traces(&self, id: DeploymentId) -> Vec<&'static str> {
        let world = self.lock();
        let Some(cell) = world.cells.get(&id) else { return Vec::new() };
        let parts = [("data", cell.data), ("network", cell.network.is_some()), ("config", cell.config.is_some()), ("container", cell.container.is_some())];
        parts.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
    }

    /// What the data says now.
    pub fn data(&self, id: DeploymentId) -> String {
        self.lock().cells.get(&id).map(|cell| cell.text.clone()).unwrap_or_default()
    }

    /// The text of a secret that the gateway uses now.
    pub fn secret(&self, id: DeploymentId, name: &str) -> Option<String> {
        self.lock().cells.get(&id).and_then(|cell| cell.used.get(name)).map(|secret| secret.expose().to_owned())
    }

    /// The agent writes its data.
    pub fn write_data(&self, id: DeploymentId, text: &str) {
        if let Some(cell) = self.lock().cells.get_mut(&id) {
            text.clone_into(&mut cell.text);
        }
    }

    /// Snapshots do not fit on the disk any more, from now on.
    pub fn set_disk_full(&self, full: bool) {
        self.lock().disk_full = full;
    }

    /// Someone removes the container by hand.
    pub fn lose_container(&self, id: DeploymentId) {
        let mut world = self.lock();
        if let Some(cell) = world.cells.get_mut(&id) {
            cell.container = None;
        }
        world.tell(id);
    }

    /// The gateway's process ends now.
    pub fn crash(&self, id: DeploymentId, exit_code: i64, out_of_memory: bool) {
        let now = (self.clock)();
        let mut world = self.lock();
        if let Some(container) = world.cells.get_mut(&id).and_then(|cell| cell.container.as_mut()) {
            container.exited = Some((now, exit_code, out_of_memory, vec!["crashed by the test".to_owned()]));
        }
        world.tell(id);
    }

    /// A container with our label that no deployment owns.
    pub fn add_stray(&self, container: &str) {
        self.lock().strays.insert(container.to_owned(), (true, None));
    }

    /// The gateway has been asked to finish and to begin nothing new.
    pub fn draining(&self, id: DeploymentId) -> bool {
        let world = self.lock();
        world.cells.get(&id).and_then(|cell| cell.container.as_ref()).is_some_and(|container| container.runs() && container.draining.is_some())
    }

    /// Writes one line to the agent's log.
    pub fn write_log(&self, id: DeploymentId, text: &str) {
        let at = (self.clock)();
        if let Some(cell) = self.lock().cells.get_mut(&id) {
            cell.write(at, "info", text);
        }
    }

    /// Records a side effect; true when the caller dies here.
    fn effect(world: &mut World, id: DeploymentId, what: &str) -> bool {
        world.effects.push(format!("{id} {what}"));
        match world.fuse {
            Some(0) => {
                world.blown = true;
                true
            }
            Some(left) => {
                world.fuse = Some(left - 1);
                false
            }
            None => false,
        }
    }

    fn check_up(&self) -> Result<MutexGuard<'_, World>, RuntimeError> {
        let world = self.lock();
        match &world.down {
            Some(error) => Err(error.clone()),
            None => Ok(world),
        }
    }

    /// Runs `work`; when it says that the fuse blew, never returns.
    async fn verb<T>(&self, work: impl FnOnce(&mut World, Timestamp) -> Result<Option<T>, RuntimeError>) -> Result<T, RuntimeError> {
        let result = {
            let mut world = self.check_up()?;
            if world.blown {
                Ok(None)
            } else {
                let now = (self.clock)();
                work(&mut world, now)
            }
        };
        match result? {
            Some(value) => Ok(value),
            None => std::future::pending().await,
        }
    }
}

impl World {
    /// How a gateway behaves that has no behaviour of its own: as its image does.
    fn default_for(&self, id: DeploymentId) -> Behaviour {
        let image = self.cells.get(&id).and_then(|cell| cell.container.as_ref()).map(|container| &container.image);
        image.and_then(|image| self.of_images.get(image)).unwrap_or(&self.behaviour).clone()
    }

    fn fits(&self) -> Result<(), RuntimeError> {
        if self.disk_full {
            return Err(RuntimeError::new(RuntimeErrorKind::Capacity, "the host's disk has no room for a snapshot of the data; the operator can make some"));
        }
        Ok(())
    }

    /// The data, while nothing can write to it.
    fn at_rest(&mut self, id: DeploymentId) -> Result<&mut Cell, RuntimeError> {
        let cell = self.cells.get_mut(&id).filter(|cell| cell.data);
        let cell = cell.ok_or_else(|| RuntimeError::new(RuntimeErrorKind::NotFound, "there is no data"))?;
        match &cell.container {
            Some(container) if container.runs() => {
                Err(RuntimeError::new(RuntimeErrorKind::Conflict, "the agent is running: its data cannot be copied or put back"))
            }
            Some(_) | None => Ok(cell),
        }
    }

    fn tell(&mut self, id: DeploymentId) {
        self.watchers.retain(|feed| feed.push(id));
    }
}

impl Cell {
    fn write(&mut self, at: Timestamp, level: &str, text: &str) {
        let line = LogLine { at, level: Some(level.to_owned()), subsystem: Some("gateway".to_owned()), text: text.to_owned() };
        if self.logs.len() == LOG_LINES {
            self.logs.pop_front();
        }
        self.readers.retain(|feed| feed.push(Ok(line.clone())));
        self.logs.push_back(line);
    }

    fn kept(&self, number: u64) -> Result<&(Snapshot, String), RuntimeError> {
        self.snapshots.get(&number).ok_or_else(|| RuntimeError::new(RuntimeErrorKind::NotFound, format!("snapshot {number} is not kept any more")))
    }

    /// Lets the time that has passed happen.
    fn age(&mut self, now: Timestamp, default: &Behaviour) {
        let behaviour = self.behaviour.clone().unwrap_or_else(|| default.clone());
        let Some(container) = self.container.as_mut() else { return };
        let (Some(started_at), None) = (container.started_at, &container.exited) else { return };
        if let Some(after) = behaviour.exits_after_ms
            && now.millis_since(started_at) >= after
        {
            container.exited = Some((started_at.plus_millis(after), behaviour.exit_code, behaviour.out_of_memory, vec!["the gateway ended".to_owned()]));
        }
    }
}

#[async_trait::async_trait]
impl Runtime for FakeRuntime {
    async fn observe(&self, id: DeploymentId) -> Result<Observation, RuntimeError> {
        let mut world = self.check_up()?;
        let now = (self.clock)();
        let default = world.default_for(id);
        let mut nothing = Cell::default();
        let cell = world.cells.get_mut(&id).unwrap_or(&mut nothing);
        cell.age(now, &default);
        let behaviour = cell.behaviour.clone().unwrap_or(default);
        let container = cell.container.as_ref().map(|container| Container {
            id: container.id.clone(),
            image: container.image.clone(),
            fingerprint: container.fingerprint.clone(),
            address: (container.runs()).then_some(container.address),
            phase: match (&container.exited, container.started_at) {
                (Some((finished_at, exit_code, out_of_memory, last_lines)), _) => {
                    ContainerPhase::Exited { finished_at: *finished_at, exit_code: *exit_code, out_of_memory: *out_of_memory, last_lines: last_lines.clone() }
                }
                (None, None) => ContainerPhase::Created,
                (None, Some(started_at)) => {
                    let started = !behaviour.never_starts && now.millis_since(started_at) >= behaviour.starts_after_ms;
                    let failing = behaviour.failing.iter().chain(behaviour.cut_off.keys()).cloned().collect();
                    let health = Health { started, ready: started && behaviour.failing.is_empty(), failing, reasons: behaviour.cut_off.clone() };
                    ContainerPhase::Running { started_at, health }
                }
            },
        });
        Ok(Observation {
            deployment: id,
            at: now,
            data: cell.data,
            network: cell.network,
            config: cell.config.as_ref().map(Digest::of_json),
            secrets: cell.secrets,
            snapshots: cell.snapshots.values().map(|(snapshot, _)| snapshot.clone()).collect(),
            restored: cell.restored,
            container,
        })
    }

    async fn inventory(&self) -> Result<Vec<Resident>, RuntimeError> {
        let world = self.check_up()?;
        let owned = world.cells.iter().filter(|(_, cell)| cell.data || cell.network.is_some() || cell.container.is_some()).map(|(id, cell)| Resident {
            deployment: Some(*id),
            container: cell.container.as_ref().map(|container| container.id.clone()),
            name: cell.container.as_ref().map(|_| format!("vivier-{id}")),
            running: cell.container.as_ref().is_some_and(|container| container.runs()),
            quarantined_at: None,
        });
        let strays = world.strays.iter().map(|(container, (running, quarantined_at))| Resident {
            deployment: None,
            container: Some(container.clone()),
            name: Some(container.clone()),
            running: *running,
            quarantined_at: *quarantined_at,
        });
        Ok(owned.chain(strays).collect())
    }

    async fn apply(&self, spec: &WorkloadSpec, stage: Stage) -> Result<(), RuntimeError> {
        let id = spec.deployment;
        self.verb(|world, now| {
            if stage == Stage::Workload && !world.images.contains(&spec.image) {
                return Err(RuntimeError::new(RuntimeErrorKind::Image, "the image is not on this host; build it with `vivierd release build`"));
            }
            if world.cells.iter().any(|(other, cell)| *other != id && cell.network == Some(spec.subnet)) {
                return Err(RuntimeError::new(RuntimeErrorKind::Conflict, format!("the subnet {} is in use", spec.subnet)));
            }
            let cell = world.cells.entry(id).or_default();
            if !cell.data {
                cell.data = true;
                if Self::effect(world, id, "data") {
                    return Ok(None);
                }
            }
            let cell = world.cells.entry(id).or_default();
            if cell.network != Some(spec.subnet) {
                cell.network = Some(spec.subnet);
                if Self::effect(world, id, "network") {
                    return Ok(None);
                }
            }
            if stage == Stage::Storage {
                return Ok(Some(()));
            }
            let cell = world.cells.entry(id).or_default();
            if cell.secrets != Some(spec.secrets.version) {
                cell.secrets = Some(spec.secrets.version);
                if Self::effect(world, id, "secrets") {
                    return Ok(None);
                }
            }
            let cell = world.cells.entry(id).or_default();
            if cell.config.as_ref() != Some(&spec.config) {
                cell.config = Some(spec.config.clone());
                if Self::effect(world, id, "config") {
                    return Ok(None);
                }
            }
            if stage == Stage::Config {
                return Ok(Some(()));
            }
            let fingerprint = spec.fingerprint();
            let cell = world.cells.entry(id).or_default();
            let other = cell.container.as_ref().is_some_and(|container| container.fingerprint != fingerprint);
            if other {
                cell.container = None;
                if Self::effect(world, id, "removed") {
                    return Ok(None);
                }
            }
            if world.cells.entry(id).or_default().container.is_none() {
                world.containers_made += 1;
                let container = FakeContainer {
                    id: format!("fake-{}-{id}", world.containers_made),
                    image: spec.image.clone(),
                    fingerprint,
                    account: spec.account,
                    started_at: None,
                    exited: None,
                    address: spec.subnet.agent_socket(),
                    limits: spec.limits,
                    draining: None,
                };
                world.cells.entry(id).or_default().container = Some(container);
                if Self::effect(world, id, "container") {
                    return Ok(None);
                }
            }
            let default = world.default_for(id);
            let cell = world.cells.entry(id).or_default();
            let behaviour = cell.behaviour.clone().unwrap_or(default);
            let refusal = cell.config.as_ref().and_then(|config| behaviour.rejects.as_ref().and_then(|rejects| rejects(config)));
            let newer = behaviour.refuses_data.as_ref() == Some(&cell.text);
            let refusal = refusal.or_else(|| newer.then(|| "its data, which is newer than this build".to_owned()));
            let Some(container) = cell.container.as_mut() else { return Ok(Some(())) };
            if container.started_at.is_none() || container.exited.is_some() {
                container.started_at = Some(now);
                cell.used.clone_from(&spec.secrets.values);
                if let Some(text) = behaviour.writes {
                    cell.text = text;
                }
                // A gateway that refuses its configuration ends before anybody can look.
                container.exited = refusal.map(|reason| (now, 78, false, vec![format!("Invalid config at {reason}")]));
                let said = if container.exited.is_none() { "gateway ready" } else { "gateway refused its configuration" };
                cell.write(now, "info", said);
                if Self::effect(world, id, "started") {
                    return Ok(None);
                }
            }
            world.tell(id);
            Ok(Some(()))
        })
        .await
    }

    async fn reload(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        let id = spec.deployment;
        self.verb(|world, now| {
            let default = world.default_for(id);
            let Some(cell) = world.cells.get_mut(&id).filter(|cell| cell.container.is_some()) else {
                return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "there is no container to reload"));
            };
            let behaviour = cell.behaviour.clone().unwrap_or(default);
            if let Some(reason) = behaviour.rejects.as_ref().and_then(|rejects| rejects(&spec.config)) {
                cell.write(now, "warn", &format!("config reload skipped (invalid config): {reason}"));
                return Err(RuntimeError::new(RuntimeErrorKind::Rejected, format!("OpenClaw refused the configuration: {reason}")));
            }
            let secrets = cell.secrets != Some(spec.secrets.version);
            if secrets && behaviour.rejects_secrets {
                cell.write(now, "warn", "secrets.reload failed");
                return Err(RuntimeError::new(RuntimeErrorKind::Rejected, "OpenClaw refuses the changed secrets: secrets.reload failed"));
            }
            if secrets {
                cell.secrets = Some(spec.secrets.version);
                cell.used.clone_from(&spec.secrets.values);
                cell.write(now, "info", "secrets reloaded");
                if Self::effect(world, id, "secrets reload") {
                    return Ok(None);
                }
            }
            let Some(cell) = world.cells.get_mut(&id).filter(|cell| cell.config.as_ref() != Some(&spec.config)) else { return Ok(Some(())) };
            cell.config = Some(spec.config.clone());
            cell.write(now, "info", "config hot reload applied");
            Ok((!Self::effect(world, id, "reload")).then_some(()))
        })
        .await
    }

    async fn prove(&self, spec: &WorkloadSpec) -> Result<Proof, RuntimeError> {
        self.verb(|world, now| {
            let default = world.default_for(spec.deployment);
            let cell = world.cells.get(&spec.deployment);
            let Some((cell, container)) = cell.and_then(|cell| cell.container.as_ref().map(|container| (cell, container))) else {
                return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "there is no container to prove"));
            };
            let Some(started_at) = container.started_at.filter(|_| container.exited.is_none()) else {
                return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "the container does not run"));
            };
            let Behaviour { unsealed, leaks, .. } = cell.behaviour.clone().unwrap_or(default);
            let checks = vec![
                Check::compare("image", spec.image.to_string(), container.image.to_string()),
                Check::compare("account", spec.account.to_string(), container.account.to_string()),
                Check::compare("memory", spec.limits.memory_bytes.to_string(), container.limits.memory_bytes.to_string()),
                Check::compare("seal", "whole", unsealed.unwrap_or_else(|| "whole".to_owned())),
                Check::compare("secrets in clear", "", leaks.unwrap_or_default()),
            ];
            Ok(Some(Proof { at: now, container: container.id.clone(), started_at, image: container.image.clone(), checks }))
        })
        .await
    }

    async fn snapshot(&self, id: DeploymentId, number: u64) -> Result<Snapshot, RuntimeError> {
        self.verb(|world, now| {
            world.fits()?;
            let cell = world.at_rest(id)?;
            let made = Snapshot { number, taken_at: now, bytes: cell.text.len() as u64, took_ms: 0, method: super::CopyMethod::Reflink };
            let (snapshot, fresh) = match cell.snapshots.get(&number) {
                Some((snapshot, _)) => (snapshot.clone(), false),
                None => {
                    cell.snapshots.insert(number, (made.clone(), cell.text.clone()));
                    (made, true)
                }
            };
            Ok((!(fresh && Self::effect(world, id, "snapshot"))).then_some(snapshot))
        })
        .await
    }

    async fn rehearse(&self, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Rehearsal, RuntimeError> {
        self.verb(|world, _| {
            let id = spec.deployment;
            let of_image = world.of_images.get(&spec.image).unwrap_or(&world.behaviour);
            let cell = world.cells.get(&id).filter(|cell| cell.data);
            let cell = cell.ok_or_else(|| RuntimeError::new(RuntimeErrorKind::NotFound, "there is no data to rehearse with"))?;
            let behaviour = cell.behaviour.as_ref().unwrap_or(of_image);
            let text = match snapshot {
                Some(number) => &cell.kept(number)?.1,
                None => &cell.text,
            };
            let refused = behaviour.rejects.as_ref().and_then(|rejects| rejects(&spec.config));
            let fell = behaviour.fails_rehearsals.then(|| "the gateway did not start on a copy of the data".to_owned());
            let newer = (behaviour.refuses_data.as_ref() == Some(text)).then(|| "its data is newer than this build".to_owned());
            let findings: Vec<String> = refused.into_iter().chain(fell).chain(newer).collect();
            Ok((!Self::effect(world, id, "rehearsed")).then_some(Rehearsal { passed: findings.is_empty(), findings }))
        })
        .await
    }

    async fn room(&self, _id: DeploymentId) -> Result<(), RuntimeError> {
        self.verb(|world, _| world.fits().map(Some)).await
    }

    async fn drain(&self, id: DeploymentId) -> Result<Drain, RuntimeError> {
        self.verb(|world, now| {
            let default = world.default_for(id);
            let Some(cell) = world.cells.get_mut(&id) else { return Ok(Some(Drain::Idle)) };
            let busy_ms = cell.behaviour.as_ref().unwrap_or(&default).busy_ms;
            let Some(container) = cell.container.as_mut().filter(|container| container.runs()) else { return Ok(Some(Drain::Idle)) };
            let since = *container.draining.get_or_insert(now);
            let works = now.millis_since(since) < busy_ms;
            Ok(Some(if works { Drain::Working { what: "1 active request".to_owned() } } else { Drain::Idle }))
        })
        .await
    }

    async fn undrain(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        self.verb(|world, _| {
            if let Some(container) = world.cells.get_mut(&id).and_then(|cell| cell.container.as_mut()) {
                container.draining = None;
            }
            Ok(Some(()))
        })
        .await
    }

    async fn restore(&self, id: DeploymentId, restore: Restore) -> Result<(), RuntimeError> {
        self.verb(|world, _| {
            let cell = world.at_rest(id)?;
            if cell.restored == Some(restore) {
                return Ok(Some(()));
            }
            cell.text = cell.kept(restore.snapshot)?.1.clone();
            cell.restored = Some(restore);
            Ok((!Self::effect(world, id, "restored")).then_some(()))
        })
        .await
    }

    async fn forget(&self, id: DeploymentId, number: u64) -> Result<(), RuntimeError> {
        self.verb(|world, _| {
            let gone = world.cells.get_mut(&id).is_some_and(|cell| cell.snapshots.remove(&number).is_some());
            Ok((!(gone && Self::effect(world, id, "forgotten"))).then_some(()))
        })
        .await
    }

    async fn stop(&self, id: DeploymentId, _grace_seconds: u32) -> Result<(), RuntimeError> {
        self.verb(|world, now| {
            let running = world.cells.get_mut(&id).and_then(|cell| cell.container.as_mut()).filter(|container| container.runs());
            let Some(container) = running else { return Ok(Some(())) };
            container.exited = Some((now, 0, false, vec!["shutdown completed cleanly".to_owned()]));
            world.tell(id);
            Ok((!Self::effect(world, id, "stopped")).then_some(()))
        })
        .await
    }

    async fn remove(&self, id: DeploymentId, scope: Scope) -> Result<(), RuntimeError> {
        self.verb(|world, _| {
            let Some(cell) = world.cells.get_mut(&id) else { return Ok(Some(())) };
            if cell.container.take().is_some() && Self::effect(world, id, "removed") {
                return Ok(None);
            }
            let Some(cell) = world.cells.get_mut(&id) else { return Ok(Some(())) };
            cell.config = None;
            cell.secrets = None;
            if cell.network.take().is_some() && Self::effect(world, id, "network removed") {
                return Ok(None);
            }
            if scope == Scope::Everything {
                world.cells.remove(&id);
                if Self::effect(world, id, "data removed") {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
    }

    async fn quarantine(&self, container: &str) -> Result<(), RuntimeError> {
        self.verb(|world, now| {
            if let Some((running, since)) = world.strays.get_mut(container) {
                *running = false;
                since.get_or_insert(now);
                return Ok(Some(()));
            }
            for cell in world.cells.values_mut() {
                if let Some(found) = cell.container.as_mut().filter(|found| found.id == container) {
                    found.exited.get_or_insert((now, 0, false, Vec::new()));
                    cell.container = None;
                    world.strays.insert(container.to_owned(), (false, Some(now)));
                    return Ok(Some(()));
                }
            }
            Err(RuntimeError::new(RuntimeErrorKind::NotFound, "there is no such container"))
        })
        .await
    }

    async fn discard(&self, container: &str) -> Result<(), RuntimeError> {
        self.verb(|world, _| match world.strays.get(container) {
            Some((_, Some(_))) => {
                world.strays.remove(container);
                Ok(Some(()))
            }
            Some((_, None)) => Err(RuntimeError::new(RuntimeErrorKind::Refused, "only a container in quarantine can be discarded")),
            None => Ok(Some(())),
        })
        .await
    }

    async fn logs(&self, id: DeploymentId, query: LogQuery) -> Result<BoxStream<Result<LogLine, RuntimeError>>, RuntimeError> {
        let mut world = self.check_up()?;
        let feed = Feed::default();
        let mut nothing = Cell::default();
        let cell = world.cells.get_mut(&id).unwrap_or(&mut nothing);
        let tail = usize::try_from(query.tail).unwrap_or(LOG_LINES).min(cell.logs.len());
        for line in cell.logs.iter().skip(cell.logs.len() - tail) {
            feed.push(Ok(line.clone()));
        }
        if query.follow {
            cell.readers.push(feed.clone());
        } else {
            feed.close();
        }
        Ok(Box::pin(feed.reader()))
    }

    async fn stats(&self, id: DeploymentId) -> Result<Stats, RuntimeError> {
        let world = self.check_up()?;
        let Some(container) = world.cells.get(&id).and_then(|cell| cell.container.as_ref()).filter(|container| container.exited.is_none()) else {
            return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "the agent does not run, so there is nothing to measure"));
        };
        Ok(Stats {
            at: (self.clock)(),
            cpu_millis: 20,
            cpu_limit_millis: u64::from(container.limits.cpu_millis),
            memory_bytes: 600 << 20,
            memory_limit_bytes: container.limits.memory_bytes,
            pids: 30,
            network_received_bytes: 0,
            network_sent_bytes: 0,
        })
    }

    async fn capacity(&self) -> Result<Capacity, RuntimeError> {
        let world = self.check_up()?;
        let running = world.cells.values().filter(|cell| cell.container.as_ref().is_some_and(|container| container.runs())).count();
        let default = Capacity {
            at: (self.clock)(),
            driver: "fake".to_owned(),
            engine_version: "in memory".to_owned(),
            cpus: 64,
            memory_total_bytes: 1 << 40,
            memory_available_bytes: 1 << 40,
            disk_total_bytes: 1 << 42,
            disk_available_bytes: 1 << 42,
            containers_running: 0,
            warnings: vec!["this runtime is a fake: nothing runs".to_owned()],
        };
        let capacity = world.capacity.clone().unwrap_or(default);
        Ok(Capacity { at: (self.clock)(), containers_running: u64::try_from(running).unwrap_or(u64::MAX), ..capacity })
    }

    async fn events(&self) -> Result<BoxStream<DeploymentId>, RuntimeError> {
        let feed = Feed::default();
        self.check_up()?.watchers.push(feed.clone());
        Ok(Box::pin(feed.reader()))
    }
}

struct Queue<T> {
    items: VecDeque<T>,
    waker: Option<Waker>,
    closed: bool,
}

/// One writer's end of a bounded queue; what does not fit is dropped, so that a slow reader costs no memory.
struct Feed<T>(Arc<Mutex<Queue<T>>>);

/// The reader's end. Dropping it tells the writer.
struct Reader<T>(Arc<Mutex<Queue<T>>>);

impl<T> Clone for Feed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Feed<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Queue { items: VecDeque::new(), waker: None, closed: false })))
    }
}

impl<T> Feed<T> {
    /// False when nobody reads any more.
    fn push(&self, item: T) -> bool {
        let mut queue = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if queue.closed {
            return false;
        }
        if queue.items.len() < 10_000 {
            queue.items.push_back(item);
        }
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
        true
    }

    fn close(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).closed = true;
    }

    fn reader(&self) -> Reader<T> {
        Reader(Arc::clone(&self.0))
    }
}

impl<T> Stream for Reader<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut queue = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match queue.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if queue.closed => Poll::Ready(None),
            None => {
                queue.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).closed = true;
    }
}
