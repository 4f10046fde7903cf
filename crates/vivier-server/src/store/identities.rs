//! Who identity providers know our users as. An identity is named by its issuer and subject, never by an address of mail: addresses
//! are given away and given back.

use std::net::IpAddr;

use vivier_core::id::{AccountId, UserId};
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::MemberRole;

use super::accounts::Account;
use super::members::Membership;
use super::users::{NewUser, User, own_name};
use super::{Actor, Columns as _, Store, StoreError, Tx, statements};
use crate::mail::Mail;

statements! {
    FIND = "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2";
    LIST = "SELECT issuer, email, created_at FROM identities WHERE user_id = $1";
    INSERT = "INSERT INTO identities (issuer, subject, user_id, email, created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $5)";
    USED = "UPDATE identities SET email = $3, last_used_at = $4 WHERE issuer = $1 AND subject = $2";
    UNLINK = "DELETE FROM identities WHERE user_id = $1 AND issuer = $2";
    WAYS_IN = "SELECT (SELECT COUNT(*) FROM users WHERE id = $1 AND password_hash IS NOT NULL) + (SELECT COUNT(*) FROM passkeys WHERE user_id = $1) \
        + (SELECT COUNT(*) FROM identities WHERE user_id = $1) AS ways";
}

/// Who a provider says that somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
}

/// An identity that is linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    pub issuer: String,
    pub email: Option<String>,
    pub linked_at: Timestamp,
}

impl Store {
    /// Whose identity it is.
    pub async fn identity(&self, identity: &Identity) -> Result<Option<UserId>, StoreError> {
        let row = sqlx::query(FIND).bind(&identity.issuer).bind(&identity.subject).fetch_optional(self.reader()).await?;
        row.map(|row| row.parse("user_id")).transpose()
    }

    pub async fn identities(&self, user: UserId) -> Result<Vec<Linked>, StoreError> {
        let rows = sqlx::query(LIST).bind(user.to_string()).fetch_all(self.reader()).await?;
        rows.iter().map(|row| Ok(Linked { issuer: row.text("issuer")?, email: row.text_opt("email")?, linked_at: row.at("created_at")? })).collect()
    }

    /// It has signed somebody in.
    pub async fn used_identity(&self, user: UserId, identity: &Identity, from: Option<IpAddr>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        sqlx::query(USED).bind(&identity.issuer).bind(&identity.subject).bind(&identity.email).bind(now).execute(tx.conn()).await?;
        tx.audit_user(user, from, "user.identity_used", serde_json::json!({ "issuer": identity.issuer })).await?;
        tx.commit_quietly().await
    }

    /// From now on the identity signs this user in.
    ///
    /// # Errors
    /// `Conflict` when it is another user's, or the user has one of this issuer already.
    pub async fn link_identity(&self, actor: &Actor, user: UserId, identity: &Identity, tell: &Mail) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        tx.insert_identity(user, identity).await?;
        tx.mail(actor.account, tell).await?;
        tx.audit(actor, actor.account, "user.identity_linked", &user.to_string(), serde_json::json!({ "issuer": identity.issuer })).await?;
        tx.commit_quietly().await
    }

    /// It does not sign this user in any more.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it is the last way to sign in.
    pub async fn unlink_identity(&self, actor: &Actor, user: UserId, issuer: &str, tell: &Mail) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        let done = sqlx::query(UNLINK).bind(user.to_string()).bind(issuer).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("linked identity"));
        }
        tx.keeps_a_way_in(user).await?;
        tx.mail(actor.account, tell).await?;
        tx.audit(actor, actor.account, "user.identity_unlinked", &user.to_string(), serde_json::json!({ "issuer": issuer })).await?;
        tx.commit_quietly().await
    }

    /// Makes a user whom an identity signs in, and an account that they own.
    ///
    /// # Errors
    /// `Taken { field: "email" }`.
    pub async fn sign_up_with_identity(&self, new: &NewUser<'_>, identity: &Identity, from: Option<IpAddr>) -> Result<(User, Membership), StoreError> {
        let mut tx = self.begin().await?;
        let user = tx.insert_user(new, false).await?;
        let account = Account { id: AccountId::from_uuid(user.id.as_uuid()), name: own_name(&user.email), created_at: tx.now(), closed_at: None };
        tx.insert_account(&account).await?;
        tx.insert_member(account.id, user.id, MemberRole::Owner).await?;
        tx.insert_identity(user.id, identity).await?;
        let actor = Actor { from, ..Actor::user(account.id, user.id, user.email.as_str()) };
        tx.audit(&actor, Some(account.id), "account.signup", &account.id.to_string(), serde_json::json!({ "issuer": identity.issuer })).await?;
        tx.commit().await?;
        Ok((user, Membership { account, role: MemberRole::Owner }))
    }
}

impl Tx {
    async fn insert_identity(&mut self, user: UserId, identity: &Identity) -> Result<(), StoreError> {
        let Identity { issuer, subject, email } = identity;
        let now = self.now().as_millis();
        match sqlx::query(INSERT).bind(issuer).bind(subject).bind(user.to_string()).bind(email).bind(now).execute(self.conn()).await {
            Ok(_) => Ok(()),
            Err(error) if StoreError::is_unique_violation(&error) => {
                Err(StoreError::Conflict("it is linked to another user, or another one of this provider is linked to you; unlink that first".to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Behind the user's lock: nobody locks themselves out.
    pub(super) async fn keeps_a_way_in(&mut self, user: UserId) -> Result<(), StoreError> {
        let ways = sqlx::query(WAYS_IN).bind(user.to_string()).fetch_one(self.conn()).await?.count("ways")?;
        if ways == 0 {
            return Err(StoreError::Conflict(
                "it is your last way to sign in; set a password first, with the link of `Forgot your password?` on the sign-in page".to_owned(),
            ));
        }
        Ok(())
    }
}
