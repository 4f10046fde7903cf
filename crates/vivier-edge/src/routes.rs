//! The route table: an immutable index, swapped whole. Readers take a snapshot and never wait.
//!
//! A swap carries over what belongs to an agent and not to a table: its pool of connections (as long as its address is the
//! same) and its counts of requests under way and waiting.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;
use vivier_core::id::{AccountId, DeploymentId, SessionId};
use vivier_core::lifecycle::State;
use vivier_core::name::Slug;
use vivier_core::runtime::Subnet;
use vivier_core::wire::edge::{ChannelDoor, ModelDoor, Route, RouteTable};

use crate::cookie::CookieKey;
use crate::pool::Pool;

/// One agent, as the doors see it.
pub struct Agent {
    pub slug: Slug,
    pub deployment: DeploymentId,
    pub account: AccountId,
    pub state: State,
    pub reason: Option<String>,
    pub subnet: Option<Subnet>,
    pub upstream: Option<std::net::SocketAddr>,
    pub model: Model,
    pub channels: Vec<ChannelDoor>,
    /// Connections to `upstream`; closed by the first table that no longer names that address.
    pub pool: Arc<Pool>,
    /// Connections to the agent's model provider and channels.
    pub outside: Arc<Pool>,
    pub under_way: Arc<AtomicUsize>,
    /// Requests that wait for it to come back.
    pub held: Arc<AtomicUsize>,
}

/// What is known of an agent's model door.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    None,
    Known(Box<ModelDoor>),
    /// It has one, but this edge restarted while `serve` was down, and keys are not kept on disk.
    Forgotten,
}

/// One whole table.
pub struct Table {
    pub version: u64,
    pub epoch: u64,
    pub since: Instant,
    /// It comes from disk: without keys, and to be replaced by whatever `serve` says.
    remembered: bool,
    /// Absent until `serve` has spoken to this installation for the first time.
    pub cookie_key: Option<CookieKey>,
    by_slug: HashMap<String, Arc<Agent>>,
    by_subnet: HashMap<Subnet, Arc<Agent>>,
    ended: HashSet<SessionId>,
}

impl Table {
    pub fn empty() -> Self {
        Self {
            version: 0,
            epoch: 0,
            since: Instant::now(),
            remembered: true,
            cookie_key: None,
            by_slug: HashMap::new(),
            by_subnet: HashMap::new(),
            ended: HashSet::new(),
        }
    }

    pub fn agent(&self, slug: &str) -> Option<&Arc<Agent>> {
        self.by_slug.get(slug)
    }

    pub fn on(&self, subnet: Subnet) -> Option<&Arc<Agent>> {
        self.by_subnet.get(&subnet)
    }

    pub fn agents(&self) -> impl Iterator<Item = &Arc<Agent>> {
        self.by_slug.values()
    }

    pub fn ended(&self, session: SessionId) -> bool {
        self.ended.contains(&session)
    }

    pub fn ended_sessions(&self) -> impl Iterator<Item = SessionId> + '_ {
        self.ended.iter().copied()
    }

    /// Whether `agent` is still the one behind its name.
    pub fn still(&self, agent: &Agent) -> bool {
        self.by_slug.get(agent.slug.as_str()).is_some_and(|now| now.deployment == agent.deployment && now.account == agent.account)
    }
}

/// The current table, and the news that it changed.
pub struct Routes {
    table: ArcSwap<Table>,
    changed: watch::Sender<u64>,
    /// The same count, to be read without a lock.
    swaps: AtomicU64,
    /// When the first table arrived, from `serve` or from disk.
    ready: OnceLock<Instant>,
}

impl Routes {
    pub fn new() -> Self {
        Self { table: ArcSwap::from_pointee(Table::empty()), changed: watch::Sender::new(0), swaps: AtomicU64::new(0), ready: OnceLock::new() }
    }

    pub fn load(&self) -> Guard<Arc<Table>> {
        self.table.load()
    }

    /// Counts swaps; a receiver wakes on each.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// How often the table was swapped: one that was read before is still the current one while this stays the same.
    pub fn swaps(&self) -> u64 {
        self.swaps.load(Ordering::Acquire)
    }

    pub fn ready(&self) -> bool {
        self.ready.get().is_some()
    }

