//! An agent's log: the engine's stream, cut into lines and read as OpenClaw writes them. One line in memory at a time; a slow
//! reader slows the engine's stream and nothing else.

use std::collections::VecDeque;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{BoxStream, LogLine, LogQuery, RuntimeError, RuntimeErrorKind};
use vivier_core::time::Timestamp;

use super::{Host, classify, name_of};
use crate::clock;

/// The longest line, in bytes.
pub const MAX_LINE: usize = 16 * 1024;
/// The most lines that a tail may have.
pub const MAX_TAIL: u32 = 10_000;
/// What is read of one raw line before the rest is dropped: OpenClaw's JSON around a text of [`MAX_LINE`].
const MAX_RAW: usize = 4 * MAX_LINE;

impl Host {
    pub(super) async fn logs(&self, id: DeploymentId, query: LogQuery) -> Result<BoxStream<Result<LogLine, RuntimeError>>, RuntimeError> {
        let docker = self.engine.get().await?;
        let Some(found) = self.find(&docker, &name_of(id)).await? else {
            return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "the agent has no container, so there is no log to read yet"));
        };
        Ok(Box::pin(lines(&docker, &found.id.unwrap_or_default(), query)))
    }

    /// The last lines of a container, as text.
    pub(super) async fn last_lines(&self, docker: &Docker, container: &str) -> Result<Vec<String>, RuntimeError> {
        let tail = u32::try_from(super::observe::LAST_LINES).unwrap_or(u32::MAX);
        let all: Vec<LogLine> = lines(docker, container, LogQuery { tail, follow: false }).try_collect().await?;
        Ok(all.into_iter().map(|line| line.text).collect())
    }
}

fn lines(docker: &Docker, container: &str, query: LogQuery) -> impl Stream<Item = Result<LogLine, RuntimeError>> + Send + use<> {
    let tail = query.tail.min(MAX_TAIL).to_string();
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).follow(query.follow).tail(&tail).build();
    // A client of its own, without a deadline for the whole: a log may be followed for days.
    let docker = docker.clone();
    let source = docker.logs(container, Some(options));
    stream::unfold((source.boxed(), Splitter::default(), VecDeque::new()), |(mut source, mut splitter, mut ready)| async move {
        loop {
            if let Some(line) = ready.pop_front() {
                return Some((Ok(line), (source, splitter, ready)));
            }
            match source.next().await {
                Some(Ok(frame)) => splitter.push(frame, &mut ready),
                Some(Err(error)) => return Some((Err(classify("the log broke off", error)), (stream::empty().boxed(), Splitter::default(), ready))),
                None => {
                    splitter.finish(&mut ready);
                    let line = ready.pop_front()?;
                    return Some((Ok(line), (stream::empty().boxed(), Splitter::default(), ready)));
                }
            }
        }
    })
}

/// Puts frames together to lines: the engine cuts a long line into several entries, each with its own timestamp.
#[derive(Default)]
struct Splitter {
    out: Partial,
    err: Partial,
}

#[derive(Default)]
struct Partial {
    at: Option<Timestamp>,
    bytes: Vec<u8>,
    cut: bool,
}

impl Splitter {
    fn push(&mut self, frame: LogOutput, ready: &mut VecDeque<LogLine>) {
        let (partial, message) = match frame {
            LogOutput::StdErr { message } => (&mut self.err, message),
            LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => (&mut self.out, message),
        };
        for piece in message.split_inclusive(|byte| *byte == b'\n') {
            partial.push(piece, ready);
        }
    }

    fn finish(&mut self, ready: &mut VecDeque<LogLine>) {
        for partial in [&mut self.out, &mut self.err] {
            if partial.at.is_some() {
                ready.push_back(partial.take());
            }
        }
    }
}

impl Partial {
    fn push(&mut self, piece: &[u8], ready: &mut VecDeque<LogLine>) {
        let (at, rest) = stamp(piece);
        if self.at.is_none() {
            self.at = Some(at.unwrap_or_else(clock::now));
        }
        let whole = rest.last() == Some(&b'\n');
        let text = if whole { &rest[..rest.len() - 1] } else { rest };
        let room = MAX_RAW.saturating_sub(self.bytes.len());
        self.cut |= text.len() > room;
        self.bytes.extend_from_slice(&text[..room.min(text.len())]);
        if whole {
            ready.push_back(self.take());
        }
    }

