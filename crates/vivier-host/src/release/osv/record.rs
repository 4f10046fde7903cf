//! One record of a database, as far as the gate needs it. Fields: ossf.github.io/osv-schema, version 1.7.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use vivier_core::time::Timestamp;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Record {
    pub id: String,
    pub modified: Timestamp,
    /// When it was taken back: then it says nothing any more.
    pub withdrawn: Option<String>,
    /// The same vulnerability elsewhere.
    #[serde(default, deserialize_with = "list")]
    pub aliases: Vec<String>,
    /// The vulnerabilities that a distribution's record is about.
    #[serde(default, deserialize_with = "list")]
    pub upstream: Vec<String>,
    pub summary: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub severity: Vec<Rating>,
    #[serde(default, deserialize_with = "list")]
    pub affected: Vec<Affected>,
    #[serde(default)]
    pub database_specific: Value,
}

/// A severity in somebody's scale.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Rating {
    #[serde(rename = "type")]
    pub kind: String,
    pub score: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Affected {
    /// Absent where a record speaks of commits alone.
    pub package: Option<Package>,
    #[serde(default, deserialize_with = "list")]
    pub severity: Vec<Rating>,
    #[serde(default, deserialize_with = "list")]
    pub ranges: Vec<Range>,
    #[serde(default, deserialize_with = "list")]
    pub versions: Vec<String>,
    #[serde(default)]
    pub ecosystem_specific: Value,
    #[serde(default)]
    pub database_specific: Value,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Package {
    pub ecosystem: String,
    pub name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Range {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, deserialize_with = "list")]
    pub events: Vec<Event>,
}

/// `introduced`, `fixed`, `last_affected` or `limit`, and the version.
pub(super) type Event = BTreeMap<String, String>;

/// A list. The schema allows `null` in the place of some, and means an empty one.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_be_absent_or_null_and_fields_that_nobody_knows_are_passed_over() {
        let empty = r#"{"id":"X-1","modified":"2026-09-12T11:00:05.986201214Z"}"#;
        let nulls = r#"{"id":"X-1","modified":"2026-01-01T00:00:00Z","withdrawn":null,"aliases":null,"severity":null,"affected":null,"references":null,"credits":[{}],"new":{}}"#;
        for text in [empty, nulls] {
            let Record { withdrawn, aliases, severity, affected, .. } = serde_json::from_str(text).expect("a record");
            assert!(withdrawn.is_none() && aliases.is_empty() && severity.is_empty() && affected.is_empty());
        }
        let entry: Affected = serde_json::from_str(r#"{"versions":null,"ranges":null,"ecosystem_specific":null}"#).expect("an entry");
        assert!(entry.package.is_none() && entry.versions.is_empty() && entry.ranges.is_empty());
    }
}
