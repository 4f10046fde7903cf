//! The table that the edge is given: every name, where it leads, and the doors of the tenant's own network.
//!
//! Made anew from the store whenever something was committed, and published as a whole when it says something else than before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vivier_core::config::overlay::MODEL_KEY;
use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::Desired;
use vivier_core::runtime::net::SubnetPool;
use vivier_core::secret::Secret;
use vivier_core::wire::edge::{ChannelDoor, Doors, ModelDoor, Route, RouteTable};

use crate::store::routes::RouteRow;
use crate::store::secrets::PROVIDER_KEY;
use crate::store::{Store, StoreError};

/// The name of the key under which the edge signs its cookies.
const COOKIE_KEY: &str = "edge.cookies";

/// The published table, and whoever waits for the next.
pub struct Routes {
    table: watch::Sender<Option<Arc<RouteTable>>>,
    /// The newest version that the edge has taken; absent until one has asked.
    taken: watch::Sender<Option<u64>>,
    version: AtomicU64,
    epoch: u64,
}

impl Default for Routes {
    fn default() -> Self {
        Self { table: watch::channel(None).0, taken: watch::channel(None).0, version: AtomicU64::new(0), epoch: rand::random::<u64>() >> 12 }
    }
}

impl Routes {
    /// The table, at once when it is not the one of version `after`, else when it changes or `wait` is over.
    /// `None` while no table has been made yet.
    pub async fn after(&self, after: Option<u64>, wait: Duration) -> Option<Arc<RouteTable>> {
        let mut table = self.table.subscribe();
        let news = table.wait_for(|table| table.as_ref().is_some_and(|table| after != Some(table.version)));
        // Neither the end of the wait nor the end of the sender changes what is published now.
        if let Ok(Ok(table)) = tokio::time::timeout(wait, news).await {
            return table.clone();
        }
        self.table.borrow().clone()
    }

    /// The edge asks for what comes after `version`: it has taken that one.
    pub fn taken(&self, version: u64) {
        self.taken.send_if_modified(|taken| {
            let newer = taken.is_none_or(|taken| taken < version);
            if newer {
                *taken = Some(version);
            }
            newer
        });
    }

    /// Waits until the edge sends nobody to `id` any more, for `within` at most: what is stopped before that would still be asked.
    /// Returns at once when no edge follows, and when it takes too long: a deaf edge must not keep an agent from being stopped.
    pub async fn until_unrouted(&self, id: DeploymentId, within: Duration) {
        if self.taken.borrow().is_none() {
            return;
        }
        let (mut table, mut taken) = (self.table.subscribe(), self.taken.subscribe());
        let gone = |table: &Option<Arc<RouteTable>>| {
            table.as_ref().is_some_and(|table| table.routes.iter().all(|route| route.deployment != id || route.upstream.is_none()))
        };
        let told = async {
            let version = table.wait_for(gone).await.ok()?.as_ref()?.version;
            taken.wait_for(|taken| taken.is_some_and(|taken| taken >= version)).await.ok().map(drop)
        };
        if tokio::time::timeout(within, told).await.is_err() {
            tracing::debug!(deployment = %id, "the edge has not said that it has the table without this agent; going on");
        }
    }

    /// The table as it is.
    pub fn now(&self) -> Option<Arc<RouteTable>> {
        self.table.borrow().clone()
    }

    /// Keeps the table true until `stop`.
    pub async fn keep(&self, store: &Store, pool: SubnetPool, stop: CancellationToken) {
        let mut changes = store.changes();
        loop {
            changes.mark_unchanged();
            let made = self.make(store, pool).await;
            if let Err(error) = &made {
                tracing::error!("failed to make the table of routes; the edge keeps the one it has: {error:#}");
            }
            // Other processes commit too, and some states change with time: look now and then without being told.
            let again = Duration::from_secs(if made.is_ok() { 15 } else { 1 });
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tokio::time::timeout(again, changes.changed()) => {}
            }
            // Many commits of one moment make one table.
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// Makes the table and publishes it when it says something new.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn make(&self, store: &Store, pool: SubnetPool) -> Result<(), StoreError> {
        let key = store.platform_get_or_make(COOKIE_KEY, random_key).await?;
        let mut routes = Vec::new();
        for row in store.route_rows().await? {
            routes.push(route(store, pool, row).await?);
        }
        let mut table = RouteTable {
            version: 0,
            epoch: self.epoch,
            cookie_key: Secret::new(base64::engine::general_purpose::STANDARD.encode(&*key)),
            routes,
            ended_sessions: store.ended_sessions().await?,
        };
        self.table.send_if_modified(|published| {
            if let Some(before) = published {
                table.version = before.version;
                if **before == table {
                    return false;
                }
            }
            table.version = self.version.fetch_add(1, Ordering::SeqCst) + 1;
            *published = Some(Arc::new(table));
            true
        });
        Ok(())
    }
}

fn random_key() -> Vec<u8> {
    let mut key = vec![0; 32];
    rand::fill(&mut key[..]);
    key
}

async fn route(store: &Store, pool: SubnetPool, row: RouteRow) -> Result<Route, StoreError> {
    let RouteRow { id, account, slug, desired, state, reason, seen, provider, channels, secret_set } = row;
    let address = seen.observation.as_ref().and_then(|observation| observation.container.as_ref()).and_then(|container| container.address);
    let subnet = seen.subnet_index.and_then(|index| pool.get(index));
    // Doors open with the network and close with the deployment: an agent that only just starts needs its model already.
    let doors = match (desired, subnet) {
        (Desired::Running, Some(_)) => {
            let mut secrets = store.open_set(account, id, &secret_set).await?;
            let model = match (provider, secrets.remove(MODEL_KEY)) {
                (Some(provider), Some(virtual_key)) => provider.address().ok().map(|address| ModelDoor {
                    virtual_key,
                    base_url: address.to_string().trim_end_matches('/').to_owned(),
                    key: secrets.remove(PROVIDER_KEY),
                    key_header: provider.kind.key_header(),
                }),
                (Some(_) | None, _) => None,
            };
            let channels = channels.into_iter().map(|channel| ChannelDoor { kind: channel.kind, api_root: channel.api_root }).collect();
            Doors { model, channels }
        }
        (Desired::Running | Desired::Suspended | Desired::Terminated | Desired::Purged, _) => Doors::default(),
    };
    Ok(Route { slug, deployment: id, account, upstream: address.filter(|_| seen.routed), state, reason, subnet, doors })
}
