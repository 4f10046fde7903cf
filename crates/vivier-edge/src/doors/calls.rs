//! Calls that the edge makes on an agent's behalf: to its model provider, with the real key, and to Telegram.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::header::{AUTHORIZATION, COOKIE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use vivier_core::channel::ChannelKind;
use vivier_core::provider::{KeyHeader, http_address};
use vivier_core::wire::edge::ModelDoor;

use super::{TenantDoor, refuse};
use crate::body::{BodyError, ReplyBody, RequestBody, Streamed};
use crate::headers;
use crate::ingress::agent::chain;
use crate::meters::Door;
use crate::outside::{self, Server};
use crate::pool::{ConnectError, ExchangeError};
use crate::reply::{Reply, typed};
use crate::routes::{Agent, Model};

const TELEGRAM: &str = "https://api.telegram.org";
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Where clients put keys; none of them is to reach a provider.
const KEY_HEADERS: [HeaderName; 3] = [X_API_KEY, HeaderName::from_static("api-key"), HeaderName::from_static("x-goog-api-key")];

pub async fn model(door: &TenantDoor, agent: &Agent, request: Request<Incoming>) -> Reply {
    let model = match &agent.model {
        Model::Known(model) => model,
        Model::Forgotten => {
            let help = "The gateway has restarted and is waiting for Vivier's server, which holds the key of the model provider. Try again in a few seconds.";
            let mut reply = refuse(StatusCode::SERVICE_UNAVAILABLE, "gateway_waiting", help);
            reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            return reply;
        }
        Model::None => {
            door.refused("/model", "no model provider is set");
            return refuse(StatusCode::NOT_FOUND, "no_model_provider", "No model provider is set for this agent. Choose one in the agent's settings.");
        }
    };
    if !presents(request.headers(), model) {
        door.refused("/model", "wrong virtual key");
        return refuse(
            StatusCode::UNAUTHORIZED,
            "wrong_virtual_key",
            "This is not the agent's key for its model door. Leave the model provider's key as Vivier sets it.",
        );
    }
    let target = match Target::of(&model.base_url, request.uri(), "/model") {
        Ok(target) => target,
        Err(reply) => return *reply,
    };
    let (mut parts, body) = request.into_parts();
    scrub(&mut parts.headers);
    for name in KEY_HEADERS {
        parts.headers.remove(name);
    }
    parts.headers.remove(AUTHORIZATION);
    if let Some(key) = &model.key {
        let (name, text) = match model.key_header {
            KeyHeader::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose())),
            KeyHeader::XApiKey => (X_API_KEY, key.expose().to_owned()),
        };
        let Ok(mut value) = HeaderValue::from_str(&text) else {
            return refuse(
                StatusCode::BAD_GATEWAY,
                "unusable_key",
                "The model provider's key holds characters that no key has. Set it again in the agent's settings.",
            );
        };
        value.set_sensitive(true);
        parts.headers.insert(name, value);
    }
    match send(door, agent, &target, parts, body, Door::Model).await {
        Ok(reply) if reply.status().is_redirection() && reply.status() != StatusCode::NOT_MODIFIED => {
            let help = format!(
                "The model provider at {} answered with a redirect, which is not followed. Check the base URL in the agent's settings.",
                target.server.host
            );
            refuse(StatusCode::BAD_GATEWAY, "provider_redirects", &help)
        }
        Ok(reply) => reply,
        Err(error) => {
            let (status, code, help) = explain(door, &target, &error, "the model provider");
            refuse(status, code, &help)
        }
    }
}

pub async fn telegram(door: &TenantDoor, agent: &Agent, request: Request<Incoming>) -> Reply {
    let Some(channel) = agent.channels.iter().find(|channel| channel.kind == ChannelKind::Telegram) else {
        door.refused("/telegram", "the channel is not set");
        return telegram_error(StatusCode::NOT_FOUND, "Telegram is not set for this agent. Add the channel in the agent's settings.");
    };
    let root = channel.api_root.as_deref().unwrap_or(TELEGRAM);
    let target = match Target::of(root, request.uri(), "/telegram") {
        Ok(target) => target,
        Err(reply) => return *reply,
    };
    let (mut parts, body) = request.into_parts();
    scrub(&mut parts.headers);
    match send(door, agent, &target, parts, body, Door::Telegram).await {
        Ok(reply) => reply,
        Err(error) => {
            let (status, _, help) = explain(door, &target, &error, "Telegram's server");
            telegram_error(status, &help)
        }
    }
}

fn telegram_error(status: StatusCode, help: &str) -> Reply {
    let body = serde_json::json!({ "ok": false, "error_code": status.as_u16(), "description": help });
    typed(status, "application/json", format!("{body}\n").into_bytes())
}

/// Whether a request carries the agent's own key for this door. Takes the same time however much of it is right.
fn presents(headers: &HeaderMap, model: &ModelDoor) -> bool {
    let bearer =
        headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().split_at_checked(7)).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
    let given = bearer.map(|(_, key)| key).or_else(|| headers.get(X_API_KEY).map(HeaderValue::as_bytes));
    let wanted = model.virtual_key.expose().as_bytes();
    !wanted.is_empty() && given.is_some_and(|given| verify_slices_are_equal(given, wanted).is_ok())
}

/// Takes out what concerns this connection, what would tell of the inside, and cookies.
fn scrub(headers: &mut HeaderMap) {
    headers::strip_hop_by_hop(headers);
    headers::strip_claims(headers);
    for name in [EXPECT, COOKIE] {
        headers.remove(name);
    }
}

