//! What belongs to the installation as a whole: its own sealed values.

use zeroize::Zeroizing;

use super::{Columns as _, Store, StoreError, statements};
use crate::vault;

statements! {
    GET = "SELECT value FROM platform WHERE name = $1";
    PUT = "INSERT INTO platform (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = platform.version + 1";
    PUT_NEW = "INSERT INTO platform (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    TAKE = "DELETE FROM platform WHERE name = $1 RETURNING value";
    PRUNE_CODES = "DELETE FROM open_codes WHERE expires_at < $1";
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

    /// Forgets what has had its day: sign-in codes, sessions, idempotency keys, jobs that are done, links, and sign-ins that were begun.
    pub async fn prune_expired(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        sqlx::query(PRUNE_CODES).bind(now.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await?;
        self.expire_claims(now).await?;
        self.prune_jobs().await?;
        self.prune_links().await?;
        self.prune_steps().await?;
        self.prune_sessions().await
    }
}
