//! The timeline of a deployment: what was asked, done and seen, and how long it took.

use vivier_core::id::{AccountId, DeploymentId, EventId};
use vivier_core::lifecycle::Action;
use vivier_core::wire::agents::{EventKind, EventOut, Outcome};

use super::export::{Field, Part};
use super::{Columns as _, Store, StoreError, Tx, int, new_uuid, statements, word};

/// Events kept of each deployment; older ones are pruned.
pub const KEPT: u32 = 500;

statements! {
    INSERT = "INSERT INTO events (id, deployment_id, account_id, at, kind, action, outcome, message, duration_ms, actor) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// The newest event of the same kind and action: to see whether this one says anything new.
    LAST_LIKE = "SELECT id, outcome, message FROM events WHERE deployment_id = $1 AND kind = $2 AND action = $3 AND outcome <> 'started' ORDER BY id DESC LIMIT 1";
    REFRESH = "UPDATE events SET at = $2, duration_ms = $3 WHERE id = $1";
    LIST = "SELECT id, at, kind, action, outcome, message, duration_ms, actor FROM events \
        WHERE deployment_id = $1 AND account_id = $2 AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4";
    LIST_AFTER = "SELECT id, at, kind, action, outcome, message, duration_ms, actor FROM events \
        WHERE deployment_id = $1 AND account_id = $2 AND id > $3 ORDER BY id LIMIT $4";
    CROWDED = "SELECT deployment_id FROM events GROUP BY deployment_id HAVING COUNT(*) > $1";
    PRUNE = "DELETE FROM events WHERE deployment_id = $1 AND id <= (SELECT id FROM events WHERE deployment_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";
    EXPORT = "SELECT deployment_id, at, kind, action, outcome, message, duration_ms, actor FROM events WHERE account_id = $1 ORDER BY deployment_id, id";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part {
    name: "events",
    sql: EXPORT,
    fields: &[
        ("deployment_id", Field::Text),
        ("at", Field::Time),
        ("kind", Field::Text),
        ("action", Field::Text),
        ("outcome", Field::Text),
        ("message", Field::Text),
        ("duration_ms", Field::Number),
        ("actor", Field::Text),
    ],
};

/// A line to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub kind: EventKind,
    pub action: Option<Action>,
    pub outcome: Outcome,
    pub message: String,
    pub duration_ms: Option<u64>,
    pub actor: Option<String>,
}

impl Note {
    pub fn new(kind: EventKind, outcome: Outcome, message: impl Into<String>) -> Self {
        Self { kind, action: None, outcome, message: message.into(), duration_ms: None, actor: None }
    }

    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }

    #[must_use]
    pub fn took(mut self, millis: u64) -> Self {
        self.duration_ms = Some(millis);
        self
    }

    #[must_use]
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }
}

impl Store {
    /// The timeline: newest first, or, with `after`, what came after it, oldest first. At most 500 at a time.
    pub async fn events(
        &self,
        account: AccountId,
        id: DeploymentId,
        before: Option<EventId>,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<EventOut>, StoreError> {
        let (statement, edge) = match (before, after) {
            (_, Some(after)) => (LIST_AFTER, after.to_string()),
            (Some(before), None) => (LIST, before.to_string()),
            (None, None) => (LIST, String::new()),
        };
        let limit = i64::from(limit.min(KEPT));
        let rows = sqlx::query(statement).bind(id.to_string()).bind(account.to_string()).bind(edge).bind(limit).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(EventOut {
                    id: row.parse("id")?,
                    at: row.at("at")?,
                    kind: row.word("kind")?,
                    action: row.word_opt("action")?,
                    outcome: row.word("outcome")?,
                    message: row.text("message")?,
                    duration_ms: row.count_opt("duration_ms")?,
                    actor: row.text_opt("actor")?,
                })
            })
            .collect()
    }

    /// Leaves the newest [`KEPT`] events of each deployment.
    pub async fn prune_events(&self) -> Result<(), StoreError> {
        let crowded = sqlx::query(CROWDED).bind(i64::from(KEPT)).fetch_all(self.reader()).await?;
        for row in crowded {
            let mut tx = self.begin().await?;
            sqlx::query(PRUNE).bind(row.text("deployment_id")?).bind(i64::from(KEPT)).execute(tx.conn()).await?;
            tx.commit_quietly().await?;
        }
        Ok(())
    }
}

impl Tx {
    /// Writes one line of the timeline, as part of this transaction.
    ///
    /// A step that fails as it failed before is not written again: its line gets the new time. So a fault that lasts for days
    /// leaves one line, not thousands.
    pub async fn note(&mut self, account: AccountId, id: DeploymentId, note: &Note) -> Result<(), StoreError> {
        let Note { kind, action, outcome, message, duration_ms, actor } = note;
        if let (EventKind::Step, Some(action)) = (kind, action) {
            let last = sqlx::query(LAST_LIKE).bind(id.to_string()).bind(word(kind)).bind(word(action)).fetch_optional(self.conn()).await?;
            if let Some(last) = last {
                let failed_before = last.word::<Outcome>("outcome")? == Outcome::Failed;
                match outcome {
                    // The beginning of a repetition says nothing.
                    Outcome::Started if failed_before => return Ok(()),
                    Outcome::Failed if failed_before && last.text("message")? == *message => {
                        let now = self.now().as_millis();
                        sqlx::query(REFRESH).bind(last.text("id")?).bind(now).bind(duration_ms.map(int)).execute(self.conn()).await?;
                        return Ok(());
                    }
                    Outcome::Started | Outcome::Failed | Outcome::Done | Outcome::Noted => {}
                }
            }
        }
        sqlx::query(INSERT)
            .bind(EventId::from_uuid(new_uuid()).to_string())
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(self.now().as_millis())
            .bind(word(kind))
            .bind(action.as_ref().map(word))
            .bind(word(outcome))
            .bind(message)
            .bind(duration_ms.map(int))
            .bind(actor.as_deref())
            .execute(self.conn())
            .await?;
        Ok(())
    }
}
