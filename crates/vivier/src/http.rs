//! Requests to the server: bearer token, idempotency, patience with a server that is being restarted, and problems as failures.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, ORIGIN};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use vivier_core::secret::Secret;
use vivier_core::wire::problem::Problem;

use crate::dns::{self, Resolver};
use crate::failure::Failure;
use crate::settings::Access;

/// Pauses before the second try and those after it, in milliseconds.
const PAUSES: [u64; 5] = [200, 600, 1_500, 3_000, 3_000];
/// So many of them when nobody answers at all; all of them when the edge answers for a `serve` that is being started again.
const FEW: usize = 3;
const CONNECT: Duration = Duration::from_secs(5);
/// For an answer that is one document.
const ANSWER: Duration = Duration::from_secs(60);
/// For an agent's answer: its first turn loads lazily for up to half a minute, and a model may think for minutes.
pub const PATIENT: Duration = Duration::from_secs(600);

/// A server, and who is asking.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    base: Url,
    credential: Credential,
}

#[derive(Clone)]
enum Credential {
    None,
    Token(Secret),
    /// A browser's kind of session, for the moment between a password and a token.
    Cookie(Secret),
}

/// One request, to be sent as often as it takes.
pub struct Call {
    method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    limit: Option<Duration>,
    headers: HeaderMap,
    /// Whether it may be sent again when it is not known whether it was done.
    repeatable: bool,
}

impl Call {
    /// `segments` are the parts of the path, unescaped.
    pub fn new(method: Method, segments: &[&str]) -> Self {
        let segments = segments.iter().map(|&segment| segment.to_owned()).collect();
        Self { method, segments, query: Vec::new(), body: None, limit: Some(ANSWER), headers: HeaderMap::new(), repeatable: true }
    }

    pub fn get(segments: &[&str]) -> Self {
        Self::new(Method::GET, segments)
    }

    pub fn post(segments: &[&str]) -> Self {
        Self::new(Method::POST, segments)
    }

    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// # Errors
    /// Never for our own wire types; a failure rather than a panic all the same.
    pub fn body(mut self, body: &impl Serialize) -> Result<Self, Failure> {
        self.body = Some(serde_json::to_value(body).map_err(|error| Failure::failed("The request could not be written as JSON.").note(error))?);
        Ok(self)
    }

    #[must_use]
    pub fn limit(mut self, limit: Option<Duration>) -> Self {
        self.limit = limit;
        self
    }

    /// For a receiver that does not know idempotency keys: an agent would answer a message twice.
    #[must_use]
    pub fn at_most_once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl Http {
    pub fn new(access: &Access) -> Result<Self, Failure> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("vivier/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Resolver);
        // A proxy out there cannot reach this machine's own loopback.
        let builder = if access.url.host_str().is_some_and(dns::is_loopback) { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| Failure::failed("The HTTP client could not be made.").note(error))?;
        let credential = access.token.clone().map_or(Credential::None, Credential::Token);
        Ok(Self { client, base: access.url.clone(), credential })
    }

    /// The same server, with a session's cookie (`name=value`).
    pub fn with_cookie(&self, cookie: Secret) -> Self {
        Self { credential: Credential::Cookie(cookie), ..self.clone() }
    }

    /// Another server with the same token: an agent's own address.
    pub fn at(&self, base: Url) -> Self {
        Self { base, ..self.clone() }
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    /// # Errors
    /// When nobody is signed in: said before the server has to.
    pub fn require_token(&self) -> Result<(), Failure> {
        match self.credential {
            Credential::Token(_) | Credential::Cookie(_) => Ok(()),
            Credential::None => Err(Failure::not_signed_in(format!("You are not signed in to {}.", self.base))),
        }
    }

    /// Sends `call` and reads its JSON answer.
    pub async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, Failure> {
        let response = self.send(&call).await?;
        let bytes = response.bytes().await.map_err(|error| self.lost(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::failed(format!("{} gave an answer that this version of vivier does not understand.", self.base))
                .note(error)
                .next("Use the vivier that belongs to the server's version.")
        })
    }

    /// Sends `call`, whose answer is a document that is handed on as it is.
    pub async fn text(&self, call: Call) -> Result<String, Failure> {
        self.send(&call).await?.text().await.map_err(|error| self.lost(&error))
    }

    /// Sends `call`, whose answer has no body that matters.
    pub async fn done(&self, call: Call) -> Result<(), Failure> {
        self.send(&call).await.map(drop)
    }

    /// Sends `call` until it is answered. Every POST carries one Idempotency-Key for all tries, so a repeated one is done once;
    /// the other methods are harmless to repeat.
    pub async fn send(&self, call: &Call) -> Result<Response, Failure> {
        let key = (call.method == Method::POST).then(|| uuid::Uuid::new_v4().to_string());
        let mut pauses = PAUSES.into_iter().enumerate();
        loop {
            let (failure, undone) = match self.once(call, key.as_deref()).await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    match self.checked(response).await {
                        Err(failure) if matches!(status, 502..=504) => match failure.code() {
                            // The edge had nobody to hand it to.
                            Some("serve_down" | "agent_unreachable") => (failure, true),
                            // The server's own word is final; a proxy's is not.
                            Some(_) => return Err(failure),
                            None => (failure, false),
                        },
                        // Our own first try, whose answer was lost, is still at work there.
                        Err(failure) if failure.code() == Some("in_progress") => (failure, false),
                        answered => return answered,
                    }
                }
                Err(error) if error.is_builder() => return Err(Failure::usage("The request could not be made.").note(root_cause(&error))),
                // Time is over: more tries would only make the person wait as long again.
                Err(error) if error.is_timeout() && !error.is_connect() => return Err(self.lost(&error)),
                Err(error) => (self.lost(&error), error.is_connect()),
            };
            match pauses.next() {
                Some((count, pause)) if (undone || call.repeatable) && (count < FEW || failure.code() == Some("serve_down")) => {
                    tokio::time::sleep(Duration::from_millis(pause)).await
                }
                Some(_) | None => return Err(failure),
            }
        }
    }

