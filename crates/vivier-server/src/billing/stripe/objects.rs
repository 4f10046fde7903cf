//! What we read of Stripe's objects: these fields and no others. One that is missing is an answer that cannot be read.

use std::collections::BTreeMap;

use serde::Deserialize;
use vivier_core::billing::Paid;
use vivier_core::time::Timestamp;

/// Seconds since 1970, as Stripe writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub i64);

impl From<Seconds> for Timestamp {
    fn from(Seconds(seconds): Seconds) -> Self {
        Self::from_millis(0).plus_seconds(seconds)
    }
}

pub type Metadata = BTreeMap<String, String>;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct List<T> {
    pub data: Vec<T>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    pub id: String,
    pub customer: String,
    pub status: SubscriptionStatus,
    #[serde(default)]
    pub metadata: Metadata,
    pub cancel_at_period_end: bool,
    #[serde(default)]
    pub cancellation_details: Option<Cancellation>,
    #[serde(default)]
    pub ended_at: Option<Seconds>,
    pub items: List<Item>,
}

/// <https://docs.stripe.com/api/subscriptions/object#subscription_object-status>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    Incomplete,
    IncompleteExpired,
    Trialing,
    Active,
    PastDue,
    Canceled,
    Unpaid,
    /// A trial of Stripe's that ended without a card.
    Paused,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cancellation {
    #[serde(default)]
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Item {
    pub id: String,
    pub price: Price,
    pub current_period_start: Seconds,
    pub current_period_end: Seconds,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Price {
    pub id: String,
    pub currency: String,
    /// Absent for prices in tiers, which are no plan's.
    #[serde(default)]
    pub unit_amount: Option<i64>,
}

impl Subscription {
    /// What it says about being paid.
    pub fn paid(&self) -> Paid {
        let owed = self.cancellation_details.as_ref().and_then(|details| details.reason.as_deref()) == Some("payment_failed");
        match self.status {
            SubscriptionStatus::Active | SubscriptionStatus::Trialing => Paid::Good,
            SubscriptionStatus::Incomplete => Paid::Incomplete,
            SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid | SubscriptionStatus::Paused => Paid::Owed,
            SubscriptionStatus::Canceled if owed => Paid::GivenUp,
            SubscriptionStatus::Canceled | SubscriptionStatus::IncompleteExpired => Paid::Over,
        }
    }

    /// Ours have one item: the plan.
    pub fn item(&self) -> Option<&Item> {
        self.items.data.first()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Invoice {
    pub id: String,
    pub customer: String,
    pub status: InvoiceStatus,
    #[serde(default)]
    pub number: Option<String>,
    #[serde(default)]
    pub billing_reason: Option<String>,
    pub currency: String,
    pub total: i64,
    pub amount_due: i64,
    pub amount_paid: i64,
    pub created: Seconds,
    /// Of a subscription's invoice: the period *before* the one that it charges for.
    pub period_start: Seconds,
    pub period_end: Seconds,
    #[serde(default)]
    pub hosted_invoice_url: Option<String>,
    #[serde(default)]
    pub invoice_pdf: Option<String>,
    #[serde(default)]
    pub parent: Option<Parent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Uncollectible,
    Void,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Parent {
    #[serde(default)]
    pub subscription_details: Option<ParentSubscription>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ParentSubscription {
    pub subscription: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line {
    pub id: String,
    pub amount: i64,
    /// Ours carry their name in `vivier`.
    #[serde(default)]
    pub metadata: Metadata,
}

impl Invoice {
    /// The subscription that it is of.
    pub fn subscription(&self) -> Option<&str> {
        self.parent.as_ref()?.subscription_details.as_ref().map(|details| details.subscription.as_str())
    }
}

/// A Checkout Session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Session {
    pub id: String,
    pub mode: SessionMode,
    pub status: SessionStatus,
    /// Where the customer pays; absent once it is not open any more.
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub subscription: Option<String>,
    #[serde(default)]
    pub setup_intent: Option<String>,
    #[serde(default)]
    pub metadata: Metadata,
    pub expires_at: Seconds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionMode {
    Subscription,
    Setup,
    Payment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    Open,
    Complete,
    Expired,
}

/// Asked for with its payment method.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SetupIntent {
    pub id: String,
    pub status: String,
    #[serde(default)]
    pub payment_method: Option<PaymentMethod>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PaymentMethod {
    pub id: String,
    #[serde(default)]
    pub card: Option<Card>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Card {
    pub brand: String,
    pub last4: String,
    pub exp_month: u32,
    pub exp_year: u32,
    /// The same for the same number, whoever brings it.
    #[serde(default)]
    pub fingerprint: Option<String>,
}

/// Asked for with its default payment method.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Customer {
    pub id: String,
    #[serde(default)]
    pub deleted: bool,
    #[serde(default)]
    pub invoice_settings: Option<InvoiceSettings>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InvoiceSettings {
    #[serde(default)]
    pub default_payment_method: Option<PaymentMethod>,
}

/// A link into the customer portal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Portal {
    pub url: String,
}

/// Anything, where only its name is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Named {
    pub id: String,
}

/// A webhook's event: who it is, and which object it is about. What else it says is read again from Stripe.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub data: EventData,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventData {
    pub object: EventObject,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventObject {
    /// Absent for the few objects that have no name of their own.
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub object: String,
}
