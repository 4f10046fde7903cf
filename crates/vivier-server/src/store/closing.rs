//! The end of an account, and of a person.
//!
//! An account ends in two steps. *Closing* takes effect at once: nobody works in it, its agents are ended the normal way, its
//! tokens, sessions and invitations are worth nothing. *Erasing* comes after the retention, when the last agent's data is gone: what
//! is personal goes, and the key that the account's secrets are sealed with. Rows of money and of the audit log stay, without names.

use vivier_core::id::{AccountId, DeploymentId, UserId};
use vivier_core::lifecycle::{Ask, Desired};
use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::{EventKind, Outcome};
use vivier_core::wire::members::AccountDeleted;

use super::audit::Whose;
use super::events::Note;
use super::{Actor, Columns as _, Store, StoreError, Tx, statements, word};
use crate::mail;

/// What an erased account is called.
const ERASED: &str = "deleted";

statements! {
    RUNNING = "SELECT id FROM deployments WHERE account_id = $1 AND desired IN ('running', 'suspended') ORDER BY id";
    END_DEPLOYMENT = "UPDATE deployments SET desired = $2, terminated_at = $3, purge_at = $4, version = version + 1 WHERE id = $1";
    CLOSE = "UPDATE accounts SET closed_at = $2, erase_at = $3 WHERE id = $1";
    END_SESSIONS = "UPDATE sessions SET ended_at = COALESCE(ended_at, $2), address = NULL, browser = NULL WHERE account_id = $1";
    END_TOKENS = "UPDATE api_tokens SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL";
    END_INVITATIONS = "UPDATE invitations SET revoked_at = $2 WHERE account_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL";
    ADDRESSES = "SELECT u.email FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 ORDER BY u.email";
    /// Closed, its time over, and every agent's data gone.
    DUE = "SELECT a.id FROM accounts a WHERE a.closed_at IS NOT NULL AND a.erase_at <= $1 AND NOT EXISTS \
        (SELECT 1 FROM deployments d JOIN runtime_instances r ON r.deployment_id = d.id WHERE d.account_id = a.id) ORDER BY a.id LIMIT 20";
    ERASE = "UPDATE accounts SET name = $2, erase_at = NULL WHERE id = $1 AND erase_at IS NOT NULL";
    ERASE_MEMBERS = "DELETE FROM members WHERE account_id = $1";
    ERASE_INVITATIONS = "DELETE FROM invitations WHERE account_id = $1";
    ERASE_TOKENS = "DELETE FROM api_tokens WHERE account_id = $1";
    ERASE_RANGES = "DELETE FROM account_ranges WHERE account_id = $1";
    // Which card has had its trial is kept elsewhere, and names nobody.
    ERASE_CARDS = "DELETE FROM card_fingerprints WHERE account_id = $1";
    ERASE_KEY = "DELETE FROM wrapped_keys WHERE owner = $1";
    OPEN = "SELECT COUNT(*) AS accounts FROM members m JOIN accounts a ON a.id = m.account_id WHERE m.user_id = $1 AND a.closed_at IS NULL";
    OPERATORS = "SELECT COUNT(*) AS others FROM users WHERE operator = 1 AND id <> $1";
    FORGET_MEMBER = "DELETE FROM members WHERE user_id = $1";
    FORGET_TOKENS = "DELETE FROM api_tokens WHERE user_id = $1";
    FORGET_SESSIONS = "UPDATE sessions SET ended_at = COALESCE(ended_at, $2), address = NULL, browser = NULL WHERE user_id = $1";
    FORGET_LINKS = "DELETE FROM mail_links WHERE user_id = $1";
    FORGET_APP = "DELETE FROM authenticators WHERE user_id = $1";
    FORGET_CODES = "DELETE FROM recovery_codes WHERE user_id = $1";
    FORGET_PASSKEYS = "DELETE FROM passkeys WHERE user_id = $1";
    FORGET_STEPS = "DELETE FROM sign_in_steps WHERE user_id = $1";
    FORGET_IDENTITIES = "DELETE FROM identities WHERE user_id = $1";
    FORGET_INVITER = "UPDATE invitations SET invited_by = '' WHERE invited_by = $1";
    FORGET_USER = "UPDATE users SET email = $2, password_hash = NULL, operator = 0, email_verified_at = NULL, version = version + 1 WHERE id = $1";
    // The names that other people's timelines hold of them.
    FORGET_ACTOR = "UPDATE events SET actor = $2 WHERE actor = $1";
    FORGET_AUTHOR = "UPDATE revisions SET author = $2 WHERE author = $1";
    FORGET_WRITER = "UPDATE config_versions SET author = $2 WHERE author = $1";
    FORGET_KEEPER = "UPDATE secrets SET author = $2 WHERE author = $1";
    FORGET_REVOKER = "UPDATE secrets SET revoked_by = $2 WHERE revoked_by = $1";
}

