//! One-time codes that take a signed-in browser from the dashboard to an agent's own name. Only their SHA-256 is kept.

use vivier_core::id::{AccountId, DeploymentId, SessionId};
use vivier_core::name::Slug;
use vivier_core::time::Timestamp;

use super::{Columns as _, Store, StoreError, statements};

/// How long a code can be used, in seconds.
pub const LIFE_SECONDS: i64 = 60;

statements! {
    PRUNE = "DELETE FROM open_codes WHERE expires_at <= $1";
    INSERT = "INSERT INTO open_codes (code_hash, account_id, deployment_id, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    USE_UP = "UPDATE open_codes SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2 \
        AND deployment_id IN (SELECT id FROM deployments WHERE slug = $3 AND desired NOT IN ('terminated', 'purged')) \
        RETURNING account_id, deployment_id, session_id";
    SESSION = "SELECT expires_at FROM sessions WHERE id = $1 AND account_id = $2 AND ended_at IS NULL AND expires_at > $3";
}

/// What a code was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redeemed {
    pub account: AccountId,
    pub deployment: DeploymentId,
    pub session: Option<SessionId>,
    /// When the browser's session ends; for a link that a program asked for: an hour from now.
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps a code. Returns until when it can be used.
    pub async fn create_code(
        &self,
        code_hash: [u8; 32],
        account: AccountId,
        deployment: DeploymentId,
        session: Option<SessionId>,
    ) -> Result<Timestamp, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let expires_at = now.plus_seconds(LIFE_SECONDS);
        sqlx::query(PRUNE).bind(now.as_millis()).execute(tx.conn()).await?;
        sqlx::query(INSERT)
            .bind(code_hash.to_vec())
            .bind(account.to_string())
            .bind(deployment.to_string())
            .bind(session.map(|id| id.to_string()))
            .bind(now.as_millis())
            .bind(expires_at.as_millis())
            .execute(tx.conn())
            .await?;
        tx.commit_quietly().await?;
        Ok(expires_at)
    }

    /// Uses a code up: once, in time, for the name it was made for, and only while its session lives.
    pub async fn redeem_code(&self, code_hash: [u8; 32], slug: &Slug) -> Result<Option<Redeemed>, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let row = sqlx::query(USE_UP).bind(code_hash.to_vec()).bind(now.as_millis()).bind(slug.as_str()).fetch_optional(tx.conn()).await?;
        let Some(row) = row else { return Ok(None) };
        let (account, session): (AccountId, Option<SessionId>) = (row.parse("account_id")?, row.parse_opt("session_id")?);
        let expires_at = match session {
            None => Some(now.plus_seconds(3600)),
            Some(id) => {
                let live = sqlx::query(SESSION).bind(id.to_string()).bind(account.to_string()).bind(now.as_millis()).fetch_optional(tx.conn()).await?;
                live.map(|live| live.at("expires_at")).transpose()?
            }
        };
        tx.commit_quietly().await?;
        let deployment = row.parse("deployment_id")?;
        Ok(expires_at.map(|expires_at| Redeemed { account, deployment, session, expires_at }))
    }
}
