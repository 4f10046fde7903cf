//! Sessions: one sign-in of one browser. Only the SHA-256 of a session's token is kept.

use vivier_core::id::{AccountId, SessionId};
use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::Role;

use super::{Actor, Columns as _, Store, StoreError, Tx, new_uuid, statements};

/// Sessions of one account that may be open at a time; the oldest ends when there is one more.
pub const MOST: i64 = 50;
/// However often it is used, a session ends after this many times its idle time.
const ABSOLUTE: i64 = 3;
/// A session's last use is written at most this often, in milliseconds.
const TOUCH_MILLIS: i64 = 3_600_000;

statements! {
    INSERT = "INSERT INTO sessions (id, account_id, token_hash, created_at, expires_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $4)";
    FIND = "SELECT s.id, s.account_id, s.created_at, s.expires_at, s.last_seen_at, a.email, a.role FROM sessions s JOIN accounts a ON a.id = s.account_id \
        WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2";
    LIVES = "SELECT expires_at FROM sessions WHERE id = $1 AND ended_at IS NULL AND expires_at > $2";
    TOUCH = "UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE id = $1 AND ended_at IS NULL";
    END = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    END_ALL = "UPDATE sessions SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL AND id <> $3";
    END_OLDEST = "UPDATE sessions SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL AND id NOT IN \
        (SELECT id FROM sessions WHERE account_id = $1 AND ended_at IS NULL ORDER BY id DESC LIMIT $3)";
    PRUNE = "DELETE FROM sessions WHERE expires_at <= $1";
}

/// A session that lives, with its account.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub account: AccountId,
    pub email: Email,
    pub role: Role,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_seen_at: Timestamp,
}

impl Store {
    /// Opens a session for `account`, and ends `replaces` (the one that the browser had: a sign-in never goes on with it).
    pub async fn open_session(
        &self,
        account: AccountId,
        email: &Email,
        token_hash: [u8; 32],
        idle_days: u32,
        replaces: Option<SessionId>,
    ) -> Result<(SessionId, Timestamp), StoreError> {
        let id = SessionId::from_uuid(new_uuid());
        let mut tx = self.begin().await?;
        let now = tx.now();
        let expires_at = now.plus_seconds(i64::from(idle_days) * 86_400);
        if let Some(old) = replaces {
            sqlx::query(END).bind(old.to_string()).bind(now.as_millis()).execute(tx.conn()).await?;
        }
        sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(token_hash.to_vec())
            .bind(now.as_millis())
            .bind(expires_at.as_millis())
            .execute(tx.conn())
            .await?;
        sqlx::query(END_OLDEST).bind(account.to_string()).bind(now.as_millis()).bind(MOST).execute(tx.conn()).await?;
        tx.audit(&Actor::account(account, email.as_str()), Some(account), "account.login", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await?;
        Ok((id, expires_at))
    }

    /// The session whose token has this digest, while it lives.
    pub async fn session(&self, token_hash: [u8; 32]) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(FIND).bind(token_hash.to_vec()).bind(self.now().as_millis()).fetch_optional(self.reader()).await?;
        row.map(|row| {
            Ok(Session {
                id: row.parse("id")?,
                account: row.parse("account_id")?,
                email: row.parse("email")?,
                role: row.word("role")?,
                created_at: row.at("created_at")?,
                expires_at: row.at("expires_at")?,
                last_seen_at: row.at("last_seen_at")?,
            })
        })
        .transpose()
    }

    /// Until when a session lives, while it does.
    pub async fn session_lives(&self, id: SessionId) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(LIVES).bind(id.to_string()).bind(self.now().as_millis()).fetch_optional(self.reader()).await?;
        row.map(|row| row.at("expires_at")).transpose()
    }

    /// Moves a used session's end into the future, now and then. Returns the new end when it was moved.
    pub async fn touch_session(&self, session: &Session, idle_days: u32) -> Result<Option<Timestamp>, StoreError> {
        let now = self.now();
        if now.millis_since(session.last_seen_at) < TOUCH_MILLIS {
            return Ok(None);
        }
        let idle = i64::from(idle_days) * 86_400;
        let expires_at = now.plus_seconds(idle).min(session.created_at.plus_seconds(idle * ABSOLUTE));
        let mut tx = self.begin().await?;
        sqlx::query(TOUCH).bind(session.id.to_string()).bind(now.as_millis()).bind(expires_at.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await?;
        Ok(Some(expires_at))
    }

    /// Ends a session. The edge hears of it.
    pub async fn end_session(&self, actor: &Actor, account: AccountId, id: SessionId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        sqlx::query(END).bind(id.to_string()).bind(now).execute(tx.conn()).await?;
        tx.audit(actor, Some(account), "account.logout", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }

    /// Forgets sessions whose time is over.
    pub async fn prune_sessions(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        sqlx::query(PRUNE).bind(now).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    /// Ends the account's sessions, but `keep`.
    pub(super) async fn end_sessions(&mut self, account: AccountId, keep: Option<SessionId>) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        let keep = keep.map(|id| id.to_string()).unwrap_or_default();
        sqlx::query(END_ALL).bind(account.to_string()).bind(now).bind(keep).execute(self.conn()).await?;
        Ok(())
    }
}
