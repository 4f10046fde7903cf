//! The way to an identity provider and back: to sign in, and to link an identity to who is signed in.
//!
//! What comes back is believed once, and only in the browser that went: its own cookie says so. So nobody can sign somebody else in as
//! themselves, and no answer is used twice.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use vivier_core::id::{SessionId, UserId};
use vivier_core::name::Email;
use vivier_core::secret::Secret;
use vivier_core::wire::security::{LinkAddress, Reassurance};

use super::accounts::{done_before, reached, sign_in_again};
use super::extract::{Body, ProviderPath, Query};
use super::guard::SignedIn;
use super::problem::ApiError;
use super::security::tell;
use super::sign_in::{Wanted, begin_second, reassure};
use crate::app::App;
use crate::auth::caller::{Identity as Visitor, client_address, cookie};
use crate::auth::limits::{Limit, address_key};
use crate::auth::oidc::{OidcSettings, Question};
use crate::auth::origin::local_path;
use crate::auth::token;
use crate::mail::accounts::{Happened, told};
use crate::store::StoreError;
use crate::store::identities::Identity;
use crate::store::steps::StepKind;
use crate::store::users::{NewUser, User};

/// Seconds that the browser's own cookie lives: as long as the step.
const COOKIE_SECONDS: i64 = StepKind::Oidc.seconds();

/// Why it did not work: the last part of `/login?problem=…`, which the dashboard puts into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The provider says no: its user did not want to, say.
    Declined,
    /// The answer is of no question of this browser.
    Stale,
    /// The provider does not answer, or its answer does not hold.
    Failed,
    /// The provider does not vouch for the address.
    Unverified,
    /// The address' domain is not admitted.
    Domain,
    /// Nobody here is known by it, and the provider makes no accounts.
    Unknown,
    /// The address has an account already, which this identity is not linked to.
    LinkFirst,
    /// It is another user's.
    Taken,
}

impl Refusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Unverified => "unverified",
            Self::Domain => "domain",
            Self::Unknown => "unknown",
            Self::LinkFirst => "link_first",
            Self::Taken => "taken",
        }
    }
}

/// What is remembered on the way.
#[derive(Serialize, Deserialize)]
struct Journey {
    provider: String,
    nonce: String,
    verifier: Secret,
    /// SHA-256 of the browser's own cookie.
    browser: [u8; 32],
    next: String,
    /// Whom the identity is to be linked to; absent: to sign in.
    link: Option<(UserId, SessionId)>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BeginQuery {
    /// A path of this server to go on to.
    #[serde(default)]
    pub next: Option<String>,
}

/// What providers send back; others than these are theirs to add.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackQuery {
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub state: Option<String>,
    #[serde(default)]
    pub error: Option<String>,
}

fn provider<'a>(app: &'a App, name: &str) -> Result<&'a OidcSettings, ApiError> {
    app.settings.oidc.iter().find(|provider| provider.name == name).ok_or_else(|| ApiError::not_found("identity provider"))
}

fn redirect_uri(app: &App, provider: &OidcSettings) -> String {
    format!("{}/v1/auth/oidc/{}/callback", app.settings.public_url.trim_end_matches('/'), provider.name)
}

fn cookie_name(public_url: &str) -> &'static str {
    if public_url.starts_with("https:") { "__Host-vivier_oidc" } else { "vivier_oidc" }
}

/// `Set-Cookie` for the browser that goes; with `None` it is taken away.
fn browser_cookie(public_url: &str, token: Option<&Secret>) -> HeaderValue {
    let secure = if public_url.starts_with("https:") { "; Secure" } else { "" };
    let (value, seconds) = token.map_or(("", 0), |token| (token.expose(), COOKIE_SECONDS));
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", cookie_name(public_url));
    let mut value = HeaderValue::from_str(&text).expect("a cookie of base 64 and digits is a header value");
    value.set_sensitive(true);
    value
}

fn see_other(place: &str) -> Response {
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// Sets out. Returns where the browser goes, and its cookie.
async fn set_out(app: &App, provider: &OidcSettings, next: &str, link: Option<(UserId, SessionId)>) -> Result<(String, HeaderValue), ApiError> {
    let (question, state, browser) = (Question::new(), token::opaque(), token::opaque());
    let address = app.auth.providers.address(provider, &redirect_uri(app, provider), state.expose(), &question).await.map_err(|error| {
        tracing::warn!(provider = provider.name, "failed to begin with an identity provider: {error}");
        ApiError::unavailable("provider_away", format!("{} does not answer as it should. Try again later, or sign in another way.", provider.title()), 30)
    })?;
    let Question { nonce, verifier } = question;
    let journey = Journey { provider: provider.name.clone(), nonce, verifier, browser: token::digest(browser.expose()), next: next.to_owned(), link };
    let journey = serde_json::to_vec(&journey).map_err(|error| ApiError::internal(&error))?;
    app.store.begin_step(StepKind::Oidc, token::digest(state.expose()), link.map(|(user, _)| user), &journey).await?;
    Ok((address.to_string(), browser_cookie(&app.settings.public_url, Some(&browser))))
}

/// Sign in with an identity provider
///
/// For browsers: leads to the provider, and back.
#[utoipa::path(get, path = "/v1/auth/oidc/{provider}", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), security(()),
    params(("provider" = String, Path, description = "Its name"), BeginQuery), responses((status = 303, description = "To the provider")))]
