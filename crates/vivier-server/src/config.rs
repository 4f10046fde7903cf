//! What an operator can set for `serve`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vivier_core::money::Currency;
use vivier_core::name::Slug;
use vivier_core::plan::{PlanName, Plans};
use vivier_core::runtime::net::SubnetPool;
use vivier_core::waves::{PlanError, WavePlan};
use vivier_core::wire::catalogue::SignupMode;

use crate::auth::oidc::{OidcSettings, OidcSettingsError};
use crate::billing::stripe::StripeError;
use crate::billing::{BillingSettings, Provider};
use crate::keys::KeySettings;
use crate::mail::{MailError, MailSettings};
use crate::store::billing::changes::Charged;
use crate::store::deployments::Rules;
use crate::store::tickets::TicketRules;
use crate::terms::{CreditSettings, QuotaSettings, RateSettings, Terms, UsageSettings};

/// Settings of `vivierd serve`. Every one has a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where everything is kept: database, keys, sockets.
    pub data_dir: PathBuf,
    /// `postgres://user@host/name`, or `sqlite://path`. Absent: SQLite in `<data_dir>/vivier.db`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    /// Where the key-encryption keys live.
    pub keys: KeySettings,
    /// Who takes money for agents, and how patiently.
    pub billing: BillingSettings,
    /// Where the dashboard and the API are reached from outside. Its scheme and port are those of the agents' addresses too.
    pub public_url: String,
    /// Agents are reached at `<slug>.<base_domain>`.
    pub base_domain: String,
    /// Whether anyone may sign up (`open`), or only the operator's one-time link makes an account (`closed`).
    pub signup: SignupMode,
    /// Days that a browser stays signed in.
    pub session_days: u32,
    /// Deployments that one account may make in an hour.
    pub deploys_per_hour: u32,
    /// Accounts that may be made from one address in an hour.
    pub signups_per_hour: u32,
    /// Sign-ins that may be tried for one account in a quarter of an hour, right or wrong; from one address five times as many.
    pub logins_per_quarter: u32,
    /// Links (to confirm an address, to set a password) that are sent for one user in an hour; from one address ten times as many.
    pub mails_per_hour: u32,
    /// Whether some things wait until somebody's address is confirmed: inviting others, and more than a trial.
    pub verify_email: VerifyEmail,
    /// Hours after which a trial deployment ends.
    pub trial_hours: u32,
    /// Days that a deleted deployment's data is kept, and can be restored.
    pub retention_days: u32,
    /// Days that a container which nobody owns is kept in quarantine.
    pub quarantine_days: u32,
    /// Where the tenants' small networks (/28) are taken from.
    pub subnet_pool: SubnetPool,
    /// The share of the host's memory, 0 to 1, above which new agents wait.
    pub memory_ceiling: f64,
    /// How much memory plans may promise together, as a multiple of what the host has.
    pub memory_overcommit: f64,
    /// Agents that may be on their way (made, started, waited for) at the same time.
    pub concurrency: u32,
    /// Seconds that a gateway may take to say that it has started.
    pub start_timeout_seconds: u32,
    /// Seconds that a changed agent must go on working before the change is trusted; until then one failure takes it back, with the
    /// data from before it. 0 trusts it as soon as it can be reached.
    pub probation_seconds: u32,
    /// Seconds that a gateway is given to finish what it has begun (a turn, a job) before it is stopped; visitors wait meanwhile. 0 does
    /// not wait.
    pub drain_seconds: u32,
    /// Seconds that a gateway is given to stop by itself.
    pub stop_grace_seconds: u32,
    /// Seconds between two looks at an agent that rests; longer from fifty agents on, so that a fleet costs ten looks a second at most.
    pub look_seconds: u32,
    /// How a release reaches the followers of a channel, unless a promotion brings a plan of its own.
    pub waves: WavePlan,
    /// Support tickets.
    pub tickets: TicketSettings,
    /// The hour of the day (UTC, 0 to 23) from which the books are compared once a day.
    pub reconcile_hour: u8,
    /// What the installation costs its operator.
    pub costs: CostSettings,
    /// What deployments may use, and what they cost.
    pub plans: Plans,
    /// How mails leave.
    pub mail: MailSettings,
    /// What one account may have beside its deployments.
    pub quotas: QuotaSettings,
    /// How often costly requests may be sent.
    pub rates: RateSettings,
    /// How usage is read.
    pub usage: UsageSettings,
    /// What accounts may pay with beside money.
    pub credits: CreditSettings,
    /// Identity providers to sign in with.
    pub oidc: Vec<OidcSettings>,
}

