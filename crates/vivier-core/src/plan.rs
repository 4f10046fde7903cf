//! Plans: what a deployment may use, and what it costs. An installation's own come from its settings; these are the defaults.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};
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

    /// As a heading shows it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Trial => "Trial",
            Self::Starter => "Starter",
            Self::Pro => "Pro",
            Self::Team => "Team",
        }
    }

    /// A deployment of this plan ends by itself unless its owner moves it to another.
    pub const fn expires(self) -> bool {
        match self {
            Self::Trial => true,
            Self::Starter | Self::Pro | Self::Team => false,
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

/// One plan: its size, its promises and its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub name: PlanName,
    pub limits: Limits,
    pub log_retention_days: u16,
    /// Deployments of this plan that one account may have at a time.
    pub deployments: u32,
    /// For a deployment and a month. `None`: nothing is charged.
    pub price: Option<Money>,
    /// What the payment provider calls this price.
    pub stripe_price: Option<String>,
    /// What a deployment's model calls may cost in a month. `None`: no bound. Kept and shown; what enforces it is the model gateway.
    pub model_budget: Option<Money>,
    /// Minutes without a request after which an agent may be put to sleep. `None`: never. Kept and shown; nothing acts on it yet.
    pub sleep_after_minutes: Option<u32>,
    /// Whether a deployment may be made with it or moved to it. Those that have it keep it.
    pub offered: bool,
}

/// The plans of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Sheet", into = "Sheet")]
pub struct Plans {
    /// Of every price and budget.
    pub currency: Currency,
    pub trial: Plan,
    pub starter: Plan,
    pub pro: Plan,
    pub team: Plan,
}

const GIB: u64 = 1024 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

/// The least memory of a plan: what Node's flags were measured with (docs/openclaw.md, "Plans"); with less, agents are killed.
const LEAST_MEMORY_MIB: u64 = 1_024;
/// No month's price is larger, in the smallest unit: sums of a million of them still fit.
const MOST_PRICE: i64 = 1_000_000_000;

impl Plan {
    fn usual(name: PlanName) -> Self {
        let (cpu_millis, memory_gib, storage_gib, log_retention_days, deployments) = match name {
            PlanName::Trial => (500, 1, 10, 7, 3),
            PlanName::Starter => (500, 1, 10, 7, 100),
            PlanName::Pro => (1_000, 2, 25, 30, 100),
            PlanName::Team => (2_000, 4, 50, 30, 100),
        };
        // OpenClaw idles at about 30 processes and threads; 256 leaves room for tools and stops a fork bomb.
        let limits = Limits { cpu_millis, memory_bytes: memory_gib * GIB, storage_bytes: storage_gib * GIB, pids: 256 };
        Self { name, limits, log_retention_days, deployments, price: None, stripe_price: None, model_budget: None, sleep_after_minutes: None, offered: true }
    }
}

impl Default for Plans {
    fn default() -> Self {
        Self {
            currency: Currency::USD,
            trial: Plan::usual(PlanName::Trial),
            starter: Plan::usual(PlanName::Starter),
            pro: Plan::usual(PlanName::Pro),
            team: Plan::usual(PlanName::Team),
        }
    }
}

impl Plans {
    pub const fn get(&self, name: PlanName) -> &Plan {
        match name {
            PlanName::Trial => &self.trial,
            PlanName::Starter => &self.starter,
            PlanName::Pro => &self.pro,
            PlanName::Team => &self.team,
        }
    }

    /// In the order in which they are shown.
    pub fn iter(&self) -> impl Iterator<Item = &Plan> {
        PlanName::ALL.into_iter().map(|name| self.get(name))
    }

    /// Those that can be chosen.
    pub fn offered(&self) -> impl Iterator<Item = &Plan> {
        self.iter().filter(|plan| plan.offered)
    }

    /// The least memory that any offered plan has, in bytes: less room on a host is no room.
    pub fn least_memory_bytes(&self) -> u64 {
        self.offered().map(|plan| plan.limits.memory_bytes).min().unwrap_or(LEAST_MEMORY_MIB * MIB)
    }

    /// The offered plan with the least memory above that of `name`: what an agent that runs out of memory is to be moved to.
    pub fn larger_than(&self, name: PlanName) -> Option<&Plan> {
        let has = self.get(name).limits.memory_bytes;
        self.offered().filter(|plan| plan.limits.memory_bytes > has).min_by_key(|plan| plan.limits.memory_bytes)
    }
}

/// A plan's setting that cannot be, by its path below `plans`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plans.{path} {problem}")]
pub struct PlansError {
    pub path: String,
    pub problem: String,
}

/// The plans as they are written in the settings: what is absent is as by default.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sheet {
    currency: Option<Currency>,
    trial: Line,
    starter: Line,
    pro: Line,
    team: Line,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Line {
    offered: Option<bool>,
    cpu_millis: Option<u32>,
    memory_mib: Option<u64>,
    storage_mib: Option<u64>,
    pids: Option<u32>,
    log_retention_days: Option<u16>,
    deployments: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_per_month: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stripe_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_budget_per_month: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep_after_minutes: Option<u32>,
}

impl TryFrom<Sheet> for Plans {
    type Error = PlansError;

    fn try_from(sheet: Sheet) -> Result<Self, PlansError> {
        let Sheet { currency, trial, starter, pro, team } = sheet;
        let currency = currency.unwrap_or(Currency::USD);
        let plans = Self {
            currency,
            trial: trial.plan(PlanName::Trial, currency)?,
            starter: starter.plan(PlanName::Starter, currency)?,
            pro: pro.plan(PlanName::Pro, currency)?,
            team: team.plan(PlanName::Team, currency)?,
        };
        if plans.offered().next().is_none() {
            return Err(PlansError { path: "*.offered".to_owned(), problem: "is false for every plan: nobody could make an agent".to_owned() });
        }
        Ok(plans)
    }
}

impl Line {
    /// With the defaults under it.
    fn plan(self, name: PlanName, currency: Currency) -> Result<Plan, PlansError> {
        let Self {
            offered,
            cpu_millis,
            memory_mib,
            storage_mib,
            pids,
            log_retention_days,
            deployments,
            price_per_month,
            stripe_price,
            model_budget_per_month,
            sleep_after_minutes,
        } = self;
        let usual = Plan::usual(name);
        let wrong = |field: &str, problem: String| PlansError { path: format!("{name}.{field}"), problem };
        let within = |field: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) { Ok(value) } else { Err(wrong(field, format!("must be {least} to {most}"))) }
        };
        let amount = |field: &str, minor: Option<i64>| match minor {
            Some(minor) if (0..=MOST_PRICE).contains(&minor) => Ok(Some(Money::new(minor, currency))),
            Some(_) => Err(wrong(field, format!("must be 0 to {MOST_PRICE}, in the smallest unit of {currency}"))),
            None => Ok(None),
        };
        let cpu_millis = cpu_millis.unwrap_or(usual.limits.cpu_millis);
        within("cpu_millis", cpu_millis.into(), 100, 1_000_000)?;
        let memory_mib = within("memory_mib", memory_mib.unwrap_or(usual.limits.memory_bytes / MIB), LEAST_MEMORY_MIB, 1 << 24)?;
        let storage_mib = within("storage_mib", storage_mib.unwrap_or(usual.limits.storage_bytes / MIB), 512, 1 << 30)?;
        let pids = pids.unwrap_or(usual.limits.pids);
        within("pids", pids.into(), 64, 1 << 22)?;
        let log_retention_days = log_retention_days.unwrap_or(usual.log_retention_days);
        within("log_retention_days", log_retention_days.into(), 1, 3_650)?;
        if stripe_price.as_ref().is_some_and(|id| id.is_empty() || id.len() > 255 || !id.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(wrong("stripe_price", "must be the id of a price, such as price_1Pq…".to_owned()));
        }
        if let Some(minutes) = sleep_after_minutes {
            within("sleep_after_minutes", minutes.into(), 1, 525_600)?;
        }
        Ok(Plan {
            name,
            limits: Limits { cpu_millis, memory_bytes: memory_mib * MIB, storage_bytes: storage_mib * MIB, pids },
            log_retention_days,
            deployments: deployments.unwrap_or(usual.deployments),
            price: amount("price_per_month", price_per_month)?,
            stripe_price,
            model_budget: amount("model_budget_per_month", model_budget_per_month)?,
            sleep_after_minutes,
            offered: offered.unwrap_or(usual.offered),
        })
    }
}