pub async fn begin_oidc(
    State(app): State<App>,
    ProviderPath(name): ProviderPath,
    headers: HeaderMap,
    Query(query): Query<BeginQuery>,
) -> Result<Response, ApiError> {
    let provider = provider(&app, name.as_str())?;
    app.auth.limits.check(Limit::LoginByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    let (address, cookie) = set_out(&app, provider, local_path(query.next.as_deref()), None).await?;
    let mut response = see_other(&address);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Link an identity to who is signed in
#[utoipa::path(post, path = "/v1/auth/identities/{provider}", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = Reassurance, security(("session" = [])),
    params(("provider" = String, Path, description = "Its name")), responses((status = 200, description = "Where the browser goes now", body = LinkAddress)))]
pub async fn link_identity(
    State(app): State<App>,
    SignedIn(someone): SignedIn,
    ProviderPath(name): ProviderPath,
    Body(body): Body<Reassurance>,
) -> Result<Response, ApiError> {
    let provider = provider(&app, name.as_str())?;
    let user = reassure(&app, &someone, body, Wanted::Password).await?;
    let (url, cookie) = set_out(&app, provider, "/account", Some((user.id, someone.session))).await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(LinkAddress { url })).into_response())
}

/// Unlink an identity
#[utoipa::path(post, path = "/v1/auth/identities/{provider}/unlink", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = Reassurance, security(("session" = [])),
    params(("provider" = String, Path, description = "Its name")), responses((status = 204, description = "It signs in no more")))]
pub async fn unlink_identity(
    State(app): State<App>,
    SignedIn(someone): SignedIn,
    ProviderPath(name): ProviderPath,
    Body(body): Body<Reassurance>,
) -> Result<StatusCode, ApiError> {
    let provider = provider(&app, name.as_str())?;
    reassure(&app, &someone, body, Wanted::Password).await?;
    let mail = tell(&app, &someone, Happened::Unlinked, provider.title());
    done_before(app.store.unlink_identity(&someone.actor(), someone.user, &provider.issuer, &mail).await)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The way back from an identity provider
///
/// For browsers: signs in and goes on, or leads to the sign-in page, which says why not.
#[utoipa::path(get, path = "/v1/auth/oidc/{provider}/callback", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), security(()),
    params(("provider" = String, Path, description = "Its name"), CallbackQuery), responses((status = 303, description = "Onwards, or back to the sign-in page")))]
