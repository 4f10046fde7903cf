//! `Idempotency-Key`: a POST that is sent again, because its answer was lost, has its effect once and gets the same answer.
//!
//! The key is claimed before the request is done. The request is then done on a task of its own, so that a caller who hangs up
//! leaves nothing half done. Only successes are kept: a refusal had no effect, and may be sent again when its reason is gone.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use super::extract::{MAX_BODY, read};
use super::problem::ApiError;
use crate::app::App;
use crate::auth::caller::{Identity, client_address};
use crate::auth::limits::address_key;
use crate::store::idempotency::{Claim, Key};

pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The UUID that names the effect of a request before sign-in.
#[derive(Clone, Copy)]
pub struct Seed(pub uuid::Uuid);

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Those that a caller needs: the type, the place, the cookie.
    headers: Vec<(String, String)>,
    /// Base 64.
    body: String,
}

const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::SET_COOKIE];

/// The layer. Requests without the header, and those that are no POST, pass untouched.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    match once(app, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn once(app: App, request: Request, next: Next) -> Result<Response, ApiError> {
    let name = read_key(request.headers())?;
    let scope = match request.extensions().get::<Identity>() {
        Some(Identity::Known(caller)) => format!("{} {}", caller.account, caller.user),
        Some(Identity::Alone(someone)) => someone.user.to_string(),
        // Before signing in: the address stands for the caller. The answer goes only to who knows the body, password included.
        Some(Identity::Nobody | Identity::Invalid(_)) | None => format!("address {}", address_key(client_address(request.headers()))),
    };
    let key = Key { scope, key: name };
    let (mut parts, body) = request.into_parts();
    let body = read(body).await?;
    let fingerprint = fingerprint(&parts, &body);
    let seed = match app.store.claim_key(&key, &fingerprint, epoch()).await? {
        Claim::Do(seed) => seed,
        Claim::Done { status, answer } => return replay(status, &answer),
        Claim::InProgress => {
            let detail = "A request with this Idempotency-Key is being done at this moment. Send it again in a second.";
            return Err(ApiError::conflict("in_progress", detail).retry_after(1));
        }
        Claim::Mismatch => {
            let detail = "This Idempotency-Key was used for a request with another path or body. Use a new key for a new request.";
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", "The key belongs to another request", detail));
        }
    };
    match parts.extensions.get_mut::<Identity>() {
        Some(Identity::Known(caller)) => caller.once = Some(seed),
        Some(Identity::Alone(someone)) => someone.once = Some(seed),
        Some(Identity::Nobody | Identity::Invalid(_)) | None => {}
    }
    parts.extensions.insert(Seed(seed));
    let request = Request::from_parts(parts, axum::body::Body::from(body));
    let (worker, worker_key) = (app.clone(), key.clone());
    let done = tokio::spawn(async move { settle(&worker, &worker_key, next.run(request).await).await }.in_current_span());
    match done.await {
        Ok(result) => result,
        Err(error) => {
            app.store.doubt_claim(&key).await?;
            if error.is_panic() {
                std::panic::resume_unwind(error.into_panic());
            }
            Err(ApiError::internal(&error))
        }
    }
}

/// What makes a request the same one.
fn fingerprint(parts: &axum::http::request::Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), b"\n", parts.uri.to_string().as_bytes(), b"\n", body] {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Which run of this process claims keys.
fn epoch() -> &'static str {
    static EPOCH: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    EPOCH.get_or_init(|| uuid::Uuid::new_v4().to_string())
}

fn read_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let refuse = || ApiError::field("Idempotency-Key", "must be given once, and be 8 to 128 printable characters without spaces, such as a UUID");
    let mut values = headers.get_all(HEADER).iter();
    let text = values.next().and_then(|value| value.to_str().ok()).ok_or_else(refuse)?;
    let fits = values.next().is_none() && (8..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(text.to_owned()) } else { Err(refuse()) }
}

/// Keeps what came of the request.
async fn settle(app: &App, key: &Key, response: Response) -> Result<Response, ApiError> {
    let status = response.status();
    if status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE {
        app.store.release_claim(key).await?;
        return Ok(response);
    }
    if status.is_server_error() {
        app.store.doubt_claim(key).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.map_err(|error| ApiError::internal(&error))?;
    let values = |name: &HeaderName| {
        let texts = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        texts.map(|value| (name.to_string(), value.to_owned())).collect::<Vec<_>>()
    };
    let kept = Kept { headers: KEPT_HEADERS.iter().flat_map(values).collect(), body: base64::engine::general_purpose::STANDARD.encode(&body) };
    let text = serde_json::to_vec(&kept).map_err(|error| ApiError::internal(&error))?;
    app.store.finish_claim(key, status.as_u16(), &text).await?;
    Ok(Response::from_parts(parts, axum::body::Body::from(body)))
}

fn replay(status: u16, answer: &[u8]) -> Result<Response, ApiError> {
    let kept: Kept = serde_json::from_slice(answer).map_err(|error| ApiError::internal(&error))?;
    let body = base64::engine::general_purpose::STANDARD.decode(&kept.body).map_err(|error| ApiError::internal(&error))?;
    let status = StatusCode::from_u16(status).map_err(|error| ApiError::internal(&error))?;
    let mut response = (status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
