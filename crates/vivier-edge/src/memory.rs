//! What the edge keeps on disk, so that signed-in browsers still reach running agents when it restarts while `serve` is down.
//!
//! - `edge/routes.json` (0600): names, addresses, states, ended sessions. No key of any kind: model calls answer 503 until
//!   `serve` is back.
//! - `edge/cookie-key` (0600): the one key that cookies are verified with. A file of its own, so that the table can be shown to
//!   someone; sealing it would need another key beside it on the same disk, which protects nothing.

use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use vivier_core::id::{AccountId, DeploymentId, SessionId};
use vivier_core::lifecycle::State;
use vivier_core::name::Slug;
use vivier_core::runtime::Subnet;
use vivier_core::wire::edge::ChannelDoor;
use zeroize::Zeroizing;

use crate::cookie::CookieKey;
use crate::routes::{Agent, Model, Newcomer, News, Routes, Table};

/// Changes within this time are written once.
const SETTLE: Duration = Duration::from_millis(300);

#[derive(Serialize, Deserialize)]
struct Remembered {
    version: u64,
    epoch: u64,
    agents: Vec<RememberedAgent>,
    ended_sessions: Vec<SessionId>,
}

#[derive(Serialize, Deserialize)]
struct RememberedAgent {
    slug: Slug,
    deployment: DeploymentId,
    account: AccountId,
    upstream: Option<std::net::SocketAddr>,
    state: State,
    reason: Option<String>,
    subnet: Option<Subnet>,
    has_model: bool,
    channels: Vec<ChannelDoor>,
}

impl From<&Agent> for RememberedAgent {
    fn from(agent: &Agent) -> Self {
        Self {
            slug: agent.slug.clone(),
            deployment: agent.deployment,
            account: agent.account,
            upstream: agent.upstream,
            state: agent.state,
            reason: agent.reason.clone(),
            subnet: agent.subnet,
            has_model: agent.model != Model::None,
            channels: agent.channels.clone(),
        }
    }
}

impl From<RememberedAgent> for Newcomer {
    fn from(agent: RememberedAgent) -> Self {
        let RememberedAgent { slug, deployment, account, upstream, state, reason, subnet, has_model, channels } = agent;
        let model = if has_model { Model::Forgotten } else { Model::None };
        Self { slug, deployment, account, upstream, state, reason, subnet, model, channels }
    }
}

/// The edge's folder on disk.
#[derive(Clone)]
pub struct Memory {
    folder: PathBuf,
}

impl Memory {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was remembered, if anything usable was.
    pub fn recall(&self) -> Option<News> {
        match self.read() {
            Ok(news) => news,
            Err(error) => {
                tracing::warn!("the remembered route table cannot be read ({error}); agents are reachable as soon as serve answers");
                None
            }
        }
    }

    fn read(&self) -> io::Result<Option<News>> {
        let absent = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) };
        let Some(text) = std::fs::read(self.folder.join("routes.json")).map(Some).or_else(absent)? else { return Ok(None) };
        let Remembered { version, epoch, agents, ended_sessions } = serde_json::from_slice(&text)?;
        let key = std::fs::read(self.folder.join("cookie-key")).map(Some).or_else(absent)?;
        let cookie_key = key.and_then(|bytes| CookieKey::from_bytes(Zeroizing::new(bytes)));
        Ok(Some(News {
            version,
            epoch,
            cookie_key,
            agents: agents.into_iter().map(Newcomer::from).collect(),
            ended: ended_sessions.into_iter().collect(),
            remembered: true,
        }))
    }

    /// Writes every table down shortly after it was taken, until `stop`.
    pub async fn keep(&self, routes: &Routes, stop: &CancellationToken) {
        let mut changes = routes.changes();
        loop {
            let stopped = tokio::select! {
                () = stop.cancelled() => true,
                changed = changes.changed() => changed.is_err(),
            };
            if !stopped {
                tokio::select! { () = stop.cancelled() => {}, () = tokio::time::sleep(SETTLE) => {} }
                changes.mark_unchanged();
            }
            if routes.ready() {
                let (table, memory) = (routes.load().clone(), self.clone());
                match tokio::task::spawn_blocking(move || memory.write(&table)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!("failed to remember the route table: {error}; check the space and rights of {}", self.folder.display()),
                    Err(error) => tracing::error!("failed to remember the route table: {error}"),
                }
            }
            if stopped {
                return;
            }
        }
    }

    fn write(&self, table: &Table) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if let Some(key) = &table.cookie_key {
            let path = self.folder.join("cookie-key");
            // The same for ever: written once.
            if std::fs::read(&path).map(Zeroizing::new).ok().is_none_or(|old| old.as_slice() != key.expose()) {
                replace(&path, key.expose())?;
            }
        }
        let mut agents: Vec<RememberedAgent> = table.agents().map(|agent| RememberedAgent::from(&**agent)).collect();
        agents.sort_by(|one, other| one.slug.cmp(&other.slug));
        let remembered = Remembered { version: table.version, epoch: table.epoch, agents, ended_sessions: table.ended_sessions().collect() };
        replace(&self.folder.join("routes.json"), &serde_json::to_vec(&remembered)?)
    }
}

/// Replaces a file as a whole: a reader sees the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(fresh, path)
}
