//! One request to Stripe: its key, its version, its patience, and what its answer means.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Form;
use crate::billing::settings::BillingSettings;

/// The version of Stripe's API whose shapes are read here. Pinned: what the account's default becomes does not matter.
pub const VERSION: &str = "2025-03-31.basil";
/// The largest answer, in bytes.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Tries of one call, the first included. Every call is safe to repeat: it reads, or carries an idempotency key.
const TRIES: u32 = 3;
/// Before the second try; each further wait is four times as long.
const FIRST_WAIT: Duration = Duration::from_millis(150);
/// The longest wait that an answer's `Retry-After` is followed for; the worker comes again anyway.
const MOST_WAIT: Duration = Duration::from_secs(3);

/// Why a call was not done. `Display` is safe to show: no key is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// The installation is set up wrongly.
    #[error("{0}")]
    Settings(String),
    /// Stripe does not answer, is too busy, or answers nonsense: it passes.
    #[error("Stripe is not available: {0}")]
    Away(String),
    /// The key is wrong, or may not do this. An operator must mend it; until then nothing advances.
    #[error("Stripe does not accept the secret key: {0}; put one that is valid into billing.secret_key_file")]
    Key(String),
    /// There is no such object.
    #[error("Stripe knows no {0}")]
    Missing(String),
    /// Stripe refuses. `code` is its word for a program, such as `card_declined`.
    #[error("Stripe refuses: {message}")]
    Refused { code: String, message: String },
}

impl StripeError {
    /// Whether the same call may succeed later.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Away(_) | Self::Key(_) | Self::Settings(_) => true,
            Self::Missing(_) | Self::Refused { .. } => false,
        }
    }

    /// A word for metrics.
    const fn word(&self) -> &'static str {
        match self {
            Self::Settings(_) => "settings",
            Self::Away(_) => "away",
            Self::Key(_) => "key",
            Self::Missing(_) => "missing",
            Self::Refused { .. } => "refused",
        }
    }
}

/// The client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stripe {
    http: reqwest::Client,
    settings: BillingSettings,
}

/// One try's end: final, or to be tried again after a wait that the answer may name.
enum Try {
    Done(Value),
    Failed(StripeError),
    Again(StripeError, Option<Duration>),
}

impl Stripe {
    /// # Errors
    /// When the key's file cannot be read, or no client can be made.
    pub fn open(settings: &BillingSettings) -> Result<Self, StripeError> {
        settings.secret_key()?;
        settings.webhook_secrets()?;
        // A stand-in on this machine is reached through no proxy.
        let local = url::Url::parse(&settings.api_base).ok().and_then(|url| url.host_str().map(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]")));
        let builder = if local == Some(true) { reqwest::Client::builder().no_proxy() } else { reqwest::Client::builder() };
        let http = builder
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(settings.timeout_seconds.into()))
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("vivier/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| StripeError::Settings(format!("no client can be made: {error}")))?;
        Ok(Self { http, settings: settings.clone() })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, StripeError> {
        self.call(Method::GET, path, query, None).await
    }

    /// `once` names the effect: sent again with the same name, Stripe does nothing and repeats its answer.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, form: &Form, once: &str) -> Result<T, StripeError> {
        self.call(Method::POST, path, &[], Some((form, once))).await
    }

    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, StripeError> {
        self.call(Method::DELETE, path, query, None).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, query: &[(&str, &str)], body: Option<(&Form, &str)>) -> Result<T, StripeError> {
        let begun = std::time::Instant::now();
        let result = self.tries(&method, path, query, body).await.and_then(|value| {
            serde_json::from_value(value).map_err(|error| {
                tracing::warn!(path, "Stripe's answer is not what its documentation says: {error}");
                StripeError::Away(format!("its answer cannot be read ({error})"))
            })
        });
        let outcome = result.as_ref().map_or_else(StripeError::word, |_| "ok");
        metrics::counter!("vivier_stripe_requests_total", "method" => method.to_string(), "outcome" => outcome).increment(1);
        metrics::histogram!("vivier_stripe_request_seconds").record(begun.elapsed().as_secs_f64());
        result
    }

    async fn tries(&self, method: &Method, path: &str, query: &[(&str, &str)], body: Option<(&Form, &str)>) -> Result<Value, StripeError> {
        let mut wait = FIRST_WAIT;
        let mut left = TRIES;
        loop {
            left -= 1;
            match self.once(method, path, query, body).await? {
                Try::Done(value) => return Ok(value),
                Try::Failed(error) => return Err(error),
                Try::Again(error, asked) => {
                    let pause = asked.unwrap_or(wait);
                    if left == 0 || pause > MOST_WAIT {
                        return Err(error);
                    }
                    tracing::debug!(path, "asks Stripe again: {error}");
                    tokio::time::sleep(pause).await;
                    wait *= 4;
                }
            }
        }
    }

    async fn once(&self, method: &Method, path: &str, query: &[(&str, &str)], body: Option<(&Form, &str)>) -> Result<Try, StripeError> {
        let key = self.settings.secret_key()?;
        let url = format!("{}{path}", self.settings.api_base.trim_end_matches('/'));
        let mut request = self.http.request(method.clone(), url).query(query).bearer_auth(key.expose()).header("stripe-version", VERSION);
        if let Some((form, once)) = body {
            request = request.form(form.fields()).header("idempotency-key", once);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Ok(Try::Again(self.words(&error), None)),
        };
        let status = response.status();
        let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > MOST_BYTES => return Ok(Try::Failed(StripeError::Away("its answer is too long".to_owned()))),
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Ok(Try::Again(self.words(&error), None)),
            }
        }
        let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
            return Ok(Try::Again(StripeError::Away(format!("{status}, and its answer is no JSON")), asked));
        };
        Ok(if status.is_success() { Try::Done(value) } else { refusal(status, path, &value, asked) })
    }

    /// Never the address: nothing secret is in it, but nothing that helps either.
    fn words(&self, error: &reqwest::Error) -> StripeError {
        if error.is_timeout() {
            return StripeError::Away(format!("no answer within {} s", self.settings.timeout_seconds));
        }
        let mut last: &dyn std::error::Error = error;
        while let Some(source) = last.source() {
            last = source;
        }
        StripeError::Away(last.to_string())
    }
}

/// What an answer that is no success means. Source: <https://docs.stripe.com/api/errors>.
fn refusal(status: StatusCode, path: &str, value: &Value, asked: Option<Duration>) -> Try {
    let said = |name: &str| clean(value["error"][name].as_str().unwrap_or_default());
    let (code, kind, message) = (said("code"), said("type"), said("message"));
    let message = if message.is_empty() { status.to_string() } else { message };
    match status.as_u16() {
        // Its message may repeat a part of the key.
        401 | 403 => Try::Failed(StripeError::Key(status.to_string())),
        404 => Try::Failed(StripeError::Missing(clean(path.trim_start_matches("/v1/")))),
        // Two at once with one idempotency key: the other one's answer will be ours.
        409 => Try::Again(StripeError::Away(message), asked),
        429 | 500..=599 => Try::Again(StripeError::Away(format!("{status}: {message}")), asked),
        // The same key with another body: a fault of ours, which no repetition mends.
        _ => Try::Failed(StripeError::Refused { code: if code.is_empty() { kind } else { code }, message }),
    }
}

fn clean(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(300).collect()
}