pub async fn finish_oidc(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    ProviderPath(name): ProviderPath,
    headers: HeaderMap,
    Query(query): Query<CallbackQuery>,
) -> Result<Response, ApiError> {
    let provider = provider(&app, name.as_str())?;
    app.auth.limits.check(Limit::LoginByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    let outcome = come_back(&app, provider, &visitor, &headers, query).await?;
    let (page, result, mut response) = match outcome {
        Ok(response) => ("", "done", response),
        Err((page, refusal)) => (page, refusal.as_str(), see_other(&format!("{page}?problem={}", refusal.as_str()))),
    };
    tracing::debug!(provider = provider.name, result, page, "back from an identity provider");
    metrics::counter!("vivier_oidc_sign_ins_total", "provider" => provider.name.clone(), "outcome" => result).increment(1);
    response.headers_mut().append(header::SET_COOKIE, browser_cookie(&app.settings.public_url, None));
    Ok(response)
}

/// Onwards; or the page that says why not.
type Back = Result<Response, (&'static str, Refusal)>;

async fn come_back(app: &App, provider: &OidcSettings, visitor: &Visitor, headers: &HeaderMap, query: CallbackQuery) -> Result<Back, ApiError> {
    let CallbackQuery { code, state, error } = query;
    let Some(state) = state else { return Ok(Err(("/login", Refusal::Stale))) };
    // Used up first: whatever comes of it, this answer comes once.
    let Some(step) = app.store.take_step(StepKind::Oidc, token::digest(&state)).await? else { return Ok(Err(("/login", Refusal::Stale))) };
    let journey: Journey = serde_json::from_slice(&step.state).map_err(|error| ApiError::internal(&error))?;
    let Journey { provider: name, nonce, verifier, browser, next, link } = journey;
    let page = if link.is_some() { "/account" } else { "/login" };
    // Another browser's answer: somebody wants this visitor signed in as somebody else.
    let own = cookie(headers, cookie_name(&app.settings.public_url)).is_some_and(|text| token::digest(text) == browser);
    if !own || name != provider.name {
        return Ok(Err((page, Refusal::Stale)));
    }
    let Some(code) = code.filter(|_| error.is_none()) else { return Ok(Err((page, Refusal::Declined))) };
    let question = Question { nonce, verifier };
    let claims = match app.auth.providers.redeem(provider, &redirect_uri(app, provider), &code, &question).await {
        Ok(claims) => claims,
        Err(error) => {
            tracing::warn!(provider = provider.name, "a sign-in with an identity provider did not work: {error}");
            return Ok(Err((page, Refusal::Failed)));
        }
    };
    let email: Option<Email> = claims.email.as_deref().and_then(|email| email.parse().ok());
    let verified = email.clone().filter(|_| claims.email_verified);
    if !provider.allowed_domains.is_empty() {
        match &verified {
            None => return Ok(Err((page, Refusal::Unverified))),
            Some(email) if !provider.admits(email.as_str()) => return Ok(Err((page, Refusal::Domain))),
            Some(_) => {}
        }
    }
    let identity = Identity { issuer: provider.issuer.clone(), subject: claims.subject, email: email.map(|email| email.to_string()) };
    if let Some(link) = link {
        return finish_link(app, provider, visitor, link, &identity).await.map(|back| back.map_err(|refusal| (page, refusal)));
    }
    let user = match known_as(app, provider, headers, &identity, verified).await? {
        Ok(user) => user,
        Err(refusal) => return Ok(Err((page, refusal))),
    };
    onwards(app, visitor, headers, &user, &next).await.map(Ok)
}

/// Who somebody is here. An address alone makes nobody another user: both sides must have proven it, and the operator must have said
/// that this provider's word is good for it. Else whoever signs up with somebody's address first would be given their sign-ins.
async fn known_as(
    app: &App,
    provider: &OidcSettings,
    headers: &HeaderMap,
    identity: &Identity,
    verified: Option<Email>,
) -> Result<Result<User, Refusal>, ApiError> {
    let from = client_address(headers);
    if let Some(user) = app.store.identity(identity).await? {
        app.store.used_identity(user, identity, from).await?;
        return Ok(Ok(app.store.user(user).await?));
    }
    let Some(email) = verified else { return Ok(Err(Refusal::Unverified)) };
    if let Some(user) = app.store.user_by_email(&email).await? {
        if !provider.trust_email || user.email_verified_at.is_none() {
            return Ok(Err(Refusal::LinkFirst));
        }
        let actor = crate::store::Actor { account: None, user: Some(user.id), name: user.email.to_string(), from, once: None };
        let mail = told(&app.settings.public_url, &user.email, Happened::Linked, provider.title());
        return match app.store.link_identity(&actor, user.id, identity, &mail).await {
            Ok(()) => Ok(Ok(user)),
            Err(StoreError::Conflict(_)) => Ok(Err(Refusal::Taken)),
            Err(error) => Err(error.into()),
        };
    }
    if !provider.makes_accounts {
        return Ok(Err(Refusal::Unknown));
    }
    app.auth.limits.check(Limit::SignupByAddress, &address_key(from)).map_err(reached)?;
    let new = NewUser { email: &email, password_hash: None, verified: true, setup: None, once: None, letter: None };
    match app.store.sign_up_with_identity(&new, identity, from).await {
        Ok((user, _)) => Ok(Ok(user)),
        // Somebody was faster.
        Err(StoreError::Taken { .. } | StoreError::Conflict(_)) => Ok(Err(Refusal::LinkFirst)),
        Err(error) => Err(error.into()),
    }
}

/// Links the identity to who set out, if they are still the one who is signed in here.
async fn finish_link(
    app: &App,
    provider: &OidcSettings,
    visitor: &Visitor,
    (user, session): (UserId, SessionId),
    identity: &Identity,
) -> Result<Result<Response, Refusal>, ApiError> {
    let (actor, email) = match visitor {
        Visitor::Known(caller) if caller.user == user && caller.session() == Some(session) => (caller.actor(), caller.email.clone()),
        Visitor::Alone(someone) if someone.user == user && someone.session == session => (someone.actor(), someone.email.clone()),
        Visitor::Known(_) | Visitor::Alone(_) | Visitor::Nobody | Visitor::Invalid(_) => return Ok(Err(Refusal::Stale)),
    };
    let mail = told(&app.settings.public_url, &email, Happened::Linked, provider.title());
    match app.store.link_identity(&actor, user, identity, &mail).await {
        Ok(()) => Ok(Ok(see_other("/account"))),
        Err(StoreError::Conflict(_)) => Ok(Err(Refusal::Taken)),
        Err(error) => Err(error.into()),
    }
}

/// Signs in and goes on; or to the second step. What stands for the first one is behind `#`: no server is told it.
async fn onwards(app: &App, visitor: &Visitor, headers: &HeaderMap, user: &User, next: &str) -> Result<Response, ApiError> {
    if let Some(step) = begin_second(app, user.id).await? {
        let kinds = serde_json::to_string(&step.kinds).map_err(|error| ApiError::internal(&error))?;
        let fragment = url::form_urlencoded::Serializer::new(String::new()).append_pair("second", step.token.expose()).append_pair("kinds", &kinds).finish();
        let next = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        return Ok(see_other(&format!("/login?{next}#{fragment}")));
    }
    let signed = sign_in_again(app, visitor, headers, user).await?;
    let mut response = see_other(next);
    for value in signed.headers().get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, value.clone());
    }
    Ok(response)
}
