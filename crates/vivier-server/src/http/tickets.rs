//! Support tickets: a tenant asks, with or without a look at an agent; operators answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use vivier_core::id::{AccountId, DeploymentId, TicketId};
use vivier_core::ticket::{TicketAsk, TicketState};
use vivier_core::wire::Page;
use vivier_core::wire::tickets::{NewAnswer, NewReply, NewTicket, SnapshotPreview, TicketDetail, TicketOut};

use super::extract::{Body, Query, TicketPath, number};
use super::guard::{Direct, Operator, Oversee, Owned, Read, Signed, Write};
use super::problem::ApiError;
use crate::app::App;
use crate::store::tickets::{self, Said, TicketFilter};
use crate::store::{Actor, StoreError};

const PAGE: u32 = 50;
const MOST: u32 = 200;
const MOST_SUBJECT: usize = 150;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TicketsQuery {
    /// Part of the subject or of the account's name; or a ticket's number.
    #[serde(default)]
    pub q: Option<String>,
    #[serde(default)]
    pub state: Option<TicketState>,
    /// Only this account's; a tenant sees its own in any case.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1)]
    pub cursor: Option<u32>,
    /// 1 to 200; 50 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

async fn list(app: &App, query: TicketsQuery, own: Option<AccountId>) -> Result<Json<Page<TicketOut>>, ApiError> {
    let TicketsQuery { q, state, account, cursor, limit } = query;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to {MOST}")));
    }
    if cursor == Some(0) {
        return Err(ApiError::field("cursor", "must be what `next_cursor` said"));
    }
    let account = match (own, account) {
        (Some(own), Some(other)) if own != other => return Err(ApiError::not_found("account")),
        (Some(own), _) => Some(own),
        (None, account) => account,
    };
    // `#1042` and `1042` are a number; nobody looks for one in a subject.
    let wanted = q.as_deref().map(|text| text.trim().trim_start_matches('#')).and_then(|text| text.parse::<u32>().ok()).filter(|number| *number > 0);
    let search = if wanted.is_some() { None } else { q };
    let filter = TicketFilter { account, state, search, number: wanted.map(u64::from), before: cursor.map(u64::from), limit };
    let items = app.store.tickets(&filter).await?;
    let full = items.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next_cursor = items.last().filter(|_| full).map(|ticket| ticket.number.to_string());
    Ok(Json(Page { items, next_cursor }))
}

fn checked<'a>(app: &App, message: &'a str) -> Result<&'a str, ApiError> {
    let (text, most) = (message.trim(), app.settings.tickets.message_bytes);
    if text.is_empty() || text.len() > usize::try_from(most).unwrap_or(usize::MAX) {
        return Err(ApiError::field("message", format!("must have 1 to {most} bytes")));
    }
    Ok(text)
}

/// Says or does something; the same request, sent again, is as good as done.
async fn say(app: &App, actor: &Actor, id: TicketId, own: Option<AccountId>, ask: TicketAsk, message: Option<&str>) -> Result<Json<TicketDetail>, ApiError> {
    let said = Said { ask, message, public_url: &app.settings.public_url };
    match app.store.say_in_ticket(actor, id, own, said, &app.settings.tickets.rules()).await {
        Ok(_) | Err(StoreError::Repeated) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Json(app.store.ticket_detail(id, own).await?))
}

/// What an operator would see of an agent
///
/// Configuration, last events and the end of the log, with every secret taken out. Nothing is sent: look at it, and open a ticket with
/// its id within the hour if you agree.
#[utoipa::path(post, path = "/v1/deployments/{id}/support-snapshot", tag = "tickets", extensions(("x-vivier-role" = json!("admin"))),
    params(("id" = DeploymentId, Path, description = "The deployment")), security(("session" = []), ("bearer" = ["write"])),
    responses((status = 201, description = "Exactly what would be sent", body = SnapshotPreview)))]
