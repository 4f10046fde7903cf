//! Quotas: checked in the transaction that creates, under the lock of the account (or of the deployment that is counted by itself),
//! so that two at the same time never pass together.

use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::plan::PlanName;
use vivier_core::quota::QuotaKind;
use vivier_core::time::Timestamp;
use vivier_core::wire::limits::LimitOut;

use super::{Actor, Columns as _, Quota, SYSTEM, Store, StoreError, Tx, statements};

statements! {
    OVERRIDE = "SELECT allowed FROM quota_overrides WHERE account_id = $1 AND quota = $2";
    OVERRIDES = "SELECT quota, allowed FROM quota_overrides WHERE account_id = $1";
    SET_OVERRIDE = "INSERT INTO quota_overrides (account_id, quota, allowed, note, author, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (account_id, quota) DO UPDATE SET allowed = excluded.allowed, note = excluded.note, author = excluded.author, created_at = excluded.created_at";
    CLEAR_OVERRIDE = "DELETE FROM quota_overrides WHERE account_id = $1 AND quota = $2";
    OF_PLAN = "SELECT COUNT(*) AS used FROM deployments WHERE account_id = $1 AND plan = $2 AND desired IN ('running', 'suspended') AND id <> $3";
    OF_PLANS = "SELECT plan, COUNT(*) AS used FROM deployments WHERE account_id = $1 AND desired IN ('running', 'suspended') GROUP BY plan";
    DEPLOYS = "SELECT COUNT(*) AS used, MIN(created_at) AS oldest FROM deployments WHERE account_id = $1 AND created_at > $2";
    CHANGES = "SELECT COUNT(*) AS used, MIN(created_at) AS oldest FROM revisions WHERE deployment_id = $1 AND created_at > $2 AND author <> $3 AND number > 1";
    STORED = "SELECT storage_bytes FROM usage_samples WHERE deployment_id = $1 AND storage_bytes IS NOT NULL ORDER BY at DESC LIMIT 1";
    TOKENS = "SELECT COUNT(*) AS used FROM api_tokens WHERE account_id = $1 AND revoked_at IS NULL";
}

impl Store {
    /// What an account may have and how much of it is used.
    pub async fn limits(&self, account: AccountId) -> Result<Vec<LimitOut>, StoreError> {
        let id = account.to_string();
        let now = self.now();
        let mut own = std::collections::BTreeMap::new();
        for row in sqlx::query(OVERRIDES).bind(&id).fetch_all(self.reader()).await? {
            // One that an older or newer version knew is no limit of this one.
            if let Ok(kind) = row.text("quota")?.parse::<QuotaKind>() {
                own.insert(kind, row.count("allowed")?);
            }
        }
        let mut plans = std::collections::BTreeMap::new();
        for row in sqlx::query(OF_PLANS).bind(&id).fetch_all(self.reader()).await? {
            plans.insert(QuotaKind::deployments(row.parse("plan")?), row.count("used")?);
        }
        let mut limits = Vec::new();
        for kind in QuotaKind::ALL {
            let since = now.as_millis() - kind.window_millis().unwrap_or_default();
            let (used, oldest) = match kind {
                QuotaKind::TrialDeployments | QuotaKind::StarterDeployments | QuotaKind::ProDeployments | QuotaKind::TeamDeployments => {
                    (Some(plans.get(&kind).copied().unwrap_or_default()), None)
                }
                QuotaKind::DeploysPerHour => {
                    let row = sqlx::query(DEPLOYS).bind(&id).bind(since).fetch_one(self.reader()).await?;
                    (Some(row.count("used")?), row.at_opt("oldest")?)
                }
                QuotaKind::Tokens => (Some(sqlx::query(TOKENS).bind(&id).fetch_one(self.reader()).await?.count("used")?), None),
                // Of each deployment by itself.
                QuotaKind::ChangesPerHour => (None, None),
                QuotaKind::OpenTickets => (Some(sqlx::query(super::tickets::OPEN_ONES).bind(&id).fetch_one(self.reader()).await?.count("used")?), None),
                QuotaKind::TicketsPerDay => {
                    let row = sqlx::query(super::tickets::TODAYS).bind(&id).bind(since).fetch_one(self.reader()).await?;
                    (Some(row.count("used")?), row.at_opt("oldest")?)
                }
                QuotaKind::Members | QuotaKind::InvitationsPerDay => (None, None),
            };
            let allowed = own.get(&kind).copied();
            limits.push(LimitOut {
                limit: kind,
                title: kind.title().to_owned(),
                used,
                allowed: allowed.unwrap_or_else(|| self.terms().allows(kind)),
                frees_at: oldest.zip(kind.window_millis()).map(|(oldest, window)| oldest.plus_millis(window)),
                own: allowed.is_some(),
            });
        }
        Ok(limits)
    }

