//! Requests that must have their effect once, however often they are sent.
//!
//! A key is claimed before the request is done, by the process that does it. The claim carries a UUID from which the effect is
//! named (see [`super::Actor::once`]); a claim whose process died is taken over with the same UUID, so that an effect that was
//! committed before the death is found instead of made again.

use vivier_core::time::Timestamp;

use super::{Columns as _, Store, StoreError, int, new_uuid, statements};
use crate::vault;

/// How long a key is kept, in milliseconds.
pub const KEPT_MILLIS: i64 = 24 * 3_600_000;

statements! {
    CLAIM = "INSERT INTO idempotency_keys (scope, key, fingerprint, created_at, expires_at, seed, epoch) VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (scope, key) DO NOTHING";
    FIND = "SELECT fingerprint, seed, epoch, status, answer FROM idempotency_keys WHERE scope = $1 AND key = $2";
    TAKE_OVER = "UPDATE idempotency_keys SET epoch = $3 WHERE scope = $1 AND key = $2 AND epoch = $4 AND status IS NULL";
    FINISH = "UPDATE idempotency_keys SET status = $3, answer = $4 WHERE scope = $1 AND key = $2";
    UNKNOWN = "UPDATE idempotency_keys SET epoch = '' WHERE scope = $1 AND key = $2 AND status IS NULL";
    FORGET = "DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2 AND status IS NULL";
    EXPIRE_ONE = "DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2 AND expires_at <= $3";
    EXPIRE = "DELETE FROM idempotency_keys WHERE expires_at <= $1";
}

/// What came of claiming a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Do it, and name its effect from this.
    Do(uuid::Uuid),
    /// It was done; this was answered.
    Done { status: u16, answer: Vec<u8> },
    /// It is being done at this moment.
    InProgress,
    /// The key was used for another request.
    Mismatch,
}

/// Whose key it is.
#[derive(Clone, Debug)]
pub struct Key {
    /// An account's id, or what stands for someone who has none.
    pub scope: String,
    pub key: String,
}

impl Key {
    /// What the sealed answer is bound to.
    pub(super) fn place(&self) -> String {
        format!("idempotency\n{}\n{}", self.scope, self.key)
    }
}

impl Store {
    /// Claims `key` for the request that `fingerprint` stands for, on behalf of the process `epoch`.
    pub async fn claim_key(&self, key: &Key, fingerprint: &[u8], epoch: &str) -> Result<Claim, StoreError> {
        let platform = self.platform_key().await?;
        let mut tx = self.begin().await?;
        let now = tx.now();
        let seed = new_uuid();
        sqlx::query(EXPIRE_ONE).bind(&key.scope).bind(&key.key).bind(now.as_millis()).execute(tx.conn()).await?;
        let claimed = sqlx::query(CLAIM)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(fingerprint.to_vec())
            .bind(now.as_millis())
            .bind(now.plus_millis(KEPT_MILLIS).as_millis())
            .bind(seed.to_string())
            .bind(epoch)
            .execute(tx.conn())
            .await?;
        if claimed.rows_affected() == 1 {
            tx.commit_quietly().await?;
            return Ok(Claim::Do(seed));
        }
        let row = sqlx::query(FIND).bind(&key.scope).bind(&key.key).fetch_one(tx.conn()).await?;
        if row.blob("fingerprint")? != fingerprint {
            return Ok(Claim::Mismatch);
        }
        if let Some(status) = row.count_opt("status")? {
            let status = u16::try_from(status).map_err(|_| StoreError::Corrupt(format!("status is {status}")))?;
            let answer = row.blob_opt("answer")?.unwrap_or_default();
            return Ok(Claim::Done { status, answer: vault::open_platform(&platform, &key.place(), &answer)?.to_vec() });
        }
        let before = row.text("epoch")?;
        if before == epoch {
            return Ok(Claim::InProgress);
        }
        let taken = sqlx::query(TAKE_OVER).bind(&key.scope).bind(&key.key).bind(epoch).bind(&before).execute(tx.conn()).await?;
        if taken.rows_affected() == 0 {
            return Ok(Claim::InProgress);
        }
        let seed = row.parse("seed")?;
        tx.commit_quietly().await?;
        Ok(Claim::Do(seed))
    }

    /// Keeps the answer for whoever sends the request again.
    pub async fn finish_claim(&self, key: &Key, status: u16, answer: &[u8]) -> Result<(), StoreError> {
        let sealed = vault::seal_platform(&*self.platform_key().await?, &key.place(), answer)?;
        let mut tx = self.begin().await?;
        sqlx::query(FINISH).bind(&key.scope).bind(&key.key).bind(int(u64::from(status))).bind(sealed).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// Nothing was done: the key is free again.
    pub async fn release_claim(&self, key: &Key) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(FORGET).bind(&key.scope).bind(&key.key).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// Something went wrong on the way: whoever sends the same request again repeats it under the same name.
    pub async fn doubt_claim(&self, key: &Key) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(UNKNOWN).bind(&key.scope).bind(&key.key).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// Forgets the keys whose day is over.
    pub async fn expire_claims(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(EXPIRE).bind(now.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }
}
