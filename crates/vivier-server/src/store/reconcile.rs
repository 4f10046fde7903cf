//! The worker's side of the store: claim, read the work, record what was seen and done.
//!
//! A record is one transaction: the whole row of what was seen, by compare-and-swap on lease and version, together with the
//! lines of the timeline and whatever else the step decided.

use std::collections::BTreeMap;

use vivier_core::channel::ChannelSettings;
use vivier_core::digest::Digest;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{Desired, State};
use vivier_core::name::Slug;
use vivier_core::plan::{PlanName, Plans};
use vivier_core::provider::ProviderSettings;
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;

use super::deployments::{select_deployments, wanted};
use super::events::Note;
use super::secrets::SecretSet;
use super::seen::{Seen, Wanted};
use super::{Columns as _, SYSTEM, Store, StoreError, Tx, int, json, statements, word};

statements! {
    CLAIM = "UPDATE runtime_instances SET lease_owner = $2, lease_until = $3, lease_epoch = lease_epoch + CASE WHEN lease_owner = $2 THEN 0 ELSE 1 END \
        WHERE deployment_id = $1 AND (lease_owner IS NULL OR lease_owner = $2 OR lease_until < $4) RETURNING lease_epoch";
    RENEW = "UPDATE runtime_instances SET lease_until = $2 WHERE lease_owner = $1";
    RELEASE = "UPDATE runtime_instances SET lease_owner = NULL, lease_until = 0, doing = NULL WHERE lease_owner = $1";
    END_LEASES = "UPDATE runtime_instances SET lease_owner = NULL, lease_until = 0 WHERE lease_owner IS NOT NULL";
    FLEET = "SELECT d.id, CASE WHEN d.desired = 'running' AND d.holds <> '' THEN 'suspended' ELSE d.desired END AS desired, d.version, r.seen_version, r.routed, r.observed_at, d.purge_at FROM deployments d \
        JOIN runtime_instances r ON r.deployment_id = d.id ORDER BY d.created_at, d.id";
    CHANGED = "SELECT d.id FROM deployments d JOIN runtime_instances r ON r.deployment_id = d.id WHERE d.version <> r.seen_version ORDER BY d.created_at, d.id";
    WORK = select_deployments!("WHERE d.id = $1");
    RECORD = "UPDATE runtime_instances SET subnet_index = $4, observation = $5, observed_at = $6, workload = $7, drift = $8, seen_revision = $9, \
        seen_generation = $10, seen_version = $11, routed = $12, first_routed_at = $13, proven_since = $14, running_revision = $15, last_known_good = $16, \
        failures = $17, backoff_until = $18, fault = $19, attempt = $20, counted_exit = $21, expected_exit = $22, applied = $23, proof = $24, doing = $25, \
        waiting = $26, state = $27, rehearsed = $28, version = version + 1 WHERE deployment_id = $1 AND lease_owner = $2 AND version = $3";
    LOOKED = "UPDATE runtime_instances SET observed_at = $2 WHERE deployment_id = $1 AND lease_owner = $3 AND observed_at < $2";
    LOCK_ALLOCATION = "INSERT INTO platform (name, value) VALUES ('allocation', $1) ON CONFLICT (name) DO UPDATE SET version = platform.version + 1";
    TAKEN_SUBNETS = "SELECT subnet_index FROM runtime_instances WHERE subnet_index IS NOT NULL ORDER BY subnet_index";
    RESERVED = "SELECT d.id, d.plan, r.workload FROM deployments d JOIN runtime_instances r ON r.deployment_id = d.id \
        WHERE d.desired = 'running' AND d.holds = '' AND r.subnet_index IS NOT NULL";
    COUNT = "SELECT COUNT(*) AS count FROM deployments WHERE desired IN ('running', 'suspended')";
    RAISE_VERSION = "UPDATE deployments SET version = version + 1 WHERE id = $1 AND revision = $2 AND desired = 'running' RETURNING version, revision";
    TOMBSTONE = "UPDATE deployments SET slug = $2, name = 'deleted' WHERE id = $1 AND desired = 'purged'";
    PURGE_SECRETS = "DELETE FROM secrets WHERE deployment_id = $1";
    PURGE_CONFIGS = "DELETE FROM config_versions WHERE deployment_id = $1";
    PURGE_REVISIONS = "DELETE FROM revisions WHERE deployment_id = $1";
    PURGE_EVENTS = "DELETE FROM events WHERE deployment_id = $1";
    PURGE_SEEN = "DELETE FROM runtime_instances WHERE deployment_id = $1 AND lease_owner = $2";
    EXISTS = "SELECT d.id FROM deployments d JOIN runtime_instances r ON r.deployment_id = d.id WHERE d.id = $1";
}

