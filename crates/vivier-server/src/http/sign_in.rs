//! The steps of a sign-in: what comes after a first one held, the second, and how somebody shows again that it is them.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use vivier_core::id::UserId;
use vivier_core::wire::accounts::MeOut;
use vivier_core::wire::security::{FactorKind, ProviderName, Reassurance, SecondFactor, SecondStep, SignInOptions};

use super::accounts::{can_be_a_password, reached, sign_in_again};
use super::extract::Body;
use super::problem::ApiError;
use crate::app::App;
use crate::auth::caller::{Identity, Someone, client_address};
use crate::auth::limits::{Limit, address_key};
use crate::auth::token;
use crate::config::VerifyEmail;
use crate::store::factors::{Factors, Second};
use crate::store::steps::StepKind;
use crate::store::users::User;

/// Someone without a password must have signed in within this time, in milliseconds, to change how they sign in.
const FRESH_MILLIS: i64 = 15 * 60_000;

/// A first step held. Signs in, unless a second one is asked for; until then there is no session.
pub(super) async fn after_first(app: &App, identity: &Identity, headers: &HeaderMap, user: &User) -> Result<Response, ApiError> {
    match begin_second(app, user.id).await? {
        None => sign_in_again(app, identity, headers, user).await,
        Some(step) => Ok((StatusCode::ACCEPTED, Json(step)).into_response()),
    }
}

/// Begins the second step, where one is asked for.
pub(super) async fn begin_second(app: &App, user: UserId) -> Result<Option<SecondStep>, ApiError> {
    let factors = app.store.factors(user).await?;
    if !factors.asked() {
        return Ok(None);
    }
    let token = token::opaque();
    let expires_at = app.store.begin_step(StepKind::Second, token::digest(token.expose()), Some(user), b"{}").await?;
    metrics::counter!("vivier_second_steps_total", "outcome" => "asked").increment(1);
    Ok(Some(SecondStep { token, kinds: kinds(&factors), expires_at }))
}

fn kinds(factors: &Factors) -> Vec<FactorKind> {
    let Factors { app_since, passkeys, codes } = factors;
    let all = [(app_since.is_some(), FactorKind::App), (*passkeys > 0, FactorKind::Passkey), (*codes > 0, FactorKind::RecoveryCode)];
    all.into_iter().filter(|(there, _)| *there).map(|(_, kind)| kind).collect()
}

/// The first step is not good any more: its time is over, or its tries are.
pub(super) fn begin_again() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "begin_again",
        "Not signed in",
        "This sign-in took too long, or was tried too often. Begin again with your address and password.",
    )
}

/// Give the second factor
///
/// After a sign-in that was answered with 202. A few tries, within a few minutes; a code of the app works once.
#[utoipa::path(post, path = "/v1/auth/second", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = SecondFactor, security(()),
    responses((status = 200, description = "Who is signed in now; the session is in the cookie", body = MeOut)))]
pub async fn second_step(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    Body(body): Body<SecondFactor>,
) -> Result<Response, ApiError> {
    let SecondFactor { token, code } = body;
    let from = client_address(&headers);
    app.auth.limits.check(Limit::SecondByAddress, &address_key(from)).map_err(reached)?;
    let digest = token::digest(token.expose());
    // By whom it is, and not by this token: a new first step gives no new tries.
    if let Some(user) = app.store.second_step_of(digest).await? {
        app.auth.limits.check(Limit::SecondByUser, &user.to_string()).map_err(reached)?;
    }
    match app.store.second_step(digest, code.expose(), from).await? {
        Second::Passed(user) => {
            metrics::counter!("vivier_second_steps_total", "outcome" => "passed").increment(1);
            sign_in_again(&app, &identity, &headers, &app.store.user(user).await?).await
        }
        Second::Wrong => {
            metrics::counter!("vivier_second_steps_total", "outcome" => "wrong").increment(1);
            Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "wrong_code",
                "Not signed in",
                "The code is wrong, or was used already. Wait for the app's next one, or take a recovery code.",
            ))
        }
        Second::Gone => Err(begin_again()),
    }
}

/// Ways to sign in beside the password
#[utoipa::path(get, path = "/v1/auth/options", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), security(()),
    responses((status = 200, description = "What the sign-in page offers", body = SignInOptions)))]
pub async fn sign_in_options(State(app): State<App>) -> Json<SignInOptions> {
    let providers = app.settings.oidc.iter().map(|provider| ProviderName { name: provider.name.clone(), title: provider.title().to_owned() }).collect();
    Json(SignInOptions { passkeys: app.auth.passkeys.party().is_some(), providers })
}

/// Whether a code is wanted beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Password,
    /// Also a code, of who has set up an app.
    PasswordAndCode,
}

/// Someone who is signed in shows that it is still them, before they change how they sign in: a session that was left open, or stolen,
/// is not enough.
pub(super) async fn reassure(app: &App, someone: &Someone, given: Reassurance, wanted: Wanted) -> Result<User, ApiError> {
    let Reassurance { password, code } = given;
    let user = app.store.user(someone.user).await?;
    match (&user.password_hash, password) {
        (Some(hash), Some(password)) => {
            app.auth.limits.check(Limit::LoginByAccount, someone.email.as_str()).map_err(reached)?;
            if !can_be_a_password(&password) || !app.auth.passwords.verify(password, Some(hash.clone())).await? {
                return Err(ApiError::field("password", "is wrong"));
            }
        }
        (Some(_), None) => return Err(ApiError::field("password", "is required for this")),
        (None, _) => {
            let begun = app.store.session_begun(someone.session).await?;
            if app.clock.now().millis_since(begun) > FRESH_MILLIS {
                return Err(ApiError::forbidden(
                    "sign_in_again",
                    "You have no password, so this needs a sign-in of the last 15 minutes. Log out and in, then try again.",
                ));
            }
        }
    }
    if wanted == Wanted::PasswordAndCode && app.store.factors(user.id).await?.app_since.is_some() {
        let Some(code) = code else { return Err(ApiError::field("code", "is required for this: of the authenticator app, or a recovery code")) };
        app.auth.limits.check(Limit::SecondByUser, &user.id.to_string()).map_err(reached)?;
        if app.store.take_code(user.id, code.expose()).await?.is_none() {
            return Err(ApiError::field("code", "is wrong, or was used already; wait for the app's next one"));
        }
    }
    Ok(user)
}

/// Whether some things wait until an address is confirmed.
pub(super) fn verification_matters(app: &App) -> bool {
    match app.settings.verify_email {
        VerifyEmail::Always => true,
        VerifyEmail::Never => false,
        // Where mails go into files, nobody could confirm anything.
        VerifyEmail::Auto => app.settings.mail.host.is_some(),
    }
}

/// Some things are for people whose address is confirmed, where that matters. Operators came by another way.
///
/// # Errors
/// With what to do, which begins with `what` is not allowed: "invite others", say.
pub(super) async fn verified(app: &App, user: UserId, what: &str) -> Result<(), ApiError> {
    if !verification_matters(app) {
        return Ok(());
    }
    let user = app.store.user(user).await?;
    if user.operator || user.email_verified_at.is_some() {
        return Ok(());
    }
    let detail = format!("Confirm your address before you {what}: open the link in the mail to {}. Account, Security sends another one.", user.email);
    Err(ApiError::forbidden("email_unverified", detail))
}
