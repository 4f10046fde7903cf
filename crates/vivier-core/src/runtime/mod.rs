//! The contract with whatever runs the agents: Docker today, Kubernetes and Fargate tomorrow, a fake in fast tests.
//!
//! Few verbs, level-triggered and idempotent: each may be repeated at any time, each names what it makes from the deployment's
//! id, and a look that fails is an error, never "absent". `serve` decides *what*; a runtime decides nothing except to refuse.

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod fake;
pub mod net;
pub mod proof;
pub mod spec;

use std::pin::Pin;

use futures_core::Stream;
use serde::{Deserialize, Serialize};

pub use self::net::Subnet;
pub use self::proof::{Check, Proof};
pub use self::spec::{Limits, SecretsDocument, Stage, WorkloadSpec};
use crate::digest::Digest;
use crate::id::DeploymentId;
use crate::time::Timestamp;
use crate::usage::Usage;

pub type BoxStream<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// What runs agents.
#[async_trait::async_trait]
pub trait Runtime: Send + Sync {
    /// Looks at one deployment. An `Err` means *unknown*.
    async fn observe(&self, id: DeploymentId) -> Result<Observation, RuntimeError>;

    /// Every deployment of this installation that has anything here (container, network or data): for adoption and orphans.
    async fn inventory(&self) -> Result<Vec<Resident>, RuntimeError>;

    /// Brings the deployment up to `stage`, and not beyond. Stages that are reached already are left as they are, but a
    /// container that runs something else than `spec` is replaced at [`Stage::Workload`].
    async fn apply(&self, spec: &WorkloadSpec, stage: Stage) -> Result<(), RuntimeError>;