/// Whether some things wait until somebody's address is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyEmail {
    /// Where mails leave over SMTP.
    #[default]
    Auto,
    Always,
    Never,
}

/// What the installation costs its operator, in millionths of the currency: the margin of an account is what it paid without this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostSettings {
    pub currency: Currency,
    /// One processor for an hour.
    pub vcpu_hour: u32,
    /// One GiB of memory for an hour.
    pub memory_gib_hour: u32,
    /// One GiB on the disk for thirty days.
    pub storage_gib_month: u32,
    /// 10⁹ bytes that leave for the internet.
    pub egress_gb: u32,
}

impl Default for CostSettings {
    fn default() -> Self {
        Self { currency: Currency::USD, vcpu_hour: 0, memory_gib_hour: 0, storage_gib_month: 0, egress_gb: 0 }
    }
}

/// Support tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TicketSettings {
    /// Messages in one ticket, and bytes of one message.
    pub messages: u32,
    pub message_bytes: u32,
    /// Days after which a solved ticket closes by itself.
    pub close_days: u32,
    /// Days after which what a tenant let the operator see is destroyed, counted from the ticket's end.
    pub snapshot_days: u32,
}

impl Default for TicketSettings {
    fn default() -> Self {
        Self { messages: 200, message_bytes: 16_384, close_days: 7, snapshot_days: 14 }
    }
}

impl TicketSettings {
    /// What the store checks by.
    pub const fn rules(&self) -> TicketRules {
        TicketRules { messages: self.messages }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from(".vivier"),
            database_url: None,
            keys: KeySettings::default(),
            billing: BillingSettings::default(),
            public_url: "http://localhost:8080".to_owned(),
            base_domain: "localhost".to_owned(),
            signup: SignupMode::Open,
            session_days: 30,
            deploys_per_hour: 10,
            signups_per_hour: 20,
            logins_per_quarter: 10,
            mails_per_hour: 5,
            verify_email: VerifyEmail::Auto,
            trial_hours: 72,
            retention_days: 7,
            quarantine_days: 7,
            subnet_pool: "10.90.0.0/16".parse().expect("the default pool is written correctly"),
            memory_ceiling: 0.8,
            memory_overcommit: 1.5,
            concurrency: 4,
            start_timeout_seconds: 300,
            probation_seconds: 60,
            drain_seconds: 60,
            stop_grace_seconds: 30,
            look_seconds: 5,
            waves: WavePlan::default(),
            tickets: TicketSettings::default(),
            reconcile_hour: 3,
            costs: CostSettings::default(),
            plans: Plans::default(),
            mail: MailSettings::default(),
            quotas: QuotaSettings::default(),
            rates: RateSettings::default(),
            credits: CreditSettings::default(),
            oidc: Vec::new(),
            usage: UsageSettings::default(),
        }
    }
}

