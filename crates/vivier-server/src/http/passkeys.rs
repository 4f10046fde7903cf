//! Passkeys: registered, used and removed.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::{Extension, Json};
use serde::Serialize;
use vivier_core::id::PasskeyId;
use vivier_core::wire::accounts::MeOut;
use vivier_core::wire::security::{NewPasskey, PasskeyAdded, PasskeyAnswer, PasskeyChallenge, PasskeyQuestion, Reassurance};
use webauthn_rs::prelude::{PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Webauthn, WebauthnError};

use super::accounts::{done_before, reached, sign_in_again};
use super::extract::{Body, PasskeyPath};
use super::guard::SignedIn;
use super::problem::ApiError;
use super::security::tell;
use super::sign_in::{Wanted, begin_again, reassure};
use crate::app::App;
use crate::auth::caller::{Identity, client_address};
use crate::auth::limits::{Limit, address_key};
use crate::auth::webauthn::{self, Awaited};
use crate::auth::{recovery, token};
use crate::mail::accounts::Happened;
use crate::store::steps::StepKind;

fn party(app: &App) -> Result<&Webauthn, ApiError> {
    app.auth.passkeys.party().ok_or_else(|| {
        ApiError::conflict("no_passkeys", "Browsers offer no passkeys at this address, which has no name. The operator can set `public_url` to one that has.")
    })
}

/// The options of a challenge as the browser's own JSON form wants them.
fn options<T: Serialize>(challenge: &T) -> Result<serde_json::Value, ApiError> {
    let mut value = serde_json::to_value(challenge).map_err(|error| ApiError::internal(&error))?;
    Ok(value["publicKey"].take())
}

fn broken(error: &WebauthnError) -> ApiError {
    tracing::info!(%error, "a passkey's answer does not hold");
    ApiError::field("credential", "does not hold: it must answer this very question, at this very address. Try again")
}

fn read<T: serde::de::DeserializeOwned>(credential: serde_json::Map<String, serde_json::Value>) -> Result<T, ApiError> {
    serde_json::from_value(serde_json::Value::Object(credential))
        .map_err(|_| ApiError::field("credential", "must be what `navigator.credentials` gave, as JSON"))
}

/// Ask for a new passkey
#[utoipa::path(post, path = "/v1/auth/passkeys/options", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = Reassurance, security(("session" = [])),
    responses((status = 200, description = "For `navigator.credentials.create`", body = PasskeyChallenge)))]
pub async fn new_passkey_options(
    State(app): State<App>,
    SignedIn(someone): SignedIn,
    Body(body): Body<Reassurance>,
) -> Result<Json<PasskeyChallenge>, ApiError> {
    let user = reassure(&app, &someone, body, Wanted::Password).await?;
    let known: Vec<_> = app.store.passkeys(user.id).await?.into_iter().map(|(_, passkey)| passkey).collect();
    let (challenge, state) = webauthn::ask_new(party(&app)?, user.id, &user.email, &known).map_err(|error| ApiError::internal(&error))?;
    let token = token::opaque();
    let state = serde_json::to_vec(&state).map_err(|error| ApiError::internal(&error))?;
    app.store.begin_step(StepKind::AddPasskey, token::digest(token.expose()), Some(user.id), &state).await?;
    Ok(Json(PasskeyChallenge { token, options: options(&challenge)? }))
}

/// Add a passkey
///
/// From now on it signs in by itself, and signing in with the password asks for a second factor. With the first second factor come
/// recovery codes, shown this one time.
#[utoipa::path(post, path = "/v1/auth/passkeys", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = NewPasskey, security(("session" = [])),
    responses((status = 201, description = "The passkey", body = PasskeyAdded)))]
pub async fn add_passkey(
    State(app): State<App>,
    SignedIn(someone): SignedIn,
    Body(body): Body<NewPasskey>,
) -> Result<(StatusCode, Json<PasskeyAdded>), ApiError> {
    let NewPasskey { token, name, credential } = body;
    let answer: RegisterPublicKeyCredential = read(credential)?;
    let party = party(&app)?;
    let step = app.store.take_step(StepKind::AddPasskey, token::digest(token.expose())).await?.filter(|step| step.user == Some(someone.user));
    let step = step.ok_or_else(|| ApiError::field("token", "is not of a question that waits for an answer; ask for a new passkey again"))?;
    let state: PasskeyRegistration = serde_json::from_slice(&step.state).map_err(|error| ApiError::internal(&error))?;
    let passkey = webauthn::take_new(party, &answer, &state).map_err(|error| broken(&error))?;
    let (codes, digests) = recovery::new_codes();
    let mail = tell(&app, &someone, Happened::PasskeyAdded, name.as_str());
    let (passkey, kept) = app.store.add_passkey(&someone.actor(), someone.user, &name, &passkey, &digests, &mail).await?;
    Ok((StatusCode::CREATED, Json(PasskeyAdded { passkey, recovery_codes: kept.then_some(codes) })))
}

