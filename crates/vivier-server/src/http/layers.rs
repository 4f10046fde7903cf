//! What happens around every request: its id, its line in the log, a net under panics, who calls and from where, and the
//! headers of every answer.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::problem::{ApiError, MEDIA_TYPE, Rendered, for_status, render};
use super::refusals::{self, RequestLine};
use crate::app::App;
use crate::auth::caller::{Caller, Identity, client_address, identify};
use crate::auth::limits::{Cost, address_key};
use crate::auth::origin;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer: request id, log line, metrics, panics, and problems for answers that have none.
pub async fn envelope(request: Request, next: Next) -> Response {
    let id = format!("req_{}", uuid::Uuid::now_v7().simple());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", %id, %method, %route, account = tracing::field::Empty);
    let begun = Instant::now();
    let run = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let response = match run.await {
        Ok(response) => response,
        Err(panic) => {
            let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words");
            span.in_scope(|| tracing::error!(panic = words, "a handler panicked"));
            ApiError::blank_internal().into_response()
        }
    };
    let mut response = as_problem(response, &id);
    let status = response.status().as_u16();
    let elapsed = begun.elapsed();
    span.in_scope(|| {
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        if method.is_safe() {
            tracing::debug!(status, millis, "answered");
        } else {
            tracing::info!(status, millis, "answered");
        }
    });
    metrics::counter!("vivier_http_requests_total", "method" => verb(&method), "route" => route.clone(), "status" => status.to_string()).increment(1);
    metrics::histogram!("vivier_http_request_seconds", "route" => route).record(elapsed.as_secs_f64());
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    harden(headers);
    response
}

/// A method as a label: of those that somebody invents, there is one.
fn verb(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

/// Errors that somebody else made (the router, a layer) become problems; problems get the request's id.
fn as_problem(response: Response, id: &str) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let mut problem = match response.extensions().get::<Rendered>() {
        Some(Rendered(problem)) => problem.clone(),
        // An error that explains itself already, such as `/readyz` or the page of an unknown agent.
        None if explains_itself(response.headers()) => return response,
        None => for_status(status).problem().clone(),
    };
    problem.request_id = Some(id.to_owned());
    let (before, _) = response.into_parts();
    let mut after = render(&problem);
    for (name, value) in &before.headers {
        if !after.headers().contains_key(name) && name != header::CONTENT_LENGTH {
            after.headers_mut().append(name.clone(), value.clone());
        }
    }
    after
}

fn explains_itself(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["text/html", "application/json", MEDIA_TYPE].iter().any(|own| kind.starts_with(own))
}

/// Headers of every answer. The API's answers are nobody's but the caller's; files have set their own before.
fn harden(headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    set(header::CACHE_CONTROL, "no-store");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
}

/// Who calls, and whether a page of another origin sent them. For everything but the dashboard's files.
pub async fn enter(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let bearer = request.headers().contains_key(header::AUTHORIZATION);
    if !bearer && let Err(why) = origin::check(request.method(), request.headers(), &origin::origin_of(&app.settings.public_url)) {
        return ApiError::forbidden("wrong_origin", why).into_response();
    }
    let (identity, cookie) = match identify(&app, request.headers()).await {
        Ok(found) => found,
        Err(error) => return ApiError::from(error).into_response(),
    };
    if let Identity::Known(caller) = &identity {
        tracing::Span::current().record("account", tracing::field::display(caller.account));
    }
    if let Identity::Known(Caller { look: Some(_), .. }) = &identity
        && !harmless(&request)
    {
        let detail = "You are looking at somebody's account, and nothing can be changed meanwhile. End the look first: `DELETE /v1/auth/look`.";
        let line = request_line(&request);
        refusals::note(&app, &identity, &line, (StatusCode::FORBIDDEN, Some("only_looking".to_owned()))).await;
        return ApiError::forbidden("only_looking", detail).into_response();
    }
    let (known, line) = (identity.clone(), request_line(&request));
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let account = match &identity {
        Identity::Known(caller) => Some(caller.account.to_string()),
        Identity::Nobody | Identity::Invalid(_) | Identity::Alone(_) => None,
    };
    let (cost, address) = (Cost::of(request.method(), route), address_key(client_address(request.headers())));
    if let Err(reached) = app.auth.limits.spend(cost, account.as_deref(), &address) {
        return super::accounts::reached(reached).into_response();
    }
    request.extensions_mut().insert(identity);
    let mut response = next.run(request).await;
    let gist = refusals::gist(&response);
    refusals::note(&app, &known, &line, gist).await;
    // A sign-in or sign-out has set a cookie of its own.
    if let Some(cookie) = cookie
        && !response.headers().contains_key(header::SET_COOKIE)
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// What an operator who looks at an account may do: look, and stop. An agent's own pages are not among what is shown.
fn harmless(request: &Request) -> bool {
    let path = request.uri().path();
    let ends = matches!((request.method().as_str(), path), ("DELETE", "/v1/auth/look") | ("POST", "/v1/auth/logout"));
    ends || (matches!(request.method().as_str(), "GET" | "HEAD") && !path.starts_with("/open/"))
}

fn request_line(request: &Request) -> RequestLine {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str);
    RequestLine { method: request.method().clone(), route: route.to_owned(), path: request.uri().path().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    async fn answer(path: &str) -> (Response, serde_json::Value) {
        let router = Router::new()
            .route("/panic", get(|| async { panic!("canary in the panic") as &'static str }))
            .route("/bare", get(|| async { axum::http::StatusCode::IM_A_TEAPOT }))
            .layer(axum::middleware::from_fn(envelope));
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (parts, body) = router.oneshot(request).await.expect("an answer").into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 16).await.expect("a body");
        (Response::from_parts(parts, Body::empty()), serde_json::from_slice(&bytes).expect("a problem"))
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing_but_where_to_look() {
        let (response, problem) = answer("/panic").await;
        assert_eq!(response.status(), 500);
        assert_eq!(problem["code"], "internal");
        assert_eq!(problem["request_id"].as_str(), response.headers()["x-request-id"].to_str().ok());
        assert!(!problem.to_string().contains("canary"), "{problem}");
    }

    #[tokio::test]
    async fn an_error_without_a_body_gets_one() {
        let (response, problem) = answer("/bare").await;
        assert_eq!((response.status().as_u16(), problem["status"].as_u64()), (418, Some(418)));
        assert_eq!(response.headers()["content-type"], MEDIA_TYPE);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}
