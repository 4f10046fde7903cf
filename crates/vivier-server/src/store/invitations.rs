//! Invitations into an account: sent by mail, accepted once. Only the SHA-256 of what the mail's link carries is kept.

use vivier_core::id::{AccountId, InvitationId, UserId};
use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::MemberRole;
use vivier_core::wire::members::{InvitationOut, InvitationShown};

use super::export::{Field, Part};
use super::members::Membership;
use super::users::{NewUser, User};
use super::{Actor, Columns as _, Store, StoreError, Tx, new_uuid, statements, word};
use crate::{auth::token, mail};

/// How long an invitation's link works, in seconds.
pub const LIFE_SECONDS: i64 = 7 * 86_400;
/// Invitations of one account that may be open at a time.
pub const MOST: u64 = 50;
/// The same mail is sent again at most this often, in seconds.
const AGAIN_SECONDS: i64 = 60;

statements! {
    COUNT = "SELECT COUNT(*) AS open FROM invitations WHERE account_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND id <> $2";
    // The same id again is the same request, sent again after it was cut off.
    INSERT = "INSERT INTO invitations (id, account_id, email, role, token_hash, invited_by, created_at, sent_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) ON CONFLICT DO NOTHING";
    LIST = "SELECT id, email, role, invited_by, created_at, sent_at, expires_at FROM invitations \
        WHERE account_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL ORDER BY id DESC";
    ONE = "SELECT id, email, role, invited_by, created_at, sent_at, expires_at FROM invitations \
        WHERE account_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL";
    RENEW = "UPDATE invitations SET token_hash = $3, sent_at = $4, expires_at = $5 WHERE account_id = $1 AND id = $2";
    REVOKE = "UPDATE invitations SET revoked_at = $3 WHERE account_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL";
    BY_TOKEN = "SELECT i.id, i.account_id, i.email, i.role, i.invited_by, i.expires_at, a.name FROM invitations i \
        JOIN accounts a ON a.id = i.account_id AND a.closed_at IS NULL \
        WHERE i.token_hash = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2";
    USE_UP = "UPDATE invitations SET accepted_at = $2 WHERE id = $1 AND accepted_at IS NULL AND revoked_at IS NULL";
    EXPORT = "SELECT email, role, invited_by, created_at, sent_at, expires_at, accepted_at, revoked_at FROM invitations WHERE account_id = $1 ORDER BY id";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part {
    name: "invitations",
    sql: EXPORT,
    fields: &[
        ("email", Field::Text),
        ("role", Field::Text),
        ("invited_by", Field::Text),
        ("created_at", Field::Time),
        ("sent_at", Field::Time),
        ("expires_at", Field::Time),
        ("accepted_at", Field::Time),
        ("revoked_at", Field::Time),
    ],
};

/// An invitation that its link's holder may accept.
#[derive(Clone, Debug)]
pub struct Invited {
    pub id: InvitationId,
    pub account: AccountId,
    pub email: Email,
    pub shown: InvitationShown,
}

impl Invited {
    fn from_row(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        let (email, role): (Email, MemberRole) = (row.parse("email")?, row.word("role")?);
        let shown =
            InvitationShown { account: row.text("name")?, email: email.clone(), role, invited_by: row.text("invited_by")?, expires_at: row.at("expires_at")? };
        Ok(Self { id: row.parse("id")?, account: row.parse("account_id")?, email, shown })
    }
}

fn out(row: &sqlx::any::AnyRow, now: Timestamp) -> Result<InvitationOut, StoreError> {
    let expires_at = row.at("expires_at")?;
    Ok(InvitationOut {
        id: row.parse("id")?,
        email: row.parse("email")?,
        role: row.word("role")?,
        invited_by: row.text("invited_by")?,
        created_at: row.at("created_at")?,
        sent_at: row.at("sent_at")?,
        expires_at,
        expired: expires_at <= now,
    })
}

/// The mail of an invitation: what its link is made of, and where it leads.
pub struct Letter<'a> {
    pub token: &'a vivier_core::secret::Secret,
    pub public_url: &'a str,
}

