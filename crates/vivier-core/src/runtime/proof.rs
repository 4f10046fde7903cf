//! The proof that a running container is as sealed as it was meant to be: read back, not assumed.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::time::Timestamp;

/// The evidence for one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proof {
    pub at: Timestamp,
    /// The engine's id of the container that was read.
    pub container: String,
    /// When that container's process began: a restarted container needs a new proof.
    pub started_at: Timestamp,
    pub image: Digest,
    pub checks: Vec<Check>,
}

/// One thing that was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Check {
    /// What was compared, such as `capabilities`.
    pub name: String,
    pub expected: String,
    pub found: String,
    pub holds: bool,
}

impl Check {
    pub fn compare(name: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Self { name: name.into(), holds: expected == found, expected, found }
    }
}

impl Proof {
    /// Every check holds, and there was something to check.
    pub fn holds(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.holds)
    }

    /// The differences, in one sentence each.
    pub fn differences(&self) -> Vec<String> {
        self.checks.iter().filter(|check| !check.holds).map(|check| format!("{}: expected {}, found {}", check.name, check.expected, check.found)).collect()
    }
}
