//! The public door: one listener, requests told apart by the host they name.
//!
//! | host | leads to |
//! |---|---|
//! | that of `public_url` | the dashboard and the API: `serve.sock` ([`dashboard`]) |
//! | `<slug>.<base_domain>` | the agent, for its owner ([`agent`], [`session`], [`bearers`], [`sockets`]) |
//! | anything else | 421 |

pub mod agent;
pub mod bearers;
pub mod dashboard;
pub mod hold;
pub mod lanes;
pub mod pages;
pub mod pulse;
pub mod session;
pub mod sockets;
pub mod visit;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;

use crate::edge::Shared;
use lanes::Lanes;
use pulse::{Order, Pulse, Watched};
use visit::Visit;

/// What hyper allows by itself.
const HYPERS_HEADERS: usize = 100;

/// # Errors
/// When the address cannot be had.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for old connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// Accepts until the edge closes.
pub async fn accept(shared: Arc<Shared>, listener: TcpListener, lanes: Arc<Lanes>) {
    let places = Arc::new(Semaphore::new(shared.config.limits.connections));
    loop {
        // Waits for a place before it accepts: what is too much stays in the kernel's queue.
        let (accepted, place) = tokio::select! {
            () = shared.closing.cancelled() => return,
            both = async {
                let place = places.clone().acquire_owned().await;
                (listener.accept().await, place)
            } => both,
        };
        let Ok(place) = place else { return };
        if let Err(error) = accepted.and_then(|(stream, peer)| lanes.take(stream, peer, place)) {
            // Out of file descriptors, most likely: what ends frees some.
            tracing::warn!("the public door cannot accept: {error}; is the limit of open files too low?");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The kernel gives up a peer that reads nothing, and nothing waits to be filled up.
pub fn tune(stream: &TcpStream, stall: Duration) {
    let tuned = stream.set_nodelay(true).and_then(|()| socket2::SockRef::from(stream).set_tcp_user_timeout(Some(stall)));
    if let Err(error) = tuned {
        tracing::debug!("a socket could not be tuned: {error}");
    }
}

async fn serve(shared: &Arc<Shared>, stream: TcpStream, peer: SocketAddr, pulse: Arc<Pulse>) {
    let limits = &shared.config.limits;
    tune(&stream, shared.stall());
    let visit = Arc::new(Visit::new(shared.clone(), peer.ip(), pulse.clone()));
    let service = service_fn(move |request: Request<Incoming>| {
        let visit = visit.clone();
        async move { Ok::<Response<visit::Body>, Infallible>(visit.answer(request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // hyper's own header timer is armed anew for every request; the pulse does it for the connection as a whole.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(limits.header_bytes.max(8192));
    // A number that is not hyper's own costs an allocation for each request.
    if limits.headers != HYPERS_HEADERS {
        builder.http1().max_headers(limits.headers);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(128)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let mut connection = std::pin::pin!(builder.serve_connection_with_upgrades(TokioIo::new(Watched::new(stream, pulse.clone())), service));
    let mut told = false;
    let ended = std::future::poll_fn(|cx| {
        match pulse.heed(cx) {
            Order::Go => {}
            Order::Finish => {
                if !std::mem::replace(&mut told, true) {
                    connection.as_mut().graceful_shutdown();
                }
            }
            Order::End => return Poll::Ready(Ok(())),
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = ended.await {
        tracing::debug!("a public connection ended: {error}");
    }
}
