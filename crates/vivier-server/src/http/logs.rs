//! An agent's log: its last lines, and those to come.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde::Deserialize;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{LogLine, LogQuery};
use vivier_core::wire::Page;

use super::extract::{Query, flag, number};
use super::guard::{Owned, Read};
use super::problem::ApiError;
use super::sse::{self, Message};
use super::timeline::runtime;
use crate::app::App;

const TAIL: u32 = 200;
const MOST: u32 = 10_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Json,
    /// Plain text to keep as a file, one line each.
    Text,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogsQuery {
    /// How many of the last lines, 0 to 10000; 200 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 0, maximum = 10000)]
    pub tail: Option<u32>,
    /// Answer with server-sent events (`text/event-stream`): the tail first, then each line as it comes.
    #[serde(default, deserialize_with = "flag::deserialize")]
    #[param(value_type = Option<bool>)]
    pub follow: bool,
    /// `text`: a file to download. Not together with `follow`.
    #[serde(default)]
    #[param(inline)]
    pub format: LogFormat,
}

/// The agent's log
///
/// Oldest first. With `follow=true` a stream: messages named `line` with a line each; `problem` when the log cannot be read on;
/// then `end`. A slow reader slows its own stream and nothing else.
#[utoipa::path(get, path = "/v1/deployments/{id}/logs", tag = "watching", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = DeploymentId, Path, description = "The deployment"), LogsQuery),
    security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "Lines, or a stream of them",
        content((Page<LogLine> = "application/json"), (String = "text/event-stream"), (String = "text/plain")))))]
pub async fn get_logs(State(app): State<App>, owned: Owned<Read>, Query(query): Query<LogsQuery>) -> Result<Response, ApiError> {
    let LogsQuery { tail, follow, format } = query;
    let tail = tail.unwrap_or(TAIL);
    if tail > MOST {
        return Err(ApiError::field("tail", format!("must be 0 to {MOST}")));
    }
    if follow && format == LogFormat::Text {
        return Err(ApiError::field("format", "cannot be `text` together with `follow`"));
    }
    let Owned { caller, deployment, .. } = owned;
    let lines = app.runtime.logs(deployment.id, LogQuery { tail, follow }).await.map_err(runtime)?;
    if follow {
        let messages = lines.map(|line| match line {
            Ok(line) => Message::json("line", None, &line),
            Err(error) => Message::json("problem", None, runtime(error).problem()),
        });
        return sse::stream(app, caller, messages);
    }
    match format {
        LogFormat::Json => {
            let mut items = Vec::new();
            let mut lines = lines;
            while let Some(line) = lines.next().await {
                items.push(line.map_err(runtime)?);
            }
            Ok(Json(Page { items, next_cursor: None }).into_response())
        }
        LogFormat::Text => {
            // An error in the middle cuts the answer off: a file that looks whole must be whole.
            let bytes = lines.map(|line| line.map(|line| text(&line)));
            let mut response = Body::from_stream(bytes).into_response();
            let name = HeaderValue::from_str(&format!("attachment; filename=\"{}.log\"", deployment.slug)).map_err(|error| ApiError::internal(&error))?;
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
            Ok(response)
        }
    }
}

fn text(line: &LogLine) -> String {
    let LogLine { at, level, subsystem, text } = line;
    let mut out = at.to_string();
    for part in [level, subsystem].into_iter().flatten() {
        out.push(' ');
        out.push_str(part);
    }
    out.push(' ');
    out.push_str(text);
    out.push('\n');
    out
}
