//! The audit log: who did what to what, from where, and what came of it. Each row holds the hash of the one before it.
//!
//! A transaction keeps its rows until it commits, and appends them last: the chain's end is one row that everybody locks, so it comes
//! after every other lock (see [`super`]). What the log cannot take does not happen.
//!
//! - [`chain`] has the encoding, the hashes and the seal; it is pure.
//! - `append` writes at the end of the chain, and notices when that end is not where we left it.
//! - [`verify`] reads the whole log and says which row is not what was written.
//! - `forget` makes the names of one account or person unreadable, and leaves the chain whole.

mod append;
pub mod chain;
mod forget;
pub mod verify;

use sqlx::any::AnyRow;
use vivier_core::id::{AccountId, UserId};
use vivier_core::time::Timestamp;
pub use vivier_core::wire::audit::AuditOutcome;

pub(super) use self::append::Trail;
pub use self::forget::Whose;
use super::deployments::like;
use super::export::{Field, Part};
use super::{Actor, Columns as _, Store, StoreError, Tx, int, new_uuid, statements};

/// The action of the row that says that the log was found altered.
pub const BROKEN: &str = "audit.broken";
/// The action of the row that says whose names were made unreadable.
pub const FORGOTTEN: &str = "audit.forget";
/// Rows that one page holds at most.
pub const MOST_ON_A_PAGE: u32 = 500;
/// Bytes of a row's detail: it tells what changed, it is no archive.
const MOST_DETAIL: usize = 8_192;

macro_rules! select_rows {
    ($condition:literal, $order:literal) => {
        concat!(
            "SELECT seq, id, at, account_id, actor, user_id, action, subject, outcome, origin, detail, salt, commitment, hash FROM audit_logs WHERE ",
            $condition,
            " AND ($2 = '' OR LOWER(actor) LIKE $2 ESCAPE '!') AND ($3 = '' OR action = $3 OR action LIKE $4 ESCAPE '!') AND ($5 = '' OR subject = $5) \
             AND ($6 = '' OR outcome = $6) AND at >= $7 AND at < $8 AND seq > $9 AND seq < $10 ORDER BY seq ",
            $order,
            " LIMIT $11"
        )
    };
}

/// Every statement of this room.
pub(super) fn statements() -> Vec<&'static str> {
    [ALL, append::ALL, forget::ALL, verify::ALL].concat()
}

statements! {
    AUDITED = "SELECT id FROM audit_logs WHERE id = $1";
    ALL_NEWEST_FIRST = select_rows!("seq IS NOT NULL AND $1 = ''", "DESC");
    ALL_OLDEST_FIRST = select_rows!("seq IS NOT NULL AND $1 = ''", "ASC");
    OF_ACCOUNT_NEWEST_FIRST = select_rows!("account_id = $1", "DESC");
    OF_ACCOUNT_OLDEST_FIRST = select_rows!("account_id = $1", "ASC");
    OF_SUBJECT_NEWEST_FIRST = select_rows!("subject = $1", "DESC");
    OF_SUBJECT_OLDEST_FIRST = select_rows!("subject = $1", "ASC");
    EXPORT = "SELECT at, actor, action, subject, outcome, origin, detail FROM audit_logs WHERE account_id = $1 ORDER BY seq";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part {
    name: "audit",
    sql: EXPORT,
    fields: &[
        ("at", Field::Time),
        ("actor", Field::Text),
        ("action", Field::Text),
        ("subject", Field::Text),
        ("outcome", Field::Text),
        ("origin", Field::Text),
        ("detail", Field::Json),
    ],
};

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the chain, from 1.
    pub seq: i64,
    pub at: Timestamp,
    /// Whose thing it was; absent for the installation's own.
    pub account: Option<AccountId>,
    /// Empty when it was made unreadable.
    pub actor: String,
    /// Who acted, as an id; absent for the system.
    pub user: Option<UserId>,
    pub action: String,
    pub subject: String,
    pub outcome: AuditOutcome,
    /// The address that it came from.
    pub origin: Option<String>,
    /// JSON. Never a secret.
    pub detail: String,
    /// Whether its names were made unreadable (see [`Whose`]).
    pub forgotten: bool,
    pub hash: Vec<u8>,
}

/// A row as the database holds it: read like this it can be verified whatever somebody has made of it.
struct Stored {
    seq: i64,
    id: String,
    at: i64,
    account: Option<String>,
    actor: String,
    user: Option<String>,
    action: String,
    subject: String,
    outcome: String,
    origin: Option<String>,
    detail: String,
    salt: Option<Vec<u8>>,
    commitment: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.int("seq")?,
            id: row.text("id")?,
            at: row.int("at")?,
            account: row.text_opt("account_id")?,
            actor: row.text("actor")?,
            user: row.text_opt("user_id")?,
            action: row.text("action")?,
            subject: row.text("subject")?,
            outcome: row.text("outcome")?,
            origin: row.text_opt("origin")?,
            detail: row.text("detail")?,
            salt: row.blob_opt("salt")?,
            commitment: row.blob_opt("commitment")?.unwrap_or_default(),
            hash: row.blob_opt("hash")?.unwrap_or_default(),
        })
    }

    /// For a reader. A field that is none of ours any more is left out: the verification says so.
    fn read(self) -> AuditRow {
        let Self { seq, id: _, at, account, actor, user, action, subject, outcome, origin, detail, salt, commitment: _, hash } = self;
        AuditRow {
            seq,
            at: Timestamp::from_millis(at),
            account: account.and_then(|id| id.parse().ok()),
            actor,
            user: user.and_then(|id| id.parse().ok()),
            action,
            subject,
            outcome: AuditOutcome::ALL.into_iter().find(|known| known.as_str() == outcome).unwrap_or(AuditOutcome::Failed),
            origin,
            detail,
            forgotten: salt.is_none(),
            hash,
        }
    }
}

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub account: Option<AccountId>,
    /// Part of the actor's name, whatever the case.
    pub actor: Option<String>,
    /// An action such as `token.create`, or all of a kind: `token.`
    pub action: Option<String>,
    /// The id of what it was done to.
    pub subject: Option<String>,
    pub outcome: Option<AuditOutcome>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Up to this time, without it.
    pub until: Option<Timestamp>,
    /// Rows after this place (for the oldest first) or before it (for the newest first).
    pub cursor: Option<i64>,
    pub oldest_first: bool,
    /// At most [`MOST_ON_A_PAGE`].
    pub limit: u32,
}

