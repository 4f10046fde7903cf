//! The host's private socket: the runtime contract over HTTP (see `core::wire::host`). Whoever may write to the socket may ask;
//! its mode is 0600, and it speaks to nobody else. It is generic over the runtime, so that the fake is served as well.

use std::convert::Infallible;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{Stream, StreamExt, stream};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use vivier_core::runtime::fake::FakeRuntime;
use vivier_core::runtime::{Runtime, RuntimeError, RuntimeErrorKind, WorkloadSpec};
use vivier_core::wire::host::{Apply, ContainerNamed, Image, Logs, Named, Numbered, PutBack, Rehearse, Remove, Stop, Streamed, Withdraw};

use crate::clock;
use crate::config::{Config, RuntimeKind};
use crate::docker::DockerRuntime;
use crate::layout::Layout;
use crate::shelf::{FakeShelf, Shelf};

/// The largest request: configuration and secrets at their limits, with room for the rest.
const MAX_REQUEST: usize = 4 * 1024 * 1024;
/// How often a quiet stream says that it lives.
const ALIVE: Duration = Duration::from_secs(15);
/// How long verbs that are under way may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(10);
/// How often the firewall is looked after.
const MEND: Duration = Duration::from_secs(10);

type Fallible<T> = Result<T, RuntimeError>;

/// Runs the host until `shutdown`: opens the socket, looks after the firewall, answers.
///
/// # Errors
/// When the data directory or the socket cannot be used, or another host works on the same data.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let layout = Layout::open(&config.data_dir)?;
    let _only_one = only_one(&layout)?;
    let listener = listen(&layout)?;
    match config.runtime {
        RuntimeKind::Fake => {
            let shelf = FakeShelf::new(layout);
            let known = shelf.list().context("cannot read the list of images")?;
            let runtime = Arc::new(FakeRuntime::new(known.into_iter().map(|image| image.image), clock::now));
            serve(listener, runtime, Arc::new(shelf), shutdown).await
        }
        RuntimeKind::Docker => {
            let runtime = DockerRuntime::open(config)?;
            let (ordered, order) = tokio::sync::oneshot::channel();
            let keeper = tokio::spawn(keep(runtime.clone(), shutdown.clone(), ordered));
            // Nothing is asked of a host that is still clearing up after the one before. An engine that is away must not keep the
            // socket shut, though: the caller shall hear that it is away.
            if tokio::time::timeout(ORDER_PATIENCE, order).await.is_err() {
                tracing::warn!("clearing up takes long; answering meanwhile");
            }
            let served = serve(listener, Arc::new(runtime.clone()), Arc::new(runtime), shutdown.clone()).await;
            // It ends with `shutdown`, between two rounds; a socket that failed by itself ends it here.
            shutdown.cancel();
            if let Err(error) = keeper.await {
                tracing::warn!("the keeper ended badly: {error}");
            }
            served
        }
    }
}

/// How long the first clearing up may keep the socket shut.
const ORDER_PATIENCE: Duration = Duration::from_secs(10);

