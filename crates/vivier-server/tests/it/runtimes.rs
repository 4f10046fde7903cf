//! The Runtime contract over a Unix socket: the same suite that every runtime passes, spoken over the wire to a stand-in of `host`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::StreamExt as _;
use serde::Serialize;
use vivier_core::digest::Digest;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::plan::PlanName;
use vivier_core::runtime::conformance::{self, Bench};
use vivier_core::runtime::fake::FakeRuntime;
use vivier_core::runtime::{LogQuery, Runtime, RuntimeError, RuntimeErrorKind, SecretsDocument, WorkloadSpec};
use vivier_core::wire::host::{Apply, ContainerNamed, Image, Logs, Named, Numbered, PutBack, Rehearse, Remove, Stop, Streamed};
use vivier_server::clock::{Clock as _, SystemClock};
use vivier_server::runtimes::Images as _;
use vivier_server::runtimes::host::HostRuntime;

use crate::support::store::image;

type Fake = State<FakeRuntime>;

fn answer<T: Serialize>(result: Result<T, RuntimeError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response(),
    }
}

fn nothing(result: Result<(), RuntimeError>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response(),
    }
}

fn line<T: Serialize>(item: &Streamed<T>) -> Vec<u8> {
    let mut line = serde_json::to_vec(item).expect("serialises");
    line.push(b'\n');
    line
}

/// What `vivierd host` answers, over the fake.
fn stand_in(fake: FakeRuntime, image: Image) -> axum::Router {
    axum::Router::new()
        .route("/observe", post(|State(fake): Fake, Json(Named { deployment }): Json<Named>| async move { answer(fake.observe(deployment).await) }))
        .route("/inventory", post(|State(fake): Fake| async move { answer(fake.inventory().await) }))
        .route("/apply", post(|State(fake): Fake, Json(Apply { spec, stage }): Json<Apply>| async move { nothing(fake.apply(&spec, stage).await) }))
        .route("/reload", post(|State(fake): Fake, Json(spec): Json<WorkloadSpec>| async move { nothing(fake.reload(&spec).await) }))
        .route("/prove", post(|State(fake): Fake, Json(spec): Json<WorkloadSpec>| async move { answer(fake.prove(&spec).await) }))
        .route(
            "/rehearse",
            post(|State(fake): Fake, Json(Rehearse { spec, snapshot }): Json<Rehearse>| async move { answer(fake.rehearse(&spec, snapshot).await) }),
        )
        .route(
            "/snapshot",
            post(|State(fake): Fake, Json(Numbered { deployment, number }): Json<Numbered>| async move { answer(fake.snapshot(deployment, number).await) }),
        )
        .route("/room", post(|State(fake): Fake, Json(Named { deployment }): Json<Named>| async move { nothing(fake.room(deployment).await) }))
        .route("/drain", post(|State(fake): Fake, Json(Named { deployment }): Json<Named>| async move { answer(fake.drain(deployment).await) }))
        .route("/undrain", post(|State(fake): Fake, Json(Named { deployment }): Json<Named>| async move { nothing(fake.undrain(deployment).await) }))
        .route(
            "/restore",
            post(|State(fake): Fake, Json(PutBack { deployment, restore }): Json<PutBack>| async move { nothing(fake.restore(deployment, restore).await) }),
        )
        .route(
            "/forget",
            post(|State(fake): Fake, Json(Numbered { deployment, number }): Json<Numbered>| async move { nothing(fake.forget(deployment, number).await) }),
        )
        .route(
            "/stop",
            post(|State(fake): Fake, Json(Stop { deployment, grace_seconds }): Json<Stop>| async move { nothing(fake.stop(deployment, grace_seconds).await) }),
        )
        .route(
            "/remove",
            post(|State(fake): Fake, Json(Remove { deployment, scope }): Json<Remove>| async move { nothing(fake.remove(deployment, scope).await) }),
        )
        .route(
            "/quarantine",
            post(|State(fake): Fake, Json(ContainerNamed { container }): Json<ContainerNamed>| async move { nothing(fake.quarantine(&container).await) }),
        )
        .route(
            "/discard",
            post(|State(fake): Fake, Json(ContainerNamed { container }): Json<ContainerNamed>| async move { nothing(fake.discard(&container).await) }),
        )
        .route("/stats", post(|State(fake): Fake, Json(Named { deployment }): Json<Named>| async move { answer(fake.stats(deployment).await) }))
        .route("/usage", post(|State(fake): Fake, Json(Named { deployment }): Json<Named>| async move { answer(fake.usage(deployment).await) }))
        .route("/capacity", post(|State(fake): Fake| async move { answer(fake.capacity().await) }))
        .route("/images", post(move || async move { Json([image]) }))
        .route(
            "/logs",
            post(|State(fake): Fake, Json(Logs { deployment, query }): Json<Logs>| async move {
                match fake.logs(deployment, query).await {
                    Ok(lines) => {
                        let lines = lines.map(|item| match item {
                            Ok(item) => Streamed::Item(item),
                            Err(error) => Streamed::Error(error),
                        });
                        let alive = futures_util::stream::iter([Streamed::Alive]);
                        let body = alive.chain(lines).map(|item| Ok::<_, std::convert::Infallible>(line(&item)));
                        axum::body::Body::from_stream(body).into_response()
                    }
                    Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response(),
                }
            }),
        )
        .route(
            "/events",
            post(|State(fake): Fake| async move {
                let events = fake.events().await.expect("a feed");
                axum::body::Body::from_stream(events.map(|id| Ok::<_, std::convert::Infallible>(line(&Streamed::Item(id)))))
            }),
        )
        .with_state(fake)
}

