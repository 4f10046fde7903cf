//! From `serve` to `host`: the Runtime contract over HTTP/1.1 on a Unix socket, one route per verb.
//!
//! | route | body | answer |
//! |---|---|---|
//! | `POST /observe` | [`Named`] | `Observation` |
//! | `POST /inventory` | – | `[Resident]` |
//! | `POST /apply` | [`Apply`] | – |
//! | `POST /reload`, `/prove` | `WorkloadSpec` | –, `Proof` |
//! | `POST /rehearse` | [`Rehearse`] | `Rehearsal` |
//! | `POST /snapshot`, `/forget` | [`Numbered`] | `Snapshot`, – |
//! | `POST /room` | [`Named`] | – |
//! | `POST /restore` | [`PutBack`] | – |
//! | `POST /drain`, `/undrain` | [`Named`] | `Drain`, – |
//! | `POST /stop` | [`Stop`] | – |
//! | `POST /remove` | [`Remove`] | – |
//! | `POST /quarantine`, `/discard` | [`ContainerNamed`] | – |
//! | `POST /logs` | [`Logs`] | lines of JSON: [`Streamed`]`<LogLine>` |
//! | `POST /stats` | [`Named`] | `Stats` |
//! | `POST /usage` | [`Named`] | `Usage` |
//! | `POST /capacity` | – | `Capacity` |
//! | `POST /events` | – | lines of JSON: [`Streamed`]`<DeploymentId>` |
//! | `POST /images` | – | `[Image]` |
//! | `POST /withdraw` | [`Withdraw`] | – |
//!
//! Success is 200 with JSON (204 where the answer is empty); a refusal is 422 with a `RuntimeError`.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::DeploymentId;
use crate::release::{Verdict, Withdrawal};
use crate::runtime::{LogQuery, Restore, RuntimeError, Scope, Stage, WorkloadSpec};
use crate::time::Timestamp;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Named {
    pub deployment: DeploymentId,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Apply {
    pub spec: WorkloadSpec,
    pub stage: Stage,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rehearse {
    pub spec: WorkloadSpec,
    /// The snapshot whose data it is tried on; absent: the data as it is.
    pub snapshot: Option<u64>,
}

/// A snapshot of a deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Numbered {
    pub deployment: DeploymentId,
    pub number: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutBack {
    pub deployment: DeploymentId,
    pub restore: Restore,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stop {
    pub deployment: DeploymentId,
    pub grace_seconds: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Remove {
    pub deployment: DeploymentId,
    pub scope: Scope,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContainerNamed {
    pub container: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Logs {
    pub deployment: DeploymentId,
    pub query: LogQuery,
}

/// One line of a streamed answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Streamed<T> {
    Item(T),
    Error(RuntimeError),
    /// Nothing new: shows that the stream lives. Every 15 s.
    Alive,
}

/// Takes a release back, or lets it be started again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Withdraw {
    pub image: Digest,
    /// Absent: it may be started again.
    pub reason: Option<String>,
}

/// A release that the host holds, with a signature that it trusts. It is started unless it was withdrawn or the gate says no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub image: Digest,
    pub openclaw_version: String,
    pub node_version: String,
    pub size_bytes: u64,
    pub built_at: Timestamp,
    /// What the operator says of it.
    pub notes: Option<String>,
    pub verdict: Verdict,
    /// Why the operator starts it although it is unscanned.
    pub accepted: Option<String>,
    pub withdrawn: Option<Withdrawal>,
    /// The key that has signed it.
    pub signed_by: String,
    /// The JSON schema of this version's configuration (`openclaw config schema`), as a path on the host's disk.
    pub config_schema: Option<std::path::PathBuf>,
    /// What is in it, as CycloneDX: a path on the host's disk.
    pub sbom: Option<std::path::PathBuf>,
    /// The signed statement of how it was made (DSSE): a path on the host's disk.
    pub provenance: Option<std::path::PathBuf>,
}

impl Image {
    /// The host would start it.
    pub fn may_start(&self) -> bool {
        self.withdrawn.is_none()
            && match self.verdict {
                Verdict::Passed => true,
                Verdict::Failed => false,
                Verdict::Unscanned => self.accepted.is_some(),
            }
    }
}