pub async fn take_support_snapshot(State(app): State<App>, owned: Owned<Direct>) -> Result<(StatusCode, Json<SnapshotPreview>), ApiError> {
    let Owned { caller, deployment, .. } = owned;
    let snapshot = crate::support::snapshot(&app, &deployment).await?;
    // Sent again after it was cut off, it is another snapshot: nobody has seen the first.
    let actor = Actor { once: None, ..caller.actor() };
    let preview = app.store.keep_snapshot(&actor, deployment.account, deployment.id, snapshot).await?;
    Ok((StatusCode::CREATED, Json(preview)))
}

/// Your account's tickets
#[utoipa::path(get, path = "/v1/tickets", tag = "tickets", extensions(("x-vivier-role" = json!("admin"))), params(TicketsQuery),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "One page, newest first", body = Page<TicketOut>)))]
pub async fn list_tickets(State(app): State<App>, signed: Signed<Oversee>, Query(query): Query<TicketsQuery>) -> Result<Json<Page<TicketOut>>, ApiError> {
    list(&app, query, Some(signed.0.account)).await
}

/// Open a ticket
#[utoipa::path(post, path = "/v1/tickets", tag = "tickets", extensions(("x-vivier-role" = json!("admin"))), request_body = NewTicket,
    security(("session" = []), ("bearer" = ["write"])), responses((status = 201, description = "The ticket", body = TicketDetail)))]
pub async fn open_ticket(State(app): State<App>, signed: Signed<Direct>, Body(body): Body<NewTicket>) -> Result<(StatusCode, Json<TicketDetail>), ApiError> {
    let NewTicket { subject, message, deployment, snapshot } = body;
    let subject = subject.trim();
    if subject.is_empty() || subject.chars().count() > MOST_SUBJECT || subject.chars().any(char::is_control) {
        return Err(ApiError::field("subject", format!("must have 1 to {MOST_SUBJECT} characters on one line")));
    }
    let message = checked(&app, &message)?;
    let caller = signed.0;
    let new = tickets::NewTicket { subject, message, deployment, snapshot };
    let actor = caller.actor();
    let id = match app.store.open_ticket(&actor, caller.account, new, &app.settings.public_url).await {
        Ok(ticket) => ticket.id,
        Err(StoreError::Repeated) => TicketId::from_uuid(actor.once.unwrap_or_default()),
        Err(StoreError::NotFound("snapshot")) => {
            return Err(ApiError::field("snapshot", "is not there any more, belongs to another ticket, or was never taken; take another, and look at it"));
        }
        Err(StoreError::NotFound("deployment")) => return Err(ApiError::field("deployment", "is no agent of this account")),
        Err(error) => return Err(error.into()),
    };
    Ok((StatusCode::CREATED, Json(app.store.ticket_detail(id, Some(caller.account)).await?)))
}

/// One ticket
#[utoipa::path(get, path = "/v1/tickets/{id}", tag = "tickets", extensions(("x-vivier-role" = json!("admin"))), params(("id" = TicketId, Path, description = "The ticket")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "With all that was said", body = TicketDetail)))]
pub async fn get_ticket(State(app): State<App>, signed: Signed<Oversee>, TicketPath(id): TicketPath) -> Result<Json<TicketDetail>, ApiError> {
    Ok(Json(app.store.ticket_detail(id, Some(signed.0.account)).await?))
}

/// Write in a ticket
///
/// It is open again with it, unless it is closed.
#[utoipa::path(post, path = "/v1/tickets/{id}/messages", tag = "tickets", extensions(("x-vivier-role" = json!("admin"))), params(("id" = TicketId, Path, description = "The ticket")),
    request_body = NewReply, security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "As it is now", body = TicketDetail)))]
pub async fn write_in_ticket(
    State(app): State<App>,
    signed: Signed<Direct>,
    TicketPath(id): TicketPath,
    Body(body): Body<NewReply>,
) -> Result<Json<TicketDetail>, ApiError> {
    let message = checked(&app, &body.message)?;
    say(&app, &signed.0.actor(), id, Some(signed.0.account), TicketAsk::Write, Some(message)).await
}

