//! What time it is. Everything that decides by time asks here, so that a test can turn the clock.

use std::sync::Arc;
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

/// The machine's clock, moved ahead by hand: for tests of what happens after days.
#[derive(Debug, Default)]
pub struct TurnedClock(std::sync::atomic::AtomicI64);

impl TurnedClock {
    pub fn turn_millis(&self, millis: i64) {
        self.0.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }

    pub fn turn_seconds(&self, seconds: i64) {
        self.turn_millis(seconds * 1_000);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}
