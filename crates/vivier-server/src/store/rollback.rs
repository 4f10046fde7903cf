//! The way back on demand: what it would do, said before it is done, and the revision that does it.

use sqlx::AnyConnection;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{self, Admission, Ask};
use vivier_core::wire::agents::{EventKind, Outcome, RollbackData, RollbackPlan};

use super::deployments::Deployment;
use super::events::Note;
use super::revisions::{Content, Looked, NewRevision, looked, must_start, refuse_lost_references};
use super::versions;
use super::{Actor, Columns as _, Store, StoreError, Tx, int, statements};
use crate::keys::{DataKey, Owner};

statements! {
    TARGET = "SELECT v.config_version, v.secrets, l.openclaw_version, l.verdict, l.accepted, l.withdrawn_reason, CASE WHEN v.release_id <> w.release_id THEN 1 ELSE 0 END AS other_release \
        FROM revisions v JOIN releases l ON l.id = v.release_id JOIN deployments d ON d.id = v.deployment_id \
        JOIN revisions w ON w.deployment_id = d.id AND w.number = d.revision WHERE v.deployment_id = $1 AND v.account_id = $2 AND v.number = $3";
}

impl Store {
    /// What going back to `revision` (or the last known good one) would do.
    pub async fn rollback_plan(&self, account: AccountId, id: DeploymentId, revision: Option<u64>) -> Result<RollbackPlan, StoreError> {
        rollback_plan(&mut *self.reader().acquire().await?, account, id, revision).await
    }

    /// Wants again what `revision` (or the last known good one) said, as a new revision.
    pub async fn rollback(
        &self,
        actor: &Actor,
        account: AccountId,
        id: DeploymentId,
        revision: Option<u64>,
        data: Option<RollbackData>,
    ) -> Result<Deployment, StoreError> {
        // Whoever unwraps the data key is asked before the transaction, and only when it is needed.
        let key = match self.rollback_plan(account, id, revision).await?.revoked.is_empty() {
            true => None,
            false => Some(self.data_key(Owner::Account(account)).await?),
        };
        let mut tx = self.begin().await?;
        let row = tx.lock_deployment(account, id).await?;
        tx.check_changes(account, id).await?;
        tx.first_time(actor).await?;
        match lifecycle::admit(row.word("desired")?, Ask::Update) {
            Admission::Refuse(refusal) => return Err(StoreError::Conflict(refusal.to_string())),
            Admission::Accept | Admission::AlreadySo => {}
        }
        let plan = rollback_plan(tx.conn(), account, id, revision).await?;
        let target = plan.revision;
        let (restores, message) = match (data.unwrap_or(plan.data), plan.snapshot) {
            (RollbackData::Keep, _) => (None, format!("asked to go back to revision {target}")),
            (RollbackData::Restore, Some(snapshot)) => (Some(snapshot.number), format!("asked to go back to revision {target} and its data")),
            (RollbackData::Restore, None) => {
                let message = format!("no copy of the data of revision {target} is kept; ask for `\"data\": \"keep\"`, or choose another revision");
                return Err(StoreError::Conflict(message));
            }
        };
        let wanted = tx.want_again_of_today(key.as_deref(), account, id, target, restores, &actor.name).await?;
        // Going back to another release is choosing one.
        let pinned = tx.pin(id, row.word_opt("follows")?.filter(|_| plan.other_release)).await?;
        tx.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, format!("{message}{pinned}")).by(&actor.name)).await?;
        tx.audit(actor, Some(account), "deployment.rollback", &id.to_string(), serde_json::json!({ "to": target, "revision": wanted, "snapshot": restores }))
            .await?;
        let deployment = tx.deployment(account, id).await?;
        tx.commit().await?;
        Ok(deployment)
    }
}

impl Tx {
    /// As [`Tx::want_again`]; where a secret of then was revoked, today's takes its place.
    async fn want_again_of_today(
        &mut self,
        key: Option<&DataKey>,
        account: AccountId,
        id: DeploymentId,
        number: u64,
        restores: Option<u64>,
        author: &str,
    ) -> Result<u64, StoreError> {
        let then = Content::of(self.conn(), account, id, number).await?;
        let revoked = versions::revoked(self.conn(), account, id, &then.set).await?;
        if revoked.is_empty() {
            return self.want_again(account, id, number, restores, author).await;
        }
        let key = key.ok_or_else(|| StoreError::Conflict("a secret of that revision was revoked at this very moment; look at the plan again".to_owned()))?;
        let today = Content::wanted(self.conn(), account, id).await?;
        let texts = versions::in_their_place(self.conn(), key, account, id, &revoked, &today.set).await?;
        refuse_lost_references(&then.text, false, &then.set, &texts)?;
        let set = self.change_secrets(Some(key), account, id, &then.set, &texts, author).await?;
        let number = self.next_revision(id).await?;
        let revision = NewRevision { number, config_version: then.config_version, release: &then.release, set: &set, author, restores };
        self.want_revision(account, id, &revision).await?;
        Ok(number)
    }
}

pub(super) async fn rollback_plan(conn: &mut AnyConnection, account: AccountId, id: DeploymentId, revision: Option<u64>) -> Result<RollbackPlan, StoreError> {
    let Looked { last_known_good, snapshots } = looked(&mut *conn, account, id).await?.ok_or(StoreError::NotFound("deployment"))?;
    let target = match revision {
        Some(number) => number,
        None => {
            last_known_good.ok_or_else(|| StoreError::Conflict("no revision has been seen to work yet; name one, or change the configuration".to_owned()))?
        }
    };
    let row = sqlx::query(TARGET).bind(id.to_string()).bind(account.to_string()).bind(int(target)).fetch_optional(&mut *conn).await?;
    let row = row.ok_or(StoreError::NotFound("revision"))?;
    let (openclaw_version, other_release) = (row.text("openclaw_version")?, row.flag("other_release")?);
    must_start(&row)?;
    // Taken when its successor was about to start: the data as it left it.
    let snapshot = snapshots.into_iter().filter(|snapshot| snapshot.number > target).min_by_key(|snapshot| snapshot.number);
    let data = if other_release && snapshot.is_some() { RollbackData::Restore } else { RollbackData::Keep };
    let loses_since = snapshot.as_ref().map(|snapshot| snapshot.taken_at);
    let what = if other_release { format!("Configuration, secrets and OpenClaw {openclaw_version}") } else { "Configuration and secrets".to_owned() };
    let rest = match (&snapshot, data) {
        (Some(snapshot), RollbackData::Restore) => {
            format!("the data as well: what was written since {} is lost to the agent, and kept as a snapshot for a while", snapshot.taken_at)
        }
        (Some(snapshot), RollbackData::Keep) => {
            format!("the data stays as it is. It can be put back to {} on request; what was written since is then lost to the agent", snapshot.taken_at)
        }
        (None, _) => "the data stays as it is: no copy from that time is kept".to_owned(),
    };
    let revoked: Vec<String> = versions::revoked(conn, account, id, &row.json("secrets")?).await?.into_iter().collect();
    let gone = match revoked.as_slice() {
        [] => String::new(),
        names => format!(" The text of {} was revoked since: the one of today is used in its place, where there is one.", names.join(", ")),
    };
    let summary = format!("{what} of revision {target} come back, as a new revision; {rest}.{gone}");
    let config_version = row.count("config_version")?;
    Ok(RollbackPlan { revision: target, config_version, openclaw_version, other_release, data, snapshot, loses_since, revoked, summary })
}
