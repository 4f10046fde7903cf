//! Deployments as their owners want them: made, listed, asked of.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use vivier_core::channel::ChannelSettings;
use vivier_core::config::overlay::MODEL_KEY;
use vivier_core::digest::Digest;
use vivier_core::hold::Holds;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{self, Action, Admission, Ask, Desired, State};
use vivier_core::name::{DisplayName, Email, Slug};
use vivier_core::plan::PlanName;
use vivier_core::provider::ProviderSettings;
use vivier_core::runtime::{ContainerPhase, Health, Proof};
use vivier_core::secret::Secret;
use vivier_core::template::TemplateName;
use vivier_core::time::Timestamp;
use vivier_core::waves::ReleaseChannel;
use vivier_core::window::Window;
use vivier_core::wire::agents::{Degradation, EventKind, Outcome};

use super::billing::changes::{Charged, PlanChange};
use super::events::Note;
use super::export::{Field, Part};
use super::revisions::NewRevision;
use super::seen::{Seen, Wanted};
use super::{Actor, Columns as _, Store, StoreError, Tx, new_uuid, statements, word};

/// Everything a view of a deployment needs, in one row. `desired` is what its owner asks for (`asked`) under its holds. `$columns` of the worker's row are those that [`Seen::from_row`] reads.
macro_rules! select_deployments {
    ($condition:literal) => {
        concat!(
            "SELECT d.id, d.account_id, COALESCE(a.email, 'deleted@vivier.invalid') AS owner, d.slug, d.name, d.plan, d.template, \
             CASE WHEN d.desired = 'running' AND d.holds <> '' THEN 'suspended' ELSE d.desired END AS desired, d.desired AS asked, d.holds, d.generation, d.retry_generation, d.revision, \
             d.expires_at, d.created_at, d.terminated_at, d.purge_at, d.follows, d.maintenance, d.version, \
             r.subnet_index, r.observation, r.observed_at, r.workload, r.drift, r.seen_revision, r.seen_generation, r.seen_version, r.routed, \
             r.first_routed_at, r.proven_since, r.running_revision, r.rehearsed, r.last_known_good, r.failures, r.backoff_until, r.fault, r.attempt, r.counted_exit, \
             r.expected_exit, r.applied, r.proof, r.doing, r.waiting, r.state, r.version AS seen_row_version, r.lease_owner, r.lease_epoch, \
             v.config_version, v.secrets, v.release_id, v.restores, v.author AS revision_author, l.openclaw_version, l.image, c.text, c.provider, c.channels, \
             CASE WHEN g.number IS NOT NULL AND (g.config_version <> v.config_version OR g.release_id <> v.release_id OR g.secrets <> v.secrets) \
                  THEN 1 ELSE 0 END AS falls_back \
             FROM deployments d \
             LEFT JOIN members p ON p.account_id = d.account_id AND p.role = 'owner' LEFT JOIN users a ON a.id = p.user_id \
             JOIN runtime_instances r ON r.deployment_id = d.id \
             JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision \
             JOIN releases l ON l.id = v.release_id \
             JOIN config_versions c ON c.deployment_id = d.id AND c.version = v.config_version \
             LEFT JOIN revisions g ON g.deployment_id = d.id AND g.number = r.last_known_good ",
            $condition
        )
    };
}
pub(super) use select_deployments;