impl Store {
    /// Invites `email`, and sends the mail. Whether anyone signs in with this address makes no difference to anything here.
    ///
    /// # Errors
    /// `Conflict` when the address is a member's or invited already, or too many are invited.
    pub async fn invite(&self, actor: &Actor, account: AccountId, email: &Email, role: MemberRole, letter: &Letter<'_>) -> Result<InvitationOut, StoreError> {
        let id = InvitationId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let mut tx = self.begin().await?;
        let now = tx.now();
        tx.lock_account(account).await?;
        tx.first_time(actor).await?;
        if tx.is_member(account, email).await? {
            return Err(StoreError::Conflict(format!("the address {email} is a member's of this account already")));
        }
        let open = sqlx::query(COUNT).bind(account.to_string()).bind(id.to_string()).fetch_one(tx.conn()).await?.count("open")?;
        if open >= MOST {
            return Err(StoreError::Conflict(format!("{MOST} invitations are open already; revoke one that nobody waits for")));
        }
        let expires_at = now.plus_seconds(LIFE_SECONDS);
        let done = sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(email.as_str())
            .bind(word(&role))
            .bind(token::digest(letter.token.expose()).to_vec())
            .bind(&actor.name)
            .bind(now.as_millis())
            .bind(expires_at.as_millis())
            .execute(tx.conn())
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Conflict(format!("the address {email} is invited already; send that invitation again, or revoke it first")));
        }
        tx.send_invitation(account, email, role, &actor.name, expires_at, letter).await?;
        tx.audit(actor, Some(account), "member.invite", &id.to_string(), serde_json::json!({ "role": role })).await?;
        tx.commit().await?;
        let invited_by = actor.name.clone();
        Ok(InvitationOut { id, email: email.clone(), role, invited_by, created_at: now, sent_at: now, expires_at, expired: false })
    }

    /// The account's open invitations, newest first; those that have expired are among them.
    pub async fn invitations(&self, account: AccountId) -> Result<Vec<InvitationOut>, StoreError> {
        let rows = sqlx::query(LIST).bind(account.to_string()).fetch_all(self.reader()).await?;
        rows.iter().map(|row| out(row, self.now())).collect()
    }

    /// Sends an invitation again, with another link: the one before works no more.
    pub async fn resend_invitation(&self, actor: &Actor, account: AccountId, id: InvitationId, letter: &Letter<'_>) -> Result<InvitationOut, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        tx.lock_account(account).await?;
        tx.first_time(actor).await?;
        let row = sqlx::query(ONE).bind(account.to_string()).bind(id.to_string()).fetch_optional(tx.conn()).await?;
        let before = out(&row.ok_or(StoreError::NotFound("invitation"))?, now)?;
        if now.millis_since(before.sent_at) < AGAIN_SECONDS * 1_000 {
            return Err(StoreError::Conflict("it was sent less than a minute ago; give the mail a moment to arrive".to_owned()));
        }
        let expires_at = now.plus_seconds(LIFE_SECONDS);
        sqlx::query(RENEW)
            .bind(account.to_string())
            .bind(id.to_string())
            .bind(token::digest(letter.token.expose()).to_vec())
            .bind(now.as_millis())
            .bind(expires_at.as_millis())
            .execute(tx.conn())
            .await?;
        tx.send_invitation(account, &before.email, before.role, &before.invited_by, expires_at, letter).await?;
        tx.audit(actor, Some(account), "member.invite_again", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await?;
        Ok(InvitationOut { sent_at: now, expires_at, expired: false, ..before })
    }

    /// Takes an invitation back: its link is worth nothing from now on.
    pub async fn revoke_invitation(&self, actor: &Actor, account: AccountId, id: InvitationId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        tx.lock_account(account).await?;
        let done = sqlx::query(REVOKE).bind(account.to_string()).bind(id.to_string()).bind(now).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("invitation"));
        }
        tx.audit(actor, Some(account), "member.invite_revoke", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }

    /// What a link's holder is told. `None`: it is unknown, used, revoked or too old, and which of these is nobody's business.
    pub async fn invitation(&self, token_hash: [u8; 32]) -> Result<Option<Invited>, StoreError> {
        let row = sqlx::query(BY_TOKEN).bind(token_hash.to_vec()).bind(self.now().as_millis()).fetch_optional(self.reader()).await?;
        row.map(|row| Invited::from_row(&row)).transpose()
    }

    /// Accepts an invitation as someone who is signed in, with the address that it was sent to.
    ///
    /// # Errors
    /// `NotFound("invitation")`; `Taken { field: "token" }` when it was sent to another address.
    pub async fn accept_invitation(&self, actor: &Actor, user: UserId, token_hash: [u8; 32]) -> Result<Membership, StoreError> {
        let invited = self.invitation(token_hash).await?.ok_or(StoreError::NotFound("invitation"))?;
        let mut tx = self.begin().await?;
        tx.lock_account(invited.account).await?;
        let email = tx.lock_user(user).await?;
        if email != invited.email {
            let message = format!("the invitation was sent to another address than yours, {email}; sign in with the one that its mail came to");
            return Err(StoreError::Taken { field: "token", message });
        }
        tx.join(&invited, user).await?;
        let actor = Actor { account: Some(invited.account), ..actor.clone() };
        tx.audit(&actor, Some(invited.account), "member.join", &user.to_string(), serde_json::json!({ "role": invited.shown.role })).await?;
        tx.commit().await?;
        self.membership(invited.account, user).await
    }

    /// Signs up with an invitation: the user that is made is a member of that account and owns none. The link came to their
    /// address, so the address is known to be theirs.
    ///
    /// # Errors
    /// `NotFound("invitation")`; `Taken { field: "email" }` when it was sent to another address, or the address has signed up already.
    pub async fn sign_up_invited(&self, new: &NewUser<'_>, token_hash: [u8; 32]) -> Result<(User, Membership), StoreError> {
        let Some(invited) = self.invitation(token_hash).await? else {
            // Accepted by this very request, before it was cut off.
            let there = self.user_by_email(new.email).await?.filter(|user| new.once.is_some_and(|once| UserId::from_uuid(once) == user.id));
            let user = there.ok_or(StoreError::NotFound("invitation"))?;
            let membership = self.memberships(user.id).await?.into_iter().next().ok_or(StoreError::NotFound("invitation"))?;
            return Ok((user, membership));
        };
        if *new.email != invited.email {
            return Err(StoreError::Taken { field: "email", message: "the invitation was sent to another address; sign up with that one".to_owned() });
        }
        let mut tx = self.begin().await?;
        tx.lock_account(invited.account).await?;
        let user = tx.insert_user(&NewUser { verified: true, setup: None, ..*new }, false).await?;
        tx.join(&invited, user.id).await?;
        let actor = Actor::user(invited.account, user.id, user.email.as_str());
        tx.audit(&actor, Some(invited.account), "member.join", &user.id.to_string(), serde_json::json!({ "role": invited.shown.role, "signed_up": true }))
            .await?;
        tx.commit().await?;
        let membership = self.membership(invited.account, user.id).await?;
        Ok((user, membership))
    }
}

impl Tx {
    /// Uses the invitation up. Behind the account's lock: of two who try, one gets in.
    async fn join(&mut self, invited: &Invited, user: UserId) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        let used = sqlx::query(USE_UP).bind(invited.id.to_string()).bind(now).execute(self.conn()).await?;
        if used.rows_affected() == 0 {
            return Err(StoreError::NotFound("invitation"));
        }
        if self.role_of(invited.account, user).await?.is_some() {
            return Err(StoreError::Conflict("you are a member of this account already".to_owned()));
        }
        self.insert_member(invited.account, user, invited.shown.role).await
    }

    async fn send_invitation(
        &mut self,
        account: AccountId,
        email: &Email,
        role: MemberRole,
        invited_by: &str,
        expires_at: Timestamp,
        letter: &Letter<'_>,
    ) -> Result<(), StoreError> {
        let name = self.account_name(account).await?;
        self.mail(Some(account), &mail::members::invitation(email, &name, role, invited_by, expires_at, letter)).await
    }
}