/// A row that waits for its transaction's commit.
pub(super) struct Entry {
    id: uuid::Uuid,
    account: Option<AccountId>,
    actor: Actor,
    action: String,
    subject: String,
    outcome: AuditOutcome,
    detail: String,
}

impl Store {
    /// One page of the log.
    pub async fn audit_page(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let AuditFilter { account, actor, action, subject, outcome, since, until, cursor, oldest_first, limit } = filter;
        // By the most telling of them, which has an index.
        let (first, newest, oldest) = match (account, subject) {
            (Some(account), _) => (account.to_string(), OF_ACCOUNT_NEWEST_FIRST, OF_ACCOUNT_OLDEST_FIRST),
            (None, Some(subject)) => (subject.clone(), OF_SUBJECT_NEWEST_FIRST, OF_SUBJECT_OLDEST_FIRST),
            (None, None) => (String::new(), ALL_NEWEST_FIRST, ALL_OLDEST_FIRST),
        };
        let actor = actor.as_ref().map(|part| like(part)).unwrap_or_default();
        let action = action.clone().unwrap_or_default();
        // `token.` stands for all that begins so.
        let kind = like(&action);
        let kind = kind.trim_start_matches('%');
        let kind = if action.ends_with('.') { kind } else { kind.trim_end_matches('%') };
        let (after, before) = if *oldest_first { (cursor.unwrap_or(0), i64::MAX) } else { (0, cursor.unwrap_or(i64::MAX)) };
        let rows = sqlx::query(if *oldest_first { oldest } else { newest })
            .bind(first)
            .bind(actor)
            .bind(action)
            .bind(kind)
            .bind(subject.clone().unwrap_or_default())
            .bind(outcome.map(|outcome| super::word(&outcome)).unwrap_or_default())
            .bind(since.map_or(i64::MIN, Timestamp::as_millis))
            .bind(until.map_or(i64::MAX, Timestamp::as_millis))
            .bind(after)
            .bind(before)
            .bind(int(u64::from((*limit).clamp(1, MOST_ON_A_PAGE))))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(|row| Stored::from_row(row).map(Stored::read)).collect()
    }

    /// The newest rows of one account, or of all.
    pub async fn audit_log(&self, account: Option<AccountId>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.audit_page(&AuditFilter { account, limit, ..AuditFilter::default() }).await
    }

    /// Writes down what was refused, or failed: nothing else happens in this transaction.
    pub async fn audit_refusal(
        &self,
        actor: &Actor,
        account: Option<AccountId>,
        action: &str,
        subject: &str,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // A request that is refused may be sent again under its name, and then be granted.
        let actor = Actor { once: None, ..actor.clone() };
        tx.record(&actor, account, action, subject, AuditOutcome::Refused, detail);
        tx.commit_quietly().await
    }
}

impl Tx {
    /// Refuses what was done already: for requests that are sent again (see [`Actor::once`]). Call it behind the account's or
    /// the deployment's lock.
    pub(super) async fn first_time(&mut self, actor: &Actor) -> Result<(), StoreError> {
        let Some(once) = actor.once else { return Ok(()) };
        let done = sqlx::query(AUDITED).bind(once.to_string()).fetch_optional(self.conn()).await?;
        if done.is_some() || self.audit.iter().any(|entry| entry.id == once) { Err(StoreError::Repeated) } else { Ok(()) }
    }

    /// Writes who did what into the audit log, as part of this transaction: the row is appended when it commits.
    ///
    /// `subject` is the id of what it was done to, or a word of our own: it stays readable for ever. What belongs to a person (a
    /// name, an address) goes into `detail`, and never a secret.
    ///
    /// With [`Actor::once`] this is also what keeps a repeated request from a second effect: call it once per transaction.
    ///
    /// # Errors
    /// `Repeated`, when the request was done already; the commit says so, too, when another does it at the same time.
    pub async fn audit(&mut self, actor: &Actor, account: Option<AccountId>, action: &str, subject: &str, detail: serde_json::Value) -> Result<(), StoreError> {
        self.first_time(actor).await?;
        self.record(actor, account, action, subject, AuditOutcome::Done, detail);
        Ok(())
    }

    fn record(&mut self, actor: &Actor, account: Option<AccountId>, action: &str, subject: &str, outcome: AuditOutcome, detail: serde_json::Value) {
        let mut detail = detail.to_string();
        if detail.len() > MOST_DETAIL {
            detail = serde_json::json!({ "cut": "the detail was too long to be kept", "bytes": detail.len() }).to_string();
        }
        self.audit.push(Entry {
            id: actor.once.unwrap_or_else(new_uuid),
            account,
            actor: actor.clone(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            outcome,
            detail,
        });
    }
}
