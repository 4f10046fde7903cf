//! Bodies on their way: streamed, never gathered.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::pool::Answer;
use crate::routes::{Leash, Place};

/// Why a visitor's body was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the request's body is larger than the limit")]
    TooLarge,
    #[error("the request's body stopped arriving")]
    Stalled,
    #[error("the request's body broke off")]
    Broken,
}

/// A request's body on its way to an agent or a server.
pub enum RequestBody {
    Full(Option<Bytes>),
    Visitor(Box<VisitorBody>),
}

/// What a visitor sends, counted and watched.
pub struct VisitorBody {
    incoming: Incoming,
    left: u64,
    stall: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    pub fn empty() -> Self {
        Self::Full(None)
    }

    pub fn visitor(incoming: Incoming, most: u64, stall: Duration) -> Self {
        if incoming.is_end_stream() { Self::empty() } else { Self::Visitor(Box::new(VisitorBody { incoming, left: most, stall, timer: None })) }
    }
}

impl VisitorBody {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(timer) = &mut self.timer {
                    timer.as_mut().reset(Instant::now() + self.stall);
                }
                let size = frame.data_ref().map_or(0, Bytes::len) as u64;
                match self.left.checked_sub(size) {
                    Some(left) => {
                        self.left = left;
                        Poll::Ready(Some(Ok(frame)))
                    }
                    None => Poll::Ready(Some(Err(BodyError::TooLarge))),
                }
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(BodyError::Broken))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let stall = self.stall;
                let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
                timer.as_mut().poll(cx).map(|()| Some(Err(BodyError::Stalled)))
            }
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Visitor(body) => body.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Visitor(body) => body.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Visitor(body) => body.incoming.size_hint(),
        }
    }
}

/// An answer's body on its way to a visitor or an agent.
pub enum ReplyBody {
    Full(Option<Bytes>),
    /// Streamed from an agent or a server; whatever must live as long as the stream goes with it.
    Streamed(Box<Streamed>),
}

/// A stream, and what is released when it ends or is given up.
pub struct Streamed {
    pub answer: Answer,
    /// Asked before each piece: when it no longer holds, the stream ends.
    pub leash: Option<Leash>,
    /// Given back when the stream ends or is given up.
    pub _place: Option<Place>,
    /// Counts the bytes.
    pub bytes: Option<metrics::Counter>,
}

impl ReplyBody {
    pub fn empty() -> Self {
        Self::Full(None)
    }
}

impl From<Vec<u8>> for ReplyBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Full(Some(bytes.into()))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Streamed(streamed) => {
                if streamed.leash.as_mut().is_some_and(|leash| !leash.holds()) {
                    return Poll::Ready(Some(Err(std::io::Error::other("the agent is gone or the session has ended"))));
                }
                let frame = streamed.answer.poll(cx);
                if let (Poll::Ready(Some(Ok(frame))), Some(bytes)) = (&frame, &streamed.bytes) {
                    bytes.increment(frame.data_ref().map_or(0, Bytes::len) as u64);
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Streamed(streamed) => streamed.answer.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Streamed(streamed) => streamed.answer.size_hint(),
        }
    }
}
