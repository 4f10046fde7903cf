//! Channels: lines of releases that deployments follow, and who follows them.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use vivier_core::id::{AccountId, DeploymentId, ReleaseId, WaveId};
use vivier_core::lifecycle::{self, Admission, Ask};
use vivier_core::time::Timestamp;
use vivier_core::waves::{ReleaseChannel, WavePlan, WaveState};
use vivier_core::window::Window;
use vivier_core::wire::agents::{EventKind, Outcome};
use vivier_core::wire::waves::{PromotionOut, PromotionPlan, ReleaseChannelOut, ReleaseRef};

use super::deployments::Deployment;
use super::events::Note;
use super::revisions::must_start;
use super::waves::StageTimes;
use super::{Actor, Columns as _, Store, StoreError, Tx, int, json, new_uuid, statements, word};

statements! {
    CHANNELS = "SELECT c.name, c.promoted_at, c.promoted_by, l.id AS release_id, l.image, l.openclaw_version, \
        (SELECT COUNT(*) FROM deployments d WHERE d.follows = c.name AND d.desired IN ('running', 'suspended')) AS followers, \
        (SELECT COUNT(*) FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision \
          WHERE d.follows = c.name AND d.desired IN ('running', 'suspended') AND v.release_id <> c.release_id) AS behind, \
        (SELECT w.id FROM waves w WHERE w.channel = c.name AND w.state IN ('running', 'paused', 'halted', 'reverting')) AS wave \
        FROM channels c LEFT JOIN releases l ON l.id = c.release_id ORDER BY c.name DESC";
    /// Of each channel the last ones, newest first.
    HISTORY = "SELECT p.channel, p.at, p.author, l.id AS release_id, l.image, l.openclaw_version FROM promotions p \
        LEFT JOIN releases l ON l.id = p.release_id \
        WHERE (SELECT COUNT(*) FROM promotions n WHERE n.channel = p.channel AND n.id > p.id) < 20 ORDER BY p.id DESC";
    /// Alone with the channel until the commit.
    LOCK = "UPDATE channels SET version = version + 1 WHERE name = $1 RETURNING release_id";
    MOVE = "UPDATE channels SET release_id = $2, promoted_at = $3, promoted_by = $4 WHERE name = $1";
    PROMOTED = "INSERT INTO promotions (id, channel, release_id, at, author) VALUES ($1, $2, $3, $4, $5)";
    RELEASE = "SELECT id AS release_id, image, openclaw_version, verdict, accepted, withdrawn_reason FROM releases WHERE id = $1 AND gone_at IS NULL";
    OPEN_WAVE = "SELECT id, state FROM waves WHERE channel = $1 AND state IN ('running', 'paused', 'halted', 'reverting')";
    /// The youngest first: they have the least to lose.
    BEHIND = "SELECT d.id FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision \
        WHERE d.follows = $1 AND d.desired IN ('running', 'suspended') AND v.release_id <> $2 ORDER BY d.created_at DESC, d.id DESC";
    BEGIN_WAVE = "INSERT INTO waves (id, channel, release_id, previous_id, plan, state, stages, author, created_at, changed_at) \
        VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $8)";
    ADD_MEMBER = "INSERT INTO wave_members (wave_id, position, deployment_id, state) VALUES ($1, $2, $3, 'waiting')";
    FOLLOW = "UPDATE deployments SET follows = $2, maintenance = $3 WHERE id = $1";
    PIN = "UPDATE deployments SET follows = NULL WHERE id = $1";
}

