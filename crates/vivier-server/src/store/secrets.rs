//! Secrets: one sealed row per change, and immutable sets of row versions that revisions point to.
//!
//! A set names tombstones too, so that the highest version in it says which set it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vivier_core::config::overlay::MODEL_KEY;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::secret::Secret;
use vivier_core::wire::agents::SecretOut;

use super::{Columns as _, Store, StoreError, Tx, int, statements};
use crate::vault::Place;

/// Name of a secret → the row that holds it.
pub type SecretSet = BTreeMap<String, Held>;

/// Which row of a secret counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub version: u64,
    /// That row is a tombstone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// The model provider's key: added by the edge, never given to the container.
pub const PROVIDER_KEY: &str = "provider.apiKey";

statements! {
    DATA_KEY = "SELECT wrapped FROM data_keys WHERE account_id = $1";
    NEW_DATA_KEY = "INSERT INTO data_keys (account_id, wrapped, created_at) VALUES ($1, $2, $3) ON CONFLICT (account_id) DO NOTHING";
    LAST_VERSION = "SELECT COALESCE(MAX(version), 0) AS version FROM secrets WHERE deployment_id = $1";
    INSERT = "INSERT INTO secrets (deployment_id, account_id, name, version, ciphertext, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    ROWS = "SELECT s.name, s.version, s.ciphertext, s.created_at, k.wrapped FROM secrets s JOIN data_keys k ON k.account_id = s.account_id \
        WHERE s.deployment_id = $1 AND s.account_id = $2";
    NAMES = "SELECT s.name, s.version, s.created_at FROM secrets s WHERE s.deployment_id = $1 AND s.account_id = $2 AND s.ciphertext IS NOT NULL";
    WANTED_SET = "SELECT v.secrets FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision WHERE d.id = $1 AND d.account_id = $2";
}

impl Store {
    /// The secrets of the wanted revision, by name; what the platform made for itself is not among them.
    pub async fn secret_names(&self, account: AccountId, id: DeploymentId) -> Result<Vec<SecretOut>, StoreError> {
        let set = sqlx::query(WANTED_SET).bind(id.to_string()).bind(account.to_string()).fetch_optional(self.reader()).await?;
        let set: SecretSet = set.ok_or(StoreError::NotFound("deployment"))?.json("secrets")?;
        let rows = sqlx::query(NAMES).bind(id.to_string()).bind(account.to_string()).fetch_all(self.reader()).await?;
        let mut names = Vec::new();
        for row in &rows {
            let secret = SecretOut { name: row.text("name")?, version: row.count("version")?, created_at: row.at("created_at")? };
            if set.get(&secret.name).is_some_and(|held| held.version == secret.version) && secret.name != MODEL_KEY {
                names.push(secret);
            }
        }
        names.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(names)
    }

    /// The secrets of one set, decrypted. What is a tombstone is not there.
    pub async fn open_set(&self, account: AccountId, id: DeploymentId, set: &SecretSet) -> Result<BTreeMap<String, Secret>, StoreError> {
        let rows = sqlx::query(ROWS).bind(id.to_string()).bind(account.to_string()).fetch_all(self.reader()).await?;
        let mut secrets = BTreeMap::new();
        for row in &rows {
            let (name, version) = (row.text("name")?, row.count("version")?);
            if set.get(&name).is_none_or(|held| held.version != version) {
                continue;
            }
            if let Some(ciphertext) = row.blob_opt("ciphertext")? {
                let place = Place { account, deployment: id, name: &name, version };
                let secret = self.vault().open_secret(&row.blob("wrapped")?, &place, &ciphertext)?;
                secrets.insert(name, secret);
            }
        }
        Ok(secrets)
    }

    /// Seals `changes` as the next version of this deployment's secrets and returns the set that `base` becomes.
    pub(super) async fn change_secrets(
        &self,
        tx: &mut Tx,
        account: AccountId,
        id: DeploymentId,
        base: &SecretSet,
        changes: &BTreeMap<String, Option<Secret>>,
    ) -> Result<SecretSet, StoreError> {
        let mut set = base.clone();
        if changes.is_empty() {
            return Ok(set);
        }
        let now = tx.now().as_millis();
        let wrapped = self.data_key(tx, account).await?;
        let version = sqlx::query(LAST_VERSION).bind(id.to_string()).fetch_one(tx.conn()).await?.count("version")? + 1;
        for (name, secret) in changes {
            let place = Place { account, deployment: id, name, version };
            let ciphertext = secret.as_ref().map(|secret| self.vault().seal(&wrapped, &place, secret)).transpose()?;
            sqlx::query(INSERT)
                .bind(id.to_string())
                .bind(account.to_string())
                .bind(name)
                .bind(int(version))
                .bind(ciphertext)
                .bind(now)
                .execute(tx.conn())
                .await?;
            set.insert(name.clone(), Held { version, deleted: secret.is_none() });
        }
        Ok(set)
    }

    async fn data_key(&self, tx: &mut Tx, account: AccountId) -> Result<Vec<u8>, StoreError> {
        if let Some(row) = sqlx::query(DATA_KEY).bind(account.to_string()).fetch_optional(tx.conn()).await? {
            return row.blob("wrapped");
        }
        let wrapped = self.vault().new_data_key(account)?;
        let now = tx.now().as_millis();
        sqlx::query(NEW_DATA_KEY).bind(account.to_string()).bind(wrapped).bind(now).execute(tx.conn()).await?;
        // Another transaction may have been first: the row that is there counts.
        sqlx::query(DATA_KEY).bind(account.to_string()).fetch_one(tx.conn()).await?.blob("wrapped")
    }
}

/// The number of a set: its highest version.
pub(crate) fn set_version(set: &SecretSet) -> u64 {
    set.values().map(|held| held.version).max().unwrap_or(0)
}
