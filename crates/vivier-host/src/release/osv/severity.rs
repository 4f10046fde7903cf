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
/// - Packages that were made to do harm (`MAL-…`, github.com/ossf/malicious-packages) are never rated and always critical.
/// - What Debian calls `unimportant` is low, whatever its general rating: the word says that the binary packages do not have the
///   vulnerability (security-team.debian.org/security_tracker.html, "severity levels"). glibc alone has had one of 9.8 for years.
/// - Else the worst of the CVSS vectors counts.
/// - Without one, the database's own word: GitHub's and Bitnami's `database_specific.severity`, Debian's `urgency`.
pub(super) fn of(record: &Record, affected: &Affected) -> Option<Severity> {
    if record.id.starts_with("MAL-") {
        return Some(Severity::Critical);
    }
    let urgency = &affected.ecosystem_specific["urgency"];
    if urgency == "unimportant" {
        return Some(Severity::Low);
    }
    let ratings = record.severity.iter().chain(&affected.severity);
    if let Some(worst) = ratings.filter_map(vector).max() {
        return Some(worst);
    }
    let words = [&affected.database_specific["severity"], &record.database_specific["severity"], urgency];
    words.into_iter().filter_map(|word| label(word.as_str()?)).max()
}

fn vector(rating: &Rating) -> Option<Severity> {
    match rating.kind.as_str() {
        "CVSS_V2" | "CVSS_V3" | "CVSS_V4" => Cvss::from_str(&rating.score).ok().map(|vector| vector.severity().into()),
        _ => None,
    }
}

/// Debian marks with asterisks what it has taken over from others.
fn label(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().trim_end_matches('*') {
        "critical" => Some(Severity::Critical),
        "high" => Some(Severity::High),
        "moderate" | "medium" => Some(Severity::Medium),
        "low" => Some(Severity::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn severity(record: Value, affected: Value) -> Option<Severity> {
        let mut whole = json!({ "id": "X-1", "modified": "2026-11-20T09:30:00Z" });
        whole.as_object_mut().expect("an object").extend(record.as_object().expect("an object").clone());
        of(&serde_json::from_value(whole).expect("a record"), &serde_json::from_value(affected).expect("an entry"))
    }

    fn rated(kind: &str, score: &str) -> Value {
        json!({ "severity": [{ "type": kind, "score": score }] })
    }

    #[test]
    fn a_vector_of_any_version_gives_the_step_of_its_score() {
        for (kind, vector, expected) in [
            ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Severity::Critical),
            ("CVSS_V3", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", Severity::High),
            ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", Severity::Medium),
            ("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N", Severity::Low),
            ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Severity::None),
            ("CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:C", Severity::High),
            ("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", Severity::Critical),
            ("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", Severity::High),
        ] {
            assert_eq!(severity(rated(kind, vector), json!({})), Some(expected), "{vector}");
        }
    }

    #[test]
    fn the_worst_vector_counts_and_outweighs_every_word() {
        let (high, low) = ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N");
        assert_eq!(severity(rated("CVSS_V3", low), rated("CVSS_V3", high)), Some(Severity::High));
        let mut record = rated("CVSS_V3", low);
        record["database_specific"] = json!({ "severity": "CRITICAL" });
        assert_eq!(severity(record, json!({})), Some(Severity::Low));
    }

    #[test]
    fn without_a_vector_the_word_of_the_database_counts_and_without_a_word_nothing_is_known() {
        let says = |word: &str| severity(json!({ "database_specific": { "severity": word } }), json!({}));
        assert_eq!((says("MODERATE"), says("High"), says("whatever")), (Some(Severity::Medium), Some(Severity::High), None));
        let urgency = |word: &str| severity(json!({}), json!({ "ecosystem_specific": { "urgency": word } }));
        assert_eq!((urgency("unimportant"), urgency("medium**"), urgency("not yet assigned")), (Some(Severity::Low), Some(Severity::Medium), None));
        assert_eq!(severity(rated("CVSS_V3", "CVSS:3.1/nonsense"), json!({})), None, "a vector that is none");
        assert_eq!(severity(rated("Ubuntu", "high"), json!({})), None, "a scale that is not read");
    }

    #[test]
    fn what_debian_calls_unimportant_is_low_whatever_its_vector() {
        let record = rated("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
        let urgency = |word: &str| json!({ "ecosystem_specific": { "urgency": word } });
        assert_eq!(severity(record.clone(), urgency("unimportant")), Some(Severity::Low));
        assert_eq!(severity(record, urgency("low")), Some(Severity::Critical));
    }

    #[test]
    fn what_was_made_to_do_harm_is_critical() {
        assert_eq!(severity(json!({ "id": "MAL-2026-1" }), json!({})), Some(Severity::Critical));
    }
}
