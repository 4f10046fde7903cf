//! What exists in the fake: deployments as cells, their containers, and how gateways behave.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use crate::digest::Digest;
use crate::id::DeploymentId;
use crate::runtime::{Capacity, LogLine, Restore, RuntimeError, RuntimeErrorKind, Snapshot, Subnet};
use crate::secret::Secret;
use crate::time::Timestamp;

use super::feed::Feed;
use super::{Behaviour, LOG_LINES};

pub(super) struct FakeContainer {
    pub id: String,
    pub image: Digest,
    pub fingerprint: Digest,
    pub account: crate::id::AccountId,
    pub started_at: Option<Timestamp>,
    pub exited: Option<(Timestamp, i64, bool, Vec<String>)>,
    pub address: std::net::SocketAddr,
    pub limits: crate::runtime::Limits,
    /// Since when it has been asked to finish.
    pub draining: Option<Timestamp>,
}

impl FakeContainer {
    pub const fn runs(&self) -> bool {
        self.started_at.is_some() && self.exited.is_none()
    }
}

#[derive(Default)]
pub(super) struct Cell {
    pub data: bool,
    /// What the data says: written by tests, or by gateways as their behaviour says.
    pub text: String,
    pub snapshots: BTreeMap<u64, (Snapshot, String)>,
    pub restored: Option<Restore>,
    pub network: Option<Subnet>,
    pub config: Option<Value>,
    pub secrets: Option<u64>,
    /// What the gateway uses: what was delivered when it started, or was reloaded.
    pub used: BTreeMap<String, Secret>,
    pub container: Option<FakeContainer>,
    pub behaviour: Option<Behaviour>,
    pub logs: VecDeque<LogLine>,
    pub readers: Vec<Feed<Result<LogLine, RuntimeError>>>,
}

#[derive(Default)]
pub(super) struct World {
    pub cells: BTreeMap<DeploymentId, Cell>,
    pub images: BTreeSet<Digest>,
    pub behaviour: Behaviour,
    pub of_images: BTreeMap<Digest, Behaviour>,
    /// Every verb fails with this.
    pub down: Option<RuntimeError>,
    /// Side effects that may still happen before the caller "dies".
    pub fuse: Option<u64>,
    pub blown: bool,
    pub effects: Vec<String>,
    pub containers_made: u64,
    pub strays: BTreeMap<String, (bool, Option<Timestamp>)>,
    pub watchers: Vec<Feed<DeploymentId>>,
    pub capacity: Option<Capacity>,
    pub disk_full: bool,
    /// What each agent's data takes; `None`: 100 MiB.
    pub storage_bytes: Option<u64>,
}

impl World {
    /// How a gateway behaves that has no behaviour of its own: as its image does.
    pub fn default_for(&self, id: DeploymentId) -> Behaviour {
        let image = self.cells.get(&id).and_then(|cell| cell.container.as_ref()).map(|container| &container.image);
        image.and_then(|image| self.of_images.get(image)).unwrap_or(&self.behaviour).clone()
    }

    pub fn fits(&self) -> Result<(), RuntimeError> {
        if self.disk_full {
            return Err(RuntimeError::new(RuntimeErrorKind::Capacity, "the host's disk has no room for a snapshot of the data; the operator can make some"));
        }
        Ok(())
    }

    /// The data, while nothing can write to it.
    pub fn at_rest(&mut self, id: DeploymentId) -> Result<&mut Cell, RuntimeError> {
        let cell = self.cells.get_mut(&id).filter(|cell| cell.data);
        let cell = cell.ok_or_else(|| RuntimeError::new(RuntimeErrorKind::NotFound, "there is no data"))?;
        match &cell.container {
            Some(container) if container.runs() => {
                Err(RuntimeError::new(RuntimeErrorKind::Conflict, "the agent is running: its data cannot be copied or put back"))
            }
            Some(_) | None => Ok(cell),
        }
    }

    pub fn tell(&mut self, id: DeploymentId) {
        self.watchers.retain(|feed| feed.push(id));
    }
}

impl Cell {
    pub fn write(&mut self, at: Timestamp, level: &str, text: &str) {
        let line = LogLine { at, level: Some(level.to_owned()), subsystem: Some("gateway".to_owned()), text: text.to_owned() };
        if self.logs.len() == LOG_LINES {
            self.logs.pop_front();
        }
        self.readers.retain(|feed| feed.push(Ok(line.clone())));
        self.logs.push_back(line);
    }

    pub fn kept(&self, number: u64) -> Result<&(Snapshot, String), RuntimeError> {
        self.snapshots.get(&number).ok_or_else(|| RuntimeError::new(RuntimeErrorKind::NotFound, format!("snapshot {number} is not kept any more")))
    }

    /// Lets the time that has passed happen.
    pub fn age(&mut self, now: Timestamp, default: &Behaviour) {
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
