//! Links in mails: each is made for one purpose and one address, works once, and only its SHA-256 is kept.

use vivier_core::id::{AccountId, UserId};
use vivier_core::name::Email;
use vivier_core::time::Timestamp;

use super::jobs::Lease;
use super::users::{User, taken};
use super::{Actor, Columns as _, Store, StoreError, Tx, statements};
use crate::mail::Mail;

statements! {
    INSERT = "INSERT INTO mail_links (token_hash, user_id, purpose, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    /// Of who is known by the link, once.
    TAKE = "DELETE FROM mail_links WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id, email, created_at";
    FORGET = "DELETE FROM mail_links WHERE user_id = $1 AND purpose = $2";
    PENDING = "SELECT email FROM mail_links WHERE user_id = $1 AND purpose = 'change' AND expires_at > $2 ORDER BY created_at DESC LIMIT 1";
    PRUNE = "DELETE FROM mail_links WHERE expires_at <= $1";
    VERIFY = "UPDATE users SET email_verified_at = $3, version = version + 1 WHERE id = $1 AND email = $2 AND email_verified_at IS NULL";
    SET_PASSWORD = "UPDATE users SET password_hash = $2, email_verified_at = COALESCE(email_verified_at, $3), version = version + 1 WHERE id = $1";
    SET_EMAIL = "UPDATE users SET email = $2, email_verified_at = $3, version = version + 1 WHERE id = $1";
    NO_PASSWORD = "UPDATE users SET password_hash = NULL, version = version + 1 WHERE id = $1";
    HAS_EMAIL = "SELECT id FROM users WHERE email = $1 AND id <> $2";
    HOME = "SELECT account_id FROM members WHERE user_id = $1 ORDER BY used_at DESC LIMIT 1";
    DROP_PASSKEYS = "DELETE FROM passkeys WHERE user_id = $1 AND created_at >= $2";
    DROP_IDENTITIES = "DELETE FROM identities WHERE user_id = $1 AND created_at >= $2";
    DROP_APP = "DELETE FROM authenticators WHERE user_id = $1 AND created_at >= $2";
    DROP_CODES = "DELETE FROM recovery_codes WHERE user_id = $1";
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Proves that an address is theirs.
    Verify,
    /// Sets the password anew.
    Reset,
    /// Proves the new address, and makes it theirs.
    Change,
    /// Brings the old address back.
    Undo,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Change => "change",
            Self::Undo => "undo",
        }
    }

    /// How long a link works, in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Verify => 3 * 86_400,
            Self::Reset => 3_600,
            Self::Change => 86_400,
            Self::Undo => 7 * 86_400,
        }
    }
}

/// A link, and the mail that carries it.
#[derive(Clone, Debug)]
pub struct Letter {
    pub token_hash: [u8; 32],
    pub mail: Mail,
}

/// A link that was used.
struct Used {
    user: UserId,
    email: Email,
    created_at: Timestamp,
}

