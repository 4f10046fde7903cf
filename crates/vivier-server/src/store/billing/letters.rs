//! Letters about a bill: written by the step that they are about, in its transaction.

use vivier_core::name::Email;

use super::super::{Columns as _, StoreError, Tx, statements};
use super::Billed;
use super::steps::{Letter, Patience};
use crate::mail::billing as texts;

statements! {
    OWNER = "SELECT u.email FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 AND m.role = 'owner'";
}

impl Tx {
    /// Tells the owner of the account. An account that nobody owns any more is told nothing.
    pub(super) async fn letter(&mut self, bill: &Billed, letter: Letter, patience: &Patience) -> Result<(), StoreError> {
        let row = sqlx::query(OWNER).bind(bill.account.to_string()).fetch_optional(self.conn()).await?;
        let Some(row) = row else { return Ok(()) };
        let to: Email = row.parse("email")?;
        let agent = texts::Agent { name: bill.name.as_str(), public_url: &patience.public_url, deployment: bill.deployment };
        let mail = match letter {
            Letter::GraceBegins { until } => texts::grace_begins(to, agent, until),
            Letter::GraceEnds { until } => texts::grace_ends(to, agent, until),
            Letter::Suspended { until } => texts::suspended(to, agent, until),
            Letter::WindowEnds { until } => texts::window_ends(to, agent, until),
            Letter::Terminated { until } => texts::terminated(to, agent, until),
            Letter::Running => texts::running(to, agent),
            Letter::Begun { until } => texts::billing_begins(to, agent, until),
        };
        self.mail(Some(bill.account), &mail).await
    }
}