statements! {
    DEFAULT_RELEASE = "SELECT id FROM releases WHERE is_default = 1 AND gone_at IS NULL";
    INSERT = "INSERT INTO deployments (id, account_id, slug, name, plan, template, desired, revision, expires_at, created_at, follows) \
        VALUES ($1, $2, $3, $4, $5, $6, 'running', 1, $7, $8, 'stable') ON CONFLICT (slug) DO NOTHING";
    INSERT_SEEN = "INSERT INTO runtime_instances (deployment_id) VALUES ($1)";
    ONE = select_deployments!("WHERE d.id = $1 AND d.account_id = $2 AND d.desired <> 'purged'");
    ONE_BY_SLUG = select_deployments!("WHERE d.slug = $1 AND d.account_id = $2 AND d.desired <> 'purged'");
    LIST = select_deployments!(
        "WHERE d.account_id = $1 AND ($2 = '' OR LOWER(d.name) LIKE $2 ESCAPE '!' OR d.slug LIKE $2 ESCAPE '!') AND ($3 = 1 OR d.desired <> 'terminated') \
         AND d.desired <> 'purged' AND ($4 = '' OR d.id < $4) ORDER BY d.id DESC LIMIT $5"
    );
    LIST_ALL = select_deployments!(
        "WHERE $1 = '' AND ($2 = '' OR LOWER(d.name) LIKE $2 ESCAPE '!' OR d.slug LIKE $2 ESCAPE '!' OR a.email LIKE $2 ESCAPE '!') \
         AND ($3 = 1 OR d.desired <> 'terminated') AND d.desired <> 'purged' AND ($4 = '' OR d.id < $4) ORDER BY d.id DESC LIMIT $5"
    );
    /// Takes the row's lock first: what is decided afterwards holds until the commit.
    LOCK = "UPDATE deployments SET version = version + 1 WHERE id = $1 AND account_id = $2 AND desired <> 'purged' \
        RETURNING desired, holds, plan, expires_at, revision, slug, generation, follows, version";
    SET_DESIRED = "UPDATE deployments SET desired = $2, terminated_at = $3, purge_at = $4 WHERE id = $1";
    RAISE_GENERATION = "UPDATE deployments SET generation = generation + 1 WHERE id = $1";
    RAISE_RETRY = "UPDATE deployments SET retry_generation = retry_generation + 1 WHERE id = $1";
    RENAME = "UPDATE deployments SET name = $2 WHERE id = $1";
    SET_PLAN = "UPDATE deployments SET plan = $2, expires_at = $3 WHERE id = $1";
    EXPIRED = "SELECT id, account_id FROM deployments WHERE desired IN ('running', 'suspended') AND expires_at IS NOT NULL AND expires_at <= $1";
    PURGE_DUE = "SELECT id, account_id FROM deployments WHERE desired = 'terminated' AND purge_at <= $1";
    EXPORT = "SELECT id, slug, name, plan, template, desired, revision, follows, maintenance, created_at, expires_at, terminated_at, purge_at FROM deployments \
        WHERE account_id = $1 ORDER BY id";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part {
    name: "deployments",
    sql: EXPORT,
    fields: &[
        ("id", Field::Text),
        ("slug", Field::Text),
        ("name", Field::Text),
        ("plan", Field::Text),
        ("template", Field::Text),
        ("desired", Field::Text),
        ("revision", Field::Number),
        ("follows", Field::Text),
        ("maintenance", Field::Text),
        ("created_at", Field::Time),
        ("expires_at", Field::Time),
        ("terminated_at", Field::Time),
        ("purge_at", Field::Time),
    ],
};

/// A deployment to make.
#[derive(Clone, Debug)]
pub struct NewAgent {
    pub name: DisplayName,
    /// Made from the name when absent.
    pub slug: Option<Slug>,
    pub plan: PlanName,
    pub template: TemplateName,
    /// The tenant's document.
    pub text: String,
    pub provider: Option<ProviderSettings>,
    pub channels: Vec<ChannelSettings>,
    /// By dotted name. The key of the model door is made here.
    pub secrets: BTreeMap<String, Secret>,
}

/// What an installation allows, as far as the store checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub trial_hours: u32,
    pub retention_days: u32,
    /// The plans that are charged for, where money is taken.
    pub charged: Charged,
    /// Days that a deployment waits for its first payment.
    pub window_days: u32,
}

