//! Sessions: one sign-in of one browser, in one account. Only the SHA-256 of a session's token is kept.
//!
//! A session stays in the account that it was opened for: who works in another gets another session, so that what ends someone's
//! way into an account ends exactly the sessions in it.

use std::net::IpAddr;

use vivier_core::id::{AccountId, LookId, SessionId, TokenId, UserId};
use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::MemberRole;
use vivier_core::wire::members::SessionOut;

use super::{Actor, Columns as _, Store, StoreError, Tx, new_uuid, statements};

/// Sessions of one user that may be open at a time; the oldest ends when there is one more.
pub const MOST: i64 = 50;
/// However often it is used, a session ends after this many times its idle time.
const ABSOLUTE: i64 = 3;
/// A session's last use is written at most this often, in milliseconds.
const TOUCH_MILLIS: i64 = 3_600_000;

statements! {
    INSERT = "INSERT INTO sessions (id, user_id, account_id, token_hash, token_id, address, browser, created_at, expires_at, last_seen_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND = "SELECT s.id, s.user_id, s.account_id, s.created_at, s.expires_at, s.last_seen_at, u.email, u.operator, m.role, \
        k.id AS look_id, k.account_id AS looked_at \
        FROM sessions s JOIN users u ON u.id = s.user_id \
        LEFT JOIN looks k ON k.id = s.look_id AND k.ended_at IS NULL AND k.expires_at > $2 AND u.operator = 1 \
        LEFT JOIN accounts a ON a.id = s.account_id AND a.closed_at IS NULL \
        LEFT JOIN members m ON m.account_id = a.id AND m.user_id = s.user_id \
        WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.token_id IS NULL AND (s.account_id IS NULL OR m.role IS NOT NULL OR k.id IS NOT NULL)";
    LIVES = "SELECT expires_at FROM sessions WHERE id = $1 AND ended_at IS NULL AND expires_at > $2";
    BEGUN = "SELECT created_at FROM sessions WHERE id = $1";
    TOUCH = "UPDATE sessions SET last_seen_at = $2, expires_at = $3, address = COALESCE($4, address) WHERE id = $1 AND ended_at IS NULL";
    END = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    END_ALL = "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL AND id <> $3";
    END_OF_TOKEN = "UPDATE sessions SET ended_at = $2 WHERE token_id = $1 AND ended_at IS NULL";
    END_OLDEST = "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL AND token_id IS NULL AND id NOT IN \
        (SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND token_id IS NULL ORDER BY id DESC LIMIT $3)";
    LIST = "SELECT s.id, s.address, s.browser, s.created_at, s.expires_at, s.last_seen_at, a.name FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id \
        WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.token_id IS NULL ORDER BY s.last_seen_at DESC, s.id DESC";
    END_OWN = "UPDATE sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND token_id IS NULL";
    PRUNE = "DELETE FROM sessions WHERE expires_at <= $1";
}

/// A session that lives, with its user and what they may do in its account.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub email: Email,
    pub operator: bool,
    /// Where it works; absent for someone who is a member of no account. While it looks at another's account: there.
    pub place: Option<(AccountId, MemberRole)>,
    /// An operator's look at somebody's account, while it lasts: nothing can be changed with it.
    pub look: Option<LookId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// From where someone signs in: what the list of their sessions shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub address: Option<IpAddr>,
    /// The browser, in words.
    pub browser: Option<String>,
}

/// A session to open.
pub struct NewSession<'a> {
    pub user: UserId,
    pub email: &'a Email,
    pub account: Option<AccountId>,
    pub token_hash: [u8; 32],
    pub idle_days: u32,
    /// The one that the browser had: a sign-in never goes on with it.
    pub replaces: Option<SessionId>,
    /// When they signed in, if that is not now: whoever switches accounts has not.
    pub since: Option<Timestamp>,
    pub origin: Origin,
}

