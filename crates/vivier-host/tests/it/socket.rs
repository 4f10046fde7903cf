//! The private socket: the same contract over HTTP, and nothing but it.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{
    BoxStream, Capacity, Drain, LogLine, LogQuery, Observation, Proof, Rehearsal, Resident, Restore, Runtime, RuntimeError, RuntimeErrorKind, Scope, Snapshot,
    Stage, Stats, WorkloadSpec, conformance,
};
use vivier_core::wire::host::{Apply, ContainerNamed, Image, Logs, Named, Numbered, PutBack, Rehearse, Remove, Stop, Streamed};
use vivier_host::{Config, RuntimeKind};

use crate::support::Bench;

/// The other end of the socket: one connection for each call, nothing clever.
pub struct Client {
    pub socket: PathBuf,
}

impl Client {
    async fn send(&self, route: &str, body: Bytes) -> (StatusCode, hyper::body::Incoming) {
        let stream = UnixStream::connect(&self.socket).await.expect("the socket answers");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        let request = Request::post(route).header("host", "host").header("content-type", "application/json").body(Full::new(body)).expect("a request");
        let (head, body) = sender.send_request(request).await.expect("an answer").into_parts();
        (head.status, body)
    }

    async fn ask(&self, route: &str, body: &impl Serialize) -> Result<hyper::body::Incoming, RuntimeError> {
        let (status, answer) = self.send(route, serde_json::to_vec(body).expect("JSON").into()).await;
        if status.is_success() {
            return Ok(answer);
        }
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        Err(serde_json::from_slice(&answer.collect().await.expect("a body").to_bytes()).expect("an error that can be read"))
    }

    pub async fn done(&self, route: &str, body: &impl Serialize) -> Result<(), RuntimeError> {
        self.ask(route, body).await.map(|_| ())
    }

    pub async fn get<T: DeserializeOwned>(&self, route: &str, body: &impl Serialize) -> Result<T, RuntimeError> {
        let bytes = self.ask(route, body).await?.collect().await.expect("a body").to_bytes();
        Ok(serde_json::from_slice(&bytes).expect("an answer that can be read"))
    }

    async fn lines<T: DeserializeOwned + Send + 'static>(
        &self,
        route: &str,
        body: &impl Serialize,
    ) -> Result<Pin<Box<dyn Stream<Item = Streamed<T>> + Send>>, RuntimeError> {
        let frames = self.ask(route, body).await?.into_data_stream();
        let lines = futures_util::stream::unfold((frames, Vec::new()), |(mut frames, mut rest): (_, Vec<u8>)| async move {
            loop {
                if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    return Some((serde_json::from_slice(&line).expect("a line of JSON"), (frames, rest)));
                }
                rest.extend_from_slice(&frames.next().await?.ok()?);
            }
        });
        Ok(Box::pin(lines))
    }
}

#[async_trait::async_trait]
impl Runtime for Client {
    async fn observe(&self, deployment: DeploymentId) -> Result<Observation, RuntimeError> {
        self.get("/observe", &Named { deployment }).await
    }

    async fn inventory(&self) -> Result<Vec<Resident>, RuntimeError> {
        self.get("/inventory", &()).await
    }

    async fn apply(&self, spec: &WorkloadSpec, stage: Stage) -> Result<(), RuntimeError> {
        self.done("/apply", &Apply { spec: spec.clone(), stage }).await
    }

    async fn reload(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        self.done("/reload", spec).await
    }

    async fn prove(&self, spec: &WorkloadSpec) -> Result<Proof, RuntimeError> {
        self.get("/prove", spec).await
    }