impl Store {
    /// Every channel, stable first.
    pub async fn channels(&self) -> Result<Vec<ReleaseChannelOut>, StoreError> {
        let mut history: HashMap<ReleaseChannel, Vec<PromotionOut>> = HashMap::new();
        for row in sqlx::query(HISTORY).fetch_all(self.reader()).await? {
            let promotion = PromotionOut { release: release(&row)?, at: row.at("at")?, by: row.text("author")? };
            history.entry(row.word("channel")?).or_default().push(promotion);
        }
        let rows = sqlx::query(CHANNELS).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let name = row.word("name")?;
                Ok(ReleaseChannelOut {
                    name,
                    release: release(row)?,
                    promoted_at: row.at_opt("promoted_at")?,
                    promoted_by: row.text_opt("promoted_by")?,
                    followers: row.count("followers")?,
                    behind: row.count("behind")?,
                    wave: row.parse_opt("wave")?,
                    history: history.remove(&name).unwrap_or_default(),
                })
            })
            .collect()
    }

    pub async fn channel(&self, name: ReleaseChannel) -> Result<ReleaseChannelOut, StoreError> {
        self.channels().await?.into_iter().find(|channel| channel.name == name).ok_or(StoreError::NotFound("channel"))
    }

    /// What [`Store::promote`] would do.
    pub async fn promotion_plan(&self, wanted: ReleaseId, channel: ReleaseChannel, plan: WavePlan) -> Result<PromotionPlan, StoreError> {
        let row = sqlx::query(RELEASE).bind(wanted.to_string()).fetch_optional(self.reader()).await?;
        row.as_ref().map_or(Ok(()), must_start)?;
        let chosen = row.as_ref().map(release).transpose()?.flatten().ok_or(StoreError::NotFound("release"))?;
        let behind = sqlx::query(BEHIND).bind(word(&channel)).bind(wanted.to_string()).fetch_all(self.reader()).await?.len();
        let version = &chosen.openclaw_version;
        let summary = if behind == 0 {
            format!("Nobody who follows {channel} runs another release: the channel gets OpenClaw {version} at once.")
        } else {
            format!(
                "OpenClaw {version} reaches {} Those that fail come back by themselves, with their data. The channel has it when all are done.",
                plan.words(behind)
            )
        };
        let targets = plan.targets(behind).into_iter().map(|target| u64::try_from(target).unwrap_or(u64::MAX)).collect();
        Ok(PromotionPlan { channel, release: chosen, moves: u64::try_from(behind).unwrap_or(u64::MAX), plan, targets, summary })
    }

    /// Gives a release to a channel: by a wave over its followers that run something else; at once, when there are none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while another wave keeps the channel.
    pub async fn promote(&self, actor: &Actor, wanted: ReleaseId, channel: ReleaseChannel, plan: &WavePlan) -> Result<Option<WaveId>, StoreError> {
        let mut tx = self.begin().await?;
        let before = tx.lock_channel(channel).await?;
        tx.first_time(actor).await?;
        must_start(&sqlx::query(RELEASE).bind(wanted.to_string()).fetch_optional(tx.conn()).await?.ok_or(StoreError::NotFound("release"))?)?;
        tx.no_open_wave(channel).await?;
        let behind = sqlx::query(BEHIND).bind(word(&channel)).bind(wanted.to_string()).fetch_all(tx.conn()).await?;
        let members = behind.iter().map(|row| row.parse("id")).collect::<Result<Vec<DeploymentId>, _>>()?;
        let wave = if members.is_empty() {
            tx.move_channel(channel, Some(wanted), &actor.name).await?;
            None
        } else {
            Some(tx.begin_wave(actor, channel, wanted, before, plan, &members).await?)
        };
        let detail = serde_json::json!({ "channel": channel, "wave": wave, "members": members.len(), "plan": plan });
        tx.audit(actor, None, "release.promote", &wanted.to_string(), detail).await?;
        tx.commit().await?;
        Ok(wave)
    }

    /// Lets a deployment follow a channel, within a window; or pins it.
    pub async fn follow(
        &self,
        actor: &Actor,
        account: AccountId,
        id: DeploymentId,
        channel: Option<ReleaseChannel>,
        window: Option<&Window>,
    ) -> Result<Deployment, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.lock_deployment(account, id).await?;
        tx.first_time(actor).await?;
        match lifecycle::admit(row.word("desired")?, Ask::Update) {
            Admission::Refuse(refusal) => return Err(StoreError::Conflict(refusal.to_string())),
            Admission::Accept | Admission::AlreadySo => {}
        }
        sqlx::query(FOLLOW).bind(id.to_string()).bind(channel.as_ref().map(word)).bind(window.map(ToString::to_string)).execute(tx.conn()).await?;
        let message = match (channel, window) {
            (Some(channel), Some(window)) => format!("follows {channel} from now on, within {window}"),
            (Some(channel), None) => format!("follows {channel} from now on"),
            (None, _) => "follows no channel: it stays on its release".to_owned(),
        };
        tx.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, message).by(&actor.name)).await?;
        tx.audit(actor, Some(account), "deployment.follow", &id.to_string(), serde_json::json!({ "channel": channel, "window": window })).await?;
        let deployment = tx.deployment(account, id).await?;
        tx.commit().await?;
        Ok(deployment)
    }
}

