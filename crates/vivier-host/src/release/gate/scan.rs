//! What the gate says: the document `scan.json`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vivier_core::digest::Digest;
use vivier_core::release::Verdict;
use vivier_core::time::Timestamp;

use crate::release::osv::{Ecosystem, Severity};
use crate::release::policy::Allowance;

/// One look at one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    pub image: Digest,
    pub at: Timestamp,
    pub verdict: Verdict,
    /// What could not be looked at, and why. Not empty when the verdict is `unscanned`.
    pub gaps: Vec<Gap>,
    /// Why it may start although it is unscanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Acceptance>,
    /// Of the bill of materials that was looked at.
    pub bill: Digest,
    /// Of the policy's document.
    pub policy: Digest,
    pub fail_on: Severity,
    /// What was asked of the database, and how much it had.
    pub asked: Vec<Asked>,
    /// What is known against the image: first what stops it, then the worst.
    pub findings: Vec<Finding>,
    /// Allowances of the policy that nothing was found for.
    pub idle: Vec<Idle>,
}

/// The packages of one ecosystem, and what the database has for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub ecosystem: Ecosystem,
    /// How many packages of the bill were asked about.
    pub packages: u64,
    /// How many records the database has for the ecosystem.
    pub records: u64,
    /// When the newest of them was last changed.
    pub newest: Option<Timestamp>,
    /// Whole days since then.
    pub age_days: Option<u64>,
}

/// Why something could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Gap {
    /// No database is set.
    NoDatabase,
    /// There is none where one should be, or it cannot be read.
    Unreadable { why: String },
    /// It has nothing for an ecosystem that the image has packages of.
    Nothing { ecosystem: Ecosystem },
    /// What it has for an ecosystem is too old. Without `newest`, every date in it lies in the future.
    Old { ecosystem: Ecosystem, newest: Option<Timestamp>, age_days: Option<u64>, max_age_days: u16 },
    /// Components that no ecosystem is known for.
    Strange { components: Vec<String> },
}

/// A vulnerability in a package of the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub id: String,
    pub aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    pub ecosystem: Ecosystem,
    /// For Debian, the source package.
    pub package: String,
    pub version: String,
    /// Absent: nobody has rated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// `severity`, or what the policy has for what nobody has rated.
    pub counts_as: Severity,
    /// Later versions that are without it, nearest first.
    pub fixed_in: Vec<String>,
    /// Why it could not be told whether this version is affected; then it counts as affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclear: Option<String>,
    pub ruling: Ruling,
}

/// What the policy makes of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ruling {
    /// Stops the release.
    Blocks,
    /// Stops the release: it was allowed until `expires`.
    Expired { reason: String, expires: Date },
    /// Accepted until `expires`.
    Allowed { reason: String, expires: Date },
    /// Milder than what the policy fails on.
    Mild,
}

/// An allowance that nothing was found for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    #[serde(flatten)]
    pub allowance: Allowance,
    pub expired: bool,
}

/// The operator's word that an unscanned release may start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    pub accepted_by: String,
    pub reason: String,
    pub at: Timestamp,
}

/// Why a verdict cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    #[error("the release has failed, and that cannot be accepted as a whole; allow each finding in the release policy, with a reason and an expiry")]
    Failed,
    #[error("the release has passed; there is nothing to accept")]
    Passed,
    #[error("say why the release may start unscanned: the reason must not be empty")]
    NoReason,
    #[error("say who accepts the release unscanned: the name must not be empty")]
    Nobody,
}

impl Scan {
    /// The release may be started.
    pub fn may_start(&self) -> bool {
        match self.verdict {
            Verdict::Passed => true,
            Verdict::Failed => false,
            Verdict::Unscanned => self.acceptance.is_some(),
        }
    }

    /// The same, accepted as it is although it is unscanned.
    ///
    /// # Errors
    /// When it is not unscanned, or nobody says why.
    pub fn accept(self, acceptance: Acceptance) -> Result<Self, AcceptError> {
        match self.verdict {
            Verdict::Passed => Err(AcceptError::Passed),
            Verdict::Failed => Err(AcceptError::Failed),
            Verdict::Unscanned if acceptance.reason.trim().is_empty() => Err(AcceptError::NoReason),
            Verdict::Unscanned if acceptance.accepted_by.trim().is_empty() => Err(AcceptError::Nobody),
            Verdict::Unscanned => Ok(Self { acceptance: Some(acceptance), ..self }),
        }
    }

    /// The document's text.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("texts and numbers can be written");
        text.push('\n');
        text
    }
}

impl Finding {
    /// It stops the release.
    pub fn blocks(&self) -> bool {
        match self.ruling {
            Ruling::Blocks | Ruling::Expired { .. } => true,
            Ruling::Allowed { .. } | Ruling::Mild => false,
        }
    }

    /// What it is sorted by.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        (!self.blocks(), std::cmp::Reverse(self.counts_as), self.ecosystem.clone(), self.package.clone(), self.version.clone(), self.id.clone())
    }
}