/// Remove a passkey
#[utoipa::path(post, path = "/v1/auth/passkeys/{id}/remove", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = Reassurance, security(("session" = [])),
    params(("id" = PasskeyId, Path, description = "The passkey")), responses((status = 204, description = "It signs in no more")))]
pub async fn remove_passkey(
    State(app): State<App>,
    SignedIn(someone): SignedIn,
    PasskeyPath(id): PasskeyPath,
    Body(body): Body<Reassurance>,
) -> Result<StatusCode, ApiError> {
    let found = app.store.passkeys(someone.user).await?.into_iter().find(|(passkey, _)| passkey.id == id);
    let (passkey, _) = found.ok_or_else(|| ApiError::not_found("passkey"))?;
    reassure(&app, &someone, body, Wanted::Password).await?;
    let mail = tell(&app, &someone, Happened::PasskeyRemoved, passkey.name.as_str());
    done_before(app.store.remove_passkey(&someone.actor(), someone.user, id, &mail).await)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a passkey, to sign in
///
/// With `second` as the second factor of that sign-in; without it whoever has a passkey for this place.
#[utoipa::path(post, path = "/v1/auth/passkeys/sign-in/options", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = PasskeyQuestion, security(()),
    responses((status = 200, description = "For `navigator.credentials.get`", body = PasskeyChallenge)))]
pub async fn passkey_options(State(app): State<App>, headers: HeaderMap, Body(body): Body<PasskeyQuestion>) -> Result<Json<PasskeyChallenge>, ApiError> {
    app.auth.limits.check(Limit::SecondByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    let party = party(&app)?;
    let made = match body.second {
        None => webauthn::ask_anybody(party),
        Some(second) => {
            let digest = token::digest(second.expose());
            let user = app.store.second_step_of(digest).await?.ok_or_else(begin_again)?;
            let known: Vec<_> = app.store.passkeys(user).await?.into_iter().map(|(_, passkey)| passkey).collect();
            if known.is_empty() {
                return Err(ApiError::conflict("no_passkey", "There is no passkey for this sign-in. Give a code instead."));
            }
            webauthn::ask_second(party, &known, digest)
        }
    };
    let (challenge, awaited) = made.map_err(|error| ApiError::internal(&error))?;
    let token = token::opaque();
    let state = serde_json::to_vec(&awaited).map_err(|error| ApiError::internal(&error))?;
    app.store.begin_step(StepKind::UsePasskey, token::digest(token.expose()), None, &state).await?;
    Ok(Json(PasskeyChallenge { token, options: options(&challenge)? }))
}

/// Sign in with a passkey
///
/// Alone, or as the second factor. Its authenticator has verified its user: that is two factors.
#[utoipa::path(post, path = "/v1/auth/passkeys/sign-in", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = PasskeyAnswer, security(()),
    responses((status = 200, description = "Who is signed in now; the session is in the cookie", body = MeOut)))]
pub async fn passkey_sign_in(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    Body(body): Body<PasskeyAnswer>,
) -> Result<Response, ApiError> {
    let PasskeyAnswer { token, credential } = body;
    let from = client_address(&headers);
    app.auth.limits.check(Limit::LoginByAddress, &address_key(from)).map_err(reached)?;
    let answer: PublicKeyCredential = read(credential)?;
    let party = party(&app)?;
    let step = app.store.take_step(StepKind::UsePasskey, token::digest(token.expose())).await?.ok_or_else(begin_again)?;
    let awaited: Awaited = serde_json::from_slice(&step.state).map_err(|error| ApiError::internal(&error))?;
    let unknown =
        || ApiError::new(StatusCode::UNAUTHORIZED, "unknown_passkey", "Not signed in", "This passkey is not known here, or was removed. Sign in another way.");
    let (user, mut passkey) = app.store.passkey(answer.get_credential_id()).await?.ok_or_else(unknown)?;
    match &awaited {
        // The authenticator says whose it is: that must be whom we know it of.
        Awaited::Anybody(_) if webauthn::named(&answer) != Some(user) => return Err(unknown()),
        Awaited::Anybody(_) => {}
        Awaited::Second { state: _, step } => {
            if app.store.second_step_of(*step).await? != Some(user) {
                return Err(begin_again());
            }
        }
    }
    let second = match &awaited {
        Awaited::Anybody(_) => None,
        Awaited::Second { state: _, step } => Some(*step),
    };
    let result = webauthn::check(party, &answer, awaited, &passkey).map_err(|error| broken(&error))?;
    if let Some(step) = second
        && !app.store.end_second_step(step).await?
    {
        return Err(begin_again());
    }
    passkey.update_credential(&result);
    app.store.used_passkey(user, &passkey, from).await?;
    metrics::counter!("vivier_passkey_sign_ins_total").increment(1);
    sign_in_again(&app, &identity, &headers, &app.store.user(user).await?).await
}
