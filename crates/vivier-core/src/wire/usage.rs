//! What was used, as the public API shows it.

use serde::{Deserialize, Serialize};

use crate::id::DeploymentId;
use crate::name::DisplayName;
use crate::time::Timestamp;

/// How long the parts are that usage is told in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageStep {
    Hour,
    #[default]
    Day,
}

impl UsageStep {
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    pub const fn millis(self) -> i64 {
        match self {
            Self::Hour => crate::usage::HOUR_MS,
            Self::Day => crate::usage::DAY_MS,
        }
    }
}

/// What was used in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UsageAmounts {
    /// In which an agent could be reached.
    pub running_seconds: u64,
    /// Of processors.
    pub cpu_seconds: f64,
    /// Memory in use, over time: 2 GB for half an hour is 1. A GB has 1,073,741,824 bytes.
    pub memory_gb_hours: f64,
    /// Data on the disk, over time.
    pub storage_gb_hours: f64,
    /// That agents sent: to visitors, channels and model providers.
    pub egress_bytes: u64,
    /// That agents received.
    pub ingress_bytes: u64,
    /// Absent: not metered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_tokens: Option<u64>,
}

/// One hour or day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UsagePoint {
    /// In UTC.
    pub starts_at: Timestamp,
    #[serde(flatten)]
    pub amounts: UsageAmounts,
}

/// What one deployment used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeploymentUsage {
    pub deployment: DeploymentId,
    /// `deleted` for one whose data is gone.
    pub name: DisplayName,
    #[serde(flatten)]
    pub amounts: UsageAmounts,
}

/// What an account used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UsageOut {
    /// The beginning of the first part, in UTC.
    pub from: Timestamp,
    /// The end of the last part.
    pub to: Timestamp,
    pub step: UsageStep,
    pub total: UsageAmounts,
    /// Every hour or day in which something was used, oldest first.
    pub series: Vec<UsagePoint>,
    /// Most running time first.
    pub deployments: Vec<DeploymentUsage>,
}