/// Everything that one step needs to know of one deployment.
#[derive(Clone, Debug)]
pub struct Work {
    pub id: DeploymentId,
    pub account: AccountId,
    pub slug: Slug,
    pub plan: PlanName,
    pub wanted: Wanted,
    pub seen: Seen,
    /// There is a last known good revision that says something else than the wanted one.
    pub falls_back: bool,
    /// The snapshot that the wanted revision starts on; `None`: on what is there.
    pub restores: Option<u64>,
    /// The wanted revision is Vivier's own way back from one that failed.
    pub returns: bool,
    pub image: Digest,
    pub openclaw_version: String,
    pub text: String,
    pub provider: Option<ProviderSettings>,
    pub channels: Vec<ChannelSettings>,
    pub secret_set: SecretSet,
    pub created_at: Timestamp,
    pub purge_at: Option<Timestamp>,
}

/// One deployment of the fleet, as the worker's schedule needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: DeploymentId,
    pub desired: Desired,
    /// What is wanted has changed since the last look.
    pub changed: bool,
    pub routed: bool,
    pub observed_at: Option<Timestamp>,
}

/// What else a record decides, in the same transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    #[default]
    Nothing,
    /// The wanted revision works.
    Good { revision: u64 },
    /// Want again what the last known good revision said; the wanted one has failed.
    FallBack {
        good: u64,
        failed: u64,
        reason: String,
        /// What its gateway wrote last.
        log: Vec<String>,
        /// The snapshot of the data from before the failed one, where it got so far as to start.
        restores: Option<u64>,
    },
}

/// What plans have promised to deployments that have a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserved {
    pub memory_bytes: u64,
    pub cpu_millis: u64,
    /// Of those that do not run yet: not in the host's own figures.
    pub coming_memory_bytes: u64,
}

