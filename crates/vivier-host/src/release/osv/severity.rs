//! How bad a vulnerability is.

use std::str::FromStr;

use cvss::Cvss;
use serde::{Deserialize, Serialize};

use super::record::{Affected, Rating, Record};

/// How bad. The steps of CVSS (first.org/cvss/v4-0, qualitative severity rating scale).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A score of 0.
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl From<cvss::Severity> for Severity {
    fn from(severity: cvss::Severity) -> Self {
        match severity {
            cvss::Severity::None => Self::None,
            cvss::Severity::Low => Self::Low,
            cvss::Severity::Medium => Self::Medium,
            cvss::Severity::High => Self::High,
            cvss::Severity::Critical => Self::Critical,
        }
    }
}

/// What a record says of how bad it is for one package; `None` when nobody has said.
///
/// The worst of its CVSS vectors counts; without one, the database's own word (GitHub's `database_specific.severity`, Debian's
/// `urgency`). Packages that were made to do harm (`MAL-…`, github.com/ossf/malicious-packages) are never rated and always critical.
pub(super) fn of(record: &Record, affected: &Affected) -> Option<Severity> {
    if record.id.starts_with("MAL-") {
        return Some(Severity::Critical);
    }
    let ratings = record.severity.iter().chain(&affected.severity);
    if let Some(worst) = ratings.filter_map(vector).max() {
        return Some(worst);
    }
    let words = [&affected.database_specific["severity"], &record.database_specific["severity"], &affected.ecosystem_specific["urgency"]];
    words.into_iter().filter_map(|word| label(word.as_str()?)).max()
}

fn vector(rating: &Rating) -> Option<Severity> {
    match rating.kind.as_str() {
        "CVSS_V2" | "CVSS_V3" | "CVSS_V4" => Cvss::from_str(&rating.score).ok().map(|vector| vector.severity().into()),
        _ => None,
    }
}

/// GitHub's and Bitnami's labels, and Debian's (security-team.debian.org/security_tracker.html, "severity levels").
fn label(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().trim_end_matches('*') {
        "critical" => Some(Severity::Critical),
        "high" => Some(Severity::High),
        "moderate" | "medium" => Some(Severity::Medium),
        "low" | "unimportant" => Some(Severity::Low),
        _ => None,
    }
}
