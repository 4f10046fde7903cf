//! Every error leaves as `application/problem+json`, whoever noticed it: a handler, an extractor, the router, or a panic.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vivier_core::config::ConfigIssue;
use vivier_core::runtime::RuntimeErrorKind;
use vivier_core::wire::limits::LimitProblem;
use vivier_core::wire::problem::{FieldProblem, Problem};

use crate::auth::password::Busy;
use crate::releases::ReleasesError;
use crate::store::StoreError;
use crate::vault::VaultError;

/// The media type of RFC 9457.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The answer to a request that was not done.
#[derive(Debug)]
pub struct ApiError(Box<Problem>);

impl ApiError {
    pub fn new(status: StatusCode, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            code: code.to_owned(),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            fields: Vec::new(),
            limit: None,
            retry_after_seconds: None,
            request_id: None,
        }))
    }

    /// Nobody is signed in, or no longer.
    pub fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Not signed in", detail)
    }

    pub fn forbidden(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, "Not allowed", detail)
    }

    /// It does not exist, or it is another's: the same answer, so that ids cannot be probed.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", format!("There is no such {what}, or it is not yours."))
    }

    /// Fields that are wrong; an empty path stands for the request as a whole.
    pub fn invalid(fields: Vec<FieldProblem>) -> Self {
        let detail = match fields.as_slice() {
            [only] if only.path.is_empty() => format!("The request {}.", only.message.trim_end_matches('.')),
            [only] => format!("`{}` {}.", only.path, only.message.trim_end_matches('.')),
            many => format!("{} fields are wrong; see `fields`.", many.len()),
        };
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields", "Some fields are wrong", detail);
        error.0.fields = fields;
        error
    }

    pub fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldProblem { path: path.into(), message: message.into(), line: None }])
    }

    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "It cannot be done now", detail)
    }

    pub fn too_many(code: &str, detail: impl Into<String>, retry_after_seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, "Too many requests", detail).retry_after(retry_after_seconds)
    }

    pub fn unavailable(code: &str, detail: impl Into<String>, retry_after_seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, "Not available now", detail).retry_after(retry_after_seconds)
    }

    /// Our fault. The cause goes to the log, never to the caller.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(cause), "a request failed for a reason of our own");
        Self::blank_internal()
    }

    pub(super) fn blank_internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here",
            "The request could not be done for a reason of our own. Try again; if it stays, give the operator the request id.",
        )
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds.max(1));
        self
    }

    /// The limit that was met.
    #[must_use]
    pub fn limit(mut self, limit: LimitProblem) -> Self {
        self.0.limit = Some(limit);
        self
    }

    /// As a wrong address: for parts of the path.
    #[must_use]
    pub(super) fn in_path(mut self) -> Self {
        self.0.status = StatusCode::BAD_REQUEST.as_u16();
        "invalid_path".clone_into(&mut self.0.code);
        "The address is wrong".clone_into(&mut self.0.title);
        self
    }

    pub fn problem(&self) -> &Problem {
        &self.0
    }
}

/// An error and everything behind it, for the log.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Issues of a configuration document as fields, under the field of the body that holds the document.
pub fn config_fields(under: &str, issues: Vec<ConfigIssue>) -> Vec<FieldProblem> {
    let path = |path: String| if path.is_empty() { under.to_owned() } else { format!("{under}.{path}") };
    issues.into_iter().map(|ConfigIssue { path: within, message, line }| FieldProblem { path: path(within), message, line }).collect()
}

/// A problem that has been rendered already, for the layer that knows the request's id.
#[derive(Clone)]
pub(super) struct Rendered(pub(super) Problem);

impl IntoResponse for ApiError {
    /// The outermost layer adds the request id: it finds the problem in the extensions.
    fn into_response(self) -> Response {
        let mut response = render(&self.0);
        response.extensions_mut().insert(Rendered(*self.0));
        response
    }
}

/// The whole answer for `problem`.
pub(super) fn render(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vivier\""));
    }
    response
}