/// Brings the host to order at the start, and keeps the firewall in order from then on.
async fn keep(runtime: DockerRuntime, shutdown: CancellationToken, ordered: tokio::sync::oneshot::Sender<()>) {
    let mut ordered = Some(ordered);
    let mut begun = false;
    let mut was_well = true;
    loop {
        let done = if begun { runtime.mend().await } else { runtime.begin().await };
        match done {
            Ok(()) => {
                begun = true;
                if !was_well {
                    tracing::info!("engine and firewall answer again");
                }
                was_well = true;
            }
            Err(error) => {
                // Once for each time that it breaks, not every ten seconds.
                if was_well {
                    tracing::warn!(detail = error.detail, "failed to look after the firewall: {error}");
                }
                was_well = false;
            }
        }
        if let Some(ordered) = ordered.take() {
            // Nobody waits any more when it took too long.
            let _ = ordered.send(());
        }
        let pause = if was_well { MEND } else { Duration::from_secs(1) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Two hosts on the same data would not see each other's turns.
fn only_one(layout: &Layout) -> anyhow::Result<nix::fcntl::Flock<std::fs::File>> {
    let path = layout.lock();
    let file = std::fs::File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
    nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock)
        .map_err(|(_, error)| anyhow::anyhow!("another `vivierd host` works on {} ({error}); stop it first", layout.root().display()))
}

/// Opens the socket; a stale one is replaced.
///
/// # Errors
/// When the path is not usable.
pub fn listen(layout: &Layout) -> anyhow::Result<UnixListener> {
    let path = layout.socket();
    crate::layout::remove(&path).with_context(|| format!("cannot remove the old {}", path.display()))?;
    let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen on {}; is the path longer than 100 letters?", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).with_context(|| format!("cannot close {} to others", path.display()))?;
    Ok(listener)
}

/// Answers on `listener` until `shutdown`, then lets what is under way end.
///
/// # Errors
/// When the socket fails.
pub async fn serve(listener: UnixListener, runtime: Arc<dyn Runtime>, shelf: Arc<dyn Shelf>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let state = Serving { runtime, shelf, shutdown: shutdown.clone(), verbs: tokio_util::task::TaskTracker::new() };
    let verbs = state.verbs.clone();
    let stop = shutdown.clone();
    let answering = axum::serve(listener, router(state)).with_graceful_shutdown(async move { stop.cancelled().await }).into_future();
    let mut answering = std::pin::pin!(answering);
    tokio::select! {
        ended = &mut answering => return ended.context("the host's socket failed"),
        () = shutdown.cancelled() => {}
    }
    verbs.close();
    let drained = tokio::time::timeout(DRAIN, async {
        verbs.wait().await;
        answering.await
    });
    match drained.await {
        Ok(ended) => ended.context("the host's socket failed"),
        Err(_elapsed) => {
            tracing::warn!(verbs = verbs.len(), "stopping although verbs are under way; they are safe to repeat");
            Ok(())
        }
    }
}

#[derive(Clone)]
struct Serving {
    runtime: Arc<dyn Runtime>,
    shelf: Arc<dyn Shelf>,
    shutdown: CancellationToken,
    verbs: tokio_util::task::TaskTracker,
}

fn router(state: Serving) -> axum::Router {
    axum::Router::new()
        .route("/observe", post(observe))
        .route("/inventory", post(inventory))
        .route("/apply", post(apply))
        .route("/reload", post(reload))
        .route("/prove", post(prove))
        .route("/rehearse", post(rehearse))
        .route("/snapshot", post(snapshot))
        .route("/room", post(room))
        .route("/drain", post(drain))
        .route("/undrain", post(undrain))
        .route("/restore", post(restore))
        .route("/forget", post(forget))
        .route("/stop", post(stop))
        .route("/remove", post(remove))
        .route("/quarantine", post(quarantine))
        .route("/discard", post(discard))
        .route("/logs", post(logs))
        .route("/stats", post(stats))
        .route("/usage", post(usage))
        .route("/capacity", post(capacity))
        .route("/events", post(events))
        .route("/images", post(images_known))
        .route("/withdraw", post(withdraw))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(state)
}

impl Serving {
    /// Runs a verb to its end, even when the caller goes away in the middle, and counts it.
    async fn verb<T: Send + 'static>(&self, name: &'static str, work: impl Future<Output = Fallible<T>> + Send + 'static) -> Fallible<T> {
        let began = Instant::now();
        let done = match self.verbs.spawn(work).await {
            Ok(done) => done,
            Err(error) => Err(RuntimeError::new(RuntimeErrorKind::Failed, "the host failed inside; its log has the reason").with_detail(error)),
        };
        let outcome = done.as_ref().err().map_or("ok", |error| kind_name(error.kind));
        metrics::counter!("vivier_host_verbs_total", "verb" => name, "outcome" => outcome).increment(1);
        metrics::histogram!("vivier_host_verb_seconds", "verb" => name).record(began.elapsed().as_secs_f64());
        if let Err(error) = &done {
            // The caller tells its own reader; this is for whoever looks after the host.
            tracing::info!(verb = name, outcome, detail = error.detail, "{error}");
        }
        done
    }
}

const fn kind_name(kind: RuntimeErrorKind) -> &'static str {
    match kind {
        RuntimeErrorKind::Unreachable => "unreachable",
        RuntimeErrorKind::Conflict => "conflict",
        RuntimeErrorKind::Capacity => "capacity",
        RuntimeErrorKind::Refused => "refused",
        RuntimeErrorKind::Rejected => "rejected",
        RuntimeErrorKind::Image => "image",
        RuntimeErrorKind::NotFound => "not_found",
        RuntimeErrorKind::Failed => "failed",
    }
}

