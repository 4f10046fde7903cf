//! Data keys, wrapped: one for every account that has a secret, and the platform's own.
//!
//! Whoever wraps them may be a service on the network: it is asked before a transaction begins, never inside one.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::{Columns as _, Store, StoreError, Tx, statements};
use crate::keys::{DataKey, KeyError, KeyId, KeySettings, Owner, Wrapped};
use crate::vault::{self, VaultError};

/// Data keys that are wrapped anew in one transaction, and how many of them are asked for at a time.
const BATCH: u32 = 64;
const AT_ONCE: usize = 8;

statements! {
    ONE = "SELECT owner, kek, wrapped FROM wrapped_keys WHERE owner = $1";
    ADD = "INSERT INTO wrapped_keys (owner, kek, wrapped, created_at, wrapped_at) VALUES ($1, $2, $3, $4, $4) ON CONFLICT (owner) DO NOTHING";
    COUNTS = "SELECT kek, COUNT(*) AS count FROM wrapped_keys GROUP BY kek ORDER BY kek";
    /// Those that the current key has not wrapped, or has wrapped before the rotation began where its id does not tell.
    OLD = "SELECT owner, kek, wrapped FROM wrapped_keys WHERE owner > $1 AND (kek <> $2 OR ($3 = 1 AND wrapped_at < $4)) ORDER BY owner LIMIT $5";
    REWRAP = "UPDATE wrapped_keys SET kek = $3, wrapped = $4, wrapped_at = $5 WHERE owner = $1 AND kek = $2";
    /// `allocation` is a lock: its row holds nothing.
    OF_BEFORE = "SELECT name, value FROM platform WHERE name <> 'allocation' ORDER BY name";
    RESEAL = "UPDATE platform SET value = $2, version = version + 1 WHERE name = $1";
    ANSWERS_OF_BEFORE = "SELECT scope, key, answer FROM idempotency_keys WHERE answer IS NOT NULL \
        AND created_at <= (SELECT created_at FROM wrapped_keys WHERE owner = 'platform')";
    RESEAL_ANSWER = "UPDATE idempotency_keys SET answer = $3 WHERE scope = $1 AND key = $2";
}

/// Which keys wrap how many data keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// What wraps from now on.
    pub current: KeyId,
    /// Data keys by the key that has wrapped them.
    pub wrapped: BTreeMap<KeyId, u64>,
}

impl KeyReport {
    /// Data keys that another key than the current one has wrapped.
    pub fn left(&self) -> u64 {
        self.wrapped.iter().filter(|(key, _)| **key != self.current).map(|(_, count)| count).sum()
    }
}

/// What a rotation has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    pub report: KeyReport,
    /// Data keys that were wrapped anew.
    pub rewrapped: u64,
    /// Old key files that nothing needs any more, and that were taken away.
    pub retired: Vec<KeyId>,
}

fn wrapped(row: &AnyRow) -> Result<(Owner, Wrapped), StoreError> {
    Ok((row.parse("owner")?, Wrapped { key: KeyId::stored(row.text("kek")?), bytes: row.blob("wrapped")? }))
}

impl Store {
    /// The owner's data key: from memory, or unwrapped, or made. Never call it inside a transaction.
    pub(super) async fn data_key(&self, owner: Owner) -> Result<Arc<DataKey>, StoreError> {
        if let Some(known) = self.vault().known(owner) {
            return Ok(known);
        }
        if let Some(row) = sqlx::query(ONE).bind(owner.to_string()).fetch_optional(self.reader()).await? {
            return Ok(self.vault().unwrap(owner, &wrapped(&row)?.1).await?);
        }
        // From here until it is stored no old key goes away.
        let _storing = self.vault().ring().storing().await;
        let fresh = self.vault().ring().wrap(owner, &DataKey::random().map_err(VaultError::from)?).await.map_err(VaultError::from)?;
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        sqlx::query(ADD).bind(owner.to_string()).bind(fresh.key.as_str()).bind(fresh.bytes).bind(now).execute(tx.conn()).await?;
        // Another may have been first: the row that is there counts.
        let row = sqlx::query(ONE).bind(owner.to_string()).fetch_one(tx.conn()).await?;
        tx.commit_quietly().await?;
        Ok(self.vault().unwrap(owner, &wrapped(&row)?.1).await?)
    }

