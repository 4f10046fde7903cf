//! Looks: an operator's session works in somebody's account for a while, and can change nothing there. The account sees that it was.

use vivier_core::id::{AccountId, LookId, SessionId, UserId};
use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::console::LookOut;

use super::{Actor, Columns as _, Store, StoreError, new_uuid, statements};

/// Looks that a list holds.
pub const LISTED: u32 = 50;

statements! {
    INSERT = "INSERT INTO looks (id, account_id, user_id, operator, reason, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BIND = "UPDATE sessions SET look_id = $2 WHERE id = $1 AND ended_at IS NULL";
    OF_SESSION = "SELECT k.id, k.account_id FROM sessions s JOIN looks k ON k.id = s.look_id WHERE s.id = $1 AND k.ended_at IS NULL AND k.expires_at > $2";
    END = "UPDATE looks SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    LIST = "SELECT k.id, k.account_id, a.name, k.operator, k.reason, k.created_at, k.expires_at, k.ended_at FROM looks k JOIN accounts a ON a.id = k.account_id \
        WHERE k.account_id = $1 ORDER BY k.id DESC LIMIT $2";
    ONE = "SELECT k.id, k.account_id, a.name, k.operator, k.reason, k.created_at, k.expires_at, k.ended_at FROM looks k JOIN accounts a ON a.id = k.account_id \
        WHERE k.id = $1";
}

fn look(row: &sqlx::any::AnyRow, now: Timestamp) -> Result<LookOut, StoreError> {
    let (expires, ended) = (row.at("expires_at")?, row.at_opt("ended_at")?);
    let until = ended.unwrap_or(expires).min(expires);
    Ok(LookOut {
        id: row.parse("id")?,
        account: row.parse("account_id")?,
        account_name: row.text("name")?,
        operator: row.text("operator")?,
        reason: row.text("reason")?,
        from: row.at("created_at")?,
        until,
        now: ended.is_none() && expires > now,
    })
}

impl Store {
    /// Lets an operator's session work in `account` for `minutes`, without changing anything there.
    ///
    /// # Errors
    /// `NotFound`, when there is no such account, or the session has ended; `Conflict` while it looks at another.
    pub async fn begin_look(
        &self,
        actor: &Actor,
        (session, user, email): (SessionId, UserId, &Email),
        account: AccountId,
        reason: &str,
        minutes: u32,
    ) -> Result<LookOut, StoreError> {
        let id = LookId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let mut tx = self.begin().await?;
        tx.lock_account(account).await?;
        tx.first_time(actor).await?;
        let now = tx.now();
        if sqlx::query(OF_SESSION).bind(session.to_string()).bind(now.as_millis()).fetch_optional(tx.conn()).await?.is_some() {
            return Err(StoreError::Conflict("this session looks at an account already; end that look first".to_owned()));
        }
        let expires_at = now.plus_seconds(i64::from(minutes) * 60);
        sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(user.to_string())
            .bind(email.as_str())
            .bind(reason)
            .bind(now.as_millis())
            .bind(expires_at.as_millis())
            .execute(tx.conn())
            .await?;
        if sqlx::query(BIND).bind(session.to_string()).bind(id.to_string()).execute(tx.conn()).await?.rows_affected() == 0 {
            return Err(StoreError::NotFound("session"));
        }
        let detail = serde_json::json!({ "reason": reason, "until": expires_at });
        tx.audit(actor, Some(account), "account.look", &id.to_string(), detail).await?;
        tx.commit().await?;
        self.look(id).await
    }

    /// Ends the look of this session. It works in its own account again.
    ///
    /// # Errors
    /// `NotFound`, when it looks at none.
    pub async fn end_look(&self, actor: &Actor, session: SessionId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let row = sqlx::query(OF_SESSION).bind(session.to_string()).bind(now).fetch_optional(tx.conn()).await?;
        let row = row.ok_or(StoreError::NotFound("look"))?;
        let (id, account): (LookId, AccountId) = (row.parse("id")?, row.parse("account_id")?);
        sqlx::query(END).bind(id.to_string()).bind(now).execute(tx.conn()).await?;
        sqlx::query(BIND).bind(session.to_string()).bind(None::<String>).execute(tx.conn()).await?;
        tx.audit(actor, Some(account), "account.look_end", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }

    pub async fn look(&self, id: LookId) -> Result<LookOut, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.reader()).await?;
        look(&row.ok_or(StoreError::NotFound("look"))?, self.now())
    }

    /// Who looked at the account: newest first.
    pub async fn looks(&self, account: AccountId) -> Result<Vec<LookOut>, StoreError> {
        let rows = sqlx::query(LIST).bind(account.to_string()).bind(i64::from(LISTED)).fetch_all(self.reader()).await?;
        rows.iter().map(|row| look(row, self.now())).collect()
    }
}
