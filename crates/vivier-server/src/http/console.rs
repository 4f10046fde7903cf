//! The operator's console: accounts, and looks at them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use vivier_core::credits::Credits;
use vivier_core::id::{AccountId, LookId, ReferralId};
use vivier_core::wire::Page;
use vivier_core::wire::console::{AccountHold, Because, ConsoleAccountDetail, ConsoleAccountOut, LookOut, NewAccountLimit, NewLook};
use vivier_core::wire::credits::{NewCredits, ReferralOut, ReferralState};

use super::extract::{AccountPath, Body, Query, number};
use super::guard::{Operator, Person, Read, Signed, Write};
use super::problem::ApiError;
use super::views;
use crate::app::App;
use crate::store::StoreError;
use crate::store::deployments::Filter;

const PAGE: u32 = 50;
const MOST: u32 = 200;
const AGENTS: u32 = 100;
const MOST_REASON: usize = 500;
const LOOK_MINUTES: u32 = 30;
const MOST_LOOK_MINUTES: u32 = 240;
const MOST_CREDIT_DAYS: u16 = 3_660;
const MOST_NOTE: usize = 200;
const MOST_ALLOWED: u32 = 1_000_000;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// Part of the account's name or of a member's address; or the account's id.
    #[serde(default)]
    pub q: Option<String>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<AccountId>,
    /// 1 to 200; 50 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

fn reason(text: &str) -> Result<&str, ApiError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MOST_REASON || text.chars().any(char::is_control) {
        return Err(ApiError::field("reason", format!("must have 1 to {MOST_REASON} characters on one line; the tenant is shown it")));
    }
    Ok(text)
}

/// Accounts
#[utoipa::path(get, path = "/v1/operator/accounts", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(AccountsQuery),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "One page, newest first", body = Page<ConsoleAccountOut>)))]
pub async fn list_accounts(
    State(app): State<App>,
    _operator: Operator<Read>,
    Query(query): Query<AccountsQuery>,
) -> Result<Json<Page<ConsoleAccountOut>>, ApiError> {
    let AccountsQuery { q, cursor, limit } = query;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to {MOST}")));
    }
    let items = app.store.console_accounts(q.as_deref(), cursor, limit).await?;
    let full = items.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next_cursor = items.last().filter(|_| full).map(|account| account.id.to_string());
    Ok(Json(Page { items, next_cursor }))
}

/// One account
///
/// Its people, its agents, and who looked at it.
#[utoipa::path(get, path = "/v1/operator/accounts/{id}", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "As it is now", body = ConsoleAccountDetail)))]
pub async fn get_any_account(State(app): State<App>, _operator: Operator<Read>, AccountPath(id): AccountPath) -> Result<Json<ConsoleAccountDetail>, ApiError> {
    Ok(Json(detail(&app, id).await?))
}

async fn detail(app: &App, id: AccountId) -> Result<ConsoleAccountDetail, ApiError> {
    let account = app.store.console_account(id).await?;
    let people = app.store.console_people(id).await?;
    let filter = Filter { limit: AGENTS, include_terminated: true, ..Filter::default() };
    let agents = app.store.deployments(id, &filter).await?.0.into_iter().map(|row| views::deployment(app, row)).collect();
    let looks = app.store.looks(id).await?;
    let credits = app.store.credits_balance(id).await?;
    let limits = app.store.limits(id).await?;
    Ok(ConsoleAccountDetail { account, people, agents, looks, credits, limits })
}

/// Suspend everything that an account runs
///
/// Each agent gets an operator's hold, which its owner cannot lift. What they want is kept.
#[utoipa::path(post, path = "/v1/operator/accounts/{id}/suspend", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    request_body = Because, security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "What was changed", body = AccountHold)))]
pub async fn suspend_account(
    State(app): State<App>,
    operator: Operator<Write>,
    AccountPath(id): AccountPath,
    Body(body): Body<Because>,
) -> Result<Json<AccountHold>, ApiError> {
    hold(&app, &operator, id, true, &body).await
}

/// Let go of everything that an account runs
///
/// Lifts the operator's hold of each agent: what its owner wants holds again.
#[utoipa::path(post, path = "/v1/operator/accounts/{id}/resume", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    request_body = Because, security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "What was changed", body = AccountHold)))]
pub async fn resume_account(
    State(app): State<App>,
    operator: Operator<Write>,
    AccountPath(id): AccountPath,
    Body(body): Body<Because>,
) -> Result<Json<AccountHold>, ApiError> {
    hold(&app, &operator, id, false, &body).await
}

async fn hold(app: &App, operator: &Operator<Write>, id: AccountId, set: bool, body: &Because) -> Result<Json<AccountHold>, ApiError> {
    let done = match app.store.hold_account(&operator.0.operator_actor(), id, set, reason(&body.reason)?).await {
        Ok(done) => done,
        Err(StoreError::Repeated) => AccountHold { changed: 0, already: 0 },
        Err(error) => return Err(error.into()),
    };
    app.wake.notify_one();
    Ok(Json(done))
}