/// Where a call goes.
struct Target {
    server: Server,
    uri: Uri,
    host: HeaderValue,
    key: Arc<str>,
}

impl Target {
    fn of(base: &str, asked: &Uri, prefix: &str) -> Result<Self, Box<Reply>> {
        let bad = |help: &str| Box::new(refuse(StatusCode::BAD_GATEWAY, "unusable_address", help));
        let url = http_address(base).map_err(|_| bad("The server's address is not usable. Check it in the agent's settings."))?;
        let server = Server::of(&url).ok_or_else(|| bad("The server's address is not usable. Check it in the agent's settings."))?;
        let rest = asked.path().strip_prefix(prefix).unwrap_or_default();
        if climbs(rest) {
            return Err(Box::new(refuse(StatusCode::BAD_REQUEST, "unusable_path", "The path must not lead out of the server's base address.")));
        }
        let query = asked.query().map(|query| format!("?{query}")).unwrap_or_default();
        let text = format!("{}{rest}{query}", url.path().trim_end_matches('/'));
        let text = if text.starts_with('/') { text } else { format!("/{text}") };
        let path: PathAndQuery = text.parse().map_err(|_| bad("The path cannot be forwarded."))?;
        let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let host = HeaderValue::from_str(authority).map_err(|_| bad("The server's address is not usable. Check it in the agent's settings."))?;
        let key = format!("{}://{authority}", url.scheme()).into();
        Ok(Self { server, uri: Uri::from(path), host, key })
    }
}

/// Whether a path has parts that lead upwards, in any spelling that some server would understand.
fn climbs(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    path.contains('\\') || path.split('/').any(|part| part.split(';').next().is_some_and(|part| part == ".." || part == "."))
}

async fn send(door: &TenantDoor, agent: &Agent, target: &Target, mut parts: http::request::Parts, body: Incoming, kind: Door) -> Result<Reply, ExchangeError> {
    let shared = &door.shared;
    parts.uri = target.uri.clone();
    parts.version = Version::HTTP_11;
    parts.headers.insert(HOST, target.host.clone());
    let body = RequestBody::visitor(body, shared.config.limits.body_bytes, shared.stall());
    let connect = || outside::open(shared, &target.server);
    let answer = agent.outside.exchange(&target.key, connect, Request::from_parts(parts, body), shared.answer_within()).await?;
    let (mut head, answer) = answer.into_parts();
    headers::strip_hop_by_hop(&mut head.headers);
    for name in [SET_COOKIE, LOCATION, http::header::ALT_SVC] {
        head.headers.remove(name);
    }
    let bytes = Some(shared.meters.bytes(kind));
    Ok(Response::from_parts(head, ReplyBody::Streamed(Box::new(Streamed { answer, leash: None, _place: None, bytes }))))
}

fn explain(door: &TenantDoor, target: &Target, error: &ExchangeError, what: &str) -> (StatusCode, &'static str, String) {
    let host = &target.server.host;
    match error {
        ExchangeError::Connect(ConnectError::Private) => {
            door.refused(host, "its address is private, or this machine's");
            let help = format!("{host} is a private address, which agents may not reach. The operator can allow it with edge.allow_private.");
            return (StatusCode::FORBIDDEN, "private_address", help);
        }
        ExchangeError::Body(BodyError::TooLarge) => {
            return (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is larger than the gateway forwards.".to_owned());
        }
        ExchangeError::Body(BodyError::Stalled | BodyError::Broken) => {
            return (StatusCode::REQUEST_TIMEOUT, "body_stalled", "The request's body stopped arriving.".to_owned());
        }
        ExchangeError::Connect(_) | ExchangeError::Late | ExchangeError::Broken(_) => {}
    }
    tracing::info!(deployment = %door.deployment, host, "{what} did not answer: {}", chain(error));
    match error {
        ExchangeError::Connect(ConnectError::Resolve(_)) => {
            (StatusCode::BAD_GATEWAY, "name_not_found", format!("The name {host} cannot be resolved. Check the address of {what} in the agent's settings."))
        }
        ExchangeError::Connect(ConnectError::Tls(_)) => (
            StatusCode::BAD_GATEWAY,
            "tls_failed",
            format!("{host} does not show a certificate that is trusted here. Check the address of {what}, or have the operator add its certificate."),
        ),
        ExchangeError::Late => (StatusCode::GATEWAY_TIMEOUT, "too_slow", format!("{what} at {host} did not answer in time. Try again.")),
        ExchangeError::Connect(_) | ExchangeError::Broken(_) | ExchangeError::Body(_) => (
            StatusCode::BAD_GATEWAY,
            "unreachable",
            format!("{what} at {host} cannot be reached at the moment. Check its address in the agent's settings, or try again."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_under_its_base() {
        let to = |base: &str, path: &str| Target::of(base, &path.parse().expect("a target"), "/model").map(|target| target.uri.to_string()).ok();
        assert_eq!(to("https://api.openai.com/v1", "/model/chat/completions?x=1").as_deref(), Some("/v1/chat/completions?x=1"));
        assert_eq!(to("https://api.anthropic.com", "/model/v1/messages").as_deref(), Some("/v1/messages"));
        assert_eq!(to("https://a.example/v1/", "/model").as_deref(), Some("/v1"));
        for path in ["/model/../admin", "/model/a/%2e%2E/b", "/model/..%2fadmin", "/model/%2e%2e%5cadmin", "/model/./x", "/model/..;/x"] {
            assert_eq!(to("https://a.example/v1", path), None, "{path}");
        }
    }
}
