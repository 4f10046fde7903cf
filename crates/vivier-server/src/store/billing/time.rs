//! The time in which a deployment ran, from its timeline: each change of its state is a line there.

use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::State;
use vivier_core::time::Timestamp;

use super::super::{Columns as _, Store, StoreError, statements};

statements! {
    BEFORE = "SELECT message FROM events WHERE deployment_id = $1 AND kind = 'state' AND at <= $2 ORDER BY id DESC LIMIT 1";
    WITHIN = "SELECT at, message FROM events WHERE deployment_id = $1 AND kind = 'state' AND at > $2 AND at < $3 ORDER BY id";
}

/// Whether the time in a state is paid for: it runs and can be reached, or is being changed on its owner's word.
fn is_billable(state: &str) -> bool {
    [State::Running, State::Updating, State::Restarting].iter().any(|billed| billed.as_str() == state)
}

impl Store {
    /// Seconds between `from` and `to` in which it ran. Before its first line it did not.
    pub async fn billable_seconds(&self, id: DeploymentId, from: Timestamp, to: Timestamp) -> Result<u64, StoreError> {
        let before = sqlx::query(BEFORE).bind(id.to_string()).bind(from.as_millis()).fetch_optional(self.reader()).await?;
        let mut state = before.map(|row| row.text("message")).transpose()?.unwrap_or_default();
        let (mut since, mut millis) = (from, 0_i64);
        let rows = sqlx::query(WITHIN).bind(id.to_string()).bind(from.as_millis()).bind(to.as_millis()).fetch_all(self.reader()).await?;
        for row in &rows {
            let at = row.at("at")?;
            if is_billable(&state) {
                millis += at.millis_since(since).max(0);
            }
            (state, since) = (row.text("message")?, at);
        }
        if is_billable(&state) {
            millis += to.millis_since(since).max(0);
        }
        Ok(u64::try_from(millis / 1_000).unwrap_or_default())
    }
}
