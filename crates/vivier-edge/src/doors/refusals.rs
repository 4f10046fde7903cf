//! Refusals of the inner doors: one JSON line to the agent, and a log line at most every second for each tenant.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use vivier_core::id::DeploymentId;

use crate::reply::{Reply, typed};

const EVERY: Duration = Duration::from_secs(1);
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// One tenant's log of refusals.
#[derive(Default)]
pub struct Refusals {
    last: Mutex<Option<Duration>>,
    hidden: AtomicU64,
}

impl Refusals {
    pub fn tell(&self, deployment: DeploymentId, asked: &str, why: &str) {
        let now = BEGAN.elapsed();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now - last < EVERY) {
            self.hidden.fetch_add(1, Ordering::Relaxed);
            return;
        }
        *last = Some(now);
        let hidden = self.hidden.swap(0, Ordering::Relaxed);
        // What an agent asks for is its own text: without control characters, and short.
        let asked: String = asked.chars().filter(|letter| !letter.is_control()).take(120).collect();
        tracing::warn!(%deployment, asked, why, hidden, "an inner door refused");
    }
}

/// A refusal in the shape that model clients read (both OpenAI's and Anthropic's), on one line.
pub fn refuse(status: StatusCode, code: &str, message: &str) -> Reply {
    let kind = match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    let body = serde_json::json!({ "type": "error", "error": { "message": message, "type": kind, "code": code } });
    typed(status, "application/json", format!("{body}\n").into_bytes())
}
