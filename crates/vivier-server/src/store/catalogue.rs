//! Releases of the agent image, and containers in quarantine.

use std::path::PathBuf;

use sqlx::any::AnyRow;
use vivier_core::digest::Digest;
use vivier_core::id::{DeploymentId, ReleaseId};
use vivier_core::release::{Verdict, Withdrawal};
use vivier_core::time::Timestamp;
use vivier_core::wire::host::Image;
use vivier_core::wire::operator::{QuarantineOut, ReleaseOut};

use super::{Actor, Columns as _, Store, StoreError, Tx, int, new_uuid, statements};

statements! {
    RELEASES = "SELECT l.id, l.image, l.openclaw_version, l.node_version, l.size_bytes, l.config_schema, l.created_at, l.is_default, \
        l.notes, l.verdict, l.accepted, l.withdrawn_at, l.withdrawn_reason, l.signed_by, l.sbom, l.provenance, \
        (SELECT COUNT(*) FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision \
          WHERE v.release_id = l.id AND d.desired <> 'purged') AS deployments \
        FROM releases l WHERE l.gone_at IS NULL ORDER BY l.created_at DESC, l.id DESC";
    SCHEMA = "SELECT config_schema FROM releases WHERE image = $1";
    PAPERS = "SELECT openclaw_version, sbom, provenance FROM releases WHERE id = $1";
    UPSERT = "INSERT INTO releases (id, image, openclaw_version, node_version, size_bytes, config_schema, created_at, \
          notes, verdict, accepted, withdrawn_at, withdrawn_reason, signed_by, sbom, provenance) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
        ON CONFLICT (image) DO UPDATE SET config_schema = excluded.config_schema, notes = excluded.notes, verdict = excluded.verdict, \
          accepted = excluded.accepted, withdrawn_at = excluded.withdrawn_at, withdrawn_reason = excluded.withdrawn_reason, \
          signed_by = excluded.signed_by, sbom = excluded.sbom, provenance = excluded.provenance, gone_at = NULL";
    ALL_IMAGES = "SELECT id, image FROM releases WHERE gone_at IS NULL";
    MARK_GONE = "UPDATE releases SET gone_at = $2, is_default = 0 WHERE id = $1";
    NO_DEFAULT = "UPDATE releases SET is_default = 0 WHERE is_default = 1";
    /// What the channel stable has; the newest, while it has none that may be started here.
    CHOOSE_DEFAULT = "UPDATE releases SET is_default = 1 WHERE id = COALESCE(\
        (SELECT l.id FROM channels c JOIN releases l ON l.id = c.release_id WHERE c.name = 'stable' AND l.gone_at IS NULL AND l.withdrawn_at IS NULL \
          AND (l.verdict = 'passed' OR (l.verdict = 'unscanned' AND l.accepted IS NOT NULL))), \
        (SELECT id FROM releases WHERE gone_at IS NULL AND withdrawn_at IS NULL \
          AND (verdict = 'passed' OR (verdict = 'unscanned' AND accepted IS NOT NULL)) ORDER BY created_at DESC, id DESC LIMIT 1))";
    NAMED = "SELECT image, withdrawn_at FROM releases WHERE id = $1 AND gone_at IS NULL";
    WITHDRAW = "UPDATE releases SET withdrawn_at = $2, withdrawn_reason = $3 WHERE id = $1";
    QUARANTINED = "SELECT container, name, deployment_id, since, discard_at FROM quarantine ORDER BY since DESC, container";
    QUARANTINE = "INSERT INTO quarantine (container, name, deployment_id, since, discard_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (container) DO NOTHING";
    FORGET = "DELETE FROM quarantine WHERE container = $1";
}

/// Where the papers of a release lie.
#[derive(Clone, Debug)]
pub struct Papers {
    pub openclaw_version: String,
    pub sbom: Option<PathBuf>,
    pub provenance: Option<PathBuf>,
}

/// A row of the catalogue: the release, and the paths that nobody outside is told.
struct Held {
    release: ReleaseOut,
    paths: [Option<String>; 3],
}

