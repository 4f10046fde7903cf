//! Jobs: what is to be done once, later, such as a mail to send. Only operators see them.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, JobId};
use crate::time::Timestamp;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Sends one mail.
    Mail,
    /// Sends a link that sets a password anew to an address, if somebody has it.
    PasswordReset,
}

impl JobKind {
    pub const ALL: [Self; 2] = [Self::Mail, Self::PasswordReset];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::PasswordReset => "password_reset",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// To be done: its time has not come, it is being done, or it is tried again.
    Waiting,
    Done,
    /// Given up. It stays until an operator tries it again or discards it.
    Dead,
}

impl JobState {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Done, Self::Dead];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

/// A job, without what it carries: that may be somebody's one-time link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JobOut {
    pub id: JobId,
    pub kind: JobKind,
    pub state: JobState,
    /// Whose it is; absent for the installation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Jobs of one serial key are done one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// How often it has been begun.
    pub attempts: u64,
    pub created_at: Timestamp,
    /// When it is due, or was.
    pub run_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Why it did not work the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
