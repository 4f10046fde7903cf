//! API tokens of programs, asked of `serve` and remembered for a short while. Tokens themselves are never kept: only digests.

use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use moka::future::Cache;
use tokio::sync::Semaphore;
use vivier_core::id::DeploymentId;
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use vivier_core::wire::edge::Authorize;

use crate::edge::Shared;
use crate::reply::Refusal;
use crate::routes::Agent;

const GRANTED: Duration = Duration::from_secs(30);
const DENIED: Duration = Duration::from_secs(5);
/// How long a granted token is believed while `serve` is down.
const ALONE: Duration = Duration::from_secs(600);
const MOST: u64 = 10_000;
/// Questions to `serve` at once: guessing tokens must not drown it.
const QUESTIONS: usize = 32;

type Key = ([u8; 32], DeploymentId);

#[derive(Clone, Copy)]
struct Verdict {
    at: Instant,
    /// Until when the token is good; absent: it is not.
    granted: Option<Timestamp>,
}

pub struct Bearers {
    verdicts: Cache<Key, Verdict>,
    questions: Semaphore,
}

impl Bearers {
    pub fn new() -> Self {
        Self { verdicts: Cache::builder().max_capacity(MOST).time_to_live(ALONE).build(), questions: Semaphore::new(QUESTIONS) }
    }
}

/// # Errors
/// With the refusal for the caller, when the token may not talk to this agent or cannot be checked.
pub async fn check(shared: &Shared, agent: &Agent, token: &str) -> Result<(), Box<Refusal>> {
    let mut key = ([0; 32], agent.deployment);
    key.0.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    let bearers = &shared.bearers;
    let now = (shared.world.now)();
    let known = bearers.verdicts.get(&key).await;
    if let Some(verdict) = known {
        let fresh = if verdict.granted.is_some() { GRANTED } else { DENIED };
        if verdict.at.elapsed() < fresh {
            return judge(verdict, now);
        }
    }
    let Ok(_place) = bearers.questions.try_acquire() else {
        let detail = "too many tokens are being checked at once; try again in a moment";
        return Err(Box::new(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too busy", detail).retry_after(1)));
    };
    let granted = match shared.control.authorize(&Authorize { token: Secret::new(token), slug: agent.slug.clone() }).await {
        Ok(Some(grant)) => (grant.deployment == agent.deployment && grant.account == agent.account).then_some(grant.expires_at),
        Ok(None) => None,
        Err(error) => {
            tracing::warn!("a token cannot be checked: {error}");
            return match known {
                Some(verdict) if verdict.granted.is_some() => judge(verdict, now),
                Some(_) | None => {
                    let detail = "Vivier's server is restarting and cannot check this token; try again in a moment";
                    Err(Box::new(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "serve_down", "One moment", detail).retry_after(2)))
                }
            };
        }
    };
    let verdict = Verdict { at: Instant::now(), granted };
    bearers.verdicts.insert(key, verdict).await;
    judge(verdict, now)
}

fn judge(verdict: Verdict, now: Timestamp) -> Result<(), Box<Refusal>> {
    if verdict.granted.is_some_and(|until| until > now) {
        return Ok(());
    }
    let detail = "the token is unknown, over or revoked, lacks the scope chat, or belongs to another account; make one on the account page";
    Err(Box::new(Refusal::new(StatusCode::UNAUTHORIZED, "token_refused", "This token does not open this agent", detail)))
}
