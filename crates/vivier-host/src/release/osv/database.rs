//! Asks a database about the packages of a bill.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vivier_core::time::Timestamp;

use super::Ecosystem;
use super::files::{self, Flaw};
use super::range::{Answer, evaluate};
use super::record::{Affected, Record};
use super::severity::{self, Severity};
use crate::release::bill::Subject;

/// A record dated later than this many milliseconds from now is not believed in its date.
const AHEAD_MILLIS: i64 = 86_400_000;
/// The most records about the packages of one bill.
const MAX_MATCHES: usize = 200_000;
/// The longest text that is taken from a record, in characters, and the longest list.
const MAX_TEXT: usize = 300;
const MAX_LIST: usize = 64;

/// What a database says of a bill's packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// How much it has for each ecosystem that was asked about.
    pub coverage: BTreeMap<Ecosystem, Coverage>,
    /// What it has against them, sorted by package and id.
    pub matches: Vec<Match>,
}

/// How much a database has for one ecosystem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub records: u64,
    /// When its newest record was last changed; dates that lie ahead are not counted.
    pub newest: Option<Timestamp>,
}

/// A vulnerability that a package is affected by, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub subject: Subject,
    pub id: String,
    /// Its other names, and those of what a distribution's record is about.
    pub aliases: Vec<String>,
    pub summary: Option<String>,
    /// `None`: nobody has rated it.
    pub severity: Option<Severity>,
    /// Versions above this one that are without it, nearest first.
    pub fixed_in: Vec<String>,
    /// Why it could not be told whether this version is affected; it counts as affected.
    pub unclear: Option<String>,
}

/// Why a database cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("there is no vulnerability database at {0}; put OSV records there (docs/how-to/gate-a-release.md)")]
    Absent(PathBuf),
    #[error("{0} holds no OSV record (*.json or *.zip); put the exports of npm, Debian and Bitnami there (docs/how-to/gate-a-release.md)")]
    Empty(PathBuf),
    #[error("the vulnerability database cannot be read: {place}: {why}; fetch that file again")]
    Unreadable { place: String, why: String },
}

/// Asks the database in the folder `root` about `subjects`.
///
/// # Errors
/// When there is none, or any part of it cannot be read.
pub fn ask<'a>(root: &Path, subjects: impl IntoIterator<Item = &'a Subject>, now: Timestamp) -> Result<Answers, DatabaseError> {
    if !root.is_dir() {
        return Err(DatabaseError::Absent(root.to_owned()));
    }
    let mut question = Question { now, ..Question::default() };
    for subject in subjects {
        question.coverage.entry(subject.ecosystem.clone()).or_default();
        question.by_name.entry(&subject.name).or_default().push(subject);
    }
    let unreadable = |Flaw { place, why }| DatabaseError::Unreadable { place, why };
    let records = files::each(root, |bytes| question.hear(bytes)).map_err(unreadable)?;
    if records == 0 {
        return Err(DatabaseError::Empty(root.to_owned()));
    }
    let Question { coverage, heard, .. } = question;
    Ok(Answers { coverage, matches: heard.into_values().filter_map(|(_modified, found)| found).collect() })
}

struct Question<'a> {
    now: Timestamp,
    by_name: BTreeMap<&'a str, Vec<&'a Subject>>,
    coverage: BTreeMap<Ecosystem, Coverage>,
    /// What the newest copy of each record says: that a package is affected, or that it is not. A database can hold a record twice.
    heard: BTreeMap<(&'a Subject, String), (Timestamp, Option<Match>)>,
}

impl Default for Question<'_> {
    fn default() -> Self {
        Self { now: Timestamp::from_millis(0), by_name: BTreeMap::new(), coverage: BTreeMap::new(), heard: BTreeMap::new() }
    }
}

impl Question<'_> {
    fn hear(&mut self, bytes: &[u8]) -> Result<(), String> {
        let record: Record = serde_json::from_slice(bytes).map_err(|error| format!("is no OSV record ({error})"))?;
        let packages = || record.affected.iter().filter_map(|affected| affected.package.as_ref());
        for (ecosystem, coverage) in &mut self.coverage {
            if packages().any(|package| ecosystem.is(&package.ecosystem)) {
                coverage.records += 1;
                if record.modified <= self.now.plus_millis(AHEAD_MILLIS) {
                    coverage.newest = coverage.newest.max(Some(record.modified));
                }
            }
        }
        let mut concerned: Vec<&Subject> = packages().filter_map(|package| self.by_name.get(package.name.as_str())).flatten().copied().collect();
        concerned.sort();
        concerned.dedup();
        let id = short(&record.id);
        for subject in concerned {
            let entries = record
                .affected
                .iter()
                .filter(|affected| affected.package.as_ref().is_some_and(|package| package.name == subject.name && subject.ecosystem.is(&package.ecosystem)));
            let mut entries = entries.peekable();
            if entries.peek().is_none() {
                continue;
            }
            let key = (subject, id.clone());
            if self.heard.get(&key).is_none_or(|(modified, _)| *modified <= record.modified) {
                self.heard.insert(key, (record.modified, against(&record, entries, subject)));
            }
            if self.heard.len() > MAX_MATCHES {
                return Err(format!("comes after {MAX_MATCHES} records on the packages of one release"));
            }
        }
        Ok(())
    }
}

/// What `record` has against `subject`, by those of its entries that are about it.
fn against<'r>(record: &Record, entries: impl Iterator<Item = &'r Affected>, subject: &Subject) -> Option<Match> {
    if record.withdrawn.is_some() {
        return None;
    }
    let mut found: Option<Match> = None;
    for entry in entries {
        let (fixed_in, unclear) = match evaluate(entry, subject.ecosystem.order(), &subject.version) {
            Answer::Unaffected => continue,
            Answer::Affected(fixes) => (fixes, None),
            Answer::Unclear(why) => (Vec::new(), Some(why)),
        };
        let severity = severity::of(record, entry);
        let found = found.get_or_insert_with(|| Match {
            subject: subject.clone(),
            id: short(&record.id),
            aliases: record.aliases.iter().chain(&record.upstream).take(MAX_LIST).map(|name| short(name)).collect(),
            summary: record.summary.as_deref().map(short).filter(|summary| !summary.is_empty()),
            severity,
            fixed_in: Vec::new(),
            unclear: unclear.as_deref().map(short),
        });
        found.severity = found.severity.max(severity);
        // What one entry says for sure outweighs what another leaves open.
        found.unclear = found.unclear.take().filter(|_| unclear.is_some());
        let room = MAX_LIST.saturating_sub(found.fixed_in.len());
        found.fixed_in.extend(fixed_in.iter().take(room).map(|version| short(version)));
    }
    found
}

/// A record's text as one bounded line.
fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
