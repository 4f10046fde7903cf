//! Who works in which account, and what they may do there.
//!
//! An account has exactly one owner, from its first moment to its last. Whoever loses a place in an account loses what they had of
//! it in the same transaction: their sessions in it, the tokens they made, and the agents that were opened with either.

use vivier_core::id::{AccountId, UserId};
use vivier_core::name::{DisplayName, Email};
use vivier_core::wire::accounts::MemberRole;
use vivier_core::wire::members::MemberOut;

use super::accounts::Account;
use super::export::{Field, Part};
use super::{Actor, Columns as _, Store, StoreError, Tx, new_uuid, statements, word};
use crate::mail;

/// Accounts that one person may own.
pub const MOST_OWNED: u64 = 10;

statements! {
    INSERT = "INSERT INTO members (account_id, user_id, role, created_at, used_at) VALUES ($1, $2, $3, $4, $4)";
    ONE = "SELECT a.id, a.name, a.created_at, a.closed_at, m.role FROM members m JOIN accounts a ON a.id = m.account_id \
        WHERE m.account_id = $1 AND m.user_id = $2 AND a.closed_at IS NULL";
    /// The one they worked in last stands first.
    OF_USER = "SELECT a.id, a.name, a.created_at, a.closed_at, m.role FROM members m JOIN accounts a ON a.id = m.account_id \
        WHERE m.user_id = $1 AND a.closed_at IS NULL ORDER BY m.used_at DESC, m.created_at, a.id";
    USED = "UPDATE members SET used_at = $3 WHERE account_id = $1 AND user_id = $2";
    /// The owner first, then by age.
    LIST = "SELECT m.user_id, u.email, m.role, m.created_at, \
        (SELECT MAX(s.last_seen_at) FROM sessions s WHERE s.user_id = m.user_id AND s.account_id = m.account_id) AS seen_at \
        FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 \
        ORDER BY CASE m.role WHEN 'owner' THEN 0 ELSE 1 END, m.created_at, m.user_id";
    ROLE = "SELECT role FROM members WHERE account_id = $1 AND user_id = $2";
    BY_EMAIL = "SELECT m.user_id FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 AND u.email = $2";
    SET_ROLE = "UPDATE members SET role = $3 WHERE account_id = $1 AND user_id = $2";
    REMOVE = "DELETE FROM members WHERE account_id = $1 AND user_id = $2";
    OWNED = "SELECT COUNT(*) AS owned FROM members m JOIN accounts a ON a.id = m.account_id \
        WHERE m.user_id = $1 AND m.role = 'owner' AND a.closed_at IS NULL AND a.id <> $2";
    END_SESSIONS = "UPDATE sessions SET ended_at = $3 WHERE user_id = $1 AND account_id = $2 AND ended_at IS NULL";
    END_TOKENS = "UPDATE api_tokens SET revoked_at = $3 WHERE user_id = $1 AND account_id = $2 AND revoked_at IS NULL";
    EXPORT = "SELECT u.email, m.role, m.created_at FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 ORDER BY m.created_at, m.user_id";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part { name: "members", sql: EXPORT, fields: &[("email", Field::Text), ("role", Field::Text), ("created_at", Field::Time)] };

/// An account, as one of its members has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub account: Account,
    pub role: MemberRole,
}

impl Membership {
    fn from_row(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self { account: Account::from_row(row)?, role: row.word("role")? })
    }
}

impl Store {
    /// # Errors
    /// `NotFound("account")` when they are no member of it.
    pub async fn membership(&self, account: AccountId, user: UserId) -> Result<Membership, StoreError> {
        let row = sqlx::query(ONE).bind(account.to_string()).bind(user.to_string()).fetch_optional(self.reader()).await?;
        Membership::from_row(&row.ok_or(StoreError::NotFound("account"))?)
    }

