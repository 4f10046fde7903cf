//! Money: what is paid for which agent, and the links to where one pays. Where no money is taken, nothing of it is there.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use vivier_core::billing::Stage;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::Desired;
use vivier_core::money::Money;
use vivier_core::wire::Page;
use vivier_core::wire::billing::{BillingLink, BillingOut, Cancel, CancelWhen, CardOut, InvoiceOut, NewCheckout, NotBilledOut, SubscriptionOut};

use super::extract::{AccountPath, Body};
use super::guard::{Operator, Oversee, Read, Signed, Spend};
use super::problem::ApiError;
use crate::app::App;
use crate::auth::caller::Caller;
use crate::auth::limits::Limit;
use crate::billing::Billing;
use crate::billing::stripe::{CancelHow, CheckoutAsk, StripeError};
use crate::store::StoreError;
use crate::store::billing::Billed;
use crate::store::billing::checkouts::{Checkout, CheckoutState};
use crate::store::billing::customers::ShownCard;
use crate::store::billing::invoices::InvoiceRow;
use crate::worker::billing::{BillingError, read_checkout, read_subscription};

/// A page that ends sooner than this, in milliseconds, is replaced by a new one.
const SOON_MS: i64 = 600_000;
/// Readings of a subscription that somebody else writes at the same time.
const TRIES: usize = 4;

fn billing(app: &App) -> Result<&Billing, ApiError> {
    app.billing.as_ref().ok_or_else(|| ApiError::conflict("billing_off", "No money is taken here: every plan is free to choose."))
}

impl From<BillingError> for ApiError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Store(error) => error.into(),
            BillingError::Stripe(error) => error.into(),
        }
    }
}

impl From<StripeError> for ApiError {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Away(_) => {
                tracing::warn!("{error}");
                Self::unavailable("provider_away", "The payment provider does not answer at this moment; nothing was changed. Try again in a minute.", 30)
            }
            StripeError::Settings(_) | StripeError::Key(_) => {
                tracing::error!("{error}");
                Self::unavailable("provider_unusable", "The payment provider cannot be used as it is set up; nothing was changed. Tell the operator.", 300)
            }
            StripeError::Refused { .. } => Self::conflict("provider_refused", format!("{error}.")),
            StripeError::Missing(_) => {
                tracing::warn!("{error}");
                Self::conflict("provider_refused", "The payment provider does not know it (any more). Reload the page.")
            }
        }
    }
}

/// The account's bill
///
/// What is paid for which agent, and what is to be done about it.
#[utoipa::path(get, path = "/v1/billing", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "As it was last read at the payment provider", body = BillingOut)))]
pub async fn get_billing(State(app): State<App>, signed: Signed<Oversee>) -> Result<Json<BillingOut>, ApiError> {
    billing(&app)?;
    Ok(Json(bill_of(&app, signed.0.account).await?))
}

/// The bill of any account
#[utoipa::path(get, path = "/v1/operator/accounts/{id}/billing", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "As it was last read", body = BillingOut)))]
pub async fn operator_billing(State(app): State<App>, _operator: Operator<Read>, AccountPath(id): AccountPath) -> Result<Json<BillingOut>, ApiError> {
    billing(&app)?;
    app.store.account(id).await?;
    Ok(Json(bill_of(&app, id).await?))
}

async fn bill_of(app: &App, account: AccountId) -> Result<BillingOut, ApiError> {
    let card = app.store.billing_customer(account).await?.and_then(|customer| customer.card);
    let card = card.map(|ShownCard { brand, last4, exp_month, exp_year }| CardOut { brand, last4, exp_month, exp_year });
    let subscriptions = app.store.bills(account).await?.into_iter().filter(|bill| bill.asked != Desired::Purged).map(|bill| subscription(app, bill)).collect();
    Ok(BillingOut { account, card, subscriptions })
}

/// Read the bill again
///
/// At the payment provider, in a moment: for whoever comes back from a payment page. Changes nothing.
#[utoipa::path(post, path = "/v1/billing/refresh", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 202, description = "It is read in a moment", body = BillingOut)))]
pub async fn refresh_billing(State(app): State<App>, signed: Signed<Oversee>) -> Result<(StatusCode, Json<BillingOut>), ApiError> {
    let billing = billing(&app)?;
    let account = signed.0.account;
    app.auth.limits.check(Limit::Billing, &account.to_string()).map_err(super::accounts::reached)?;
    app.store.look_at_bills(account).await?;
    billing.wake.notify_one();
    Ok((StatusCode::ACCEPTED, Json(bill_of(&app, account).await?)))
}