/// Look at an account
///
/// For a while this session sees what an admin of the account sees, and can change nothing anywhere. The account sees who looked,
/// when, and why. It ends by itself, or with `DELETE /v1/auth/look`.
#[utoipa::path(post, path = "/v1/operator/accounts/{id}/look", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    request_body = NewLook, security(("session" = [])), responses((status = 201, description = "It has begun", body = LookOut)))]
pub async fn begin_look(
    State(app): State<App>,
    operator: Operator<Person>,
    AccountPath(id): AccountPath,
    Body(body): Body<NewLook>,
) -> Result<(StatusCode, Json<LookOut>), ApiError> {
    let NewLook { reason: why, minutes } = body;
    let why = reason(&why)?;
    let minutes = minutes.unwrap_or(LOOK_MINUTES);
    if !(1..=MOST_LOOK_MINUTES).contains(&minutes) {
        return Err(ApiError::field("minutes", format!("must be 1 to {MOST_LOOK_MINUTES}")));
    }
    let caller = operator.0;
    let session = caller.session().ok_or_else(|| ApiError::forbidden("session_required", "Looks are for people who signed in with a browser."))?;
    let actor = caller.operator_actor();
    let look = match app.store.begin_look(&actor, (session, caller.user, &caller.email), id, why, minutes).await {
        Ok(look) => look,
        Err(StoreError::Repeated) => app.store.look(LookId::from_uuid(actor.once.unwrap_or_default())).await?,
        Err(error) => return Err(error.into()),
    };
    Ok((StatusCode::CREATED, Json(look)))
}

/// End the look
///
/// This session works in its own account again.
#[utoipa::path(delete, path = "/v1/auth/look", tag = "accounts", extensions(("x-vivier-role" = json!("viewer"))), security(("session" = [])),
    responses((status = 204, description = "It has ended")))]
pub async fn end_look(State(app): State<App>, signed: Signed<Person>) -> Result<StatusCode, ApiError> {
    if let Some(session) = signed.0.session() {
        app.store.end_look(&signed.0.operator_actor(), session).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Who looked at your account
///
/// Operators of this installation, each with the time and the reason. They saw what an admin sees, no secret, and changed nothing.
#[utoipa::path(get, path = "/v1/looks", tag = "audit", extensions(("x-vivier-role" = json!("viewer"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The last fifty, newest first", body = Page<LookOut>)))]
pub async fn list_looks(State(app): State<App>, signed: Signed<Read>) -> Result<Json<Page<LookOut>>, ApiError> {
    Ok(Json(Page { items: app.store.looks(signed.0.account).await?, next_cursor: None }))
}

/// Give an account credits
///
/// Given whole or not at all; the account sees the reason beside them.
#[utoipa::path(post, path = "/v1/operator/accounts/{id}/credits", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    request_body = NewCredits, security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "The account as it is now", body = ConsoleAccountDetail)))]
pub async fn give_credits(
    State(app): State<App>,
    operator: Operator<Write>,
    AccountPath(id): AccountPath,
    Body(body): Body<NewCredits>,
) -> Result<Json<ConsoleAccountDetail>, ApiError> {
    let NewCredits { amount, expires_in_days, note } = body;
    let note = note.trim();
    if note.is_empty() || note.chars().count() > MOST_NOTE || note.chars().any(char::is_control) {
        return Err(ApiError::field("note", format!("must have 1 to {MOST_NOTE} characters on one line; the account's people see it")));
    }
    if amount == Credits::ZERO || amount > Credits::MOST {
        return Err(ApiError::field("amount", format!("must be 1 to {}", Credits::MOST.count())));
    }
    if expires_in_days.is_some_and(|days| days == 0 || days > MOST_CREDIT_DAYS) {
        return Err(ApiError::field("expires_in_days", format!("must be 1 to {MOST_CREDIT_DAYS}")));
    }
    match app.store.give_credits(&operator.0.operator_actor(), id, amount, expires_in_days, note).await {
        Ok(_) | Err(StoreError::Repeated) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Json(detail(&app, id).await?))
}

/// Allow an account something else than the settings do
#[utoipa::path(put, path = "/v1/operator/accounts/{id}/limits", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    request_body = NewAccountLimit, security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "The account as it is now", body = ConsoleAccountDetail)))]
pub async fn set_limit(
    State(app): State<App>,
    operator: Operator<Write>,
    AccountPath(id): AccountPath,
    Body(body): Body<NewAccountLimit>,
) -> Result<Json<ConsoleAccountDetail>, ApiError> {
    let NewAccountLimit { limit, allowed, reason: why } = body;
    let why = reason(&why)?;
    if allowed.is_some_and(|allowed| allowed > MOST_ALLOWED) {
        return Err(ApiError::field("allowed", format!("must be 0 to {MOST_ALLOWED}")));
    }
    match app.store.set_override(&operator.0.operator_actor(), id, limit, allowed, why).await {
        Ok(()) | Err(StoreError::Repeated) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Json(detail(&app, id).await?))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReferralsQuery {
    #[serde(default)]
    pub state: Option<ReferralState>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<ReferralId>,
    /// 1 to 200; 50 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Referrals
///
/// With the reasons of those that were refused.
#[utoipa::path(get, path = "/v1/operator/referrals", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(ReferralsQuery),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "One page, newest first", body = Page<ReferralOut>)))]
pub async fn list_referrals(
    State(app): State<App>,
    _operator: Operator<Read>,
    Query(query): Query<ReferralsQuery>,
) -> Result<Json<Page<ReferralOut>>, ApiError> {
    let ReferralsQuery { state, cursor, limit } = query;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to {MOST}")));
    }
    let (items, next) = app.store.referrals(state, cursor, limit).await?;
    Ok(Json(Page { items, next_cursor: next.map(|id| id.to_string()) }))
}