    /// One try, without patience: for streams, which have their own.
    pub async fn once(&self, call: &Call, key: Option<&str>) -> Result<Response, reqwest::Error> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(&call.segments);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request =
            self.client.request(call.method.clone(), url).header(ACCEPT, "application/json, text/event-stream;q=0.9").headers(call.headers.clone());
        request = match &self.credential {
            Credential::None => request,
            Credential::Token(token) => request.header(AUTHORIZATION, private(format!("Bearer {}", token.expose()))),
            // Cookies come with an origin check, as for any browser.
            Credential::Cookie(cookie) => request.header(COOKIE, private(cookie.expose().to_owned())).header(ORIGIN, self.base.origin().ascii_serialization()),
        };
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(limit) = call.limit {
            request = request.timeout(limit);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        request.send().await
    }

    /// The response, or what it says is wrong.
    pub async fn checked(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.unwrap_or_default();
        if let Ok(problem) = serde_json::from_str::<Problem>(&text) {
            return Err(Failure::from_problem(problem));
        }
        Err(self.not_ours(status))
    }

    /// An error status without a problem document: some other server, or a proxy between.
    fn not_ours(&self, status: StatusCode) -> Failure {
        let base = &self.base;
        if status.is_redirection() {
            return Failure::usage(format!("{base} sends its visitors elsewhere ({status}).")).next("Give the address that it leads to with --url.");
        }
        let code = status.as_u16();
        let failure = match code {
            401 => Failure::not_signed_in(format!("{base} does not accept your token.")),
            404 => Failure::not_found(format!("{base} does not know what was asked for. Is it a Vivier server?")),
            502..=504 => Failure::unreachable(format!("{base} answers, but Vivier behind it does not ({status}).")).next("Try again in a minute."),
            400..=499 => Failure::refused(format!("{base} refuses the request ({status}).")),
            _ => Failure::failed(format!("{base} failed ({status}).")).next("Try again; if it stays so, ask the operator."),
        };
        failure.note("The answer was not one of Vivier's own.")
    }

    /// No answer, or half of one.
    pub fn lost(&self, error: &reqwest::Error) -> Failure {
        let base = &self.base;
        if error.is_timeout() && !error.is_connect() {
            return Failure::unreachable(format!("{base} did not answer in time.")).next("Try again; what was asked for may have been done.");
        }
        Failure::unreachable(format!("{base} cannot be reached."))
            .note(root_cause(error))
            .next("Is the server running (`make up`), and is the address right (--url, VIVIER_URL)?")
    }
}

/// A header that no log and no `Debug` shows. Text that is no header value cannot be a credential that anyone issued: it becomes
/// an empty one, and the server says that it does not accept it.
fn private(text: String) -> HeaderValue {
    let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
