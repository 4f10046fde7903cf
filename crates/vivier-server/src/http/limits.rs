//! What an account may have, and how much of it is used.

use axum::Json;
use axum::extract::State;
use vivier_core::id::AccountId;
use vivier_core::wire::limits::{LimitOut, LimitsOut};

use super::extract::AccountPath;
use super::guard::{Operator, Read, Signed};
use super::problem::ApiError;
use crate::app::App;

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
