//! The dashboard and the public API: forwarded to `serve` over its socket, which nobody else reaches. So it may believe
//! `X-Forwarded-For`, `-Proto` and `-Host`.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::header::UPGRADE;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::net::UnixStream;

use crate::body::{BodyError, ReplyBody, RequestBody, Streamed};
use crate::headers;
use crate::ingress::agent::chain;
use crate::ingress::sockets;
use crate::ingress::visit::{Visit, too_large};
use crate::io::Stream;
use crate::meters::Door;
use crate::pool::{ConnectError, ExchangeError};
use crate::reply::{Refusal, Reply};

static KEY: LazyLock<Arc<str>> = LazyLock::new(|| "serve".into());

pub async fn forward(visit: &Arc<Visit>, mut parts: Parts, body: Incoming, page: bool) -> Reply {
    let shared = &visit.shared;
    let socket = shared.config.serve_socket();
    if parts.headers.contains_key(UPGRADE) && sockets::asked(&parts) {
        return sockets::open_to_serve(visit, &socket, parts).await;
    }
    visit.attribute(&mut parts.headers, false);
    let body = RequestBody::visitor(body, shared.config.limits.body_bytes, shared.stall());
    let within = shared.connect_within();
    let connect = || connect(&socket, within);
    match shared.serve_pool.exchange(&KEY, connect, Request::from_parts(parts, body), shared.answer_within()).await {
        Ok(answer) => {
            let (mut head, answer) = answer.into_parts();
            headers::strip_hop_by_hop(&mut head.headers);
            let bytes = Some(shared.meters.bytes(Door::Dashboard));
            Response::from_parts(head, ReplyBody::Streamed(Box::new(Streamed { answer, leash: None, _place: None, bytes })))
        }
        Err(error) => fault(shared.config.limits.body_bytes, &error).reply(page),
    }
}

pub async fn connect(socket: &Path, within: Duration) -> Result<Stream, ConnectError> {
    let stream = tokio::time::timeout(within, UnixStream::connect(socket)).await.map_err(|_| ConnectError::Slow)?.map_err(ConnectError::Connect)?;
    Ok(Stream::Unix(stream))
}

pub fn fault(most: u64, error: &ExchangeError) -> Refusal {
    let down = |detail| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "serve_down", "Vivier is restarting…", detail).retry_after(2).refresh(3);
    match error {
        ExchangeError::Body(BodyError::TooLarge) => too_large(most),
        ExchangeError::Body(BodyError::Stalled | BodyError::Broken) => {
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "body_stalled", "The request is incomplete", "the request's body stopped arriving; send it again")
        }
        ExchangeError::Connect(_) | ExchangeError::Broken(_) => {
            tracing::info!("serve does not answer: {}", chain(error));
            down("The dashboard is not up at the moment; agents keep running and stay reachable. This page tries again by itself.")
        }
        ExchangeError::Late => {
            Refusal::new(StatusCode::GATEWAY_TIMEOUT, "serve_too_slow", "Vivier took too long", "the server did not answer in time; try again in a moment")
        }
    }
}
