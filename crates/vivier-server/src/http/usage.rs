//! What was used: for the page, and as a table.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use vivier_core::id::DeploymentId;
use vivier_core::time::Timestamp;
use vivier_core::usage::beginning;
use vivier_core::wire::usage::{UsageOut, UsageStep};

use super::audit::cell;
use super::extract::Query;
use super::guard::{Oversee, Signed};
use super::problem::ApiError;
use crate::app::App;
use crate::store::usage::{UsageRow, amounts};

/// The most hours and days in one answer.
const MOST_HOURS: i64 = 31 * 24;
const MOST_DAYS: i64 = 400;
/// What is shown when nothing was asked for, in days or hours.
const USUAL: i64 = 30;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// From the hour or day that this moment is in; 30 parts before `to` when absent. RFC 3339.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub from: Option<Timestamp>,
    /// To the end of the hour or day that this moment is in; now when absent. RFC 3339.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub to: Option<Timestamp>,
    /// `day` when absent. At most 400 days or 744 hours at once, in UTC.
    #[serde(default)]
    pub step: UsageStep,
    /// Only of this one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub deployment: Option<DeploymentId>,
}

impl UsageQuery {
    /// The asked part of time, from the beginning of its first hour or day to the end of its last.
    fn check(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), ApiError> {
        let length = self.step.millis();
        let last = beginning(self.to.unwrap_or(now), length);
        let to = last.plus_millis(length);
        let from = self.from.map_or(to.plus_millis(-USUAL * length), |from| beginning(from, length));
        let most = match self.step {
            UsageStep::Hour => MOST_HOURS,
            UsageStep::Day => MOST_DAYS,
        };
        match to.millis_since(from) / length {
            parts if parts > most => Err(ApiError::field("from", format!("must lie at most {most} {}s before `to`", self.step.as_str()))),
            parts if parts <= 0 => Err(ApiError::field("from", "must not lie after `to`")),
            _ => Ok((from, to)),
        }
    }
}

/// What your account used
///
/// Running time, processor, memory, storage and bytes of the network, for each hour or day in UTC and for each deployment.
#[utoipa::path(get, path = "/v1/usage", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), params(UsageQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The sums", body = UsageOut)))]
pub async fn get_usage(State(app): State<App>, signed: Signed<Oversee>, Query(query): Query<UsageQuery>) -> Result<Json<UsageOut>, ApiError> {
    let (from, to) = query.check(app.clock.now())?;
    Ok(Json(app.store.usage(signed.0.account, query.step, from, to, query.deployment).await?))
}

/// What your account used, as a table
///
/// One line for each deployment and hour or day.
#[utoipa::path(get, path = "/v1/usage/export", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), params(UsageQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "Comma-separated, with a heading", content((String = "text/csv")))))]
pub async fn export_usage(State(app): State<App>, signed: Signed<Oversee>, Query(query): Query<UsageQuery>) -> Result<Response, ApiError> {
    let (from, to) = query.check(app.clock.now())?;
    let rows = app.store.usage_rows(signed.0.account, query.step, from, to, query.deployment).await?;
    let mut text =
        String::from("starts_at,deployment,name,running_seconds,cpu_seconds,memory_gb_hours,storage_gb_hours,egress_bytes,ingress_bytes,model_tokens\r\n");
    for row in rows {
        text.push_str(&line(&row));
    }
    let name = HeaderValue::from_static("attachment; filename=\"usage.csv\"");
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")), (header::CONTENT_DISPOSITION, name)], text).into_response())
}

fn line(row: &UsageRow) -> String {
    let UsageRow { starts_at, deployment, name, amounts: used, model_tokens } = row;
    let used = amounts((*used, *model_tokens));
    let tokens = used.model_tokens.map(|tokens| tokens.to_string()).unwrap_or_default();
    format!(
        "{starts_at},{deployment},{},{},{},{},{},{},{},{tokens}\r\n",
        cell(name.as_str()),
        used.running_seconds,
        used.cpu_seconds,
        used.memory_gb_hours,
        used.storage_gb_hours,
        used.egress_bytes,
        used.ingress_bytes
    )
}
