//! For whoever watches this process: alive, ready, and its numbers.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::Serialize;

use super::problem::{ApiError, for_status};
use crate::app::App;
use crate::auth::caller::{Caller, Identity, Via};

#[derive(Serialize, utoipa::ToSchema)]
pub struct Alive {
    pub ok: bool,
}

/// Alive
#[utoipa::path(get, path = "/healthz", tag = "health", extensions(("x-vivier-role" = json!("nobody"))), security(()), responses((status = 200, description = "The process answers", body = Alive)))]
pub async fn healthz() -> Json<Alive> {
    Json(Alive { ok: true })
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Ready {
    pub ready: bool,
    /// What does not answer, such as `database`.
    pub failing: Vec<String>,
}

/// Ready
///
/// The database answers. A host that does not is no reason to send nobody here: the dashboard says so.
#[utoipa::path(get, path = "/readyz", tag = "health", extensions(("x-vivier-role" = json!("nobody"))), security(()),
    responses((status = 200, description = "Ready", body = Ready), (status = 503, description = "Not ready", body = Ready)))]
pub async fn readyz(State(app): State<App>) -> (StatusCode, Json<Ready>) {
    match app.store.ping().await {
        Ok(()) => (StatusCode::OK, Json(Ready { ready: true, failing: Vec::new() })),
        Err(error) => {
            tracing::warn!(error = %super::problem::chain(&error), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, Json(Ready { ready: false, failing: vec!["database".to_owned()] }))
        }
    }
}

/// Seconds of a request, as buckets: what the design promises lies between the first and the last.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Seconds of a wave's stage, as buckets: from a minute to a week, which the last maintenance window may take.
const STAGE_BUCKETS: &[f64] = &[60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0, 604_800.0];

/// This process's numbers. Installed by whoever makes the first router.
static METRICS: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new();
    let of_stages = Matcher::Full("vivier_wave_stage_seconds".to_owned());
    let builder =
        builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS).and_then(|all| all.set_buckets_for_metric(of_stages, STAGE_BUCKETS));
    let builder = match builder {
        Ok(builder) => builder,
        Err(error) => unreachable!("the buckets above are not empty: {error}"),
    };
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another recorder of metrics was there first; /metrics stays empty");
    }
    handle
});

/// Begins to count.
pub fn install_metrics() {
    LazyLock::force(&METRICS);
}

/// Numbers, in Prometheus' text format
///
/// For whoever reaches the socket itself (a request without `X-Forwarded-For`: it did not come through the edge), and for
/// operators. To anyone else it does not exist.
#[utoipa::path(get, path = "/metrics", tag = "health", extensions(("x-vivier-role" = json!("nobody"))), security((), ("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The numbers", body = String, content_type = "text/plain")))]
pub async fn metrics(State(app): State<App>, axum::Extension(identity): axum::Extension<Identity>, headers: HeaderMap) -> Result<Response, ApiError> {
    let direct = !headers.contains_key("x-forwarded-for") && !headers.contains_key("forwarded");
    let operator = matches!(&identity, Identity::Known(Caller { operator: true, via: Via::Session { .. } | Via::Token { .. }, .. }));
    if !direct && !operator {
        return Err(for_status(StatusCode::NOT_FOUND));
    }
    if let Err(error) = app.store.measure_keys().await {
        tracing::warn!(error = %super::problem::chain(&error), "the keys could not be counted; their numbers are of before");
    }
    METRICS.run_upkeep();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], METRICS.render()).into_response())
}