/// A deployment, with what was last seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    pub id: DeploymentId,
    pub account: AccountId,
    pub owner: Email,
    pub name: DisplayName,
    pub slug: Slug,
    pub plan: PlanName,
    pub template: TemplateName,
    /// What is wanted of it: what its owner asks for, under its holds.
    pub desired: Desired,
    /// What its owner asks for.
    pub asked: Desired,
    pub holds: Holds,
    pub state: State,
    pub reason: Option<String>,
    pub degraded: Vec<Degradation>,
    pub observed_at: Option<Timestamp>,
    pub doing: Option<Action>,
    pub openclaw_version: String,
    pub image: Digest,
    /// The channel whose releases it gets; `None`: it is pinned.
    pub follows: Option<ReleaseChannel>,
    /// When the channel's releases may be brought to it.
    pub window: Option<Window>,
    pub revision: u64,
    pub last_known_good_revision: Option<u64>,
    pub config_version: u64,
    pub provider: Option<ProviderSettings>,
    pub channels: Vec<ChannelSettings>,
    pub subnet_index: Option<u32>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub purge_at: Option<Timestamp>,
    pub version: u64,
}

/// Which deployments to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of the name or slug (for operators: or of the owner's address), whatever the case.
    pub search: Option<String>,
    pub include_terminated: bool,
    /// Those older than this one.
    pub cursor: Option<DeploymentId>,
    /// 1 to 200.
    pub limit: u32,
}

/// What came of an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Accepted,
    AlreadySo,
}