impl Store {
    /// Takes the lease on a deployment until `until`. `None`: another worker holds it. The answer is the lease's epoch.
    pub async fn claim(&self, id: DeploymentId, owner: &str, until: Timestamp) -> Result<Option<u64>, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let row = sqlx::query(CLAIM).bind(id.to_string()).bind(owner).bind(until.as_millis()).bind(now).fetch_optional(tx.conn()).await?;
        tx.commit_quietly().await?;
        row.map(|row| row.count("lease_epoch")).transpose()
    }

    /// Prolongs every lease of `owner`.
    pub async fn renew(&self, owner: &str, until: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(RENEW).bind(owner).bind(until.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await?;
        Ok(done.rows_affected())
    }

    /// Gives every lease of `owner` back.
    pub async fn release(&self, owner: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(RELEASE).bind(owner).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// Ends every lease. Only for an engine that one process has for itself: whoever held them is dead.
    pub async fn end_leases(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(END_LEASES).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// Every deployment that there is work or watching for, oldest first.
    pub async fn fleet(&self) -> Result<Vec<Member>, StoreError> {
        let rows = sqlx::query(FLEET).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(Member {
                    id: row.parse("id")?,
                    desired: row.word("desired")?,
                    changed: row.int("version")? != row.int("seen_version")?,
                    routed: row.flag("routed")?,
                    observed_at: row.at_opt("observed_at")?,
                })
            })
            .collect()
    }

    /// Those of which something else is wanted than at the last look, oldest first.
    pub async fn changed(&self) -> Result<Vec<DeploymentId>, StoreError> {
        let rows = sqlx::query(CHANGED).fetch_all(self.reader()).await?;
        rows.iter().map(|row| row.parse("id")).collect()
    }

    /// Reads one deployment's work; `None` when it is gone.
    pub async fn work(&self, id: DeploymentId) -> Result<Option<Work>, StoreError> {
        let Some(row) = sqlx::query(WORK).bind(id.to_string()).fetch_optional(self.reader()).await? else { return Ok(None) };
        Ok(Some(Work {
            id,
            account: row.parse("account_id")?,
            slug: row.parse("slug")?,
            plan: row.parse("plan")?,
            wanted: wanted(&row)?,
            seen: Seen::from_row(&row)?,
            falls_back: row.flag("falls_back")?,
            restores: row.count_opt("restores")?,
            returns: row.text("revision_author")? == SYSTEM,
            image: row.parse("image")?,
            openclaw_version: row.text("openclaw_version")?,
            text: row.text("text")?,
            provider: row.json_opt("provider")?,
            channels: row.json("channels")?,
            secret_set: row.json("secrets")?,
            created_at: row.at("created_at")?,
            purge_at: row.at_opt("purge_at")?,
        }))
    }

    /// The work's secrets, decrypted.
    pub async fn work_secrets(&self, work: &Work) -> Result<BTreeMap<String, Secret>, StoreError> {
        self.open_set(work.account, work.id, &work.secret_set).await
    }

    /// Whether this deployment exists and has not been purged.
    pub async fn exists(&self, id: DeploymentId) -> Result<bool, StoreError> {
        Ok(sqlx::query(EXISTS).bind(id.to_string()).fetch_optional(self.reader()).await?.is_some())
    }

    /// Records what was seen and done. Raises `work.seen.version`.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when the lease or the row is another's by now: nothing was written.
    pub async fn record(&self, owner: &str, work: &mut Work, notes: &[Note], decision: &Decision) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.write_seen(owner, work).await?;
        for note in notes {
            tx.note(work.account, work.id, note).await?;
        }
        match decision {
            Decision::Nothing => {}
            Decision::Good { revision } => tx.revision_works(work.id, *revision).await?,
            Decision::FallBack { good, failed, reason, log, restores } => {
                let raised = sqlx::query(RAISE_VERSION).bind(work.id.to_string()).bind(int(*failed)).fetch_optional(tx.conn()).await?;
                // Something newer is wanted by now: there is nothing to go back from.
                if raised.is_none() {
                    return Err(StoreError::Lost);
                }
                tx.want_again(work.account, work.id, *good, *restores, SYSTEM).await?;
                tx.revision_failed(work.id, *failed, reason, log).await?;
            }
        }
        tx.commit().await?;
        work.seen.version += 1;
        Ok(())
    }

    /// Notes when deployments were last looked at, all in one transaction, where nothing else was seen.
    pub async fn looked(&self, owner: &str, looks: &[(DeploymentId, Timestamp)]) -> Result<(), StoreError> {
        if looks.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (id, at) in looks {
            sqlx::query(LOOKED).bind(id.to_string()).bind(at.as_millis()).bind(owner).execute(tx.conn()).await?;
        }
        tx.commit_quietly().await
    }

    /// Gives the deployment the lowest subnet that is free and not among `avoid`, and records it. `None`: the pool is used up.
    ///
    /// Alone with all allocations until the commit, on both engines; `admits` is asked inside, so that two do not take the same room.
    pub async fn allocate(
        &self,
        owner: &str,
        work: &mut Work,
        pool: u32,
        avoid: &[u32],
        notes: &[Note],
        admits: impl Fn(Reserved) -> Result<(), String> + Send,
    ) -> Result<Result<u32, String>, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(LOCK_ALLOCATION).bind(Vec::<u8>::new()).execute(tx.conn()).await?;
        let reserved = reserved(&self.terms().plans, &sqlx::query(RESERVED).fetch_all(tx.conn()).await?, Some(work.id))?;
        if let Err(reason) = admits(reserved) {
            return Ok(Err(reason));
        }
        let taken = sqlx::query(TAKEN_SUBNETS).fetch_all(tx.conn()).await?;
        let taken = taken.iter().map(|row| row.count("subnet_index")).collect::<Result<std::collections::BTreeSet<_>, _>>()?;
        let free = (0..pool).find(|index| !taken.contains(&u64::from(*index)) && !avoid.contains(index));
        let Some(index) = free else {
            return Ok(Err(format!("all {pool} networks of the pool are in use; an operator can set a larger `subnet_pool`")));
        };
        let before = work.seen.subnet_index.replace(index);
        if let Err(error) = tx.write_seen(owner, work).await {
            work.seen.subnet_index = before;
            return Err(error);
        }
        for note in notes {
            tx.note(work.account, work.id, note).await?;
        }
        tx.commit().await?;
        work.seen.version += 1;
        Ok(Ok(index))
    }

    /// What plans have promised so far.
    pub async fn reserved(&self) -> Result<Reserved, StoreError> {
        reserved(&self.terms().plans, &sqlx::query(RESERVED).fetch_all(self.reader()).await?, None)
    }

    /// How many deployments are wanted, running or suspended.
    pub async fn count_deployments(&self) -> Result<u64, StoreError> {
        sqlx::query(COUNT).fetch_one(self.reader()).await?.count("count")
    }

    /// The data is gone: leaves a tombstone of the deployment, and nothing that the tenant wrote.
    pub async fn purged(&self, owner: &str, work: &Work) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(PURGE_SEEN).bind(work.id.to_string()).bind(owner).execute(tx.conn()).await?;
        if done.rows_affected() != 1 {
            return Err(StoreError::Lost);
        }
        for statement in [PURGE_EVENTS, PURGE_SECRETS, PURGE_REVISIONS, PURGE_CONFIGS] {
            sqlx::query(statement).bind(work.id.to_string()).execute(tx.conn()).await?;
        }
        // The name is free again; the tombstone's own is made of its id.
        let slug: String = work.id.to_string().chars().skip("dep_".len()).collect();
        sqlx::query(TOMBSTONE).bind(work.id.to_string()).bind(slug).execute(tx.conn()).await?;
        tx.commit().await
    }
}

