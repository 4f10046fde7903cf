//! Bytes both ways between two sockets: WebSockets and CONNECT. Two buffers of 8 KiB, and back-pressure from either side.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const BUFFER: usize = 8 << 10;

/// Why a tunnel was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// One of the two sides ended it.
    Ended,
    /// Nothing moved for too long.
    Idle,
    /// It was no longer allowed.
    Cut,
}

/// What went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    pub inward: u64,
    pub outward: u64,
    pub closed: Closed,
}

struct Counted<S> {
    stream: S,
    read: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.read.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Moves bytes until a side ends, nothing moves for `idle`, or `cut` resolves. `near` is the side that asked.
pub async fn run(near: impl AsyncRead + AsyncWrite + Unpin, far: impl AsyncRead + AsyncWrite + Unpin, idle: Duration, cut: impl Future<Output = ()>) -> Passed {
    let (from_near, from_far) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut near = Counted { stream: near, read: from_near.clone() };
    let mut far = Counted { stream: far, read: from_far.clone() };
    let moved = || from_near.load(Ordering::Relaxed) + from_far.load(Ordering::Relaxed);
    let silence = async {
        let mut seen = moved();
        loop {
            tokio::time::sleep(idle).await;
            let now = moved();
            if std::mem::replace(&mut seen, now) == now {
                return;
            }
        }
    };
    let closed = tokio::select! {
        // How it ended is between the two sides.
        _ = tokio::io::copy_bidirectional_with_sizes(&mut near, &mut far, BUFFER, BUFFER) => Closed::Ended,
        () = cut => Closed::Cut,
        () = silence => Closed::Idle,
    };
    Passed { inward: from_far.load(Ordering::Relaxed), outward: from_near.load(Ordering::Relaxed), closed }
}
