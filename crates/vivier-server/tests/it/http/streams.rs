//! Streams: as slow as their reader, and over when their reader may not read any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vivier_core::id::DeploymentId;
use vivier_core::runtime::fake::FakeRuntime;
use vivier_core::runtime::{
    BoxStream, Capacity, Drain, LogLine, LogQuery, Observation, Proof, Rehearsal, Resident, Restore, Runtime, RuntimeError, Scope, Snapshot, Stage, Stats,
    WorkloadSpec,
};

use super::api::{Api, As, settings};
use super::journey::read_events;
use crate::support::{World, eventually};

/// A runtime whose agents never stop talking, and that counts how much of it is listened to.
struct Talkative {
    inner: FakeRuntime,
    pulled: Arc<AtomicU64>,
    open: Arc<AtomicU64>,
}

struct Open(Arc<AtomicU64>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Runtime for Talkative {
    async fn observe(&self, id: DeploymentId) -> Result<Observation, RuntimeError> {
        self.inner.observe(id).await
    }
    async fn inventory(&self) -> Result<Vec<Resident>, RuntimeError> {
        self.inner.inventory().await
    }
    async fn apply(&self, spec: &WorkloadSpec, stage: Stage) -> Result<(), RuntimeError> {
        self.inner.apply(spec, stage).await
    }
    async fn reload(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        self.inner.reload(spec).await
    }
    async fn prove(&self, spec: &WorkloadSpec) -> Result<Proof, RuntimeError> {
        self.inner.prove(spec).await
    }
    async fn rehearse(&self, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Rehearsal, RuntimeError> {
        self.inner.rehearse(spec, snapshot).await
    }
    async fn snapshot(&self, id: DeploymentId, number: u64) -> Result<Snapshot, RuntimeError> {
        self.inner.snapshot(id, number).await
    }
    async fn room(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        self.inner.room(id).await
    }
    async fn drain(&self, id: DeploymentId) -> Result<Drain, RuntimeError> {
        self.inner.drain(id).await
    }
    async fn undrain(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        self.inner.undrain(id).await
    }
    async fn restore(&self, id: DeploymentId, restore: Restore) -> Result<(), RuntimeError> {
        self.inner.restore(id, restore).await
    }
    async fn forget(&self, id: DeploymentId, number: u64) -> Result<(), RuntimeError> {
        self.inner.forget(id, number).await
    }
    async fn stop(&self, id: DeploymentId, grace_seconds: u32) -> Result<(), RuntimeError> {
        self.inner.stop(id, grace_seconds).await
    }
    async fn remove(&self, id: DeploymentId, scope: Scope) -> Result<(), RuntimeError> {
        self.inner.remove(id, scope).await
    }
    async fn quarantine(&self, container: &str) -> Result<(), RuntimeError> {
        self.inner.quarantine(container).await
    }
    async fn discard(&self, container: &str) -> Result<(), RuntimeError> {
        self.inner.discard(container).await
    }
    async fn logs(&self, _: DeploymentId, _: LogQuery) -> Result<BoxStream<Result<LogLine, RuntimeError>>, RuntimeError> {
        self.open.fetch_add(1, Ordering::SeqCst);
        let (pulled, open) = (self.pulled.clone(), Open(self.open.clone()));
        let at = vivier_core::time::Timestamp::from_millis(1_790_000_000_000);
        Ok(Box::pin(futures_util::stream::unfold(open, move |open| {
            let number = pulled.fetch_add(1, Ordering::SeqCst);
            let line = LogLine { at, level: None, subsystem: None, text: format!("{number} {}", "talk ".repeat(200)) };
            std::future::ready(Some((Ok(line), open)))
        })))
    }
    async fn stats(&self, id: DeploymentId) -> Result<Stats, RuntimeError> {
        self.inner.stats(id).await
    }
    async fn usage(&self, id: DeploymentId) -> Result<vivier_core::usage::Usage, RuntimeError> {
        self.inner.usage(id).await
    }
    async fn capacity(&self) -> Result<Capacity, RuntimeError> {
        self.inner.capacity().await
    }
    async fn events(&self) -> Result<BoxStream<DeploymentId>, RuntimeError> {
        self.inner.events().await
    }
}

#[tokio::test]
async fn a_reader_that_stops_reading_takes_no_memory_and_one_that_leaves_ends_the_stream() {
    let (pulled, open) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut world = World::idle(settings()).await;
    world.app.runtime = Arc::new(Talkative { inner: world.fake.clone(), pulled: pulled.clone(), open: open.clone() });
    world.start();
    let api = Api::over(world).await;
    let (who, _) = api.signup().await;
    let id = api.deploy(&who, "Talker").await;
    let As::Cookie(cookie) = &who else { unreachable!("a session was opened") };

    let mut socket = tokio::net::TcpStream::connect(api.address).await.expect("connected");
    let request = format!("GET /v1/deployments/{id}/logs?follow=true HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut first = vec![0u8; 4096];
    let read = socket.read(&mut first).await.expect("the beginning");
    assert!(String::from_utf8_lossy(&first[..read]).contains("200 OK"));
    // Nobody reads on: the agent is listened to until the socket's own buffers are full, and not a line further.
    let full = eventually("nothing more is read ahead", || async {
        let before = pulled.load(Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        (before > 0 && pulled.load(Ordering::SeqCst) == before).then_some(before)
    })
    .await;
    assert!(full < 20_000, "{full} lines of 1 KB were read ahead for a reader that does not read");
    // It reads a little: a little more comes.
    let mut more = vec![0u8; 4 * 1024 * 1024];
    socket.read_exact(&mut more).await.expect("more");
    eventually("it goes on where it stopped", || async { (pulled.load(Ordering::SeqCst) > full).then_some(()) }).await;
    assert_eq!(open.load(Ordering::SeqCst), 1);
    drop(socket);
    eventually("the agent is not listened to any more", || async { (open.load(Ordering::SeqCst) == 0).then_some(()) }).await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let id = api.deploy(&who, "Watched").await;
    let followed = api.request(&who, Method::GET, &format!("/v1/deployments/{id}/logs?follow=true")).send().await.expect("an answer");
    let events = api.request(&who, Method::GET, &format!("/v1/deployments/{id}/events?follow=true")).send().await.expect("an answer");
    api.post(&who, "/v1/auth/logout", &json!(null)).await.ok(204);
    for stream in [followed, events] {
        let text = read_events(stream, |text| text.contains("event: end")).await;
        assert!(text.contains("data: {\"reason\":\"signed_out\"}"), "{text}");
    }
}

#[tokio::test]
async fn a_follower_that_comes_back_gets_what_it_missed_and_nothing_twice() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let id = api.deploy(&who, "Followed").await;
    api.until_state(&who, &id, "running").await;
    let path = format!("/v1/deployments/{id}/events");
    let newest = api.get(&who, &path).await.json()["items"][0]["id"].as_str().expect("an id").to_owned();
    api.post(&who, &format!("/v1/deployments/{id}/suspend"), &json!(null)).await.ok(202);
    let request = api.request(&who, Method::GET, &format!("{path}?follow=true")).header("last-event-id", &newest);
    let text = read_events(request.send().await.expect("an answer"), |text| text.contains("asked to suspend")).await;
    assert!(!text.contains(&format!("id: {newest}\n")), "{text}");
    let ids: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| *id > newest.as_str()), "{ids:?}");
    let bad = api.send(api.request(&who, Method::GET, &format!("{path}?follow=true")).header("last-event-id", "nonsense")).await;
    assert_eq!(bad.paths(), ["Last-Event-ID"]);
}

#[tokio::test]
async fn an_account_may_hold_some_streams_open_and_no_more() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let id = api.deploy(&who, "Watched").await;
    let path = format!("/v1/deployments/{id}/events?follow=true");
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut bytes = api.request(&who, Method::GET, &path).send().await.expect("an answer").bytes_stream();
        bytes.next().await.expect("a greeting").expect("a chunk");
        streams.push(bytes);
    }
    api.get(&who, &path).await.problem(429, "streams_per_account");
    let (other, _) = api.signup().await;
    let theirs = api.deploy(&other, "Another's").await;
    let answer = api.request(&other, Method::GET, &format!("/v1/deployments/{theirs}/events?follow=true")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    drop(streams);
    eventually("the places are free again", || async {
        let answer = api.request(&who, Method::GET, &path).send().await.expect("an answer");
        (answer.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_said_to_be_so() {
    use vivier_core::runtime::RuntimeErrorKind;
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let id = api.deploy(&who, "Dark").await;
    api.until_state(&who, &id, "running").await;
    api.world.fake.set_down(Some(RuntimeError::new(RuntimeErrorKind::Unreachable, "no").with_detail("connect /run/canary.sock")));
    for path in ["logs", "logs?follow=true", "logs?format=text", "stats"] {
        let answer = api.get(&who, &format!("/v1/deployments/{id}/{path}")).await;
        answer.problem(503, "host_unreachable");
        assert!(answer.headers.contains_key("retry-after") && !answer.text.contains("canary"), "{}", answer.text);
    }
    // What is known stays known.
    assert_eq!(api.get(&who, &format!("/v1/deployments/{id}")).await.ok(200).json()["state"], "running");
    api.world.fake.set_down(None);
    api.post(&who, &format!("/v1/deployments/{id}/suspend"), &json!(null)).await.ok(202);
}

#[tokio::test]
async fn a_process_that_is_stopped_does_not_wait_for_its_streams() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let id = api.deploy(&who, "Watched").await;
    let followed = api.request(&who, Method::GET, &format!("/v1/deployments/{id}/logs?follow=true")).send().await.expect("an answer");
    api.world.app.stopping.cancel();
    let text = read_events(followed, |text| text.contains("event: end")).await;
    assert!(text.contains("data: {\"reason\":\"restarting\"}"), "{text}");
}
