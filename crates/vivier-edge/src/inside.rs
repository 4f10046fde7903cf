//! The edge's own socket, for the operator and for `serve`: `/healthz` and `/metrics`.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::body::ReplyBody;
use crate::edge::Shared;
use crate::meters;
use crate::reply::{Reply, typed};

pub async fn serve(shared: Arc<Shared>, listener: UnixListener, stop: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!("the edge's own socket cannot accept: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    continue;
                }
            },
        };
        let (shared, stop) = (shared.clone(), stop.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let reply = answer(&shared, request.uri().path());
                async move { Ok::<Response<ReplyBody>, Infallible>(reply) }
            });
            let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            tokio::select! { _ = connection => {}, () = stop.cancelled() => {} }
        });
    }
}

fn answer(shared: &Shared, path: &str) -> Reply {
    match path {
        "/healthz" => {
            let table = shared.routes.load();
            let health = serde_json::json!({
                "ok": true,
                "serve": if shared.control.up() { "up" } else { "down" },
                "open": { "connections": shared.connections.len(), "tunnels": shared.tunnels.len(), "held": shared.held.load(Ordering::Relaxed) },
                "routes": { "version": table.version, "epoch": table.epoch, "agents": table.agents().count(), "age_seconds": table.since.elapsed().as_secs() },
            });
            typed(StatusCode::OK, "application/json", health.to_string().into_bytes())
        }
        "/metrics" => match meters::recorder() {
            Some(recorder) => typed(StatusCode::OK, "text/plain; version=0.0.4", recorder.render().into_bytes()),
            None => typed(StatusCode::NOT_IMPLEMENTED, "text/plain", b"another recorder holds this process's metrics\n".to_vec()),
        },
        _ => typed(StatusCode::NOT_FOUND, "text/plain", b"here are /healthz and /metrics\n".to_vec()),
    }
}
