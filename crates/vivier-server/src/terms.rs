//! What an installation grants its accounts: plans, quotas and credits, as the settings say. The store decides by it.

use serde::{Deserialize, Serialize};
use vivier_core::credits::Credits;
use vivier_core::plan::Plans;
use vivier_core::quota::QuotaKind;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub plans: Plans,
    pub quotas: QuotaSettings,
    pub credits: CreditSettings,
    /// Deployments that one account may make in an hour.
    pub deploys_per_hour: u32,
}

impl Default for Terms {
    fn default() -> Self {
        crate::Config::default().terms()
    }
}

impl Terms {
    /// What an account may have of `kind` unless an operator has said otherwise.
    pub fn allows(&self, kind: QuotaKind) -> u64 {
        let allowed = match kind {
            QuotaKind::TrialDeployments => self.plans.trial.deployments,
            QuotaKind::StarterDeployments => self.plans.starter.deployments,
            QuotaKind::ProDeployments => self.plans.pro.deployments,
            QuotaKind::TeamDeployments => self.plans.team.deployments,
            QuotaKind::DeploysPerHour => self.deploys_per_hour,
            QuotaKind::ChangesPerHour => self.quotas.changes_per_hour,
            QuotaKind::Tokens => self.quotas.tokens,
            QuotaKind::Members => self.quotas.members,
            QuotaKind::InvitationsPerDay => self.quotas.invitations_per_day,
            QuotaKind::OpenTickets => self.quotas.open_tickets,
            QuotaKind::TicketsPerDay => self.quotas.tickets_per_day,
        };
        u64::from(allowed)
    }
}

/// What one account may have, beside the deployments that its plans allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaSettings {
    /// Changes of one deployment in an hour: configurations, secrets, releases, ways back.
    pub changes_per_hour: u32,
    /// API tokens at a time.
    pub tokens: u32,
    /// People at a time.
    pub members: u32,
    pub invitations_per_day: u32,
    /// Support tickets at a time.
    pub open_tickets: u32,
    pub tickets_per_day: u32,
}

impl Default for QuotaSettings {
    fn default() -> Self {
        Self { changes_per_hour: 120, tokens: 50, members: 50, invitations_per_day: 30, open_tickets: 20, tickets_per_day: 10 }
    }
}

/// How often costly requests may be sent, by one account; from one address five times as many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateSettings {
    /// Requests in a minute that change something.
    pub changes_per_minute: u32,
    /// Requests in a minute that read or send much, or make the host work.
    pub heavy_per_minute: u32,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self { changes_per_minute: 240, heavy_per_minute: 120 }
    }
}

/// Credits: how many are given, for how long, and how many an account may have. One credit is one US cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreditSettings {
    /// No grant raises an account's balance above this.
    pub most: Credits,
    /// For the first card that an account verifies; once for a card, ever. 0: none.
    pub trial: Credits,
    /// Days (of 24 hours) after which trial credits end.
    pub trial_days: u16,
    /// For each side of a referral, when the referred account's first invoice is paid. 0: none.
    pub referral: Credits,
    pub referral_days: u16,
    /// Referrals of one account that are credited in 30 days; more are refused.
    pub referrals_per_month: u32,
    /// Accounts that may come by one code in a day; more are refused.
    pub claims_per_day: u32,
}

impl Default for CreditSettings {
    fn default() -> Self {
        Self {
            most: Credits::new(100_000),
            trial: Credits::new(500),
            trial_days: 90,
            referral: Credits::new(1_000),
            referral_days: 365,
            referrals_per_month: 10,
            claims_per_day: 5,
        }
    }
}

/// How usage is read, and how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsageSettings {
    /// Seconds between two readings of an agent's counters.
    pub sample_seconds: u32,
    /// Days that single readings are kept.
    pub sample_days: u32,
    /// Days that the sums of hours are kept; those of days are kept as long as the account.
    pub hour_days: u32,
}

impl Default for UsageSettings {
    fn default() -> Self {
        Self { sample_seconds: 60, sample_days: 7, hour_days: 100 }
    }
}

impl CreditSettings {
    /// # Errors
    /// The first setting that cannot be: its name, and the largest number that can.
    pub fn check(&self) -> Result<(), (&'static str, u64)> {
        for (name, value) in [("credits.most", self.most), ("credits.trial", self.trial), ("credits.referral", self.referral)] {
            if value > Credits::MOST {
                return Err((name, Credits::MOST.count()));
            }
        }
        Ok(())
    }
}