impl Held {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        let withdrawn = match row.at_opt("withdrawn_at")? {
            Some(at) => Some(Withdrawal { at, reason: row.text_opt("withdrawn_reason")?.unwrap_or_default() }),
            None => None,
        };
        let release = ReleaseOut {
            id: row.parse("id")?,
            image: row.parse("image")?,
            openclaw_version: row.text("openclaw_version")?,
            node_version: row.text("node_version")?,
            size_bytes: row.count("size_bytes")?,
            created_at: row.at("created_at")?,
            is_default: row.flag("is_default")?,
            deployments: row.count("deployments")?,
            notes: row.text_opt("notes")?,
            verdict: row.word("verdict")?,
            accepted: row.text_opt("accepted")?,
            withdrawn,
            signed_by: row.text("signed_by")?,
        };
        Ok(Self { release, paths: [row.text_opt("config_schema")?, row.text_opt("sbom")?, row.text_opt("provenance")?] })
    }

    /// Whether the row is what the host says of `image`.
    fn says(&self, image: &Image) -> bool {
        let release = &self.release;
        release.image == image.image
            && release.notes == image.notes
            && release.verdict == image.verdict
            && release.accepted == image.accepted
            && release.withdrawn == image.withdrawn
            && release.signed_by == image.signed_by
            && self.paths == [&image.config_schema, &image.sbom, &image.provenance].map(|path| shown(path.as_ref()))
    }
}

/// Why no host starts a release, from a row with its verdict, acceptance and withdrawal; `None` when one would.
pub(super) fn unstartable(row: &AnyRow) -> Result<Option<String>, StoreError> {
    if let Some(reason) = row.text_opt("withdrawn_reason")? {
        return Ok(Some(format!("it was withdrawn: {reason}")));
    }
    Ok(match (row.word::<Verdict>("verdict")?, row.text_opt("accepted")?) {
        (Verdict::Passed, _) | (Verdict::Unscanned, Some(_)) => None,
        (Verdict::Failed, _) => Some("it has vulnerabilities that the operator does not accept".to_owned()),
        (Verdict::Unscanned, None) => Some("it was not scanned for vulnerabilities, and the operator has not accepted that".to_owned()),
    })
}

