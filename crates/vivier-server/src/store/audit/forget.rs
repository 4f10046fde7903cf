//! Names that must become unreadable, when an account or a person is deleted: the chain stays as it is, and holds.

use vivier_core::id::{AccountId, UserId};

use super::{AuditOutcome, Entry};
use crate::store::{Actor, StoreError, Tx, new_uuid, statements};

statements! {
    OF_ACCOUNT = "UPDATE audit_logs SET actor = '', origin = NULL, detail = '{}', salt = NULL WHERE account_id = $1 AND salt IS NOT NULL";
    OF_USER = "UPDATE audit_logs SET actor = '', origin = NULL, detail = '{}', salt = NULL WHERE user_id = $1 AND salt IS NOT NULL";
}

/// Whose rows lose their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All that was done to this account's things, whoever did it.
    Account(AccountId),
    /// All that this person did, wherever.
    User(UserId),
}

impl Whose {
    /// What the row about it names.
    fn subject(&self) -> String {
        match self {
            Self::Account(id) => id.to_string(),
            Self::User(id) => id.to_string(),
        }
    }

    /// The row that says that it was done: without one, a row without its names is a finding.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            id: new_uuid(),
            account: None,
            actor: Actor::system(),
            action: super::FORGOTTEN.to_owned(),
            subject: self.subject(),
            outcome: AuditOutcome::Done,
            detail: "{}".to_owned(),
        }
    }
}

impl Tx {
    /// Makes actor, origin and detail of these rows unreadable for ever, when this transaction commits: those of this transaction
    /// as well. What was done, when, to which id and with what outcome stays.
    pub fn forget_in_audit(&mut self, whose: Whose) {
        self.forget.push(whose);
    }

    pub(super) async fn make_unreadable(&mut self, whose: Whose) -> Result<(), StoreError> {
        let statement = match whose {
            Whose::Account(_) => OF_ACCOUNT,
            Whose::User(_) => OF_USER,
        };
        sqlx::query(statement).bind(whose.subject()).execute(self.conn()).await?;
        Ok(())
    }
}
