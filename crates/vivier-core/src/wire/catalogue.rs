//! What can be chosen: plans, templates, providers, channels.

use serde::{Deserialize, Serialize};

use crate::channel::ChannelKind;
use crate::money::Money;
use crate::plan::PlanName;
use crate::provider::ProviderKind;
use crate::runtime::Limits;
use crate::template::TemplateName;

/// Public: needs no session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Catalogue {
    pub plans: Vec<PlanOut>,
    pub templates: Vec<TemplateOut>,
    pub providers: Vec<ProviderOut>,
    pub channels: Vec<ChannelOut>,
    /// `open` or `closed`: whether anyone may sign up.
    pub signup: SignupMode,
    /// Whether plans with a price are paid for; else every plan is free to choose.
    pub billing: bool,
    /// The version of Vivier.
    pub version: String,
    /// Agents are reached at `<slug>.<base_domain>`.
    pub base_domain: String,
    /// The release that a new deployment gets; absent while no image has been built.
    pub openclaw_version: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignupMode {
    #[default]
    Open,
    /// Only the operator's one-time link makes an account.
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanOut {
    pub name: PlanName,
    pub title: String,
    pub limits: Limits,
    pub log_retention_days: u16,
    /// Deployments of this plan that one account may have.
    pub deployments: u32,
    /// For a deployment and a month; absent: nothing is charged.
    pub price: Option<Money>,
    /// What a deployment's model calls may cost in a month; absent: no bound.
    pub model_budget: Option<Money>,
    /// Minutes without a request after which an agent may be put to sleep; absent: never.
    pub sleep_after_minutes: Option<u32>,
    /// Whether an agent can be made with it or moved to it; those that have it keep it.
    pub offered: bool,
    /// Hours after which a deployment of this plan ends; absent: never.
    pub expires_after_hours: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateOut {
    pub name: TemplateName,
    pub title: String,
    pub description: String,
    pub channel: Option<ChannelKind>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderOut {
    pub kind: ProviderKind,
    pub title: String,
    pub default_base_url: Option<String>,
    pub suggested_models: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelOut {
    pub kind: ChannelKind,
    pub title: String,
    pub tokens: Vec<TokenFieldOut>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenFieldOut {
    pub name: String,
    pub title: String,
    /// What it looks like.
    pub shape: String,
}
