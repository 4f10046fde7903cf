//! Vivier's doors: from browsers to agents, from agents to their models and channels.
//!
//! | room | what it is for |
//! |---|---|
//! | `routes`, `control`, `memory` | which names lead where: asked of `serve`, swapped whole, remembered without any secret |
//! | `ingress` | the public door: hosts, cookies, tokens, WebSockets, pages for agents that are not up |
//! | `doors`, `outside` | the inner doors on each tenant's own network: model, Telegram, CONNECT |
//! | `pool`, `tunnel`, `body`, `headers` | how bytes move, and which headers may |
//!
//! The edge knows nothing of the store, of Docker, of plans or money. It must stay useful while `serve` is down or restarts:
//! an open WebSocket never notices.

mod again;
mod body;
pub mod config;
mod control;
pub mod cookie;
mod doors;
mod edge;
mod headers;
mod ingress;
mod inside;
mod io;
mod memory;
mod meters;
pub mod network;
mod outside;
mod pool;
mod public;
mod reply;
mod routes;
mod tunnel;

use tokio_util::sync::CancellationToken;

pub use config::{Config, Limits};
pub use edge::{Edge, Resolve, World};

/// Runs the edge until `shutdown`, then lets requests under way finish.
///
/// # Errors
/// When the settings cannot be used or the public address cannot be listened on.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    Edge::bind(config, World::default()).await?.run(shutdown).await;
    Ok(())
}
