//! The edge as a whole: what its rooms share, how it is bound, and how it stops.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vivier_core::runtime::Subnet;
use vivier_core::time::Timestamp;

use crate::config::Config;
use crate::control::Control;
use crate::doors;
use crate::ingress;
use crate::ingress::bearers::Bearers;
use crate::ingress::lanes::Lanes;
use crate::inside;
use crate::memory::Memory;
use crate::meters::Meters;
use crate::outside::Outside;
use crate::pool::Pool;
use crate::public::Public;
use crate::routes::Routes;

/// Resolves a name and a port.
pub type Resolve = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// What the world gives the edge; a test gives something else.
#[derive(Clone)]
pub struct World {
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub resolve: Resolve,
    /// Where the inner doors of a tenant's network listen.
    pub door_address: Arc<dyn Fn(Subnet) -> SocketAddr + Send + Sync>,
    /// The one peer that they serve.
    pub door_peer: Arc<dyn Fn(Subnet) -> IpAddr + Send + Sync>,
    /// Certificates to trust beside the system's.
    pub extra_roots: Vec<rustls::pki_types::CertificateDer<'static>>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            now: Arc::new(|| {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }),
            resolve: Arc::new(|host, port| Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })),
            door_address: Arc::new(Subnet::door_socket),
            door_peer: Arc::new(|subnet| IpAddr::V4(subnet.agent())),
            extra_roots: Vec::new(),
        }
    }
}

/// What every room of the edge needs.
pub struct Shared {
    pub config: Config,
    pub public: Public,
    pub world: World,
    pub routes: Arc<Routes>,
    pub control: Control,
    pub bearers: Bearers,
    pub outside: Outside,
    /// Connections to `serve`'s public API.
    pub serve_pool: Arc<Pool>,
    pub meters: Meters,
    /// How many requests wait for their agent to come back.
    pub held: AtomicUsize,
    /// Accept no more; finish what is under way.
    pub closing: CancellationToken,
    /// End what is still open.
    pub cut: CancellationToken,
    pub connections: TaskTracker,
    pub tunnels: TaskTracker,
}

impl Shared {
    pub fn connect_within(&self) -> Duration {
        Duration::from_secs(self.config.limits.connect_seconds)
    }

    pub fn answer_within(&self) -> Duration {
        Duration::from_secs(self.config.limits.answer_seconds)
    }

    pub fn stall(&self) -> Duration {
        Duration::from_secs(self.config.limits.stall_seconds)
    }
}

/// A bound edge, not yet running.
pub struct Edge {
    shared: Arc<Shared>,
    public: TcpListener,
    lanes: Lanes,
    inside: UnixListener,
    memory: Memory,
}

impl Edge {
    /// Takes the public address and the edge's own socket, and recalls the last route table.
    ///
    /// # Errors
    /// When the settings cannot be used, or an address is taken.
    pub async fn bind(config: Config, world: World) -> anyhow::Result<Self> {
        let public = Public::new(&config)?;
        let routes = Arc::new(Routes::new());
        let memory = Memory::new(config.memory_dir());
        if let Some(news) = memory.recall() {
            tracing::info!(agents = news.agents.len(), "remembered the last route table; it holds until serve answers");
            routes.publish(news);
        }
        let listener = ingress::listen(config.listen).with_context(|| {
            format!("{} cannot be listened on; is another Vivier or web server running there? Set edge.listen to another address", config.listen)
        })?;
        let inside = listen_inside(&config.edge_socket())?;
        let control = Control::new(config.control_socket());
        let shared = Arc::new(Shared {
            public,
            routes,
            bearers: Bearers::new(),
            outside: Outside::new(&world.extra_roots)?,
            control,
            serve_pool: Arc::default(),
            meters: Meters::new(),
            held: AtomicUsize::new(0),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
            connections: TaskTracker::new(),
            tunnels: TaskTracker::new(),
            world,
            config,
        });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if shared.config.threads == 0 { cores } else { shared.config.threads };
        let lanes = Lanes::start(&shared, threads).context("the threads of the public door cannot be started")?;
        Ok(Self { shared, public: listener, lanes, inside, memory })
    }

    /// Where the public door listens: the real port where the settings said 0.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.public.local_addr()
    }

    /// Runs until `shutdown`, then finishes what is under way, for `limits.drain_seconds` at most.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { shared, public, lanes, inside, memory } = self;
        let lanes = Arc::new(lanes);
        let stop = CancellationToken::new();
        let services = TaskTracker::new();
        let follow = (shared.clone(), stop.clone());
        services.spawn(async move { follow.0.control.follow(&follow.0.routes, &follow.1).await });
        let keep = (shared.clone(), stop.clone());
        services.spawn(async move { memory.keep(&keep.0.routes, &keep.1).await });
        services.spawn(doors::keep(shared.clone()));
        services.spawn(inside::serve(shared.clone(), inside, stop.clone()));
        services.spawn(tend(shared.clone(), stop.clone()));
        services.spawn(ingress::accept(shared.clone(), public, lanes.clone()));
        tracing::info!(address = %shared.config.listen, url = shared.public.url, "the doors are open");

        shutdown.cancelled().await;
        shared.closing.cancel();
        shared.connections.close();
        shared.tunnels.close();
        let drain = Duration::from_secs(shared.config.limits.drain_seconds);
        if tokio::time::timeout(drain, shared.connections.wait()).await.is_err() {
            tracing::info!(left = shared.connections.len(), "requests were still under way after {} s; closing them", drain.as_secs());
        }
        shared.cut.cancel();
        let ends = async { tokio::join!(shared.connections.wait(), shared.tunnels.wait()) };
        if tokio::time::timeout(Duration::from_secs(2), ends).await.is_err() {
            tracing::warn!("some connections did not end; leaving them to the kernel");
        }
        stop.cancel();
        services.close();
        services.wait().await;
        // The last of them: accepting has ended.
        if let Some(lanes) = Arc::into_inner(lanes)
            && tokio::task::spawn_blocking(move || lanes.end()).await.is_err()
        {
            tracing::error!("the public door's threads did not end well");
        }
        if let Err(error) = std::fs::remove_file(shared.config.edge_socket())
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!("the edge's socket stays behind: {error}");
        }
    }
}

/// Small chores: old idle connections go, gauges are set.
async fn tend(shared: Arc<Shared>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(2));
    loop {
        tokio::select! { () = stop.cancelled() => return, _ = tick.tick() => {} }
        let table = shared.routes.load().clone();
        for agent in table.agents() {
            agent.pool.sweep();
            agent.outside.sweep();
        }
        shared.serve_pool.sweep();
        let meters = &shared.meters;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        {
            meters.table_version.set(table.version as f64);
            meters.agents.set(table.agents().count() as f64);
        }
        meters.table_age.set(table.since.elapsed().as_secs_f64());
        meters.serve_up.set(if shared.control.up() { 1.0 } else { 0.0 });
        if let Some(recorder) = crate::meters::recorder() {
            recorder.run_upkeep();
        }
    }
}

/// A Unix socket of the owner alone. A file that a killed predecessor left behind is replaced; a living one is not.
fn listen_inside(path: &Path) -> anyhow::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        anyhow::bail!("another edge answers at {}; stop it first", path.display());
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).with_context(|| format!("{} cannot be replaced", path.display())),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path).with_context(|| format!("{} cannot be listened on", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).with_context(|| format!("the rights of {} cannot be set", path.display()))?;
    Ok(listener)
}