/// A problem for an answer that somebody else (the router, a layer) made without one.
pub(super) fn for_status(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::new(status, "not_found", "Not found", "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::new(
            status,
            "method_not_allowed",
            "Method not allowed",
            "This address does not know this method; the `Allow` header lists those that it knows.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(status, "too_large", "Too large", "The request is too large; at most 1 MiB is accepted."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ApiError::new(status, "unsupported_media_type", "Unsupported media type", "Send JSON with `Content-Type: application/json`.")
        }
        other if other.is_client_error() => {
            ApiError::new(other, "bad_request", other.canonical_reason().unwrap_or("Bad request"), "The request cannot be understood as it is.")
        }
        StatusCode::SERVICE_UNAVAILABLE => ApiError::unavailable("unavailable", "Try again in a moment.", 1),
        _ => ApiError::blank_internal(),
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Taken { field, message } => {
                let mut problem = Self::conflict("taken", sentence(&message));
                problem.0.fields = vec![FieldProblem { path: field.to_owned(), message, line: None }];
                problem
            }
            StoreError::Conflict(message) => Self::conflict("conflict", sentence(&message)),
            StoreError::Payment(message) => Self::new(StatusCode::PAYMENT_REQUIRED, "payment_required", "It must be paid for first", sentence(&message)),
            StoreError::Repeated => Self::conflict("repeated", "This was done already."),
            StoreError::Quota(quota) => {
                let (code, detail) = (quota.limit.as_str(), sentence(&quota.message));
                let problem = match quota.free_at {
                    Some(at) => Self::too_many(code, detail, u64::try_from(at.millis_since(quota.at).max(1)).unwrap_or(1).div_ceil(1_000)),
                    None => Self::new(StatusCode::FORBIDDEN, code, "A limit of the account is reached", detail),
                };
                problem.limit(LimitProblem { limit: code.to_owned(), used: quota.used, allowed: quota.allowed, frees_at: quota.free_at })
            }
            StoreError::Database(sqlx::Error::PoolTimedOut) => {
                tracing::warn!("no connection to the database was free in time");
                Self::unavailable("busy", "The database is busy. Try again in a moment.", 2)
            }
            StoreError::Vault(VaultError::Key(error)) if error.is_transient() => {
                tracing::warn!("a request needs a data key, and whoever wraps it is away: {error}");
                Self::unavailable(
                    "keys_unavailable",
                    "Secrets cannot be read or written at this moment: the key service does not answer. Agents that run go on. Try again later.",
                    30,
                )
            }
            ours @ (StoreError::Database(_) | StoreError::Lost | StoreError::Corrupt(_) | StoreError::Vault(_) | StoreError::Migrate(_)) => {
                Self::internal(&ours)
            }
        }
    }
}

impl From<ReleasesError> for ApiError {
    fn from(error: ReleasesError) -> Self {
        match error {
            ReleasesError::Store(error) => error.into(),
            ReleasesError::Runtime(error) => match error.kind {
                RuntimeErrorKind::NotFound => Self::not_found("release"),
                RuntimeErrorKind::Refused => Self::field("reason", error.message),
                RuntimeErrorKind::Unreachable
                | RuntimeErrorKind::Conflict
                | RuntimeErrorKind::Capacity
                | RuntimeErrorKind::Rejected
                | RuntimeErrorKind::Image
                | RuntimeErrorKind::Failed => {
                    tracing::warn!(detail = error.detail, "the host could not do it: {error}");
                    Self::unavailable("host_away", sentence(&error.message), 5)
                }
            },
            ours @ (ReleasesError::Schema(_) | ReleasesError::Document(_)) => Self::internal(&ours),
        }
    }
}

/// The store's messages begin in lower case; an answer's detail is a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut sentence: String = letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

impl From<Busy> for ApiError {
    fn from(_: Busy) -> Self {
        Self::unavailable("busy", "Too many sign-ins are being checked at this moment. Try again in a moment.", 2)
    }
}
