//! What the operator accepts: the document `release-policy.toml`.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use vivier_core::digest::Digest;

use crate::release::osv::Severity;

/// The largest policy that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The policy of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The mildest severity that a release fails on.
    pub fail_on: Severity,
    /// What a vulnerability counts as that nobody has rated.
    pub unknown_severity: Severity,
    /// The age in days from which a database is too old to say anything.
    pub max_age_days: u16,
    pub allow: Vec<Allowance>,
    /// Of the document's bytes.
    pub digest: Digest,
}

/// A vulnerability that does not stop a release, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// The vulnerability's id, or one of its other names (such as its CVE).
    pub id: String,
    /// Only in this package; absent: wherever it occurs. For Debian, the source package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day (UTC) on which it holds.
    pub expires: Date,
}

/// Why a policy cannot be used. Each says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("the release policy {path} cannot be read; set `host.release_policy` to a file that can, or remove the setting for the default policy")]
    Read {
        path: PathBuf,
        #[source]
        error: std::io::Error,
    },
    #[error("the release policy {path} has more than {MAX_BYTES} bytes; is it the right file?")]
    TooLarge { path: PathBuf },
    #[error("the release policy {path} is not valid: {error}\nThe fields are described in images/openclaw/release-policy.toml.")]
    Malformed { path: PathBuf, error: Box<toml::de::Error> },
    #[error("the release policy {path}, line {line}: {field} {remedy}")]
    Field { path: PathBuf, line: usize, field: String, remedy: String },
}

/// The document as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Text {
    fail_on: Level,
    unknown_severity: Level,
    max_age_days: Spanned<u16>,
    allow: Vec<Spanned<AllowText>>,
}

