//! What every part of `serve` is given. Cheap to clone: everything inside is shared.

use std::sync::Arc;

use tokio::sync::Notify;
use vivier_core::runtime::Runtime;

use crate::clock::SharedClock;
use crate::config::Config;
use crate::releases::Releases;
use crate::routes::Routes;
use crate::store::Store;
use crate::worker::Queue;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub runtime: Arc<dyn Runtime>,
    pub clock: SharedClock,
    pub settings: Arc<Config>,
    /// Wakes the worker. A hint that carries nothing; losing it costs one tick.
    pub wake: Arc<Notify>,
    /// Who waits for a turn.
    pub queue: Arc<Queue>,
    /// The catalogue, and the validators of configurations.
    pub releases: Arc<Releases>,
    /// The table that the edge is given.
    pub routes: Arc<Routes>,
}