struct Wire {
    host: HostRuntime,
    fake: FakeRuntime,
    image: Digest,
    _dir: tempfile::TempDir,
}

impl Wire {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("host.sock");
        let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
        let image = image("2026.9.6", 1);
        let fake = FakeRuntime::new([image.image.clone()], || SystemClock.now());
        let router = stand_in(fake.clone(), image.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { host: HostRuntime::new(socket), fake, image: image.image, _dir: dir }
    }
}

impl Bench for Wire {
    fn runtime(&self) -> &dyn Runtime {
        &self.host
    }

    fn fresh(&self) -> WorkloadSpec {
        let id = uuid::Uuid::new_v4();
        let third = u32::try_from(id.as_u128() % 4_000).expect("small");
        WorkloadSpec {
            deployment: DeploymentId::from_uuid(id),
            account: AccountId::from_uuid(id),
            generation: 0,
            image: self.image.clone(),
            limits: vivier_core::plan::Plans::default().get(PlanName::Starter).limits,
            subnet: "10.64.0.0/16".parse::<vivier_core::runtime::net::SubnetPool>().expect("a pool").get(third).expect("in it"),
            node_flags: Vec::new(),
            env: Default::default(),
            config: serde_json::json!({}),
            secrets: SecretsDocument::default(),
        }
    }

    fn pause(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(std::time::Duration::from_millis(20)))
    }
}

#[tokio::test]
async fn the_contract_holds_over_the_wire() {
    let wire = Wire::new();
    conformance::everything(&wire).await;
    assert_eq!(wire.host.images().await.expect("a list")[0].image, wire.image);
    assert_eq!(wire.host.capacity().await.expect("an answer").driver, "fake");
}

#[tokio::test]
async fn refusals_keep_their_kind_and_an_absent_host_is_unreachable() {
    let wire = Wire::new();
    wire.fake.set_down(Some(RuntimeError::new(RuntimeErrorKind::Capacity, "full").with_detail("inner words")));
    let error = wire.host.observe(wire.fresh().deployment).await.expect_err("down");
    assert_eq!((error.kind, error.message.as_str(), error.detail.as_str()), (RuntimeErrorKind::Capacity, "full", "inner words"));
    let error = HostRuntime::new("/nonexistent/host.sock").observe(wire.fresh().deployment).await.expect_err("nobody there");
    assert_eq!(error.kind, RuntimeErrorKind::Unreachable);
}

#[tokio::test]
async fn hints_and_log_lines_arrive_as_they_happen() {
    let wire = Arc::new(Wire::new());
    let spec = wire.fresh();
    let mut events = wire.host.events().await.expect("a stream");
    wire.host.apply(&spec, vivier_core::runtime::Stage::Workload).await.expect("applied");
    assert_eq!(events.next().await, Some(spec.deployment));
    let mut logs = wire.host.logs(spec.deployment, LogQuery { tail: 0, follow: true }).await.expect("a stream");
    wire.fake.write_log(spec.deployment, "hello");
    let line = logs.next().await.expect("a line").expect("no error");
    assert_eq!(line.text, "hello");
}
