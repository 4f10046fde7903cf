//! Questions to a person, and values from files and stdin.

use std::io::Read as _;
use std::path::Path;

use inquire::{InquireError, Password, PasswordDisplayMode, Select, Text};
use vivier_core::secret::Secret;

use crate::failure::Failure;

/// The longest document or secret that is read; the server's own limits are lower.
const LONGEST: u64 = 1024 * 1024;

fn broken_off(error: InquireError) -> Failure {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Failure::interrupted(false),
        other @ (InquireError::NotTTY | InquireError::InvalidConfiguration(_) | InquireError::IO(_) | InquireError::Custom(_)) => {
            Failure::usage("The question could not be asked.").note(other)
        }
    }
}

pub fn text(question: &str, help: Option<&str>, default: Option<&str>) -> Result<String, Failure> {
    let mut prompt = Text::new(question);
    if let Some(help) = help {
        prompt = prompt.with_help_message(help);
    }
    if let Some(default) = default {
        prompt = prompt.with_default(default);
    }
    prompt.prompt().map(|answer| answer.trim().to_owned()).map_err(broken_off)
}

/// Asks until the answer has the right form.
pub fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(question: &str, help: Option<&str>) -> Result<T, Failure> {
    loop {
        match text(question, help, None)?.parse() {
            Ok(value) => return Ok(value),
            Err(error) => eprintln!("  It {error}."),
        }
    }
}

pub fn choice<T: std::fmt::Display>(question: &str, options: Vec<T>) -> Result<T, Failure> {
    Select::new(question, options).prompt().map_err(broken_off)
}

/// Nothing of it is shown.
pub fn secret(question: &str) -> Result<Secret, Failure> {
    Password::new(question).with_display_mode(PasswordDisplayMode::Hidden).without_confirmation().prompt().map(Secret::new).map_err(broken_off)
}

/// A file's text; `-` is stdin.
pub fn document(path: &Path) -> Result<String, Failure> {
    if path == Path::new("-") {
        return stdin("stdin");
    }
    let read = std::fs::File::open(path).and_then(limited);
    read.map_err(|error| Failure::usage(format!("{} cannot be read.", path.display())).note(error))
}

fn stdin(what: &str) -> Result<String, Failure> {
    limited(std::io::stdin().lock()).map_err(|error| Failure::usage(format!("{what} cannot be read.")).note(error))
}

fn limited(source: impl std::io::Read) -> std::io::Result<String> {
    let mut text = String::new();
    source.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(std::io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}

/// A secret from stdin, without the line break at its end.
pub fn secret_from_stdin(what: &str) -> Result<Secret, Failure> {
    one_line(&stdin(what)?, what)
}

/// A secret from a file, without the line break at its end.
pub fn secret_from_file(path: &Path, what: &str) -> Result<Secret, Failure> {
    one_line(&document(path)?, what)
}

fn one_line(text: &str, what: &str) -> Result<Secret, Failure> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::usage(format!("{what} is empty.")));
    }
    if text.contains(['\r', '\n']) {
        return Err(Failure::usage(format!("{what} has more than one line; a secret has one.")));
    }
    Ok(Secret::new(text))
}
