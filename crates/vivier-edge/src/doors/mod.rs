//! The inner doors: on each tenant's own network, one listener that serves that tenant's agent and nobody else.
//!
//! | asked for | leads to |
//! |---|---|
//! | `/model/<rest>` | the model provider, with the real key ([`calls`]) |
//! | `/telegram/<rest>` | Telegram's Bot API, or the deployment's own ([`calls`]) |
//! | `CONNECT <this door>` | this door again, inside the tunnel |
//! | `CONNECT <name>:443` | a name that one of its channels needs ([`connect`], [`hello`]) |
//! | anything else | refused, and logged |
//!
//! Whatever an agent sends here is hostile: it runs code that strangers can talk to.

pub mod calls;
pub mod connect;
pub mod hello;
mod refusals;

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::Subnet;

use crate::body::ReplyBody;
use crate::edge::Shared;
use crate::ingress::tune;
use crate::meters::Door;
use crate::reply::Reply;
use crate::routes::Agent;
use refusals::Refusals;

pub use refusals::refuse;

/// One tenant's listener.
pub struct TenantDoor {
    pub shared: Arc<Shared>,
    pub subnet: Subnet,
    pub deployment: DeploymentId,
    address: SocketAddr,
    refusals: Refusals,
    /// Places for tunnels: they outlive the connection's own place.
    tunnels: Arc<Semaphore>,
    /// Ends with the listener: when the deployment leaves the network, or the edge closes.
    over: CancellationToken,
}

impl TenantDoor {
    /// The agent behind this door, as the current table has it.
    pub fn agent(&self) -> Option<Arc<Agent>> {
        self.shared.routes.load().on(self.subnet).filter(|agent| agent.deployment == self.deployment).cloned()
    }

    /// A place for one tunnel, or the refusal.
    fn tunnel_place(&self) -> Result<OwnedSemaphorePermit, Box<Reply>> {
        self.tunnels.clone().try_acquire_owned().map_err(|_| {
            self.refused("a tunnel", "too many at once");
            Box::new(refuse(StatusCode::TOO_MANY_REQUESTS, "too_many_tunnels", "Too many tunnels are open at once. Close some, or try again in a moment."))
        })
    }

    /// Counts and logs a refusal; `asked` is what was asked for, never with its query or its secrets.
    pub fn refused(&self, asked: &str, why: &str) {
        self.shared.meters.refused_doors.increment(1);
        self.refusals.tell(self.deployment, asked, why);
    }
}

