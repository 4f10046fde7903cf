//! Second factors: an authenticator app, recovery codes, and whether one is asked for.

use std::net::IpAddr;

use vivier_core::id::UserId;
use vivier_core::time::Timestamp;
use zeroize::Zeroizing;

use super::{Actor, Columns as _, Store, StoreError, Tx, int, statements};
use crate::auth::{recovery, totp};
use crate::keys::Owner;
use crate::mail::Mail;
use crate::vault::{self, VaultError};

statements! {
    /// A new secret takes the place of one that was never confirmed, and of no other.
    ENROL = "INSERT INTO authenticators (user_id, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO UPDATE \
        SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0 WHERE authenticators.confirmed_at IS NULL";
    APP = "SELECT secret, confirmed_at, last_step FROM authenticators WHERE user_id = $1";
    CONFIRM = "UPDATE authenticators SET confirmed_at = $2 WHERE user_id = $1 AND confirmed_at IS NULL";
    /// A code is taken once: its step moves on, whoever tries at the same time.
    STEP = "UPDATE authenticators SET last_step = $2 WHERE user_id = $1 AND last_step < $2";
    DROP_APP = "DELETE FROM authenticators WHERE user_id = $1";
    SET_CODE = "INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)";
    USE_CODE = "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2";
    DROP_CODES = "DELETE FROM recovery_codes WHERE user_id = $1";
    FACTORS = "SELECT (SELECT confirmed_at FROM authenticators WHERE user_id = $1) AS app, \
        (SELECT COUNT(*) FROM passkeys WHERE user_id = $1) AS passkeys, (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1) AS codes";
}

/// What someone can show as a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// Since when the authenticator app counts.
    pub app_since: Option<Timestamp>,
    pub passkeys: u64,
    pub codes: u64,
}

impl Factors {
    /// Whether a password alone does not sign in: who has set up an app or a passkey is asked for it.
    pub const fn asked(&self) -> bool {
        self.app_since.is_some() || self.passkeys > 0
    }
}

/// A code that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    App,
    Recovery,
}

impl Taken {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Recovery => "recovery_code",
        }
    }
}

/// What came of a second step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    Passed(UserId),
    Wrong,
    /// There is no such step, or it was tried too often: begin again.
    Gone,
}

/// What the sealed secret is bound to.
fn place(user: UserId) -> String {
    format!("authenticator\n{user}")
}

impl Store {
    pub async fn factors(&self, user: UserId) -> Result<Factors, StoreError> {
        let row = sqlx::query(FACTORS).bind(user.to_string()).fetch_one(self.reader()).await?;
        Ok(Factors { app_since: row.at_opt("app")?, passkeys: row.count("passkeys")?, codes: row.count("codes")? })
    }

