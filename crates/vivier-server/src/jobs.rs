//! What is to be done once, later: a mail to send, another's API to call. A job is enqueued by the transaction that wants it
//! ([`crate::store::Tx::enqueue`]), so it is there exactly when its cause is; the runner ([`crate::worker`]) does it at least once.
//!
//! To add a kind: a variant of [`Task`] and of [`JobKind`], and its arm in `worker/jobs.rs`. An executor's own writes belong into one
//! transaction with [`crate::store::Tx::finish_job`]: then they happen once. What it does outside must bear being done twice.

use serde::{Deserialize, Serialize};
use vivier_core::id::AccountId;
use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::jobs::JobKind;

use crate::mail::Mail;

/// What a job does, with all that it needs for it. It is stored sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Task {
    Mail(Mail),
    /// Sends a link that sets the password anew, if somebody has this address. A job, so that who asks is answered alike, in the same
    /// time, whether somebody has it or not.
    PasswordReset {
        email: Email,
    },
}

impl Task {
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Mail(_) => JobKind::Mail,
            Self::PasswordReset { email: _ } => JobKind::PasswordReset,
        }
    }
}

/// A job to enqueue.
#[derive(Clone, Debug)]
pub struct Job {
    pub task: Task,
    pub account: Option<AccountId>,
    /// Jobs of one serial key are done one after the other, in the order in which they were enqueued. One that fails keeps those
    /// behind it waiting until it is done or dead.
    pub serial: Option<String>,
    /// While a job with this key is there (waiting, dead, or done within the last 30 days), another is not enqueued.
    pub dedupe: Option<String>,
    /// Not before; absent: at once.
    pub run_at: Option<Timestamp>,
}

impl Job {
    pub const fn new(task: Task) -> Self {
        Self { task, account: None, serial: None, dedupe: None, run_at: None }
    }

    #[must_use]
    pub const fn account(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    #[must_use]
    pub fn serial(mut self, key: impl Into<String>) -> Self {
        self.serial = Some(key.into());
        self
    }

    #[must_use]
    pub fn dedupe(mut self, key: impl Into<String>) -> Self {
        self.dedupe = Some(key.into());
        self
    }

    #[must_use]
    pub const fn at(mut self, run_at: Timestamp) -> Self {
        self.run_at = Some(run_at);
        self
    }
}
