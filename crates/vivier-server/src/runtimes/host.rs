//! The Runtime contract over `host`'s private Unix socket (see [`vivier_core::wire::host`]).

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vivier_core::digest::Digest;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{
    BoxStream, Capacity, Drain, LogLine, LogQuery, Observation, Proof, Rehearsal, Resident, Restore, Runtime, RuntimeError, RuntimeErrorKind, Scope, Snapshot,
    Stage, Stats, WorkloadSpec,
};
use vivier_core::usage::Usage;
use vivier_core::wire::host::{Apply, ContainerNamed, Image, Logs, Named, Numbered, PutBack, Rehearse, Remove, Stop, Streamed, Withdraw};

use super::Images;

/// Connections kept for the next call.
const KEPT: usize = 8;
/// The longest answer that is no stream.
const MOST_BYTES: usize = 32 << 20;
/// The longest line of a stream: a log line is at most 16 KiB, escaped.
const LONGEST_LINE: usize = 256 << 10;

/// `host`, over its socket.
pub struct HostRuntime {
    socket: PathBuf,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl HostRuntime {
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into(), idle: Mutex::default() }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, RuntimeError> {
        let away = |error: &dyn std::fmt::Display| {
            RuntimeError::new(RuntimeErrorKind::Unreachable, "the host does not answer; it is tried again")
                .with_detail(format!("{}: {error}", self.socket.display()))
        };
        let connecting = tokio::net::UnixStream::connect(&self.socket);
        let stream = tokio::time::timeout(Duration::from_secs(5), connecting).await.map_err(|error| away(&error))?.map_err(|error| away(&error))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| away(&error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection to the host ended: {error}");
            }
        });
        Ok(sender)
    }

    fn kept(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(SendRequest::is_ready)
    }

    fn keep(&self, sender: SendRequest<Full<Bytes>>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT && !sender.is_closed() {
            idle.push(sender);
        }
    }

    async fn send(&self, route: &str, body: &Bytes) -> Result<(hyper::Response<Incoming>, SendRequest<Full<Bytes>>), RuntimeError> {
        let lost = |error: hyper::Error| {
            RuntimeError::new(RuntimeErrorKind::Unreachable, "the host went away before it answered; it is tried again").with_detail(error)
        };
        let request = || {
            hyper::Request::post(route)
                .header(hyper::header::HOST, "host")
                .header(hyper::header::CONTENT_TYPE, "application/json")
                .body(Full::new(body.clone()))
                .map_err(|error| RuntimeError::new(RuntimeErrorKind::Failed, "the call to the host could not be made").with_detail(error))
        };
        // A kept connection may have ended since: then a new one gets its chance. Every verb may be repeated.
        if let Some(mut sender) = self.kept()
            && let Ok(response) = sender.send_request(request()?).await
        {
            return Ok((response, sender));
        }
        let mut sender = self.connect().await?;
        let response = sender.send_request(request()?).await.map_err(lost)?;
        Ok((response, sender))
    }

    /// One verb: JSON in, JSON out.
    async fn call<I: Serialize + Sync + ?Sized, O: DeserializeOwned>(&self, route: &str, input: &I) -> Result<O, RuntimeError> {
        let (response, sender) = self.send(route, &encode(input)?).await?;
        let status = response.status();
        let body = collect(response.into_body()).await?;
        self.keep(sender);
        if !status.is_success() {
            return Err(refusal(status, &body));
        }
        // 204: an answer of nothing, which reads as `null`.
        let text: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(text).map_err(|error| RuntimeError::new(RuntimeErrorKind::Failed, "the host's answer cannot be read").with_detail(error))
    }

    /// A verb that answers with lines of JSON.
    async fn stream<I: Serialize + Sync, O: DeserializeOwned + Send + 'static>(
        &self,
        route: &str,
        input: &I,
    ) -> Result<impl Stream<Item = Result<O, RuntimeError>> + Send + 'static, RuntimeError> {
        let (response, sender) = self.send(route, &encode(input)?).await?;
        let status = response.status();
        if !status.is_success() {
            let body = collect(response.into_body()).await?;
            self.keep(sender);
            return Err(refusal(status, &body));
        }
        let lines = Lines { body: response.into_body(), sender, buffer: Vec::new(), ended: false };
        Ok(futures_util::stream::unfold(lines, |mut lines| async move { lines.next().await.map(|item| (item, lines)) }))
    }
}

/// The body of a streamed answer, cut into lines. The connection lives as long as this does.
struct Lines {
    body: Incoming,
    #[allow(dead_code, reason = "dropping it would end the connection")]
    sender: SendRequest<Full<Bytes>>,
    buffer: Vec<u8>,
    ended: bool,
}

impl Lines {
    async fn next<O: DeserializeOwned>(&mut self) -> Option<Result<O, RuntimeError>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return match serde_json::from_slice::<Streamed<O>>(&line) {
                    Ok(Streamed::Item(item)) => Some(Ok(item)),
                    Ok(Streamed::Error(error)) => Some(Err(error)),
                    Ok(Streamed::Alive) => continue,
                    Err(error) => Some(Err(RuntimeError::new(RuntimeErrorKind::Failed, "the host's answer cannot be read").with_detail(error))),
                };
            }
            if self.ended {
                return None;
            }
            if self.buffer.len() > LONGEST_LINE {
                self.ended = true;
                self.buffer.clear();
                return Some(Err(RuntimeError::new(RuntimeErrorKind::Failed, "the host sent a line without end")));
            }
            // The host says every 15 s that it lives.
            match tokio::time::timeout(Duration::from_secs(60), self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
                Ok(None) => self.ended = true,
                Ok(Some(Err(error))) => {
                    self.ended = true;
                    return Some(Err(RuntimeError::new(RuntimeErrorKind::Unreachable, "the host went away").with_detail(error)));
                }
                Err(_) => {
                    self.ended = true;
                    return Some(Err(RuntimeError::new(RuntimeErrorKind::Unreachable, "the host fell silent")));
                }
            }
        }
    }
}