fn shown(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

impl Store {
    /// Makes the catalogue say what the host holds. New deployments get what the channel stable has; before it has any that may be
    /// started, the newest.
    /// Returns whether anything changed.
    pub async fn sync_releases(&self, images: &[Image]) -> Result<bool, StoreError> {
        let known = self.held().await?;
        if known.len() == images.len() && images.iter().all(|image| known.iter().any(|held| held.says(image))) {
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        for image in images {
            let Image {
                image,
                openclaw_version,
                node_version,
                size_bytes,
                built_at,
                notes,
                verdict,
                accepted,
                withdrawn,
                signed_by,
                config_schema,
                sbom,
                provenance,
            } = image;
            sqlx::query(UPSERT)
                .bind(ReleaseId::from_uuid(new_uuid()).to_string())
                .bind(image.as_str())
                .bind(openclaw_version)
                .bind(node_version)
                .bind(int(*size_bytes))
                .bind(shown(config_schema.as_ref()))
                .bind(built_at.as_millis())
                .bind(notes.as_deref())
                .bind(verdict.as_str())
                .bind(accepted.as_deref())
                .bind(withdrawn.as_ref().map(|withdrawn| withdrawn.at.as_millis()))
                .bind(withdrawn.as_ref().map(|withdrawn| withdrawn.reason.as_str()))
                .bind(signed_by)
                .bind(shown(sbom.as_ref()))
                .bind(shown(provenance.as_ref()))
                .execute(tx.conn())
                .await?;
        }
        for row in sqlx::query(ALL_IMAGES).fetch_all(tx.conn()).await? {
            let image: Digest = row.parse("image")?;
            if !images.iter().any(|held| held.image == image) {
                sqlx::query(MARK_GONE).bind(row.text("id")?).bind(now).execute(tx.conn()).await?;
            }
        }
        tx.choose_default().await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The releases that the host holds, newest first.
    pub async fn releases(&self) -> Result<Vec<ReleaseOut>, StoreError> {
        Ok(self.held().await?.into_iter().map(|held| held.release).collect())
    }

    /// The release that a new deployment gets; `None` while no image has been built.
    pub async fn default_release(&self) -> Result<Option<ReleaseOut>, StoreError> {
        Ok(self.releases().await?.into_iter().find(|release| release.is_default))
    }

    async fn held(&self) -> Result<Vec<Held>, StoreError> {
        let rows = sqlx::query(RELEASES).fetch_all(self.reader()).await?;
        rows.iter().map(Held::from_row).collect()
    }

    /// Takes a release back, or (without a reason) lets it be chosen again; the host is told by whoever calls this. Returns its image.
    pub async fn withdraw_release(&self, actor: &Actor, id: ReleaseId, reason: Option<&str>) -> Result<Digest, StoreError> {
        let mut tx = self.begin().await?;
        tx.first_time(actor).await?;
        let row = sqlx::query(NAMED).bind(id.to_string()).fetch_optional(tx.conn()).await?.ok_or(StoreError::NotFound("release"))?;
        let image: Digest = row.parse("image")?;
        let at = reason.map(|_| tx.now().as_millis());
        sqlx::query(WITHDRAW).bind(id.to_string()).bind(at).bind(reason).execute(tx.conn()).await?;
        tx.choose_default().await?;
        let action = if reason.is_some() { "release.withdraw" } else { "release.reinstate" };
        tx.audit(actor, None, action, &id.to_string(), serde_json::json!({ "image": image, "reason": reason })).await?;
        tx.commit().await?;
        Ok(image)
    }

    /// Where the papers of a release lie on the host's disk, also of one that the host holds no more.
    pub async fn release_papers(&self, id: ReleaseId) -> Result<Papers, StoreError> {
        let row = sqlx::query(PAPERS).bind(id.to_string()).fetch_optional(self.reader()).await?.ok_or(StoreError::NotFound("release"))?;
        let path = |column: &str| Ok::<_, StoreError>(row.text_opt(column)?.map(PathBuf::from));
        Ok(Papers { openclaw_version: row.text("openclaw_version")?, sbom: path("sbom")?, provenance: path("provenance")? })
    }

    /// Where the JSON schema of `image`'s configuration lies, when there is one.
    pub async fn schema_path(&self, image: &Digest) -> Result<Option<std::path::PathBuf>, StoreError> {
        let row = sqlx::query(SCHEMA).bind(image.as_str()).fetch_optional(self.reader()).await?;
        Ok(row.map(|row| row.text_opt("config_schema")).transpose()?.flatten().map(Into::into))
    }

    /// Containers that carry our label and that no deployment owns, newest first.
    pub async fn quarantined(&self) -> Result<Vec<QuarantineOut>, StoreError> {
        let rows = sqlx::query(QUARANTINED).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(QuarantineOut {
                    container: row.text("container")?,
                    name: row.text("name")?,
                    deployment: row.parse_opt("deployment_id")?,
                    since: row.at("since")?,
                    discard_at: row.at("discard_at")?,
                })
            })
            .collect()
    }

    /// Notes that a container is in quarantine, since when and until when. Noting it twice changes nothing.
    pub async fn note_quarantine(
        &self,
        container: &str,
        name: &str,
        deployment: Option<DeploymentId>,
        since: Timestamp,
        discard_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(QUARANTINE)
            .bind(container)
            .bind(name)
            .bind(deployment.map(|id| id.to_string()))
            .bind(since.as_millis())
            .bind(discard_at.as_millis())
            .execute(tx.conn())
            .await?;
        tx.commit_quietly().await
    }

    /// Forgets a container that is gone.
    pub async fn forget_quarantine(&self, container: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(FORGET).bind(container).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    /// Marks the release that new deployments get.
    pub(super) async fn choose_default(&mut self) -> Result<(), StoreError> {
        sqlx::query(NO_DEFAULT).execute(self.conn()).await?;
        sqlx::query(CHOOSE_DEFAULT).execute(self.conn()).await?;
        Ok(())
    }
}
