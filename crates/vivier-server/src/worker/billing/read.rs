//! Objects, read again at the provider, and written down as they were read.

use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::plan::PlanName;
use vivier_core::time::Timestamp;

use super::BillingError;
use crate::App;
use crate::billing::Billing;
use crate::billing::stripe::objects::{Card, Invoice, SessionMode, SessionStatus, Subscription};
use crate::store::StoreError;
use crate::store::billing::checkouts::CheckoutState;
use crate::store::billing::customers::ShownCard;
use crate::store::billing::invoices::InvoiceSeen;
use crate::store::billing::{Billed, SubscriptionSeen};

/// Between two readings of a subscription that is paid, in milliseconds: its events come long before.
const LOOK_GOOD_MS: i64 = 86_400_000;
/// Of one that is owed.
const LOOK_OWED_MS: i64 = 3_600_000;
/// Invoices that are read beside a subscription.
const LAST_INVOICES: u32 = 5;

/// Reads a subscription, writes down what it says, and that `events` are applied by it.
///
/// # Errors
/// `Lost` when somebody wrote meanwhile: read again.
pub async fn read_subscription(app: &App, billing: &Billing, id: &str, events: &[String]) -> Result<(), BillingError> {
    let store = &app.store;
    let known = store.billed_by_stripe(id).await?;
    let mut seen = billing.stripe.subscription(id).await?;
    let (account, deployment, bill) = match known {
        Some(bill) => (bill.account, bill.deployment, Some(bill)),
        None => {
            let Some((account, deployment)) = ours(&seen) else {
                return Ok(store.events_applied(events, "no deployment of ours is named by it").await?);
            };
            if store.account_of_customer(&seen.customer).await? != Some(account) {
                tracing::warn!(subscription = id, "a subscription names an account whose customer it is not of");
                return Ok(store.events_applied(events, "it is not of the account's customer").await?);
            }
            let bill = store.billed(deployment).await?;
            // The bill is known only now: what is written must have been read after it was.
            seen = billing.stripe.subscription(id).await?;
            (account, deployment, bill)
        }
    };
    if let Some(bill) = bill.as_ref().filter(|bill| bill.stripe_id.as_deref().is_some_and(|own| own != id)) {
        if !seen.paid().is_live() {
            return Ok(store.events_applied(events, "an older subscription, which has ended").await?);
        }
        if bill.is_live() {
            return double(app, billing, bill, &seen, events).await;
        }
    }
    let now = store.now();
    Ok(store.saw_subscription(account, deployment, bill.as_ref(), &as_seen(app, &seen, now), events).await?)
}

/// Two subscriptions for one deployment: the later one ends at once, and what was paid for it becomes the customer's credit.
async fn double(app: &App, billing: &Billing, bill: &Billed, seen: &Subscription, events: &[String]) -> Result<(), BillingError> {
    tracing::error!(deployment = %bill.deployment, kept = bill.stripe_id, ended = seen.id, "paid twice: the second subscription is cancelled and credited");
    billing.stripe.cancel_double(&seen.id).await?;
    metrics::counter!("vivier_billing_doubles_total").increment(1);
    Ok(app.store.subscription_doubled(bill, &seen.id, events).await?)
}

/// The account and the deployment that a subscription names.
fn ours(seen: &Subscription) -> Option<(AccountId, DeploymentId)> {
    Some((seen.metadata.get("account")?.parse().ok()?, seen.metadata.get("deployment")?.parse().ok()?))
}

/// The plan of a price.
fn plan_of(app: &App, price: &str) -> Option<PlanName> {
    app.settings.plans.iter().find(|plan| plan.stripe_price.as_deref() == Some(price)).map(|plan| plan.name)
}

fn as_seen(app: &App, seen: &Subscription, now: Timestamp) -> SubscriptionSeen {
    let (paid, item) = (seen.paid(), seen.item());
    let look = match paid {
        vivier_core::billing::Paid::Good => LOOK_GOOD_MS,
        vivier_core::billing::Paid::Never
        | vivier_core::billing::Paid::Incomplete
        | vivier_core::billing::Paid::Owed
        | vivier_core::billing::Paid::GivenUp
        | vivier_core::billing::Paid::Over => LOOK_OWED_MS,
    };
    SubscriptionSeen {
        stripe_id: seen.id.clone(),
        paid,
        item_id: item.map(|item| item.id.clone()),
        priced: item.and_then(|item| plan_of(app, &item.price.id)),
        amount: item.and_then(|item| item.price.unit_amount),
        currency: item.map(|item| item.price.currency.clone()),
        period: item.map(|item| (item.current_period_start.into(), item.current_period_end.into())),
        cancel_at_period_end: seen.cancel_at_period_end,
        look_at: now.plus_millis(look),
    }
}