fn encode<I: Serialize + ?Sized>(input: &I) -> Result<Bytes, RuntimeError> {
    serde_json::to_vec(input)
        .map(Bytes::from)
        .map_err(|error| RuntimeError::new(RuntimeErrorKind::Failed, "the call to the host could not be written").with_detail(error))
}

async fn collect(body: Incoming) -> Result<Bytes, RuntimeError> {
    http_body_util::Limited::new(body, MOST_BYTES)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| RuntimeError::new(RuntimeErrorKind::Unreachable, "the host went away while it answered").with_detail(error))
}

fn refusal(status: hyper::StatusCode, body: &[u8]) -> RuntimeError {
    serde_json::from_slice(body).unwrap_or_else(|_| {
        let said: String = String::from_utf8_lossy(body).chars().take(500).collect();
        RuntimeError::new(RuntimeErrorKind::Failed, "the host refused without a reason").with_detail(format!("{status}: {said}"))
    })
}

#[async_trait::async_trait]
impl Runtime for HostRuntime {
    async fn observe(&self, id: DeploymentId) -> Result<Observation, RuntimeError> {
        self.call("/observe", &Named { deployment: id }).await
    }

    async fn inventory(&self) -> Result<Vec<Resident>, RuntimeError> {
        self.call("/inventory", &()).await
    }

    async fn apply(&self, spec: &WorkloadSpec, stage: Stage) -> Result<(), RuntimeError> {
        self.call("/apply", &Apply { spec: spec.clone(), stage }).await
    }

    async fn reload(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        self.call("/reload", spec).await
    }

    async fn prove(&self, spec: &WorkloadSpec) -> Result<Proof, RuntimeError> {
        self.call("/prove", spec).await
    }

    async fn rehearse(&self, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Rehearsal, RuntimeError> {
        self.call("/rehearse", &Rehearse { spec: spec.clone(), snapshot }).await
    }

    async fn snapshot(&self, id: DeploymentId, number: u64) -> Result<Snapshot, RuntimeError> {
        self.call("/snapshot", &Numbered { deployment: id, number }).await
    }

    async fn room(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        self.call("/room", &Named { deployment: id }).await
    }

    async fn drain(&self, id: DeploymentId) -> Result<Drain, RuntimeError> {
        self.call("/drain", &Named { deployment: id }).await
    }

    async fn undrain(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        self.call("/undrain", &Named { deployment: id }).await
    }

    async fn restore(&self, id: DeploymentId, restore: Restore) -> Result<(), RuntimeError> {
        self.call("/restore", &PutBack { deployment: id, restore }).await
    }

    async fn forget(&self, id: DeploymentId, number: u64) -> Result<(), RuntimeError> {
        self.call("/forget", &Numbered { deployment: id, number }).await
    }

    async fn stop(&self, id: DeploymentId, grace_seconds: u32) -> Result<(), RuntimeError> {
        self.call("/stop", &Stop { deployment: id, grace_seconds }).await
    }

    async fn remove(&self, id: DeploymentId, scope: Scope) -> Result<(), RuntimeError> {
        self.call("/remove", &Remove { deployment: id, scope }).await
    }

    async fn quarantine(&self, container: &str) -> Result<(), RuntimeError> {
        self.call("/quarantine", &ContainerNamed { container: container.to_owned() }).await
    }

    async fn discard(&self, container: &str) -> Result<(), RuntimeError> {
        self.call("/discard", &ContainerNamed { container: container.to_owned() }).await
    }

    async fn logs(&self, id: DeploymentId, query: LogQuery) -> Result<BoxStream<Result<LogLine, RuntimeError>>, RuntimeError> {
        Ok(Box::pin(self.stream("/logs", &Logs { deployment: id, query }).await?))
    }

    async fn stats(&self, id: DeploymentId) -> Result<Stats, RuntimeError> {
        self.call("/stats", &Named { deployment: id }).await
    }

    async fn usage(&self, id: DeploymentId) -> Result<Usage, RuntimeError> {
        self.call("/usage", &Named { deployment: id }).await
    }

    async fn capacity(&self) -> Result<Capacity, RuntimeError> {
        self.call("/capacity", &()).await
    }

    async fn events(&self) -> Result<BoxStream<DeploymentId>, RuntimeError> {
        let events = self.stream("/events", &()).await?;
        // Hints only: the first error ends the stream, and the listener asks for a new one.
        Ok(Box::pin(events.take_while(|event| futures_util::future::ready(event.is_ok())).filter_map(|event| futures_util::future::ready(event.ok()))))
    }
}

#[async_trait::async_trait]
impl Images for HostRuntime {
    async fn images(&self) -> Result<Vec<Image>, RuntimeError> {
        self.call("/images", &()).await
    }

    async fn withdraw(&self, image: &Digest, reason: Option<&str>) -> Result<(), RuntimeError> {
        self.call("/withdraw", &Withdraw { image: image.clone(), reason: reason.map(str::to_owned) }).await
    }
}