impl Store {
    /// Makes a deployment, if the account's quotas allow it.
    pub async fn create_deployment(&self, actor: &Actor, account: AccountId, new: NewAgent, rules: &Rules) -> Result<Deployment, StoreError> {
        let NewAgent { name, slug, plan, template, text, provider, channels, secrets } = new;
        let id = DeploymentId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let mut changes: BTreeMap<String, Option<Secret>> = secrets.into_iter().map(|(name, secret)| (name, Some(secret))).collect();
        changes.insert(MODEL_KEY.to_owned(), Some(virtual_key()));
        let key = self.key_for(account, &changes).await?;
        let mut tx = self.begin().await?;
        let now = tx.now();
        tx.lock_account(account).await?;
        tx.first_time(actor).await?;
        if !tx.terms().plans.get(plan).offered {
            return Err(StoreError::Conflict(format!("the plan {plan} is not offered any more; choose another")));
        }
        tx.check_deploys(account).await?;
        tx.check_plan(account, plan, id).await?;
        let release = sqlx::query(DEFAULT_RELEASE).fetch_optional(tx.conn()).await?;
        let release =
            release.ok_or_else(|| StoreError::Conflict("there is no agent image yet; an operator makes one with `vivierd release build`".to_owned()))?;
        let expires_at = plan.expires().then(|| now.plus_seconds(i64::from(rules.trial_hours) * 3600));
        let mut chosen = None;
        for attempt in 0..5 {
            let candidate = match (&slug, attempt) {
                (Some(slug), 0) => slug.clone(),
                (Some(slug), _) => {
                    let message = format!("`{slug}` is taken; choose another");
                    return Err(StoreError::Taken { field: "slug", message });
                }
                (None, _) => Slug::suggest(name.as_str(), &random_suffix()),
            };
            let done = sqlx::query(INSERT)
                .bind(id.to_string())
                .bind(account.to_string())
                .bind(candidate.as_str())
                .bind(name.as_str())
                .bind(plan.as_str())
                .bind(template.as_str())
                .bind(expires_at.map(Timestamp::as_millis))
                .bind(now.as_millis())
                .execute(tx.conn())
                .await?;
            if done.rows_affected() == 1 {
                chosen = Some(candidate);
                break;
            }
        }
        let slug = chosen.ok_or_else(|| StoreError::Taken { field: "name", message: "no free address was found for this name; choose a slug".to_owned() })?;
        sqlx::query(INSERT_SEEN).bind(id.to_string()).execute(tx.conn()).await?;
        let set = tx.change_secrets(key.as_deref(), account, id, &BTreeMap::new(), &changes, &actor.name).await?;
        tx.new_config(account, id, 1, &text, provider.as_ref(), &channels, &actor.name).await?;
        let first = NewRevision { number: 1, config_version: 1, release: &release.text("id")?, set: &set, author: &actor.name, restores: None };
        tx.new_revision(account, id, &first).await?;
        tx.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, "asked for a new agent").by(&actor.name)).await?;
        if rules.charged.has(plan) {
            tx.await_payment(account, id, rules.window_days).await?;
        }
        tx.audit(actor, Some(account), "deployment.create", &id.to_string(), serde_json::json!({ "slug": slug, "plan": plan })).await?;
        let deployment = tx.deployment(account, id).await?;
        tx.commit().await?;
        Ok(deployment)
    }

    /// One deployment of this account.
    pub async fn deployment(&self, account: AccountId, id: DeploymentId) -> Result<Deployment, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).bind(account.to_string()).fetch_optional(self.reader()).await?;
        Deployment::from_row(&row.ok_or(StoreError::NotFound("deployment"))?, self.now())
    }

    pub async fn deployment_by_slug(&self, account: AccountId, slug: &Slug) -> Result<Deployment, StoreError> {
        let row = sqlx::query(ONE_BY_SLUG).bind(slug.as_str()).bind(account.to_string()).fetch_optional(self.reader()).await?;
        Deployment::from_row(&row.ok_or(StoreError::NotFound("deployment"))?, self.now())
    }

    /// One page of this account's deployments, newest first, and the cursor of the next.
    pub async fn deployments(&self, account: AccountId, filter: &Filter) -> Result<(Vec<Deployment>, Option<DeploymentId>), StoreError> {
        self.list(LIST, &account.to_string(), filter).await
    }

    /// One page of every account's deployments: for operators only.
    pub async fn all_deployments(&self, filter: &Filter) -> Result<(Vec<Deployment>, Option<DeploymentId>), StoreError> {
        self.list(LIST_ALL, "", filter).await
    }

    async fn list(&self, statement: &'static str, account: &str, filter: &Filter) -> Result<(Vec<Deployment>, Option<DeploymentId>), StoreError> {
        let Filter { search, include_terminated, cursor, limit } = filter;
        let limit = (*limit).clamp(1, 200);
        let pattern = search.as_deref().filter(|text| !text.is_empty()).map(like).unwrap_or_default();
        let rows = sqlx::query(statement)
            .bind(account)
            .bind(pattern)
            .bind(i64::from(*include_terminated))
            .bind(cursor.map(|id| id.to_string()).unwrap_or_default())
            .bind(i64::from(limit) + 1)
            .fetch_all(self.reader())
            .await?;
        let now = self.now();
        let mut page = rows.iter().map(|row| Deployment::from_row(row, now)).collect::<Result<Vec<_>, _>>()?;
        let more = page.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        if more {
            page.pop();
        }
        let next = more.then(|| page.last().map(|last| last.id)).flatten();
        Ok((page, next))
    }

    /// Renames a deployment or moves it to another plan. A plan that does not expire takes the end away.
    pub async fn edit_deployment(
        &self,
        actor: &Actor,
        account: AccountId,
        id: DeploymentId,
        name: Option<DisplayName>,
        plan: Option<PlanName>,
        rules: &Rules,
    ) -> Result<Deployment, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        tx.lock_account(account).await?;
        let row = tx.lock_deployment(account, id).await?;
        let detail = serde_json::json!({ "name": name, "plan": plan });
        if let Some(name) = name {
            sqlx::query(RENAME).bind(id.to_string()).bind(name.as_str()).execute(tx.conn()).await?;
        }
        let current: PlanName = row.parse("plan")?;
        if let Some(plan) = plan.filter(|plan| *plan != current) {
            let change = tx.begin_plan_change(actor, account, id, &row, plan, rules.charged).await?;
            let desired: Desired = row.word("desired")?;
            if !tx.terms().plans.get(plan).offered {
                return Err(StoreError::Conflict(format!("the plan {plan} is not offered any more; choose another")));
            }
            if matches!(desired, Desired::Running | Desired::Suspended) {
                tx.check_plan(account, plan, id).await?;
            }
            tx.check_fits(id, plan).await?;
            let expires_at = plan.expires().then(|| now.plus_seconds(i64::from(rules.trial_hours) * 3600));
            let message = match change {
                PlanChange::Now => {
                    sqlx::query(SET_PLAN).bind(id.to_string()).bind(plan.as_str()).bind(expires_at.map(Timestamp::as_millis)).execute(tx.conn()).await?;
                    format!("moved from {current} to {plan}")
                }
                PlanChange::WithSubscription => format!("asked to move from {current} to {plan}: its subscription is changed first"),
            };
            tx.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, message).by(&actor.name)).await?;
        }
        tx.audit(actor, Some(account), "deployment.edit", &id.to_string(), detail).await?;
        let deployment = tx.deployment(account, id).await?;
        tx.commit().await?;
        Ok(deployment)
    }

    /// Grants an ask, or refuses it with the reason ([`StoreError::Conflict`]).
    pub async fn ask(&self, actor: &Actor, account: AccountId, id: DeploymentId, ask: Ask, rules: &Rules) -> Result<(Asked, Deployment), StoreError> {
        self.ask_because(actor, account, id, ask, rules, None).await
    }

    async fn ask_because(
        &self,
        actor: &Actor,
        account: AccountId,
        id: DeploymentId,
        ask: Ask,
        rules: &Rules,
        because: Option<&str>,
    ) -> Result<(Asked, Deployment), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        tx.lock_account(account).await?;
        let row = tx.lock_deployment(account, id).await?;
        tx.first_time(actor).await?;
        match lifecycle::admit_held(row.word("desired")?, row.parse("holds")?, ask) {
            Admission::Refuse(refusal) => return Err(StoreError::Conflict(refusal.to_string())),
            Admission::AlreadySo => {
                drop(tx);
                return Ok((Asked::AlreadySo, self.deployment(account, id).await?));
            }
            Admission::Accept => {}
        }
        let set = |desired: Desired, terminated: Option<Timestamp>, purge: Option<Timestamp>| {
            sqlx::query(SET_DESIRED).bind(id.to_string()).bind(word(&desired)).bind(terminated.map(Timestamp::as_millis)).bind(purge.map(Timestamp::as_millis))
        };
        match ask {
            Ask::Restart => {
                sqlx::query(RAISE_GENERATION).bind(id.to_string()).execute(tx.conn()).await?;
            }
            Ask::Retry => {
                sqlx::query(RAISE_RETRY).bind(id.to_string()).execute(tx.conn()).await?;
            }
            // A change comes with its revision: see `change`.
            Ask::Update => {}
            Ask::Suspend => {
                set(Desired::Suspended, None, None).execute(tx.conn()).await?;
            }
            Ask::Resume => {
                set(Desired::Running, None, None).execute(tx.conn()).await?;
                // Whoever resumes wants another try, whatever failed before.
                sqlx::query(RAISE_RETRY).bind(id.to_string()).execute(tx.conn()).await?;
            }
            Ask::Terminate => {
                let purge = now.plus_seconds(i64::from(rules.retention_days) * 86_400);
                set(Desired::Terminated, Some(now), Some(purge)).execute(tx.conn()).await?;
            }
            Ask::Restore => {
                let plan: PlanName = row.parse("plan")?;
                if row.at_opt("expires_at")?.is_some_and(|end| end <= now) {
                    return Err(StoreError::Conflict("its trial has ended; move it to another plan first, then restore it".to_owned()));
                }
                tx.check_plan(account, plan, id).await?;
                set(Desired::Running, None, None).execute(tx.conn()).await?;
                sqlx::query(RAISE_RETRY).bind(id.to_string()).execute(tx.conn()).await?;
                tx.hold_unpaid(actor, account, id, &row).await?;
            }
        }
        let message = because.map_or_else(|| format!("asked to {}", verb(ask)), str::to_owned);
        tx.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, message).by(&actor.name)).await?;
        tx.audit(actor, Some(account), &format!("deployment.{}", word(&ask)), &id.to_string(), serde_json::json!({})).await?;
        let deployment = tx.deployment(account, id).await?;
        tx.commit().await?;
        Ok((Asked::Accepted, deployment))
    }

    /// Ends the trials whose time is over. Returns how many.
    pub async fn end_trials(&self, rules: &Rules) -> Result<usize, StoreError> {
        let rows = sqlx::query(EXPIRED).bind(self.now().as_millis()).fetch_all(self.reader()).await?;
        for row in &rows {
            self.ask_because(&Actor::system(), row.parse("account_id")?, row.parse("id")?, Ask::Terminate, rules, Some("the trial ended")).await?;
        }
        Ok(rows.len())
    }

    /// Wants those purged whose retention is over. Returns how many.
    pub async fn end_retentions(&self) -> Result<usize, StoreError> {
        let rows = sqlx::query(PURGE_DUE).bind(self.now().as_millis()).fetch_all(self.reader()).await?;
        let mut count = 0;
        for row in &rows {
            let (id, account): (DeploymentId, AccountId) = (row.parse("id")?, row.parse("account_id")?);
            let mut tx = self.begin().await?;
            let now = tx.now();
            let locked = tx.lock_deployment(account, id).await?;
            // It may have been restored since it was listed.
            if locked.word::<Desired>("desired")? != Desired::Terminated {
                continue;
            }
            sqlx::query(SET_DESIRED).bind(id.to_string()).bind(word(&Desired::Purged)).bind(now.as_millis()).bind(now.as_millis()).execute(tx.conn()).await?;
            tx.audit(&Actor::system(), Some(account), "deployment.purge", &id.to_string(), serde_json::json!({})).await?;
            tx.commit().await?;
            count += 1;
        }
        Ok(count)
    }

    /// The last proof that was taken of a deployment's container.
    pub async fn proof(&self, account: AccountId, id: DeploymentId) -> Result<Option<Proof>, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).bind(account.to_string()).fetch_optional(self.reader()).await?;
        Ok(Seen::from_row(&row.ok_or(StoreError::NotFound("deployment"))?)?.proof)
    }
}

