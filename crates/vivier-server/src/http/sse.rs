//! Server-sent events that a reader pulls: nothing is read ahead of the socket, so a reader that stops takes no memory.
//!
//! Every stream beats (a comment every 15 s), and ends when the process is stopped, and soon after the caller's session or token has.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::Stream;
use futures_util::StreamExt as _;
use vivier_core::id::AccountId;

use super::problem::ApiError;
use crate::app::App;
use crate::auth::caller::Caller;

/// A stream says that it lives this often, and looks whether its caller may still read.
const BEAT: Duration = Duration::from_secs(15);
/// After something was committed (a sign-out, perhaps) it looks after this time: one look for many commits.
const SOON: Duration = Duration::from_secs(2);
/// Streams that one account may hold open at a time.
const MOST: usize = 20;

/// One message.
#[derive(Debug)]
pub struct Message {
    pub event: &'static str,
    pub id: Option<String>,
    pub data: String,
}

impl Message {
    pub fn json<T: serde::Serialize>(event: &'static str, id: Option<String>, data: &T) -> Self {
        Self { event, id, data: serde_json::to_string(data).unwrap_or_default() }
    }

    fn write(&self) -> Bytes {
        let mut text = String::with_capacity(self.data.len() + 64);
        if let Some(id) = &self.id {
            text.push_str("id: ");
            text.push_str(id);
            text.push('\n');
        }
        text.push_str("event: ");
        text.push_str(self.event);
        text.push('\n');
        // JSON holds no line break outside of escapes; splitting keeps it true whatever comes.
        for line in self.data.split(['\n', '\r']) {
            text.push_str("data: ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
        Bytes::from(text)
    }
}

/// Who holds how many streams open.
static OPEN: std::sync::LazyLock<Arc<Mutex<HashMap<AccountId, usize>>>> = std::sync::LazyLock::new(Arc::default);

/// One stream's place among its account's.
struct Seat(AccountId);

impl Seat {
    fn take(account: AccountId) -> Result<Self, ApiError> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(account).or_default();
        if *count >= MOST {
            return Err(ApiError::too_many("streams_per_account", format!("{MOST} streams are open already. Close one first."), 5));
        }
        *count += 1;
        Ok(Self(account))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.0);
            }
        }
    }
}

struct Reading<S> {
    app: App,
    caller: Caller,
    messages: Pin<Box<S>>,
    beat: tokio::time::Interval,
    changes: tokio::sync::watch::Receiver<u64>,
    /// When to look because of a commit.
    look_at: Option<tokio::time::Instant>,
    /// The greeting, so that the reader sees at once that it is connected.
    greeted: bool,
    over: bool,
    _seat: Seat,
}

/// Answers with `messages` as they come.
///
/// # Errors
/// When the account holds too many streams open already.
pub fn stream<S>(app: App, caller: Caller, messages: S) -> Result<Response, ApiError>
where
    S: Stream<Item = Message> + Send + 'static,
{
    let seat = Seat::take(caller.account)?;
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    beat.reset();
    let changes = app.store.changes();
    let reading = Reading { app, caller, messages: Box::pin(messages), beat, changes, look_at: None, greeted: false, over: false, _seat: seat };
    let bytes = futures_util::stream::unfold(reading, |mut reading| async move {
        let chunk = reading.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), reading))
    });
    let mut response = Body::from_stream(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // For proxies in front of the edge that would collect the answer first.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

impl<S: Stream<Item = Message>> Reading<S> {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(b": connected\nretry: 2000\n\n"));
        }
        loop {
            let look_at = self.look_at;
            let look = async {
                match look_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let beats = tokio::select! {
                biased;
                // The reader comes back to the next process.
                () = self.app.stopping.cancelled() => return Some(self.end("restarting")),
                _ = self.beat.tick() => true,
                () = look => false,
                // The sender lives as long as the store, of which this stream holds a part.
                Ok(()) = self.changes.changed(), if look_at.is_none() => {
                    self.look_at = Some(tokio::time::Instant::now() + SOON);
                    continue;
                }
                message = self.messages.next() => return Some(message.map_or_else(|| self.end("end"), |message| message.write())),
            };
            self.look_at = None;
            match self.caller.still_valid(&self.app).await {
                Ok(true) if beats => return Some(Bytes::from_static(b": alive\n\n")),
                Ok(true) => {}
                Ok(false) => return Some(self.end("signed_out")),
                Err(error) => {
                    tracing::warn!(error = %super::problem::chain(&error), "a stream cannot tell whether its caller may still read, and ends");
                    return Some(self.end("unavailable"));
                }
            }
        }
    }

    fn end(&mut self, reason: &'static str) -> Bytes {
        self.over = true;
        Message::json("end", None, &serde_json::json!({ "reason": reason })).write()
    }
}