impl Store {
    /// Opens a session, and ends the one that it replaces. Returns until when it lives.
    pub async fn open_session(&self, new: NewSession<'_>) -> Result<(SessionId, Timestamp), StoreError> {
        let NewSession { user, email, account, token_hash, idle_days, replaces, since, origin } = new;
        let mut tx = self.begin().await?;
        let now = tx.now();
        let (begun, idle) = (since.unwrap_or(now), i64::from(idle_days) * 86_400);
        let expires_at = now.plus_seconds(idle).min(begun.plus_seconds(idle * ABSOLUTE));
        if let Some(old) = replaces {
            sqlx::query(END).bind(old.to_string()).bind(now.as_millis()).execute(tx.conn()).await?;
        }
        let id = tx.insert_session(user, account, token_hash, None, &origin, (begun, expires_at)).await?;
        sqlx::query(END_OLDEST).bind(user.to_string()).bind(now.as_millis()).bind(MOST).execute(tx.conn()).await?;
        if let Some(account) = account {
            tx.use_account(account, user).await?;
        }
        let actor = Actor { account, user: Some(user), name: email.to_string(), from: origin.address, once: None };
        tx.audit(&actor, account, if since.is_some() { "account.switch" } else { "account.login" }, &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await?;
        Ok((id, expires_at))
    }

    /// The session whose token has this digest, while it lives.
    pub async fn session(&self, token_hash: [u8; 32]) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(FIND).bind(token_hash.to_vec()).bind(self.now().as_millis()).fetch_optional(self.reader()).await?;
        row.map(|row| {
            // Whoever looks sees what an admin of the account sees.
            let looked_at = row.parse_opt("looked_at")?.map(|account| (account, MemberRole::Admin));
            Ok(Session {
                id: row.parse("id")?,
                user: row.parse("user_id")?,
                email: row.parse("email")?,
                operator: row.flag("operator")?,
                place: looked_at.or(row.parse_opt("account_id")?.zip(row.word_opt("role")?)),
                look: row.parse_opt("look_id")?,
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

    /// When someone signed in with this session.
    pub async fn session_begun(&self, id: SessionId) -> Result<Timestamp, StoreError> {
        let row = sqlx::query(BEGUN).bind(id.to_string()).fetch_optional(self.reader()).await?;
        row.ok_or(StoreError::NotFound("session"))?.at("created_at")
    }

    /// Moves a used session's end into the future, now and then. Returns the new end when it was moved.
    pub async fn touch_session(&self, session: &Session, idle_days: u32, from: Option<IpAddr>) -> Result<Option<Timestamp>, StoreError> {
        let now = self.now();
        if now.millis_since(session.last_seen_at) < TOUCH_MILLIS {
            return Ok(None);
        }
        let idle = i64::from(idle_days) * 86_400;
        let expires_at = now.plus_seconds(idle).min(session.created_at.plus_seconds(idle * ABSOLUTE));
        let mut tx = self.begin().await?;
        sqlx::query(TOUCH)
            .bind(session.id.to_string())
            .bind(now.as_millis())
            .bind(expires_at.as_millis())
            .bind(from.map(|address| address.to_string()))
            .execute(tx.conn())
            .await?;
        tx.commit_quietly().await?;
        Ok(Some(expires_at))
    }

    /// Ends a session. The edge hears of it.
    pub async fn end_session(&self, actor: &Actor, id: SessionId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        sqlx::query(END).bind(id.to_string()).bind(now).execute(tx.conn()).await?;
        tx.audit(actor, actor.account, "account.logout", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }

    /// Where the user is signed in, the last seen first. `current`: the session that asks.
    pub async fn sessions(&self, user: UserId, current: SessionId) -> Result<Vec<SessionOut>, StoreError> {
        let rows = sqlx::query(LIST).bind(user.to_string()).bind(self.now().as_millis()).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let id = row.parse("id")?;
                Ok(SessionOut {
                    id,
                    current: id == current,
                    address: row.text_opt("address")?,
                    browser: row.text_opt("browser")?,
                    account: row.text_opt("name")?,
                    created_at: row.at("created_at")?,
                    last_seen_at: row.at("last_seen_at")?,
                    expires_at: row.at("expires_at")?,
                })
            })
            .collect()
    }

    /// Ends one of the user's own sessions.
    pub async fn end_own_session(&self, actor: &Actor, user: UserId, id: SessionId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let done = sqlx::query(END_OWN).bind(id.to_string()).bind(user.to_string()).bind(now).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("session"));
        }
        tx.audit(actor, actor.account, "session.end", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }

    /// Ends every session of the user but `keep`, and what was opened with links of their tokens.
    pub async fn end_other_sessions(&self, actor: &Actor, user: UserId, keep: SessionId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.end_sessions(user, Some(keep)).await?;
        tx.audit(actor, actor.account, "session.end_others", &user.to_string(), serde_json::json!({})).await?;
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
    /// `life`: from when until when.
    pub(super) async fn insert_session(
        &mut self,
        user: UserId,
        account: Option<AccountId>,
        token_hash: [u8; 32],
        token: Option<TokenId>,
        origin: &Origin,
        life: (Timestamp, Timestamp),
    ) -> Result<SessionId, StoreError> {
        let id = SessionId::from_uuid(new_uuid());
        let (begins, ends) = life;
        let now = self.now().as_millis();
        sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(user.to_string())
            .bind(account.map(|id| id.to_string()))
            .bind(token_hash.to_vec())
            .bind(token.map(|id| id.to_string()))
            .bind(origin.address.map(|address| address.to_string()))
            .bind(&origin.browser)
            .bind(begins.as_millis())
            .bind(ends.as_millis())
            .bind(now)
            .execute(self.conn())
            .await?;
        Ok(id)
    }

    /// Ends the user's sessions, but `keep`, in every account.
    pub(super) async fn end_sessions(&mut self, user: UserId, keep: Option<SessionId>) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        let keep = keep.map(|id| id.to_string()).unwrap_or_default();
        sqlx::query(END_ALL).bind(user.to_string()).bind(now).bind(keep).execute(self.conn()).await?;
        Ok(())
    }

    /// Ends what was opened with links that a token asked for.
    pub(super) async fn end_sessions_of_token(&mut self, token: TokenId) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(END_OF_TOKEN).bind(token.to_string()).bind(now).execute(self.conn()).await?;
        Ok(())
    }
}
