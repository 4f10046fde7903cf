//! The steps of a wave. Each is one transaction: compare-and-swap on the wave's version, the member, its deployment's revision and
//! timeline, and the audit log together. A step that was decided on an older look writes nothing ([`StoreError::Lost`]).

use vivier_core::lifecycle::{self, Admission, Ask, Desired};
use vivier_core::waves::{MemberState, WaveState};
use vivier_core::wire::agents::{EventKind, Outcome, RollbackData};

use super::super::channels::millis;
use super::super::events::Note;
use super::super::rollback::rollback_plan;
use super::super::{Columns as _, Store, StoreError, Tx, int, statements, word};
use super::{Wave, WaveMember, times};

statements! {
    SWAP = "UPDATE waves SET version = version + 1, changed_at = $3 WHERE id = $1 AND version = $2";
    BEGUN = "UPDATE wave_members SET state = 'moving', stage = $3, had = $4, revision = $5, begun_at = $6 \
        WHERE wave_id = $1 AND position = $2 AND state = 'waiting'";
    SETTLED = "UPDATE wave_members SET state = $4, reason = $5, decided_at = $6 WHERE wave_id = $1 AND position = $2 AND state = $3";
    RETURNING = "UPDATE wave_members SET state = 'returning', reason = $4, back = $5, decided_at = NULL WHERE wave_id = $1 AND position = $2 AND state = $3";
    STAGE = "UPDATE waves SET stage = $2, stages = $3 WHERE id = $1";
    END = "UPDATE waves SET state = $2, reason = $3, stages = $4, ended_at = $5 WHERE id = $1";
}

impl Store {
    /// Wants the wave's release of a member.
    pub async fn begin_member(&self, wave: &Wave, member: &WaveMember) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.as_it_was_seen(member).await?;
        tx.swap(wave).await?;
        let (actor, id) = (wave.actor(), member.deployment);
        let number = tx.want_release(member.account, id, wave.release.id, &actor.name).await?;
        let now = tx.now().as_millis();
        let done = sqlx::query(BEGUN)
            .bind(wave.id.to_string())
            .bind(int(member.position))
            .bind(int(u64::try_from(wave.stage).unwrap_or(u64::MAX)))
            .bind(int(member.wanted))
            .bind(int(number))
            .bind(now)
            .execute(tx.conn())
            .await?;
        one(done.rows_affected())?;
        let message = format!("{} brings OpenClaw {}: stage {} of {}", wave.channel, wave.release.openclaw_version, wave.stage + 1, wave.stages.len());
        tx.note(member.account, id, &Note::new(EventKind::Ask, Outcome::Noted, message).by(&actor.name)).await?;
        let detail = serde_json::json!({ "wave": wave.id, "revision": number, "stage": wave.stage + 1 });
        tx.audit(&actor, Some(member.account), "deployment.change", &id.to_string(), detail).await?;
        tx.commit().await
    }

    /// Writes down what has become of a member.
    pub async fn settle_member(&self, wave: &Wave, member: &WaveMember, state: MemberState, reason: Option<&str>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.swap(wave).await?;
        tx.settle(wave, member, state, reason).await?;
        tx.commit().await
    }

    /// Wants again of a member what it had before the wave. One that is another's by now is let go.
    pub async fn return_member(&self, wave: &Wave, member: &WaveMember, reason: &str, data: Option<RollbackData>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let (actor, id, account) = (wave.actor(), member.deployment, member.account);
        let row = match tx.lock_deployment(account, id).await {
            Ok(row) => Some(row),
            Err(StoreError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        tx.swap(wave).await?;
        let left = match &row {
            None => Some("it was deleted".to_owned()),
            Some(row) => match lifecycle::admit(row.word("desired")?, Ask::Update) {
                Admission::Refuse(_) => Some("it was deleted".to_owned()),
                Admission::Accept | Admission::AlreadySo if row.count("revision")? != member.revision.unwrap_or_default() => {
                    Some("its owner has changed it since; it stays as it is".to_owned())
                }
                Admission::Accept | Admission::AlreadySo => None,
            },
        };
        if let Some(left) = left {
            tx.settle(wave, member, MemberState::Skipped, Some(&left)).await?;
            return tx.commit().await;
        }
        let plan = rollback_plan(tx.conn(), account, id, member.had).await?;
        let restores = match (data.unwrap_or(plan.data), &plan.snapshot) {
            (RollbackData::Keep, _) => None,
            (RollbackData::Restore, Some(snapshot)) => Some(snapshot.number),
            (RollbackData::Restore, None) => {
                tx.settle(wave, member, MemberState::Stuck, Some("no copy of its data from before is kept; it stays on the release")).await?;
                return tx.commit().await;
            }
        };
        let number = tx.want_again(account, id, plan.revision, restores, &actor.name).await?;
        let done = sqlx::query(RETURNING)
            .bind(wave.id.to_string())
            .bind(int(member.position))
            .bind(word(&member.state))
            .bind(reason)
            .bind(int(number))
            .execute(tx.conn())
            .await?;
        one(done.rows_affected())?;
        let with = if restores.is_some() { ", and to the data from then" } else { "" };
        let message = format!("taken back to revision {}{with}: {reason}", plan.revision);
        tx.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, message).by(&actor.name)).await?;
        let detail = serde_json::json!({ "wave": wave.id, "to": plan.revision, "revision": number, "snapshot": restores });
        tx.audit(&actor, Some(account), "deployment.rollback", &id.to_string(), detail).await?;
        tx.commit().await
    }

    /// The next stage begins.
    pub async fn advance_wave(&self, wave: &Wave, stage: usize) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.swap(wave).await?;
        let now = tx.now();
        let mut stages = wave.stages.clone();
        for times in stages.iter_mut().take(stage).skip(wave.stage) {
            times.began_at.get_or_insert(now);
            times.ended_at = Some(now);
        }
        if let Some(times) = stages.get_mut(stage) {
            times.began_at = Some(now);
        }
        sqlx::query(STAGE).bind(wave.id.to_string()).bind(int(u64::try_from(stage).unwrap_or(u64::MAX))).bind(times(&stages)).execute(tx.conn()).await?;
        tx.audit(&wave.actor(), None, "wave.advance", &wave.id.to_string(), serde_json::json!({ "stage": stage + 1 })).await?;
        tx.commit().await
    }

    /// It stops itself.
    pub async fn halt_wave(&self, wave: &Wave, reason: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.swap(wave).await?;
        tx.end(wave, WaveState::Halted, Some(reason)).await?;
        tx.commit().await
    }

    /// Everybody who could be moved was moved: the channel has the release.
    pub async fn finish_wave(&self, wave: &Wave) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_channel(wave.channel).await?;
        tx.swap(wave).await?;
        tx.end(wave, WaveState::Finished, None).await?;
        tx.move_channel(wave.channel, Some(wave.release.id), &wave.author).await?;
        tx.commit().await
    }

    /// Everybody is back who was to come back.
    pub async fn close_wave(&self, wave: &Wave) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.swap(wave).await?;
        tx.end(wave, WaveState::Reverted, None).await?;
        tx.commit().await
    }
}