impl Tx {
    /// Takes the deployment's lock and raises its version; another account's does not exist.
    pub(super) async fn lock_deployment(&mut self, account: AccountId, id: DeploymentId) -> Result<AnyRow, StoreError> {
        let row = sqlx::query(LOCK).bind(id.to_string()).bind(account.to_string()).fetch_optional(self.conn()).await?;
        row.ok_or(StoreError::NotFound("deployment"))
    }

    pub(super) async fn deployment(&mut self, account: AccountId, id: DeploymentId) -> Result<Deployment, StoreError> {
        let now = self.now();
        let row = sqlx::query(ONE).bind(id.to_string()).bind(account.to_string()).fetch_optional(self.conn()).await?;
        Deployment::from_row(&row.ok_or(StoreError::NotFound("deployment"))?, now)
    }
}

impl Deployment {
    pub(super) fn from_row(row: &AnyRow, now: Timestamp) -> Result<Self, StoreError> {
        let seen = Seen::from_row(row)?;
        let wanted = wanted(row)?;
        let state = seen.shown_state(&wanted, row.flag("falls_back")?, now);
        let holds: Holds = row.parse("holds")?;
        let held = holds.first().filter(|_| wanted.desired == Desired::Suspended).map(|hold| hold.sentence().to_owned());
        Ok(Self {
            id: row.parse("id")?,
            account: row.parse("account_id")?,
            owner: row.parse("owner")?,
            name: row.parse("name")?,
            slug: row.parse("slug")?,
            plan: row.parse("plan")?,
            template: row.word("template")?,
            desired: wanted.desired,
            asked: row.word("asked")?,
            holds,
            state,
            reason: held.or_else(|| seen.reason(&wanted)),
            degraded: degradations(&seen, state),
            observed_at: seen.observed_at,
            doing: seen.doing,
            openclaw_version: row.text("openclaw_version")?,
            image: row.parse("image")?,
            follows: row.word_opt("follows")?,
            window: row.parse_opt("maintenance")?,
            revision: wanted.revision,
            last_known_good_revision: seen.last_known_good,
            config_version: row.count("config_version")?,
            provider: row.json_opt("provider")?,
            channels: row.json("channels")?,
            subnet_index: seen.subnet_index,
            created_at: row.at("created_at")?,
            expires_at: row.at_opt("expires_at")?,
            purge_at: row.at_opt("purge_at")?,
            version: wanted.version,
        })
    }
}

