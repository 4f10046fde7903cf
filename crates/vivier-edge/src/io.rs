//! The kinds of connections that the edge makes, as one type.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

pub enum Stream {
    Tcp(TcpStream),
    /// To an agent.
    Noted(Noted),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

macro_rules! each {
    ($self:ident, $stream:ident => $do:expr) => {
        match $self.get_mut() {
            Stream::Tcp($stream) => $do,
            Stream::Noted($stream) => $do,
            Stream::Unix($stream) => $do,
            Stream::Tls($stream) => $do,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

/// Not vectored, on purpose: see `ingress::pulse::Watched`.
impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

/// Longer requests are not noted.
const MOST_NOTED: usize = 8 << 10;

/// A connection that keeps the bytes of a request until the answer's first byte, in one buffer for all its requests: should the
/// other side go away in between, a request that may be repeated need not be lost. Copying the head costs far less than a copy
/// of the parsed request would.
pub struct Noted {
    stream: TcpStream,
    sent: Vec<u8>,
    /// The next byte that is written begins another request.
    answered: bool,
    too_long: bool,
}

impl Noted {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, sent: Vec::new(), answered: true, too_long: false }
    }

    /// What was sent of the last request, when nothing of its answer has come.
    pub fn unanswered(&self) -> Option<&[u8]> {
        (!self.answered && !self.too_long).then_some(&self.sent)
    }

    fn note(&mut self, bytes: &[u8]) {
        if std::mem::take(&mut self.answered) {
            self.sent.clear();
            self.too_long = false;
        }
        self.too_long |= self.sent.len() + bytes.len() > MOST_NOTED;
        if !self.too_long {
            self.sent.extend_from_slice(bytes);
        }
    }
}

impl AsyncRead for Noted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.answered |= buf.filled().len() > before;
        poll
    }
}

impl AsyncWrite for Noted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = &poll {
            self.note(&buf[..*written]);
        }
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