impl Tx {
    /// Nobody has done anything to the wave since it was read.
    async fn swap(&mut self, wave: &Wave) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        let done = sqlx::query(SWAP).bind(wave.id.to_string()).bind(int(wave.version)).bind(now).execute(self.conn()).await?;
        one(done.rows_affected())
    }

    /// Takes the deployment's lock, if nothing else is wanted of it than when it was looked at.
    async fn as_it_was_seen(&mut self, member: &WaveMember) -> Result<(), StoreError> {
        let row = match self.lock_deployment(member.account, member.deployment).await {
            Err(StoreError::NotFound(_)) => return Err(StoreError::Lost),
            other => other?,
        };
        // Taking the lock has raised it by one.
        if row.count("version")? == member.version + 1 { Ok(()) } else { Err(StoreError::Lost) }
    }

    async fn settle(&mut self, wave: &Wave, member: &WaveMember, state: MemberState, reason: Option<&str>) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        let done = sqlx::query(SETTLED)
            .bind(wave.id.to_string())
            .bind(int(member.position))
            .bind(word(&member.state))
            .bind(word(&state))
            .bind(reason)
            .bind(now)
            .execute(self.conn())
            .await?;
        one(done.rows_affected())?;
        let actor = wave.actor();
        let version = &wave.release.openclaw_version;
        let told = match state {
            MemberState::Good => Some(format!("{} is on OpenClaw {version}, and it works", wave.channel)),
            MemberState::Failed => Some(format!("OpenClaw {version} was not taken: {}", reason.unwrap_or("it did not work"))),
            MemberState::Skipped => Some(format!("left out of the wave to OpenClaw {version}: {}", reason.unwrap_or("it could not be moved"))),
            MemberState::Stuck => Some(format!("it did not come back from OpenClaw {version}: {}", reason.unwrap_or("it did not work"))),
            MemberState::Returned => Some(format!("back from OpenClaw {version}")),
            MemberState::Waiting | MemberState::Moving | MemberState::Returning => None,
        };
        // Of one that is purged nothing is kept.
        if let Some(told) = told.filter(|_| member.desired != Desired::Purged) {
            let note = Note::new(EventKind::Sight, Outcome::Noted, told).by(&actor.name);
            self.note(member.account, member.deployment, &note).await?;
        }
        let detail = serde_json::json!({ "deployment": member.deployment, "state": state, "reason": reason });
        self.audit(&actor, Some(member.account), "wave.member", &wave.id.to_string(), detail).await
    }

    async fn end(&mut self, wave: &Wave, state: WaveState, reason: Option<&str>) -> Result<(), StoreError> {
        let now = self.now();
        let mut stages = wave.stages.clone();
        let ended_at = (!state.is_open()).then_some(now);
        if let Some(current) = stages.get_mut(wave.stage).filter(|_| ended_at.is_some()) {
            current.ended_at.get_or_insert(now);
        }
        sqlx::query(END).bind(wave.id.to_string()).bind(word(&state)).bind(reason).bind(times(&stages)).bind(millis(ended_at)).execute(self.conn()).await?;
        self.audit(&wave.actor(), None, &format!("wave.{state}"), &wave.id.to_string(), serde_json::json!({ "reason": reason })).await
    }
}

/// One row was written, or it was another's by then.
const fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Lost) }
}