    /// Keeps the secret of an app that is being set up.
    ///
    /// # Errors
    /// `Conflict` when one is set up already.
    pub async fn enrol_app(&self, actor: &Actor, user: UserId, secret: &[u8]) -> Result<(), StoreError> {
        let sealed = vault::seal_platform(&*self.platform_key().await?, &place(user), secret)?;
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        let now = tx.now().as_millis();
        let done = sqlx::query(ENROL).bind(user.to_string()).bind(sealed).bind(now).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Conflict("an authenticator app is set up already; turn it off first".to_owned()));
        }
        tx.audit(actor, actor.account, "user.app_enrolled", &user.to_string(), serde_json::json!({})).await?;
        tx.commit_quietly().await
    }

    /// A first code shows that the app works: from now on it is asked for. `codes` are the recovery codes that come with it, when there
    /// are none yet; `tell` is the mail that says so. Returns whether the code was right, and whether the recovery codes were kept.
    ///
    /// # Errors
    /// `NotFound` when no app is being set up.
    pub async fn confirm_app(&self, actor: &Actor, user: UserId, code: &str, codes: &[[u8; 32]], tell: &Mail) -> Result<Option<bool>, StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        let Some((secret, confirmed, last_step)) = tx.app(user).await? else { return Err(StoreError::NotFound("authenticator app")) };
        if confirmed {
            return Err(StoreError::Conflict("the authenticator app is set up already".to_owned()));
        }
        let now = tx.now();
        let Some(step) = totp::matching_step(&secret, code, now).filter(|step| int(*step) > last_step) else { return Ok(None) };
        sqlx::query(STEP).bind(user.to_string()).bind(int(step)).execute(tx.conn()).await?;
        sqlx::query(CONFIRM).bind(user.to_string()).bind(now.as_millis()).execute(tx.conn()).await?;
        let kept = tx.first_codes(user, codes).await?;
        tx.mail(actor.account, tell).await?;
        tx.audit(actor, actor.account, "user.app_on", &user.to_string(), serde_json::json!({})).await?;
        tx.commit_quietly().await?;
        Ok(Some(kept))
    }

    /// The app is not asked for any more. Without any other second factor, the recovery codes go with it.
    pub async fn drop_app(&self, actor: &Actor, user: UserId, tell: &Mail) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        let done = sqlx::query(DROP_APP).bind(user.to_string()).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("authenticator app"));
        }
        tx.drop_codes_of_nothing(user).await?;
        tx.mail(actor.account, tell).await?;
        tx.audit(actor, actor.account, "user.app_off", &user.to_string(), serde_json::json!({})).await?;
        tx.commit_quietly().await
    }

    /// New recovery codes in place of the old ones.
    pub async fn set_codes(&self, actor: &Actor, user: UserId, codes: &[[u8; 32]], tell: &Mail) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        sqlx::query(DROP_CODES).bind(user.to_string()).execute(tx.conn()).await?;
        tx.insert_codes(user, codes).await?;
        tx.mail(actor.account, tell).await?;
        tx.audit(actor, actor.account, "user.recovery_codes", &user.to_string(), serde_json::json!({})).await?;
        tx.commit_quietly().await
    }

    /// Uses a code up, if it is right: for whoever is signed in and must show it again.
    pub async fn take_code(&self, user: UserId, code: &str) -> Result<Option<Taken>, StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_user(user).await?;
        let taken = tx.take_code(user, code).await?;
        tx.commit_quietly().await?;
        Ok(taken)
    }

    /// The second step of a sign-in: counts the try, and takes the code if it is right.
    pub async fn second_step(&self, token_hash: [u8; 32], code: &str, from: Option<IpAddr>) -> Result<Second, StoreError> {
        let mut tx = self.begin().await?;
        let Some(user) = tx.try_second_step(token_hash).await? else { return Ok(Second::Gone) };
        tx.lock_user(user).await?;
        let taken = tx.take_code(user, code).await?;
        let result = match taken {
            Some(taken) => {
                tx.end_second(token_hash).await?;
                tx.audit_user(user, from, "user.second_step", serde_json::json!({ "by": taken.as_str() })).await?;
                Second::Passed(user)
            }
            None => {
                tx.audit_user(user, from, "user.second_step_refused", serde_json::json!({})).await?;
                Second::Wrong
            }
        };
        // The try counts, right or wrong.
        tx.commit_quietly().await?;
        Ok(result)
    }
}

impl Tx {
    async fn app(&mut self, user: UserId) -> Result<Option<(Zeroizing<Vec<u8>>, bool, i64)>, StoreError> {
        let row = sqlx::query(APP).bind(user.to_string()).fetch_optional(self.conn()).await?;
        let Some(row) = row else { return Ok(None) };
        let key = self.vault.known(Owner::Platform).ok_or(VaultError::Open)?;
        let secret = vault::open_platform(&key, &place(user), &row.blob("secret")?)?;
        Ok(Some((secret, row.int_opt("confirmed_at")?.is_some(), row.int("last_step")?)))
    }

    /// Takes a code of the app or a recovery code, once.
    async fn take_code(&mut self, user: UserId, code: &str) -> Result<Option<Taken>, StoreError> {
        let now = self.now();
        if let Some((secret, true, _)) = self.app(user).await?
            && let Some(step) = totp::matching_step(&secret, code, now)
        {
            let done = sqlx::query(STEP).bind(user.to_string()).bind(int(step)).execute(self.conn()).await?;
            return Ok((done.rows_affected() == 1).then_some(Taken::App));
        }
        let Some(digest) = recovery::digest(code) else { return Ok(None) };
        let done = sqlx::query(USE_CODE).bind(user.to_string()).bind(digest.to_vec()).execute(self.conn()).await?;
        Ok((done.rows_affected() == 1).then_some(Taken::Recovery))
    }

    /// Recovery codes with the first second factor. Returns whether there were none before.
    pub(super) async fn first_codes(&mut self, user: UserId, codes: &[[u8; 32]]) -> Result<bool, StoreError> {
        let row = sqlx::query(FACTORS).bind(user.to_string()).fetch_one(self.conn()).await?;
        if row.count("codes")? > 0 {
            return Ok(false);
        }
        self.insert_codes(user, codes).await?;
        Ok(true)
    }

    async fn insert_codes(&mut self, user: UserId, codes: &[[u8; 32]]) -> Result<(), StoreError> {
        for code in codes {
            sqlx::query(SET_CODE).bind(user.to_string()).bind(code.to_vec()).execute(self.conn()).await?;
        }
        Ok(())
    }

    /// Recovery codes stand in for a second factor: without one they are worth nothing, and go.
    pub(super) async fn drop_codes_of_nothing(&mut self, user: UserId) -> Result<(), StoreError> {
        let row = sqlx::query(FACTORS).bind(user.to_string()).fetch_one(self.conn()).await?;
        if row.int_opt("app")?.is_none() && row.count("passkeys")? == 0 {
            sqlx::query(DROP_CODES).bind(user.to_string()).execute(self.conn()).await?;
        }
        Ok(())
    }
}
