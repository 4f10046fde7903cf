//! Revisions: configuration version + release + set of secrets, numbered per deployment and immutable.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use vivier_core::channel::{ChannelKind, ChannelSettings};
use vivier_core::config::Document;
use vivier_core::config::references::{self, Reference};
use vivier_core::digest::Digest;
use vivier_core::id::{AccountId, DeploymentId, ReleaseId};
use vivier_core::lifecycle::{self, Admission, Ask};
use vivier_core::provider::ProviderSettings;
use vivier_core::runtime::{Observation, Snapshot};
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use vivier_core::waves::ReleaseChannel;
use vivier_core::wire::agents::{EventKind, Outcome, RevisionOut, RevisionOutcome};

use super::catalogue::unstartable;
use super::deployments::Deployment;
use super::events::Note;
use super::export::{Field, Part};
use super::secrets::{SecretSet, is_delivered, set_version};
use super::{Actor, Columns as _, Store, StoreError, Tx, int, json, statements, word};

statements! {
    INSERT = "INSERT INTO revisions (deployment_id, account_id, number, config_version, release_id, secrets_version, secrets, outcome, author, created_at, restores) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10)";
    INSERT_CONFIG = "INSERT INTO config_versions (deployment_id, account_id, version, text, provider, channels, author, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    RELEASE = "SELECT id, openclaw_version, verdict, accepted, withdrawn_reason FROM releases WHERE image = $1 AND gone_at IS NULL";
    NEXT = "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM revisions WHERE deployment_id = $1";
    NEXT_CONFIG = "SELECT COALESCE(MAX(version), 0) + 1 AS version FROM config_versions WHERE deployment_id = $1";
    SUPERSEDE = "UPDATE revisions SET outcome = 'superseded', ended_at = $2 WHERE deployment_id = $1 AND outcome = 'pending'";
    SET_WANTED = "UPDATE deployments SET revision = $2 WHERE id = $1";
    WANTED = "SELECT v.number, v.config_version, v.release_id, v.secrets, c.text, c.provider, c.channels \
        FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision \
        JOIN config_versions c ON c.deployment_id = d.id AND c.version = v.config_version WHERE d.id = $1 AND d.account_id = $2";
    CONTENT = "SELECT v.number, v.config_version, v.release_id, v.secrets, c.text, c.provider, c.channels \
        FROM revisions v JOIN config_versions c ON c.deployment_id = v.deployment_id AND c.version = v.config_version \
        WHERE v.deployment_id = $1 AND v.account_id = $2 AND v.number = $3";
    SEEN = "SELECT r.last_known_good, r.observation FROM runtime_instances r JOIN deployments d ON d.id = r.deployment_id \
        WHERE r.deployment_id = $1 AND d.account_id = $2";
    MARK = "UPDATE revisions SET outcome = $3, reason = $4, log = $5, ended_at = COALESCE(ended_at, $6) WHERE deployment_id = $1 AND number = $2";
    LIST = "SELECT v.number, v.config_version, v.secrets_version, v.outcome, v.reason, v.log, v.author, v.created_at, v.ended_at, v.restores, l.openclaw_version, l.image, \
        CASE WHEN v.number = d.revision THEN 1 ELSE 0 END AS is_current, CASE WHEN v.number = r.last_known_good THEN 1 ELSE 0 END AS is_good \
        FROM revisions v JOIN releases l ON l.id = v.release_id JOIN deployments d ON d.id = v.deployment_id \
        JOIN runtime_instances r ON r.deployment_id = d.id WHERE v.deployment_id = $1 AND v.account_id = $2 ORDER BY v.number DESC LIMIT 100";
    CONFIG = "SELECT c.version, c.text, c.provider, c.channels, c.author, c.created_at, \
        (SELECT v.outcome FROM revisions v WHERE v.deployment_id = c.deployment_id AND v.config_version = c.version ORDER BY v.number DESC LIMIT 1) AS outcome \
        FROM config_versions c WHERE c.deployment_id = $1 AND c.account_id = $2 \
        AND c.version = COALESCE($3, (SELECT v.config_version FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision WHERE d.id = $1))";
    CONFIGS = "SELECT c.version, c.text, c.provider, c.channels, c.author, c.created_at, \
        (SELECT v.outcome FROM revisions v WHERE v.deployment_id = c.deployment_id AND v.config_version = c.version ORDER BY v.number DESC LIMIT 1) AS outcome \
        FROM config_versions c WHERE c.deployment_id = $1 AND c.account_id = $2 ORDER BY c.version DESC LIMIT 100";
    EXPORT = "SELECT r.deployment_id, r.number, r.config_version, r.release_id, l.openclaw_version, r.outcome, r.reason, r.author, r.created_at FROM revisions r \
        JOIN releases l ON l.id = r.release_id WHERE r.account_id = $1 ORDER BY r.deployment_id, r.number";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part {
    name: "revisions",
    sql: EXPORT,
    fields: &[
        ("deployment_id", Field::Text),
        ("number", Field::Number),
        ("config_version", Field::Number),
        ("release_id", Field::Text),
        ("openclaw_version", Field::Text),
        ("outcome", Field::Text),
        ("reason", Field::Text),
        ("author", Field::Text),
        ("created_at", Field::Time),
    ],
};

/// What becomes of the provider in a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProviderChange {
    #[default]
    Keep,
    Set(ProviderSettings),
}

