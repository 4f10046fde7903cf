//! Watches one public connection: headers that come drop by drop, silence between requests, and heads that frame their body
//! in two ways at once.

use std::io;
use std::os::fd::AsFd as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::config::Limits;

pub struct Pulse {
    began: Instant,
    /// Milliseconds after `began` (plus one) at which the bytes of an unfinished head began to arrive; 0: none.
    head_since: AtomicU64,
    /// Milliseconds after `began` at which the last request ended.
    idle_since: AtomicU64,
    under_way: AtomicU32,
    http2: AtomicBool,
    two_framings: AtomicBool,
    order: AtomicU8,
    waker: AtomicWaker,
    /// Somebody waits for the peer's going.
    listens: AtomicBool,
    gone: Notify,
}

/// What a connection is told from outside its own task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Order {
    Go = 0,
    /// Finish what is under way, then close.
    Finish = 1,
    /// Close now.
    End = 2,
}

impl Pulse {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            // A connection that never says anything is slow, not idle.
            head_since: AtomicU64::new(1),
            idle_since: AtomicU64::new(0),
            under_way: AtomicU32::new(0),
            http2: AtomicBool::new(false),
            two_framings: AtomicBool::new(false),
            order: AtomicU8::new(0),
            waker: AtomicWaker::new(),
            listens: AtomicBool::new(false),
            gone: Notify::new(),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A request's head is whole.
    pub fn begin(self: &Arc<Self>, http2: bool) -> Beat {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        if http2 {
            self.http2.store(true, Ordering::Relaxed);
        }
        Beat(self.clone())
    }

    /// Whether the head that was just read named both Transfer-Encoding and Content-Length. hyper follows the former and closes
    /// afterwards, as RFC 9112 section 6.1 allows; we refuse, since no honest client sends both.
    pub fn two_framings(&self) -> bool {
        self.two_framings.swap(false, Ordering::Relaxed)
    }

    /// What its silence has earned it: a head that takes too long ends a connection, idleness lets it finish.
    pub fn judge(&self, limits: &Limits) -> Order {
        if self.under_way.load(Ordering::Relaxed) > 0 {
            return Order::Go;
        }
        let now = self.now();
        let head_since = self.head_since.load(Ordering::Relaxed);
        if head_since > 0 && now.saturating_sub(head_since) >= limits.header_seconds * 1000 {
            return Order::End;
        }
        let idle = head_since == 0 && now.saturating_sub(self.idle_since.load(Ordering::Relaxed)) >= limits.idle_seconds * 1000;
        if idle { Order::Finish } else { Order::Go }
    }

    /// Tells the connection; an order is never taken back.
    pub fn tell(&self, order: Order) {
        if self.order.fetch_max(order as u8, Ordering::AcqRel) < order as u8 {
            self.waker.wake();
        }
    }

    /// Waits until the peer has closed its side or the connection is broken. hyper notices that by reading, which it does not do
    /// while a body waits to be read; so the socket gets a second registration for the time being. (The end of a client whose
    /// kernel still has bytes to send, because ours takes no more, is not seen by anyone.)
    pub async fn left(&self) {
        struct Listening<'a>(&'a Pulse);
        impl Drop for Listening<'_> {
            fn drop(&mut self) {
                self.0.listens.store(false, Ordering::Relaxed);
            }
        }
        self.listens.store(true, Ordering::Relaxed);
        let _listening = Listening(self);
        // The connection's own task makes the registration, since it has the socket.
        self.waker.wake();
        self.gone.notified().await;
    }

    /// The order that stands; the task is woken when it changes.
    pub fn heed(&self, cx: &Context<'_>) -> Order {
        self.waker.register(cx.waker());
        match self.order.load(Ordering::Acquire) {
            0 => Order::Go,
            1 => Order::Finish,
            _ => Order::End,
        }
    }
}

/// One request under way, until its answer's body has ended.
pub struct Beat(Arc<Pulse>);

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A visitor's socket whose reading is watched.
pub struct Watched {
    stream: TcpStream,
    pulse: Arc<Pulse>,
    transfer_encoding: bool,
    content_length: bool,
    ear: Option<AbortOnDropHandle<()>>,
}

impl Watched {
    pub fn new(stream: TcpStream, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse, transfer_encoding: false, content_length: false, ear: None }
    }

    /// Listens for the peer's going as long as somebody wants to know. A number of bytes stays unread meanwhile.
    #[cold]
    fn listen(&mut self) {
        if !self.pulse.listens.load(Ordering::Relaxed) {
            self.ear = None;
        } else if self.ear.is_none() {
            let pulse = self.pulse.clone();
            match self.stream.as_fd().try_clone_to_owned().map(std::net::TcpStream::from).and_then(TcpStream::from_std) {
                Ok(twin) => {
                    self.ear = Some(AbortOnDropHandle::new(tokio::spawn(async move {
                        // No readable byte wakes this: only urgent ones, which nobody sends, and the end.
                        match twin.ready(Interest::PRIORITY).await {
                            Ok(_) => pulse.gone.notify_one(),
                            Err(error) => tracing::debug!("a connection cannot be watched: {error}"),
                        }
                    })));
                }
                Err(error) => tracing::debug!("a connection cannot be watched: {error}"),
            }
        }
    }

    fn look(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.pulse.under_way.load(Ordering::Relaxed) > 0 || self.pulse.http2.load(Ordering::Relaxed) {
            return;
        }
        let fresh = self.pulse.head_since.load(Ordering::Relaxed) <= 1;
        if fresh {
            self.pulse.head_since.store(self.pulse.now() + 2, Ordering::Relaxed);
            (self.transfer_encoding, self.content_length) = (false, false);
            self.pulse.two_framings.store(false, Ordering::Relaxed);
        }
        for line in bytes.split(|&byte| byte == b'\n') {
            match line.first() {
                // The empty line: what follows is a body.
                Some(b'\r') => break,
                Some(b't' | b'T') => self.transfer_encoding |= names(line, b"transfer-encoding"),
                Some(b'c' | b'C') => self.content_length |= names(line, b"content-length"),
                Some(_) | None => {}
            }
        }
        if self.transfer_encoding && self.content_length {
            self.pulse.two_framings.store(true, Ordering::Relaxed);
        }
    }
}

fn names(line: &[u8], name: &[u8]) -> bool {
    line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name) && line[name.len()] == b':'
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.look(&buf.filled()[before..]);
        poll
    }
}

/// Not vectored, on purpose: hyper then puts head and body into one buffer, and one plain `send` of a few kilobytes costs the
/// kernel less than gathering them.
impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Called whenever hyper has looked after the connection.
        if self.pulse.listens.load(Ordering::Relaxed) != self.ear.is_some() {
            self.listen();
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
