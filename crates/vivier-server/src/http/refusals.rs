//! What was refused and should be known of: written into the audit log, so many and no more.
//!
//! A refusal changes nothing, so its row has a transaction of its own. Who tries a thousand times must not fill the log: a caller
//! leaves a few rows in a quarter of an hour, all callers together a few hundred, and the next row says how many were left out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use axum::response::Response;
use vivier_core::time::Timestamp;

use super::problem::Rendered;
use crate::app::App;
use crate::auth::caller::Identity;
use crate::store::users::User;
use crate::store::{Actor, StoreError};

/// The length of a window, in milliseconds.
const WINDOW_MILLIS: i64 = 900_000;
/// Rows of one caller, and of all of them, in one window.
const EACH: u32 = 10;
const ALL: u32 = 300;
/// Characters of a path that are kept.
const MOST_PATH: usize = 150;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct RequestLine {
    pub method: Method,
    /// As the table of routes has it.
    pub route: String,
    pub path: String,
}

/// Counts what is written in the window that runs.
#[derive(Default)]
pub struct Refusals(Mutex<Window>);

#[derive(Default)]
struct Window {
    since: Option<Timestamp>,
    by: HashMap<String, u32>,
    all: u32,
    left_out: u64,
}

impl Refusals {
    /// Whether this one is written; then with how many were left out before it.
    fn admit(&self, who: &str, now: Timestamp) -> Option<u64> {
        // Plain counters: each is whole, whatever another thread was doing when it panicked.
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.since.is_none_or(|since| now.millis_since(since) >= WINDOW_MILLIS) {
            *window = Window { since: Some(now), left_out: window.left_out, ..Window::default() };
        }
        let mine = window.by.get(who).copied().unwrap_or_default();
        if mine >= EACH || window.all >= ALL {
            window.left_out += 1;
            metrics::counter!("vivier_audit_refusals_left_out_total").increment(1);
            return None;
        }
        window.by.insert(who.to_owned(), mine + 1);
        window.all += 1;
        Some(std::mem::take(&mut window.left_out))
    }
}

/// What is to be known of an answer.
pub fn gist(response: &Response) -> (StatusCode, Option<String>) {
    (response.status(), response.extensions().get::<Rendered>().map(|Rendered(problem)| problem.code.clone()))
}

/// Writes down what was refused, if it should be known of: what somebody who is signed in may not do, an operator's routes to who is
/// none, and a sign-in that failed.
pub async fn note(app: &App, identity: &Identity, line: &RequestLine, (status, code): (StatusCode, Option<String>)) {
    if !matters(line, identity, status) {
        return;
    }
    let (actor, account) = match identity {
        Identity::Known(caller) => (caller.actor(), Some(caller.account)),
        Identity::Alone(someone) => (someone.actor(), None),
        Identity::Nobody | Identity::Invalid(_) => (Actor::named("nobody"), None),
    };
    let who = actor.user.map_or_else(|| format!("{:?}", actor.from), |user| user.to_string());
    let Some(left_out) = app.refusals.admit(&who, app.clock.now()) else { return };
    let code = code.unwrap_or_else(|| status.as_str().to_owned());
    let path: String = line.path.chars().filter(char::is_ascii_graphic).take(MOST_PATH).collect();
    let detail = serde_json::json!({ "path": path, "why": code, "left_out_before": left_out });
    let subject = format!("{} {}", line.method, line.route);
    // An operator's route names nobody's account; what is refused in an account is its admins' to see.
    if let Err(error) = app.store.audit_refusal(&actor, account, "request.refused", &subject, detail).await {
        tracing::error!("failed to write down what was refused: {error:#}");
    }
}

/// Writes down that a sign-in failed, after the answer: the caller cannot tell by its time whether there is such a user. An address
/// that nobody has is not kept.
pub fn sign_in_failed(app: &App, user: Option<User>, from: Option<IpAddr>) {
    let app = app.clone();
    tokio::spawn(async move {
        let who = user.as_ref().map_or_else(|| format!("{from:?}"), |user| user.id.to_string());
        let Some(left_out) = app.refusals.admit(&who, app.clock.now()) else { return };
        if let Err(error) = write_failed_sign_in(&app, user, from, left_out).await {
            tracing::error!("failed to write down a sign-in that failed: {error:#}");
        }
    });
}

async fn write_failed_sign_in(app: &App, user: Option<User>, from: Option<IpAddr>, left_out: u64) -> Result<(), StoreError> {
    let detail = serde_json::json!({ "why": "wrong_credentials", "left_out_before": left_out });
    let Some(user) = user else {
        return app.store.audit_refusal(&Actor { from, ..Actor::named("nobody") }, None, "account.login", "unknown user", detail).await;
    };
    // Where they worked last: its admins see it.
    let account = app.store.memberships(user.id).await?.into_iter().next().map(|last| last.account.id);
    let actor = Actor { account, user: Some(user.id), from, ..Actor::named(user.email.as_str()) };
    app.store.audit_refusal(&actor, account, "account.login", &user.id.to_string(), detail).await
}

fn matters(line: &RequestLine, identity: &Identity, status: StatusCode) -> bool {
    let known = matches!(identity, Identity::Known(_) | Identity::Alone(_));
    let forbidden = status == StatusCode::FORBIDDEN && known;
    let operators = line.route.starts_with("/v1/operator/") && matches!(identity, Identity::Known(caller) if !caller.operator);
    let unsafe_method = !line.method.is_safe();
    (forbidden && unsafe_method) || (operators && status == StatusCode::NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_refusals_leave_a_few_rows_and_the_next_window_says_how_many_there_were() {
        let (refusals, now) = (Refusals::default(), Timestamp::from_millis(0));
        assert_eq!((0..1_000).filter(|_| refusals.admit("eve", now).is_some()).count(), 10);
        assert_eq!(refusals.admit("ada", now), Some(990), "another caller still has a row");
        let others = (0..1_000).filter(|number| refusals.admit(&number.to_string(), now).is_some()).count();
        assert_eq!(others, 289, "all of them together");
        assert_eq!(refusals.admit("eve", now.plus_millis(WINDOW_MILLIS)), Some(711));
    }
}