/// A change of configuration or secrets. What is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub text: Option<String>,
    pub provider: ProviderChange,
    /// All of them: a channel that is not named goes, with its tokens.
    pub channels: Option<Vec<ChannelSettings>>,
    /// `None` deletes.
    pub secrets: BTreeMap<String, Option<Secret>>,
    /// Another release, by its image; it must be one that new deployments may get.
    pub image: Option<Digest>,
    /// Refuse unless the wanted configuration is of this version.
    pub expected_version: Option<u64>,
}

/// One version of a tenant's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigVersion {
    pub version: u64,
    pub text: String,
    pub provider: Option<ProviderSettings>,
    pub channels: Vec<ChannelSettings>,
    pub author: String,
    pub created_at: Timestamp,
    pub outcome: RevisionOutcome,
}

pub(super) struct NewRevision<'a> {
    pub number: u64,
    pub config_version: u64,
    pub release: &'a str,
    pub set: &'a SecretSet,
    pub author: &'a str,
    /// The snapshot of the data that it starts on.
    pub restores: Option<u64>,
}

/// What a revision says.
pub(super) struct Content {
    pub config_version: u64,
    pub release: String,
    pub set: SecretSet,
    pub text: String,
    pub provider: Option<ProviderSettings>,
    pub channels: Vec<ChannelSettings>,
}

/// What was seen of a deployment, as far as a way back depends on it.
pub(super) struct Looked {
    pub last_known_good: Option<u64>,
    /// The copies of its data that the host held at the last look.
    pub snapshots: Vec<Snapshot>,
}

impl Content {
    /// Of revision `number`.
    pub(super) async fn of(conn: &mut AnyConnection, account: AccountId, id: DeploymentId, number: u64) -> Result<Self, StoreError> {
        let row = sqlx::query(CONTENT).bind(id.to_string()).bind(account.to_string()).bind(int(number)).fetch_optional(conn).await?;
        Self::from_row(&row.ok_or(StoreError::NotFound("revision"))?)
    }

    /// Of the revision that is wanted.
    pub(super) async fn wanted(conn: &mut AnyConnection, account: AccountId, id: DeploymentId) -> Result<Self, StoreError> {
        let row = sqlx::query(WANTED).bind(id.to_string()).bind(account.to_string()).fetch_optional(conn).await?;
        Self::from_row(&row.ok_or(StoreError::NotFound("deployment"))?)
    }

    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            config_version: row.count("config_version")?,
            release: row.text("release_id")?,
            set: row.json("secrets")?,
            text: row.text("text")?,
            provider: row.json_opt("provider")?,
            channels: row.json("channels")?,
        })
    }
}