/// What went wrong, as it travels.
struct Refusal(RuntimeError);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(self.0)).into_response()
    }
}

impl From<RuntimeError> for Refusal {
    fn from(error: RuntimeError) -> Self {
        Self(error)
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        // The words of the parser may quote the request, which holds secrets: only the kind of trouble is told.
        let what = match rejection {
            JsonRejection::JsonDataError(_) => "a field is missing or of the wrong kind",
            JsonRejection::JsonSyntaxError(_) => "it is not JSON",
            JsonRejection::MissingJsonContentType(_) => "its content type is not application/json",
            JsonRejection::BytesRejection(_) => "it is too large or broke off",
            _other => "it could not be read",
        };
        Self(RuntimeError::new(RuntimeErrorKind::Refused, format!("the host refuses the request: {what}")))
    }
}

type Answer<T> = Result<Json<T>, Refusal>;
type Done = Result<StatusCode, Refusal>;
type Asked<T> = Result<Json<T>, JsonRejection>;

async fn observe(State(s): State<Serving>, asked: Asked<Named>) -> Answer<vivier_core::runtime::Observation> {
    let (runtime, Named { deployment }) = (s.runtime.clone(), asked?.0);
    Ok(Json(s.verb("observe", async move { runtime.observe(deployment).await }).await?))
}

async fn inventory(State(s): State<Serving>) -> Answer<Vec<vivier_core::runtime::Resident>> {
    let runtime = s.runtime.clone();
    Ok(Json(s.verb("inventory", async move { runtime.inventory().await }).await?))
}

