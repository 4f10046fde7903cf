//! Where one is signed in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use vivier_core::id::SessionId;
use vivier_core::wire::Page;
use vivier_core::wire::members::SessionOut;

use super::extract::SessionPath;
use super::guard::SignedIn;
use super::problem::ApiError;
use crate::app::App;

/// Where one is signed in
#[utoipa::path(get, path = "/v1/sessions", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    responses((status = 200, description = "Every session, the one last seen first", body = Page<SessionOut>)))]
pub async fn list_sessions(State(app): State<App>, SignedIn(someone): SignedIn) -> Result<Json<Page<SessionOut>>, ApiError> {
    Ok(Json(Page { items: app.store.sessions(someone.user, someone.session).await?, next_cursor: None }))
}

/// End every other session
#[utoipa::path(delete, path = "/v1/sessions", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    responses((status = 204, description = "One is signed in here alone")))]
pub async fn end_other_sessions(State(app): State<App>, SignedIn(someone): SignedIn) -> Result<StatusCode, ApiError> {
    app.store.end_other_sessions(&someone.actor(), someone.user, someone.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one session
///
/// There, and at every agent that was opened with it. One's own ends like any other.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    params(("id" = SessionId, Path, description = "The session")), responses((status = 204, description = "It has ended")))]
pub async fn end_session(State(app): State<App>, SignedIn(someone): SignedIn, SessionPath(id): SessionPath) -> Result<StatusCode, ApiError> {
    app.store.end_own_session(&someone.actor(), someone.user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
