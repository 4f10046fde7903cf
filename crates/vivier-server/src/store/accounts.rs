//! Accounts: who may sign in.

use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::Role;

use super::{Actor, Columns as _, Store, StoreError, new_uuid, statements, word};

/// The name under which the digest of the first operator's one-time token is kept in the platform's own values.
pub const SETUP_TOKEN: &str = "setup_token";

statements! {
    INSERT = "INSERT INTO accounts (id, email, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING";
    BY_EMAIL = "SELECT id, email, password_hash, role, created_at FROM accounts WHERE email = $1";
    BY_ID = "SELECT id, email, password_hash, role, created_at FROM accounts WHERE id = $1";
    OPERATORS = "SELECT COUNT(*) AS operators FROM accounts WHERE role = 'operator'";
    SET_PASSWORD = "UPDATE accounts SET password_hash = $2, version = version + 1 WHERE id = $1";
    OWNER = "SELECT account_id FROM deployments WHERE id = $1 AND desired <> 'purged'";
    TAKE_SETUP = "DELETE FROM platform WHERE name = $1 RETURNING value";
}

#[derive(Clone, Debug)]
pub struct Account {
    pub id: AccountId,
    pub email: Email,
    /// A PHC string.
    pub password_hash: String,
    pub role: Role,
    pub created_at: Timestamp,
}

impl Account {
    fn from_row(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parse("id")?,
            email: row.parse("email")?,
            password_hash: row.text("password_hash")?,
            role: row.word("role")?,
            created_at: row.at("created_at")?,
        })
    }
}

/// An account to make.
pub struct NewAccount<'a> {
    pub email: &'a Email,
    pub password_hash: &'a str,
    /// The SHA-256 of the operator's one-time token, when one was presented: it must be the one that is kept, and is used up.
    pub setup: Option<[u8; 32]>,
    /// See [`Actor::once`].
    pub once: Option<uuid::Uuid>,
}

impl Store {
    /// Makes an account; with the setup token an operator's.
    ///
    /// # Errors
    /// `Taken { field: "email" }`; `NotFound("setup token")` when the token is not the one that is kept.
    pub async fn create_account(&self, new: &NewAccount<'_>) -> Result<Account, StoreError> {
        let NewAccount { email, password_hash, setup, once } = new;
        let id = AccountId::from_uuid(once.unwrap_or_else(new_uuid));
        let platform = self.platform_key().await?;
        let mut tx = self.begin().await?;
        let now = tx.now();
        if let Some(row) = sqlx::query(BY_EMAIL).bind(email.as_str()).fetch_optional(tx.conn()).await? {
            let there = Account::from_row(&row)?;
            // Made by this very request, before it was cut off.
            if there.id == id {
                return Ok(there);
            }
            return Err(taken());
        }
        let role = if let Some(digest) = setup {
            let row = sqlx::query(TAKE_SETUP).bind(SETUP_TOKEN).fetch_optional(tx.conn()).await?.ok_or(StoreError::NotFound("setup token"))?;
            let kept = crate::vault::open_platform(&platform, SETUP_TOKEN, &row.blob("value")?)?;
            if !bool::from(subtle::ConstantTimeEq::ct_eq(kept.as_slice(), digest.as_slice())) {
                // Dropping the transaction puts the token back.
                return Err(StoreError::NotFound("setup token"));
            }
            Role::Operator
        } else {
            Role::Tenant
        };
        let done = sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(email.as_str())
            .bind(*password_hash)
            .bind(word(&role))
            .bind(now.as_millis())
            .execute(tx.conn())
            .await?;
        if done.rows_affected() == 0 {
            return Err(taken());
        }
        let actor = Actor::account(id, email.as_str());
        tx.audit(&actor, Some(id), "account.signup", &id.to_string(), serde_json::json!({ "role": role })).await?;
        tx.commit().await?;
        Ok(Account { id, email: (*email).clone(), password_hash: (*password_hash).to_owned(), role, created_at: now })
    }

    pub async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(BY_EMAIL).bind(email.as_str()).fetch_optional(self.reader()).await?;
        row.map(|row| Account::from_row(&row)).transpose()
    }

    pub async fn account(&self, id: AccountId) -> Result<Account, StoreError> {
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_optional(self.reader()).await?;
        Account::from_row(&row.ok_or(StoreError::NotFound("account"))?)
    }

    /// Whose deployment it is: for operators only.
    pub async fn deployment_owner(&self, id: DeploymentId) -> Result<AccountId, StoreError> {
        let row = sqlx::query(OWNER).bind(id.to_string()).fetch_optional(self.reader()).await?;
        row.ok_or(StoreError::NotFound("deployment"))?.parse("account_id")
    }

    /// Whether anyone is an operator yet.
    pub async fn has_operator(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query(OPERATORS).fetch_one(self.reader()).await?.count("operators")? > 0)
    }

    /// Changes a password and ends every session but `keep`.
    pub async fn set_password(&self, actor: &Actor, id: AccountId, password_hash: &str, keep: Option<vivier_core::id::SessionId>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(SET_PASSWORD).bind(id.to_string()).bind(password_hash).execute(tx.conn()).await?;
        tx.end_sessions(id, keep).await?;
        tx.audit(actor, Some(id), "account.password", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }
}

fn taken() -> StoreError {
    StoreError::Taken { field: "email", message: "this address has an account already; sign in instead".to_owned() }
}
