//! One-time codes that take a signed-in browser from the dashboard to an agent's own name. Only their SHA-256 is kept.

use sha2::{Digest as _, Sha256};
use vivier_core::id::{AccountId, DeploymentId, SessionId, TokenId, UserId};
use vivier_core::name::Slug;
use vivier_core::time::Timestamp;

use super::sessions::Origin;
use super::{Columns as _, Store, StoreError, statements};

/// How long a code can be used, in seconds.
pub const LIFE_SECONDS: i64 = 60;
/// How long what a program's link opened stays open, in seconds.
const LINK_SECONDS: i64 = 3_600;

statements! {
    PRUNE = "DELETE FROM open_codes WHERE expires_at <= $1";
    INSERT = "INSERT INTO open_codes (code_hash, account_id, deployment_id, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    USE_UP = "UPDATE open_codes SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2 \
        AND deployment_id IN (SELECT id FROM deployments WHERE slug = $3 AND desired NOT IN ('terminated', 'purged')) \
        RETURNING account_id, deployment_id, session_id";
    SESSION = "SELECT expires_at FROM sessions WHERE id = $1 AND account_id = $2 AND ended_at IS NULL AND expires_at > $3";
}

/// Who asks for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// A browser: what the code opens ends with its session.
    Browser(SessionId),
    /// A program: what the code opens has a session of its own that no cookie knows. It ends after an hour, with the token, and
    /// with its maker's place in the account.
    Program { user: UserId, token: TokenId },
}

/// What a code was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redeemed {
    pub account: AccountId,
    pub deployment: DeploymentId,
    pub session: SessionId,
    /// When the session ends.
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps a code. Returns until when it can be used.
    pub async fn create_code(&self, code_hash: [u8; 32], account: AccountId, deployment: DeploymentId, opener: Opener) -> Result<Timestamp, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let expires_at = now.plus_seconds(LIFE_SECONDS);
        sqlx::query(PRUNE).bind(now.as_millis()).execute(tx.conn()).await?;
        let session = match opener {
            Opener::Browser(session) => session,
            Opener::Program { user, token } => {
                // Nobody knows what this is the digest of.
                let nobodys: [u8; 32] = Sha256::new_with_prefix(b"a program's link\n").chain_update(code_hash).finalize().into();
                let life = (now, now.plus_seconds(LINK_SECONDS));
                tx.insert_session(user, Some(account), nobodys, Some(token), &Origin::default(), life).await?
            }
        };
        sqlx::query(INSERT)
            .bind(code_hash.to_vec())
            .bind(account.to_string())
            .bind(deployment.to_string())
            .bind(session.to_string())
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
        // A link that a program asked for before it got a session of its own (it lived a minute) opens nothing any more.
        let (account, session): (AccountId, Option<SessionId>) = (row.parse("account_id")?, row.parse_opt("session_id")?);
        let live = match session {
            Some(id) => sqlx::query(SESSION).bind(id.to_string()).bind(account.to_string()).bind(now.as_millis()).fetch_optional(tx.conn()).await?,
            None => None,
        };
        tx.commit_quietly().await?;
        let deployment = row.parse("deployment_id")?;
        let expires_at = live.map(|live| live.at("expires_at")).transpose()?;
        Ok(session.zip(expires_at).map(|(session, expires_at)| Redeemed { account, deployment, session, expires_at }))
    }
}
