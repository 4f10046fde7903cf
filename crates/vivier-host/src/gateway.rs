//! Talking to an agent's gateway from its bridge, as the edge does: health probes and the administration call.
//!
//! Facts (OpenClaw 2026.9.6, trusted-proxy mode): `/startupz` and `/readyz` answer 403 unless the request carries an
//! `X-Forwarded-For` that is not loopback; with the owner's header as well, `/readyz` lists what is failing.
//! A probe that fails says "not yet", never "unknown": whether there is a container at all is the engine's to say.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use vivier_core::agent;
use vivier_core::runtime::Health;

/// How long one probe may take.
pub const PROBE_TIMEOUT: Duration = Duration::from_millis(1_000);
/// How long the administration call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is read.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// TEST-NET-1 (RFC 5737): "the client" of the host's own probes. Never a real one, and not loopback.
pub(crate) const CLIENT: &str = "192.0.2.1";

/// Why there is no answer. For the operator's log.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the gateway did not answer in time")]
    Timeout,
    #[error("the gateway could not be reached: {0}")]
    Connect(std::io::Error),
    #[error("the gateway's answer broke off: {0}")]
    Http(String),
    #[error("the gateway answered {0}: {1}")]
    Refused(StatusCode, String),
}

/// What the gateway says of itself.
pub async fn health(gateway: SocketAddr) -> Health {
    let (started, ready) = tokio::join!(probe(gateway, "/startupz"), probe(gateway, "/readyz"));
    let started = matches!(started, Ok((StatusCode::OK, _)));
    match ready {
        Ok((status, body)) => Health { started, ready: status == StatusCode::OK, failing: failing(&body), ..Health::default() },
        Err(_not_yet) => Health { started, ..Health::default() },
    }
}

/// `/startupz` has answered 200.
pub async fn started(gateway: SocketAddr) -> bool {
    matches!(probe(gateway, "/startupz").await, Ok((StatusCode::OK, _)))
}

/// Calls a method of OpenClaw's administration RPC (plugin `admin-http-rpc`).
///
/// # Errors
/// When there is no answer, or one that is not a success.
pub async fn rpc(gateway: SocketAddr, method: &str, params: Value) -> Result<Value, CallError> {
    rpc_within(gateway, method, params, CALL_TIMEOUT).await
}

/// The same, with a patience of the caller's own.
///
/// # Errors
/// When there is no answer, or one that is not a success.
pub async fn rpc_within(gateway: SocketAddr, method: &str, params: Value, timeout: Duration) -> Result<Value, CallError> {
    let body = json!({ "method": method, "params": params }).to_string();
    let (status, bytes) = call(gateway, Method::POST, "/api/v1/admin/rpc", Bytes::from(body), timeout).await?;
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if status.is_success() && answer["ok"] != Value::Bool(false) {
        Ok(answer.get("payload").cloned().unwrap_or(answer))
    } else {
        Err(CallError::Refused(status, answer["error"].to_string()))
    }
}

/// What the gateway makes of the configuration file that lies before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It runs with exactly this file.
    Yes,
    /// It has not looked yet, or is about to restart itself.
    NotYet,
    /// It will not have it: one `path: message` for each issue.
    Refused(Vec<String>),
}

/// Asks the gateway what it makes of its configuration file, and for its fingerprint of the file that it speaks of: it may not
/// have read the newest yet. The RPC `config.get` answers whether the file is valid, the hash of what the file says and the hash
/// of what is applied: a state to compare, not a log line to catch.
///
/// # Errors
/// When the gateway does not answer, as while it restarts itself.
pub async fn taken(gateway: SocketAddr) -> Result<(String, Taken), CallError> {
    let answer = rpc(gateway, "config.get", json!({})).await?;
    let read = answer["hash"].as_str().unwrap_or_default().to_owned();
    if answer["valid"] == Value::Bool(false) {
        let issues = answer["issues"].as_array().into_iter().flatten().take(20);
        let line = |issue: &Value| format!("{}: {}", issue["path"].as_str().unwrap_or_default(), issue["message"].as_str().unwrap_or("is not valid"));
        return Ok((read, Taken::Refused(issues.map(|issue| plain(&line(issue), 500)).collect())));
    }
    let (file, applied) = (answer["configRevisionHash"].as_str(), answer["appliedConfigHash"].as_str());
    let taken = if file.is_some() && file == applied { Taken::Yes } else { Taken::NotYet };
    Ok((read, taken))
}

async fn probe(gateway: SocketAddr, path: &str) -> Result<(StatusCode, Bytes), CallError> {
    call(gateway, Method::GET, path, Bytes::new(), PROBE_TIMEOUT).await
}

/// What comes from inside a container, without control characters and no longer than `most` letters.
pub fn plain(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

fn failing(body: &[u8]) -> Vec<String> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    // What is still being started is not broken.
    let names = answer["failing"].as_array().into_iter().flatten().filter_map(Value::as_str).filter(|name| *name != "startup-sidecars");
    // Bounded: the list comes from inside the container.
    names.take(32).map(|name| plain(name, 64)).collect()
}

async fn call(gateway: SocketAddr, method: Method, path: &str, body: Bytes, timeout: Duration) -> Result<(StatusCode, Bytes), CallError> {
    let exchange = async {
        let stream = tokio::net::TcpStream::connect(gateway).await.map_err(CallError::Connect)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::HOST, gateway.to_string())
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::CONNECTION, "close")
            .header("x-forwarded-for", CLIENT)
            .header("x-forwarded-proto", "http")
            .header("x-forwarded-host", gateway.to_string())
            .header(agent::USER_HEADER, agent::OWNER)
            .body(Full::new(body))
            .map_err(broken)?;
        let talk = async {
            let answer = sender.send_request(request).await.map_err(broken)?;
            let status = answer.status();
            let bytes = Limited::new(answer.into_body(), MAX_BODY).collect().await.map_err(broken)?.to_bytes();
            Ok((status, bytes))
        };
        tokio::pin!(connection);
        tokio::pin!(talk);
        tokio::select! {
            answer = &mut talk => answer,
            // The connection may end right after the last byte: the answer is then complete already.
            _ended = &mut connection => talk.await,
        }
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(CallError::Timeout))
}

fn broken(error: impl std::fmt::Display) -> CallError {
    CallError::Http(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_failing_is_read_in_bounds() {
        assert_eq!(failing(br#"{"ready":false,"failing":["telegram",7,"a\u0007b"]}"#), ["telegram", "ab"]);
        assert_eq!(failing(br#"{"ready":false,"failing":["startup-sidecars","slack"]}"#), ["slack"]);
        assert_eq!(failing(b"<html>"), Vec::<String>::new());
        let many = json!({ "failing": vec!["x".repeat(500); 500] }).to_string();
        let read = failing(many.as_bytes());
        assert!(read.len() == 32 && read[0].len() == 64);
    }
}
