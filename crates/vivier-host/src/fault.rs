//! Points at which a crash test may end the process.
//!
//! [`point`] is called after every side effect. When `VIVIER_DIE_AFTER=n` is set, the process aborts (as `kill -9` would: no
//! destructor runs) at the n-th point that it passes, counted over all points. Unset, a point costs one atomic load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable that crash tests set.
pub const VARIABLE: &str = "VIVIER_DIE_AFTER";

static DIE_AFTER: OnceLock<Option<u64>> = OnceLock::new();
static PASSED: AtomicU64 = AtomicU64::new(0);

/// Something has just been changed in the world; `name` says what.
pub fn point(name: &str) {
    let Some(fatal) = *DIE_AFTER.get_or_init(|| std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok())) else { return };
    if PASSED.fetch_add(1, Ordering::SeqCst) + 1 == fatal {
        eprintln!("{VARIABLE}={fatal}: dying at {name}");
        std::process::abort();
    }
}

/// How many points have been passed; stays 0 while [`VARIABLE`] is unset.
pub fn passed() -> u64 {
    PASSED.load(Ordering::SeqCst)
}