/// Invoices
#[utoipa::path(get, path = "/v1/billing/invoices", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The last hundred, newest first", body = Page<InvoiceOut>)))]
pub async fn list_invoices(State(app): State<App>, signed: Signed<Oversee>) -> Result<Json<Page<InvoiceOut>>, ApiError> {
    billing(&app)?;
    let items = app.store.invoices(signed.0.account).await?.into_iter().map(invoice).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Pay for an agent
///
/// Makes a payment page for a deployment and a plan; the agent runs as soon as it is paid. Asked again, it is the same page as long as
/// that is open.
#[utoipa::path(post, path = "/v1/billing/checkout", tag = "billing", extensions(("x-vivier-role" = json!("owner"))), request_body = NewCheckout, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "Where it is paid", body = BillingLink)))]
pub async fn checkout(State(app): State<App>, signed: Signed<Spend>, Body(body): Body<NewCheckout>) -> Result<Json<BillingLink>, ApiError> {
    let (billing, caller) = (billing(&app)?, signed.0);
    let NewCheckout { deployment, plan } = body;
    app.auth.limits.check(Limit::Billing, &caller.account.to_string()).map_err(super::accounts::reached)?;
    let had = app.store.deployment(caller.account, deployment).await?.plan;
    let plan = app.settings.plans.get(plan.unwrap_or(had));
    let Some(price) = plan.stripe_price.as_deref() else {
        return Err(ApiError::field("plan", "is free: nothing is to be paid for it"));
    };
    if !plan.offered && plan.name != had {
        return Err(ApiError::field("plan", "is not offered any more; choose another"));
    }
    let (open, pages) = app.store.payable(caller.account, deployment).await?;
    if let Some(page) = open {
        let lasts = page.expires_at.millis_since(app.clock.now()) > SOON_MS;
        if lasts && page.plan == Some(plan.name) {
            return Ok(Json(BillingLink { url: page.url, expires_at: Some(page.expires_at) }));
        }
        close(&app, billing, &page).await?;
    }
    let customer = customer(&app, billing, &caller).await?;
    let public = app.settings.public_url.trim_end_matches('/');
    let success_url = format!("{public}/billing?paid={deployment}");
    let cancel_url = format!("{public}/billing");
    let ask = CheckoutAsk { customer: &customer, account: caller.account, deployment, price, success_url: &success_url, cancel_url: &cancel_url };
    let session = billing.stripe.create_checkout(&ask, &format!("vivier-checkout-{deployment}-{}-{pages}", plan.name)).await?;
    let url = session.url.ok_or_else(|| StripeError::Away("a new payment page has no address".to_owned()))?;
    let expires_at = session.expires_at.into();
    let page = Checkout {
        session: session.id,
        account: caller.account,
        deployment: Some(deployment),
        plan: Some(plan.name),
        url: url.clone(),
        state: CheckoutState::Open,
        expires_at,
    };
    kept(app.store.keep_checkout(&caller.actor(), &page).await)?;
    Ok(Json(BillingLink { url, expires_at: Some(expires_at) }))
}

/// Nobody pays on it any more; refused when somebody has.
async fn close(app: &App, billing: &Billing, page: &Checkout) -> Result<(), ApiError> {
    match billing.stripe.expire_session(&page.session).await {
        Ok(_) | Err(StripeError::Missing(_)) => Ok(app.store.checkout_over(&page.session, CheckoutState::Expired, &[]).await?),
        Err(StripeError::Refused { .. }) => {
            read_checkout(app, billing, &page.session, &[]).await?;
            match app.store.checkout(&page.session).await? {
                Some(Checkout { state: CheckoutState::Complete, .. }) => {
                    Err(ApiError::conflict("paid_already", "It was paid a moment ago. Wait a few seconds, and look again."))
                }
                Some(_) | None => Ok(()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Done before its answer was lost is done.
fn kept(result: Result<(), StoreError>) -> Result<(), StoreError> {
    match result {
        Err(StoreError::Repeated) => Ok(()),
        other => other,
    }
}

/// Who the account is to the provider; made at the first need.
async fn customer(app: &App, billing: &Billing, caller: &Caller) -> Result<String, ApiError> {
    if let Some(known) = app.store.billing_customer(caller.account).await? {
        return Ok(known.id);
    }
    let made = billing.stripe.create_customer(caller.account, caller.email.as_str()).await?;
    Ok(app.store.keep_customer(caller.account, &made.id).await?)
}

/// Show a card
///
/// Makes a page that takes a card, and no money. Later invoices are charged to it.
#[utoipa::path(post, path = "/v1/billing/card", tag = "billing", extensions(("x-vivier-role" = json!("owner"))), security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "Where the card is shown", body = BillingLink)))]
pub async fn show_card(State(app): State<App>, signed: Signed<Spend>) -> Result<Json<BillingLink>, ApiError> {
    let (billing, caller) = (billing(&app)?, signed.0);
    app.auth.limits.check(Limit::Billing, &caller.account.to_string()).map_err(super::accounts::reached)?;
    let customer = customer(&app, billing, &caller).await?;
    let back = format!("{}/billing", app.settings.public_url.trim_end_matches('/'));
    let pages = app.store.card_pages(caller.account).await?;
    let once = format!("vivier-card-{}-{pages}", caller.account);
    let currency = app.settings.plans.currency;
    let session = billing.stripe.create_setup(&customer, caller.account, currency.as_str(), &back, &once).await?;
    let url = session.url.ok_or_else(|| StripeError::Away("a new page has no address".to_owned()))?;
    let expires_at = session.expires_at.into();
    let page =
        Checkout { session: session.id, account: caller.account, deployment: None, plan: None, url: url.clone(), state: CheckoutState::Open, expires_at };
    kept(app.store.keep_checkout(&caller.actor(), &page).await)?;
    Ok(Json(BillingLink { url, expires_at: Some(expires_at) }))
}

/// Cancel a subscription
///
/// With its period, or at once; or take a cancellation back. The agent's data is kept: subscribe again, and it runs again.
#[utoipa::path(post, path = "/v1/billing/cancel", tag = "billing", extensions(("x-vivier-role" = json!("owner"))), request_body = Cancel, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "As it is now", body = SubscriptionOut)))]
pub async fn cancel(State(app): State<App>, signed: Signed<Spend>, Body(body): Body<Cancel>) -> Result<Json<SubscriptionOut>, ApiError> {
    let (billing, caller) = (billing(&app)?, signed.0);
    let Cancel { deployment, when } = body;
    app.auth.limits.check(Limit::Billing, &caller.account.to_string()).map_err(super::accounts::reached)?;
    let bill = own_bill(&app, caller.account, deployment).await?;
    let Some(id) = bill.stripe_id.clone().filter(|_| bill.is_live()) else {
        return Err(ApiError::conflict("no_subscription", "It has no subscription that could be cancelled."));
    };
    app.store.asked_to_cancel(&caller.actor(), &bill, when).await.or_else(|error| if matches!(error, StoreError::Repeated) { Ok(()) } else { Err(error) })?;
    let bill = own_bill(&app, caller.account, deployment).await?;
    let once = format!("vivier-cancel-{deployment}-{}", bill.changes);
    match when {
        CancelWhen::PeriodEnd => drop(billing.stripe.cancel_later(&id, CancelHow::AtPeriodEnd, &once).await?),
        CancelWhen::Never => drop(billing.stripe.cancel_later(&id, CancelHow::Undo, &once).await?),
        CancelWhen::Now => drop(billing.stripe.cancel_now(&id).await?),
    }
    for _ in 0..TRIES {
        match read_subscription(&app, billing, &id, &[]).await {
            Err(BillingError::Store(StoreError::Lost)) => {}
            other => {
                other?;
                break;
            }
        }
    }
    billing.wake.notify_one();
    Ok(Json(subscription(&app, own_bill(&app, caller.account, deployment).await?)))
}

async fn own_bill(app: &App, account: AccountId, id: DeploymentId) -> Result<Billed, ApiError> {
    app.store.deployment(account, id).await?;
    let bill = app.store.billed(id).await?;
    bill.ok_or_else(|| ApiError::conflict("no_subscription", "It has no subscription: nothing is paid for it."))
}

/// The payment provider's own pages
///
/// Where a card is changed, and invoices are paid.
#[utoipa::path(post, path = "/v1/billing/portal", tag = "billing", extensions(("x-vivier-role" = json!("owner"))), security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "Where they are", body = BillingLink)))]
pub async fn portal(State(app): State<App>, signed: Signed<Spend>) -> Result<Json<BillingLink>, ApiError> {
    let (billing, caller) = (billing(&app)?, signed.0);
    app.auth.limits.check(Limit::Billing, &caller.account.to_string()).map_err(super::accounts::reached)?;
    let Some(customer) = app.store.billing_customer(caller.account).await? else {
        return Err(ApiError::conflict("no_customer", "Nothing was ever paid from this account. Pay for an agent first."));
    };
    let back = format!("{}/billing", app.settings.public_url.trim_end_matches('/'));
    // A link is good for minutes: each ask is one of its own.
    let once = caller.once.unwrap_or_else(crate::store::new_uuid);
    let portal = billing.stripe.portal(&customer.id, &back, &format!("vivier-portal-{once}")).await?;
    Ok(Json(BillingLink { url: portal.url, expires_at: None }))
}

fn subscription(app: &App, bill: Billed) -> SubscriptionOut {
    let live = bill.is_live();
    let charged = app.settings.plans.get(bill.plan).stripe_price.is_some();
    let explanation = explanation(&bill);
    let Billed {
        deployment,
        account: _,
        name,
        slug,
        stage,
        stage_since: _,
        due_at,
        reminded: _,
        paid: _,
        stripe_id: _,
        item_id: _,
        priced: _,
        amount,
        currency,
        period,
        cancel_at_period_end,
        prices: _,
        read_at: _,
        plan,
        wanted,
        changes: _,
        final_of: _,
        trouble,
        version: _,
        asked,
        holds: _,
        purge_at: _,
        deployment_version: _,
    } = bill;
    let kept = matches!(asked, Desired::Running | Desired::Suspended);
    SubscriptionOut {
        deployment,
        name,
        slug,
        plan,
        moving_to: wanted.filter(|wanted| *wanted != plan),
        stage,
        explanation,
        price: amount.zip(currency.and_then(|code| code.parse().ok())).map(|(amount, currency)| Money::new(amount, currency)),
        period_ends_at: period.filter(|_| live).map(|(_, end)| end),
        cancels: live && cancel_at_period_end,
        pay_until: due_at,
        can_cancel: live,
        can_pay: kept && !live && charged,
        trouble,
    }
}

/// A stage in a sentence.
fn explanation(bill: &Billed) -> String {
    let until = bill.due_at.map(|at| at.to_string()).unwrap_or_default();
    match bill.stage {
        Stage::Unpaid => format!("It starts as soon as it is paid. Without a payment it is deleted at {until}."),
        Stage::Good if bill.cancel_at_period_end => "Paid until the end of its period; then it is suspended, and its data is kept.".to_owned(),
        Stage::Good => "Paid.".to_owned(),
        Stage::Grace => format!("A payment is missing. It runs until {until}; pay, and nothing happens."),
        Stage::Suspending => "A payment is missing: it is being stopped. Pay, and it runs again by itself.".to_owned(),
        Stage::Suspended => format!("Stopped, because a payment is missing. Its data is kept; without a payment it is deleted at {until}."),
        Stage::Resuming => "Paid; it is being started.".to_owned(),
        Stage::Ending => "Deleted, because it was not paid for. Its data can be taken along until it is purged.".to_owned(),
        Stage::Ended => "Ended. Nothing is charged for it any more.".to_owned(),
    }
}

fn invoice(row: InvoiceRow) -> InvoiceOut {
    let InvoiceRow { account: _, deployment, seen, paid_at, decided_at: _, share, share_amount, credits, settled_at: _, version: _ } = row;
    let currency = seen.currency.parse().unwrap_or(vivier_core::money::Currency::USD);
    InvoiceOut {
        id: seen.id,
        number: seen.number,
        deployment,
        status: crate::store::word(&seen.status),
        total: Money::new(seen.total, currency),
        due: Money::new(seen.amount_due - seen.amount_paid, currency),
        created_at: seen.created_at,
        paid_at,
        not_billed: share.map(|share| NotBilledOut { amount: Money::new(share_amount, currency), words: share.words }),
        credits,
        url: seen.url,
        pdf: seen.pdf,
    }
}
