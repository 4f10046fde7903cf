//! One record of a database, as far as the gate needs it. Fields: ossf.github.io/osv-schema, version 1.7.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use vivier_core::time::Timestamp;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Record {
    pub id: String,
    pub modified: Timestamp,
    /// When it was taken back: then it says nothing any more.
    pub withdrawn: Option<String>,
    /// The same vulnerability elsewhere.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The vulnerabilities that a distribution's record is about.
    #[serde(default)]
    pub upstream: Vec<String>,
    pub summary: Option<String>,
    #[serde(default)]
    pub severity: Vec<Rating>,
    #[serde(default)]
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
    #[serde(default)]
    pub severity: Vec<Rating>,
    #[serde(default)]
    pub ranges: Vec<Range>,
    #[serde(default)]
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
    #[serde(default)]
    pub events: Vec<Event>,
}

/// `introduced`, `fixed`, `last_affected` or `limit`, and the version.
pub(super) type Event = BTreeMap<String, String>;