    /// Delivers a changed configuration and changed texts of secrets to the *running* gateway and returns when the gateway has taken
    /// them. `Err(Rejected)` when the gateway refuses: what it refused it then still has as before.
    async fn reload(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError>;

    /// Reads hardening, limits and isolation back from the running container and compares them with `spec`.
    async fn prove(&self, spec: &WorkloadSpec) -> Result<Proof, RuntimeError>;

    /// Keeps a copy of the data as snapshot `number`. One that is complete is left as it is. Nothing may be running:
    /// `Err(Conflict)`. `Err(Capacity)`, before anything is copied, when the copy would not fit.
    async fn snapshot(&self, id: DeploymentId, number: u64) -> Result<Snapshot, RuntimeError>;

    /// Tries `spec` without touching the agent: on a copy of the data (or of the snapshot that it is to start on), in a container of
    /// its own with the same limits and no network, until the gateway says that it has started or that it will not. Leaves nothing
    /// behind.
    async fn rehearse(&self, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Rehearsal, RuntimeError>;

    /// Whether a snapshot taken now would fit. `Err(Capacity)` says what is missing. The agent may run.
    async fn room(&self, id: DeploymentId) -> Result<(), RuntimeError>;

    /// Puts the data back to a snapshot, whole or not at all; what was put back once for `restore.revision` is not put back
    /// again. Nothing may be running: `Err(Conflict)`. `Err(NotFound)` when the snapshot is gone.
    async fn restore(&self, id: DeploymentId, restore: Restore) -> Result<(), RuntimeError>;

    /// Takes a snapshot away. What is gone already is fine.
    async fn forget(&self, id: DeploymentId, number: u64) -> Result<(), RuntimeError>;

    /// Asks a running gateway to begin nothing new and to finish what it has begun, as one does before it is stopped. Asked again until
    /// it is idle. One that is not stopped within two minutes of the last time begins to take work again by itself. Where there is no
    /// gateway that could be asked, there is nobody to wait for.
    async fn drain(&self, id: DeploymentId) -> Result<Drain, RuntimeError>;

    /// Takes a [`drain`](Runtime::drain) back: the gateway takes work again at once. Nothing to take back: nothing to do.
    async fn undrain(&self, id: DeploymentId) -> Result<(), RuntimeError>;

    /// Stops the container and waits for it, for at most `grace_seconds` before it is killed. No container: nothing to do.
    async fn stop(&self, id: DeploymentId, grace_seconds: u32) -> Result<(), RuntimeError>;

    /// Removes what `scope` names. What is gone already is fine.
    async fn remove(&self, id: DeploymentId, scope: Scope) -> Result<(), RuntimeError>;

    /// Stops a container that no deployment owns and marks it with the date, so that it can be looked at for a while.
    async fn quarantine(&self, container: &str) -> Result<(), RuntimeError>;

    /// Takes a quarantined container away for good.
    async fn discard(&self, container: &str) -> Result<(), RuntimeError>;

    /// The last `tail` lines and, with `follow`, every line to come. Dropping the stream ends it; a slow reader slows only
    /// its own stream.
    async fn logs(&self, id: DeploymentId, query: LogQuery) -> Result<BoxStream<Result<LogLine, RuntimeError>>, RuntimeError>;

    /// CPU and memory now.
    async fn stats(&self, id: DeploymentId) -> Result<Stats, RuntimeError>;

    /// The counters of its container and the size of its data, for what has been used. An agent that does not run, or is not there at
    /// all, has nothing to count: no error.
    async fn usage(&self, id: DeploymentId) -> Result<Usage, RuntimeError>;

    /// What this host has and has left.
    async fn capacity(&self) -> Result<Capacity, RuntimeError>;

    /// Ids whose world has changed (a container died, say). A hint only: a lost one costs one tick.
    async fn events(&self) -> Result<BoxStream<DeploymentId>, RuntimeError>;
}

/// What a gateway that is about to be stopped still does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "drain")]
pub enum Drain {
    Idle,
    Working {
        /// Such as `1 active request`, in the gateway's words.
        what: String,
    },
}

/// What [`Runtime::remove`] takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Container, network, firewall rules, delivered configuration and secrets. The data stays.
    Workload,
    /// The data as well.
    Everything,
}

/// What one look saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub deployment: DeploymentId,
    pub at: Timestamp,
    /// The data volume exists.
    pub data: bool,
    /// Network and firewall rules exist, on this subnet.
    pub network: Option<Subnet>,
    /// The configuration that is delivered, by digest.
    pub config: Option<Digest>,
    /// The version of the secrets that are delivered, and that a running gateway has taken.
    pub secrets: Option<u64>,
    /// Oldest first.
    #[serde(default)]
    pub snapshots: Vec<Snapshot>,
    /// What the data was last put back to.
    #[serde(default)]
    pub restored: Option<Restore>,
    pub container: Option<Container>,
}

/// A copy of a deployment's data at a moment when nothing wrote to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Snapshot {
    /// The revision that was about to start: this is the data from before it.
    pub number: u64,
    pub taken_at: Timestamp,
    /// Of the data; on disk it may take less.
    pub bytes: u64,
    pub took_ms: u64,
    pub method: CopyMethod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CopyMethod {
    /// The file system shares the blocks until one side is written.
    Reflink,
    /// What had changed since the snapshot before was copied.
    Copy,
}

/// What came of trying a specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The gateway started on the copy.
    pub passed: bool,
    /// What OpenClaw said against it, in its own words; with the configuration's path where it names one. At most 20.
    pub findings: Vec<String>,
}

/// Which data a revision is to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// [`Snapshot::number`].
    pub snapshot: u64,
    /// On behalf of this revision, once.
    pub revision: u64,
}

/// A container that was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// The engine's id of it; a replaced container has another.
    pub id: String,
    pub image: Digest,
    /// [`WorkloadSpec::fingerprint`] of the specification that it was made from.
    pub fingerprint: Digest,
    pub phase: ContainerPhase,
    /// Where the edge reaches the gateway, while it runs.
    pub address: Option<std::net::SocketAddr>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum ContainerPhase {
    /// Made, never started.
    Created,
    Running {
        started_at: Timestamp,
        health: Health,
    },
    Exited {
        finished_at: Timestamp,
        exit_code: i64,
        out_of_memory: bool,
        /// The last lines it wrote, for the reason that the owner is shown. At most 20.
        last_lines: Vec<String>,
    },
}