impl Tx {
    /// Alone with the channel until the commit; the release that it has. Taken before any wave's lock.
    pub(super) async fn lock_channel(&mut self, channel: ReleaseChannel) -> Result<Option<ReleaseId>, StoreError> {
        let row = sqlx::query(LOCK).bind(word(&channel)).fetch_optional(self.conn()).await?;
        row.ok_or(StoreError::NotFound("channel"))?.parse_opt("release_id")
    }

    /// Refuses while a wave keeps the channel.
    pub(super) async fn no_open_wave(&mut self, channel: ReleaseChannel) -> Result<(), StoreError> {
        let Some(row) = sqlx::query(OPEN_WAVE).bind(word(&channel)).fetch_optional(self.conn()).await? else { return Ok(()) };
        let (id, state): (WaveId, WaveState) = (row.parse("id")?, row.word("state")?);
        Err(StoreError::Conflict(format!("the wave {id} is {state} on {channel}; wait until it is over, or abort or revert it")))
    }

    pub(super) async fn move_channel(&mut self, channel: ReleaseChannel, release: Option<ReleaseId>, author: &str) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        let release = release.map(|id| id.to_string());
        sqlx::query(MOVE).bind(word(&channel)).bind(&release).bind(now).bind(author).execute(self.conn()).await?;
        sqlx::query(PROMOTED).bind(new_uuid().to_string()).bind(word(&channel)).bind(release).bind(now).bind(author).execute(self.conn()).await?;
        self.choose_default().await
    }

    async fn begin_wave(
        &mut self,
        actor: &Actor,
        channel: ReleaseChannel,
        release: ReleaseId,
        previous: Option<ReleaseId>,
        plan: &WavePlan,
        members: &[DeploymentId],
    ) -> Result<WaveId, StoreError> {
        let now = self.now();
        let id = WaveId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let mut stages = vec![StageTimes::default(); plan.stages.len()];
        if let Some(first) = stages.first_mut() {
            first.began_at = Some(now);
        }
        sqlx::query(BEGIN_WAVE)
            .bind(id.to_string())
            .bind(word(&channel))
            .bind(release.to_string())
            .bind(previous.map(|id| id.to_string()))
            .bind(json(plan))
            .bind(json(&stages))
            .bind(&actor.name)
            .bind(now.as_millis())
            .execute(self.conn())
            .await?;
        for (position, member) in (0_u64..).zip(members) {
            sqlx::query(ADD_MEMBER).bind(id.to_string()).bind(int(position)).bind(member.to_string()).execute(self.conn()).await?;
        }
        Ok(id)
    }

    /// The owner has chosen a release: no channel chooses for them any more. `follows`: what it followed.
    pub(super) async fn pin(&mut self, id: DeploymentId, follows: Option<ReleaseChannel>) -> Result<String, StoreError> {
        let Some(channel) = follows else { return Ok(String::new()) };
        sqlx::query(PIN).bind(id.to_string()).execute(self.conn()).await?;
        Ok(format!("; it follows {channel} no more"))
    }
}

/// The release of a row with the columns `release_id`, `image` and `openclaw_version`.
pub(super) fn release(row: &AnyRow) -> Result<Option<ReleaseRef>, StoreError> {
    let Some(id) = row.parse_opt("release_id")? else { return Ok(None) };
    Ok(Some(ReleaseRef { id, image: row.parse("image")?, openclaw_version: row.text("openclaw_version")? }))
}

/// For rows that may hold a time or not.
pub(super) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}
