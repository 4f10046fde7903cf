//! What an operator sees.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{DeploymentId, ReleaseId};
use crate::name::Email;
use crate::release::{Verdict, Withdrawal};
use crate::runtime::Capacity;
use crate::time::Timestamp;

use super::agents::DeploymentOut;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HostOut {
    pub name: String,
    /// Whether it answered the last look, and when that was.
    pub reachable: bool,
    pub observed_at: Option<Timestamp>,
    pub capacity: Option<Capacity>,
    /// What plans have promised, in bytes and thousandths of a core.
    pub reserved_memory_bytes: u64,
    pub reserved_cpu_millis: u64,
    /// New work is refused above this share of memory, 0 to 1.
    pub memory_ceiling: f64,
    /// Whether a new deployment would be admitted, and why not.
    pub admits: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub deployments: u64,
    pub queue_length: u64,
}

/// A deployment with its owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OwnedDeploymentOut {
    pub owner: Email,
    #[serde(flatten)]
    pub deployment: DeploymentOut,
}

/// A container that carries our label and that no deployment owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QuarantineOut {
    pub container: String,
    pub name: String,
    pub deployment: Option<DeploymentId>,
    pub since: Timestamp,
    /// When it is taken away for good.
    pub discard_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReleaseOut {
    pub id: ReleaseId,
    pub image: Digest,
    pub openclaw_version: String,
    pub node_version: String,
    pub size_bytes: u64,
    pub created_at: Timestamp,
    /// New deployments get it.
    pub is_default: bool,
    pub deployments: u64,
    /// What the operator says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    pub verdict: Verdict,
    /// Why the operator starts it although it is unscanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// It was taken back: agents that run it go on, and none is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Withdrawal>,
    /// The key that has signed it, as `sha256:` of its public half.
    pub signed_by: String,
}

/// Takes a release back.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWithdrawal {
    /// 1 to 500 letters; tenants are shown it.
    pub reason: String,
}