/// Reads a payment page, and what was paid on it.
///
/// # Errors
/// `Lost` when somebody wrote meanwhile: read again.
pub async fn read_checkout(app: &App, billing: &Billing, id: &str, events: &[String]) -> Result<(), BillingError> {
    let store = &app.store;
    let Some(page) = store.checkout(id).await? else { return Ok(store.events_applied(events, "no page of ours").await?) };
    if page.state == CheckoutState::Complete {
        return Ok(store.events_applied(events, "the page was paid before").await?);
    }
    let session = billing.stripe.session(id).await?;
    match (session.status, session.mode) {
        (SessionStatus::Open, SessionMode::Subscription | SessionMode::Setup | SessionMode::Payment) => Ok(store.checkout_read(id, events).await?),
        (SessionStatus::Expired, SessionMode::Subscription | SessionMode::Setup | SessionMode::Payment) => {
            Ok(store.checkout_over(id, CheckoutState::Expired, events).await?)
        }
        (SessionStatus::Complete, SessionMode::Subscription | SessionMode::Payment) => {
            if let Some(subscription) = &session.subscription {
                read_subscription(app, billing, subscription, &[]).await?;
            }
            Ok(store.checkout_over(id, CheckoutState::Complete, events).await?)
        }
        (SessionStatus::Complete, SessionMode::Setup) => card(app, billing, page.account, id, session.setup_intent.as_deref(), events).await,
    }
}

/// A card was verified: it pays from now on, and its fingerprint is remembered.
async fn card(app: &App, billing: &Billing, account: AccountId, session: &str, intent: Option<&str>, events: &[String]) -> Result<(), BillingError> {
    let store = &app.store;
    let intent = match intent {
        Some(intent) => billing.stripe.setup_intent(intent).await?,
        None => return Ok(store.checkout_over(session, CheckoutState::Complete, events).await?),
    };
    let method = intent.payment_method.filter(|_| intent.status == "succeeded");
    let Some((method, shown, fingerprint)) = method.and_then(|method| {
        let Card { brand, last4, exp_month, exp_year, fingerprint } = method.card.clone()?;
        Some((method, ShownCard { brand, last4, exp_month, exp_year }, fingerprint?))
    }) else {
        return Ok(store.checkout_over(session, CheckoutState::Complete, events).await?);
    };
    if let Some(customer) = store.billing_customer(account).await? {
        billing.stripe.set_default_card(&customer.id, &method).await?;
    }
    Ok(store.card_verified(account, session, &shown, &fingerprint, events).await?)
}

/// Reads which card a customer's invoices are charged to.
pub(super) async fn read_customer(app: &App, billing: &Billing, id: &str, events: &[String]) -> Result<(), BillingError> {
    let store = &app.store;
    let Some(account) = store.account_of_customer(id).await? else { return Ok(store.events_applied(events, "no customer of ours").await?) };
    let customer = billing.stripe.customer(id).await?;
    let card = customer.invoice_settings.and_then(|settings| settings.default_payment_method).and_then(|method| method.card);
    let fingerprint = card.as_ref().and_then(|card| card.fingerprint.clone());
    let shown = card.map(|Card { brand, last4, exp_month, exp_year, fingerprint: _ }| ShownCard { brand, last4, exp_month, exp_year });
    Ok(store.saw_card(account, shown.as_ref(), fingerprint.as_deref(), events).await?)
}

/// Reads an invoice, and first the subscription that it is of: what was paid shows there.
pub(super) async fn read_invoice(app: &App, billing: &Billing, id: &str, events: &[String]) -> Result<(), BillingError> {
    let before = app.store.invoice(id).await?;
    let seen = billing.stripe.invoice(id).await?;
    if let Some(subscription) = seen.subscription() {
        read_subscription(app, billing, subscription, &[]).await?;
    }
    saw_invoice(app, before, &seen, events).await
}

/// An account's last invoices, for when their events got lost.
pub(super) async fn read_invoices(app: &App, billing: &Billing, account: AccountId) -> Result<(), BillingError> {
    let Some(customer) = app.store.billing_customer(account).await? else { return Ok(()) };
    for invoice in billing.stripe.invoices(&customer.id, LAST_INVOICES).await?.data {
        let before = app.store.invoice(&invoice.id).await?;
        let changed = before.as_ref().is_none_or(|before| before.seen != invoice_seen(&invoice));
        if changed {
            // Again, after what is compared with was read.
            let invoice = billing.stripe.invoice(&invoice.id).await?;
            saw_invoice(app, before, &invoice, &[]).await?;
        }
    }
    Ok(())
}

async fn saw_invoice(app: &App, before: Option<crate::store::billing::invoices::InvoiceRow>, invoice: &Invoice, events: &[String]) -> Result<(), BillingError> {
    let store = &app.store;
    let Some(account) = store.account_of_customer(&invoice.customer).await? else {
        return Ok(store.events_applied(events, "no customer of ours").await?);
    };
    let deployment = match invoice.subscription() {
        Some(subscription) => store.billed_by_stripe(subscription).await?.map(|bill| bill.deployment),
        None => None,
    };
    match store.saw_invoice(account, deployment, before.as_ref(), &invoice_seen(invoice), events).await {
        Err(StoreError::Lost) if before.is_none() => Err(StoreError::Lost.into()),
        other => Ok(other?),
    }
}

pub(super) fn invoice_seen(invoice: &Invoice) -> InvoiceSeen {
    InvoiceSeen {
        id: invoice.id.clone(),
        subscription: invoice.subscription().map(str::to_owned),
        status: invoice.status,
        number: invoice.number.clone(),
        reason: invoice.billing_reason.clone(),
        currency: invoice.currency.clone(),
        total: invoice.total,
        amount_due: invoice.amount_due,
        amount_paid: invoice.amount_paid,
        created_at: invoice.created.into(),
        period: (invoice.period_start.into(), invoice.period_end.into()),
        url: invoice.hosted_invoice_url.clone(),
        pdf: invoice.invoice_pdf.clone(),
    }
}
