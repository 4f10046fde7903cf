//! The control plane of an agent's gateway, over its WebSocket: for what the administration call of [`crate::gateway`] may not do.
//!
//! Facts (OpenClaw 2026.9.6, trusted-proxy mode): the identity is in the headers of the upgrade; the gateway begins with the event
//! `connect.challenge`, is sent `connect`, and answers each request by its id (`docs/openclaw.md`). A connection for one call.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use vivier_core::agent;

use crate::gateway::{CLIENT, plain};

/// The protocol of 2026.9.6.
const PROTOCOL: u32 = 4;
/// The largest message that is read. They come from inside a container.
const MOST_BYTES: usize = 1 << 20;
/// Letters of the gateway's own words that are passed on.
const MOST_WORDS: usize = 300;

/// Why a call was not done.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nothing is known: it may have been done.
    #[error("the gateway did not answer in time")]
    Timeout,
    #[error("the gateway's control plane could not be reached: {0}")]
    Broken(String),
    /// The gateway's own words.
    #[error("{0}")]
    Refused(String),
}

/// Calls one method and gives its payload.
///
/// # Errors
/// [`ControlError::Refused`] when the gateway says no.
pub async fn call(gateway: SocketAddr, method: &str, params: Value, patience: Duration) -> Result<Value, ControlError> {
    tokio::time::timeout(patience, exchange(gateway, method, params)).await.unwrap_or(Err(ControlError::Timeout))
}

async fn exchange(gateway: SocketAddr, method: &str, params: Value) -> Result<Value, ControlError> {
    let stream = TcpStream::connect(gateway).await.map_err(broken)?;
    let mut request = format!("ws://{gateway}/").into_client_request().map_err(broken)?;
    let headers = [
        ("x-forwarded-for", CLIENT.to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-forwarded-host", gateway.to_string()),
        (agent::USER_HEADER, agent::OWNER.to_owned()),
    ];
    for (name, value) in headers {
        request.headers_mut().insert(name, value.parse().map_err(broken)?);
    }
    let bounds = WebSocketConfig::default().max_message_size(Some(MOST_BYTES)).max_frame_size(Some(MOST_BYTES));
    let (mut socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(bounds)).await.map_err(broken)?;
    until(&mut socket, |message| message["event"] == "connect.challenge").await?;
    let connect = json!({
        "minProtocol": PROTOCOL, "maxProtocol": PROTOCOL,
        "client": { "id": "gateway-client", "version": env!("CARGO_PKG_VERSION"), "platform": "linux", "mode": "backend" },
        "role": "operator",
        "scopes": ["operator.read", "operator.write", "operator.admin"],
    });
    ask(&mut socket, "1", "connect", connect).await?;
    let answer = ask(&mut socket, "2", method, params).await?;
    // It has answered: how the connection ends says nothing.
    drop(socket.close(None).await);
    Ok(answer)
}

async fn ask(socket: &mut WebSocketStream<TcpStream>, id: &str, method: &str, params: Value) -> Result<Value, ControlError> {
    let request = json!({ "type": "req", "id": id, "method": method, "params": params }).to_string();
    socket.send(Message::text(request)).await.map_err(broken)?;
    let mut answer = until(socket, |message| message["type"] == "res" && message["id"] == *id).await?;
    if answer["ok"] == Value::Bool(true) {
        return Ok(answer["payload"].take());
    }
    let words = answer["error"]["message"].as_str().unwrap_or("it gives no reason");
    Err(ControlError::Refused(plain(words, MOST_WORDS)))
}

/// The next message that `is_it`; others (events of all kinds) are not for us.
async fn until(socket: &mut WebSocketStream<TcpStream>, is_it: impl Fn(&Value) -> bool) -> Result<Value, ControlError> {
    loop {
        let message = socket.next().await.ok_or_else(|| broken("it closed the connection"))?.map_err(broken)?;
        match message {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).map_err(broken)?;
                if is_it(&message) {
                    return Ok(message);
                }
            }
            Message::Close(frame) => return Err(broken(frame.map_or_else(|| "it closed the connection".to_owned(), |frame| plain(&frame.reason, MOST_WORDS)))),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

fn broken(error: impl std::fmt::Display) -> ControlError {
    ControlError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gateway that answers `secrets.reload` with `answer`.
    async fn gateway(answer: Value) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("an upgrade");
            socket.send(Message::text(json!({ "type": "event", "event": "connect.challenge" }).to_string())).await.expect("sent");
            while let Some(Ok(Message::Text(text))) = socket.next().await {
                let request: Value = serde_json::from_str(&text).expect("JSON");
                let mut response = if request["method"] == "connect" { json!({ "ok": true, "payload": {} }) } else { answer.clone() };
                response["type"] = "res".into();
                response["id"] = request["id"].clone();
                socket.send(Message::text(json!({ "type": "event", "event": "tick" }).to_string())).await.expect("sent");
                socket.send(Message::text(response.to_string())).await.expect("sent");
            }
        });
        address
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn an_answer_is_found_among_events_and_a_refusal_is_in_the_gateways_own_words() {
        let agreed = gateway(json!({ "ok": true, "payload": { "ok": true, "warningCount": 0 } })).await;
        let answer = call(agreed, "secrets.reload", json!({}), PATIENCE).await.expect("done");
        assert_eq!(answer["warningCount"], 0);
        let refused = gateway(json!({ "ok": false, "error": { "code": "UNAVAILABLE", "message": "secrets.reload\u{7} failed" } })).await;
        let error = call(refused, "secrets.reload", json!({}), PATIENCE).await.expect_err("refused");
        assert!(matches!(&error, ControlError::Refused(words) if words == "secrets.reload failed"), "{error:?}");
    }

    #[tokio::test]
    async fn a_gateway_that_says_nothing_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let silent = listener.local_addr().expect("an address");
        let error = call(silent, "secrets.reload", json!({}), Duration::from_millis(50)).await.expect_err("silent");
        assert!(matches!(error, ControlError::Timeout), "{error:?}");
    }
}
