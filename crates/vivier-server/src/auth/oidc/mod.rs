//! Signing in with an identity provider: OpenID Connect by discovery, the code flow with PKCE (S256), state and nonce.
//!
//! What the provider says is believed only out of an ID token that it signed for this very sign-in (see [`id_token`]). Who that makes
//! somebody here is decided in `http`, by issuer and subject, never by an address of mail alone.

pub mod id_token;
mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use url::Url;
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;

use self::id_token::{Claims, Expected, TokenError, verify};
use self::settings::is_private_enough;
pub use self::settings::{OidcSettings, OidcSettingsError};
use crate::clock::SharedClock;

/// What the provider has published is asked for again after this time, in milliseconds.
const KNOWN_MILLIS: i64 = 3_600_000;
/// Keys are asked for again for a token of an unknown key, but no more often than this, in milliseconds.
const KEYS_MILLIS: i64 = 10_000;
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer of a provider, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// Why a sign-in with a provider did not work. For the log.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("{0} cannot be asked: {1}")]
    Away(String, String),
    #[error("{0} answers what cannot be: {1}")]
    Answer(String, String),
    #[error("the provider refuses the code: {0}")]
    Refused(String),
    #[error("client_secret_file ({0}) cannot be read: {1}")]
    Secret(String, String),
    #[error("the ID token does not hold: {0}")]
    Token(#[from] TokenError),
}

/// What a provider publishes about itself (OpenID Connect Discovery 1.0, 3).
#[derive(Clone, Debug, Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Clone, Debug)]
struct Known {
    published: Published,
    keys: JwkSet,
    at: Timestamp,
    keys_at: Timestamp,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

/// What must be remembered between the way there and the way back.
#[derive(Clone, Debug)]
pub struct Question {
    pub nonce: String,
    /// PKCE's: its digest went along, itself it proves that the code came back to who asked.
    pub verifier: Secret,
}

impl Question {
    pub fn new() -> Self {
        Self { nonce: super::token::opaque().expose().to_owned(), verifier: super::token::opaque() }
    }
}

impl Default for Question {
    fn default() -> Self {
        Self::new()
    }
}

/// All providers, and what they have published.
pub struct Providers {
    http: Option<reqwest::Client>,
    clock: SharedClock,
    known: Mutex<HashMap<String, Arc<Known>>>,
}

impl Providers {
    pub fn new(clock: SharedClock) -> Self {
        // Followed, a redirect would lead anywhere, with the code.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build();
        if let Err(error) = &http {
            tracing::error!(%error, "identity providers cannot be asked");
        }
        Self { http: http.ok(), clock, known: Mutex::default() }
    }

    /// Where the browser goes.
    ///
    /// # Errors
    /// When the provider cannot be asked, or publishes what cannot be.
    pub async fn address(&self, provider: &OidcSettings, redirect: &str, state: &str, question: &Question) -> Result<Url, OidcError> {
        let known = self.known(provider).await?;
        let mut url = known.published.authorization_endpoint.clone();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(question.verifier.expose().as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", "openid email")
            .append_pair("state", state)
            .append_pair("nonce", &question.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Gives the code for an ID token, and believes it if it holds.
    ///
    /// # Errors
    /// When the provider does not take the code, or its token does not hold.
    pub async fn redeem(&self, provider: &OidcSettings, redirect: &str, code: &str, question: &Question) -> Result<Claims, OidcError> {
        let known = self.known(provider).await?;
        let token = self.exchange(provider, &known, redirect, code, question).await?;
        let expected = Expected { issuer: &provider.issuer, client_id: &provider.client_id, nonce: &question.nonce };
        let now = self.clock.now();
        match verify(&token, &known.keys, &expected, now) {
            // Keys are changed now and then: once more, with the newest.
            Err(TokenError::Key) if now.millis_since(known.keys_at) >= KEYS_MILLIS => {
                let known = self.renew(provider, &known).await?;
                Ok(verify(&token, &known.keys, &expected, now)?)
            }
            other => Ok(other?),
        }
    }

    async fn exchange(&self, provider: &OidcSettings, known: &Known, redirect: &str, code: &str, question: &Question) -> Result<String, OidcError> {
        let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect), ("code_verifier", question.verifier.expose())];
        let secret = match &provider.client_secret_file {
            None => None,
            Some(file) => {
                let fail = |error: std::io::Error| OidcError::Secret(file.display().to_string(), error.to_string());
                Some(Secret::new(tokio::fs::read_to_string(file).await.map_err(fail)?.trim_end_matches(['\r', '\n'])))
            }
        };
        let mut request = self.http()?.post(known.published.token_endpoint.clone());
        // OpenID Connect Core 1.0, 9: basic unless something else is told.
        let by_form = known.published.token_endpoint_auth_methods_supported.as_ref().is_some_and(|methods| {
            !methods.iter().any(|method| method == "client_secret_basic") && methods.iter().any(|method| method == "client_secret_post")
        });
        match &secret {
            Some(secret) if !by_form => {
                let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = Secret::new(format!("{}:{}", encode(&provider.client_id), encode(secret.expose())));
                request = request.header(reqwest::header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair.expose())));
            }
            Some(secret) => {
                form.push(("client_id", &provider.client_id));
                form.push(("client_secret", secret.expose()));
            }
            None => form.push(("client_id", &provider.client_id)),
        }
        let answer = read::<TokenAnswer>(request.form(&form), &known.published.token_endpoint).await;
        match answer {
            Ok(TokenAnswer { id_token }) => Ok(id_token),
            Err(OidcError::Answer(_, what)) => Err(OidcError::Refused(what)),
            Err(other) => Err(other),
        }
    }

