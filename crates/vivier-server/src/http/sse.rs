//! Server-sent events that a reader pulls: nothing is read ahead of the socket, so a reader that stops takes no memory.
//!
//! Every stream beats (a comment every 15 s), and ends when the caller's session or token does.

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
    let reading = Reading { app, caller, messages: Box::pin(messages), beat, greeted: false, over: false, _seat: seat };
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
        tokio::select! {
            biased;
            _ = self.beat.tick() => match self.caller.still_valid(&self.app).await {
                Ok(true) => Some(Bytes::from_static(b": alive\n\n")),
                Ok(false) => Some(self.end("signed_out")),
                Err(error) => {
                    tracing::warn!(error = %super::problem::chain(&error), "a stream cannot tell whether its caller may still read, and ends");
                    Some(self.end("unavailable"))
                }
            },
            message = self.messages.next() => match message {
                Some(message) => Some(message.write()),
                None => Some(self.end("end")),
            },
        }
    }

    fn end(&mut self, reason: &'static str) -> Bytes {
        self.over = true;
        Message::json("end", None, &serde_json::json!({ "reason": reason })).write()
    }
}
