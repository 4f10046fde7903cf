//! What every part of `serve` is given. Cheap to clone: everything inside is shared.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use vivier_core::runtime::Runtime;

use crate::billing::Billing;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::mail::Post;
use crate::releases::Releases;
use crate::routes::Routes;
use crate::runtimes::Images;
use crate::store::Store;
use crate::worker::{HostWatch, Queue};

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
    /// What is known of the host.
    pub host: Arc<HostWatch>,
    /// The catalogue, and the validators of configurations.
    pub releases: Arc<Releases>,
    /// Passwords and rate limits.
    pub auth: Arc<crate::auth::Auth>,
    /// How many refusals are in the audit log already.
    pub refusals: Arc<crate::http::Refusals>,
    /// Where mails leave.
    pub post: Arc<Post>,
    /// Where money is taken.
    pub billing: Option<Billing>,
    /// The table that the edge is given.
    pub routes: Arc<Routes>,
    /// The process is being stopped: answers that last end now, so that it need not wait for them.
    pub stopping: CancellationToken,
}

impl App {
    pub fn new(store: Store, runtime: Arc<dyn Runtime>, images: Arc<dyn Images>, clock: SharedClock, settings: Config) -> Self {
        let queue = Queue::new(usize::try_from(settings.concurrency).unwrap_or(usize::MAX));
        let auth = crate::auth::Auth::new(&settings, clock.clone());
        let post = Post::new(&settings.mail, &settings.data_dir);
        let store = store.with_terms(settings.terms());
        let releases = Releases::new(images, store.clone());
        Self {
            store,
            runtime,
            clock,
            settings: Arc::new(settings),
            wake: Arc::new(Notify::new()),
            queue: Arc::new(queue),
            host: Arc::new(HostWatch::default()),
            releases: Arc::new(releases),
            auth: Arc::new(auth),
            refusals: Arc::default(),
            post: Arc::new(post),
            billing: None,
            routes: Arc::new(Routes::default()),
            stopping: CancellationToken::new(),
        }
    }

    /// With money taken.
    #[must_use]
    pub fn with_billing(mut self, billing: Option<Billing>) -> Self {
        self.billing = billing;
        self
    }
}
