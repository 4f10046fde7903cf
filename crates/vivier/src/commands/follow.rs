//! `logs` and `events`: lines that are there, and with `--follow` those to come.

use serde::de::DeserializeOwned;
use vivier_core::id::EventId;
use vivier_core::runtime::LogLine;
use vivier_core::wire::agents::EventOut;

use super::timeline;
use crate::api::Api;
use crate::cli::{EventsArgs, Level, LogsArgs};
use crate::failure::Failure;
use crate::output::{Output, Paint};
use crate::sse::{Message, Stream};
use crate::target::{self, Prefer};
use crate::text;

pub async fn logs(api: &Api, args: &LogsArgs, output: &Output) -> Result<(), Failure> {
    let id = target::find(api, &args.named.name, Prefer::Living).await?.id;
    let show = |line: &LogLine| {
        let level = line.level.as_deref().and_then(Level::parse);
        if args.level.is_some_and(|wanted| level.is_some_and(|level| level < wanted)) {
            return Ok(());
        }
        if output.is_json() { output.item(line) } else { output.line(log_line(line, level, output)) }
    };
    if !args.follow {
        return api.logs(id, args.tail).await?.iter().try_for_each(show);
    }
    // What has been shown is not asked for again after a lost connection.
    let mut stream = Stream::new(&api.http, |again| Api::follow_logs(id, if again { 0 } else { args.tail }));
    while let Some(message) = stream.next().await? {
        if let Some(line) = item::<LogLine>(&message, output)? {
            show(&line)?;
        }
    }
    Ok(())
}

fn log_line(line: &LogLine, level: Option<Level>, output: &Output) -> String {
    let paint = match level {
        Some(Level::Fatal | Level::Error) => Paint::Bad,
        Some(Level::Warn) => Paint::Warning,
        Some(Level::Info) | None => Paint::Plain,
        Some(Level::Debug | Level::Trace) => Paint::Faint,
    };
    let name = text::harmless(line.level.as_deref().unwrap_or("-"), false);
    let subsystem = line.subsystem.as_ref().map(|subsystem| format!("{} ", output.paint(Paint::Faint, &text::harmless(subsystem, false)))).unwrap_or_default();
    format!(
        "{}  {} {subsystem}{}",
        output.paint(Paint::Faint, &text::clock(line.at)),
        output.paint(paint, &format!("{name:5}")),
        text::harmless(&line.text, false)
    )
}

pub async fn events(api: &Api, args: &EventsArgs, output: &Output) -> Result<(), Failure> {
    let id = target::find(api, &args.named.name, Prefer::Living).await?.id;
    let show = |event: &EventOut| if output.is_json() { output.item(event) } else { output.line(timeline::line(event, output, false)) };
    if !args.follow {
        let events = api.events(id).await?;
        return if output.is_json() { output.document(&events) } else { events.iter().try_for_each(show) };
    }
    let mut stream = Stream::new(&api.http, |_| Api::follow_events(id));
    // Ids sort by age: one that was shown before a lost connection is not shown again.
    let mut newest: Option<EventId> = None;
    while let Some(message) = stream.next().await? {
        if let Some(event) = item::<EventOut>(&message, output)?.filter(|event| newest.is_none_or(|newest| event.id > newest)) {
            newest = Some(event.id);
            show(&event)?;
        }
    }
    Ok(())
}

/// The item of a message; none for a kind of message that says something about the stream itself.
fn item<T: DeserializeOwned>(message: &Message, output: &Output) -> Result<Option<T>, Failure> {
    match serde_json::from_str(&message.data) {
        Ok(item) => Ok(Some(item)),
        Err(_) if message.event != "message" => {
            output.aside(format!("{}: {}", text::harmless(&message.event, false), text::harmless(&message.data, false)));
            Ok(None)
        }
        Err(error) => Err(Failure::failed("The server sent a line that this version of vivier does not understand.").note(error)),
    }
}