    /// The data key of the platform's own values.
    pub(super) async fn platform_key(&self) -> Result<Arc<DataKey>, StoreError> {
        self.data_key(Owner::Platform).await
    }

    /// Makes sure that what is stored can be read: every key that has wrapped something is held, and the platform's own values are
    /// sealed under its data key. (Until 0.1 they were sealed under the key file itself.) Call it once, before anything else.
    ///
    /// # Errors
    /// When a key is missing, with what to do; when whoever holds it does not answer.
    pub async fn open_keys(&self) -> Result<(), StoreError> {
        for (key, count) in self.key_counts().await? {
            self.vault().ring().check(&key, count).map_err(VaultError::from)?;
        }
        let key = self.platform_key().await?;
        let report = self.key_report().await?;
        if report.left() > 0 {
            tracing::info!(current = %report.current, left = report.left(), "some data keys are wrapped by an older key; `vivierd keys rotate` wraps them anew");
        }
        for row in sqlx::query(OF_BEFORE).fetch_all(self.reader()).await? {
            let (name, value) = (row.text("name")?, row.blob("value")?);
            if let Some(sealed) = self.reseal(&key, &name, &value)? {
                let mut tx = self.begin().await?;
                sqlx::query(RESEAL).bind(name).bind(sealed).execute(tx.conn()).await?;
                tx.commit_quietly().await?;
            }
        }
        // They last a day: after that there is none from before.
        for row in sqlx::query(ANSWERS_OF_BEFORE).fetch_all(self.reader()).await? {
            let at = super::idempotency::Key { scope: row.text("scope")?, key: row.text("key")? };
            if let Some(sealed) = self.reseal(&key, &at.place(), &row.blob("answer")?)? {
                let mut tx = self.begin().await?;
                sqlx::query(RESEAL_ANSWER).bind(&at.scope).bind(&at.key).bind(sealed).execute(tx.conn()).await?;
                tx.commit_quietly().await?;
            }
        }
        self.open_audit().await
    }

    /// `Some` when `value` was sealed under the key file itself.
    fn reseal(&self, key: &DataKey, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if vault::open_platform(key, name, value).is_ok() {
            return Ok(None);
        }
        let plain = self.vault().ring().open_of_before(&vault::platform_place(name), value).map_err(VaultError::from)?;
        Ok(Some(vault::seal_platform(key, name, &plain)?))
    }

    async fn key_counts(&self) -> Result<BTreeMap<KeyId, u64>, StoreError> {
        let rows = sqlx::query(COUNTS).fetch_all(self.reader()).await?;
        rows.iter().map(|row| Ok((KeyId::stored(row.text("kek")?), row.count("count")?))).collect()
    }

    /// Which keys wrap how many data keys.
    pub async fn key_report(&self) -> Result<KeyReport, StoreError> {
        let current = self.vault().ring().current().await.map_err(VaultError::from)?;
        Ok(KeyReport { current, wrapped: self.key_counts().await? })
    }

