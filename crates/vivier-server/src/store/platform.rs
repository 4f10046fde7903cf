//! What belongs to the installation as a whole: its own sealed values, and the audit log.

use vivier_core::id::AccountId;
use vivier_core::time::Timestamp;
use zeroize::Zeroizing;

use super::{Actor, Columns as _, Store, StoreError, Tx, new_uuid, statements};
use crate::vault;

statements! {
    GET = "SELECT value FROM platform WHERE name = $1";
    PUT = "INSERT INTO platform (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = platform.version + 1";
    PUT_NEW = "INSERT INTO platform (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    TAKE = "DELETE FROM platform WHERE name = $1 RETURNING value";
    AUDIT = "INSERT INTO audit_logs (id, at, account_id, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    PRUNE_CODES = "DELETE FROM open_codes WHERE expires_at < $1";
    AUDITED = "SELECT id FROM audit_logs WHERE id = $1";
    AUDIT_LOG = "SELECT at, account_id, actor, action, subject, detail FROM audit_logs WHERE ($1 = '' OR account_id = $1) ORDER BY id DESC LIMIT $2";
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub at: Timestamp,
    /// Whose thing it was; absent for the installation's own.
    pub account: Option<AccountId>,
    pub actor: String,
    pub action: String,
    pub subject: String,
    /// JSON. Never a secret.
    pub detail: String,
}

impl Store {
    /// Reads a value of the installation's own, decrypted.
    pub async fn platform_get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let row = sqlx::query(GET).bind(name).fetch_optional(self.reader()).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(vault::open_platform(&*self.platform_key().await?, name, &row.blob("value")?)?))
    }

    /// Keeps a value of the installation's own, encrypted.
    pub async fn platform_put(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let sealed = vault::seal_platform(&*self.platform_key().await?, name, value)?;
        let mut tx = self.begin().await?;
        sqlx::query(PUT).bind(name).bind(sealed).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// Reads a value of the installation's own, or makes and keeps it: once, whoever else tries at the same time.
    pub async fn platform_get_or_make(&self, name: &str, make: impl FnOnce() -> Vec<u8> + Send) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        if let Some(value) = self.platform_get(name).await? {
            return Ok(value);
        }
        let key = self.platform_key().await?;
        let sealed = vault::seal_platform(&key, name, &Zeroizing::new(make()))?;
        let mut tx = self.begin().await?;
        sqlx::query(PUT_NEW).bind(name).bind(sealed).execute(tx.conn()).await?;
        let row = sqlx::query(GET).bind(name).fetch_one(tx.conn()).await?;
        tx.commit_quietly().await?;
        Ok(vault::open_platform(&key, name, &row.blob("value")?)?)
    }

    /// Takes a value away and returns it: of several who try, one gets it.
    pub async fn platform_take(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        // First: what is taken must open.
        let key = self.platform_key().await?;
        let mut tx = self.begin().await?;
        let row = sqlx::query(TAKE).bind(name).fetch_optional(tx.conn()).await?;
        tx.commit_quietly().await?;
        row.map(|row| Ok(vault::open_platform(&key, name, &row.blob("value")?)?)).transpose()
    }

    /// Forgets what has had its day: sign-in codes, sessions, idempotency keys and jobs that are done.
    pub async fn prune_expired(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        sqlx::query(PRUNE_CODES).bind(now.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await?;
        self.expire_claims(now).await?;
        self.prune_jobs().await?;
        self.prune_sessions().await
    }

    /// The audit log of one account, or of all: newest first.
    pub async fn audit_log(&self, account: Option<AccountId>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let account = account.map(|id| id.to_string()).unwrap_or_default();
        let rows = sqlx::query(AUDIT_LOG).bind(account).bind(i64::from(limit)).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(AuditRow {
                    at: row.at("at")?,
                    account: row.parse_opt("account_id")?,
                    actor: row.text("actor")?,
                    action: row.text("action")?,
                    subject: row.text("subject")?,
                    detail: row.text("detail")?,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Refuses what was done already: for requests that are sent again (see [`Actor::once`]). Call it behind the account's or
    /// the deployment's lock.
    pub(super) async fn first_time(&mut self, actor: &Actor) -> Result<(), StoreError> {
        let Some(once) = actor.once else { return Ok(()) };
        let done = sqlx::query(AUDITED).bind(once.to_string()).fetch_optional(self.conn()).await?;
        if done.is_some() { Err(StoreError::Repeated) } else { Ok(()) }
    }

    /// Writes who did what into the audit log, as part of this transaction. `detail` must hold no secret.
    ///
    /// With [`Actor::once`] this is also what keeps a repeated request from a second effect: call it once per transaction.
    pub async fn audit(&mut self, actor: &Actor, account: Option<AccountId>, action: &str, subject: &str, detail: serde_json::Value) -> Result<(), StoreError> {
        let id = actor.once.unwrap_or_else(new_uuid);
        let written = sqlx::query(AUDIT)
            .bind(id.to_string())
            .bind(self.now().as_millis())
            .bind(account.map(|id| id.to_string()))
            .bind(&actor.name)
            .bind(action)
            .bind(subject)
            .bind(detail.to_string())
            .execute(self.conn())
            .await;
        match written {
            Ok(_) => Ok(()),
            Err(error) if actor.once.is_some() && StoreError::is_unique_violation(&error) => Err(StoreError::Repeated),
            Err(error) => Err(error.into()),
        }
    }
}
