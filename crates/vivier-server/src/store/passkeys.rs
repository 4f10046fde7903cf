//! Passkeys: public keys of authenticators, by the ids that those give them.

use std::net::IpAddr;

use sqlx::any::AnyRow;
use vivier_core::id::{PasskeyId, UserId};
use vivier_core::name::DisplayName;
use vivier_core::wire::security::PasskeyOut;
use webauthn_rs::prelude::Passkey;

use super::{Actor, Columns as _, Store, StoreError, json, new_uuid, statements};
use crate::mail::Mail;

/// Passkeys that one user may have.
pub const MOST: usize = 20;

statements! {
    INSERT = "INSERT INTO passkeys (id, user_id, name, credential_id, credential, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    LIST = "SELECT id, name, credential, created_at, last_used_at FROM passkeys WHERE user_id = $1 ORDER BY id";
    FIND = "SELECT user_id, credential FROM passkeys WHERE credential_id = $1";
    USED = "UPDATE passkeys SET credential = $3, last_used_at = $4 WHERE credential_id = $1 AND user_id = $2";
    REMOVE = "DELETE FROM passkeys WHERE id = $1 AND user_id = $2";
}

impl Store {
    /// The user's passkeys, oldest first.
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<(PasskeyOut, Passkey)>, StoreError> {
        let rows = sqlx::query(LIST).bind(user.to_string()).fetch_all(self.reader()).await?;
        rows.iter().map(|row| Ok((out(row)?, row.json("credential")?))).collect()
    }

    /// Whose passkey it is.
    pub async fn passkey(&self, credential_id: &[u8]) -> Result<Option<(UserId, Passkey)>, StoreError> {
        let row = sqlx::query(FIND).bind(credential_id.to_vec()).fetch_optional(self.reader()).await?;
        row.map(|row| Ok((row.parse("user_id")?, row.json("credential")?))).transpose()
    }

    /// Adds a passkey, with recovery codes when there are none yet. Returns whether those were kept.
    ///
    /// # Errors
    /// `Conflict` when the authenticator is known already, or there are too many.
    pub async fn add_passkey(
        &self,
        actor: &Actor,
        user: UserId,
        name: &DisplayName,
        passkey: &Passkey,
        codes: &[[u8; 32]],
        tell: &Mail,
    ) -> Result<(PasskeyOut, bool), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        let now = tx.now();
        if sqlx::query(LIST).bind(user.to_string()).fetch_all(tx.conn()).await?.len() >= MOST {
            return Err(StoreError::Conflict(format!("there are {MOST} passkeys already; remove one first")));
        }
        let made = PasskeyOut { id: PasskeyId::from_uuid(new_uuid()), name: name.clone(), created_at: now, last_used_at: None };
        let written = sqlx::query(INSERT)
            .bind(made.id.to_string())
            .bind(user.to_string())
            .bind(name.as_str())
            .bind(passkey.cred_id().as_slice().to_vec())
            .bind(json(passkey))
            .bind(now.as_millis())
            .execute(tx.conn())
            .await;
        match written {
            Ok(_) => {}
            Err(error) if StoreError::is_unique_violation(&error) => {
                return Err(StoreError::Conflict("this passkey is registered already".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        let kept = tx.first_codes(user, codes).await?;
        tx.mail(actor.account, tell).await?;
        tx.audit(actor, actor.account, "user.passkey_added", &made.id.to_string(), serde_json::json!({ "name": name })).await?;
        tx.commit_quietly().await?;
        Ok((made, kept))
    }

    /// A passkey has signed somebody in: its counter is kept.
    pub async fn used_passkey(&self, user: UserId, passkey: &Passkey, from: Option<IpAddr>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let done =
            sqlx::query(USED).bind(passkey.cred_id().as_slice().to_vec()).bind(user.to_string()).bind(json(passkey)).bind(now).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("passkey"));
        }
        tx.audit_user(user, from, "user.passkey_used", serde_json::json!({})).await?;
        tx.commit_quietly().await
    }

    /// Removes a passkey. Without any other second factor, the recovery codes go with it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it is the last way to sign in.
    pub async fn remove_passkey(&self, actor: &Actor, user: UserId, id: PasskeyId, tell: &Mail) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        let done = sqlx::query(REMOVE).bind(id.to_string()).bind(user.to_string()).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("passkey"));
        }
        tx.keeps_a_way_in(user).await?;
        tx.drop_codes_of_nothing(user).await?;
        tx.mail(actor.account, tell).await?;
        tx.audit(actor, actor.account, "user.passkey_removed", &id.to_string(), serde_json::json!({})).await?;
        tx.commit_quietly().await
    }
}

fn out(row: &AnyRow) -> Result<PasskeyOut, StoreError> {
    Ok(PasskeyOut { id: row.parse("id")?, name: row.parse("name")?, created_at: row.at("created_at")?, last_used_at: row.at_opt("last_used_at")? })
}
