//! What an operator sees and may do. To anyone else these routes do not exist.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use vivier_core::hold::Hold;
use vivier_core::id::{DeploymentId, ReleaseId};
use vivier_core::wire::Page;
use vivier_core::wire::agents::DeploymentOut;
use vivier_core::wire::operator::{HostOut, NewWithdrawal, OwnedDeploymentOut, QuarantineOut, ReleaseOut};

use super::deployments::{Answer, Found, ListQuery, accepted};
use super::extract::{Body, DeploymentPath, Query, ReleasePath};
use super::guard::{Operator, Read, Write};
use super::problem::ApiError;
use super::views;
use crate::app::App;
use crate::auth::caller::Caller;
use crate::store::StoreError;
use crate::store::deployments::Asked;
use crate::worker;

/// The longest reason for a withdrawal, in bytes.
const MOST_REASON: usize = 500;

/// Hosts
#[utoipa::path(get, path = "/v1/operator/hosts", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "Every host, as it was last seen", body = Page<HostOut>)))]
pub async fn list_hosts(State(app): State<App>, _operator: Operator<Read>) -> Result<Json<Page<HostOut>>, ApiError> {
    Ok(Json(Page { items: vec![views::host(worker::host_view(&app).await?)], next_cursor: None }))
}

/// Deployments of every account
///
/// `q` also finds parts of the owner's address.
#[utoipa::path(get, path = "/v1/operator/deployments", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(ListQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "One page, newest first", body = Page<OwnedDeploymentOut>)))]
pub async fn list_all_deployments(
    State(app): State<App>,
    _operator: Operator<Read>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<OwnedDeploymentOut>>, ApiError> {
    let (mut filter, state) = query.check()?;
    let mut found = Found::new(&filter);
    while found.wants_more() {
        let page = app.store.all_deployments(&filter).await?;
        found.take(page, state, &mut filter);
    }
    Ok(Json(found.page(|row| views::owned_deployment(&app, row))))
}

/// Containers that no deployment owns
#[utoipa::path(get, path = "/v1/operator/quarantine", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "Stopped, and kept for a while", body = Page<QuarantineOut>)))]
pub async fn list_quarantine(State(app): State<App>, _operator: Operator<Read>) -> Result<Json<Page<QuarantineOut>>, ApiError> {
    Ok(Json(Page { items: app.store.quarantined().await?, next_cursor: None }))
}

/// Releases of the agent image
#[utoipa::path(get, path = "/v1/operator/releases", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "Newest first", body = Page<ReleaseOut>)))]
pub async fn list_releases(State(app): State<App>, _operator: Operator<Read>) -> Result<Json<Page<ReleaseOut>>, ApiError> {
    Ok(Json(Page { items: app.store.releases().await?, next_cursor: None }))
}

/// Take a release back
///
/// The host starts it no more, from this moment and whoever asks; agents that run it go on. It is not offered, cannot be chosen or
/// gone back to, and new deployments get the newest of the others.
#[utoipa::path(post, path = "/v1/operator/releases/{id}/withdraw", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = ReleaseId, Path, description = "The release")),
    request_body = NewWithdrawal, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "As it is now", body = ReleaseOut)))]
pub async fn withdraw_release(
    State(app): State<App>,
    operator: Operator<Write>,
    ReleasePath(id): ReleasePath,
    Body(body): Body<NewWithdrawal>,
) -> Result<Json<ReleaseOut>, ApiError> {
    let reason = body.reason.trim();
    if reason.is_empty() || reason.len() > MOST_REASON {
        return Err(ApiError::field("reason", format!("must have 1 to {MOST_REASON} letters; tenants are shown it")));
    }
    set_withdrawn(&app, &operator.0, id, Some(reason)).await
}

/// Let a release that was taken back be started again
#[utoipa::path(delete, path = "/v1/operator/releases/{id}/withdraw", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = ReleaseId, Path, description = "The release")),
    security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "As it is now", body = ReleaseOut)))]
pub async fn reinstate_release(State(app): State<App>, operator: Operator<Write>, ReleasePath(id): ReleasePath) -> Result<Json<ReleaseOut>, ApiError> {
    set_withdrawn(&app, &operator.0, id, None).await
}

async fn set_withdrawn(app: &App, caller: &Caller, id: ReleaseId, reason: Option<&str>) -> Result<Json<ReleaseOut>, ApiError> {
    app.releases.withdraw(&caller.operator_actor(), id, reason).await?;
    let found = app.store.releases().await?.into_iter().find(|release| release.id == id);
    found.map(Json).ok_or_else(|| ApiError::not_found("release"))
}

async fn hold(app: &App, caller: &Caller, id: DeploymentId, set: bool) -> Result<Answer, ApiError> {
    let account = app.store.deployment_owner(id).await?;
    let actor = caller.operator_actor();
    let done = if set { app.store.hold(&actor, account, id, Hold::Operator).await } else { app.store.release_hold(&actor, account, id, Hold::Operator).await };
    match done {
        Ok((Asked::Accepted, deployment)) => Ok(accepted(app, deployment)),
        Ok((Asked::AlreadySo, deployment)) => Ok((StatusCode::OK, Json(views::deployment(app, deployment)))),
        Err(StoreError::Repeated) => Ok(accepted(app, app.store.deployment(account, id).await?)),
        Err(other) => Err(other.into()),
    }
}

/// Suspend anyone's deployment
///
/// Its owner cannot lift this; what they want is kept, and holds again when it is lifted.
#[utoipa::path(post, path = "/v1/operator/deployments/{id}/suspend", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It was begun", body = DeploymentOut), (status = 200, description = "It is so already", body = DeploymentOut)))]
pub async fn operator_suspend(State(app): State<App>, operator: Operator<Write>, DeploymentPath(id): DeploymentPath) -> Result<Answer, ApiError> {
    hold(&app, &operator.0, id, true).await
}

/// Lift an operator's suspension
///
/// What its owner wants holds again, unless it is not paid for.
#[utoipa::path(post, path = "/v1/operator/deployments/{id}/resume", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It was begun", body = DeploymentOut), (status = 200, description = "It is so already", body = DeploymentOut)))]
pub async fn operator_resume(State(app): State<App>, operator: Operator<Write>, DeploymentPath(id): DeploymentPath) -> Result<Answer, ApiError> {
    hold(&app, &operator.0, id, false).await
}
