//! How someone signs in, and what they change about it: authenticator app, recovery codes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use vivier_core::wire::security::{AppConfirmation, AppEnrolment, IdentityOut, Reassurance, RecoveryCodes, SecurityOut};

use super::accounts::{done_before, reached};
use super::extract::Body;
use super::guard::SignedIn;
use super::problem::ApiError;
use super::sign_in::{Wanted, reassure, verification_matters};
use crate::app::App;
use crate::auth::caller::Someone;
use crate::auth::limits::Limit;
use crate::auth::{recovery, totp};
use crate::mail::Mail;
use crate::mail::accounts::{Happened, told};

pub(super) fn tell(app: &App, someone: &Someone, happened: Happened, detail: &str) -> Mail {
    told(&app.settings.public_url, &someone.email, happened, detail)
}

/// How you sign in
#[utoipa::path(get, path = "/v1/auth/security", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    responses((status = 200, description = "Everything that signs you in", body = SecurityOut)))]
pub async fn get_security(State(app): State<App>, SignedIn(someone): SignedIn) -> Result<Json<SecurityOut>, ApiError> {
    let user = app.store.user(someone.user).await?;
    let factors = app.store.factors(user.id).await?;
    let linked = app.store.identities(user.id).await?;
    let identities = app.settings.oidc.iter().map(|provider| {
        let found = linked.iter().find(|identity| identity.issuer == provider.issuer);
        IdentityOut {
            provider: provider.name.clone(),
            title: provider.title().to_owned(),
            linked_at: found.map(|identity| identity.linked_at),
            email: found.and_then(|identity| identity.email.clone()),
        }
    });
    Ok(Json(SecurityOut {
        identities: identities.collect(),
        new_email: app.store.pending_email(user.id).await?,
        passkeys: app.store.passkeys(user.id).await?.into_iter().map(|(passkey, _)| passkey).collect(),
        email: user.email,
        email_verified_at: user.email_verified_at,
        verification_needed: verification_matters(&app) && user.email_verified_at.is_none(),
        has_password: user.password_hash.is_some(),
        app_since: factors.app_since,
        recovery_codes_left: factors.codes,
        passkeys_possible: app.auth.passkeys.party().is_some(),
    }))
}

/// Set up an authenticator app
///
/// It counts once a code of it has been confirmed.
#[utoipa::path(post, path = "/v1/auth/app", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = Reassurance, security(("session" = [])),
    responses((status = 200, description = "What the app must be told", body = AppEnrolment)))]
pub async fn enrol_app(State(app): State<App>, SignedIn(someone): SignedIn, Body(body): Body<Reassurance>) -> Result<Json<AppEnrolment>, ApiError> {
    let user = reassure(&app, &someone, body, Wanted::Password).await?;
    let secret = totp::new_secret();
    let enrolment = totp::enrolment(&secret, &user.email).map_err(|error| ApiError::internal(&*error))?;
    app.store.enrol_app(&someone.actor(), user.id, &secret).await?;
    Ok(Json(enrolment))
}

/// Confirm the authenticator app with its first code
///
/// From now on signing in asks for it. With the first second factor come recovery codes, shown this one time.
#[utoipa::path(post, path = "/v1/auth/app/confirm", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = AppConfirmation, security(("session" = [])),
    responses((status = 200, description = "The recovery codes; none when there were some already", body = RecoveryCodes)))]
pub async fn confirm_app(State(app): State<App>, SignedIn(someone): SignedIn, Body(body): Body<AppConfirmation>) -> Result<Json<RecoveryCodes>, ApiError> {
    app.auth.limits.check(Limit::SecondByUser, &someone.user.to_string()).map_err(reached)?;
    let (codes, digests) = recovery::new_codes();
    let mail = tell(&app, &someone, Happened::AppOn, "");
    match app.store.confirm_app(&someone.actor(), someone.user, body.code.expose(), &digests, &mail).await? {
        Some(kept) => Ok(Json(RecoveryCodes { codes: if kept { codes } else { Vec::new() } })),
        None => Err(ApiError::field("code", "is not the one that the app shows now; is the clock of its device right?")),
    }
}

/// Turn the authenticator app off
///
/// Needs the password and a code: of the app, or a recovery code.
#[utoipa::path(post, path = "/v1/auth/app/disable", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = Reassurance, security(("session" = [])),
    responses((status = 204, description = "It is not asked for any more")))]
pub async fn disable_app(State(app): State<App>, SignedIn(someone): SignedIn, Body(body): Body<Reassurance>) -> Result<StatusCode, ApiError> {
    reassure(&app, &someone, body, Wanted::PasswordAndCode).await?;
    done_before(app.store.drop_app(&someone.actor(), someone.user, &tell(&app, &someone, Happened::AppOff, "")).await)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes
///
/// The old ones work no more.
#[utoipa::path(post, path = "/v1/auth/recovery-codes", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = Reassurance, security(("session" = [])),
    responses((status = 200, description = "Shown this one time", body = RecoveryCodes)))]
pub async fn new_recovery_codes(State(app): State<App>, SignedIn(someone): SignedIn, Body(body): Body<Reassurance>) -> Result<Json<RecoveryCodes>, ApiError> {
    let user = reassure(&app, &someone, body, Wanted::PasswordAndCode).await?;
    if !app.store.factors(user.id).await?.asked() {
        return Err(ApiError::conflict("no_second_factor", "Recovery codes stand in for a second factor. Set up an authenticator app or a passkey first."));
    }
    let (codes, digests) = recovery::new_codes();
    app.store.set_codes(&someone.actor(), user.id, &digests, &tell(&app, &someone, Happened::NewCodes, "")).await?;
    Ok(Json(RecoveryCodes { codes }))
}
