//! The process: opens the store, starts the worker, answers on its sockets, and stops without cutting what could finish.

use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::billing::Billing;
use crate::clock::SystemClock;
use crate::keys::KeyRing;
use crate::runtimes::host::HostRuntime;
use crate::store::Store;
use crate::vault::Vault;
use crate::worker::{Pace, Worker};
use crate::{App, Config, admin, auth, control, http};

/// How long a request may take to finish once the process is told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// How long another may have the data directory before that is an error.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// Runs until `shutdown`.
///
/// # Errors
/// When it cannot start: the settings are wrong, the key file is exposed, the database or a socket cannot be opened.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    config.check()?;
    let data = config.data_dir.clone();
    let sockets = data.join("run");
    private_directory(&sockets)?;
    // One `serve` for one data directory: what it finds of another's leases is of a dead one.
    let _lock = Lock::wait(&sockets.join("serve.lock")).await?;
    let vault = Arc::new(Vault::new(KeyRing::open(&data.join("keys"), &config.keys)?));
    let clock = Arc::new(SystemClock);
    let store = Store::open(config.database_url.as_deref(), &data, clock.clone(), vault).await.context("the store cannot be opened")?;
    store.open_keys().await.context("the keys cannot be used")?;
    let host = Arc::new(HostRuntime::new(sockets.join("host.sock")));
    let billing = Billing::open(&config.billing)?;
    let app = App::new(store, host.clone(), host, clock, config).with_billing(billing);
    serve(app, &sockets, shutdown).await
}

/// Serves `app` on `serve.sock`, `control.sock` and `admin.sock` in `sockets`, with its worker, until `shutdown`.
///
/// # Errors
/// When a socket cannot be opened, or the first operator's link cannot be written.
pub async fn serve(app: App, sockets: &Path, shutdown: CancellationToken) -> anyhow::Result<()> {
    let app = App { stopping: shutdown.clone(), ..app };
    let public = listen(&sockets.join("serve.sock"))?;
    let inner = listen(&sockets.join("control.sock"))?;
    let own = listen(&sockets.join("admin.sock"))?;
    setup_link(&app, &sockets.join("setup-link")).await?;
    if let Err(error) = app.releases.sync().await {
        tracing::info!("the host's images are not known yet: {error}");
    }
    // Everything ends at one word: requests and steps under way come to their end side by side, and the store closes last.
    let worker = tokio::spawn(Worker::new(app.clone(), Pace::of(&app.settings)).run(shutdown.clone()));
    let stop_routes = CancellationToken::new();
    let routes = tokio::spawn({
        let (app, stop) = (app.clone(), stop_routes.clone());
        async move { app.routes.keep(&app.store, app.settings.subnet_pool, stop).await }
    });
    tracing::info!(data = %app.settings.data_dir.display(), "serve is ready");
    let (api, edge, root) = tokio::join!(
        accept(public, http::router(app.clone()), shutdown.clone()),
        accept(inner, control::router(app.clone()), shutdown.clone()),
        accept(own, admin::router(app.clone()), shutdown.clone()),
    );
    let worker = worker.await;
    stop_routes.cancel();
    routes.await.context("the keeper of the routes panicked")?;
    app.store.close().await;
    api.and(edge).and(root)?;
    worker.context("the worker panicked")
}

/// Answers connections until `stop`, then lets the requests under way finish.
async fn accept(listener: UnixListener, router: axum::Router, stop: CancellationToken) -> anyhow::Result<()> {
    let graceful = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, say: it passes, or the supervisor sees that nobody answers.
                    tracing::warn!("failed to accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let service = TowerToHyperService::new(router.clone());
        let server = auto::Builder::new(TokioExecutor::new());
        let connection = graceful.watch(server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
        tracing::info!("requests that took longer than {} s were cut", LAST_REQUESTS.as_secs());
    }
    Ok(())
}

fn private_directory(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("the directory {} cannot be made", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).with_context(|| format!("the directory {} cannot be made private", path.display()))
}

fn listen(path: &Path) -> anyhow::Result<UnixListener> {
    // What is there is of a dead process: the lock says so.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(|| format!("{} is in the way", path.display())),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path).with_context(|| format!("the socket {} cannot be opened", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).with_context(|| format!("{} cannot be made private", path.display()))?;
    Ok(listener)
}

/// Writes the first operator's one-time link, for whoever may read the data directory; takes it away when there is an operator.
async fn setup_link(app: &App, path: &PathBuf) -> anyhow::Result<()> {
    let Some(token) = auth::setup::ensure(app).await? else {
        return match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("the old setup link cannot be removed"),
            Ok(()) | Err(_) => Ok(()),
        };
    };
    use std::io::Write as _;
    let beside = path.with_extension("new");
    let link = format!("{}/setup?token={token}\n", app.settings.public_url.trim_end_matches('/'));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside).context("the setup link cannot be written")?;
    file.write_all(link.as_bytes())?;
    std::fs::rename(&beside, path).context("the setup link cannot be written")
}

/// Held as long as the process lives; the system lets go of it when it dies.
pub(crate) struct Lock {
    _file: nix::fcntl::Flock<std::fs::File>,
}

impl Lock {
    /// As [`Lock::take`], with patience for a command that works on the store for a moment.
    async fn wait(path: &Path) -> anyhow::Result<Self> {
        let end = tokio::time::Instant::now() + LOCK_PATIENCE;
        loop {
            match Self::take(path) {
                Err(_) if tokio::time::Instant::now() < end => tokio::time::sleep(Duration::from_millis(50)).await,
                taken => return taken,
            }
        }
    }

    pub(crate) fn take(path: &Path) -> anyhow::Result<Self> {
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Self { _file: file }),
            Err((_, error)) => Err(error).with_context(|| format!("another `vivierd serve` works on this data directory already ({})", path.display())),
        }
    }
}