impl Store {
    /// Makes a change the wanted revision. A change that says nothing new makes none.
    pub async fn change(&self, actor: &Actor, account: AccountId, id: DeploymentId, change: Change) -> Result<Deployment, StoreError> {
        let Change { text, provider, channels, mut secrets, image, expected_version } = change;
        let key = self.key_for(account, &secrets).await?;
        let mut tx = self.begin().await?;
        let locked = tx.lock_deployment(account, id).await?;
        tx.check_changes(account, id).await?;
        tx.first_time(actor).await?;
        match lifecycle::admit(locked.word("desired")?, Ask::Update) {
            Admission::Refuse(refusal) => return Err(StoreError::Conflict(refusal.to_string())),
            Admission::Accept | Admission::AlreadySo => {}
        }
        let old = Content::wanted(tx.conn(), account, id).await?;
        if expected_version.is_some_and(|expected| expected != old.config_version) {
            let version = old.config_version;
            return Err(StoreError::Conflict(format!("the configuration has been changed meanwhile: it is at version {version}; look at it and apply again")));
        }
        let text = text.unwrap_or_else(|| old.text.clone());
        let provider = match provider {
            ProviderChange::Keep => old.provider.clone(),
            ProviderChange::Set(settings) => Some(settings),
        };
        let channels = channels.unwrap_or_else(|| old.channels.clone());
        for name in tokens_without_channel(&old.set, &channels) {
            secrets.entry(name).or_insert(None);
        }
        // Deleting what is not there is no change.
        secrets.retain(|name, secret| secret.is_some() || is_there(&old.set, name));
        let same_config = text == old.text && provider == old.provider && channels == old.channels;
        let other_release = match &image {
            Some(image) => {
                let found = sqlx::query(RELEASE).bind(image.to_string()).fetch_optional(tx.conn()).await?;
                let found =
                    found.ok_or_else(|| StoreError::Conflict("this host holds no such release; the list of releases names those that it has".to_owned()))?;
                let release = Some((found.text("id")?, found.text("openclaw_version")?)).filter(|(id, _)| *id != old.release);
                if release.is_some() {
                    must_start(&found)?;
                }
                release
            }
            None => None,
        };
        // Whoever chooses a release by hand means this one, also when it is the one that is there.
        let follows: Option<ReleaseChannel> = locked.word_opt("follows")?.filter(|_| image.is_some());
        if same_config && secrets.is_empty() && other_release.is_none() && follows.is_none() {
            drop(tx);
            return self.deployment(account, id).await;
        }
        refuse_lost_references(&text, !same_config, &old.set, &secrets)?;
        let pinned = tx.pin(id, follows).await?;
        if same_config && secrets.is_empty() && other_release.is_none() {
            tx.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, format!("stays on its release{pinned}")).by(&actor.name)).await?;
            tx.audit(actor, Some(account), "deployment.follow", &id.to_string(), serde_json::json!({ "channel": null })).await?;
            let deployment = tx.deployment(account, id).await?;
            tx.commit().await?;
            return Ok(deployment);
        }
        let config_version = if same_config {
            old.config_version
        } else {
            let version = sqlx::query(NEXT_CONFIG).bind(id.to_string()).fetch_one(tx.conn()).await?.count("version")?;
            tx.new_config(account, id, version, &text, provider.as_ref(), &channels, &actor.name).await?;
            version
        };
        let names: Vec<&String> = secrets.keys().collect();
        let detail = serde_json::json!({ "config_version": config_version, "secrets": names, "image": image });
        let release_id = other_release.as_ref().map_or(&old.release, |(id, _)| id);
        let message = match (same_config, names.is_empty()) {
            (true, true) => format!("chose OpenClaw {}", other_release.as_ref().map_or("as before", |(_, version)| version)),
            (true, false) => format!("changed secrets: {}", names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")),
            (false, true) => format!("changed the configuration: version {config_version}"),
            (false, false) => format!("changed the configuration (version {config_version}) and secrets"),
        };
        let set = tx.change_secrets(key.as_deref(), account, id, &old.set, &secrets, &actor.name).await?;
        let number = tx.next_revision(id).await?;
        let revision = NewRevision { number, config_version, release: release_id, set: &set, author: &actor.name, restores: None };
        tx.want_revision(account, id, &revision).await?;
        tx.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, format!("{message}{pinned}")).by(&actor.name)).await?;
        tx.audit(actor, Some(account), "deployment.change", &id.to_string(), detail).await?;
        let deployment = tx.deployment(account, id).await?;
        tx.commit().await?;
        Ok(deployment)
    }

    /// One version of the configuration; `None`: the one that is wanted.
    pub async fn config(&self, account: AccountId, id: DeploymentId, version: Option<u64>) -> Result<ConfigVersion, StoreError> {
        let row = sqlx::query(CONFIG).bind(id.to_string()).bind(account.to_string()).bind(version.map(int)).fetch_optional(self.reader()).await?;
        ConfigVersion::from_row(&row.ok_or(StoreError::NotFound("configuration"))?)
    }

    /// Versions of the configuration, newest first, at most 100.
    pub async fn config_versions(&self, account: AccountId, id: DeploymentId) -> Result<Vec<ConfigVersion>, StoreError> {
        let rows = sqlx::query(CONFIGS).bind(id.to_string()).bind(account.to_string()).fetch_all(self.reader()).await?;
        rows.iter().map(ConfigVersion::from_row).collect()
    }

    /// Revisions, newest first, at most 100.
    pub async fn revisions(&self, account: AccountId, id: DeploymentId) -> Result<Vec<RevisionOut>, StoreError> {
        let rows = sqlx::query(LIST).bind(id.to_string()).bind(account.to_string()).fetch_all(self.reader()).await?;
        // Once, and not beside each row: a look is a long text.
        let seen = looked(&mut *self.reader().acquire().await?, account, id).await?;
        let snapshots = seen.map(|seen| seen.snapshots).unwrap_or_default();
        rows.iter()
            .map(|row| {
                let number = row.count("number")?;
                Ok(RevisionOut {
                    snapshot: snapshots.iter().find(|snapshot| snapshot.number == number).cloned(),
                    restores: row.count_opt("restores")?,
                    number,
                    config_version: row.count("config_version")?,
                    secrets_version: row.count("secrets_version")?,
                    openclaw_version: row.text("openclaw_version")?,
                    image: row.parse("image")?,
                    outcome: row.word("outcome")?,
                    reason: row.text_opt("reason")?,
                    log: row.json_opt("log")?.unwrap_or_default(),
                    author: row.text("author")?,
                    created_at: row.at("created_at")?,
                    ended_at: row.at_opt("ended_at")?,
                    current: row.flag("is_current")?,
                    last_known_good: row.flag("is_good")?,
                })
            })
            .collect()
    }
}

