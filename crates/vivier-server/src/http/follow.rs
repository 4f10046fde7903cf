//! Whether a deployment's releases are chosen by its owner or by a channel, and when.

use axum::Json;
use axum::extract::State;
use vivier_core::id::DeploymentId;
use vivier_core::wire::agents::DeploymentOut;
use vivier_core::wire::waves::Follow;

use super::extract::Body;
use super::guard::{Owned, Write};
use super::problem::ApiError;
use super::views;
use crate::app::App;
use crate::store::StoreError;

/// Follow a channel, or stay on a release
///
/// A follower gets the channel's releases by itself, in waves, within its window; each comes back by itself when it does not work.
/// It is not moved at once, but by the next promotion of the channel. Choosing a release by hand, or going back to another one, ends
/// the following.
#[utoipa::path(put, path = "/v1/deployments/{id}/follow", tag = "deployments", extensions(("x-vivier-role" = json!("member"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    request_body = Follow, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "As it is now", body = DeploymentOut)))]
pub async fn follow_channel(State(app): State<App>, owned: Owned<Write>, Body(body): Body<Follow>) -> Result<Json<DeploymentOut>, ApiError> {
    let Follow { channel, window } = body;
    let Owned { caller, deployment, .. } = owned;
    let followed = match app.store.follow(&caller.actor(), deployment.account, deployment.id, channel, window.as_ref()).await {
        Err(StoreError::Repeated) => app.store.deployment(deployment.account, deployment.id).await?,
        other => other?,
    };
    app.wake.notify_one();
    Ok(Json(views::deployment(&app, followed)))
}
