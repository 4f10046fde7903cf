//! How much of what one account may have: the names of the limits, and what helps when one is met.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::plan::PlanName;

/// What is counted against a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaKind {
    TrialDeployments,
    StarterDeployments,
    ProDeployments,
    TeamDeployments,
    DeploysPerHour,
    /// Revisions of one deployment that people asked for: configurations, secrets, releases, ways back.
    ChangesPerHour,
    Tokens,
    Members,
    InvitationsPerDay,
    OpenTickets,
    TicketsPerDay,
}

impl QuotaKind {
    pub const ALL: [Self; 11] = [
        Self::TrialDeployments,
        Self::StarterDeployments,
        Self::ProDeployments,
        Self::TeamDeployments,
        Self::DeploysPerHour,
        Self::ChangesPerHour,
        Self::Tokens,
        Self::Members,
        Self::InvitationsPerDay,
        Self::OpenTickets,
        Self::TicketsPerDay,
    ];

    /// How many deployments of `plan` there are.
    pub const fn deployments(plan: PlanName) -> Self {
        match plan {
            PlanName::Trial => Self::TrialDeployments,
            PlanName::Starter => Self::StarterDeployments,
            PlanName::Pro => Self::ProDeployments,
            PlanName::Team => Self::TeamDeployments,
        }
    }

    /// The `code` of the problem.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrialDeployments => "trial_deployments",
            Self::StarterDeployments => "starter_deployments",
            Self::ProDeployments => "pro_deployments",
            Self::TeamDeployments => "team_deployments",
            Self::DeploysPerHour => "deploys_per_hour",
            Self::ChangesPerHour => "changes_per_hour",
            Self::Tokens => "tokens",
            Self::Members => "members",
            Self::InvitationsPerDay => "invitations_per_day",
            Self::OpenTickets => "open_tickets",
            Self::TicketsPerDay => "tickets_per_day",
        }
    }

    /// What is counted, in the plural.
    pub const fn title(self) -> &'static str {
        match self {
            Self::TrialDeployments => "trial deployments",
            Self::StarterDeployments => "Starter deployments",
            Self::ProDeployments => "Pro deployments",
            Self::TeamDeployments => "Team deployments",
            Self::DeploysPerHour => "new deployments in an hour",
            Self::ChangesPerHour => "changes of one deployment in an hour",
            Self::Tokens => "API tokens",
            Self::Members => "members",
            Self::InvitationsPerDay => "invitations in a day",
            Self::OpenTickets => "open tickets",
            Self::TicketsPerDay => "new tickets in a day",
        }
    }

    /// Milliseconds after which one is forgotten; `None`: it counts as long as it is there.
    pub const fn window_millis(self) -> Option<i64> {
        match self {
            Self::DeploysPerHour | Self::ChangesPerHour => Some(3_600_000),
            Self::InvitationsPerDay | Self::TicketsPerDay => Some(86_400_000),
            Self::TrialDeployments
            | Self::StarterDeployments
            | Self::ProDeployments
            | Self::TeamDeployments
            | Self::Tokens
            | Self::Members
            | Self::OpenTickets => None,
        }
    }

    /// What helps, where waiting does not.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::TrialDeployments => "delete one or move one to a plan that does not end",
            Self::StarterDeployments | Self::ProDeployments | Self::TeamDeployments => "delete one, or ask the operator for more",
            Self::Tokens => "delete one that is not used any more",
            Self::Members => "remove one who does not need the account any more, or ask the operator for more",
            Self::OpenTickets => "wait for an answer to one of them, or close one",
            Self::DeploysPerHour | Self::ChangesPerHour | Self::InvitationsPerDay | Self::TicketsPerDay => "try again later",
        }
    }
}

impl fmt::Display for QuotaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a limit, as `GET /v1/limits` lists them")]
pub struct ParseQuotaError;

impl FromStr for QuotaKind {
    type Err = ParseQuotaError;

    fn from_str(text: &str) -> Result<Self, ParseQuotaError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(ParseQuotaError)
    }
}