async fn apply(State(s): State<Serving>, asked: Asked<Apply>) -> Done {
    let (runtime, Apply { spec, stage }) = (s.runtime.clone(), asked?.0);
    s.verb("apply", async move { runtime.apply(&spec, stage).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reload(State(s): State<Serving>, asked: Asked<WorkloadSpec>) -> Done {
    let (runtime, spec) = (s.runtime.clone(), asked?.0);
    s.verb("reload", async move { runtime.reload(&spec).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn prove(State(s): State<Serving>, asked: Asked<WorkloadSpec>) -> Answer<vivier_core::runtime::Proof> {
    let (runtime, spec) = (s.runtime.clone(), asked?.0);
    Ok(Json(s.verb("prove", async move { runtime.prove(&spec).await }).await?))
}

async fn rehearse(State(s): State<Serving>, asked: Asked<Rehearse>) -> Answer<vivier_core::runtime::Rehearsal> {
    let (runtime, Rehearse { spec, snapshot }) = (s.runtime.clone(), asked?.0);
    Ok(Json(s.verb("rehearse", async move { runtime.rehearse(&spec, snapshot).await }).await?))
}

async fn snapshot(State(s): State<Serving>, asked: Asked<Numbered>) -> Answer<vivier_core::runtime::Snapshot> {
    let (runtime, Numbered { deployment, number }) = (s.runtime.clone(), asked?.0);
    Ok(Json(s.verb("snapshot", async move { runtime.snapshot(deployment, number).await }).await?))
}

async fn room(State(s): State<Serving>, asked: Asked<Named>) -> Done {
    let (runtime, Named { deployment }) = (s.runtime.clone(), asked?.0);
    s.verb("room", async move { runtime.room(deployment).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn drain(State(s): State<Serving>, asked: Asked<Named>) -> Answer<vivier_core::runtime::Drain> {
    let (runtime, Named { deployment }) = (s.runtime.clone(), asked?.0);
    Ok(Json(s.verb("drain", async move { runtime.drain(deployment).await }).await?))
}

async fn undrain(State(s): State<Serving>, asked: Asked<Named>) -> Done {
    let (runtime, Named { deployment }) = (s.runtime.clone(), asked?.0);
    s.verb("undrain", async move { runtime.undrain(deployment).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn restore(State(s): State<Serving>, asked: Asked<PutBack>) -> Done {
    let (runtime, PutBack { deployment, restore }) = (s.runtime.clone(), asked?.0);
    s.verb("restore", async move { runtime.restore(deployment, restore).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn forget(State(s): State<Serving>, asked: Asked<Numbered>) -> Done {
    let (runtime, Numbered { deployment, number }) = (s.runtime.clone(), asked?.0);
    s.verb("forget", async move { runtime.forget(deployment, number).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stop(State(s): State<Serving>, asked: Asked<Stop>) -> Done {
    let (runtime, Stop { deployment, grace_seconds }) = (s.runtime.clone(), asked?.0);
    s.verb("stop", async move { runtime.stop(deployment, grace_seconds).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(State(s): State<Serving>, asked: Asked<Remove>) -> Done {
    let (runtime, Remove { deployment, scope }) = (s.runtime.clone(), asked?.0);
    s.verb("remove", async move { runtime.remove(deployment, scope).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn quarantine(State(s): State<Serving>, asked: Asked<ContainerNamed>) -> Done {
    let (runtime, ContainerNamed { container }) = (s.runtime.clone(), asked?.0);
    check_container(&container)?;
    s.verb("quarantine", async move { runtime.quarantine(&container).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn discard(State(s): State<Serving>, asked: Asked<ContainerNamed>) -> Done {
    let (runtime, ContainerNamed { container }) = (s.runtime.clone(), asked?.0);
    check_container(&container)?;
    s.verb("discard", async move { runtime.discard(&container).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A container's id or name becomes part of the engine's URL: nothing else may.
fn check_container(name: &str) -> Result<(), Refusal> {
    let sound =
        !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if sound { Ok(()) } else { Err(RuntimeError::new(RuntimeErrorKind::Refused, "the host refuses this: that is no name of a container").into()) }
}

async fn logs(State(s): State<Serving>, asked: Asked<Logs>) -> Result<Response, Refusal> {
    let (runtime, Logs { deployment, query }) = (s.runtime.clone(), asked?.0);
    let lines = s.verb("logs", async move { runtime.logs(deployment, query).await }).await?;
    let items = lines.map(|line| match line {
        Ok(line) => Streamed::Item(line),
        Err(error) => Streamed::Error(error),
    });
    Ok(streamed(items, s.shutdown))
}

async fn stats(State(s): State<Serving>, asked: Asked<Named>) -> Answer<vivier_core::runtime::Stats> {
    let (runtime, Named { deployment }) = (s.runtime.clone(), asked?.0);
    Ok(Json(s.verb("stats", async move { runtime.stats(deployment).await }).await?))
}

async fn usage(State(s): State<Serving>, asked: Asked<Named>) -> Answer<vivier_core::usage::Usage> {
    let (runtime, Named { deployment }) = (s.runtime.clone(), asked?.0);
    Ok(Json(s.verb("usage", async move { runtime.usage(deployment).await }).await?))
}

async fn capacity(State(s): State<Serving>) -> Answer<vivier_core::runtime::Capacity> {
    let runtime = s.runtime.clone();
    Ok(Json(s.verb("capacity", async move { runtime.capacity().await }).await?))
}

async fn events(State(s): State<Serving>) -> Result<Response, Refusal> {
    let runtime = s.runtime.clone();
    let ids = s.verb("events", async move { runtime.events().await }).await?;
    Ok(streamed(ids.map(Streamed::Item), s.shutdown))
}

async fn images_known(State(s): State<Serving>) -> Answer<Vec<Image>> {
    let shelf = s.shelf.clone();
    Ok(Json(s.verb("images", async move { shelf.images().await }).await?))
}

async fn withdraw(State(s): State<Serving>, asked: Asked<Withdraw>) -> Done {
    let (shelf, Withdraw { image, reason }) = (s.shelf.clone(), asked?.0);
    s.verb("withdraw", async move { shelf.withdraw(&image, reason).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lines of JSON, one at a time as the reader takes them, and a sign of life when there is nothing else. Ends with the host.
fn streamed<T: Serialize + Send + 'static>(items: impl Stream<Item = Streamed<T>> + Send + 'static, shutdown: CancellationToken) -> Response {
    let lines = stream::unfold(Box::pin(items), |mut items| async move {
        let next = match tokio::time::timeout(ALIVE, items.next()).await {
            Ok(Some(item)) => item,
            Ok(None) => return None,
            Err(_quiet) => Streamed::Alive,
        };
        let mut line = serde_json::to_vec(&next).unwrap_or_default();
        line.push(b'\n');
        Some((Ok::<_, Infallible>(Bytes::from(line)), items))
    });
    let body = Body::from_stream(lines.take_until(async move { shutdown.cancelled().await }));
    ([(CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}
