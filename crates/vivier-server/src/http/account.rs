//! The account that one works in, and the others that one could.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use vivier_core::secret::Secret;
use vivier_core::wire::Page;
use vivier_core::wire::accounts::{AccountOut, MeOut};
use vivier_core::wire::catalogue::SignupMode;
use vivier_core::wire::members::{AccountDeleted, AccountDeletion, AccountPatch, NewAccount, NewOwner, Switch, UserDeletion};
use vivier_core::wire::security::Reassurance;

use super::accounts::{open, reached};
use super::extract::Body;
use super::guard::{Manage, Own, Signed, SignedIn};
use super::problem::ApiError;
use super::sign_in::{Wanted, reassure, verified};
use super::views;
use crate::app::App;
use crate::auth::caller::{Identity, Someone, no_cookie};
use crate::auth::limits::Limit;
use crate::store::StoreError;

/// Whether it is really they, before something that cannot be taken back.
async fn confirm(app: &App, someone: &Someone, password: Option<Secret>) -> Result<(), ApiError> {
    reassure(app, someone, Reassurance { password, code: None }, Wanted::Password).await.map(|_| ())
}

/// One's accounts
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    responses((status = 200, description = "Every account that one is a member of, the one last worked in first", body = Page<AccountOut>)))]
pub async fn list_own_accounts(State(app): State<App>, SignedIn(someone): SignedIn) -> Result<Json<Page<AccountOut>>, ApiError> {
    let items = app.store.memberships(someone.user).await?.into_iter().map(views::account).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Make another account
///
/// Its maker owns it. Switch to it with `POST /v1/auth/switch`.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    request_body = NewAccount, responses((status = 201, description = "The account", body = AccountOut)))]
pub async fn create_account(
    State(app): State<App>,
    SignedIn(someone): SignedIn,
    Body(body): Body<NewAccount>,
) -> Result<(StatusCode, Json<AccountOut>), ApiError> {
    let NewAccount { name } = body;
    if app.settings.signup == SignupMode::Closed && !someone.operator {
        return Err(ApiError::forbidden("signup_closed", "This installation takes no new accounts. Ask its operator for one."));
    }
    verified(&app, someone.user, "make another account").await?;
    app.auth.limits.check(Limit::SignupByAddress, &crate::auth::limits::address_key(someone.from)).map_err(reached)?;
    let made = match app.store.create_account(&someone.actor(), someone.user, &name).await {
        // The request of before was done: it named what it made.
        Err(StoreError::Repeated) => {
            let id = someone.once.map(vivier_core::id::AccountId::from_uuid).ok_or_else(|| ApiError::not_found("account"))?;
            app.store.membership(id, someone.user).await?
        }
        made => made?,
    };
    Ok((StatusCode::CREATED, Json(views::account(made))))
}

/// Work in another account
///
/// The session ends, and another begins in that account: the cookie is a new one, and agents that are open are closed.
#[utoipa::path(post, path = "/v1/auth/switch", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    request_body = Switch, responses((status = 200, description = "Who is signed in, and where they work now", body = MeOut)))]
pub async fn switch_account(
    State(app): State<App>,
    SignedIn(someone): SignedIn,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    Body(body): Body<Switch>,
) -> Result<Response, ApiError> {
    let membership = app.store.membership(body.account, someone.user).await?;
    let user = app.store.user(someone.user).await?;
    // It is no sign-in: the session that begins is as old as the one that ends.
    let since = app.store.session_begun(someone.session).await?;
    open(&app, &identity, &headers, (&user, Some(membership)), Some(since), StatusCode::OK).await
}

/// The account that one works in
#[utoipa::path(patch, path = "/v1/account", tag = "accounts", extensions(("x-vivier-role" = json!("admin"))), security(("session" = [])),
    request_body = AccountPatch, responses((status = 200, description = "As it is now", body = AccountOut)))]
pub async fn edit_account(State(app): State<App>, signed: Signed<Manage>, Body(body): Body<AccountPatch>) -> Result<Json<AccountOut>, ApiError> {
    let caller = signed.0;
    app.store.rename_account(&caller.actor(), caller.account, &body.name).await?;
    Ok(Json(views::account(app.store.membership(caller.account, caller.user).await?)))
}