impl ConfigVersion {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.count("version")?,
            text: row.text("text")?,
            provider: row.json_opt("provider")?,
            channels: row.json("channels")?,
            author: row.text("author")?,
            created_at: row.at("created_at")?,
            outcome: row.word("outcome")?,
        })
    }
}

impl Tx {
    #[allow(clippy::too_many_arguments, reason = "the columns of one row")]
    pub(super) async fn new_config(
        &mut self,
        account: AccountId,
        id: DeploymentId,
        version: u64,
        text: &str,
        provider: Option<&ProviderSettings>,
        channels: &[ChannelSettings],
        author: &str,
    ) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(INSERT_CONFIG)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(int(version))
            .bind(text)
            .bind(provider.map(json))
            .bind(json(&channels))
            .bind(author)
            .bind(now)
            .execute(self.conn())
            .await?;
        Ok(())
    }

    pub(super) async fn new_revision(&mut self, account: AccountId, id: DeploymentId, revision: &NewRevision<'_>) -> Result<(), StoreError> {
        let NewRevision { number, config_version, release, set, author, restores } = revision;
        let now = self.now().as_millis();
        sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(int(*number))
            .bind(int(*config_version))
            .bind(*release)
            .bind(int(set_version(set)))
            .bind(json(set))
            .bind(*author)
            .bind(now)
            .bind(restores.map(int))
            .execute(self.conn())
            .await?;
        Ok(())
    }

    pub(super) async fn next_revision(&mut self, id: DeploymentId) -> Result<u64, StoreError> {
        sqlx::query(NEXT).bind(id.to_string()).fetch_one(self.conn()).await?.count("number")
    }

    /// Makes `revision` and wants it; what was on its way is superseded.
    pub(super) async fn want_revision(&mut self, account: AccountId, id: DeploymentId, revision: &NewRevision<'_>) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(SUPERSEDE).bind(id.to_string()).bind(now).execute(self.conn()).await?;
        self.new_revision(account, id, revision).await?;
        sqlx::query(SET_WANTED).bind(id.to_string()).bind(int(revision.number)).execute(self.conn()).await?;
        Ok(())
    }

    /// Wants again what revision `number` said, on the data of a snapshot or on what is there. Returns the new revision's number.
    pub(super) async fn want_again(
        &mut self,
        account: AccountId,
        id: DeploymentId,
        number: u64,
        restores: Option<u64>,
        author: &str,
    ) -> Result<u64, StoreError> {
        let Content { config_version, release, set, text: _, provider: _, channels: _ } = Content::of(self.conn(), account, id, number).await?;
        let number = self.next_revision(id).await?;
        self.want_revision(account, id, &NewRevision { number, config_version, release: &release, set: &set, author, restores }).await?;
        Ok(number)
    }

    /// Wants another release with the configuration and the secrets that are wanted now. Returns the new revision's number.
    pub(super) async fn want_release(&mut self, account: AccountId, id: DeploymentId, release: ReleaseId, author: &str) -> Result<u64, StoreError> {
        let Content { config_version, release: _, set, text: _, provider: _, channels: _ } = Content::wanted(self.conn(), account, id).await?;
        let number = self.next_revision(id).await?;
        let revision = NewRevision { number, config_version, release: &release.to_string(), set: &set, author, restores: None };
        self.want_revision(account, id, &revision).await?;
        Ok(number)
    }

    /// Writes down what came of a revision.
    pub(super) async fn revision_works(&mut self, id: DeploymentId, number: u64) -> Result<(), StoreError> {
        self.mark_revision(id, number, RevisionOutcome::Good, None, &[]).await
    }

    pub(super) async fn revision_failed(&mut self, id: DeploymentId, number: u64, reason: &str, log: &[String]) -> Result<(), StoreError> {
        self.mark_revision(id, number, RevisionOutcome::Failed, Some(reason), log).await
    }

    async fn mark_revision(&mut self, id: DeploymentId, number: u64, outcome: RevisionOutcome, reason: Option<&str>, log: &[String]) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        let log = (!log.is_empty()).then(|| json(&log));
        let query = sqlx::query(MARK).bind(id.to_string()).bind(int(number)).bind(word(&outcome)).bind(reason);
        query.bind(log).bind(now).execute(self.conn()).await?;
        Ok(())
    }
}

