//! A runtime in memory: for speed and for faults, never the only proof.
//!
//! It keeps the contract exactly (the conformance suite runs on it), and it can be told to misbehave: gateways that never
//! start, crash or refuse their configuration; an engine that does not answer; a caller that dies after the n-th side effect.

mod feed;
mod verbs;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

use super::{Capacity, RuntimeError};
use crate::digest::Digest;
use crate::id::DeploymentId;
use crate::time::Timestamp;

use self::world::World;

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

    /// What each agent's data takes.
    pub fn set_storage(&self, bytes: u64) {
        self.lock().storage_bytes = Some(bytes);
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
