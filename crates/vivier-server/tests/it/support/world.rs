//! A world: a store, a fake runtime, one clock for both, and workers that can be started, stopped and killed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{Ask, State};
use vivier_core::runtime::fake::FakeRuntime;
use vivier_core::time::Timestamp;
use vivier_core::wire::host::Image;
use vivier_server::billing::Billing;
use vivier_server::clock::{Clock as _, TurnedClock};
use vivier_server::runtimes::FixedImages;
use vivier_server::store::deployments::{Deployment, NewAgent};
use vivier_server::store::{Actor, Store};
use vivier_server::worker::{Pace, Worker};
use vivier_server::{App, Config};

use super::store::{RULES, TestStore, account, agent, image};

/// Fast, but by the same path as outside.
pub const PACE: Pace = Pace { look_ms: 150, watch_ms: 10, retry_ms: 20, room_ms: 30, tick_ms: 20, sweep_ms: 60, lease_ms: 2_000, backoff: 0.004, at_once: 16 };

pub struct World {
    pub test: TestStore,
    pub fake: FakeRuntime,
    pub app: App,
    pub account: AccountId,
    pub actor: Actor,
    images: Vec<Image>,
    worker: Option<(JoinHandle<()>, CancellationToken)>,
    pub pace: Pace,
}

impl World {
    /// A world with a worker.
    pub async fn new() -> Self {
        let mut world = Self::idle(Config::default()).await;
        world.start();
        world
    }

    /// A world whose worker has not been started.
    pub async fn idle(settings: Config) -> Self {
        Self::over(TestStore::sqlite().await, settings).await
    }

    /// A world on a store of one's own.
    pub async fn over(test: TestStore, settings: Config) -> Self {
        Self::with_images(test, settings, vec![image("2026.9.6", 1)]).await
    }

    /// A world whose host holds `images`; the newest is what new deployments get.
    pub async fn with_images(test: TestStore, settings: Config, images: Vec<Image>) -> Self {
        // Nobody waits a minute for trust: a test that is about probation names its own length.
        let usual = settings.probation_seconds == Config::default().probation_seconds;
        let mut settings = Config { probation_seconds: if usual { 0 } else { settings.probation_seconds }, ..settings };
        // And makes more than a person does in an hour, unless it names a limit of its own.
        if settings.terms() == Config::default().terms() {
            settings.deploys_per_hour = 1_000;
            settings.plans.trial.deployments = 1_000;
        }
        let clock: Arc<TurnedClock> = test.clock.clone();
        let fake = FakeRuntime::new(images.iter().map(|image| image.image.clone()), move || clock.now());
        test.store.sync_releases(&images).await.expect("a catalogue");
        let (account, actor) = account(&test.store).await;
        let settings = Config { data_dir: test.dir.path().to_owned(), ..settings };
        let billing = Billing::open(&settings.billing).expect("a provider");
        let app = App::new(test.store.clone(), Arc::new(fake.clone()), Arc::new(FixedImages::new(images.clone())), test.clock.clone(), settings)
            .with_billing(billing);
        Self { test, fake, app, account, actor, images, worker: None, pace: PACE }
    }

    pub fn store(&self) -> &Store {
        &self.app.store
    }

    pub fn start(&mut self) {
        assert!(self.worker.is_none(), "one worker at a time");
        let stop = CancellationToken::new();
        let worker = tokio::spawn(Worker::new(self.app.clone(), self.pace).run(stop.clone()));
        self.worker = Some((worker, stop));
    }

    /// As a process that gets SIGTERM.
    pub async fn stop(&mut self) {
        if let Some((worker, stop)) = self.worker.take() {
            stop.cancel();
            worker.await.expect("the worker ends in order");
        }
    }

    /// As a process that gets SIGKILL: nothing is given back, nothing is finished. The next one begins with an empty memory.
    pub async fn kill(&mut self) {
        if let Some((worker, _)) = self.worker.take() {
            worker.abort();
            assert!(worker.await.is_err_and(|error| error.is_cancelled()), "killed");
        }
        self.fake.set_fuse(None);
        let settings = (*self.app.settings).clone();
        let images = FixedImages::new(self.images.clone());
        let store = self.test.reopen().await;
        let billing = Billing::open(&settings.billing).expect("a provider");
        self.app = App::new(store, Arc::new(self.fake.clone()), Arc::new(images), self.test.clock.clone(), settings).with_billing(billing);
    }

    pub async fn create(&self, name: &str) -> DeploymentId {
        self.create_agent(agent(name)).await
    }

    pub async fn create_agent(&self, agent: NewAgent) -> DeploymentId {
        let deployment = self.store().create_deployment(&self.actor, self.account, agent, &RULES).await.expect("a deployment");
        self.app.wake.notify_one();
        deployment.id
    }

    pub async fn ask(&self, id: DeploymentId, ask: Ask) -> Deployment {
        let (_, deployment) = self.store().ask(&self.actor, self.account, id, ask, &RULES).await.expect("granted");
        self.app.wake.notify_one();
        deployment
    }

    pub async fn get(&self, id: DeploymentId) -> Deployment {
        self.store().deployment(self.account, id).await.expect("it is there")
    }

    pub async fn until(&self, id: DeploymentId, state: State) -> Deployment {
        let what = format!("{id} is {state}");
        let seen = eventually(&what, || async {
            let deployment = self.get(id).await;
            (deployment.state == state).then_some(deployment)
        });
        match tokio::time::timeout(Duration::from_secs(25), seen).await {
            Ok(deployment) => deployment,
            Err(_) => {
                let events = self.timeline(id).await;
                panic!("{id} did not become {state}: {:#?}\n{}\n{:#?}", self.get(id).await, events.join("\n"), self.fake.effects());
            }
        }
    }

    /// The timeline, oldest first, one line per event.
    pub async fn timeline(&self, id: DeploymentId) -> Vec<String> {
        self.timeline_of(self.account, id).await
    }

    /// The same, of another account's.
    pub async fn timeline_of(&self, account: AccountId, id: DeploymentId) -> Vec<String> {
        let mut events = self.store().events(account, id, None, None, 500).await.expect("events");
        events.reverse();
        events
            .iter()
            .map(|event| {
                let action = event.action.map(|action| format!("{action:?} ")).unwrap_or_default();
                format!("{:?} {action}{:?} {}", event.kind, event.outcome, event.message)
            })
            .collect()
    }

    pub fn now(&self) -> Timestamp {
        self.test.clock.now()
    }

    /// Nothing is routed but these, and each of these once.
    pub async fn assert_routes(&self, ids: &[DeploymentId]) {
        let routes = vivier_server::routes::Routes::default();
        routes.make(self.store(), self.app.settings.subnet_pool).await.expect("a table");
        let table = routes.now().expect("made");
        let mut routed: Vec<_> = table.routes.iter().filter(|route| route.upstream.is_some()).map(|route| route.deployment).collect();
        routed.sort();
        let mut wanted = ids.to_vec();
        wanted.sort();
        assert_eq!(routed, wanted);
    }
}

/// Waits for an observable, for at most 120 s: the machine may be busy with others.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let waited = AtomicI64::new(0);
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(waited.fetch_add(10, Ordering::SeqCst) < 120_000, "did not happen within 120 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
