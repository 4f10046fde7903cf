//! Support tickets, as tenants and operators see them.

use serde::{Deserialize, Serialize};

use super::agents::EventOut;
use crate::id::{AccountId, DeploymentId, SnapshotId, TicketId};
use crate::ticket::TicketState;
use crate::time::Timestamp;

/// A ticket to open.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTicket {
    /// 1 to 150 characters. Operators find tickets by it, so it is not sealed.
    pub subject: String,
    /// 1 to 16,384 bytes.
    pub message: String,
    /// The agent that it is about.
    #[serde(default)]
    pub deployment: Option<DeploymentId>,
    /// What you were shown by `POST /v1/deployments/{id}/support-snapshot` within the last hour, and agree to send. Absent: nothing of
    /// the agent is sent.
    #[serde(default)]
    pub snapshot: Option<SnapshotId>,
}

/// Something to say in a ticket.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReply {
    /// 1 to 16,384 bytes.
    pub message: String,
}

/// Something that an operator says in a ticket.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    /// 1 to 16,384 bytes.
    pub message: String,
    /// A note for operators: the tenant does not see it, and the state stays.
    #[serde(default)]
    pub internal: bool,
    /// The ticket is solved with it.
    #[serde(default)]
    pub solved: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TicketOut {
    pub id: TicketId,
    /// What people call it by.
    pub number: u64,
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    pub deployment: Option<DeploymentId>,
    pub subject: String,
    pub state: TicketState,
    pub opened_by: String,
    pub created_at: Timestamp,
    /// When something was last said or done.
    pub updated_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// Whether the operator can see a snapshot of the agent.
    pub has_snapshot: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TicketMessageOut {
    pub at: Timestamp,
    pub author: String,
    pub from_operator: bool,
    /// A note of the operators'.
    pub internal: bool,
    pub message: String,
}

/// A ticket with all that was said in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TicketDetail {
    #[serde(flatten)]
    pub ticket: TicketOut,
    /// Oldest first.
    pub messages: Vec<TicketMessageOut>,
    /// What the tenant agreed to send; absent when there was none, or when it is destroyed.
    pub snapshot: Option<SupportSnapshot>,
    /// When the snapshot was destroyed.
    pub snapshot_destroyed_at: Option<Timestamp>,
}

/// What an operator is shown of an agent: without a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SupportSnapshot {
    pub taken_at: Timestamp,
    pub name: String,
    pub slug: String,
    pub plan: String,
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub openclaw_version: String,
    pub revision: u64,
    /// The tenant's document, redacted.
    pub config: String,
    /// The last events, newest first, redacted.
    pub events: Vec<EventOut>,
    /// The last lines of the log, redacted.
    pub log: Vec<String>,
}

/// A snapshot to look at before it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnapshotPreview {
    pub id: SnapshotId,
    /// Until then a ticket can be opened with it; without one it is forgotten.
    pub expires_at: Timestamp,
    /// Exactly what the operator would see.
    pub snapshot: SupportSnapshot,
}
