//! Plans: what a deployment may use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::runtime::Limits;

/// The plans, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanName {
    /// Starter's size for a limited time.
    Trial,
    Starter,
    Pro,
    Team,
}

/// One plan: its size and its promises.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub name: PlanName,
    pub title: &'static str,
    pub limits: Limits,
    pub log_retention_days: u16,
    /// A deployment of this plan ends by itself unless its owner moves it to another.
    pub expires: bool,
}

const GIB: u64 = 1024 * 1024 * 1024;

const fn limits(cpu_millis: u32, memory_gib: u64, storage_gib: u64) -> Limits {
    // OpenClaw idles at about 30 processes and threads; 256 leaves room for tools and stops a fork bomb.
    Limits { cpu_millis, memory_bytes: memory_gib * GIB, storage_bytes: storage_gib * GIB, pids: 256 }
}

impl PlanName {
    pub const ALL: [Self; 4] = [Self::Trial, Self::Starter, Self::Pro, Self::Team];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Starter => "starter",
            Self::Pro => "pro",
            Self::Team => "team",
        }
    }

    pub const fn plan(self) -> Plan {
        match self {
            Self::Trial => Plan { name: self, title: "Trial", limits: limits(500, 1, 10), log_retention_days: 7, expires: true },
            Self::Starter => Plan { name: self, title: "Starter", limits: limits(500, 1, 10), log_retention_days: 7, expires: false },
            Self::Pro => Plan { name: self, title: "Pro", limits: limits(1000, 2, 25), log_retention_days: 30, expires: false },
            Self::Team => Plan { name: self, title: "Team", limits: limits(2000, 4, 50), log_retention_days: 30, expires: false },
        }
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of trial, starter, pro, team")]
pub struct ParsePlanError;

impl FromStr for PlanName {
    type Err = ParsePlanError;

    fn from_str(text: &str) -> Result<Self, ParsePlanError> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == text).ok_or(ParsePlanError)
    }
}