/// Opens and releases the doors as the table changes, until the edge closes.
pub async fn keep(shared: Arc<Shared>) {
    let mut changes = shared.routes.changes();
    let mut open: HashMap<(Subnet, DeploymentId), CancellationToken> = HashMap::new();
    let mut failing: HashMap<(Subnet, DeploymentId), (Instant, Duration)> = HashMap::new();
    loop {
        let wanted: Vec<(Subnet, DeploymentId)> =
            shared.routes.load().agents().filter_map(|agent| agent.subnet.map(|subnet| (subnet, agent.deployment))).collect();
        open.retain(|key, over| {
            let keep = wanted.contains(key);
            if !keep {
                over.cancel();
            }
            keep
        });
        failing.retain(|key, _| wanted.contains(key));
        for key in wanted {
            let wait = failing.get(&key).is_some_and(|(again, _)| *again > Instant::now());
            if open.contains_key(&key) || wait {
                continue;
            }
            match open_one(&shared, key) {
                Ok(over) => {
                    failing.remove(&key);
                    open.insert(key, over);
                }
                Err(error) => {
                    let pause = failing.get(&key).map_or(Duration::from_millis(250), |(_, pause)| (*pause * 2).min(Duration::from_secs(30)));
                    if !failing.contains_key(&key) {
                        tracing::warn!(deployment = %key.1, "the inner door at {} cannot be opened: {error}; trying again", (shared.world.door_address)(key.0));
                    }
                    failing.insert(key, (Instant::now() + pause, pause));
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        shared.meters.door_listeners.set(open.len() as f64);
        let again = failing.values().map(|(again, _)| *again).min();
        tokio::select! {
            () = shared.closing.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = async { match again { Some(again) => tokio::time::sleep_until(again.into()).await, None => std::future::pending().await } } => {}
        }
    }
}

fn open_one(shared: &Arc<Shared>, (subnet, deployment): (Subnet, DeploymentId)) -> io::Result<CancellationToken> {
    let address = (shared.world.door_address)(subnet);
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // The bridge may not be there yet: the door must be open when the agent starts, not after.
    socket2::SockRef::from(&socket).set_freebind_v4(true)?;
    socket.bind(address)?;
    let listener = socket.listen(256)?;
    let over = shared.cut.child_token();
    let tunnels = Arc::new(Semaphore::new(shared.config.limits.connections_per_door));
    let door = Arc::new(TenantDoor { shared: shared.clone(), subnet, deployment, address, refusals: Refusals::default(), tunnels, over: over.clone() });
    tokio::spawn(accept(door, listener));
    Ok(over)
}

async fn accept(door: Arc<TenantDoor>, listener: TcpListener) {
    let peer_wanted = (door.shared.world.door_peer)(door.subnet);
    let places = Arc::new(Semaphore::new(door.shared.config.limits.connections_per_door));
    loop {
        let accepted = tokio::select! {
            () = door.over.cancelled() => return,
            () = door.shared.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) if peer.ip().to_canonical() == peer_wanted => match places.clone().try_acquire_owned() {
                Ok(place) => {
                    let door = door.clone();
                    tune(&stream, door.shared.stall());
                    door.shared.clone().connections.spawn(async move {
                        serve(door, TokioIo::new(stream), Way::Straight).await;
                        drop(place);
                    });
                }
                Err(_) => door.refused("a connection", "too many at once"),
            },
            Ok((_, peer)) => {
                door.shared.meters.refused_peers.increment(1);
                door.refusals.tell(door.deployment, &peer.ip().to_string(), "only the agent of this network is served");
            }
            Err(error) => {
                tracing::warn!(deployment = %door.deployment, "an inner door cannot accept: {error}; is the limit of open files too low?");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// How a request came to its door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Straight,
    /// Through a tunnel to this very door: OpenClaw sends everything through its proxy, once it has one.
    Tunnelled,
}

/// Boxed, since a tunnel to this door is served by this very function.
fn serve<I>(door: Arc<TenantDoor>, stream: I, way: Way) -> Pin<Box<dyn Future<Output = ()> + Send>>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    Box::pin(serve_connection(door, stream, way))
}

async fn serve_connection<I>(door: Arc<TenantDoor>, stream: I, way: Way)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let limits = &door.shared.config.limits;
    let answering = door.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let door = answering.clone();
        async move {
            let begun = Instant::now();
            let (kind, reply) = answer(&door, request, way).await;
            door.shared.meters.answered(kind, reply.status(), begun.elapsed());
            Ok::<Response<ReplyBody>, Infallible>(reply)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(limits.idle_seconds)).max_headers(limits.headers);
    builder.max_buf_size(limits.header_bytes.max(8192));
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service).with_upgrades());
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(deployment = %door.deployment, "a connection of an inner door ended: {error}");
                }
                return;
            }
            () = door.over.cancelled() => return,
            () = door.shared.closing.cancelled(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer(door: &Arc<TenantDoor>, request: Request<Incoming>, way: Way) -> (Door, Reply) {
    let Some(agent) = door.agent() else {
        door.refused("anything", "the deployment is no longer routed");
        return (Door::Nowhere, refuse(StatusCode::FORBIDDEN, "not_routed", "This agent is not known to the gateway at the moment."));
    };
    if request.method() == Method::CONNECT {
        let here = request.uri().authority().is_some_and(|authority| authority.as_str() == door.address.to_string());
        let reply = match way {
            Way::Straight if here => connect::here(door, request),
            Way::Straight => connect::open(door, &agent, request).await,
            Way::Tunnelled => refuse(StatusCode::FORBIDDEN, "tunnel_in_tunnel", "One tunnel is enough: ask for CONNECT outside of it."),
        };
        return (Door::Connect, reply);
    }
    let own = request.uri().authority().is_none_or(|authority| authority.as_str() == door.address.to_string());
    if !own || request.uri().scheme_str().is_some_and(|scheme| scheme != "http") {
        let asked = request.uri().host().unwrap_or_default().to_owned();
        door.refused(&asked, "plain HTTP through the proxy");
        let help = "This gateway forwards no plain HTTP. Use https: CONNECT is answered for the names that the agent's channels need.";
        return (Door::Nowhere, refuse(StatusCode::FORBIDDEN, "plain_http_refused", help));
    }
    let path = request.uri().path();
    let under = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if under("/model") {
        return (Door::Model, calls::model(door, &agent, request).await);
    }
    if under("/telegram") {
        return (Door::Telegram, calls::telegram(door, &agent, request).await);
    }
    let shown: String = path.chars().take(40).collect();
    door.refused(&shown, "no such door");
    (
        Door::Nowhere,
        refuse(StatusCode::NOT_FOUND, "no_such_door", "Here are /model/… and /telegram/…, and CONNECT to the names that the agent's channels need."),
    )
}
