//! The operator's console: accounts, looks at them, and what the nightly comparison has found.

use serde::{Deserialize, Serialize};

use super::agents::DeploymentOut;
use super::limits::LimitOut;
use crate::credits::Credits;
use crate::id::{AccountId, LookId, UserId};
use crate::name::Email;
use crate::quota::QuotaKind;
use crate::time::Timestamp;
use crate::wire::accounts::MemberRole;

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConsoleAccountOut {
    pub id: AccountId,
    pub name: String,
    /// The owner's address.
    pub owner: Option<Email>,
    pub created_at: Timestamp,
    /// When its owner deleted it.
    pub closed_at: Option<Timestamp>,
    pub members: u64,
    /// Those that are not deleted.
    pub deployments: u64,
    /// Of these, those that an operator or billing holds.
    pub held: u64,
    pub open_tickets: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConsoleMemberOut {
    pub user: UserId,
    pub email: Email,
    pub role: MemberRole,
    pub operator: bool,
    pub email_verified_at: Option<Timestamp>,
    pub since: Timestamp,
}

/// All that an operator sees of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConsoleAccountDetail {
    #[serde(flatten)]
    pub account: ConsoleAccountOut,
    pub people: Vec<ConsoleMemberOut>,
    /// Newest first; the first hundred.
    pub agents: Vec<DeploymentOut>,
    /// Newest first; the last fifty.
    pub looks: Vec<LookOut>,
    /// What it can pay with beside money.
    pub credits: Credits,
    pub limits: Vec<LimitOut>,
}

/// Another limit for one account.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountLimit {
    pub limit: QuotaKind,
    /// 0 to 1,000,000; absent: what the settings say.
    #[serde(default)]
    pub allowed: Option<u32>,
    /// 1 to 500 characters; the tenant is shown it.
    pub reason: String,
}

/// Why an operator does something to somebody's account.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// 1 to 500 characters; the tenant is shown it.
    pub reason: String,
}

/// A look at somebody's account.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLook {
    /// 1 to 500 characters; the tenant is shown it.
    pub reason: String,
    /// How long it lasts at most: 1 to 240; 30 when absent.
    #[serde(default)]
    pub minutes: Option<u32>,
}

/// One time that an operator looked at an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LookOut {
    pub id: LookId,
    pub account: AccountId,
    pub account_name: String,
    /// Who looked.
    pub operator: String,
    pub reason: String,
    pub from: Timestamp,
    /// When it ended, or will at the latest.
    pub until: Timestamp,
    /// Whether it goes on at this moment.
    pub now: bool,
}

/// What was done to each of an account's agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountHold {
    /// Agents that were changed.
    pub changed: u64,
    /// Agents that were so already.
    pub already: u64,
}