/// What the gateway says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `/startupz` has answered 200: the truth about a start.
    pub started: bool,
    /// `/readyz` has answered 200.
    pub ready: bool,
    /// What does not work, such as `telegram`, by `/readyz` or by OpenClaw's account of its channels: the agent runs, but degraded.
    pub failing: Vec<String>,
    /// OpenClaw's own words on what is failing, where it has any.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub reasons: std::collections::BTreeMap<String, String>,
}

/// One thing of this installation that a host holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// `None` for a container that carries our label but no readable deployment.
    pub deployment: Option<DeploymentId>,
    /// The container's engine id and name, when there is one.
    pub container: Option<String>,
    pub name: Option<String>,
    pub running: bool,
    /// Since when it has been in quarantine.
    pub quarantined_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogQuery {
    /// At most 10,000.
    pub tail: u32,
    pub follow: bool,
}

/// One line of an agent's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLine {
    pub at: Timestamp,
    /// `trace`, `debug`, `info`, `warn`, `error` or `fatal`, where the line says.
    pub level: Option<String>,
    pub subsystem: Option<String>,
    /// At most 16 KiB; what was longer ends in `…`.
    pub text: String,
}

/// CPU and memory of one agent now.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Stats {
    pub at: Timestamp,
    /// Thousandths of a core, over about the last second.
    pub cpu_millis: u64,
    pub cpu_limit_millis: u64,
    /// Bytes in use without the page cache that can be dropped.
    pub memory_bytes: u64,
    pub memory_limit_bytes: u64,
    pub pids: u64,
    pub network_received_bytes: u64,
    pub network_sent_bytes: u64,
}

/// What a host has and has left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Capacity {
    pub at: Timestamp,
    /// `docker`, `fake`, …
    pub driver: String,
    pub engine_version: String,
    pub cpus: u64,
    pub memory_total_bytes: u64,
    pub memory_available_bytes: u64,
    pub disk_total_bytes: u64,
    pub disk_available_bytes: u64,
    /// Of this installation.
    pub containers_running: u64,
    /// What the host cannot enforce, in sentences, such as a missing disk quota.
    pub warnings: Vec<String>,
}

/// Why a verb failed. `Display` is the sentence for the owner's timeline; `detail` is for the operator's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct RuntimeError {
    pub kind: RuntimeErrorKind,
    pub message: String,
    /// The engine's own words. Never shown to a tenant.
    #[serde(default)]
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeErrorKind {
    /// The host or its engine did not answer: nothing is known; try again.
    Unreachable,
    /// Something is (still) in the way, such as a subnet in use: another choice may work.
    Conflict,
    /// The host has no room.
    Capacity,
    /// The host's own policy says no; repeating it changes nothing.
    Refused,
    /// The gateway says no to its configuration.
    Rejected,
    /// The image is absent or not the one that was named.
    Image,
    NotFound,
    /// Anything else; a later try may work.
    Failed,
}

impl RuntimeError {
    pub fn new(kind: RuntimeErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: String::new() }
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl std::fmt::Display) -> Self {
        self.detail = detail.to_string();
        self
    }

    /// Repeating the same call may work.
    pub const fn is_transient(&self) -> bool {
        match self.kind {
            RuntimeErrorKind::Unreachable | RuntimeErrorKind::Conflict | RuntimeErrorKind::Capacity | RuntimeErrorKind::NotFound | RuntimeErrorKind::Failed => {
                true
            }
            RuntimeErrorKind::Refused | RuntimeErrorKind::Rejected | RuntimeErrorKind::Image => false,
        }
    }
}
