//! What was seen of a deployment: the worker's row, and what the owner is told from it.
//!
//! The state that is shown is derived here at every reading, by [`vivier_core::lifecycle::state`], from what is wanted *now* and
//! what was seen *last*: an ask shows at once, whoever wrote it.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use vivier_core::digest::Digest;
use vivier_core::lifecycle::{self, Action, Breaker, Data, Desired, Drift, Past, Sight, State, Workload};
use vivier_core::runtime::{Observation, Proof};
use vivier_core::time::Timestamp;

use super::{Columns as _, StoreError};

/// What the API wants, as far as it decides the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub desired: Desired,
    pub revision: u64,
    pub generation: u64,
    pub retry_generation: u64,
    /// Raised by every change of what is wanted.
    pub version: u64,
}

impl Wanted {
    /// What failures are counted against: a new revision, a restart or a retry begins anew.
    pub fn attempt(&self) -> String {
        format!("{}.{}.{}", self.revision, self.generation, self.retry_generation)
    }
}

/// Why it does not work, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The breaker is open: no further try by itself.
    pub open: bool,
    pub reason: String,
    pub remedy: String,
}

impl Fault {
    /// Both as one text for the owner.
    pub fn sentence(&self) -> String {
        if self.remedy.is_empty() { self.reason.clone() } else { format!("{}. {}", self.reason.trim_end_matches('.'), self.remedy) }
    }
}

/// A configuration that a running gateway is known to have taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    pub container: String,
    pub started_at: Timestamp,
    pub config: Digest,
}

/// The worker's row.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub subnet_index: Option<u32>,
    pub observation: Option<Observation>,
    pub observed_at: Option<Timestamp>,
    pub workload: Workload,
    pub drift: Drift,
    /// What was wanted when workload and drift were derived.
    pub seen_revision: u64,
    pub seen_generation: u64,
    pub seen_version: u64,
    pub routed: bool,
    /// Since it was made or restored.
    pub first_routed_at: Option<Timestamp>,
    pub proven_since: Option<Timestamp>,
    pub running_revision: Option<u64>,
    /// The revision that was tried last, and passed.
    pub rehearsed: Option<u64>,
    pub last_known_good: Option<u64>,
    pub failures: u32,
    pub backoff_until: Option<Timestamp>,
    /// The last failure of this attempt.
    pub fault: Option<Fault>,
    /// [`Wanted::attempt`] that failures, back-off and fault belong to.
    pub attempt: String,
    /// `container@finished` of the exit that has been counted.
    pub counted_exit: Option<String>,
    /// The container that was told to stop.
    pub expected_exit: Option<String>,
    pub applied: Option<Applied>,
    pub proof: Option<Proof>,
    pub doing: Option<Action>,
    /// What it waits for, in a sentence.
    pub waiting: Option<String>,
    /// The state that the timeline said last.
    pub state: State,
    /// Raised by every change of this row: the compare-and-swap.
    pub version: u64,
}

impl Seen {
    /// Of a deployment that nobody has looked at.
    pub fn nothing() -> Self {
        Self {
            subnet_index: None,
            observation: None,
            observed_at: None,
            workload: Workload::Absent,
            drift: Drift::None,
            seen_revision: 0,
            seen_generation: 0,
            seen_version: 0,
            routed: false,
            first_routed_at: None,
            proven_since: None,
            running_revision: None,
            rehearsed: None,
            last_known_good: None,
            failures: 0,
            backoff_until: None,
            fault: None,
            attempt: String::new(),
            counted_exit: None,
            expected_exit: None,
            applied: None,
            proof: None,
            doing: None,
            waiting: None,
            state: State::Requested,
            version: 1,
        }
    }

    /// Reads the columns of `runtime_instances`, under these names.
    pub(crate) fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        let index = row.int_opt("subnet_index")?.map(u32::try_from).transpose();
        Ok(Self {
            subnet_index: index.map_err(|_| StoreError::Corrupt("subnet_index".to_owned()))?,
            observation: row.json_opt("observation")?,
            observed_at: row.at_opt("observed_at")?,
            workload: row.word("workload")?,
            drift: row.word("drift")?,
            seen_revision: row.count("seen_revision")?,
            seen_generation: row.count("seen_generation")?,
            seen_version: row.count("seen_version")?,
            routed: row.flag("routed")?,
            first_routed_at: row.at_opt("first_routed_at")?,
            proven_since: row.at_opt("proven_since")?,
            running_revision: row.count_opt("running_revision")?,
            rehearsed: row.count_opt("rehearsed")?,
            last_known_good: row.count_opt("last_known_good")?,
            failures: u32::try_from(row.count("failures")?).unwrap_or(u32::MAX),
            backoff_until: row.at_opt("backoff_until")?,
            fault: row.json_opt("fault")?,
            attempt: row.text("attempt")?,
            counted_exit: row.text_opt("counted_exit")?,
            expected_exit: row.text_opt("expected_exit")?,
            applied: row.json_opt("applied")?,
            proof: row.json_opt("proof")?,
            doing: row.word_opt("doing")?,
            waiting: row.text_opt("waiting")?,
            state: row.word("state")?,
            version: row.count("seen_row_version")?,
        })
    }

    /// The breaker, for what is wanted now. `falls_back`: there is a last known good revision, and the wanted one says something else.
    pub fn breaker(&self, wanted: &Wanted, falls_back: bool, now: Timestamp) -> Breaker {
        if self.attempt != wanted.attempt() {
            return Breaker::Closed;
        }
        if self.fault.as_ref().is_some_and(|fault| fault.open) {
            return if falls_back { Breaker::OpenWithFallback } else { Breaker::Open };
        }
        if self.backoff_until.is_some_and(|until| until > now) { Breaker::BackingOff } else { Breaker::Closed }
    }

    /// The state to show now, for what is wanted now.
    pub fn shown_state(&self, wanted: &Wanted, falls_back: bool, now: Timestamp) -> State {
        let drift = if wanted.generation != self.seen_generation {
            Drift::Container
        } else if wanted.revision != self.seen_revision {
            Drift::Config
        } else {
            self.drift
        };
        let sight = Sight {
            desired: wanted.desired,
            allocated: self.subnet_index.is_some(),
            workload: self.workload,
            drift,
            // Says nothing about the state that is shown.
            data: Data::Ready,
            rehearsed: true,
            routed: self.routed,
            breaker: self.breaker(wanted, falls_back, now),
        };
        lifecycle::state(sight, self.past(wanted))
    }

    pub fn past(&self, wanted: &Wanted) -> Past {
        Past { ran_before: self.first_routed_at.is_some(), new_revision: self.running_revision.is_some_and(|running| running != wanted.revision) }
    }

    /// Why it is in this state, where there is something to say.
    pub fn reason(&self, wanted: &Wanted) -> Option<String> {
        match wanted.desired {
            Desired::Terminated | Desired::Purged | Desired::Suspended => None,
            Desired::Running => {
                let fault = self.fault.as_ref().filter(|_| self.attempt == wanted.attempt());
                self.waiting.clone().or_else(|| fault.map(Fault::sentence))
            }
        }
    }
}