    /// Wraps every data key with a new key: the next generation of the files, or the newest of the service that `settings` name.
    /// One that was cut off is gone on with. Everything stays readable all the while; old key files go when nothing needs them.
    ///
    /// # Errors
    /// When a key does not answer or does not open: what is wrapped anew stays so, and the rest is as it was.
    pub async fn rotate_keys(&self, settings: &KeySettings) -> Result<Rotation, StoreError> {
        let ring = self.vault().ring();
        let _turn = ring.turn().await;
        ring.adopt(settings).await.map_err(VaultError::from)?;
        let began = self.now();
        let before = self.key_report().await?;
        if before.left() == 0 {
            ring.advance().await.map_err(VaultError::from)?;
        }
        let anew = !ring.tells_generations().map_err(VaultError::from)?;
        let mut rewrapped = 0;
        loop {
            let done = self.rewrap_pass(anew, began.as_millis()).await?;
            rewrapped += done;
            if done == 0 {
                break;
            }
        }
        let _alone = ring.alone().await;
        let report = self.key_report().await?;
        if report.left() > 0 {
            // Someone has wrapped while we looked, or the service has a newer key again.
            tracing::info!(left = report.left(), "the old keys are kept: something is still wrapped by them; rotate again");
            return Ok(Rotation { report, rewrapped, retired: Vec::new() });
        }
        let retired = ring.retire(&report.current, &|key| report.wrapped.contains_key(key)).map_err(VaultError::from)?;
        for key in before.wrapped.keys().filter(|key| !report.wrapped.contains_key(key)) {
            metrics::gauge!("vivier_wrapped_keys", "key" => key.to_string()).set(0.0);
        }
        tracing::info!(current = %report.current, rewrapped, retired = retired.len(), "the data keys are wrapped anew");
        Ok(Rotation { report, rewrapped, retired })
    }

    /// Wraps anew, once through all owners. Returns how many.
    async fn rewrap_pass(&self, anew: bool, began: i64) -> Result<u64, StoreError> {
        let ring = self.vault().ring();
        let (mut done, mut after) = (0, String::new());
        loop {
            let current = ring.current().await.map_err(VaultError::from)?;
            let rows =
                sqlx::query(OLD).bind(&after).bind(current.as_str()).bind(i64::from(anew)).bind(began).bind(i64::from(BATCH)).fetch_all(self.reader()).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            after = last.text("owner")?;
            let olds = rows.iter().map(wrapped).collect::<Result<Vec<_>, _>>()?;
            let fresh: Vec<Result<(Owner, KeyId, Wrapped), KeyError>> = stream::iter(olds)
                .map(|(owner, old)| async move { Ok((owner, old.key.clone(), ring.rewrap(owner, &old).await?)) })
                .buffered(AT_ONCE)
                .collect()
                .await;
            // What could be wrapped is kept, whatever became of the others.
            let (fresh, failed): (Vec<_>, Vec<_>) = fresh.into_iter().partition(Result::is_ok);
            let mut tx = self.begin().await?;
            for (owner, old, new) in fresh.into_iter().flatten() {
                done += tx.rewrapped(owner, &old, &new).await?;
            }
            tx.commit_quietly().await?;
            if let Some(Err(error)) = failed.into_iter().next() {
                metrics::counter!("vivier_key_failures_total", "reason" => error.reason()).increment(1);
                return Err(VaultError::from(error).into());
            }
        }
    }

    /// Sets the gauges of `/metrics`.
    pub async fn measure_keys(&self) -> Result<(), StoreError> {
        let current = self.vault().ring().remembered();
        let mut left = 0;
        for (key, count) in self.key_counts().await? {
            if current.as_ref().is_some_and(|current| *current != key) {
                left += count;
            }
            metrics::gauge!("vivier_wrapped_keys", "key" => key.to_string()).set(count as f64);
        }
        metrics::gauge!("vivier_wrapped_keys_left").set(left as f64);
        Ok(())
    }
}

impl Tx {
    async fn rewrapped(&mut self, owner: Owner, old: &KeyId, new: &Wrapped) -> Result<u64, StoreError> {
        let now = self.now().as_millis();
        let done = sqlx::query(REWRAP).bind(owner.to_string()).bind(old.as_str()).bind(new.key.as_str()).bind(new.bytes.clone()).bind(now);
        Ok(done.execute(self.conn()).await?.rows_affected())
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
