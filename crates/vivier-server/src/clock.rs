//! What time it is. Everything that decides by time asks here, so that a test can turn the clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use vivier_core::time::Timestamp;

pub type SharedClock = Arc<dyn Clock>;

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The machine's clock, moved by hand: for tests of what happens after days.
#[derive(Debug, Default)]
pub struct TurnedClock(Mutex<Turned>);

#[derive(Clone, Copy, Debug, Default)]
struct Turned {
    millis: i64,
    /// Since [`TurnedClock::set`]: time passes only when it is turned.
    stands_at: Option<Timestamp>,
}

impl TurnedClock {
    fn turned(&self) -> MutexGuard<'_, Turned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn turn_millis(&self, millis: i64) {
        let mut turned = self.turned();
        turned.millis = turned.millis.saturating_add(millis);
        turned.stands_at = turned.stands_at.map(|at| at.plus_millis(millis));
    }

    /// Stops it at a moment, past or future.
    pub fn set(&self, at: Timestamp) {
        self.turned().stands_at = Some(at);
    }

    pub fn turn_seconds(&self, seconds: i64) {
        self.turn_millis(seconds * 1_000);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        let Turned { millis, stands_at } = *self.turned();
        stands_at.unwrap_or_else(|| SystemClock.now().plus_millis(millis))
    }
}
