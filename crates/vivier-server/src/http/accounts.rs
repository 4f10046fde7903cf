//! Signing up, in and out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::{Login, MeOut, MemberRole, PasswordChange, Signup};
use vivier_core::wire::catalogue::SignupMode;
use vivier_core::wire::security::SecondStep;

use vivier_core::wire::limits::LimitProblem;

use super::extract::Body;
use super::guard::{Anyone, Read, SignedIn};
use super::idempotency::Seed;
use super::problem::ApiError;
use super::refusals;
use super::sign_in::after_first;
use super::views;
use crate::app::App;
use crate::auth::caller::{Identity, client_address, no_cookie, session_cookie};
use crate::auth::limits::{Limit, Reached, address_key};
use crate::auth::{browser, password, setup, token};
use crate::mail::accounts::{self as letters, letter};
use crate::store::StoreError;
use crate::store::links::Purpose;
use crate::store::members::Membership;
use crate::store::sessions::{NewSession, Origin};
use crate::store::users::{NewUser, User};

pub(super) fn reached(reached: Reached) -> ApiError {
    let Reached { limit, retry_after, allowed } = reached;
    metrics::counter!("vivier_rate_limited_total", "limit" => limit.code()).increment(1);
    let (code, allowed) = (limit.code(), u64::from(allowed));
    let problem = LimitProblem { limit: code.to_owned(), used: allowed, allowed, frees_at: None };
    ApiError::too_many(code, format!("{}. Try again in {retry_after} s.", limit.sentence()), retry_after).limit(problem)
}

/// No longer than what anyone can have set: nothing longer is hashed.
pub(super) fn can_be_a_password(password: &Secret) -> bool {
    password.expose().chars().count() <= *password::LENGTH.end()
}

/// Whether `password` is the one that `hash` was made of; without a hash the same work, and no.
pub(super) async fn holds(app: &App, password: Secret, hash: Option<String>) -> Result<bool, ApiError> {
    let fits = can_be_a_password(&password);
    let password = if fits { password } else { Secret::new("") };
    Ok(app.auth.passwords.verify(password, hash).await? && fits)
}

pub(super) fn check_password(field: &str, password: &Secret) -> Result<(), ApiError> {
    if password::LENGTH.contains(&password.expose().chars().count()) {
        Ok(())
    } else {
        Err(ApiError::field(field, format!("must have {} to {} characters", password::LENGTH.start(), password::LENGTH.end())))
    }
}

/// Opens a session and answers with its cookie. The one that the browser had ends: nobody goes on with a session that was there
/// before the sign-in.
pub(super) async fn sign_in(
    app: &App,
    identity: &Identity,
    headers: &HeaderMap,
    (user, membership): (&User, Option<Membership>),
    status: StatusCode,
) -> Result<Response, ApiError> {
    open(app, identity, headers, (user, membership), None, status).await
}

/// As [`sign_in`]. `since`: when they signed in, if that is not now.
pub(super) async fn open(
    app: &App,
    identity: &Identity,
    headers: &HeaderMap,
    (user, membership): (&User, Option<Membership>),
    since: Option<Timestamp>,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let token = token::opaque();
    let new = NewSession {
        user: user.id,
        email: &user.email,
        account: membership.as_ref().map(|membership| membership.account.id),
        token_hash: token::digest(token.expose()),
        idle_days: app.settings.session_days,
        replaces: identity.session(),
        since,
        origin: origin(headers),
    };
    let (_, expires_at) = app.store.open_session(new).await?;
    let cookie = session_cookie(&app.settings.public_url, &token, app.clock.now(), expires_at);
    Ok((status, [(header::SET_COOKIE, cookie)], Json(views::me(user, membership))).into_response())
}

/// What the list of sessions will show of this request.
fn origin(headers: &HeaderMap) -> Origin {
    Origin { address: client_address(headers), browser: browser::words(headers) }
}

/// Signs in where they worked last, if they are a member of any account.
pub(super) async fn sign_in_again(app: &App, identity: &Identity, headers: &HeaderMap, user: &User) -> Result<Response, ApiError> {
    let last = app.store.memberships(user.id).await?.into_iter().next();
    sign_in(app, identity, headers, (user, last), StatusCode::OK).await
}

/// Make a user with an account of their own, and sign in
///
/// Whoever presents the operator's one-time `setup_token` becomes an operator. Whoever presents an `invitation` becomes a member of its
/// account, with no account of their own; the address must be the one that it was sent to.
#[utoipa::path(post, path = "/v1/auth/signup", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = Signup, security(()),
    responses((status = 201, description = "Who is signed in now; the session is in the cookie", body = MeOut)))]
