//! The audit log, as the public API shows it, and what its verification found.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, UserId};
use crate::time::Timestamp;

/// What came of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    Done,
    /// It was not allowed: nothing was changed.
    Refused,
    /// It was allowed, and did not work.
    Failed,
}

impl AuditOutcome {
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntryOut {
    /// Its place in the chain of the whole installation, from 1.
    pub seq: u64,
    pub at: Timestamp,
    /// Whose thing it was; absent for the installation's own.
    pub account: Option<AccountId>,
    /// An address of mail, `operator` and an address, or the name of a part of Vivier; absent when it was made unreadable.
    pub actor: Option<String>,
    /// Who acted, as an id; absent for Vivier itself.
    pub user: Option<UserId>,
    /// Such as `token.create`.
    pub action: String,
    /// The id of what it was done to.
    pub subject: String,
    pub outcome: AuditOutcome,
    /// The address that it came from; absent for this machine.
    pub from: Option<String>,
    /// What was changed. Never a secret.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// SHA-256 over this line and the one before it, in hexadecimal.
    pub hash: String,
}

/// Where the chain ends. Keep it elsewhere: with it the end can be shown to be complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditHead {
    /// The number of the last row.
    pub place: u64,
    /// Its hash, in hexadecimal.
    pub hash: String,
    /// Names the chain.
    pub chain: String,
}

/// What is wrong with a row, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditTrouble {
    /// It does not say what was written.
    Altered,
    /// It was taken away from the middle.
    Missing,
    /// Rows were taken away from the end.
    Truncated,
    /// Somebody else wrote a row beside the chain.
    Stray,
    /// Its names were made unreadable, and nothing says why.
    Unexplained,
    /// The end was not sealed by this installation.
    End,
    /// A head that was kept elsewhere does not fit.
    Kept,
    /// Vivier itself has found the log altered, while it ran.
    Noticed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditFinding {
    /// The number of the row; absent where it is about none.
    pub place: Option<u64>,
    pub trouble: AuditTrouble,
    /// What was found, in words.
    pub message: String,
}

/// What a verification of the whole log has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditReport {
    /// Rows that were read.
    pub rows: u64,
    /// Of these, those whose names were made unreadable with their account.
    pub forgotten: u64,
    /// Where the chain ends; absent when somebody took the end away.
    pub head: Option<AuditHead>,
    /// The first fifty.
    pub findings: Vec<AuditFinding>,
    /// All of them; 0: the log is what was written.
    pub count: u64,
}