impl From<Plans> for Sheet {
    fn from(plans: Plans) -> Self {
        let Plans { currency, trial, starter, pro, team } = plans;
        Self { currency: Some(currency), trial: trial.into(), starter: starter.into(), pro: pro.into(), team: team.into() }
    }
}

impl From<Plan> for Line {
    fn from(plan: Plan) -> Self {
        let Plan { name: _, limits, log_retention_days, deployments, price, stripe_price, model_budget, sleep_after_minutes, offered } = plan;
        let Limits { cpu_millis, memory_bytes, storage_bytes, pids } = limits;
        Self {
            offered: Some(offered),
            cpu_millis: Some(cpu_millis),
            memory_mib: Some(memory_bytes / MIB),
            storage_mib: Some(storage_bytes / MIB),
            pids: Some(pids),
            log_retention_days: Some(log_retention_days),
            deployments: Some(deployments),
            price_per_month: price.map(|price| price.minor),
            stripe_price,
            model_budget_per_month: model_budget.map(|budget| budget.minor),
            sleep_after_minutes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Plans, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_set_is_as_by_default() {
        assert_eq!(read("{}"), Ok(Plans::default()));
        let plans = read(r#"{"currency": "jpy", "pro": {"memory_mib": 3072, "price_per_month": 2500}}"#).expect("valid");
        assert_eq!((plans.pro.limits.memory_bytes, plans.pro.limits.cpu_millis), (3 * GIB, 1_000));
        assert_eq!(plans.get(PlanName::Pro).price.map(|price| price.to_string()).as_deref(), Some("2500 JPY"));
        assert_eq!(plans.starter.price, None);
        let again: Plans = serde_json::from_value(serde_json::to_value(&plans).expect("serialises")).expect("parses");
        assert_eq!(again, plans);
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (text, named) in [
            (r#"{"pro": {"memory_mib": 100}}"#, "plans.pro.memory_mib must be 1024 to"),
            (r#"{"team": {"cpu_millis": 0}}"#, "plans.team.cpu_millis"),
            (r#"{"trial": {"price_per_month": -1}}"#, "plans.trial.price_per_month"),
            (r#"{"starter": {"stripe_price": "a b"}}"#, "plans.starter.stripe_price"),
            (r#"{"starter": {"sleep_after_minutes": 0}}"#, "plans.starter.sleep_after_minutes"),
            (r#"{"currency": "xyz"}"#, "currency of ISO 4217"),
            (r#"{"gold": {}}"#, "gold"),
            (r#"{"trial": {"offered": false}, "starter": {"offered": false}, "pro": {"offered": false}, "team": {"offered": false}}"#, "plans.*.offered"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn an_agent_that_outgrows_its_plan_is_told_the_next() {
        let mut plans = Plans::default();
        assert_eq!(plans.larger_than(PlanName::Trial).map(|plan| plan.name), Some(PlanName::Pro));
        plans.pro.offered = false;
        assert_eq!(plans.larger_than(PlanName::Trial).map(|plan| plan.name), Some(PlanName::Team));
        assert_eq!(plans.larger_than(PlanName::Team), None);
    }
}
