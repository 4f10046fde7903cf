//! The provider's events: stored once by their ids, applied once. An event says only which object to read again.

use vivier_core::time::Timestamp;

use super::super::{Columns as _, Store, StoreError, Tx, statements};
use super::DAY_MS;

/// Days that an event's id is remembered. Stripe sends one again for three.
const KEPT_DAYS: i64 = 40;
/// Events that are taken at a time.
const MOST: i64 = 200;
/// The longest outcome that is kept, in bytes.
const MOST_OUTCOME: usize = 300;

statements! {
    STORE = "INSERT INTO billing_events (id, kind, object_kind, object_id, received_at, due_at) VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (id) DO NOTHING";
    PENDING = "SELECT id, kind, object_kind, object_id, tries FROM billing_events WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at, id LIMIT $2";
    APPLIED = "UPDATE billing_events SET due_at = NULL, applied_at = $2, outcome = $3 WHERE id = $1 AND due_at IS NOT NULL";
    PUT_OFF = "UPDATE billing_events SET due_at = $2, tries = tries + 1, outcome = $3 WHERE id = $1 AND due_at IS NOT NULL";
    BACKLOG = "SELECT COUNT(*) AS count, MIN(received_at) AS oldest FROM billing_events WHERE due_at IS NOT NULL";
    PRUNE = "DELETE FROM billing_events WHERE received_at < $1 AND due_at IS NULL";
    PUT_OFF_COUNT = "SELECT COUNT(*) AS count FROM billing_events WHERE due_at IS NOT NULL AND tries > 0";
    COUNT = "SELECT COUNT(*) AS count FROM billing_events";
}

/// An event as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    pub id: String,
    pub kind: String,
    pub object_kind: String,
    pub object_id: String,
}

/// An event that is not applied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub event: NewEvent,
    pub tries: u64,
}

impl Store {
    /// Keeps events, all in one transaction. Those that are there already change nothing. Returns which are new.
    pub async fn store_events(&self, events: &[NewEvent]) -> Result<Vec<bool>, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let mut new = Vec::with_capacity(events.len());
        for NewEvent { id, kind, object_kind, object_id } in events {
            let done = sqlx::query(STORE).bind(id).bind(kind).bind(object_kind).bind(object_id).bind(now).execute(tx.conn()).await?;
            new.push(done.rows_affected() == 1);
        }
        tx.commit_quietly().await?;
        Ok(new)
    }

    /// Those that are to be applied now, the longest waiting first.
    pub async fn pending_events(&self) -> Result<Vec<Pending>, StoreError> {
        let rows = sqlx::query(PENDING).bind(self.now().as_millis()).bind(MOST).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let event = NewEvent { id: row.text("id")?, kind: row.text("kind")?, object_kind: row.text("object_kind")?, object_id: row.text("object_id")? };
                Ok(Pending { event, tries: row.count("tries")? })
            })
            .collect()
    }

    /// They are applied, and nothing was to be written for them.
    pub async fn events_applied(&self, ids: &[String], outcome: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.applied(ids, outcome).await?;
        tx.commit_quietly().await
    }

    /// They are applied at `due`: something was in the way.
    pub async fn put_events_off(&self, ids: &[String], due: Timestamp, why: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for id in ids {
            sqlx::query(PUT_OFF).bind(id).bind(due.as_millis()).bind(clip(why)).execute(tx.conn()).await?;
        }
        tx.commit_quietly().await
    }

    /// How many events wait, and since when the oldest does.
    pub async fn event_backlog(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let row = sqlx::query(BACKLOG).fetch_one(self.reader()).await?;
        Ok((row.count("count")?, row.at_opt("oldest")?))
    }

    /// How many events wait after something was in the way.
    pub async fn put_off_events(&self) -> Result<u64, StoreError> {
        sqlx::query(PUT_OFF_COUNT).fetch_one(self.reader()).await?.count("count")
    }

    /// How many events are remembered.
    pub async fn count_events(&self) -> Result<u64, StoreError> {
        sqlx::query(COUNT).fetch_one(self.reader()).await?.count("count")
    }

    /// Forgets events that nobody sends again.
    pub async fn prune_billing_events(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let before = tx.now().plus_millis(-KEPT_DAYS * DAY_MS);
        sqlx::query(PRUNE).bind(before.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    /// Marks events as applied by this transaction.
    pub(super) async fn applied(&mut self, ids: &[String], outcome: &str) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        for id in ids {
            sqlx::query(APPLIED).bind(id).bind(now).bind(clip(outcome)).execute(self.conn()).await?;
        }
        Ok(())
    }
}

fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_OUTCOME)]
}
