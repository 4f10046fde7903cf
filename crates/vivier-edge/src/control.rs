//! The edge's questions to `serve`, over its control socket.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use vivier_core::wire::edge::{Authorize, Grant, Redeem, RouteTable, RoutesAfter};

use crate::routes::{News, Routes};

/// How long `serve` may hold a poll when nothing changes.
const WAIT_SECONDS: u32 = 25;
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A table of thousands of routes is a few megabytes.
const MOST_BYTES: usize = 64 << 20;

/// Why `serve` gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("the control socket cannot be reached")]
    Connect(#[source] std::io::Error),
    #[error("the control socket broke off")]
    Http(#[source] hyper::Error),
    #[error("serve answered {0}")]
    Status(StatusCode),
    #[error("serve's answer cannot be read: {0}")]
    Answer(String),
    #[error("serve did not answer in time")]
    Late,
}

#[derive(Clone)]
pub struct Control {
    socket: Arc<PathBuf>,
    up: Arc<AtomicBool>,
}

/// One connection: as long as it lives, the same run of `serve` is at its other end.
struct Line {
    sender: SendRequest<Full<Bytes>>,
    _driver: AbortOnDropHandle<()>,
}

impl Line {
    async fn open(socket: &PathBuf) -> Result<Self, ControlError> {
        let stream = UnixStream::connect(socket).await.map_err(ControlError::Connect)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(ControlError::Http)?;
        let driver = tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!("the control connection ended: {error}");
            }
        });
        Ok(Self { sender, _driver: AbortOnDropHandle::new(driver) })
    }

    async fn ask<A: DeserializeOwned>(&mut self, path: &'static str, question: &impl Serialize, within: Duration) -> Result<Option<A>, ControlError> {
        let body = serde_json::to_vec(question).map_err(|error| ControlError::Answer(error.to_string()))?;
        let request = Request::builder().method(Method::POST).uri(path).header(HOST, "serve").header(CONTENT_TYPE, "application/json");
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| ControlError::Answer(error.to_string()))?;
        let answer = async {
            let response = self.sender.send_request(request).await.map_err(ControlError::Http)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST_BYTES).collect().await.map_err(|error| ControlError::Answer(error.to_string()))?.to_bytes();
            match status {
                StatusCode::OK => serde_json::from_slice(&body).map(Some).map_err(|error| ControlError::Answer(error.to_string())),
                StatusCode::NOT_FOUND => Ok(None),
                other => Err(ControlError::Status(other)),
            }
        };
        timeout(within, answer).await.map_err(|_| ControlError::Late)?
    }
}

impl Control {
    pub fn new(socket: PathBuf) -> Self {
        Self { socket: Arc::new(socket), up: Arc::default() }
    }

    /// Whether the last poll for routes was answered.
    pub fn up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// # Errors
    /// When `serve` cannot be asked. `None`: the code is unknown, used or too old.
    pub async fn redeem(&self, redeem: &Redeem) -> Result<Option<Grant>, ControlError> {
        self.once("/redeem", redeem).await
    }

    /// # Errors
    /// When `serve` cannot be asked. `None`: the token may not talk to this agent.
    pub async fn authorize(&self, authorize: &Authorize) -> Result<Option<Grant>, ControlError> {
        self.once("/authorize", authorize).await
    }

    async fn once<A: DeserializeOwned>(&self, path: &'static str, question: &impl Serialize) -> Result<Option<A>, ControlError> {
        timeout(ANSWER_WITHIN, Line::open(&self.socket)).await.map_err(|_| ControlError::Late)??.ask(path, question, ANSWER_WITHIN).await
    }

    /// Follows the route table until `stop`. While `serve` is away the last table stays, and the wait between attempts grows
    /// from 50 ms to 2 s.
    pub async fn follow(&self, routes: &Routes, stop: &CancellationToken) {
        let mut pause = Duration::from_millis(50);
        let mut complained = false;
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.follow_one(routes, &mut pause, &mut complained) => ended,
            };
            self.up.store(false, Ordering::Relaxed);
            if let Err(error) = ended
                && !complained
            {
                complained = true;
                tracing::warn!("serve cannot be asked for routes ({error}); the last table of {} agents stays in use", routes.load().agents().count());
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    async fn follow_one(&self, routes: &Routes, pause: &mut Duration, complained: &mut bool) -> Result<(), ControlError> {
        let mut line = Line::open(&self.socket).await?;
        // A new connection may lead to a new run of `serve`, which counts anew: the first question asks for whatever there is.
        let mut after = None;
        loop {
            let question = RoutesAfter { after, wait_seconds: WAIT_SECONDS };
            let within = Duration::from_secs(u64::from(WAIT_SECONDS) + 15);
            let asked = tokio::time::Instant::now();
            let table: RouteTable = line.ask("/routes", &question, within).await?.ok_or(ControlError::Status(StatusCode::NOT_FOUND))?;
            after = Some(table.version);
            let news = News::try_from(table).map_err(|error| ControlError::Answer(error.to_string()))?;
            let (epoch, version, count) = (news.epoch, news.version, news.agents.len());
            if routes.publish(news) {
                tracing::debug!(epoch, version, agents = count, "took a new route table");
            } else if asked.elapsed() < Duration::from_secs(1) {
                // An answer without news, at once, is not the contract: do not ask in a tight loop.
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            if !self.up.swap(true, Ordering::Relaxed) {
                tracing::info!(epoch, version, agents = count, "following serve's routes");
            }
            *complained = false;
            *pause = Duration::from_millis(50);
        }
    }
}
