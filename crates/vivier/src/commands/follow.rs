//! `logs` and `events`: lines that are there, and with `--follow` those to come.

use serde::de::DeserializeOwned;
use vivier_core::id::EventId;
use vivier_core::lifecycle::State;
use vivier_core::runtime::LogLine;
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::EventOut;
use vivier_core::wire::problem::Problem;

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
    let mut days = timeline::Days::default();
    let mut show = |line: &LogLine| {
        let level = line.level.as_deref().and_then(Level::parse);
        if args.level.is_some_and(|wanted| level.is_some_and(|level| level < wanted)) {
            return Ok(());
        }
        if output.is_json() {
            return output.item(line);
        }
        if let Some(day) = days.heading(line.at, output) {
            output.line(day)?;
        }
        output.line(log_line(line, level, output))
    };
    if !args.follow {
        return api.logs(id, args.tail).await?.iter().try_for_each(show);
    }
    let mut shown = Shown::default();
    let mut stream = Stream::new(&api.http, |again| Api::follow_logs(id, if again { CATCH_UP.max(args.tail) } else { args.tail }));
    loop {
        match stream.next().await {
            Ok(Some(message)) => {
                if let Some(line) = item::<LogLine>(&message, output)?
                    && shown.is_new(&line)
                {
                    show(&line)?;
                }
            }
            Ok(None) => return Ok(()),
            // No container at this moment: it starts, or is between two.
            Err(failure) if failure.code() == Some("not_running") => {
                let now = api.deployment(id).await?;
                if timeline::is_settled(now.state) && now.state != State::Running {
                    output.aside(format!("{} is {}: it writes nothing.", now.slug, now.state));
                    return Ok(());
                }
                tokio::time::sleep(super::WATCH).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Lines that are asked for again after a lost connection, so that none is missed in between.
const CATCH_UP: u32 = 200;

/// What has been shown, as far as it can come again: log lines have a time, but no id.
#[derive(Default)]
struct Shown {
    last: Option<Timestamp>,
    /// The lines of that very millisecond.
    then: Vec<LogLine>,
}

impl Shown {
    fn is_new(&mut self, line: &LogLine) -> bool {
        match self.last {
            Some(last) if line.at < last => false,
            Some(last) if line.at == last => {
                let new = !self.then.contains(line);
                if new {
                    self.then.push(line.clone());
                }
                new
            }
            Some(_) | None => {
                self.last = Some(line.at);
                self.then = vec![line.clone()];
                true
            }
        }
    }
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
    if !args.follow {
        let events = api.events(id, args.tail).await?;
        return if output.is_json() { output.document(&events) } else { timeline::print(&events, output) };
    }
    let mut days = timeline::Days::default();
    let mut show = |event: &EventOut| {
        if output.is_json() {
            return output.item(event);
        }
        if let Some(day) = days.heading(event.at, output) {
            output.line(day)?;
        }
        output.line(timeline::line(event, output, false))
    };
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
    if message.event == "problem" {
        // The stream says why it will end; the next connection tells whether it stays so.
        let sentence = serde_json::from_str::<Problem>(&message.data).map(|problem| Failure::from_problem(problem).human()).unwrap_or_default();
        output.aside(format!("warning: {}", text::harmless(&sentence, true)));
        return Ok(None);
    }
    match serde_json::from_str(&message.data) {
        Ok(item) => Ok(Some(item)),
        Err(error) => Err(Failure::failed("The server sent a line that this version of vivier does not understand.").note(error)),
    }
}
