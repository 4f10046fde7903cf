//! Accounts: what owns agents, tokens and money. People work in them as members.

use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::name::DisplayName;
use vivier_core::time::Timestamp;

use super::export::{Field, Part};
use super::{Actor, Columns as _, Store, StoreError, Tx, statements};

statements! {
    INSERT = "INSERT INTO accounts (id, name, created_at) VALUES ($1, $2, $3)";
    LOCK = "UPDATE accounts SET version = version + 1 WHERE id = $1 AND closed_at IS NULL";
    ONE = "SELECT id, name, created_at, closed_at FROM accounts WHERE id = $1";
    RENAME = "UPDATE accounts SET name = $2 WHERE id = $1";
    EXPORT = "SELECT id, name, created_at FROM accounts WHERE id = $1";
    OWNER = "SELECT account_id FROM deployments WHERE id = $1 AND desired <> 'purged'";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part { name: "account", sql: EXPORT, fields: &[("id", Field::Text), ("name", Field::Text), ("created_at", Field::Time)] };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub created_at: Timestamp,
    /// When its owner deleted it.
    pub closed_at: Option<Timestamp>,
}

impl Account {
    pub(super) fn from_row(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self { id: row.parse("id")?, name: row.text("name")?, created_at: row.at("created_at")?, closed_at: row.at_opt("closed_at")? })
    }
}

impl Store {
    pub async fn account(&self, id: AccountId) -> Result<Account, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.reader()).await?;
        Account::from_row(&row.ok_or(StoreError::NotFound("account"))?)
    }

    pub async fn rename_account(&self, actor: &Actor, id: AccountId, name: &DisplayName) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_account(id).await?;
        sqlx::query(RENAME).bind(id.to_string()).bind(name.as_str()).execute(tx.conn()).await?;
        tx.audit(actor, Some(id), "account.rename", &id.to_string(), serde_json::json!({ "name": name.as_str() })).await?;
        tx.commit_quietly().await
    }

    /// Whose deployment it is: for operators only.
    pub async fn deployment_owner(&self, id: DeploymentId) -> Result<AccountId, StoreError> {
        let row = sqlx::query(OWNER).bind(id.to_string()).fetch_optional(self.reader()).await?;
        row.ok_or(StoreError::NotFound("deployment"))?.parse("account_id")
    }
}

impl Tx {
    /// Alone with the account until the transaction ends: the first lock of any that needs several.
    pub async fn lock_account(&mut self, id: AccountId) -> Result<(), StoreError> {
        let done = sqlx::query(LOCK).bind(id.to_string()).execute(self.conn()).await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound("account")) } else { Ok(()) }
    }

    pub(super) async fn account_name(&mut self, id: AccountId) -> Result<String, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.conn()).await?;
        row.ok_or(StoreError::NotFound("account"))?.text("name")
    }

    pub(super) async fn insert_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let Account { id, name, created_at, closed_at: _ } = account;
        sqlx::query(INSERT).bind(id.to_string()).bind(name).bind(created_at.as_millis()).execute(self.conn()).await?;
        Ok(())
    }
}
