//! The books: comparisons, revenue and cost, and what an operator changes in an account's. For operators only.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use vivier_core::time::Timestamp;
use vivier_core::wire::Page;
use vivier_core::wire::books::{MarginOut, ReconciliationOut};

use super::extract::Query;
use super::guard::{Operator, Read, Write};
use super::problem::ApiError;
use crate::app::App;
use crate::billing::Provider;
use crate::store::StoreError;

/// Reports in a list.
const REPORTS: u32 = 30;
/// How far back revenue and cost go when nothing is said.
const DAYS: i64 = 30;

/// Comparisons of ledger, payment provider and runtime
#[utoipa::path(get, path = "/v1/operator/reconciliations", tag = "operator", extensions(("x-vivier-role" = json!("operator"))),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "The last thirty, newest first", body = Page<ReconciliationOut>)))]
pub async fn list_reconciliations(State(app): State<App>, _operator: Operator<Read>) -> Result<Json<Page<ReconciliationOut>>, ApiError> {
    Ok(Json(Page { items: app.store.reconciliations(REPORTS).await?, next_cursor: None }))
}

/// Compare now
///
/// Nothing is repaired: each difference is named, counted and mailed to the operators.
#[utoipa::path(post, path = "/v1/operator/reconciliations", tag = "operator", extensions(("x-vivier-role" = json!("operator"))),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "What was found", body = ReconciliationOut)))]
pub async fn reconcile_now(State(app): State<App>, operator: Operator<Write>) -> Result<Json<ReconciliationOut>, ApiError> {
    let actor = operator.0.operator_actor();
    match app.store.reconcile_books(&actor, is_billed(&app), &app.settings.public_url).await {
        Ok(report) => Ok(Json(report)),
        Err(StoreError::Repeated) => {
            let last = app.store.reconciliations(1).await?.into_iter().next();
            last.map(Json).ok_or_else(|| ApiError::not_found("reconciliation"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether anybody has to pay here.
pub(crate) fn is_billed(app: &App) -> bool {
    app.settings.billing.provider != Provider::None
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MarginsQuery {
    /// From this time on; thirty days ago when absent.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Before this time; now when absent.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// Revenue, cost and margin of each account
///
/// Revenue is what was paid on invoices, cost what was used by the price list of the settings (`server.costs`), in its currency.
#[utoipa::path(get, path = "/v1/operator/margins", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(MarginsQuery),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "Those that have brought or cost something", body = Page<MarginOut>)))]
pub async fn list_margins(State(app): State<App>, _operator: Operator<Read>, Query(query): Query<MarginsQuery>) -> Result<Json<Page<MarginOut>>, ApiError> {
    let now = app.clock.now();
    let (since, until) = (query.since.unwrap_or_else(|| now.plus_seconds(-DAYS * 86_400)), query.until.unwrap_or(now));
    if since >= until {
        return Err(ApiError::field("since", "must be before `until`"));
    }
    Ok(Json(Page { items: app.store.margins(&app.settings.costs, since, until).await?, next_cursor: None }))
}
