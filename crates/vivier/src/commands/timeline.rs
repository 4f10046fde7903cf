//! The timeline of a deployment, as lines; and waiting along it until something is settled.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use vivier_core::id::{DeploymentId, EventId};
use vivier_core::lifecycle::State;
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::{DeploymentOut, EventKind, EventOut, Outcome};

use crate::api::Api;
use crate::failure::Failure;
use crate::output::{Output, Paint};
use crate::sse::Stream;
use crate::text;

/// One line of it, painted for stdout or, with `aside`, for stderr.
pub fn line(event: &EventOut, output: &Output, aside: bool) -> String {
    let EventOut { id: _, at, kind, action: _, outcome, message, duration_ms, actor } = event;
    let paint = |paint, text: &str| if aside { output.paint_aside(paint, text) } else { output.paint(paint, text) };
    let mark = match (kind, outcome) {
        (_, Outcome::Failed) => paint(Paint::Bad, "✗"),
        (_, Outcome::Started) => paint(Paint::Busy, "…"),
        (EventKind::State, Outcome::Done | Outcome::Noted) => paint(Paint::Strong, "→"),
        (EventKind::Ask, Outcome::Done | Outcome::Noted) => paint(Paint::Busy, "?"),
        (EventKind::Step, Outcome::Done | Outcome::Noted) => paint(Paint::Good, "✓"),
        (EventKind::Sight, Outcome::Done | Outcome::Noted) => paint(Paint::Faint, "·"),
    };
    let mut line = format!("{}  {mark} {}", paint(Paint::Faint, &text::clock(*at)), text::harmless(message, false));
    if let Some(millis) = duration_ms {
        line.push_str(&paint(Paint::Faint, &format!("  ({})", text::duration(*millis))));
    }
    if let Some(actor) = actor.as_deref().filter(|&actor| actor != "system") {
        line.push_str(&paint(Paint::Faint, &format!("  by {}", text::harmless(actor, false))));
    }
    line
}

/// The days of lines that tell only the time.
#[derive(Default)]
pub struct Days(Option<String>);

impl Days {
    /// The line of a new day, to be shown before what happened `at` that time.
    pub fn heading(&mut self, at: Timestamp, output: &Output) -> Option<String> {
        let moment = text::moment(at);
        let day = moment.split(' ').next().unwrap_or_default();
        if self.0.as_deref() == Some(day) {
            return None;
        }
        self.0 = Some(day.to_owned());
        Some(output.paint(Paint::Strong, &format!("{day} (UTC)")))
    }
}

/// A list of events, each under its day.
pub fn print(events: &[EventOut], output: &Output) -> Result<(), Failure> {
    let mut days = Days::default();
    for event in events {
        if let Some(day) = days.heading(event.at, output) {
            output.line(day)?;
        }
        output.line(line(event, output, false))?;
    }
    Ok(())
}

/// Where waiting for a deployment ended.
pub enum Settled {
    Yes(Box<DeploymentOut>),
    /// Time was over first.
    NotYet(Box<DeploymentOut>),
}

/// Follows the timeline of `id` until `settled` says so of its state, showing each new line. `after` is the newest event that
/// is old news.
pub async fn wait(
    api: &Api,
    id: DeploymentId,
    after: Option<EventId>,
    limit: Duration,
    output: &Output,
    settled: impl Fn(&DeploymentOut) -> bool,
) -> Result<Settled, Failure> {
    let bar = if output.may_draw() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}").expect("the template is valid"));
    bar.enable_steady_tick(Duration::from_millis(120));
    let deadline = tokio::time::Instant::now() + limit;
    let mut stream = Stream::new(&api.http, move |_| Api::follow_events(id));
    let mut newest = after;
    let mut streaming = true;
    loop {
        let now = api.deployment(id).await?;
        bar.set_message(doing(&now));
        if settled(&now) {
            bar.finish_and_clear();
            return Ok(Settled::Yes(Box::new(now)));
        }
        if tokio::time::Instant::now() >= deadline {
            bar.finish_and_clear();
            return Ok(Settled::NotYet(Box::new(now)));
        }
        // The stream is for the eyes, the look is the truth: every message is a reason to look again, and so is a second's silence.
        let message = tokio::time::timeout(Duration::from_secs(1), async { if streaming { stream.next().await } else { std::future::pending().await } });
        match message.await {
            Ok(Ok(Some(message))) => {
                let Ok(event) = serde_json::from_str::<EventOut>(&message.data) else { continue };
                if newest.is_none_or(|newest| event.id > newest) {
                    newest = Some(event.id);
                    let line = line(&event, output, true);
                    if output.may_draw() { bar.println(line) } else { output.aside(line) }
                }
            }
            Ok(Ok(None)) => streaming = false,
            Ok(Err(failure)) => return Err(failure),
            Err(_elapsed) => {}
        }
    }
}

fn doing(deployment: &DeploymentOut) -> String {
    let mut state = super::list::state_in_short(deployment);
    // What is still waited for then is that it goes on working.
    if deployment.state == State::Running && deployment.last_known_good_revision != Some(deployment.revision) {
        state.push_str(", on probation");
    }
    match &deployment.reason {
        Some(reason) => format!("{state}: {}", text::harmless(reason, false)),
        None => state,
    }
}

/// Running, failed, stopped on purpose: nothing more happens by itself, and nothing is being done.
pub fn is_settled(state: State) -> bool {
    match state {
        State::Running | State::Failed | State::Suspended | State::Terminated => true,
        State::Requested | State::Provisioning | State::Configuring | State::Starting | State::Updating | State::Restarting => false,
    }
}
