//! What an account may have and how much of it is used; and what an operator allows one account instead.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use vivier_core::id::AccountId;
use vivier_core::quota::QuotaKind;
use vivier_core::wire::limits::{LimitOut, LimitsOut, NewOverride};

use super::extract::{AccountPath, Body, LimitPath};
use super::guard::{Operator, Read, Signed, Write};
use super::problem::ApiError;
use crate::app::App;

/// Someone's reason: 1 to 200 characters that can be shown.
pub(super) fn note(text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    let fits = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(ApiError::field("note", "must have 1 to 200 characters, in one line")) }
}

/// Your account's limits
///
/// How much of what it may have, how much is used, and when some frees; and how often costly requests may be sent.
#[utoipa::path(get, path = "/v1/limits", tag = "accounts", extensions(("x-vivier-role" = json!("viewer"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "Every limit", body = LimitsOut)))]
pub async fn get_limits(State(app): State<App>, signed: Signed<Read>) -> Result<Json<LimitsOut>, ApiError> {
    Ok(Json(LimitsOut { limits: app.store.limits(signed.0.account).await?, rates: app.auth.limits.rates() }))
}

/// An account's limits
#[utoipa::path(get, path = "/v1/operator/accounts/{id}/limits", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "Every limit", body = [LimitOut])))]
pub async fn account_limits(State(app): State<App>, _operator: Operator<Read>, AccountPath(id): AccountPath) -> Result<Json<Vec<LimitOut>>, ApiError> {
    app.store.account(id).await?;
    Ok(Json(app.store.limits(id).await?))
}

/// Allow one account something else
#[utoipa::path(put, path = "/v1/operator/accounts/{id}/limits/{limit}", tag = "operator", extensions(("x-vivier-role" = json!("operator"))),
    params(("id" = AccountId, Path, description = "The account"), ("limit" = QuotaKind, Path, description = "The name of the limit")),
    request_body = NewOverride, security(("session" = []), ("bearer" = ["write"])), responses((status = 204, description = "It holds from now on")))]
pub async fn set_limit(
    State(app): State<App>,
    operator: Operator<Write>,
    AccountPath(id): AccountPath,
    LimitPath(kind): LimitPath,
    Body(body): Body<NewOverride>,
) -> Result<StatusCode, ApiError> {
    let NewOverride { allowed, note: reason } = body;
    if allowed > 1_000_000 {
        return Err(ApiError::field("allowed", "must be 0 to 1000000"));
    }
    let reason = note(&reason)?;
    app.store.set_override(&operator.0.operator_actor(), id, kind, Some(allowed), &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take that back: the settings' limit holds again
#[utoipa::path(delete, path = "/v1/operator/accounts/{id}/limits/{limit}", tag = "operator", extensions(("x-vivier-role" = json!("operator"))),
    params(("id" = AccountId, Path, description = "The account"), ("limit" = QuotaKind, Path, description = "The name of the limit")),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 204, description = "The settings' limit holds")))]
pub async fn clear_limit(
    State(app): State<App>,
    operator: Operator<Write>,
    AccountPath(id): AccountPath,
    LimitPath(kind): LimitPath,
) -> Result<StatusCode, ApiError> {
    app.store.set_override(&operator.0.operator_actor(), id, kind, None, "").await?;
    Ok(StatusCode::NO_CONTENT)
}