impl Store {
    /// Closes the account: its agents are ended, and nobody works in it from this moment. Everyone who did gets a mail.
    ///
    /// # Errors
    /// `NotFound("account")` when it is closed already; `Conflict` when `name` is not its name.
    pub async fn close_account(
        &self,
        actor: &Actor,
        account: AccountId,
        name: &str,
        retention_days: u32,
        public_url: &str,
    ) -> Result<AccountDeleted, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let erase_at = now.plus_seconds(i64::from(retention_days) * 86_400);
        tx.lock_account(account).await?;
        tx.first_time(actor).await?;
        let own = tx.account_name(account).await?;
        if own != name {
            return Err(StoreError::Taken { field: "name", message: format!("is not the name of the account that you work in, which is {own}") });
        }
        let deployments = tx.end_deployments(actor, account, erase_at).await?;
        for statement in [END_SESSIONS, END_TOKENS, END_INVITATIONS] {
            sqlx::query(statement).bind(account.to_string()).bind(now.as_millis()).execute(tx.conn()).await?;
        }
        sqlx::query(CLOSE).bind(account.to_string()).bind(now.as_millis()).bind(erase_at.as_millis()).execute(tx.conn()).await?;
        let addresses = sqlx::query(ADDRESSES).bind(account.to_string()).fetch_all(tx.conn()).await?;
        for row in addresses {
            let to: Email = row.parse("email")?;
            tx.mail(Some(account), &mail::members::account_deleted(&to, &own, &actor.name, erase_at, public_url)).await?;
        }
        tx.audit(actor, Some(account), "account.delete", &account.to_string(), serde_json::json!({ "deployments": deployments })).await?;
        tx.commit().await?;
        Ok(AccountDeleted { deployments, erase_at })
    }

    /// Erases the accounts whose time is over. Returns how many.
    pub async fn erase_accounts(&self) -> Result<usize, StoreError> {
        let due = sqlx::query(DUE).bind(self.now().as_millis()).fetch_all(self.reader()).await?;
        for row in &due {
            let account: AccountId = row.parse("id")?;
            let mut tx = self.begin().await?;
            if sqlx::query(ERASE).bind(account.to_string()).bind(ERASED).execute(tx.conn()).await?.rows_affected() == 0 {
                continue;
            }
            for statement in [ERASE_MEMBERS, ERASE_INVITATIONS, ERASE_TOKENS, ERASE_RANGES, ERASE_CARDS, ERASE_KEY] {
                sqlx::query(statement).bind(account.to_string()).execute(tx.conn()).await?;
            }
            tx.audit(&Actor::system(), Some(account), "account.erase", &account.to_string(), serde_json::json!({})).await?;
            tx.forget_in_audit(Whose::Account(account));
            tx.commit_quietly().await?;
        }
        Ok(due.len())
    }

    /// Deletes a person who is in no account: their address is free again, and nothing here names them.
    ///
    /// # Errors
    /// `Conflict` while they are a member of an account, or the only operator.
    pub async fn delete_user(&self, actor: &Actor, user: UserId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let email = tx.lock_user(user).await?;
        let open = sqlx::query(OPEN).bind(user.to_string()).fetch_one(tx.conn()).await?.count("accounts")?;
        if open > 0 {
            let message = format!("you are in {open} accounts still; leave those that are others', and delete or hand over those that you own");
            return Err(StoreError::Conflict(message));
        }
        if actor_is_operator(&mut tx, user).await? {
            return Err(StoreError::Conflict("you are the only operator of this installation; make another one first".to_owned()));
        }
        let (id, nobody) = (user.to_string(), format!("{user}@deleted.invalid"));
        sqlx::query(FORGET_SESSIONS).bind(&id).bind(now).execute(tx.conn()).await?;
        for statement in [FORGET_MEMBER, FORGET_TOKENS, FORGET_LINKS, FORGET_APP, FORGET_CODES, FORGET_PASSKEYS, FORGET_STEPS, FORGET_IDENTITIES] {
            sqlx::query(statement).bind(&id).execute(tx.conn()).await?;
        }
        sqlx::query(FORGET_INVITER).bind(email.as_str()).execute(tx.conn()).await?;
        for statement in [FORGET_ACTOR, FORGET_AUTHOR, FORGET_WRITER, FORGET_KEEPER, FORGET_REVOKER] {
            sqlx::query(statement).bind(email.as_str()).bind(&id).execute(tx.conn()).await?;
        }
        sqlx::query(FORGET_USER).bind(&id).bind(&nobody).execute(tx.conn()).await?;
        tx.audit(actor, None, "user.delete", &id, serde_json::json!({})).await?;
        tx.forget_in_audit(Whose::User(user));
        tx.commit().await
    }
}

async fn actor_is_operator(tx: &mut Tx, user: UserId) -> Result<bool, StoreError> {
    let is = tx.user_by_id(user).await?.operator;
    Ok(is && sqlx::query(OPERATORS).bind(user.to_string()).fetch_one(tx.conn()).await?.count("others")? == 0)
}

impl Tx {
    /// Wants every agent of the account ended. Returns how many there were. Behind the account's lock.
    async fn end_deployments(&mut self, actor: &Actor, account: AccountId, purge_at: Timestamp) -> Result<u64, StoreError> {
        let now = self.now();
        let rows = sqlx::query(RUNNING).bind(account.to_string()).fetch_all(self.conn()).await?;
        // The repetition of the whole is refused as one: each agent's row has a name of its own.
        let each = Actor { once: None, ..actor.clone() };
        for row in &rows {
            let id: DeploymentId = row.parse("id")?;
            sqlx::query(END_DEPLOYMENT)
                .bind(id.to_string())
                .bind(word(&Desired::Terminated))
                .bind(now.as_millis())
                .bind(purge_at.as_millis())
                .execute(self.conn())
                .await?;
            let note = Note::new(EventKind::Ask, Outcome::Noted, "its account was deleted");
            self.note(account, id, &note.by(&actor.name)).await?;
            self.audit(&each, Some(account), &format!("deployment.{}", word(&Ask::Terminate)), &id.to_string(), serde_json::json!({})).await?;
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }
}
