//! People who sign in.

use vivier_core::id::{AccountId, SessionId, UserId};
use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::MemberRole;

use super::accounts::Account;
use super::links::{Letter, Purpose};
use super::members::Membership;
use super::{Actor, Columns as _, Store, StoreError, Tx, int, new_uuid, statements};

/// The name under which the digest of the first operator's one-time token is kept in the platform's own values.
pub const SETUP_TOKEN: &str = "setup_token";

statements! {
    INSERT = "INSERT INTO users (id, email, password_hash, operator, email_verified_at, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email) DO NOTHING";
    BY_EMAIL = "SELECT id, email, password_hash, operator, email_verified_at, created_at FROM users WHERE email = $1";
    BY_ID = "SELECT id, email, password_hash, operator, email_verified_at, created_at FROM users WHERE id = $1";
    OPERATORS = "SELECT COUNT(*) AS operators FROM users WHERE operator = 1";
    SET_PASSWORD = "UPDATE users SET password_hash = $2, version = version + 1 WHERE id = $1";
    LOCK = "UPDATE users SET version = version + 1 WHERE id = $1 RETURNING email";
    TAKE_SETUP = "DELETE FROM platform WHERE name = $1 RETURNING value";
}

/// A person who signs in.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    /// A PHC string; absent for who signs in another way.
    pub password_hash: Option<String>,
    /// Of this installation.
    pub operator: bool,
    pub email_verified_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl User {
    fn from_row(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parse("id")?,
            email: row.parse("email")?,
            password_hash: row.text_opt("password_hash")?,
            operator: row.flag("operator")?,
            email_verified_at: row.at_opt("email_verified_at")?,
            created_at: row.at("created_at")?,
        })
    }
}

/// A user to make.
pub struct NewUser<'a> {
    pub email: &'a Email,
    /// A PHC string.
    pub password_hash: Option<&'a str>,
    /// Whether the address is known to be theirs.
    pub verified: bool,
    /// The SHA-256 of the operator's one-time token, when one was presented: it must be the one that is kept, and is used up.
    pub setup: Option<[u8; 32]>,
    /// See [`Actor::once`].
    pub once: Option<uuid::Uuid>,
    /// The mail that proves their address.
    pub letter: Option<&'a Letter>,
}

impl Store {
    /// Makes a user, and an account that they own; with the setup token an operator.
    ///
    /// # Errors
    /// `Taken { field: "email" }`; `NotFound("setup token")` when the token is not the one that is kept.
    pub async fn sign_up(&self, new: &NewUser<'_>) -> Result<(User, Membership), StoreError> {
        let platform = self.platform_key().await?;
        let mut tx = self.begin().await?;
        if let Some(there) = tx.user_by_email(new.email).await? {
            // Made by this very request, before it was cut off.
            if new.once.is_some_and(|once| UserId::from_uuid(once) == there.id) {
                let own = AccountId::from_uuid(there.id.as_uuid());
                return Ok((there.clone(), self.membership(own, there.id).await?));
            }
            return Err(taken());
        }
        let operator = match new.setup {
            Some(digest) => {
                let row = sqlx::query(TAKE_SETUP).bind(SETUP_TOKEN).fetch_optional(tx.conn()).await?.ok_or(StoreError::NotFound("setup token"))?;
                let kept = crate::vault::open_platform(&platform, SETUP_TOKEN, &row.blob("value")?)?;
                if !bool::from(subtle::ConstantTimeEq::ct_eq(kept.as_slice(), digest.as_slice())) {
                    // Dropping the transaction puts the token back.
                    return Err(StoreError::NotFound("setup token"));
                }
                true
            }
            None => false,
        };
        let user = tx.insert_user(new, operator).await?;
        let account = Account { id: AccountId::from_uuid(user.id.as_uuid()), name: own_name(&user.email), created_at: tx.now(), closed_at: None };
        tx.insert_account(&account).await?;
        tx.insert_member(account.id, user.id, MemberRole::Owner).await?;
        if let Some(letter) = new.letter {
            tx.post_letter(&user, Purpose::Verify, &user.email, letter).await?;
        }
        let actor = Actor::user(account.id, user.id, user.email.as_str());
        tx.audit(&actor, Some(account.id), "account.signup", &account.id.to_string(), serde_json::json!({ "operator": operator })).await?;
        tx.commit().await?;
        Ok((user, Membership { account, role: MemberRole::Owner }))
    }

    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let row = sqlx::query(BY_EMAIL).bind(email.as_str()).fetch_optional(self.reader()).await?;
        row.map(|row| User::from_row(&row)).transpose()
    }

    pub async fn user(&self, id: UserId) -> Result<User, StoreError> {
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_optional(self.reader()).await?;
        User::from_row(&row.ok_or(StoreError::NotFound("user"))?)
    }

    /// Whether anyone is an operator yet.
    pub async fn has_operator(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query(OPERATORS).fetch_one(self.reader()).await?.count("operators")? > 0)
    }

    /// Changes a password and ends every session of the user but `keep`.
    pub async fn set_password(&self, actor: &Actor, id: UserId, password_hash: &str, keep: Option<SessionId>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(SET_PASSWORD).bind(id.to_string()).bind(password_hash).execute(tx.conn()).await?;
        tx.end_sessions(id, keep).await?;
        tx.end_steps(id).await?;
        tx.audit(actor, actor.account, "account.password", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }
}

impl Tx {
    pub(super) async fn user_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError> {
        let row = sqlx::query(BY_EMAIL).bind(email.as_str()).fetch_optional(self.conn()).await?;
        row.map(|row| User::from_row(&row)).transpose()
    }

    pub(super) async fn user_by_id(&mut self, id: UserId) -> Result<User, StoreError> {
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_optional(self.conn()).await?;
        User::from_row(&row.ok_or(StoreError::NotFound("user"))?)
    }

    /// Alone with the user until the transaction ends. Behind an account's lock, never before it.
    pub(super) async fn lock_user(&mut self, id: UserId) -> Result<Email, StoreError> {
        let row = sqlx::query(LOCK).bind(id.to_string()).fetch_optional(self.conn()).await?;
        row.ok_or(StoreError::NotFound("user"))?.parse("email")
    }

    /// A new user, who is a member of nothing yet.
    pub(super) async fn insert_user(&mut self, new: &NewUser<'_>, operator: bool) -> Result<User, StoreError> {
        let NewUser { email, password_hash, verified, setup: _, once, letter: _ } = new;
        let now = self.now();
        let user = User {
            id: UserId::from_uuid(once.unwrap_or_else(new_uuid)),
            email: (*email).clone(),
            password_hash: password_hash.map(str::to_owned),
            operator,
            email_verified_at: verified.then_some(now),
            created_at: now,
        };
        let done = sqlx::query(INSERT)
            .bind(user.id.to_string())
            .bind(email.as_str())
            .bind(*password_hash)
            .bind(int(u64::from(operator)))
            .bind(user.email_verified_at.map(Timestamp::as_millis))
            .bind(now.as_millis())
            .execute(self.conn())
            .await?;
        if done.rows_affected() == 0 { Err(taken()) } else { Ok(user) }
    }
}

/// What an account is called at first: what stands before the `@`.
pub(super) fn own_name(email: &Email) -> String {
    email.as_str().split('@').next().unwrap_or_default().chars().take(60).collect()
}

pub(super) fn taken() -> StoreError {
    StoreError::Taken { field: "email", message: "this address has an account already; sign in instead".to_owned() }
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
