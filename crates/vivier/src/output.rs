//! What is printed, and where: the answer on stdout, everything else on stderr, colours only where a person looks.

use std::io::{IsTerminal as _, Write as _};

use comfy_table::{Cell, Color, ContentArrangement, Table as Grid};
use serde::Serialize;
use vivier_core::lifecycle::State;

use crate::failure::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Good,
    Warning,
    Bad,
    Busy,
    Faint,
    Strong,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "31",
            Self::Busy => "36",
            Self::Faint => "2",
            Self::Strong => "1",
        }
    }

    const fn colour(self) -> Option<Color> {
        match self {
            Self::Plain | Self::Strong => None,
            Self::Good => Some(Color::DarkGreen),
            Self::Warning => Some(Color::DarkYellow),
            Self::Bad => Some(Color::DarkRed),
            Self::Busy => Some(Color::DarkCyan),
            Self::Faint => Some(Color::DarkGrey),
        }
    }

    pub const fn of(state: State) -> Self {
        match state {
            State::Running => Self::Good,
            State::Failed => Self::Bad,
            State::Suspended => Self::Warning,
            State::Terminated => Self::Faint,
            State::Requested | State::Provisioning | State::Configuring | State::Starting | State::Updating | State::Restarting => Self::Busy,
        }
    }
}

pub struct Output {
    json: bool,
    /// stdout is a terminal.
    terminal: bool,
    colours: bool,
    colours_on_stderr: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let terminal = std::io::stdout().is_terminal();
        Self { json, terminal, colours: wanted && terminal, colours_on_stderr: wanted && std::io::stderr().is_terminal() }
    }

    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// A person reads stdout.
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// A person can be asked: stdin and stderr are a terminal, and no program reads the answer.
    pub fn may_ask(&self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Progress can be drawn.
    pub fn may_draw(&self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }

    pub fn paint(&self, paint: Paint, text: &str) -> String {
        painted(self.colours, paint, text)
    }

    /// For stderr.
    pub fn paint_aside(&self, paint: Paint, text: &str) -> String {
        painted(self.colours_on_stderr, paint, text)
    }

    /// A line of the answer.
    pub fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.raw(&format!("{}\n", text.as_ref()))
    }

    /// Part of the answer, as it is.
    pub fn raw(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::writing(&error))
    }

    /// The whole answer as one JSON document.
    pub fn document(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failure::failed("The answer could not be written as JSON.").note(error))?;
        self.line(text)
    }

    /// One document of a stream.
    pub fn item(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|error| Failure::failed("The answer could not be written as JSON.").note(error))?;
        self.line(text)
    }

    /// The answer to a command that only does something: its result for a program, a sentence for a person.
    pub fn done(&self, value: &impl Serialize, sentence: impl AsRef<str>) -> Result<(), Failure> {
        if self.json { self.document(value) } else { self.line(sentence) }
    }

    /// Something beside the answer, for a person.
    pub fn aside(&self, text: impl AsRef<str>) {
        if !self.json {
            // There is nobody to tell when stderr is gone.
            let _gone = writeln!(std::io::stderr(), "{}", text.as_ref());
        }
    }

    pub fn failure(&self, failure: &Failure) {
        if failure.is_told() {
            return;
        }
        let text = if self.json { failure.json().to_string() } else { format!("{} {}", self.paint_aside(Paint::Bad, "error:"), failure.human()) };
        let _gone = writeln!(std::io::stderr(), "{text}");
    }

    /// After Ctrl-C: the shell's prompt belongs on a line of its own, and the cursor back on the screen.
    pub fn interrupted(&self) {
        if std::io::stderr().is_terminal() {
            let _gone = write!(std::io::stderr(), "\r\u{1b}[K\u{1b}[?25h");
        }
    }

    /// A table: no lines, two spaces between columns, never wrapped, so that a line stays a line for `grep`.
    pub fn table(&self, header: &[&str], rows: Vec<Vec<(Paint, String)>>) -> Result<(), Failure> {
        let mut grid = Grid::new();
        grid.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
        if self.colours {
            grid.enforce_styling();
        }
        grid.set_header(header.iter().map(|title| Cell::new(title.to_uppercase())).collect::<Vec<_>>());
        for row in rows {
            grid.add_row(row.into_iter().map(|(paint, text)| match paint.colour() {
                Some(colour) => Cell::new(text).fg(colour),
                None => Cell::new(text),
            }));
        }
        for column in grid.column_iter_mut() {
            column.set_padding((0, 2));
        }
        self.line(grid.trim_fmt())
    }

    /// `label  value` lines, aligned.
    pub fn facts(&self, facts: &[(&str, String)]) -> Result<(), Failure> {
        let width = facts.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
        facts.iter().try_for_each(|(label, value)| self.line(format!("{}  {value}", self.paint(Paint::Faint, &format!("{label:width$}")))))
    }
}

fn painted(colours: bool, paint: Paint, text: &str) -> String {
    if colours && paint != Paint::Plain { format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code()) } else { text.to_owned() }
}

pub fn plain(text: impl Into<String>) -> (Paint, String) {
    (Paint::Plain, text.into())
}