pub async fn signup(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    seed: Option<Extension<Seed>>,
    headers: HeaderMap,
    Body(body): Body<Signup>,
) -> Result<Response, ApiError> {
    let Signup { email, password, setup_token, invitation } = body;
    check_password("password", &password)?;
    // Whoever the operator let in may let others into what is theirs: an invitation opens a closed installation, to that account alone.
    if app.settings.signup == SignupMode::Closed && setup_token.is_none() && invitation.is_none() {
        return Err(ApiError::forbidden("signup_closed", "This installation takes no new accounts. Ask its operator for one."));
    }
    app.auth.limits.check(Limit::SignupByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    // Before it is known whether the address is taken: both answers take the same time.
    let password_hash = app.auth.passwords.hash(password).await?;
    let setup = setup_token.map(|token| token::digest(token.expose()));
    let once = seed.map(|Extension(Seed(seed))| seed);
    let letter = letter(&app.settings.public_url, Purpose::Verify, &email, letters::verify);
    let new = NewUser { email: &email, password_hash: Some(&password_hash), verified: false, setup, once, letter: Some(&letter) };
    if let Some(token) = invitation {
        // Its link came to this address: there is nothing to confirm.
        let new = NewUser { letter: None, ..new };
        let joined = match app.store.sign_up_invited(&new, token::digest(token.expose())).await {
            Err(StoreError::NotFound(_)) => return Err(ApiError::field("invitation", "is not valid any more; ask who invited you to send it again")),
            other => other?,
        };
        return sign_in(&app, &identity, &headers, (&joined.0, Some(joined.1)), StatusCode::CREATED).await;
    }
    let (user, own) = match app.store.sign_up(&new).await {
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
    sign_in(&app, &identity, &headers, (&user, Some(own)), StatusCode::CREATED).await
}

/// Sign in
#[utoipa::path(post, path = "/v1/auth/login", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = Login, security(()),
    responses((status = 200, description = "Who is signed in now; the session is in the cookie", body = MeOut),
        (status = 202, description = "The password is right; now the second factor, with `POST /v1/auth/second` or a passkey", body = SecondStep)))]
pub async fn login(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    Body(body): Body<Login>,
) -> Result<Response, ApiError> {
    let Login { email, password } = body;
    app.auth.limits.check(Limit::LoginByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    app.auth.limits.check(Limit::LoginByAccount, email.as_str()).map_err(reached)?;
    let user = app.store.user_by_email(&email).await?;
    // The same work, and the same words, whether or not there is such a user.
    let right = holds(&app, password, user.as_ref().and_then(|user| user.password_hash.clone())).await?;
    match user {
        Some(user) if right => after_first(&app, &identity, &headers, &user).await,
        user => {
            refusals::sign_in_failed(&app, user, client_address(&headers));
            Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_credentials", "Not signed in", "The address or the password is wrong."))
        }
    }
}

/// Sign out
///
/// Ends the session, here and at every agent that was opened with it.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])), responses((status = 204, description = "Signed out")))]
pub async fn logout(State(app): State<App>, SignedIn(someone): SignedIn) -> Result<Response, ApiError> {
    done_before(app.store.end_session(&someone.actor(), someone.session).await)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, no_cookie(&app.settings.public_url))]).into_response())
}

/// The same request, sent again, is as good as done.
pub(super) fn done_before(result: Result<(), StoreError>) -> Result<(), StoreError> {
    match result {
        Err(StoreError::Repeated) => Ok(()),
        other => other,
    }
}

/// Who is signed in, and where they work
#[utoipa::path(get, path = "/v1/auth/me", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The user, and the account", body = MeOut)))]
pub async fn me(State(app): State<App>, Anyone { user, account, look, .. }: Anyone<Read>) -> Result<Json<MeOut>, ApiError> {
    // Who looks at an account is no member of it, and sees what an admin does.
    if let (Some(account), Some(look)) = (account, look) {
        let seen = Membership { account: app.store.account(account).await?, role: MemberRole::Admin };
        let me = views::me(&app.store.user(user).await?, Some(seen));
        return Ok(Json(MeOut { look: Some(app.store.look(look).await?), ..me }));
    }
    let membership = match account {
        Some(account) => Some(app.store.membership(account, user).await?),
        None => None,
    };
    Ok(Json(views::me(&app.store.user(user).await?, membership)))
}

/// Change the password
///
/// Every other session of the user ends; API tokens stay.
#[utoipa::path(post, path = "/v1/auth/password", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = PasswordChange, security(("session" = [])),
    responses((status = 204, description = "Changed")))]
pub async fn change_password(State(app): State<App>, SignedIn(someone): SignedIn, Body(body): Body<PasswordChange>) -> Result<StatusCode, ApiError> {
    let PasswordChange { current_password, new_password } = body;
    check_password("new_password", &new_password)?;
    app.auth.limits.check(Limit::LoginByAccount, someone.email.as_str()).map_err(reached)?;
    let user = app.store.user(someone.user).await?;
    if !holds(&app, current_password, user.password_hash).await? {
        return Err(ApiError::field("current_password", "is wrong"));
    }
    let hash = app.auth.passwords.hash(new_password).await?;
    done_before(app.store.set_password(&someone.actor(), someone.user, &hash, Some(someone.session)).await)?;
    Ok(StatusCode::NO_CONTENT)
}
