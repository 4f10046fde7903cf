//! What the edge asks: which names lead where, and who may pass (`core::wire::edge`). HTTP/1.1 on a socket of its own, which
//! only the edge reaches; nothing here signs anyone in.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use vivier_core::wire::accounts::{MemberRole, TokenScope};
use vivier_core::wire::edge::{Authorize, Grant, Redeem, RoutesAfter};

use crate::app::App;
use crate::auth::token;
use crate::store::codes::Redeemed;
use crate::store::{Store, StoreError};

/// The longest that the edge may wait for a newer table, in seconds.
const LONGEST_WAIT: u32 = 25;
/// What a token is granted for at a time, in seconds: the edge asks again after that, so that a deleted token ends.
const TOKEN_GRANT: i64 = 60;

pub fn router(app: App) -> Router {
    Router::new().route("/routes", post(routes)).route("/redeem", post(redeem)).route("/authorize", post(authorize)).with_state(app)
}

async fn routes(State(app): State<App>, Json(body): Json<RoutesAfter>) -> Response {
    let RoutesAfter { after, wait_seconds } = body;
    if let Some(version) = after {
        app.routes.taken(version);
    }
    let wait = Duration::from_secs(u64::from(wait_seconds.min(LONGEST_WAIT)));
    let table = tokio::select! {
        table = app.routes.after(after, wait) => table,
        // The edge keeps what it has, and asks the next process.
        () = app.stopping.cancelled() => app.routes.now(),
    };
    match table {
        Some(table) => Json(&*table).into_response(),
        // Not made yet: the edge asks again.
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn redeem(State(app): State<App>, Json(body): Json<Redeem>) -> Response {
    let Redeem { code, slug } = body;
    let grant = app.store.redeem_code(token::digest(code.expose()), &slug).await;
    answer(grant.map(|redeemed| {
        redeemed.map(|Redeemed { account, deployment, session, expires_at }| Grant { account, deployment, session: Some(session), expires_at })
    }))
}

async fn authorize(State(app): State<App>, Json(body): Json<Authorize>) -> Response {
    answer(grant_for_token(&app.store, body).await)
}

async fn grant_for_token(store: &Store, body: Authorize) -> Result<Option<Grant>, StoreError> {
    let Authorize { token: text, slug } = body;
    let Some(token) = store.token(token::digest(text.expose())).await? else { return Ok(None) };
    // Whoever may only look does not talk to agents: they do what they are told.
    if !token.scopes.contains(&TokenScope::Chat) || token.role < MemberRole::Member {
        return Ok(None);
    }
    let deployment = match store.deployment_by_slug(token.account, &slug).await {
        Ok(deployment) => deployment,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    store.touch_token(&token).await?;
    let until = store.now().plus_seconds(TOKEN_GRANT);
    let expires_at = token.expires_at.map_or(until, |end| end.min(until));
    Ok(Some(Grant { account: token.account, deployment: deployment.id, session: None, expires_at }))
}

fn answer(grant: Result<Option<Grant>, StoreError>) -> Response {
    match grant {
        Ok(Some(grant)) => Json(grant).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            let causes: Vec<String> = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
            tracing::error!(error = causes.join(": "), "the edge's question cannot be answered");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