fn reserved(plans: &Plans, rows: &[sqlx::any::AnyRow], but: Option<DeploymentId>) -> Result<Reserved, StoreError> {
    use vivier_core::lifecycle::Workload;
    let mut sum = Reserved::default();
    for row in rows {
        if but == Some(row.parse("id")?) {
            continue;
        }
        let limits = plans.get(row.parse("plan")?).limits;
        sum.memory_bytes += limits.memory_bytes;
        sum.cpu_millis += u64::from(limits.cpu_millis);
        match row.word("workload")? {
            Workload::Started | Workload::Proven => {}
            Workload::Unknown
            | Workload::Absent
            | Workload::Data
            | Workload::Prepared
            | Workload::Configured
            | Workload::Exited
            | Workload::Stopped
            | Workload::Starting
            | Workload::Overdue
            | Workload::Disproven => sum.coming_memory_bytes += limits.memory_bytes,
        }
    }
    Ok(sum)
}

impl Tx {
    /// Writes the whole row of what was seen, if the lease and the row are still ours.
    async fn write_seen(&mut self, owner: &str, work: &Work) -> Result<(), StoreError> {
        let Seen {
            subnet_index,
            observation,
            observed_at,
            workload,
            drift,
            seen_revision,
            seen_generation,
            seen_version,
            routed,
            first_routed_at,
            proven_since,
            running_revision,
            rehearsed,
            last_known_good,
            failures,
            backoff_until,
            fault,
            attempt,
            counted_exit,
            expected_exit,
            applied,
            proof,
            doing,
            waiting,
            state,
            version,
        } = &work.seen;
        let millis = |at: &Option<Timestamp>| at.map(Timestamp::as_millis);
        let done = sqlx::query(RECORD)
            .bind(work.id.to_string())
            .bind(owner)
            .bind(int(*version))
            .bind(subnet_index.map(i64::from))
            .bind(observation.as_ref().map(json))
            .bind(millis(observed_at))
            .bind(word(workload))
            .bind(word(drift))
            .bind(int(*seen_revision))
            .bind(int(*seen_generation))
            .bind(int(*seen_version))
            .bind(i64::from(*routed))
            .bind(millis(first_routed_at))
            .bind(millis(proven_since))
            .bind(running_revision.map(int))
            .bind(last_known_good.map(int))
            .bind(i64::from(*failures))
            .bind(millis(backoff_until))
            .bind(fault.as_ref().map(json))
            .bind(attempt)
            .bind(counted_exit.as_deref())
            .bind(expected_exit.as_deref())
            .bind(applied.as_ref().map(json))
            .bind(proof.as_ref().map(json))
            .bind(doing.as_ref().map(word))
            .bind(waiting.as_deref())
            .bind(word::<State>(state))
            .bind(rehearsed.map(int))
            .execute(self.conn())
            .await?;
        if done.rows_affected() != 1 {
            return Err(StoreError::Lost);
        }
        // What is billed begins and ends with the way to it.
        self.reachable(work.account, work.id, work.seen.routed).await
    }
}
