//! A stream that is fed from elsewhere, without tokio.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

struct Queue<T> {
    items: VecDeque<T>,
    waker: Option<Waker>,
    closed: bool,
}

/// One writer's end of a bounded queue; what does not fit is dropped, so that a slow reader costs no memory.
pub(super) struct Feed<T>(Arc<Mutex<Queue<T>>>);

/// The reader's end. Dropping it tells the writer.
pub(super) struct Reader<T>(Arc<Mutex<Queue<T>>>);

impl<T> Clone for Feed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Feed<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Queue { items: VecDeque::new(), waker: None, closed: false })))
    }
}

impl<T> Feed<T> {
    /// False when nobody reads any more.
    pub fn push(&self, item: T) -> bool {
        let mut queue = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if queue.closed {
            return false;
        }
        if queue.items.len() < 10_000 {
            queue.items.push_back(item);
        }
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
        true
    }

    pub fn close(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).closed = true;
    }

    pub fn reader(&self) -> Reader<T> {
        Reader(Arc::clone(&self.0))
    }
}

impl<T> Stream for Reader<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut queue = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match queue.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if queue.closed => Poll::Ready(None),
            None => {
                queue.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).closed = true;
    }
}