    fn http(&self) -> Result<&reqwest::Client, OidcError> {
        self.http.as_ref().ok_or_else(|| OidcError::Away("the provider".to_owned(), "there is no client for it; the log of the start says why".to_owned()))
    }

    fn remembered(&self, name: &str) -> Option<Arc<Known>> {
        // Whole entries: nothing in the map can be left half done by a panic.
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn remember(&self, name: &str, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), known.clone());
        known
    }

    async fn known(&self, provider: &OidcSettings) -> Result<Arc<Known>, OidcError> {
        let now = self.clock.now();
        if let Some(known) = self.remembered(&provider.name).filter(|known| now.millis_since(known.at) < KNOWN_MILLIS) {
            return Ok(known);
        }
        let address = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        let address: Url = address.parse().map_err(|_| OidcError::Answer(address.clone(), "it is no address".to_owned()))?;
        let published: Published = read(self.http()?.get(address.clone()), &address).await?;
        if published.issuer != provider.issuer {
            return Err(OidcError::Answer(address.to_string(), format!("it calls itself {}; set `issuer` exactly so, if that is right", published.issuer)));
        }
        for endpoint in [&published.authorization_endpoint, &published.token_endpoint, &published.jwks_uri] {
            if !is_private_enough(endpoint) {
                return Err(OidcError::Answer(address.to_string(), format!("{endpoint} is no HTTPS address")));
            }
        }
        let keys = read(self.http()?.get(published.jwks_uri.clone()), &published.jwks_uri).await?;
        Ok(self.remember(&provider.name, Known { published, keys, at: now, keys_at: now }))
    }

    async fn renew(&self, provider: &OidcSettings, known: &Known) -> Result<Arc<Known>, OidcError> {
        let keys = read(self.http()?.get(known.published.jwks_uri.clone()), &known.published.jwks_uri).await?;
        Ok(self.remember(&provider.name, Known { keys, keys_at: self.clock.now(), ..known.clone() }))
    }
}

/// JSON out of a bounded answer that says that it worked.
async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder, address: &Url) -> Result<T, OidcError> {
    let place = || format!("{}{}", address.origin().ascii_serialization(), address.path());
    let away = |error: reqwest::Error| OidcError::Away(place(), error.without_url().to_string());
    let mut response = request.header(reqwest::header::ACCEPT, "application/json").send().await.map_err(away)?;
    let status = response.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(away)? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(OidcError::Answer(place(), "its answer is too long".to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        return Err(OidcError::Answer(place(), format!("status {}", status.as_u16())));
    }
    serde_json::from_slice(&bytes).map_err(|_| OidcError::Answer(place(), "its answer is not what the standard says".to_owned()))
}
