//! The payment provider's events, taken in: checked by their signature, kept by their id, answered. What they mean is read again at the
//! provider by the worker, so neither their order nor what they say matters.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use vivier_core::wire::billing::Received;

use super::problem::{ApiError, for_status};
use crate::app::App;
use crate::billing::stripe::objects::Event;
use crate::billing::stripe::signature;
use crate::store::billing::events::NewEvent;

/// The largest webhook, in bytes. Stripe's have some tens of kilobytes.
const MOST_BYTES: usize = 512 * 1024;
/// The longest id or kind.
const MOST_NAME: usize = 255;

fn refused(why: &str) -> ApiError {
    metrics::counter!("vivier_billing_webhooks_total", "outcome" => "refused").increment(1);
    ApiError::new(StatusCode::BAD_REQUEST, "webhook_refused", "The webhook is not accepted", format!("It is not accepted: {why}."))
}

/// Events of the payment provider
///
/// The body is one event, signed by the provider: the header `Stripe-Signature` over its bytes. Each event is kept once, however often it is sent.
#[utoipa::path(post, path = "/v1/billing/webhook", tag = "billing", extensions(("x-vivier-role" = json!("nobody"))), security(()),
    responses((status = 200, description = "It is kept", body = Received)))]
pub async fn webhook(State(app): State<App>, request: Request) -> Result<Json<Received>, ApiError> {
    let Some(billing) = &app.billing else { return Err(for_status(StatusCode::NOT_FOUND)) };
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MOST_BYTES).await.map_err(|_| refused("its body is too large, or ended early"))?;
    let header = parts.headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    let secrets = billing.settings.webhook_secrets()?;
    signature::check(header, &body, &secrets, app.clock.now()).map_err(|error| refused(&error.to_string()))?;
    let event: Event = serde_json::from_slice(&body).map_err(|_| refused("its body is no event"))?;
    let name = |text: String| if text.len() <= MOST_NAME && !text.contains('\0') { Ok(text) } else { Err(refused("a name in it is too long")) };
    let event = NewEvent {
        id: name(event.id)?,
        kind: name(event.kind)?,
        object_kind: name(event.data.object.object)?,
        object_id: name(event.data.object.id.unwrap_or_default())?,
    };
    let new = billing.intake.keep(&app.store, event).await?;
    metrics::counter!("vivier_billing_webhooks_total", "outcome" => if new { "kept" } else { "known" }).increment(1);
    billing.wake.notify_one();
    Ok(Json(Received { received: true }))
}