    async fn rehearse(&self, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Rehearsal, RuntimeError> {
        self.get("/rehearse", &Rehearse { spec: spec.clone(), snapshot }).await
    }

    async fn snapshot(&self, deployment: DeploymentId, number: u64) -> Result<Snapshot, RuntimeError> {
        self.get("/snapshot", &Numbered { deployment, number }).await
    }

    async fn room(&self, deployment: DeploymentId) -> Result<(), RuntimeError> {
        self.done("/room", &Named { deployment }).await
    }

    async fn drain(&self, deployment: DeploymentId) -> Result<Drain, RuntimeError> {
        self.get("/drain", &Named { deployment }).await
    }

    async fn undrain(&self, deployment: DeploymentId) -> Result<(), RuntimeError> {
        self.done("/undrain", &Named { deployment }).await
    }

    async fn restore(&self, deployment: DeploymentId, restore: Restore) -> Result<(), RuntimeError> {
        self.done("/restore", &PutBack { deployment, restore }).await
    }

    async fn forget(&self, deployment: DeploymentId, number: u64) -> Result<(), RuntimeError> {
        self.done("/forget", &Numbered { deployment, number }).await
    }

    async fn stop(&self, deployment: DeploymentId, grace_seconds: u32) -> Result<(), RuntimeError> {
        self.done("/stop", &Stop { deployment, grace_seconds }).await
    }

    async fn remove(&self, deployment: DeploymentId, scope: Scope) -> Result<(), RuntimeError> {
        self.done("/remove", &Remove { deployment, scope }).await
    }

    async fn quarantine(&self, container: &str) -> Result<(), RuntimeError> {
        self.done("/quarantine", &ContainerNamed { container: container.to_owned() }).await
    }

    async fn discard(&self, container: &str) -> Result<(), RuntimeError> {
        self.done("/discard", &ContainerNamed { container: container.to_owned() }).await
    }

    async fn logs(&self, deployment: DeploymentId, query: LogQuery) -> Result<BoxStream<Result<LogLine, RuntimeError>>, RuntimeError> {
        let lines = self.lines::<LogLine>("/logs", &Logs { deployment, query }).await?;
        Ok(Box::pin(lines.filter_map(|line| async move {
            match line {
                Streamed::Item(line) => Some(Ok(line)),
                Streamed::Error(error) => Some(Err(error)),
                Streamed::Alive => None,
            }
        })))
    }

    async fn stats(&self, deployment: DeploymentId) -> Result<Stats, RuntimeError> {
        self.get("/stats", &Named { deployment }).await
    }
    async fn usage(&self, deployment: DeploymentId) -> Result<vivier_core::usage::Usage, RuntimeError> {
        self.get("/usage", &Named { deployment }).await
    }

    async fn capacity(&self) -> Result<Capacity, RuntimeError> {
        self.get("/capacity", &()).await
    }

    async fn events(&self) -> Result<BoxStream<DeploymentId>, RuntimeError> {
        let lines = self.lines::<DeploymentId>("/events", &()).await?;
        Ok(Box::pin(lines.filter_map(|line| async move {
            match line {
                Streamed::Item(id) => Some(id),
                Streamed::Error(_) | Streamed::Alive => None,
            }
        })))
    }
}

/// A host in a task, and the way to it.
pub struct Served {
    pub client: Client,
    pub shutdown: CancellationToken,
    pub task: tokio::task::JoinHandle<anyhow::Result<()>>,
}

pub async fn served(config: Config) -> Served {
    let socket = config.data_dir.join("run/host.sock");
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(vivier_host::run(config, shutdown.clone()));
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while UnixStream::connect(&socket).await.is_err() {
        assert!(!task.is_finished() && std::time::Instant::now() < end, "the host did not open its socket");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Served { client: Client { socket }, shutdown, task }
}

struct OverTheSocket<'a> {
    bench: &'a Bench,
    client: &'a Client,
}

impl conformance::Bench for OverTheSocket<'_> {
    fn runtime(&self) -> &dyn Runtime {
        self.client
    }

    fn fresh(&self) -> WorkloadSpec {
        self.bench.spec()
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(Duration::from_millis(100)))
    }
}

#[tokio::test]
async fn the_contract_holds_through_the_socket_as_well() {
    let bench = Bench::new();
    let host = served(bench.config.clone()).await;
    let file = std::fs::metadata(&host.client.socket).expect("the socket");
    assert_eq!((file.permissions().mode() & 0o777, file.uid()), (0o600, 0));
    conformance::everything(&OverTheSocket { bench: &bench, client: &host.client }).await;
    let images: Vec<Image> = host.client.get("/images", &()).await.expect("images");
    assert_eq!(images.iter().map(|image| &image.image).collect::<Vec<_>>(), [&bench.image]);
    let second = vivier_host::run(bench.config.clone(), CancellationToken::new()).await.expect_err("one host for one directory");
    assert!(second.to_string().contains("another `vivierd host`"), "{second}");
    host.shutdown.cancel();
    host.task.await.expect("no panic").expect("ends well");
    // A stale socket is no hindrance.
    assert!(host.client.socket.exists());
    let again = served(bench.config.clone()).await;
    again.client.capacity().await.expect("answers");
    again.shutdown.cancel();
    again.task.await.expect("no panic").expect("ends well");
}