/// Refuses a release that no host starts, with the reason.
pub(super) fn must_start(row: &AnyRow) -> Result<(), StoreError> {
    match unstartable(row)? {
        Some(reason) => {
            Err(StoreError::Conflict(format!("this release of OpenClaw {} cannot be started: {reason}; choose another one", row.text("openclaw_version")?)))
        }
        None => Ok(()),
    }
}

/// What was seen of it last; `None` when there is no such deployment.
pub(super) async fn looked(conn: &mut AnyConnection, account: AccountId, id: DeploymentId) -> Result<Option<Looked>, StoreError> {
    let row = sqlx::query(SEEN).bind(id.to_string()).bind(account.to_string()).fetch_optional(conn).await?;
    let looked = |row: AnyRow| {
        let snapshots = row.json_opt::<Observation>("observation")?.map(|observation| observation.snapshots).unwrap_or_default();
        Ok(Looked { last_known_good: row.count_opt("last_known_good")?, snapshots })
    };
    row.map(looked).transpose()
}

/// Names of channel tokens in `set` that belong to none of `channels`.
fn tokens_without_channel(set: &SecretSet, channels: &[ChannelSettings]) -> Vec<String> {
    let gone = ChannelKind::ALL.into_iter().filter(|kind| !channels.iter().any(|channel| channel.kind == *kind));
    gone.flat_map(|kind| kind.tokens().iter().map(move |token| vivier_core::config::overlay::channel_secret(kind, token.openclaw_key)))
        .filter(|name| is_there(set, name))
        .collect()
}

/// Refuses a change after which the tenant's document refers to a secret that is not there: any reference in a `new` document, and
/// references to what this very change takes away in one that stays.
pub(super) fn refuse_lost_references(text: &str, new: bool, before: &SecretSet, changes: &BTreeMap<String, Option<Secret>>) -> Result<(), StoreError> {
    // What is not acceptable any more by today's rules is the worker's to tell.
    let Ok(document) = Document::parse(text) else { return Ok(()) };
    let is_after = |name: &str| changes.get(name).map_or_else(|| is_there(before, name), Option::is_some);
    let root = serde_json::Value::Object(document.root().clone());
    let lost = references::references(&root).into_iter().find(|reference| {
        let taken = changes.get(&reference.secret).is_some_and(Option::is_none);
        (new || taken) && !(is_delivered(&reference.secret) && is_after(&reference.secret))
    });
    match lost {
        Some(Reference { path, secret }) => Err(StoreError::Conflict(format!(
            "`{path}` of the configuration refers to the secret `{secret}`; take the reference out first, or keep the secret"
        ))),
        None => Ok(()),
    }
}

fn is_there(set: &SecretSet, name: &str) -> bool {
    set.get(name).is_some_and(|held| !held.deleted)
}
