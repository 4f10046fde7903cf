//! What an account may have, and how much of it is used.

use serde::{Deserialize, Serialize};

use crate::quota::QuotaKind;
use crate::time::Timestamp;

/// One limit of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LimitOut {
    pub limit: QuotaKind,
    /// What is counted, in words.
    pub title: String,
    /// Absent where each thing has a count of its own, as the changes of each deployment have.
    pub used: Option<u64>,
    pub allowed: u64,
    /// When the oldest that counts is forgotten, where time helps.
    pub frees_at: Option<Timestamp>,
    /// Whether an operator has set it for this account.
    pub own: bool,
}

/// How often one address or account may call what is costly: a bucket that fills again evenly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RateOut {
    /// The `code` of the problem when it is used up.
    pub limit: String,
    pub title: String,
    /// At once, and in each period.
    pub allowed: u32,
    pub period_seconds: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LimitsOut {
    pub limits: Vec<LimitOut>,
    pub rates: Vec<RateOut>,
}

/// What an operator allows one account instead of the settings' limit.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    /// 0 to 1,000,000.
    pub allowed: u32,
    /// Why, 1 to 200 characters.
    pub note: String,
}

/// Which limit was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LimitProblem {
    pub limit: String,
    pub used: u64,
    pub allowed: u64,
    /// When some of it is free again, where time helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frees_at: Option<Timestamp>,
}