    fn take(&mut self) -> LogLine {
        let Self { at, bytes, cut } = std::mem::take(self);
        read(at.unwrap_or_else(clock::now), &String::from_utf8_lossy(&bytes), cut)
    }
}

/// The engine's timestamp at the beginning of an entry.
fn stamp(piece: &[u8]) -> (Option<Timestamp>, &[u8]) {
    let Some(blank) = piece.iter().take(40).position(|byte| *byte == b' ') else { return (None, piece) };
    match std::str::from_utf8(&piece[..blank]).ok().filter(|text| text.len() >= 20).and_then(|text| text.parse().ok()) {
        Some(at) => (Some(at), &piece[blank + 1..]),
        None => (None, piece),
    }
}

/// OpenClaw's JSON lines (`logging.consoleStyle: "json"`).
#[derive(Deserialize)]
struct Line {
    time: Option<String>,
    level: Option<String>,
    subsystem: Option<String>,
    message: Option<String>,
}

fn read(at: Timestamp, raw: &str, cut: bool) -> LogLine {
    let parsed = if cut || !raw.starts_with('{') { None } else { serde_json::from_str::<Line>(raw).ok() };
    match parsed {
        Some(Line { time, level, subsystem, message: Some(message) }) => LogLine {
            at: time.and_then(|time| time.parse().ok()).unwrap_or(at),
            level: level.map(|level| bounded(&level, 16, false)),
            subsystem: subsystem.map(|subsystem| bounded(&subsystem, 128, false)),
            text: bounded(&message, MAX_LINE, false),
        },
        Some(Line { message: None, .. }) | None => LogLine { at, level: None, subsystem: None, text: bounded(raw.trim_end_matches('\r'), MAX_LINE, cut) },
    }
}

fn bounded(text: &str, most: usize, cut: bool) -> String {
    if text.len() <= most && !cut {
        return text.to_owned();
    }
    let end = (0..=most.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or_default();
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(frames: &[&[u8]]) -> Vec<LogLine> {
        let (mut splitter, mut ready) = (Splitter::default(), VecDeque::new());
        for frame in frames {
            splitter.push(LogOutput::StdOut { message: frame.to_vec().into() }, &mut ready);
        }
        splitter.finish(&mut ready);
        ready.into()
    }

    #[test]
    fn a_line_of_openclaw_is_taken_apart_and_any_other_is_kept_whole() {
        let lines = all(&[
            b"2026-11-21T07:00:00.000000001Z {\"time\":\"2026-11-21T06:59:59.500+00:00\",\"level\":\"warn\",\"subsystem\":\"gateway\",\"message\":\"hot\",\"extra\":1}\n",
            b"2026-11-21T07:00:01.000000000Z plain text\r\n2026-11-21T07:00:02.000000000Z {\"broken\": \n",
        ]);
        assert_eq!((lines[0].level.as_deref(), lines[0].subsystem.as_deref(), lines[0].text.as_str()), (Some("warn"), Some("gateway"), "hot"));
        assert_eq!(lines[0].at.to_string(), "2026-11-21T06:59:59.500Z");
        assert_eq!((lines[1].text.as_str(), lines[1].at.to_string().as_str()), ("plain text", "2026-11-21T07:00:01.000Z"));
        assert_eq!(lines[2].text, "{\"broken\": ");
    }

    #[test]
    fn a_line_in_several_entries_is_one_line_and_a_huge_one_is_cut() {
        let entry = |text: &str, end: &str| format!("2026-11-21T07:00:00.000000001Z {text}{end}").into_bytes();
        let lines = all(&[&entry("one, ", ""), &entry("and the rest", "\n"), &entry("next", "\n")]);
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["one, and the rest", "next"]);
        let long = "ä".repeat(MAX_LINE);
        let frames: Vec<Vec<u8>> = (0..50).map(|_| entry(&long, "")).chain([entry("", "\n")]).collect();
        let lines = all(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(lines.len(), 1);
        assert!(lines[0].text.len() <= MAX_LINE + '…'.len_utf8() && lines[0].text.ends_with('…'));
    }
}
