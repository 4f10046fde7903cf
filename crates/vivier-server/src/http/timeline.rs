//! What happened to a deployment, and what is happening.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Deserialize;
use vivier_core::id::{AccountId, DeploymentId, EventId};
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind, Stats};
use vivier_core::wire::Page;
use vivier_core::wire::agents::{EventOut, ProofOut};

use super::extract::{Query, flag, number};
use super::guard::{Owned, Read};
use super::problem::ApiError;
use super::sse::{self, Message};
use super::views;
use crate::app::App;

const PAGE: u32 = 100;
const MOST: u32 = 500;
/// Events that a follower is sent of before, when it has seen none yet.
const FIRST: u32 = 50;
/// A follower looks at least this often, should a hint be lost (another process may write to the database, too).
const LOOK: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// `next_cursor` of the page before: what is older.
    #[serde(default)]
    pub cursor: Option<EventId>,
    /// 1 to 500; 100 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// Answer with server-sent events (`text/event-stream`): the last 50, oldest first, or those after `Last-Event-ID`; then each as it comes.
    #[serde(default, deserialize_with = "flag::deserialize")]
    #[param(value_type = Option<bool>)]
    pub follow: bool,
}

/// The timeline
///
/// Newest first. With `follow=true` a stream: messages named `event` with an event each, `id` is the event's; then `end`.
#[utoipa::path(get, path = "/v1/deployments/{id}/events", tag = "watching", extensions(("x-vivier-role" = json!("viewer"))),
    params(("id" = DeploymentId, Path, description = "The deployment"), EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen, for `follow=true`")),
    security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "One page, or a stream", content((Page<EventOut> = "application/json"), (String = "text/event-stream")))))]
pub async fn list_events(State(app): State<App>, owned: Owned<Read>, headers: HeaderMap, Query(query): Query<EventsQuery>) -> Result<Response, ApiError> {
    let EventsQuery { cursor, limit, follow } = query;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to {MOST}")));
    }
    let Owned { caller, deployment, .. } = owned;
    if !follow {
        let items = app.store.events(deployment.account, deployment.id, cursor, None, limit).await?;
        let full = items.len() == usize::try_from(limit).unwrap_or(usize::MAX);
        let next_cursor = items.last().filter(|_| full).map(|event| event.id.to_string());
        return Ok(Json(Page { items, next_cursor }).into_response());
    }
    let last = match headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let text = value.to_str().unwrap_or_default();
            Some(text.parse::<EventId>().map_err(|error| ApiError::field("Last-Event-ID", error.to_string()))?)
        }
    };
    let backlog = match last {
        Some(_) => Vec::new(),
        None => {
            let mut newest = app.store.events(deployment.account, deployment.id, None, None, FIRST).await?;
            newest.reverse();
            newest
        }
    };
    let seen = last.or_else(|| backlog.last().map(|event| event.id)).unwrap_or_else(|| EventId::from_uuid(uuid::Uuid::nil()));
    let following =
        Following { app: app.clone(), account: deployment.account, deployment: deployment.id, changes: app.store.changes(), seen, ready: backlog.into() };
    let messages = stream::unfold(following, |mut following| async move {
        let message = following.next().await?;
        Some((message, following))
    });
    sse::stream(app, caller, messages)
}

struct Following {
    app: App,
    account: AccountId,
    deployment: DeploymentId,
    changes: tokio::sync::watch::Receiver<u64>,
    seen: EventId,
    /// At most one page.
    ready: std::collections::VecDeque<EventOut>,
}

impl Following {
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.seen = self.seen.max(event.id);
                return Some(Message::json("event", Some(event.id.to_string()), &event));
            }
            self.changes.mark_unchanged();
            match self.app.store.events(self.account, self.deployment, None, Some(self.seen), PAGE).await {
                Ok(events) if events.is_empty() => {
                    // A hint or the time: either way the next look tells.
                    if let Ok(Err(_)) = tokio::time::timeout(LOOK, self.changes.changed()).await {
                        return None;
                    }
                }
                Ok(events) => self.ready = events.into(),
                Err(error) => {
                    let problem = ApiError::from(error);
                    self.ready.clear();
                    tracing::warn!(code = problem.problem().code, "a stream of events ends");
                    return None;
                }
            }
        }
    }
}

/// CPU and memory now
#[utoipa::path(get, path = "/v1/deployments/{id}/stats", tag = "watching", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "What the agent uses", body = Stats)))]
pub async fn get_stats(State(app): State<App>, owned: Owned<Read>) -> Result<Json<Stats>, ApiError> {
    app.runtime.stats(owned.deployment.id).await.map(Json).map_err(runtime)
}

/// A runtime's refusal for someone who only looks.
pub(super) fn runtime(error: RuntimeError) -> ApiError {
    match error.kind {
        RuntimeErrorKind::NotFound | RuntimeErrorKind::Conflict => {
            ApiError::conflict("not_running", "The agent has no container at this moment, so there is nothing to look at.")
        }
        RuntimeErrorKind::Unreachable => {
            ApiError::unavailable("host_unreachable", "The host that runs the agent does not answer at this moment. Try again in a moment.", 5)
        }
        RuntimeErrorKind::Capacity | RuntimeErrorKind::Refused | RuntimeErrorKind::Rejected | RuntimeErrorKind::Image | RuntimeErrorKind::Failed => {
            tracing::warn!(kind = ?error.kind, message = error.message, detail = error.detail, "the host did not show what was asked for");
            ApiError::unavailable("host_failed", "The host could not show this at this moment. Try again in a moment.", 5)
        }
    }
}

/// The evidence of the agent's seal
///
/// Hardening, limits and isolation as they were read back from the running container before anyone was let to it.
#[utoipa::path(get, path = "/v1/deployments/{id}/proof", tag = "watching", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "The last proof", body = ProofOut)))]
pub async fn get_proof(State(app): State<App>, owned: Owned<Read>) -> Result<Json<ProofOut>, ApiError> {
    let proof = app.store.proof(owned.deployment.account, owned.deployment.id).await?;
    proof
        .map(|proof| Json(views::proof(proof)))
        .ok_or_else(|| ApiError::conflict("no_proof", "No container of this deployment has been proven yet. Look again when it runs."))
}
