//! Versions of one secret: listed, and their text destroyed.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AnyConnection;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::secret::Secret;
use vivier_core::wire::agents::{EventKind, Outcome, SecretState, SecretVersionOut};

use super::events::Note;
use super::export::{Field, Part};
use super::secrets::{Held, SecretSet};
use super::{Actor, Columns as _, Store, StoreError, int, statements};
use crate::keys::DataKey;
use crate::vault::{self, Place};

/// Revisions that are named beside a version.
const MOST_REVISIONS: usize = 20;

statements! {
    OF_NAME = "SELECT version, created_at, author, revoked_at, revoked_by, CASE WHEN ciphertext IS NULL THEN 0 ELSE 1 END AS has_text \
        FROM secrets WHERE deployment_id = $1 AND account_id = $2 AND name = $3 ORDER BY version DESC";
    SETS = "SELECT v.number, v.secrets, CASE WHEN v.number = d.revision THEN 1 ELSE 0 END AS is_wanted, \
        CASE WHEN v.number = r.running_revision THEN 1 ELSE 0 END AS runs, CASE WHEN v.number = r.last_known_good THEN 1 ELSE 0 END AS is_good \
        FROM revisions v JOIN deployments d ON d.id = v.deployment_id JOIN runtime_instances r ON r.deployment_id = d.id \
        WHERE v.deployment_id = $1 AND v.account_id = $2 ORDER BY v.number DESC";
    REVOKE = "UPDATE secrets SET ciphertext = NULL, revoked_at = $5, revoked_by = $6 \
        WHERE deployment_id = $1 AND account_id = $2 AND name = $3 AND version = $4 AND revoked_at IS NULL";
    REVOKED = "SELECT name, version FROM secrets WHERE deployment_id = $1 AND account_id = $2 AND revoked_at IS NOT NULL";
    TEXT = "SELECT ciphertext FROM secrets WHERE deployment_id = $1 AND account_id = $2 AND name = $3 AND version = $4";
    EXPORT = "SELECT deployment_id, version, text, provider, channels, author, created_at FROM config_versions WHERE account_id = $1 ORDER BY deployment_id, version";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part {
    name: "configs",
    sql: EXPORT,
    fields: &[
        ("deployment_id", Field::Text),
        ("version", Field::Number),
        ("text", Field::Text),
        ("provider", Field::Json),
        ("channels", Field::Json),
        ("author", Field::Text),
        ("created_at", Field::Time),
    ],
};

/// What a revision has to do with a version, as far as it keeps it from being revoked.
struct Holder {
    number: u64,
    is_wanted: bool,
    runs: bool,
    is_good: bool,
}

impl Store {
    /// The versions of the secret `name`, newest first.
    pub async fn secret_versions(&self, account: AccountId, id: DeploymentId, name: &str) -> Result<Vec<SecretVersionOut>, StoreError> {
        versions(&mut *self.reader().acquire().await?, account, id, name).await
    }

    /// Destroys the text of one version. Revisions that hold it can still be gone back to, with today's text in its place.
    ///
    /// # Errors
    /// `Conflict`, with the next step, while it is in use.
    pub async fn revoke_secret(&self, actor: &Actor, account: AccountId, id: DeploymentId, name: &str, version: u64) -> Result<SecretVersionOut, StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_deployment(account, id).await?;
        tx.first_time(actor).await?;
        let all = versions(tx.conn(), account, id, name).await?;
        let found = all.into_iter().find(|one| one.version == version).ok_or(StoreError::NotFound("version of the secret"))?;
        match found.state {
            SecretState::Revoked => return Ok(found),
            SecretState::Deleted => return Err(StoreError::Conflict(format!("with version {version} `{name}` was deleted: there is no text to revoke"))),
            SecretState::InUse => return Err(StoreError::Conflict(in_use(&holders(tx.conn(), account, id, name, version).await?, name, version))),
            SecretState::Superseded => {}
        }
        let now = tx.now();
        sqlx::query(REVOKE)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(name)
            .bind(int(version))
            .bind(now.as_millis())
            .bind(&actor.name)
            .execute(tx.conn())
            .await?;
        let note = Note::new(EventKind::Ask, Outcome::Noted, format!("revoked version {version} of the secret {name}: its text is destroyed"));
        tx.note(account, id, &note.by(&actor.name)).await?;
        tx.audit(actor, Some(account), "secret.revoke", &id.to_string(), serde_json::json!({ "secret": name, "version": version })).await?;
        tx.commit().await?;
        Ok(SecretVersionOut { state: SecretState::Revoked, revoked_at: Some(now), revoked_by: Some(actor.name.clone()), ..found })
    }
}