impl Store {
    /// Sends a link that proves the user's address; an earlier one works no more.
    ///
    /// # Errors
    /// `Conflict` when the address is proven already.
    pub async fn send_verification(&self, actor: &Actor, user: UserId, letter: &Letter) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.first_time(actor).await?;
        tx.lock_user(user).await?;
        let known = tx.user_by_id(user).await?;
        if known.email_verified_at.is_some() {
            return Err(StoreError::Conflict("the address is confirmed already".to_owned()));
        }
        tx.post_letter(&known, Purpose::Verify, &known.email, letter).await?;
        tx.audit(actor, actor.account, "user.verification_sent", &user.to_string(), serde_json::json!({})).await?;
        tx.commit_quietly().await
    }

    /// The link of a mail proves the user's address.
    ///
    /// # Errors
    /// `NotFound` when the link does not work (any more).
    pub async fn verify_email(&self, token_hash: [u8; 32], from: Option<std::net::IpAddr>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let used = tx.take_link(token_hash, Purpose::Verify).await?;
        let done = sqlx::query(VERIFY).bind(used.user.to_string()).bind(used.email.as_str()).bind(now.as_millis()).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(no_link());
        }
        tx.audit_user(used.user, from, "user.verified", serde_json::json!({})).await?;
        tx.commit_quietly().await
    }

    /// Sends a link that sets the password anew, if somebody has this address. `letter` is made for it; `lease`: the job that does it,
    /// which ends with this.
    pub async fn send_reset(&self, lease: &Lease, email: &Email, letter: &Letter) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if let Some(user) = tx.user_by_email(email).await? {
            tx.lock_user(user.id).await?;
            tx.post_letter(&user, Purpose::Reset, email, letter).await?;
            tx.audit_user(user.id, None, "user.reset_sent", serde_json::json!({})).await?;
        }
        tx.finish_job(lease).await?;
        tx.commit_quietly().await
    }

    /// The link of a mail sets a new password. Every session ends; the address is proven by it, too. `tell` writes the mail that says so.
    ///
    /// # Errors
    /// `NotFound` when the link does not work (any more).
    pub async fn reset_password(
        &self,
        token_hash: [u8; 32],
        password_hash: &str,
        from: Option<std::net::IpAddr>,
        tell: impl FnOnce(&Email) -> Mail + Send,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let used = tx.take_link(token_hash, Purpose::Reset).await?;
        let email = tx.lock_user(used.user).await?;
        // A link to an address that is not theirs any more opens nothing.
        if email != used.email {
            return Err(no_link());
        }
        sqlx::query(SET_PASSWORD).bind(used.user.to_string()).bind(password_hash).bind(now.as_millis()).execute(tx.conn()).await?;
        tx.forget_links(used.user, Purpose::Reset).await?;
        tx.end_sessions(used.user, None).await?;
        tx.end_steps(used.user).await?;
        tx.mail(None, &tell(&email)).await?;
        tx.audit_user(used.user, from, "user.password_reset", serde_json::json!({})).await?;
        tx.commit().await
    }

    /// Begins a change of address: a link goes to the new one.
    ///
    /// # Errors
    /// `Taken { field: "email" }`.
    pub async fn begin_email_change(&self, actor: &Actor, user: UserId, email: &Email, letter: &Letter) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.first_time(actor).await?;
        tx.lock_user(user).await?;
        let known = tx.user_by_id(user).await?;
        tx.post_letter(&known, Purpose::Change, email, letter).await?;
        tx.audit(actor, actor.account, "user.email_change", &user.to_string(), serde_json::json!({ "to": email })).await?;
        tx.commit_quietly().await
    }

    /// The link in the new address' mail makes it the user's. `undo` writes the mail to the old address, whose link takes it back.
    ///
    /// # Errors
    /// `NotFound` when the link does not work (any more); `Taken` when somebody else has the address by now.
    pub async fn finish_email_change(
        &self,
        token_hash: [u8; 32],
        from: Option<std::net::IpAddr>,
        undo: impl FnOnce(&Email, &Email) -> Letter + Send,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let used = tx.take_link(token_hash, Purpose::Change).await?;
        let before = tx.lock_user(used.user).await?;
        let user = tx.user_by_id(used.user).await?;
        tx.set_email(used.user, &used.email).await?;
        let letter = undo(&before, &used.email);
        // Links to the old address prove nothing about the new one.
        tx.forget_links(used.user, Purpose::Verify).await?;
        tx.forget_links(used.user, Purpose::Reset).await?;
        // An address that was never proven gets no say over the account.
        if user.email_verified_at.is_some() {
            tx.insert_link(used.user, Purpose::Undo, &before, letter.token_hash).await?;
            tx.mail(None, &letter.mail).await?;
        }
        tx.audit_user(used.user, from, "user.email_changed", serde_json::json!({ "from": before, "to": used.email })).await?;
        tx.commit_quietly().await
    }

    /// The link in the old address' mail brings it back: whoever changed it may hold the password and more, so every session ends, the
    /// password is gone, and what was added to the sign-in since goes with it. `reset` carries the link that sets another password.
    ///
    /// # Errors
    /// `NotFound` when the link does not work (any more); `Taken` when somebody else has the address by now.
    pub async fn undo_email_change(
        &self,
        token_hash: [u8; 32],
        from: Option<std::net::IpAddr>,
        reset: impl FnOnce(&Email) -> Letter + Send,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let used = tx.take_link(token_hash, Purpose::Undo).await?;
        let changed = tx.lock_user(used.user).await?;
        tx.set_email(used.user, &used.email).await?;
        let id = used.user.to_string();
        sqlx::query(NO_PASSWORD).bind(&id).execute(tx.conn()).await?;
        for statement in [DROP_PASSKEYS, DROP_IDENTITIES, DROP_APP] {
            // From a while before the change: it began with a sign-in.
            sqlx::query(statement).bind(&id).bind(used.created_at.plus_seconds(-Purpose::Change.seconds()).as_millis()).execute(tx.conn()).await?;
        }
        // They may have been made anew since; the app and passkeys from before still open, and make others.
        sqlx::query(DROP_CODES).bind(&id).execute(tx.conn()).await?;
        for purpose in [Purpose::Change, Purpose::Undo, Purpose::Reset, Purpose::Verify] {
            tx.forget_links(used.user, purpose).await?;
        }
        tx.end_sessions(used.user, None).await?;
        tx.end_steps(used.user).await?;
        let user = tx.user_by_id(used.user).await?;
        tx.post_letter(&user, Purpose::Reset, &used.email, &reset(&used.email)).await?;
        tx.audit_user(used.user, from, "user.email_restored", serde_json::json!({ "from": changed, "to": used.email })).await?;
        tx.commit().await
    }

    /// The address that a change waits for.
    pub async fn pending_email(&self, user: UserId) -> Result<Option<Email>, StoreError> {
        let row = sqlx::query(PENDING).bind(user.to_string()).bind(self.now().as_millis()).fetch_optional(self.reader()).await?;
        row.map(|row| row.parse("email")).transpose()
    }

    /// Forgets links whose time is over.
    pub async fn prune_links(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        sqlx::query(PRUNE).bind(now).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    /// Makes a link, and sends the mail that carries it; earlier ones of the same purpose work no more.
    pub(super) async fn post_letter(&mut self, user: &User, purpose: Purpose, email: &Email, letter: &Letter) -> Result<(), StoreError> {
        self.forget_links(user.id, purpose).await?;
        self.insert_link(user.id, purpose, email, letter.token_hash).await?;
        let account = self.home(user.id).await?;
        self.mail(account, &letter.mail).await
    }

    async fn insert_link(&mut self, user: UserId, purpose: Purpose, email: &Email, token_hash: [u8; 32]) -> Result<(), StoreError> {
        let now = self.now();
        sqlx::query(INSERT)
            .bind(token_hash.to_vec())
            .bind(user.to_string())
            .bind(purpose.as_str())
            .bind(email.as_str())
            .bind(now.as_millis())
            .bind(now.plus_seconds(purpose.seconds()).as_millis())
            .execute(self.conn())
            .await?;
        Ok(())
    }

    async fn take_link(&mut self, token_hash: [u8; 32], purpose: Purpose) -> Result<Used, StoreError> {
        let now = self.now().as_millis();
        let row = sqlx::query(TAKE).bind(token_hash.to_vec()).bind(purpose.as_str()).bind(now).fetch_optional(self.conn()).await?;
        let row = row.ok_or_else(no_link)?;
        Ok(Used { user: row.parse("user_id")?, email: row.parse("email")?, created_at: row.at("created_at")? })
    }

    async fn forget_links(&mut self, user: UserId, purpose: Purpose) -> Result<(), StoreError> {
        sqlx::query(FORGET).bind(user.to_string()).bind(purpose.as_str()).execute(self.conn()).await?;
        Ok(())
    }

    async fn set_email(&mut self, user: UserId, email: &Email) -> Result<(), StoreError> {
        if sqlx::query(HAS_EMAIL).bind(email.as_str()).bind(user.to_string()).fetch_optional(self.conn()).await?.is_some() {
            return Err(taken());
        }
        let now = self.now().as_millis();
        match sqlx::query(SET_EMAIL).bind(user.to_string()).bind(email.as_str()).bind(now).execute(self.conn()).await {
            Ok(_) => Ok(()),
            Err(error) if StoreError::is_unique_violation(&error) => Err(taken()),
            Err(error) => Err(error.into()),
        }
    }

    /// The account that someone worked in last: where what they do to themselves is written down.
    pub(super) async fn home(&mut self, user: UserId) -> Result<Option<AccountId>, StoreError> {
        let row = sqlx::query(HOME).bind(user.to_string()).fetch_optional(self.conn()).await?;
        row.map(|row| row.parse("account_id")).transpose()
    }

    /// Audits what someone did without a session, such as by a link.
    pub(super) async fn audit_user(&mut self, user: UserId, from: Option<std::net::IpAddr>, action: &str, detail: serde_json::Value) -> Result<(), StoreError> {
        let account = self.home(user).await?;
        let name = self.user_by_id(user).await?.email.to_string();
        let actor = Actor { account, user: Some(user), name, from, once: None };
        self.audit(&actor, account, action, &user.to_string(), detail).await
    }
}

fn no_link() -> StoreError {
    StoreError::NotFound("link")
}
