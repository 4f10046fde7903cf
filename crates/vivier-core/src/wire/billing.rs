//! Money, as its payer sees it: what is paid for which agent, invoices, and links to where one pays.

use serde::{Deserialize, Serialize};

use crate::billing::Stage;
use crate::id::{AccountId, DeploymentId};
use crate::money::Money;
use crate::name::{DisplayName, Slug};
use crate::plan::PlanName;
use crate::time::Timestamp;

/// The bill of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BillingOut {
    pub account: AccountId,
    /// The card that invoices are charged to; absent: none is known.
    pub card: Option<CardOut>,
    /// One for each agent that is, was or is to be paid for; newest first.
    pub subscriptions: Vec<SubscriptionOut>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CardOut {
    pub brand: String,
    pub last4: String,
    pub exp_month: u32,
    pub exp_year: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SubscriptionOut {
    pub deployment: DeploymentId,
    pub name: DisplayName,
    pub slug: Slug,
    pub plan: PlanName,
    /// The plan that it is being moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving_to: Option<PlanName>,
    pub stage: Stage,
    /// The stage in a sentence, with the next step where there is one.
    pub explanation: String,
    /// For a period.
    pub price: Option<Money>,
    /// The end of the period that is paid.
    pub period_ends_at: Option<Timestamp>,
    /// It ends with its period.
    pub cancels: bool,
    /// Until when something is to be paid: then it is suspended (`grace`), or deleted (`unpaid`, `suspended`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_until: Option<Timestamp>,
    /// It has a subscription that can be cancelled, or taken back.
    pub can_cancel: bool,
    /// A payment page can be made for it.
    pub can_pay: bool,
    /// What keeps the next step from being done; it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvoiceOut {
    /// Stripe's name for it.
    pub id: String,
    /// As it stands on the paper; absent for a draft.
    pub number: Option<String>,
    /// Absent when it is of several agents, or of none.
    pub deployment: Option<DeploymentId>,
    /// `draft`, `open`, `paid`, `uncollectible` or `void`.
    pub status: String,
    pub total: Money,
    pub due: Money,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// What was taken off, because the agent did not run, and the words for it.
    pub not_billed: Option<NotBilledOut>,
    /// Credits of the account that were taken off.
    pub credits: i64,
    /// Where it is read, and paid while it is open.
    pub url: Option<String>,
    pub pdf: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NotBilledOut {
    pub amount: Money,
    pub words: String,
}

/// For which agent a payment page is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCheckout {
    pub deployment: DeploymentId,
    /// The plan to pay for; the one that it has, when absent.
    #[serde(default)]
    pub plan: Option<PlanName>,
}

/// When a subscription is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelWhen {
    /// With the period that is paid; until then it runs.
    PeriodEnd,
    /// At once: the agent is suspended, and what was paid and not used becomes credit.
    Now,
    /// Not any more: takes `period_end` back.
    Never,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    pub deployment: DeploymentId,
    pub when: CancelWhen,
}

/// Where one goes to pay, or to change how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BillingLink {
    pub url: String,
    /// Absent: it is good for a few minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What became of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Received {
    pub received: bool,
}