/// Close a ticket
#[utoipa::path(post, path = "/v1/tickets/{id}/close", tag = "tickets", extensions(("x-vivier-role" = json!("admin"))), params(("id" = TicketId, Path, description = "The ticket")),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "As it is now", body = TicketDetail)))]
pub async fn close_ticket(State(app): State<App>, signed: Signed<Direct>, TicketPath(id): TicketPath) -> Result<Json<TicketDetail>, ApiError> {
    say(&app, &signed.0.actor(), id, Some(signed.0.account), TicketAsk::Close, None).await
}

/// Open a ticket again
#[utoipa::path(post, path = "/v1/tickets/{id}/reopen", tag = "tickets", extensions(("x-vivier-role" = json!("admin"))), params(("id" = TicketId, Path, description = "The ticket")),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "As it is now", body = TicketDetail)))]
pub async fn reopen_ticket(State(app): State<App>, signed: Signed<Direct>, TicketPath(id): TicketPath) -> Result<Json<TicketDetail>, ApiError> {
    say(&app, &signed.0.actor(), id, Some(signed.0.account), TicketAsk::Reopen, None).await
}

/// Everybody's tickets
#[utoipa::path(get, path = "/v1/operator/tickets", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(TicketsQuery),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "One page, newest first", body = Page<TicketOut>)))]
pub async fn list_all_tickets(State(app): State<App>, _operator: Operator<Read>, Query(query): Query<TicketsQuery>) -> Result<Json<Page<TicketOut>>, ApiError> {
    list(&app, query, None).await
}

/// Anybody's ticket
#[utoipa::path(get, path = "/v1/operator/tickets/{id}", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = TicketId, Path, description = "The ticket")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "With all that was said, notes included", body = TicketDetail)))]
pub async fn get_any_ticket(State(app): State<App>, _operator: Operator<Read>, TicketPath(id): TicketPath) -> Result<Json<TicketDetail>, ApiError> {
    Ok(Json(app.store.ticket_detail(id, None).await?))
}

/// Answer a ticket
///
/// It then waits for the tenant, who gets a mail; or it is solved with it; or it is a note that only operators see.
#[utoipa::path(post, path = "/v1/operator/tickets/{id}/messages", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = TicketId, Path, description = "The ticket")),
    request_body = NewAnswer, security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "As it is now", body = TicketDetail)))]
pub async fn answer_ticket(
    State(app): State<App>,
    operator: Operator<Write>,
    TicketPath(id): TicketPath,
    Body(body): Body<NewAnswer>,
) -> Result<Json<TicketDetail>, ApiError> {
    let NewAnswer { message, internal, solved } = body;
    let message = checked(&app, &message)?;
    let ask = match (internal, solved) {
        (true, true) => return Err(ApiError::field("internal", "cannot be together with `solved`: the tenant would not see why")),
        (true, false) => TicketAsk::Note,
        (false, true) => TicketAsk::Solve,
        (false, false) => TicketAsk::Answer,
    };
    say(&app, &operator.0.operator_actor(), id, None, ask, Some(message)).await
}

/// Close anybody's ticket
#[utoipa::path(post, path = "/v1/operator/tickets/{id}/close", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = TicketId, Path, description = "The ticket")),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "As it is now", body = TicketDetail)))]
pub async fn operator_close_ticket(State(app): State<App>, operator: Operator<Write>, TicketPath(id): TicketPath) -> Result<Json<TicketDetail>, ApiError> {
    say(&app, &operator.0.operator_actor(), id, None, TicketAsk::Close, None).await
}

/// Open anybody's ticket again
#[utoipa::path(post, path = "/v1/operator/tickets/{id}/reopen", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = TicketId, Path, description = "The ticket")),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "As it is now", body = TicketDetail)))]
pub async fn operator_reopen_ticket(State(app): State<App>, operator: Operator<Write>, TicketPath(id): TicketPath) -> Result<Json<TicketDetail>, ApiError> {
    say(&app, &operator.0.operator_actor(), id, None, TicketAsk::Reopen, None).await
}
