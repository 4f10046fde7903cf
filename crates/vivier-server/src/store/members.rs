//! Who works in which account, and what they may do there.

use vivier_core::id::{AccountId, UserId};
use vivier_core::wire::accounts::MemberRole;

use super::accounts::Account;
use super::{Columns as _, Store, StoreError, Tx, statements, word};

statements! {
    INSERT = "INSERT INTO members (account_id, user_id, role, created_at, used_at) VALUES ($1, $2, $3, $4, $4)";
    ONE = "SELECT a.id, a.name, a.created_at, a.closed_at, m.role FROM members m JOIN accounts a ON a.id = m.account_id \
        WHERE m.account_id = $1 AND m.user_id = $2 AND a.closed_at IS NULL";
    /// The one they worked in last stands first.
    OF_USER = "SELECT a.id, a.name, a.created_at, a.closed_at, m.role FROM members m JOIN accounts a ON a.id = m.account_id \
        WHERE m.user_id = $1 AND a.closed_at IS NULL ORDER BY m.used_at DESC, m.created_at, a.id";
    USED = "UPDATE members SET used_at = $3 WHERE account_id = $1 AND user_id = $2";
}

/// An account, as one of its members has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub account: Account,
    pub role: MemberRole,
}

impl Membership {
    fn from_row(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self { account: Account::from_row(row)?, role: row.word("role")? })
    }
}

impl Store {
    /// # Errors
    /// `NotFound("account")` when they are no member of it.
    pub async fn membership(&self, account: AccountId, user: UserId) -> Result<Membership, StoreError> {
        let row = sqlx::query(ONE).bind(account.to_string()).bind(user.to_string()).fetch_optional(self.reader()).await?;
        Membership::from_row(&row.ok_or(StoreError::NotFound("account"))?)
    }

    /// The accounts that someone is a member of; the one they worked in last stands first.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        let rows = sqlx::query(OF_USER).bind(user.to_string()).fetch_all(self.reader()).await?;
        rows.iter().map(Membership::from_row).collect()
    }
}

impl Tx {
    pub(super) async fn insert_member(&mut self, account: AccountId, user: UserId, role: MemberRole) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(INSERT).bind(account.to_string()).bind(user.to_string()).bind(word(&role)).bind(now).execute(self.conn()).await?;
        Ok(())
    }

    /// They begin to work in it now.
    pub(super) async fn use_account(&mut self, account: AccountId, user: UserId) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(USED).bind(account.to_string()).bind(user.to_string()).bind(now).execute(self.conn()).await?;
        Ok(())
    }
}
