//! Connections to one agent or one server, kept alive between requests.
//!
//! A connection has no task of its own: whoever waits for its answer drives it, in the visitor's own task. So one request
//! wakes one task, a visitor who leaves drops the connection (cancellation travels by itself), and nothing is buffered beyond
//! hyper's read buffer. It stays on the thread that made it: see `ingress::lanes`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use crate::again;
use crate::body::{BodyError, RequestBody};
use crate::ingress::lanes;
use crate::io::Stream;

/// Node's HTTP server closes what has been idle for 5 s; a request sent at that moment would be lost.
const IDLE: Duration = Duration::from_secs(4);
/// Idle connections kept on one shelf of a pool.
const MOST_IDLE: usize = 128;

/// Idle connections. One pool belongs to one agent's address, or to one agent's servers (told apart by `key`).
#[derive(Default)]
pub struct Pool {
    /// One shelf for each lane: a connection belongs to the event loop that it was made on.
    shelves: RwLock<Vec<Arc<Mutex<Vec<Idle>>>>>,
    closed: AtomicBool,
}

struct Idle {
    live: Live,
    since: Instant,
}

/// One connection and the state machine that moves its bytes.
struct Live {
    sender: SendRequest<RequestBody>,
    driver: Pin<Box<Connection<TokioIo<Stream>, RequestBody>>>,
    key: Arc<str>,
    used: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error("no connection could be made")]
    Connect(#[source] ConnectError),
    #[error("the request's body was given up")]
    Body(#[source] BodyError),
    #[error("no answer came in time")]
    Late,
    #[error("the connection broke before the answer")]
    Broken(#[source] hyper::Error),
}

/// A request without an answer.
pub struct Lost {
    pub error: ExchangeError,
    /// The request itself, when sending it once more does no harm: nothing of it had left, or it may be repeated and nothing of
    /// an answer had come.
    pub again: Option<Box<Request<RequestBody>>>,
    /// Something of it had left.
    pub sent: bool,
}

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the name cannot be resolved")]
    Resolve(#[source] io::Error),
    #[error("the address is private, or one of this machine's")]
    Private,
    #[error("the connection failed")]
    Connect(#[source] io::Error),
    #[error("the connection took too long")]
    Slow,
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
}

impl Pool {
    fn shelf(&self) -> Arc<Mutex<Vec<Idle>>> {
        let lane = lanes::here();
        if let Some(shelf) = self.shelves.read().unwrap_or_else(PoisonError::into_inner).get(lane) {
            return shelf.clone();
        }
        let mut shelves = self.shelves.write().unwrap_or_else(PoisonError::into_inner);
        while shelves.len() <= lane {
            shelves.push(Arc::default());
        }
        shelves[lane].clone()
    }

    fn take(&self, key: &str) -> Option<Live> {
        let shelf = self.shelf();
        loop {
            let mut live = {
                let mut idle = shelf.lock().unwrap_or_else(PoisonError::into_inner);
                // The most recently used one: the others may then grow old and be dropped.
                let at = idle.iter().rposition(|idle| &*idle.live.key == key)?;
                let found = idle.remove(at);
                if found.since.elapsed() > IDLE {
                    continue;
                }
                found.live
            };
            // Notices what the other side has closed meanwhile.
            if live.rest() {
                return Some(live);
            }
        }
    }

    fn put(&self, mut live: Live) {
        if !live.rest() {
            return;
        }
        live.used = true;
        let shelf = self.shelf();
        let mut idle = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE && !self.closed.load(Ordering::Acquire) {
            idle.push(Idle { live, since: Instant::now() });
        }
    }

    /// Drops what has been idle for too long. Called every few seconds.
    pub fn sweep(&self) {
        for shelf in self.shelves.read().unwrap_or_else(PoisonError::into_inner).iter() {
            shelf.lock().unwrap_or_else(PoisonError::into_inner).retain(|idle| idle.since.elapsed() <= IDLE);
        }
    }

    /// Drops what is idle, and keeps nothing from now on. A server that is told to stop waits for the connections that it has.
    pub fn close(&self) {
        // First: whoever gives a connection back looks at it behind the lock of its shelf.
        self.closed.store(true, Ordering::Release);
        for shelf in self.shelves.read().unwrap_or_else(PoisonError::into_inner).iter() {
            shelf.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Sends `request` over a kept connection, or over one that `connect` makes, and gives the answer's head and its stream.
    ///
    /// # Errors
    /// When no connection can be made, or no answer comes within `answer_within`. A request that never left (its kept connection
    /// had just been closed) is sent again over a new one.
    pub async fn exchange<F>(
        self: &Arc<Self>,
        key: &Arc<str>,
        connect: impl Fn() -> F,
        request: Request<RequestBody>,
        answer_within: Duration,
    ) -> Result<Response<Answer>, ExchangeError>
    where
        F: Future<Output = Result<Stream, ConnectError>>,
    {
        self.attempt(key, connect, request, answer_within).await.map_err(|lost| lost.error)
    }

    /// As [`Pool::exchange`], but gives the request back when it may be sent again.
    ///
    /// # Errors
    /// As [`Pool::exchange`].
    pub async fn attempt<F>(
        self: &Arc<Self>,
        key: &Arc<str>,
        connect: impl Fn() -> F,
        mut request: Request<RequestBody>,
        answer_within: Duration,
    ) -> Result<Response<Answer>, Lost>
    where
        F: Future<Output = Result<Stream, ConnectError>>,
    {
        loop {
            let mut live = match self.take(key) {
                Some(live) => live,
                None => {
                    let stream = match connect().await {
                        Ok(stream) => stream,
                        Err(error) => return Err(Lost { error: ExchangeError::Connect(error), again: Some(Box::new(request)), sent: false }),
                    };
                    match Live::open(stream, key.clone()).await {
                        Ok(live) => live,
                        Err(error) => return Err(Lost { error: ExchangeError::Broken(error), again: Some(Box::new(request)), sent: false }),
                    }
                }
            };
            match tokio::time::timeout(answer_within, live.send(request)).await {
                Ok(Ok(response)) => {
                    let (head, incoming) = response.into_parts();
                    let mut answer = Answer { incoming, live: Some(live), pool: self.clone() };
                    if answer.incoming.is_end_stream() {
                        answer.give_back();
                    }
                    return Ok(Response::from_parts(head, answer));
                }
                Ok(Err((error, back))) => match (live.used, back) {
                    (true, Some(back)) => request = back,
                    (false, Some(back)) => return Err(Lost { error: explain(error), again: Some(Box::new(back)), sent: false }),
                    (true | false, None) => return Err(Lost { error: explain(error), again: live.repeatable().map(Box::new), sent: true }),
                },
                Err(_) => return Err(Lost { error: ExchangeError::Late, again: None, sent: true }),
            }
        }
    }
}

fn explain(error: hyper::Error) -> ExchangeError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(cause) = source {
        if let Some(body) = cause.downcast_ref::<BodyError>() {
            return ExchangeError::Body(*body);
        }
        source = cause.source();
    }
    ExchangeError::Broken(error)
}

impl Live {
    async fn open(stream: Stream, key: Arc<str>) -> Result<Self, hyper::Error> {
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driver: Box::pin(driver), key, used: false })
    }

    /// Drives the connection without waiting for it. True when it is open and ready for another request.
    fn rest(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.driver.as_mut().poll(&mut cx).is_pending() && self.sender.is_ready()
    }

    async fn send(&mut self, request: Request<RequestBody>) -> Result<Response<Incoming>, (hyper::Error, Option<Request<RequestBody>>)> {
        let mut answer = std::pin::pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        let mut over = false;
        let answer = std::future::poll_fn(|cx| {
            // Its end is told through `answer`, with the reason; a finished future must not be polled again.
            if !over {
                over = driver.as_mut().poll(cx).is_ready();
            }
            answer.as_mut().poll(cx)
        });
        answer.await.map_err(|mut error| (error.take_message(), error.into_error())).map_err(|(back, error)| (error, back))
    }
}

impl Live {
    /// The request that was sent last, when it may be sent again: it is a plain GET or HEAD, and nothing of an answer has come.
    fn repeatable(self) -> Option<Request<RequestBody>> {
        match Pin::into_inner(self.driver).into_parts().io.into_inner() {
            Stream::Noted(noted) => noted.unanswered().and_then(again::parse),
            Stream::Tcp(_) | Stream::Unix(_) | Stream::Tls(_) => None,
        }
    }
}

/// An answer's body. At its end the connection goes back to its pool; dropped earlier, it is closed.
pub struct Answer {
    incoming: Incoming,
    live: Option<Live>,
    pool: Arc<Pool>,
}

impl Answer {
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Poll::Ready(frame) = self.frame(cx) {
                return Poll::Ready(frame);
            }
            let Some(live) = &mut self.live else { return Poll::Pending };
            match live.driver.as_mut().poll(cx) {
                // It ended: what it left in the body is still to be read, then the body ends too.
                Poll::Ready(_) => self.live = None,
                // It may just have read what was missing.
                Poll::Pending => return self.frame(cx),
            }
        }
    }

    /// What has arrived of the body. With its last frame the connection goes back; a broken one is dropped.
    fn frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut self.incoming).poll_frame(cx).map(|frame| match frame {
            Some(Ok(frame)) => {
                if self.incoming.is_end_stream() {
                    self.give_back();
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                self.live = None;
                Some(Err(io::Error::other(error)))
            }
            None => {
                self.give_back();
                None
            }
        })
    }

    pub fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    pub fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }

    fn give_back(&mut self) {
        if let Some(live) = self.live.take() {
            self.pool.put(live);
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.get_mut().poll(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// Sends a request that asks for an upgrade, over a connection of its own that is never shared.
///
/// # Errors
/// When the connection breaks before the answer, or none comes in time.
pub async fn upgrade(stream: Stream, request: Request<RequestBody>, answer_within: Duration) -> Result<Response<Incoming>, ExchangeError> {
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(ExchangeError::Broken)?;
    // Ends with the connection, or when the upgrade takes the socket out of it.
    tokio::spawn(async move {
        if let Err(error) = driver.with_upgrades().await {
            tracing::debug!("an upgraded connection's carrier ended: {error}");
        }
    });
    match tokio::time::timeout(answer_within, sender.send_request(request)).await {
        Ok(answer) => answer.map_err(explain),
        Err(_) => Err(ExchangeError::Late),
    }
}