/// Hand the account over to another member
///
/// The owner of before becomes an admin. There is never none, and never two.
#[utoipa::path(post, path = "/v1/account/owner", tag = "accounts", extensions(("x-vivier-role" = json!("owner"))), security(("session" = [])),
    request_body = NewOwner, responses((status = 204, description = "It is theirs")))]
pub async fn hand_over(State(app): State<App>, signed: Signed<Own>, SignedIn(someone): SignedIn, Body(body): Body<NewOwner>) -> Result<StatusCode, ApiError> {
    let NewOwner { user, password } = body;
    confirm(&app, &someone, password).await?;
    let caller = signed.0;
    match app.store.hand_over(&caller.actor(), caller.account, caller.user, user, app.settings.public_url.trim_end_matches('/')).await {
        Err(StoreError::NotFound("member")) => Err(ApiError::field("user", "is no member of this account")),
        Ok(()) | Err(StoreError::Repeated) => Ok(StatusCode::NO_CONTENT),
        Err(other) => Err(other.into()),
    }
}

/// Everything that is the account's, as one JSON document
///
/// Members, invitations, agents with their configurations, revisions and events, tokens and secrets by name (never their text), what was
/// done by whom, and what was paid.
#[utoipa::path(get, path = "/v1/account/export", tag = "accounts", extensions(("x-vivier-role" = json!("owner"))), security(("session" = [])),
    responses((status = 200, description = "The document, to be kept as a file", body = Object)))]
pub async fn export_account(State(app): State<App>, signed: Signed<Own>) -> Result<Response, ApiError> {
    let caller = signed.0;
    app.auth.limits.check(Limit::ExportByAccount, &caller.account.to_string()).map_err(reached)?;
    let document = app.store.export(caller.account).await?;
    let mut response = Json(document).into_response();
    let name = format!("attachment; filename=\"vivier-{}.json\"", caller.account);
    response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(|error| ApiError::internal(&error))?);
    Ok(response)
}

/// Delete the account
///
/// Its agents are ended and their data purged after the retention; nobody works in it from this moment, and its tokens are worth
/// nothing. What is personal is erased after the retention. Rows of money and of the audit log stay, without names.
#[utoipa::path(post, path = "/v1/account/delete", tag = "accounts", extensions(("x-vivier-role" = json!("owner"))), security(("session" = [])),
    request_body = AccountDeletion, responses((status = 200, description = "It is closed; sign in again to work in another", body = AccountDeleted)))]
pub async fn delete_account(
    State(app): State<App>,
    signed: Signed<Own>,
    SignedIn(someone): SignedIn,
    Body(body): Body<AccountDeletion>,
) -> Result<Response, ApiError> {
    let AccountDeletion { name, password } = body;
    confirm(&app, &someone, password).await?;
    let caller = signed.0;
    let url = app.settings.public_url.trim_end_matches('/');
    let deleted = match app.store.close_account(&caller.actor(), caller.account, &name, app.settings.retention_days, url).await {
        Err(StoreError::Taken { field, message }) => return Err(ApiError::field(field, message)),
        other => other?,
    };
    app.wake.notify_one();
    Ok(([(header::SET_COOKIE, no_cookie(&app.settings.public_url))], Json(deleted)).into_response())
}

/// Delete the person who is signed in
///
/// They must be in no account any more: leave those of others, delete or hand over one's own. The address is free again at once.
#[utoipa::path(post, path = "/v1/auth/user/delete", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    request_body = UserDeletion, responses((status = 204, description = "There is no such person any more")))]
pub async fn delete_user(State(app): State<App>, SignedIn(someone): SignedIn, Body(body): Body<UserDeletion>) -> Result<Response, ApiError> {
    let UserDeletion { email, password } = body;
    if email != someone.email {
        return Err(ApiError::field("email", format!("is not the address that you are signed in with, which is {}", someone.email)));
    }
    confirm(&app, &someone, password).await?;
    app.store.delete_user(&someone.actor(), someone.user).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, no_cookie(&app.settings.public_url))]).into_response())
}