pub(super) fn wanted(row: &AnyRow) -> Result<Wanted, StoreError> {
    Ok(Wanted {
        desired: row.word("desired")?,
        revision: row.count("revision")?,
        generation: row.count("generation")?,
        retry_generation: row.count("retry_generation")?,
        version: row.count("version")?,
    })
}

/// What does not work although it runs, from the last look.
pub(super) fn degradations(seen: &Seen, state: State) -> Vec<Degradation> {
    let Some(container) = seen.observation.as_ref().and_then(|observation| observation.container.as_ref()) else { return Vec::new() };
    match (&container.phase, state) {
        (ContainerPhase::Running { health, .. }, State::Running | State::Updating) => health.failing.iter().map(|part| degradation(part, health)).collect(),
        (ContainerPhase::Running { .. } | ContainerPhase::Created | ContainerPhase::Exited { .. }, _) => Vec::new(),
    }
}

/// What a broken part of a gateway means to its owner, and what the gateway itself says of it.
pub fn degradation(part: &str, health: &Health) -> Degradation {
    let (reason, remedy) = match part {
        "telegram" => (
            "Telegram does not accept the bot token, or cannot be reached",
            "Check the bot token with BotFather and set it again under Configuration. If other agents have the same, the host cannot reach Telegram: tell the operator.",
        ),
        "discord" => (
            "Discord does not accept the bot token, or cannot be reached",
            "Check the bot token and the privileged intents in Discord's developer portal, and set the token again under Configuration. If other agents have the same, the host cannot reach Discord: tell the operator.",
        ),
        "slack" => (
            "Slack does not accept the tokens, or cannot be reached",
            "Check that socket mode is on and that both tokens (xoxb-… and xapp-…) are of the same app, and set them again under Configuration. If other agents have the same, the host cannot reach Slack: tell the operator.",
        ),
        _ => ("OpenClaw says that this part is not ready", "Look for it in the agent's log."),
    };
    let said = health.reasons.get(part).map(|words| format!(". OpenClaw says: {}", words.trim_end_matches('.'))).unwrap_or_default();
    Degradation { part: part.to_owned(), reason: format!("{reason}{said}"), remedy: remedy.to_owned() }
}

const fn verb(ask: Ask) -> &'static str {
    match ask {
        Ask::Restart => "restart",
        Ask::Suspend => "suspend",
        Ask::Resume => "resume",
        Ask::Retry => "try again",
        Ask::Update => "update",
        Ask::Terminate => "delete",
        Ask::Restore => "restore",
    }
}

/// A `LIKE` pattern (`ESCAPE '!'`) for any text that holds this one.
pub(super) fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Six letters and digits.
fn random_suffix() -> String {
    DeploymentId::from_uuid(uuid::Uuid::new_v4()).to_string().chars().rev().take(6).collect()
}

/// The key with which the agent calls its own model door: worth nothing anywhere else.
fn virtual_key() -> Secret {
    Secret::new(format!("vk-{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_takes_its_text_literally() {
        assert_eq!(like("50%_Off!"), "%50!%!_off!!%");
    }
}
