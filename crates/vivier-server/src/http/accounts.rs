//! Signing up, in and out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use vivier_core::secret::Secret;
use vivier_core::wire::accounts::{AccountOut, Login, PasswordChange, Signup};
use vivier_core::wire::catalogue::SignupMode;

use super::extract::Body;
use super::guard::{Person, Read, Signed};
use super::idempotency::Seed;
use super::problem::ApiError;
use super::views;
use crate::app::App;
use crate::auth::caller::{Identity, client_address, no_cookie, session_cookie};
use crate::auth::limits::{Limit, Reached, address_key};
use crate::auth::{password, setup, token};
use crate::store::StoreError;
use crate::store::accounts::{Account, NewAccount};

pub(super) fn reached(reached: Reached) -> ApiError {
    let Reached { limit, retry_after } = reached;
    metrics::counter!("vivier_rate_limited_total", "limit" => limit.code()).increment(1);
    ApiError::too_many(limit.code(), format!("{}. Try again in {retry_after} s.", limit.sentence()), retry_after)
}

/// No longer than what anyone can have set: nothing longer is hashed.
fn can_be_a_password(password: &Secret) -> bool {
    password.expose().chars().count() <= *password::LENGTH.end()
}

fn check_password(field: &str, password: &Secret) -> Result<(), ApiError> {
    if password::LENGTH.contains(&password.expose().chars().count()) {
        Ok(())
    } else {
        Err(ApiError::field(field, format!("must have {} to {} characters", password::LENGTH.start(), password::LENGTH.end())))
    }
}

/// Opens a session and answers with its cookie. The one that the browser had ends: nobody goes on with a session that was there
/// before the sign-in.
async fn sign_in(app: &App, identity: &Identity, account: &Account, status: StatusCode) -> Result<Response, ApiError> {
    let replaces = match identity {
        Identity::Known(caller) => caller.session(),
        Identity::Nobody | Identity::Invalid(_) => None,
    };
    let token = token::opaque();
    let digest = token::digest(token.expose());
    let (_, expires_at) = app.store.open_session(account.id, &account.email, digest, app.settings.session_days, replaces).await?;
    let cookie = session_cookie(&app.settings.public_url, &token, app.clock.now(), expires_at);
    Ok((status, [(header::SET_COOKIE, cookie)], Json(views::account(account))).into_response())
}

/// Make an account and sign in
///
/// Whoever presents the operator's one-time `setup_token` becomes an operator.
#[utoipa::path(post, path = "/v1/auth/signup", tag = "accounts", request_body = Signup, security(()),
    responses((status = 201, description = "The account; the session is in the cookie", body = AccountOut)))]
pub async fn signup(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    seed: Option<Extension<Seed>>,
    headers: HeaderMap,
    Body(body): Body<Signup>,
) -> Result<Response, ApiError> {
    let Signup { email, password, setup_token } = body;
    check_password("password", &password)?;
    if app.settings.signup == SignupMode::Closed && setup_token.is_none() {
        return Err(ApiError::forbidden("signup_closed", "This installation takes no new accounts. Ask its operator for one."));
    }
    app.auth.limits.check(Limit::SignupByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    // Before it is known whether the address is taken: both answers take the same time.
    let password_hash = app.auth.passwords.hash(password).await?;
    let setup = setup_token.map(|token| token::digest(token.expose()));
    let new = NewAccount { email: &email, password_hash: &password_hash, setup, once: seed.map(|Extension(Seed(seed))| seed) };
    let account = match app.store.create_account(&new).await {
        Err(StoreError::NotFound(_)) => {
            let message = "is not valid any more: it works once. While there is no operator, every start makes a new one, in the file `run/setup-link` of the data directory";
            return Err(ApiError::field("setup_token", message));
        }
        other => other?,
    };
    if setup.is_some()
        && let Err(error) = tokio::fs::remove_file(setup::link_file(&app)).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the used setup link cannot be removed; it is worth nothing any more");
    }
    sign_in(&app, &identity, &account, StatusCode::CREATED).await
}

/// Sign in
#[utoipa::path(post, path = "/v1/auth/login", tag = "accounts", request_body = Login, security(()),
    responses((status = 200, description = "The account; the session is in the cookie", body = AccountOut)))]
pub async fn login(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    Body(body): Body<Login>,
) -> Result<Response, ApiError> {
    let Login { email, password } = body;
    app.auth.limits.check(Limit::LoginByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    app.auth.limits.check(Limit::LoginByAccount, email.as_str()).map_err(reached)?;
    let account = app.store.account_by_email(&email).await?;
    // The same work, and the same words, whether or not there is such an account.
    let fits = can_be_a_password(&password);
    let password = if fits { password } else { Secret::new("") };
    let holds = app.auth.passwords.verify(password, account.as_ref().map(|account| account.password_hash.clone())).await?;
    match account {
        Some(account) if holds && fits => sign_in(&app, &identity, &account, StatusCode::OK).await,
        Some(_) | None => Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_credentials", "Not signed in", "The address or the password is wrong.")),
    }
}

/// Sign out
///
/// Ends the session, here and at every agent that was opened with it.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "accounts", security(("session" = [])), responses((status = 204, description = "Signed out")))]
pub async fn logout(State(app): State<App>, signed: Signed<Person>) -> Result<Response, ApiError> {
    if let Some(session) = signed.0.session() {
        done_before(app.store.end_session(&signed.0.actor(), signed.0.account, session).await)?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, no_cookie(&app.settings.public_url))]).into_response())
}

/// The same request, sent again, is as good as done.
fn done_before(result: Result<(), StoreError>) -> Result<(), StoreError> {
    match result {
        Err(StoreError::Repeated) => Ok(()),
        other => other,
    }
}

/// Who is signed in
#[utoipa::path(get, path = "/v1/auth/me", tag = "accounts", security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The account", body = AccountOut)))]
pub async fn me(State(app): State<App>, signed: Signed<Read>) -> Result<Json<AccountOut>, ApiError> {
    Ok(Json(views::account(&app.store.account(signed.0.account).await?)))
}

/// Change the password
///
/// Every other session of the account ends; API tokens stay.
#[utoipa::path(post, path = "/v1/auth/password", tag = "accounts", request_body = PasswordChange, security(("session" = [])),
    responses((status = 204, description = "Changed")))]
pub async fn change_password(State(app): State<App>, signed: Signed<Person>, Body(body): Body<PasswordChange>) -> Result<StatusCode, ApiError> {
    let PasswordChange { current_password, new_password } = body;
    check_password("new_password", &new_password)?;
    let caller = signed.0;
    app.auth.limits.check(Limit::LoginByAccount, caller.email.as_str()).map_err(reached)?;
    let account = app.store.account(caller.account).await?;
    if !can_be_a_password(&current_password) || !app.auth.passwords.verify(current_password, Some(account.password_hash)).await? {
        return Err(ApiError::field("current_password", "is wrong"));
    }
    let hash = app.auth.passwords.hash(new_password).await?;
    done_before(app.store.set_password(&caller.actor(), caller.account, &hash, caller.session()).await)?;
    Ok(StatusCode::NO_CONTENT)
}
