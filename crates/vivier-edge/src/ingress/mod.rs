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
pub mod pages;
pub mod pulse;
pub mod session;
pub mod sockets;
pub mod visit;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;

use crate::edge::Shared;
use pulse::{Pulse, Verdict, Watched};
use visit::Visit;

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
pub async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(shared.config.limits.connections));
    loop {
        // Waits for a place before it accepts: what is too much stays in the kernel's queue.
        let accepted = tokio::select! {
            () = shared.closing.cancelled() => return,
            accepted = async {
                let place = places.clone().acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
        };
        match accepted {
            (Ok((stream, peer)), Ok(place)) => {
                let visited = shared.clone();
                shared.connections.spawn(async move {
                    visited.meters.connections.increment(1.0);
                    serve(&visited, stream, peer).await;
                    visited.meters.connections.decrement(1.0);
                    drop(place);
                });
            }
            (Err(error), _) => {
                // Out of file descriptors, most likely: what ends frees some.
                tracing::warn!("the public door cannot accept: {error}; is the limit of open files too low?");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            (Ok(_), Err(_)) => return,
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

async fn serve(shared: &Arc<Shared>, stream: TcpStream, peer: SocketAddr) {
    let limits = &shared.config.limits;
    tune(&stream, shared.stall());
    let pulse = Pulse::new();
    let visit = Arc::new(Visit::new(shared.clone(), peer.ip(), pulse.clone()));
    let service = service_fn(move |request: Request<Incoming>| {
        let visit = visit.clone();
        async move { Ok::<Response<visit::Body>, Infallible>(visit.answer(request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // hyper's own header timer is armed anew for every request; the pulse does it for the connection as a whole.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_headers(limits.headers).max_buf_size(limits.header_bytes.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(128)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let mut connection = std::pin::pin!(builder.serve_connection_with_upgrades(TokioIo::new(Watched::new(stream, pulse.clone())), service));
    let mut tick = tokio::time::interval(Duration::from_secs(limits.header_seconds.max(1)));
    let mut closing = std::pin::pin!(shared.closing.cancelled());
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!("a public connection ended: {error}");
                }
                return;
            }
            () = closing.as_mut(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            () = shared.cut.cancelled(), if told => return,
            _ = tick.tick() => match pulse.verdict(limits) {
                Verdict::Alive => {}
                Verdict::Idle => connection.as_mut().graceful_shutdown(),
                Verdict::Slow => {
                    tracing::debug!("a public connection was too slow to send its headers");
                    return;
                }
            },
        }
    }
}