    /// Takes what `serve` published, or what was remembered of it. Returns whether anything changed.
    pub fn publish(&self, news: News) -> bool {
        let before = self.table.load();
        if !before.remembered && before.epoch == news.epoch && before.version == news.version {
            return false;
        }
        let mut by_slug = HashMap::with_capacity(news.agents.len());
        let mut by_subnet = HashMap::with_capacity(news.agents.len());
        for fresh in news.agents {
            let agent = Arc::new(fresh.inherit(&before));
            if let Some(subnet) = agent.subnet {
                by_subnet.insert(subnet, agent.clone());
            }
            by_slug.insert(agent.slug.as_str().to_owned(), agent);
        }
        let table = Table {
            version: news.version,
            epoch: news.epoch,
            since: Instant::now(),
            remembered: news.remembered,
            cookie_key: news.cookie_key.or_else(|| before.cookie_key.clone()),
            by_slug,
            by_subnet,
            ended: news.ended,
        };
        let left: Vec<Arc<Pool>> = before
            .agents()
            .filter(|old| !table.agent(old.slug.as_str()).is_some_and(|now| Arc::ptr_eq(&now.pool, &old.pool)))
            .map(|old| old.pool.clone())
            .collect();
        drop(before);
        self.table.store(Arc::new(table));
        // Those who wait for an agent to come back hold the old table, and with it the agent's idle connections.
        left.iter().for_each(|pool| pool.close());
        self.ready.get_or_init(Instant::now);
        self.swaps.fetch_add(1, Ordering::Release);
        self.changed.send_modify(|count| *count += 1);
        true
    }
}

/// A table on its way in.
pub struct News {
    pub version: u64,
    pub epoch: u64,
    pub cookie_key: Option<CookieKey>,
    pub agents: Vec<Newcomer>,
    pub ended: HashSet<SessionId>,
    pub remembered: bool,
}

/// One agent on its way in, before it has taken over its predecessor's connections.
pub struct Newcomer {
    pub slug: Slug,
    pub deployment: DeploymentId,
    pub account: AccountId,
    pub upstream: Option<std::net::SocketAddr>,
    pub state: State,
    pub reason: Option<String>,
    pub subnet: Option<Subnet>,
    pub model: Model,
    pub channels: Vec<ChannelDoor>,
}

impl Newcomer {
    fn inherit(self, before: &Table) -> Agent {
        let Self { slug, deployment, account, upstream, state, reason, subnet, model, channels } = self;
        let old = before.by_slug.get(slug.as_str()).filter(|old| old.deployment == deployment && old.account == account);
        let pool = old.filter(|old| old.upstream == upstream).map_or_else(Arc::default, |old| old.pool.clone());
        let outside = old.filter(|old| old.model == model && old.channels == channels).map_or_else(Arc::default, |old| old.outside.clone());
        let under_way = old.map_or_else(Arc::default, |old| old.under_way.clone());
        let held = old.map_or_else(Arc::default, |old| old.held.clone());
        Agent { slug, deployment, account, state, reason, subnet, upstream, model, channels, pool, outside, under_way, held }
    }
}

impl From<Route> for Newcomer {
    fn from(route: Route) -> Self {
        let Route { slug, deployment, account, upstream, state, reason, subnet, doors } = route;
        let vivier_core::wire::edge::Doors { model, channels } = doors;
        let model = model.map_or(Model::None, |door| Model::Known(Box::new(door)));
        Self { slug, deployment, account, upstream, state, reason, subnet, model, channels }
    }
}

/// Why a table was not taken.
#[derive(Debug, thiserror::Error)]
#[error("the cookie key of the route table is not 32 bytes in base 64; serve and edge must be of one version")]
pub struct BadTable;

impl TryFrom<RouteTable> for News {
    type Error = BadTable;

    fn try_from(table: RouteTable) -> Result<Self, BadTable> {
        let RouteTable { version, epoch, cookie_key, routes, ended_sessions } = table;
        Ok(Self {
            version,
            epoch,
            cookie_key: Some(CookieKey::parse(&cookie_key).ok_or(BadTable)?),
            agents: routes.into_iter().map(Newcomer::from).collect(),
            ended: ended_sessions.into_iter().collect(),
            remembered: false,
        })
    }
}

/// One of an agent's places for requests under way; given back when it is dropped.
pub struct Place(Arc<AtomicUsize>);

impl Place {
    pub fn take(agent: &Agent, most: usize) -> Option<Self> {
        let taken = agent.under_way.fetch_add(1, Ordering::Relaxed);
        let place = Self(agent.under_way.clone());
        (taken < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What holds an open stream or WebSocket: its agent still has its name, and the session that opened it goes on.
pub struct Leash {
    routes: Arc<Routes>,
    agent: Arc<Agent>,
    session: Option<SessionId>,
    seen: u64,
}

impl Leash {
    pub fn new(routes: Arc<Routes>, agent: Arc<Agent>, session: Option<SessionId>) -> Self {
        // Counted one behind: the first question looks.
        let seen = routes.swaps.load(Ordering::Acquire).wrapping_sub(1);
        Self { routes, agent, session, seen }
    }

    /// Cheap while the table stays the same.
    pub fn holds(&mut self) -> bool {
        let swaps = self.routes.swaps.load(Ordering::Acquire);
        if swaps == self.seen {
            return true;
        }
        let table = self.routes.load();
        let holds = table.still(&self.agent) && !self.session.is_some_and(|session| table.ended(session));
        if holds {
            self.seen = swaps;
        }
        holds
    }

    /// Waits until it no longer holds.
    pub async fn broken(mut self) {
        let mut changes = self.routes.changes();
        while self.holds() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
