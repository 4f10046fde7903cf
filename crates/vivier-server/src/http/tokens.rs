//! API tokens: what programs sign in with.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use vivier_core::id::{TokenId, UserId};
use vivier_core::wire::Page;
use vivier_core::wire::accounts::{MemberRole, NewToken, TokenCreated, TokenOut};

use super::extract::{Body, TokenPath};
use super::guard::{OwnToken, Person, Signed};
use super::problem::ApiError;
use crate::app::App;
use crate::auth::caller::Caller;
use crate::auth::token;
use crate::store::tokens::NewApiToken;

/// Whose tokens someone may see and take back: an admin everyone's, anyone else their own.
fn makers(caller: &Caller) -> Option<UserId> {
    (caller.role < MemberRole::Admin).then_some(caller.user)
}

/// The account's API tokens
///
/// Newest first, without their text: one's own, and for admins everyone's.
#[utoipa::path(get, path = "/v1/tokens", tag = "accounts", extensions(("x-vivier-role" = json!("viewer"))), security(("session" = [])),
    responses((status = 200, description = "The tokens", body = Page<TokenOut>)))]
pub async fn list_tokens(State(app): State<App>, signed: Signed<Person>) -> Result<Json<Page<TokenOut>>, ApiError> {
    Ok(Json(Page { items: app.store.tokens(signed.0.account, makers(&signed.0)).await?, next_cursor: None }))
}

/// Make an API token
///
/// Its text is shown this one time. It works in this account, and never may do more than its maker may at the time.
#[utoipa::path(post, path = "/v1/tokens", tag = "accounts", extensions(("x-vivier-role" = json!("viewer"))), request_body = NewToken, security(("session" = [])),
    responses((status = 201, description = "The token, with its text", body = TokenCreated)))]
pub async fn create_token(State(app): State<App>, signed: Signed<Person>, Body(body): Body<NewToken>) -> Result<(StatusCode, Json<TokenCreated>), ApiError> {
    let NewToken { name, mut scopes, expires_in_days } = body;
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(ApiError::field("scopes", "must name at least one of read, write, chat"));
    }
    if expires_in_days.is_some_and(|days| !(1..=366).contains(&days)) {
        return Err(ApiError::field("expires_in_days", "must be 1 to 366; leave it out for a token that does not expire"));
    }
    let (secret, hint) = token::api();
    let new = NewApiToken { name: &name, token_hash: token::digest(secret.expose()), hint: &hint, scopes: &scopes, expires_in_days };
    let token = app.store.create_token(&signed.0.actor(), signed.0.account, signed.0.user, &new).await?;
    Ok((StatusCode::CREATED, Json(TokenCreated { token, secret })))
}

/// Delete the API token of this very request
///
/// With any scope: a program that signs out takes its own token back. A browser's session signs out with `POST /v1/auth/logout`.
#[utoipa::path(delete, path = "/v1/tokens/current", tag = "accounts", extensions(("x-vivier-role" = json!("viewer"))), security(("bearer" = [])),
    responses((status = 204, description = "It is worth nothing any more")))]
pub async fn delete_current_token(State(app): State<App>, OwnToken(caller, id): OwnToken) -> Result<StatusCode, ApiError> {
    app.store.revoke_token(&caller.actor(), caller.account, None, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete an API token
///
/// One's own; as an admin anyone's.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "accounts", extensions(("x-vivier-role" = json!("viewer"))), security(("session" = [])),
    params(("id" = TokenId, Path, description = "The token")), responses((status = 204, description = "It is worth nothing any more")))]
pub async fn delete_token(State(app): State<App>, signed: Signed<Person>, TokenPath(id): TokenPath) -> Result<StatusCode, ApiError> {
    app.store.revoke_token(&signed.0.actor(), signed.0.account, makers(&signed.0), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
