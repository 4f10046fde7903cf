//! What went wrong, for the person or program at the terminal: a sentence, what is wrong where, and what to do next.

use std::fmt::Display;
use std::process::ExitCode;

use vivier_core::wire::problem::{FieldProblem, Problem};

/// The exit codes. They are part of the interface (README, `vivier --help`): a script decides by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0, although it is carried by a `Failure`: the reader went away, or Ctrl-C ended something that has no end of its own.
    Quiet,
    /// 1: it was tried and did not work, or the server failed.
    Failed,
    /// 2: the command line, a file or a name it gave does not make sense.
    Usage,
    /// 3: nobody is signed in, or the token is not accepted any more.
    NotSignedIn,
    /// 4: there is no such thing (or it is another account's).
    NotFound,
    /// 5: the server understood and refuses: a conflict, a limit, a value it does not take.
    Refused,
    /// 6: the server cannot be reached.
    Unreachable,
    /// 130: Ctrl-C stopped something that would have ended by itself.
    Interrupted,
}

impl Exit {
    pub const fn code(self) -> u8 {
        match self {
            Self::Quiet => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotSignedIn => 3,
            Self::NotFound => 4,
            Self::Refused => 5,
            Self::Unreachable => 6,
            Self::Interrupted => 130,
        }
    }

    /// The stable name of the kind, for `--json`.
    const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NotSignedIn => "not_signed_in",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A command that did not do what it was asked to.
#[derive(Clone, Debug)]
pub struct Failure(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    exit: Exit,
    code: Option<String>,
    message: String,
    fields: Vec<FieldProblem>,
    notes: Vec<String>,
    next: Option<String>,
    request_id: Option<String>,
    /// It has been told on the screen already; only the exit code is left to say.
    told: bool,
}

/// The form of a failure under `--json`, on stderr.
#[derive(serde::Serialize)]
struct Told<'a> {
    error: &'a str,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [FieldProblem],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        let parts = Parts { exit, code: None, message: message.into(), fields: vec![], notes: vec![], next: None, request_id: None, told: false };
        Self(Box::new(parts))
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub fn not_signed_in(message: impl Into<String>) -> Self {
        Self::new(Exit::NotSignedIn, message).next("Sign in with `vivier login`, or give a token in VIVIER_TOKEN.")
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, message)
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    /// Ctrl-C: clean where the command has no end of its own, such as `logs -f`.
    pub fn interrupted(clean: bool) -> Self {
        let mut failure = Self::new(if clean { Exit::Quiet } else { Exit::Interrupted }, "Interrupted.");
        failure.0.told = true;
        failure
    }

    /// The command itself has shown what is wrong.
    pub fn told(exit: Exit) -> Self {
        let mut failure = Self::new(exit, "");
        failure.0.told = true;
        failure
    }

    /// A failed write to stdout. A reader that has gone away (`| head`) is no failure.
    pub fn writing(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe { Self::told(Exit::Quiet) } else { Self::failed("The answer could not be written.").note(error) }
    }

    /// What the server said, for the exit code and the person.
    pub fn from_problem(problem: Problem) -> Self {
        let Problem { code, title, status, detail, fields, limit: _, retry_after_seconds, request_id } = problem;
        let exit = match status {
            // The edge's word for a server or an agent that does not answer it.
            _ if matches!(code.as_str(), "serve_down" | "agent_unreachable") => Exit::Unreachable,
            401 => Exit::NotSignedIn,
            404 | 410 => Exit::NotFound,
            // 503 is the server's own word: it has no room, or too much to do just now.
            400..=499 | 503 => Exit::Refused,
            502 | 504 => Exit::Unreachable,
            _ => Exit::Failed,
        };
        let mut failure = Self::new(exit, if detail.is_empty() { title } else { detail });
        failure.0.code = Some(code);
        failure.0.fields = fields;
        failure.0.request_id = request_id;
        match (exit, retry_after_seconds) {
            (Exit::NotSignedIn, _) => failure.next("Sign in with `vivier login`, or give a token in VIVIER_TOKEN."),
            (_, Some(seconds)) => failure.next(format!("Try again in {}.", crate::text::seconds(seconds))),
            (_, None) => failure,
        }
    }

    #[must_use]
    pub fn note(mut self, note: impl Display) -> Self {
        self.0.notes.push(note.to_string());
        self
    }

    /// The next step.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.0.next = Some(next.into());
        self
    }

    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.0.exit.code())
    }

    pub fn is_told(&self) -> bool {
        self.0.told
    }

    /// The stable name that the server gave the problem; none when it was not the server that spoke.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// For one whose fields have been shown in a better place.
    #[must_use]
    pub fn shown_as(mut self, message: &str) -> Self {
        self.0.fields.clear();
        message.clone_into(&mut self.0.message);
        self
    }

    pub fn fields(&self) -> &[FieldProblem] {
        &self.0.fields
    }

    /// For a person: the sentence, then indented what belongs to it.
    pub fn human(&self) -> String {
        let parts = &self.0;
        let mut lines = vec![parts.message.clone()];
        // A single wrong field is often the whole sentence already.
        let said = |field: &&FieldProblem| !(parts.fields.len() == 1 && parts.message.contains(field.message.trim_end_matches('.')));
        lines.extend(parts.fields.iter().filter(said).map(|field| {
            let line = field.line.map(|line| format!(" (line {line})")).unwrap_or_default();
            if field.path.is_empty() { format!("  {}{line}", field.message) } else { format!("  {}: {}{line}", field.path, field.message) }
        }));
        lines.extend(parts.notes.iter().map(|note| format!("  {note}")));
        lines.extend(parts.next.iter().map(|next| format!("  Next: {next}")));
        lines.extend(parts.request_id.iter().map(|id| format!("  Request: {id}")));
        lines.join("\n")
    }

    pub fn json(&self) -> serde_json::Value {
        let Parts { exit, code, message, fields, notes, next, request_id, told: _ } = &*self.0;
        let told = Told {
            error: exit.name(),
            exit_code: exit.code(),
            code: code.as_deref(),
            message,
            fields,
            notes,
            next: next.as_deref(),
            request_id: request_id.as_deref(),
        };
        serde_json::json!(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16) -> Problem {
        Problem {
            code: "x".to_owned(),
            title: "Title".to_owned(),
            status,
            detail: "Detail.".to_owned(),
            limit: None,
            fields: vec![FieldProblem { path: "plan".to_owned(), message: "must be one of …".to_owned(), line: None }],
            retry_after_seconds: Some(90),
            request_id: Some("req".to_owned()),
        }
    }

    #[test]
    fn every_status_has_its_exit_code() {
        for (status, code) in [(400, 5), (401, 3), (403, 5), (404, 4), (409, 5), (410, 4), (422, 5), (429, 5), (500, 1), (502, 6), (503, 5), (504, 6)] {
            assert_eq!(Failure::from_problem(problem(status)).exit().code(), code, "{status}");
        }
    }

    #[test]
    fn a_person_reads_the_sentence_the_fields_and_the_next_step() {
        assert_eq!(Failure::from_problem(problem(429)).human(), "Detail.\n  plan: must be one of …\n  Next: Try again in 1 min 30 s.\n  Request: req");
    }
}
