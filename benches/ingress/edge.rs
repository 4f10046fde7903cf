//! The edge as it is in `vivierd`, for the comparison with other proxies: one agent, whose gateway is the given upstream, and a
//! `serve` that only publishes that one route. Prints its address, the host and the cookie to ask with.
//!
//! Usage: `ingress <upstream address> <threads>`

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use base64::Engine as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;
use uuid::Uuid;
use vivier_core::id::{AccountId, DeploymentId, SessionId};
use vivier_core::lifecycle::State;
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use vivier_core::wire::edge::{Doors, Route, RouteTable, RoutesAfter};
use vivier_edge::cookie::{CookieKey, Pass};
use vivier_edge::{Config, Edge, World};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let upstream: SocketAddr = arguments.next().context("usage: ingress <upstream> <threads>")?.parse()?;
    let threads = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(run(upstream))
}

async fn run(upstream: SocketAddr) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let config = Config { listen: "127.0.0.1:0".parse()?, data_dir: folder.path().to_owned(), ..Config::default() };
    std::fs::create_dir_all(folder.path().join("run"))?;
    let id = Uuid::from_u128(1);
    let key = vec![7; 32];
    let route = Route {
        slug: "bench".parse()?,
        deployment: DeploymentId::from_uuid(id),
        account: AccountId::from_uuid(id),
        upstream: Some(upstream),
        state: State::Running,
        reason: None,
        subnet: None,
        doors: Doors::default(),
    };
    let cookie_key = Secret::new(base64::engine::general_purpose::STANDARD.encode(&key));
    let table = RouteTable { version: 1, epoch: 1, cookie_key, routes: vec![route], ended_sessions: Vec::new() };
    tokio::spawn(publish(UnixListener::bind(config.control_socket())?, serde_json::to_vec(&table)?));

    let edge = Edge::bind(config, World::default()).await?;
    let pass = Pass {
        account: AccountId::from_uuid(id),
        deployment: DeploymentId::from_uuid(id),
        session: SessionId::from_uuid(id),
        expires_at: Timestamp::from_millis(i64::MAX / 2),
    };
    let key = CookieKey::from_bytes(key.into()).context("32 bytes")?;
    println!("{} bench.localhost:8080 vivier_agent={}", edge.address()?, pass.seal(&key));
    std::io::stdout().flush()?;
    edge.run(Default::default()).await;
    Ok(())
}

/// Answers every poll with the same table: the first one at once, later ones after their wait.
async fn publish(listener: UnixListener, table: Vec<u8>) {
    let table = Bytes::from(table);
    while let Ok((stream, _)) = listener.accept().await {
        let table = table.clone();
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let table = table.clone();
            async move {
                let asked = request.into_body().collect().await?.to_bytes();
                if let Ok(RoutesAfter { after: Some(_), wait_seconds }) = serde_json::from_slice(&asked) {
                    tokio::time::sleep(std::time::Duration::from_secs(wait_seconds.into())).await;
                }
                Ok::<_, hyper::Error>(http::Response::new(Full::new(table)))
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().timer(hyper_util::rt::TokioTimer::new()).serve_connection(TokioIo::new(stream), service));
    }
}
