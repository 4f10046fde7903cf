//! Taking events in, many at a time: those that come while one transaction commits are kept together by the next one.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, oneshot};

use super::super::{Store, StoreError};
use super::events::NewEvent;

/// An event, and whoever waits to hear that it is kept, and whether it is new. Nothing is heard when it was not kept.
type Waiting = (NewEvent, oneshot::Sender<bool>);

/// One for a process.
#[derive(Default)]
pub struct Intake {
    waiting: Mutex<Vec<Waiting>>,
    /// Whoever has it writes, for everybody who waits.
    turn: Turn<()>,
}

impl Intake {
    /// Keeps an event; it is committed when this returns. `false`: it was there already.
    pub async fn keep(&self, store: &Store, event: NewEvent) -> Result<bool, StoreError> {
        let (told, mut heard) = oneshot::channel();
        self.lock().push((event.clone(), told));
        let turn = self.turn.lock().await;
        match heard.try_recv() {
            Ok(new) => return Ok(new),
            Err(oneshot::error::TryRecvError::Empty) => {
                let batch = std::mem::take(&mut *self.lock());
                let events: Vec<_> = batch.iter().map(|(event, _)| event.clone()).collect();
                let news = store.store_events(&events).await?;
                for ((_, told), new) in batch.into_iter().zip(news) {
                    // Whoever has hung up is sent it again, and it is known then.
                    let _gone = told.send(new);
                }
            }
            // Another's turn ended without a commit: this one is kept alone.
            Err(oneshot::error::TryRecvError::Closed) => {}
        }
        drop(turn);
        match heard.try_recv() {
            Ok(new) => Ok(new),
            Err(_) => Ok(store.store_events(&[event]).await?.first().copied().unwrap_or_default()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        // A list: nothing in it can be left half done by a panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