    /// Allows one account something else than the settings do; `None` takes that back. For operators only.
    pub async fn set_override(&self, actor: &Actor, account: AccountId, kind: QuotaKind, allowed: Option<u32>, note: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        tx.lock_account(account).await?;
        match allowed {
            Some(allowed) => {
                sqlx::query(SET_OVERRIDE)
                    .bind(account.to_string())
                    .bind(kind.as_str())
                    .bind(i64::from(allowed))
                    .bind(note)
                    .bind(&actor.name)
                    .bind(now)
                    .execute(tx.conn())
                    .await?;
            }
            None => {
                sqlx::query(CLEAR_OVERRIDE).bind(account.to_string()).bind(kind.as_str()).execute(tx.conn()).await?;
            }
        }
        let detail = serde_json::json!({ "limit": kind, "allowed": allowed, "note": note });
        tx.audit(actor, Some(account), "account.limit", &account.to_string(), detail).await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    /// Whether the account may have one more of `kind`, of which it has `used`. `oldest`: when the oldest that counts came, for a limit
    /// that time frees. Call it with the account's lock held, in the transaction that creates.
    ///
    /// # Errors
    /// [`StoreError::Quota`], with how much is used and when it frees.
    pub async fn within(&mut self, account: AccountId, kind: QuotaKind, used: u64, oldest: Option<Timestamp>) -> Result<(), StoreError> {
        let own = sqlx::query(OVERRIDE).bind(account.to_string()).bind(kind.as_str()).fetch_optional(self.conn()).await?;
        let allowed = match own {
            Some(row) => row.count("allowed")?,
            None => self.terms().allows(kind),
        };
        if used < allowed {
            return Ok(());
        }
        let (at, title) = (self.now(), kind.title());
        let free_at = kind.window_millis().map(|window| oldest.unwrap_or(at).plus_millis(window));
        let message = match free_at {
            Some(free) => {
                format!("{used} of {allowed} {title} have been made; try again in {} min", free.millis_since(at).max(1).unsigned_abs().div_ceil(60_000))
            }
            None => format!("{used} of {allowed} {title} are in use; {}", kind.remedy()),
        };
        Err(StoreError::Quota(Quota { limit: kind, used, allowed, free_at, at, message }))
    }

    /// Whether the account may have a deployment of `plan` beside those that it has without `but`.
    pub(super) async fn check_plan(&mut self, account: AccountId, plan: PlanName, but: DeploymentId) -> Result<(), StoreError> {
        let query = sqlx::query(OF_PLAN).bind(account.to_string()).bind(plan.as_str()).bind(but.to_string());
        let used = query.fetch_one(self.conn()).await?.count("used")?;
        self.within(account, QuotaKind::deployments(plan), used, None).await
    }

    /// Whether what a deployment keeps fits into another plan, as far as its storage was measured.
    pub(super) async fn check_fits(&mut self, id: DeploymentId, plan: PlanName) -> Result<(), StoreError> {
        let Some(row) = sqlx::query(STORED).bind(id.to_string()).fetch_optional(self.conn()).await? else { return Ok(()) };
        let (has, most) = (row.count("storage_bytes")?, self.terms().plans.get(plan).limits.storage_bytes);
        if has <= most {
            return Ok(());
        }
        let gb = |bytes: u64| format!("{}.{:02} GB", bytes >> 30, ((bytes % (1 << 30)) * 100) >> 30);
        let message = format!(
            "its data takes {}, and {} has room for {}: remove {} first (old files of its workspace, say), then wait up to 15 minutes until it is measured again; \
             nothing was changed",
            gb(has),
            plan.title(),
            gb(most),
            gb(has - most)
        );
        Err(StoreError::Conflict(message))
    }

    /// Whether the account may make a deployment in this hour.
    pub(super) async fn check_deploys(&mut self, account: AccountId) -> Result<(), StoreError> {
        let since = self.now().as_millis() - 3_600_000;
        let row = sqlx::query(DEPLOYS).bind(account.to_string()).bind(since).fetch_one(self.conn()).await?;
        self.within(account, QuotaKind::DeploysPerHour, row.count("used")?, row.at_opt("oldest")?).await
    }

    /// Whether the deployment, whose lock is held, may be changed in this hour. What Vivier decides by itself does not count.
    pub(super) async fn check_changes(&mut self, account: AccountId, id: DeploymentId) -> Result<(), StoreError> {
        let since = self.now().as_millis() - 3_600_000;
        let row = sqlx::query(CHANGES).bind(id.to_string()).bind(since).bind(SYSTEM).fetch_one(self.conn()).await?;
        self.within(account, QuotaKind::ChangesPerHour, row.count("used")?, row.at_opt("oldest")?).await
    }
}
