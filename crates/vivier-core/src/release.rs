//! What is said of a release: whether its vulnerabilities were looked at, and whether it was taken back.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What the gate made of a release's known vulnerabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Compared with a recent database, and nothing found that the policy does not accept.
    Passed,
    /// Something was found that the policy does not accept. It does not start, whoever wants it.
    Failed,
    /// Not compared with anything, or with too old a database: nothing is known. It starts only when the operator has accepted that.
    Unscanned,
}

impl Verdict {
    pub const ALL: [Self; 3] = [Self::Passed, Self::Failed, Self::Unscanned];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unscanned => "unscanned",
        }
    }

    /// One line for a person. `accepted` is the operator's reason for starting it unscanned.
    pub fn words(self, accepted: Option<&str>) -> String {
        match (self, accepted) {
            (Self::Passed, _) => "scanned: passed".to_owned(),
            (Self::Failed, _) => "scanned: failed".to_owned(),
            (Self::Unscanned, Some(reason)) => format!("not scanned: accepted by the operator: {reason}"),
            (Self::Unscanned, None) => "not scanned".to_owned(),
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A release that was taken back: it is not started any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Withdrawal {
    /// In the operator's words; shown to tenants.
    pub reason: String,
    pub at: Timestamp,
}