    /// The accounts that someone is a member of; the one they worked in last stands first.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        let rows = sqlx::query(OF_USER).bind(user.to_string()).fetch_all(self.reader()).await?;
        rows.iter().map(Membership::from_row).collect()
    }

    /// Makes another account, owned by `user`.
    ///
    /// # Errors
    /// `Conflict` when they own too many.
    pub async fn create_account(&self, actor: &Actor, user: UserId, name: &DisplayName) -> Result<Membership, StoreError> {
        let id = AccountId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        tx.first_time(actor).await?;
        let owned = sqlx::query(OWNED).bind(user.to_string()).bind(id.to_string()).fetch_one(tx.conn()).await?.count("owned")?;
        if owned >= MOST_OWNED {
            return Err(StoreError::Conflict(format!("you own {MOST_OWNED} accounts already; delete one, or hand one over")));
        }
        let account = Account { id, name: name.to_string(), created_at: tx.now(), closed_at: None };
        tx.insert_account(&account).await?;
        tx.insert_member(id, user, MemberRole::Owner).await?;
        tx.audit(actor, Some(id), "account.create", &id.to_string(), serde_json::json!({})).await?;
        tx.commit_quietly().await?;
        Ok(Membership { account, role: MemberRole::Owner })
    }

    /// Everyone in the account, its owner first.
    pub async fn members(&self, account: AccountId) -> Result<Vec<MemberOut>, StoreError> {
        let rows = sqlx::query(LIST).bind(account.to_string()).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(MemberOut {
                    user: row.parse("user_id")?,
                    email: row.parse("email")?,
                    role: row.word("role")?,
                    created_at: row.at("created_at")?,
                    last_seen_at: row.at_opt("seen_at")?,
                })
            })
            .collect()
    }

    /// Changes what a member may do. Who may not talk to agents any more loses those they have open: their sessions here end.
    ///
    /// # Errors
    /// `NotFound("member")`; `Conflict` for the owner, who only hands over.
    pub async fn set_role(&self, actor: &Actor, account: AccountId, user: UserId, role: MemberRole) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_account(account).await?;
        let before = tx.role_of(account, user).await?.ok_or(StoreError::NotFound("member"))?;
        if before == MemberRole::Owner {
            return Err(StoreError::Conflict("the owner's role is not changed; hand the account over to another member instead".to_owned()));
        }
        if before == role {
            return Ok(());
        }
        tx.set_member_role(account, user, role).await?;
        if role < MemberRole::Member && before >= MemberRole::Member {
            tx.end_sessions_in(account, user).await?;
        }
        tx.audit(actor, Some(account), "member.role", &user.to_string(), serde_json::json!({ "from": before, "to": role })).await?;
        tx.commit().await
    }

    /// Takes someone out of the account, or lets them leave it: their sessions in it and the tokens they made end with their place.
    ///
    /// # Errors
    /// `NotFound("member")`; `Conflict` for the owner: an account is never without one.
    pub async fn remove_member(&self, actor: &Actor, account: AccountId, user: UserId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        tx.lock_account(account).await?;
        if tx.role_of(account, user).await?.ok_or(StoreError::NotFound("member"))? == MemberRole::Owner {
            return Err(StoreError::Conflict("an account is never without its owner; hand it over to another member first, or delete it".to_owned()));
        }
        sqlx::query(REMOVE).bind(account.to_string()).bind(user.to_string()).execute(tx.conn()).await?;
        sqlx::query(END_TOKENS).bind(user.to_string()).bind(account.to_string()).bind(now).execute(tx.conn()).await?;
        tx.end_sessions_in(account, user).await?;
        let action = if actor.user == Some(user) { "member.leave" } else { "member.remove" };
        tx.audit(actor, Some(account), action, &user.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }

    /// Hands the account over: `to` owns it, `from` stays as an admin.
    ///
    /// # Errors
    /// `NotFound("member")` when `to` is none; `Conflict` when `from` is not the owner any more.
    pub async fn hand_over(&self, actor: &Actor, account: AccountId, from: UserId, to: UserId, public_url: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_account(account).await?;
        tx.first_time(actor).await?;
        if tx.role_of(account, from).await? != Some(MemberRole::Owner) {
            return Err(StoreError::Conflict("the account has another owner by now".to_owned()));
        }
        if from == to {
            return Err(StoreError::Conflict("you own this account already".to_owned()));
        }
        tx.role_of(account, to).await?.ok_or(StoreError::NotFound("member"))?;
        // In this order: there are never two.
        tx.set_member_role(account, from, MemberRole::Admin).await?;
        tx.set_member_role(account, to, MemberRole::Owner).await?;
        let (name, email) = (tx.account_name(account).await?, tx.lock_user(to).await?);
        tx.mail(Some(account), &mail::members::ownership(&email, &name, &actor.name, public_url)).await?;
        tx.audit(actor, Some(account), "account.owner", &account.to_string(), serde_json::json!({ "to": to })).await?;
        tx.commit().await
    }
}

impl Tx {
    pub(super) async fn insert_member(&mut self, account: AccountId, user: UserId, role: MemberRole) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(INSERT).bind(account.to_string()).bind(user.to_string()).bind(word(&role)).bind(now).execute(self.conn()).await?;
        Ok(())
    }

    /// They begin to work in it now.
    pub(super) async fn use_account(&mut self, account: AccountId, user: UserId) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(USED).bind(account.to_string()).bind(user.to_string()).bind(now).execute(self.conn()).await?;
        Ok(())
    }

    pub(super) async fn role_of(&mut self, account: AccountId, user: UserId) -> Result<Option<MemberRole>, StoreError> {
        let row = sqlx::query(ROLE).bind(account.to_string()).bind(user.to_string()).fetch_optional(self.conn()).await?;
        row.map(|row| row.word("role")).transpose()
    }

    /// Whether somebody with this address is in the account.
    pub(super) async fn is_member(&mut self, account: AccountId, email: &Email) -> Result<bool, StoreError> {
        Ok(sqlx::query(BY_EMAIL).bind(account.to_string()).bind(email.as_str()).fetch_optional(self.conn()).await?.is_some())
    }

    async fn set_member_role(&mut self, account: AccountId, user: UserId, role: MemberRole) -> Result<(), StoreError> {
        sqlx::query(SET_ROLE).bind(account.to_string()).bind(user.to_string()).bind(word(&role)).execute(self.conn()).await?;
        Ok(())
    }

    /// Ends their sessions in this account, and with them the agents that they have open.
    async fn end_sessions_in(&mut self, account: AccountId, user: UserId) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(END_SESSIONS).bind(user.to_string()).bind(account.to_string()).bind(now).execute(self.conn()).await?;
        Ok(())
    }
}
