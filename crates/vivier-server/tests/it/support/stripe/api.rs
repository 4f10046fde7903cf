//! The API: what the server calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Given;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use vivier_server::clock::{Clock as _, TurnedClock};

use super::{KEY, Mood, State};

type Shared = (Arc<Mutex<State>>, Arc<TurnedClock>);
type Form = BTreeMap<String, String>;

pub(super) fn router(state: Arc<Mutex<State>>, clock: Arc<TurnedClock>) -> Router {
    Router::new().fallback(answer).with_state((state, clock))
}

fn error(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({ "error": { "type": "invalid_request_error", "code": code, "message": message } }))
}

async fn answer(Given((state, clock)): Given<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mood = state.lock().expect("one writer").mood;
    let authorized = headers.get("authorization").and_then(|value| value.to_str().ok()) == Some(&format!("Bearer {KEY}"));
    match mood {
        Mood::Broken => return (StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":{"message":"broken"}}"#).into_response(),
        Mood::Busy => return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], r#"{"error":{"message":"busy"}}"#).into_response(),
        Mood::Nonsense => return (StatusCode::OK, "<html>a proxy's page</html>").into_response(),
        Mood::Strange => return (StatusCode::OK, r#"{"object":"list","data":[]}"#).into_response(),
        Mood::Silent => {
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
        Mood::Locked => return (StatusCode::UNAUTHORIZED, format!(r#"{{"error":{{"message":"Invalid API Key provided: {KEY}"}}}}"#)).into_response(),
        Mood::Well | Mood::BrokenAfterwards => {}
    }
    assert!(authorized, "{method} {uri} without the key");
    assert_eq!(headers["stripe-version"], "2025-03-31.basil");
    let form: Form = url::form_urlencoded::parse(&body).into_owned().collect();
    let query: Form = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path: Vec<&str> = uri.path().trim_start_matches("/v1/").split('/').collect();
    let (status, value, dies) = {
        let mut state = state.lock().expect("one writer");
        let now = clock.now().as_millis().div_euclid(1_000);
        let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
        assert_eq!(key.is_some(), method == Method::POST, "{method} {uri}: every POST carries a key");
        let body = String::from_utf8_lossy(&body).into_owned();
        let known = key.as_ref().and_then(|key| state.kept.get(key).cloned());
        let effect = method != Method::GET && known.is_none();
        let (status, value) = match known {
            Some((before, ..)) if before != body => error(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters"),
            Some((_, status, value)) => (status, value),
            None => {
                let (status, value) = state.call(&method, &path, &form, &query, now);
                if let Some(key) = key {
                    state.kept.insert(key, (body, status, value.clone()));
                }
                (status, value)
            }
        };
        let mut dies = false;
        if effect && status == 200 {
            state.effects.push(format!("{method} {}", uri.path()));
            if let Some(left) = state.fuse {
                dies = left == 0;
                state.fuse = left.checked_sub(1);
                state.blown |= dies;
            }
        }
        (status, value, dies)
    };
    if dies {
        std::future::pending::<()>().await;
    }
    if mood == Mood::BrokenAfterwards && method != Method::GET {
        return (StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":{"message":"broken"}}"#).into_response();
    }
    (StatusCode::from_u16(status).expect("a status"), axum::Json(value)).into_response()
}

impl State {
    fn call(&mut self, method: &Method, path: &[&str], form: &Form, query: &Form, now: i64) -> (u16, Value) {
        let missing = || error(404, "resource_missing", "No such thing");
        let found = |value: Option<&Value>| value.map_or_else(missing, |value| (200, value.clone()));
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        match (method.as_str(), path) {
            ("POST", ["customers"]) => {
                let id = self.name("cus");
                let customer = json!({ "id": id, "object": "customer", "email": field("email"), "invoice_settings": { "default_payment_method": null } });
                self.customers.insert(id, customer.clone());
                (200, customer)
            }
            ("GET", ["customers", id]) => found(self.customers.get(*id)),
            ("POST", ["customers", id]) => {
                let method = field("invoice_settings[default_payment_method]");
                let card = self.setup_intents.values().map(|intent| intent["payment_method"].clone()).find(|card| card["id"] == method.as_str());
                let Some(customer) = self.customers.get_mut(*id) else { return missing() };
                customer["invoice_settings"]["default_payment_method"] = card.unwrap_or(Value::Null);
                let customer = customer.clone();
                self.happened("customer.updated", &customer, now);
                (200, customer)
            }
            ("POST", ["customers", id, "balance_transactions"]) => {
                let amount: i64 = field("amount").parse().expect("a number");
                self.balances.entry((*id).to_owned()).or_default().push((amount, field("description")));
                (200, json!({ "id": self.name("cbtxn"), "object": "customer_balance_transaction" }))
            }
            ("POST", ["checkout", "sessions"]) => {
                let id = self.name("cs");
                let metadata: BTreeMap<_, _> = under(form, "metadata");
                let session = json!({
                    "id": id, "object": "checkout.session", "mode": field("mode"), "status": "open", "url": format!("https://checkout.stripe.test/{id}"),
                    "customer": field("customer"), "subscription": null, "setup_intent": null, "metadata": metadata, "expires_at": now + 86_400,
                    "vivier_price": field("line_items[0][price]"), "vivier_metadata": under(form, "subscription_data[metadata]"),
                });
                self.sessions.insert(id, session.clone());
                (200, session)
            }
            ("GET", ["checkout", "sessions", id]) => found(self.sessions.get(*id)),
            ("POST", ["checkout", "sessions", id, "expire"]) => {
                let Some(session) = self.sessions.get_mut(*id) else { return missing() };
                if session["status"] != "open" {
                    return error(400, "resource_invalid", "Only Checkout Sessions with a status in [\"open\"] can be expired.");
                }
                session["status"] = json!("expired");
                session["url"] = Value::Null;
                let session = session.clone();
                self.happened("checkout.session.expired", &session, now);
                (200, session)
            }
            ("GET", ["setup_intents", id]) => found(self.setup_intents.get(*id)),
            ("GET", ["subscriptions", id]) => found(self.subscriptions.get(*id)),
            ("POST", ["subscriptions", id]) => {
                let amount = form.get("items[0][price]").map(|price| (price.clone(), self.prices.get(price).copied()));
                if let (Some(_), Some(message)) = (&amount, self.decline.take()) {
                    return (402, json!({ "error": { "type": "card_error", "code": "card_declined", "message": message } }));
                }
                let Some(subscription) = self.subscriptions.get_mut(*id) else { return missing() };
                match amount {
                    Some((_, None)) => return error(400, "resource_missing", "No such price"),
                    Some((price, Some(amount))) => {
                        assert_eq!(form["items[0][id]"], subscription["items"]["data"][0]["id"].as_str().expect("an item"));
                        subscription["items"]["data"][0]["price"]["id"] = json!(price);
                        subscription["items"]["data"][0]["price"]["unit_amount"] = json!(amount);
                    }
                    None => {}
                }
                if let Some(at_end) = form.get("cancel_at_period_end") {
                    subscription["cancel_at_period_end"] = json!(at_end == "true");
                }
                let subscription = subscription.clone();
                self.happened("customer.subscription.updated", &subscription, now);
                (200, subscription)
            }
            ("DELETE", ["subscriptions", id]) => {
                let customer = match self.subscriptions.get_mut(*id) {
                    Some(subscription) if subscription["status"] == "canceled" => return missing(),
                    Some(subscription) => {
                        subscription["status"] = json!("canceled");
                        subscription["ended_at"] = json!(now);
                        subscription["cancellation_details"] = json!({ "reason": "cancellation_requested" });
                        subscription.clone()
                    }
                    None => return missing(),
                };
                if query.get("prorate").is_some_and(|prorate| prorate == "true") {
                    let amount = customer["items"]["data"][0]["price"]["unit_amount"].as_i64().unwrap_or_default();
                    let owner = customer["customer"].as_str().unwrap_or_default().to_owned();
                    self.balances.entry(owner).or_default().push((-amount, "proration".to_owned()));
                }
                self.happened("customer.subscription.deleted", &customer, now);
                (200, customer)
            }
            ("GET", ["invoices"]) => {
                let mut of: Vec<_> = self.invoices.values().filter(|invoice| invoice["customer"] == query["customer"].as_str()).cloned().collect();
                of.reverse();
                (200, json!({ "object": "list", "data": of, "has_more": false }))
            }
            ("GET", ["invoices", id]) => found(self.invoices.get(*id)),
            ("GET", ["invoices", id, "lines"]) => {
                (200, json!({ "object": "list", "data": self.lines.get(*id).cloned().unwrap_or_default(), "has_more": false }))
            }
            ("POST", ["invoiceitems"]) => self.add_item(&field("invoice"), &field("amount"), &field("description"), &under(form, "metadata"), now),
            ("POST", ["billing_portal", "sessions"]) => {
                (200, json!({ "id": self.name("bps"), "url": format!("https://billing.stripe.test/{}", field("customer")) }))
            }
            _ => panic!("the stand-in does not know {method} {path:?}"),
        }
    }

    fn add_item(&mut self, invoice: &str, amount: &str, description: &str, metadata: &BTreeMap<String, String>, now: i64) -> (u16, Value) {
        let amount: i64 = amount.parse().expect("a number");
        let id = self.name("ii");
        let Some(found) = self.invoices.get_mut(invoice) else { return error(404, "resource_missing", "No such invoice") };
        if found["status"] != "draft" {
            return error(400, "invoice_not_editable", "This invoice is no longer editable");
        }
        for sum in ["total", "amount_due"] {
            found[sum] = json!(found[sum].as_i64().unwrap_or_default() + amount);
        }
        let found = found.clone();
        let line = json!({ "id": format!("il_{id}"), "amount": amount, "description": description, "metadata": metadata });
        self.lines.entry(invoice.to_owned()).or_default().push(line);
        self.happened("invoice.updated", &found, now);
        (200, json!({ "id": id, "object": "invoiceitem" }))
    }
}

/// The fields `name[…]` of a form.
fn under(form: &Form, name: &str) -> BTreeMap<String, String> {
    let inner = |key: &String| Some(key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    form.iter().filter_map(|(key, value)| Some((inner(key)?, value.clone()))).collect()
}
