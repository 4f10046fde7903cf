//! The way from the dashboard to an agent's own name: a one-time code that the edge changes into its cookie.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::Desired;
use vivier_core::name::Slug;
use vivier_core::wire::agents::OpenOut;

use super::extract::{OptionalBody, Query, SlugPath};
use super::guard::{Need as _, Owned, Write};
use super::pages::{no_such_agent, only_looking};
use super::problem::ApiError;
use crate::app::App;
use crate::auth::caller::{Caller, Identity, Via, client_address};
use crate::auth::limits::{Limit, address_key};
use crate::auth::{origin, token};
use crate::store::StoreError;
use crate::store::codes::Opener;
use crate::store::deployments::Deployment;

/// A link that signs its holder in to the agent, once, within a minute.
async fn link(app: &App, caller: &Caller, deployment: &Deployment, path: &str) -> Result<OpenOut, ApiError> {
    let code = token::opaque();
    let opener = match caller.via {
        Via::Session { id } => Opener::Browser(id),
        Via::Token { id, scopes: _ } => Opener::Program { user: caller.user, token: id },
    };
    let expires_at = app.store.create_code(token::digest(code.expose()), deployment.account, deployment.id, opener).await?;
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("code", code.expose()).append_pair("return", path).finish();
    Ok(OpenOut { url: format!("{}/.vivier/session?{query}", app.settings.agent_origin(&deployment.slug)), expires_at })
}

/// Where in the agent to begin.
#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAt {
    /// A path of the agent, such as `/chat`; its first page when absent.
    #[serde(default, rename = "return")]
    pub path: Option<String>,
}

/// A link into the agent
///
/// It signs its holder in to the agent, once, within a minute: open it at once, and give it to nobody.
#[utoipa::path(post, path = "/v1/deployments/{id}/open", tag = "deployments", extensions(("x-vivier-role" = json!("member"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    request_body = Option<OpenAt>, security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "The link", body = OpenOut)))]
pub async fn open_deployment(State(app): State<App>, owned: Owned<Write>, OptionalBody(body): OptionalBody<OpenAt>) -> Result<Json<OpenOut>, ApiError> {
    let Owned { caller, deployment, .. } = owned;
    app.auth.limits.check(Limit::Open, &caller.account.to_string()).map_err(super::accounts::reached)?;
    match deployment.desired {
        Desired::Running | Desired::Suspended => {}
        Desired::Terminated | Desired::Purged => return Err(ApiError::conflict("conflict", "The deployment is deleted. Restore it first.")),
    }
    Ok(Json(link(&app, &caller, &deployment, origin::local_path(body.path.as_deref())).await?))
}

#[derive(Debug, Deserialize)]
pub struct OpenQuery {
    #[serde(default, rename = "return")]
    path: Option<String>,
}

/// `GET /open/{slug}?return=/path`: where the edge sends a browser that it does not know.
pub async fn open_in_browser(
    State(app): State<App>,
    axum::Extension(identity): axum::Extension<Identity>,
    headers: HeaderMap,
    slug: Result<SlugPath, ApiError>,
    query: Result<Query<OpenQuery>, ApiError>,
) -> Result<Response, ApiError> {
    let Ok(SlugPath(slug)) = slug else { return Ok(no_such_agent()) };
    let path = query.ok().and_then(|Query(query)| query.path);
    let path = origin::local_path(path.as_deref());
    let caller = match identity {
        Identity::Known(caller) => caller,
        // Whoever is a member of no account has no agent to open.
        Identity::Alone(_) => return Ok(no_such_agent()),
        Identity::Nobody | Identity::Invalid(_) => return Ok(see_other(&login_for(&slug, path))),
    };
    match caller.via {
        Via::Session { .. } => {}
        // A program asks for a link with `POST /v1/deployments/{id}/open`.
        Via::Token { .. } => return Ok(no_such_agent()),
    }
    if caller.role < Write::ROLE {
        return Ok(only_looking());
    }
    let key = format!("{} {}", caller.account, address_key(client_address(&headers)));
    app.auth.limits.check(Limit::Open, &key).map_err(super::accounts::reached)?;
    let deployment = match app.store.deployment_by_slug(caller.account, &slug).await {
        Ok(deployment) => deployment,
        Err(StoreError::NotFound(_)) => return Ok(no_such_agent()),
        Err(other) => return Err(other.into()),
    };
    match deployment.desired {
        Desired::Running | Desired::Suspended => Ok(see_other(&link(&app, &caller, &deployment, path).await?.url)),
        Desired::Terminated | Desired::Purged => Ok(no_such_agent()),
    }
}

fn login_for(slug: &Slug, path: &str) -> String {
    let back: String = form_urlencoded::Serializer::new(String::new()).append_pair("return", path).finish();
    let next: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", &format!("/open/{slug}?{back}")).finish();
    format!("/login?{next}")
}

fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(error) => ApiError::internal(&error).into_response(),
    }
}