#[tokio::test]
async fn nonsense_is_refused_and_never_echoed() {
    let bench = Bench::new();
    let host = served(bench.config.clone()).await;
    let secret = "sk-very-secret";
    for (route, body) in [
        ("/apply", json!({ "spec": { "secrets": secret }, "stage": "workload" }).to_string()),
        ("/apply", format!("{{\"spec\": \"{secret}")),
        ("/apply", "x".repeat(5 << 20)),
        ("/observe", json!({ "deployment": "../../etc" }).to_string()),
        ("/observe", json!({ "deployment": "acc_01m7yk23akentvavmvy75y2pt0" }).to_string()),
        ("/stop", json!({ "deployment": "dep_01m7yk23akentvavmvy75y2pt0", "grace_seconds": -1 }).to_string()),
        ("/quarantine", json!({ "container": "../images/x" }).to_string()),
        ("/discard", json!({ "container": "a?force=1" }).to_string()),
        ("/discard", json!({ "container": "" }).to_string()),
    ] {
        let (status, answer) = host.client.send(route, body.into()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{route}");
        let answer: Value = serde_json::from_slice(&answer.collect().await.expect("a body").to_bytes()).expect("JSON");
        assert_eq!(answer["kind"], "refused", "{route}: {answer}");
        assert!(!answer.to_string().contains(secret), "{answer}");
    }
    for route in ["/exec", "/containers/json", "/"] {
        assert_eq!(host.client.send(route, Bytes::from("null")).await.0, StatusCode::NOT_FOUND);
    }
    host.shutdown.cancel();
    host.task.await.expect("no panic").expect("ends well");
}

#[tokio::test]
async fn a_verb_under_way_ends_before_the_host_does_and_streams_end_with_it() {
    let bench = Bench::new();
    let spec = bench.spec();
    let host = served(bench.config.clone()).await;
    let mut events = host.client.lines::<DeploymentId>("/events", &()).await.expect("events");
    let client = Client { socket: host.client.socket.clone() };
    let asked = spec.clone();
    let applying = tokio::spawn(async move { client.apply(&asked, Stage::Workload).await });
    // It has begun: the volume is there.
    while !bench.runtime.layout().state(spec.deployment).exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    host.shutdown.cancel();
    applying.await.expect("no panic").expect("the verb came to its end");
    let rest = async { while events.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), rest).await.expect("the stream ends");
    host.task.await.expect("no panic").expect("ends well");
    bench.until_started(spec.deployment).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_what_it_asked_for() {
    let bench = Bench::new();
    let spec = bench.spec();
    let host = served(bench.config.clone()).await;
    let client = Client { socket: host.client.socket.clone() };
    let asked = spec.clone();
    let applying = tokio::spawn(async move { client.apply(&asked, Stage::Workload).await });
    while !bench.runtime.layout().state(spec.deployment).exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    applying.abort();
    bench.until_started(spec.deployment).await;
    host.shutdown.cancel();
    host.task.await.expect("no panic").expect("ends well");
}

#[tokio::test]
async fn the_fake_is_served_as_well() {
    let folder = tempfile::tempdir().expect("a directory");
    let host = served(Config { runtime: RuntimeKind::Fake, data_dir: folder.path().join("data"), ..Config::default() }).await;
    let images: Vec<Image> = host.client.get("/images", &()).await.expect("images");
    assert_eq!(images.len(), 1);
    assert_eq!(host.client.capacity().await.expect("a capacity").driver, "fake");
    let error = host.client.stats(DeploymentId::from_uuid(uuid::Uuid::now_v7())).await.expect_err("nothing");
    assert_eq!(error.kind, RuntimeErrorKind::NotFound);
    host.shutdown.cancel();
    host.task.await.expect("no panic").expect("ends well");
}
