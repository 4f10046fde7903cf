//! Jobs, for operators: what waits, what is dead, and what becomes of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use vivier_core::id::JobId;
use vivier_core::wire::Page;
use vivier_core::wire::jobs::{JobOut, JobState};

use super::extract::{JobPath, Query, number};
use super::guard::{Operator, Read, Write};
use super::problem::ApiError;
use crate::app::App;

const PAGE: u32 = 50;
const MOST: u32 = 100;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<JobState>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<JobId>,
    /// 1 to 100; 50 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

/// Jobs
///
/// Mails to send and the like, without what they carry. One that is `dead` was given up, and stays until somebody decides.
#[utoipa::path(get, path = "/v1/operator/jobs", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(JobQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "One page, newest first", body = Page<JobOut>)))]
pub async fn list_jobs(State(app): State<App>, _operator: Operator<Read>, Query(query): Query<JobQuery>) -> Result<Json<Page<JobOut>>, ApiError> {
    let JobQuery { state, cursor, limit } = query;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to {MOST}")));
    }
    let (items, more) = app.store.jobs(state, cursor, limit).await?;
    let next_cursor = items.last().filter(|_| more).map(|job| job.id.to_string());
    Ok(Json(Page { items, next_cursor }))
}

/// Try a job again at once
///
/// One that is dead, or one that waits for its next try.
#[utoipa::path(post, path = "/v1/operator/jobs/{id}/retry", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = JobId, Path, description = "The job")),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "As it is now", body = JobOut)))]
pub async fn retry_job(State(app): State<App>, operator: Operator<Write>, JobPath(id): JobPath) -> Result<Json<JobOut>, ApiError> {
    Ok(Json(app.store.retry_job(&operator.0.operator_actor(), id).await?))
}

/// Throw a job away
///
/// It is not done, now or ever.
#[utoipa::path(delete, path = "/v1/operator/jobs/{id}", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = JobId, Path, description = "The job")),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 204, description = "It is gone")))]
pub async fn discard_job(State(app): State<App>, operator: Operator<Write>, JobPath(id): JobPath) -> Result<StatusCode, ApiError> {
    app.store.discard_job(&operator.0.operator_actor(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