impl Default for Text {
    fn default() -> Self {
        Self { fail_on: Level::High, unknown_severity: Level::High, max_age_days: Spanned::new(0..0, 7), allow: Vec::new() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowText {
    id: String,
    package: Option<String>,
    reason: String,
    expires: Day,
}

/// `2027-01-31`, with quotes or without.
#[derive(Deserialize)]
#[serde(untagged)]
enum Day {
    Bare(toml::value::Datetime),
    Quoted(String),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Low,
    Medium,
    High,
    Critical,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }
}

impl Default for Policy {
    /// What an empty document says.
    fn default() -> Self {
        Self::parse("", Path::new("release-policy.toml")).expect("every field has a default")
    }
}

impl Policy {
    /// The policy in the file `path`.
    ///
    /// # Errors
    /// When the file cannot be read, or is no policy.
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        let failed = |error| PolicyError::Read { path: path.to_owned(), error };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(file, MAX_BYTES + 1), &mut text).map_err(failed)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(PolicyError::TooLarge { path: path.to_owned() });
        }
        Self::parse(&text, path)
    }

    /// The policy that `text` is; `path` is where it comes from, for messages.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str, path: &Path) -> Result<Self, PolicyError> {
        let malformed = |error| PolicyError::Malformed { path: path.to_owned(), error: Box::new(error) };
        let Text { fail_on, unknown_severity, max_age_days, allow } = toml::from_str(text).map_err(malformed)?;
        let wrong = |at: usize, field: String, remedy: &str| {
            let line = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            PolicyError::Field { path: path.to_owned(), line, field, remedy: remedy.to_owned() }
        };
        if *max_age_days.get_ref() == 0 {
            let remedy = "is 0, and no database is that young; write the days after which it is too old, such as 7";
            return Err(wrong(max_age_days.span().start, "max_age_days".to_owned(), remedy));
        }
        let mut allowed = Vec::with_capacity(allow.len());
        for (number, entry) in allow.into_iter().enumerate() {
            let at = entry.span().start;
            let AllowText { id, package, reason, expires } = entry.into_inner();
            let field = |name: &str| format!("allow[{number}].{name}");
            for (name, value) in [("id", Some(&id)), ("package", package.as_ref()), ("reason", Some(&reason))] {
                if value.is_some_and(|value| value.trim().is_empty()) {
                    return Err(wrong(
                        at,
                        field(name),
                        if name == "reason" { "is empty; say why this is accepted" } else { "is empty; fill it in or remove it" },
                    ));
                }
            }
            let expires = match expires {
                Day::Bare(datetime) => datetime.to_string(),
                Day::Quoted(text) => text,
            };
            let expires = expires.parse().map_err(|_| wrong(at, field("expires"), "is no day; write the last one on which this holds, such as 2027-01-31"))?;
            allowed.push(Allowance { id, package, reason, expires });
        }
        Ok(Self {
            fail_on: fail_on.into(),
            unknown_severity: unknown_severity.into(),
            max_age_days: max_age_days.into_inner(),
            allow: allowed,
            digest: Digest::of(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Policy, String> {
        Policy::parse(text, Path::new("p.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_document_is_the_default() {
        let Policy { fail_on, unknown_severity, max_age_days, allow, digest: _ } = Policy::default();
        assert_eq!((fail_on, unknown_severity, max_age_days, allow), (Severity::High, Severity::High, 7, vec![]));
    }

    #[test]
    fn the_checked_in_policy_is_the_default_with_its_fields_written_out() {
        let text = include_str!("../../../../images/openclaw/release-policy.toml");
        let checked_in = parse(text).expect("a policy");
        assert_eq!(Policy { digest: Policy::default().digest, ..checked_in }, Policy::default());
        for field in
            ["fail_on = \"high\"", "unknown_severity = \"high\"", "max_age_days = 7", "# [[allow]]", "# id =", "# package =", "# reason =", "# expires ="]
        {
            assert!(text.contains(field), "{field}");
        }
    }

    #[test]
    fn every_field_is_read_and_a_date_may_have_quotes() {
        let policy = parse(
            "fail_on = \"critical\"\nunknown_severity = \"low\"\nmax_age_days = 30\n\
             [[allow]]\nid = \"CVE-1\"\npackage = \"zod\"\nreason = \"not reached\"\nexpires = 2027-01-31\n\
             [[allow]]\nid = \"CVE-2\"\nreason = \"no fix\"\nexpires = \"2027-02-01\"\n",
        )
        .expect("a policy");
        assert_eq!((policy.fail_on, policy.unknown_severity, policy.max_age_days), (Severity::Critical, Severity::Low, 30));
        let one = Allowance { id: "CVE-1".into(), package: Some("zod".into()), reason: "not reached".into(), expires: jiff::civil::date(2027, 1, 31) };
        let two = Allowance { id: "CVE-2".into(), package: None, reason: "no fix".into(), expires: jiff::civil::date(2027, 2, 1) };
        assert_eq!(policy.allow, [one, two]);
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_field_and_remedy() {
        let allow = "fail_on = \"high\"\n[[allow]]\nid = \"CVE-1\"\n";
        for (text, parts) in [
            ("fail_on = \"hihg\"", ["p.toml", "line 1", "fail_on"]),
            ("max_age = 3", ["p.toml", "unknown field", "max_age"]),
            ("\nmax_age_days = 0", ["p.toml, line 2", "max_age_days", "such as 7"]),
            ("max_age_days = -1", ["p.toml", "line 1", "max_age_days"]),
            (allow, ["p.toml", "line 2", "reason"]),
            (&format!("{allow}reason = \"  \"\nexpires = 2027-01-31"), ["p.toml, line 2", "allow[0].reason", "say why"]),
            (&format!("{allow}reason = \"x\""), ["p.toml", "line 2", "expires"]),
            (&format!("{allow}reason = \"x\"\nexpires = \"soon\""), ["p.toml, line 2", "allow[0].expires", "such as 2027-01-31"]),
            (&format!("{allow}reason = \"x\"\nexpires = 07:32:00"), ["p.toml, line 2", "allow[0].expires", "such as 2027-01-31"]),
            (&format!("{allow}reason = \"x\"\nexpires = 2027-01-31\nforever = true"), ["p.toml", "unknown field", "forever"]),
        ] {
            let error = parse(text).expect_err(text);
            assert!(parts.iter().all(|part| error.contains(part)), "{text}\n{error}\n{parts:?}");
        }
        let error = Policy::read(Path::new("/nowhere/p.toml")).expect_err("no file").to_string();
        assert!(error.contains("/nowhere/p.toml") && error.contains("host.release_policy"), "{error}");
    }
}
