//! Secrets: one sealed row per change, and immutable sets of row versions that revisions point to.
//!
//! A set names tombstones too, so that the highest version in it says which set it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vivier_core::config::overlay::MODEL_KEY;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::secret::Secret;
use vivier_core::wire::agents::SecretOut;

use super::export::{Field, Part};
use super::{Columns as _, Store, StoreError, Tx, int, statements};
use crate::keys::{DataKey, Owner};
use crate::vault::{self, Place};

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
    LAST_VERSION = "SELECT COALESCE(MAX(version), 0) AS version FROM secrets WHERE deployment_id = $1";
    INSERT = "INSERT INTO secrets (deployment_id, account_id, name, version, ciphertext, created_at, author) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ROWS = "SELECT s.name, s.version, s.ciphertext FROM secrets s WHERE s.deployment_id = $1 AND s.account_id = $2 AND s.ciphertext IS NOT NULL";
    NAMES = "SELECT s.name, s.version, s.created_at FROM secrets s WHERE s.deployment_id = $1 AND s.account_id = $2 AND s.ciphertext IS NOT NULL";
    WANTED_SET = "SELECT v.secrets FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision WHERE d.id = $1 AND d.account_id = $2";
    EXPORT = "SELECT deployment_id, name, version, author, created_at, revoked_at, revoked_by FROM secrets WHERE account_id = $1 ORDER BY deployment_id, name, version";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part {
    name: "secrets",
    sql: EXPORT,
    fields: &[
        ("deployment_id", Field::Text),
        ("name", Field::Text),
        ("version", Field::Number),
        ("author", Field::Text),
        ("created_at", Field::Time),
        ("revoked_at", Field::Time),
        ("revoked_by", Field::Text),
    ],
};

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
        let mut key = None;
        for row in &rows {
            let (name, version) = (row.text("name")?, row.count("version")?);
            if set.get(&name).is_none_or(|held| held.version != version) {
                continue;
            }
            let key = match &key {
                Some(key) => key,
                None => key.insert(self.data_key(Owner::Account(account)).await?),
            };
            let place = Place { account, deployment: id, name: &name, version };
            let secret = vault::open_secret(key, &place, &row.blob("ciphertext")?)?;
            secrets.insert(name, secret);
        }
        Ok(secrets)
    }

    /// Every text that any secret of the deployment has or had, and that was not destroyed: to be taken out of what others read.
    pub async fn every_secret(&self, account: AccountId, id: DeploymentId) -> Result<Vec<Secret>, StoreError> {
        let rows = sqlx::query(ROWS).bind(id.to_string()).bind(account.to_string()).fetch_all(self.reader()).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.data_key(Owner::Account(account)).await?;
        rows.iter()
            .map(|row| {
                let (name, version) = (row.text("name")?, row.count("version")?);
                Ok(vault::open_secret(&key, &Place { account, deployment: id, name: &name, version }, &row.blob("ciphertext")?)?)
            })
            .collect()
    }

    /// The account's data key, when `changes` hold something to seal. Ask for it before the transaction: whoever unwraps it may be
    /// away.
    pub(super) async fn key_for(&self, account: AccountId, changes: &BTreeMap<String, Option<Secret>>) -> Result<Option<Arc<DataKey>>, StoreError> {
        if changes.values().all(Option::is_none) {
            return Ok(None);
        }
        self.data_key(Owner::Account(account)).await.map(Some)
    }
}

impl Tx {
    /// Seals `changes` under `key` (see [`Store::key_for`]) as the next version of this deployment's secrets and returns the set that
    /// `base` becomes.
    #[allow(clippy::too_many_arguments, reason = "whose, of what, from what to what, by whom")]
    pub(super) async fn change_secrets(
        &mut self,
        key: Option<&DataKey>,
        account: AccountId,
        id: DeploymentId,
        base: &SecretSet,
        changes: &BTreeMap<String, Option<Secret>>,
        author: &str,
    ) -> Result<SecretSet, StoreError> {
        let mut set = base.clone();
        if changes.is_empty() {
            return Ok(set);
        }
        let now = self.now().as_millis();
        let version = sqlx::query(LAST_VERSION).bind(id.to_string()).fetch_one(self.conn()).await?.count("version")? + 1;
        for (name, secret) in changes {
            let place = Place { account, deployment: id, name, version };
            let sealed = secret.as_ref().map(|secret| key.ok_or(vault::VaultError::Seal).and_then(|key| vault::seal_secret(key, &place, secret)));
            sqlx::query(INSERT)
                .bind(id.to_string())
                .bind(account.to_string())
                .bind(name)
                .bind(int(version))
                .bind(sealed.transpose()?)
                .bind(now)
                .bind(author)
                .execute(self.conn())
                .await?;
            set.insert(name.clone(), Held { version, deleted: secret.is_none() });
        }
        Ok(set)
    }
}

/// Whether a secret goes into the container at all.
pub(crate) fn is_delivered(name: &str) -> bool {
    name != PROVIDER_KEY && (name == MODEL_KEY || name.starts_with("channels.") || name.starts_with("custom."))
}

/// The number of a set: its highest version.
pub(crate) fn set_version(set: &SecretSet) -> u64 {
    set.values().map(|held| held.version).max().unwrap_or(0)
}