/// Names in `set` whose text was revoked since.
pub(super) async fn revoked(conn: &mut AnyConnection, account: AccountId, id: DeploymentId, set: &SecretSet) -> Result<BTreeSet<String>, StoreError> {
    let rows = sqlx::query(REVOKED).bind(id.to_string()).bind(account.to_string()).fetch_all(conn).await?;
    let mut names = BTreeSet::new();
    for row in &rows {
        let (name, version) = (row.text("name")?, row.count("version")?);
        if set.get(&name) == Some(&Held { version, deleted: false }) {
            names.insert(name);
        }
    }
    Ok(names)
}

/// What takes the place of revoked secrets: the texts of `today`; `None` for those that are not there any more.
pub(super) async fn in_their_place(
    conn: &mut AnyConnection,
    key: &DataKey,
    account: AccountId,
    id: DeploymentId,
    names: &BTreeSet<String>,
    today: &SecretSet,
) -> Result<BTreeMap<String, Option<Secret>>, StoreError> {
    let mut texts = BTreeMap::new();
    for name in names {
        let mut text = None;
        if let Some(Held { version, deleted: false }) = today.get(name).copied() {
            let query = sqlx::query(TEXT).bind(id.to_string()).bind(account.to_string()).bind(name).bind(int(version));
            let ciphertext = query.fetch_one(&mut *conn).await?.blob_opt("ciphertext")?;
            let place = Place { account, deployment: id, name, version };
            text = ciphertext.map(|ciphertext| vault::open_secret(key, &place, &ciphertext)).transpose()?;
        }
        texts.insert(name.clone(), text);
    }
    Ok(texts)
}

async fn versions(conn: &mut AnyConnection, account: AccountId, id: DeploymentId, name: &str) -> Result<Vec<SecretVersionOut>, StoreError> {
    let rows = sqlx::query(OF_NAME).bind(id.to_string()).bind(account.to_string()).bind(name).fetch_all(&mut *conn).await?;
    if rows.is_empty() {
        return Err(StoreError::NotFound("secret"));
    }
    let mut out = Vec::new();
    for row in &rows {
        let version = row.count("version")?;
        let holders = holders(&mut *conn, account, id, name, version).await?;
        let revoked_at = row.at_opt("revoked_at")?;
        let state = if revoked_at.is_some() {
            SecretState::Revoked
        } else if !row.flag("has_text")? {
            SecretState::Deleted
        } else if holders.iter().any(|holder| holder.is_wanted || holder.runs || holder.is_good) {
            SecretState::InUse
        } else {
            SecretState::Superseded
        };
        out.push(SecretVersionOut {
            version,
            created_at: row.at("created_at")?,
            author: row.text_opt("author")?,
            state,
            revisions: holders.iter().map(|holder| holder.number).take(MOST_REVISIONS).collect(),
            revoked_at,
            revoked_by: row.text_opt("revoked_by")?,
        });
    }
    Ok(out)
}

/// The revisions that hold this version, newest first.
async fn holders(conn: &mut AnyConnection, account: AccountId, id: DeploymentId, name: &str, version: u64) -> Result<Vec<Holder>, StoreError> {
    let rows = sqlx::query(SETS).bind(id.to_string()).bind(account.to_string()).fetch_all(conn).await?;
    let mut holders = Vec::new();
    for row in &rows {
        let set: SecretSet = row.json("secrets")?;
        if set.get(name).is_some_and(|held| held.version == version) {
            holders.push(Holder { number: row.count("number")?, is_wanted: row.flag("is_wanted")?, runs: row.flag("runs")?, is_good: row.flag("is_good")? });
        }
    }
    Ok(holders)
}

/// Why it cannot be revoked now, and what to do first.
fn in_use(holders: &[Holder], name: &str, version: u64) -> String {
    let of = |which: fn(&Holder) -> bool| holders.iter().find(|holder| which(holder)).map(|holder| holder.number);
    if of(|holder| holder.is_wanted).is_some() {
        return format!("version {version} of `{name}` is in use; set a new text first, then revoke this one");
    }
    match of(|holder| holder.runs) {
        Some(number) => format!("the agent still runs revision {number}, which has version {version} of `{name}`; revoke it when the change has been applied"),
        None => {
            let number = of(|holder| holder.is_good).unwrap_or_default();
            format!("Vivier may still go back to revision {number}, which has version {version} of `{name}`; revoke it when the newest revision is trusted")
        }
    }
}
