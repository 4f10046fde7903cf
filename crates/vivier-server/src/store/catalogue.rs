//! Releases of the agent image, and containers in quarantine.

use vivier_core::digest::Digest;
use vivier_core::id::{DeploymentId, ReleaseId};
use vivier_core::time::Timestamp;
use vivier_core::wire::host::Image;
use vivier_core::wire::operator::{QuarantineOut, ReleaseOut};

use super::{Columns as _, Store, StoreError, Tx, int, new_uuid, statements};

statements! {
    RELEASES = "SELECT l.id, l.image, l.openclaw_version, l.node_version, l.size_bytes, l.config_schema, l.created_at, l.is_default, \
        (SELECT COUNT(*) FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision \
          WHERE v.release_id = l.id AND d.desired <> 'purged') AS deployments \
        FROM releases l WHERE l.gone_at IS NULL ORDER BY l.created_at DESC, l.id DESC";
    SCHEMA = "SELECT config_schema FROM releases WHERE image = $1";
    UPSERT = "INSERT INTO releases (id, image, openclaw_version, node_version, size_bytes, config_schema, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (image) DO UPDATE SET config_schema = excluded.config_schema, gone_at = NULL";
    ALL_IMAGES = "SELECT id, image FROM releases WHERE gone_at IS NULL";
    MARK_GONE = "UPDATE releases SET gone_at = $2, is_default = 0 WHERE id = $1";
    NO_DEFAULT = "UPDATE releases SET is_default = 0 WHERE is_default = 1";
    /// What the channel stable has; the newest, while it has none that is here.
    CHOOSE_DEFAULT = "UPDATE releases SET is_default = 1 WHERE id = COALESCE(\
        (SELECT l.id FROM channels c JOIN releases l ON l.id = c.release_id WHERE c.name = 'stable' AND l.gone_at IS NULL), \
        (SELECT id FROM releases WHERE gone_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 1))";
    QUARANTINED = "SELECT container, name, deployment_id, since, discard_at FROM quarantine ORDER BY since DESC, container";
    QUARANTINE = "INSERT INTO quarantine (container, name, deployment_id, since, discard_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (container) DO NOTHING";
    FORGET = "DELETE FROM quarantine WHERE container = $1";
}

impl Store {
    /// Makes the catalogue say what the host holds. New deployments get what the channel stable has; before it has any, the newest.
    /// Returns whether anything changed.
    pub async fn sync_releases(&self, images: &[Image]) -> Result<bool, StoreError> {
        let known = self.releases_with_schema().await?;
        let same = known.len() == images.len()
            && images.iter().all(|image| {
                let schema = image.config_schema.as_ref().map(|path| path.display().to_string());
                known.iter().any(|(release, path)| release.image == image.image && *path == schema)
            });
        if same {
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        for image in images {
            let Image { image, openclaw_version, node_version, size_bytes, built_at, config_schema } = image;
            sqlx::query(UPSERT)
                .bind(ReleaseId::from_uuid(new_uuid()).to_string())
                .bind(image.as_str())
                .bind(openclaw_version)
                .bind(node_version)
                .bind(int(*size_bytes))
                .bind(config_schema.as_ref().map(|path| path.display().to_string()))
                .bind(built_at.as_millis())
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
        Ok(self.releases_with_schema().await?.into_iter().map(|(release, _)| release).collect())
    }

    /// The release that a new deployment gets; `None` while no image has been built.
    pub async fn default_release(&self) -> Result<Option<ReleaseOut>, StoreError> {
        Ok(self.releases().await?.into_iter().find(|release| release.is_default))
    }

    async fn releases_with_schema(&self) -> Result<Vec<(ReleaseOut, Option<String>)>, StoreError> {
        let rows = sqlx::query(RELEASES).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let release = ReleaseOut {
                    id: row.parse("id")?,
                    image: row.parse("image")?,
                    openclaw_version: row.text("openclaw_version")?,
                    node_version: row.text("node_version")?,
                    size_bytes: row.count("size_bytes")?,
                    created_at: row.at("created_at")?,
                    is_default: row.flag("is_default")?,
                    deployments: row.count("deployments")?,
                };
                Ok((release, row.text_opt("config_schema")?))
            })
            .collect()
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