/// What is wrong with the settings, with the next step.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("public_url must be an address such as https://agents.example.com, without a path")]
    PublicUrl,
    #[error("{0} must be greater than 0 and at most {1}")]
    Share(&'static str, f64),
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    #[error("{0} must be at most {1}")]
    TooMany(&'static str, u64),
    #[error("{0}")]
    Billing(#[from] StripeError),
    #[error("plans.{0}.stripe_price must name the price at Stripe: billing takes money for it")]
    Price(PlanName),
    #[error("reconcile_hour must be 0 to 23")]
    Hour,
    #[error("waves.{0}")]
    Waves(#[from] PlanError),
    #[error("mail.{0}")]
    Mail(#[from] MailError),
    #[error("oidc{0}")]
    Oidc(#[from] OidcSettingsError),
}

impl Config {
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), ConfigError> {
        let url = vivier_core::provider::http_address(&self.public_url).map_err(|_| ConfigError::PublicUrl)?;
        if url.path() != "/" {
            return Err(ConfigError::PublicUrl);
        }
        for (name, value, most) in [("memory_ceiling", self.memory_ceiling, 1.0), ("memory_overcommit", self.memory_overcommit, 100.0)] {
            if !(value > 0.0 && value <= most) {
                return Err(ConfigError::Share(name, most));
            }
        }
        for (name, value) in [
            ("concurrency", self.concurrency),
            ("start_timeout_seconds", self.start_timeout_seconds),
            ("look_seconds", self.look_seconds),
            ("usage.sample_seconds", self.usage.sample_seconds),
        ] {
            if value == 0 {
                return Err(ConfigError::Zero(name));
            }
        }
        if self.reconcile_hour > 23 {
            return Err(ConfigError::Hour);
        }
        self.waves.check()?;
        if self.billing.provider == Provider::Stripe {
            self.billing.check()?;
            if let Some(plan) = self.plans.offered().find(|plan| plan.price.is_some_and(|price| price.minor > 0) && plan.stripe_price.is_none()) {
                return Err(ConfigError::Price(plan.name));
            }
        }
        self.mail.check()?;
        self.credits.check().map_err(|(name, most)| ConfigError::TooMany(name, most))?;
        OidcSettings::check(&self.oidc)?;
        Ok(())
    }

    /// What accounts are granted.
    pub fn terms(&self) -> Terms {
        Terms { plans: self.plans.clone(), quotas: self.quotas, credits: self.credits, deploys_per_hour: self.deploys_per_hour }
    }

    /// What the store checks by.
    pub fn rules(&self) -> Rules {
        let charged = match self.billing.provider {
            Provider::None => Charged::NONE,
            Provider::Stripe => self.plans.iter().filter(|plan| plan.stripe_price.is_some()).fold(Charged::NONE, |charged, plan| charged.with(plan.name)),
        };
        Rules { charged, window_days: self.billing.window_days, trial_hours: self.trial_hours, retention_days: self.retention_days }
    }

    /// `http(s)://<slug>.<base domain>[:port]`: where an agent is reached, without a trailing slash.
    pub fn agent_origin(&self, slug: &Slug) -> String {
        let url = vivier_core::provider::http_address(&self.public_url).ok();
        let scheme = url.as_ref().map_or("http", |url| url.scheme());
        let port = url.as_ref().and_then(|url| url.port()).map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{slug}.{}{port}", self.base_domain)
    }

    /// Hours after which a deployment of `plan` ends; `None`: never.
    pub fn expires_after_hours(&self, plan: PlanName) -> Option<u32> {
        plan.expires().then_some(self.trial_hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_address_has_the_scheme_and_port_of_the_public_one() {
        let slug: Slug = "ada".parse().expect("a slug");
        assert_eq!(Config::default().agent_origin(&slug), "http://ada.localhost:8080");
        let config = Config { public_url: "https://x.example.com".to_owned(), base_domain: "a.example.com".to_owned(), ..Config::default() };
        assert_eq!(config.agent_origin(&slug), "https://ada.a.example.com");
        config.check().expect("valid");
        assert!(Config { public_url: "nonsense".to_owned(), ..Config::default() }.check().is_err());
        assert!(Config { memory_ceiling: 0.0, ..Config::default() }.check().is_err());
    }
}
