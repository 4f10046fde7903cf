//! What a sign-in has begun and waits for the browser to go on with: the second factor, a passkey's answer, the way back from an
//! identity provider. The browser holds a random token, the store its SHA-256 and, sealed, what must be remembered. Each goes on once.

use vivier_core::id::UserId;
use vivier_core::time::Timestamp;
use zeroize::Zeroizing;

use super::{Columns as _, Store, StoreError, Tx, statements};
use crate::vault;

statements! {
    BEGIN = "INSERT INTO sign_in_steps (token_hash, kind, user_id, state, expires_at) VALUES ($1, $2, $3, $4, $5)";
    TAKE = "DELETE FROM sign_in_steps WHERE token_hash = $1 AND kind = $2 AND expires_at > $3 RETURNING user_id, state";
    TRY = "UPDATE sign_in_steps SET tries = tries + 1 WHERE token_hash = $1 AND kind = 'second' AND expires_at > $2 AND tries < $3 RETURNING user_id";
    LOOK = "SELECT user_id FROM sign_in_steps WHERE token_hash = $1 AND kind = 'second' AND expires_at > $2 AND tries < $3";
    END = "DELETE FROM sign_in_steps WHERE token_hash = $1 AND kind = 'second'";
    END_OF_USER = "DELETE FROM sign_in_steps WHERE user_id = $1";
    PRUNE = "DELETE FROM sign_in_steps WHERE expires_at <= $1";
}

/// Second factors that may be tried after one first step.
pub const MOST_TRIES: i64 = 5;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    Second,
    AddPasskey,
    UsePasskey,
    Oidc,
}

impl StepKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::AddPasskey => "add_passkey",
            Self::UsePasskey => "use_passkey",
            Self::Oidc => "oidc",
        }
    }

    /// How long it may take, in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Second | Self::AddPasskey | Self::UsePasskey => 300,
            Self::Oidc => 900,
        }
    }
}

/// A step that goes on.
#[derive(Debug)]
pub struct Step {
    pub user: Option<UserId>,
    pub state: Zeroizing<Vec<u8>>,
}

fn place(kind: StepKind, token_hash: &[u8; 32]) -> String {
    format!("sign-in step\n{}\n{}", kind.as_str(), hex::encode(token_hash))
}

impl Store {
    /// Remembers what was begun. Returns until when it can go on.
    pub async fn begin_step(&self, kind: StepKind, token_hash: [u8; 32], user: Option<UserId>, state: &[u8]) -> Result<Timestamp, StoreError> {
        let sealed = vault::seal_platform(&*self.platform_key().await?, &place(kind, &token_hash), state)?;
        let mut tx = self.begin().await?;
        let expires_at = tx.now().plus_seconds(kind.seconds());
        sqlx::query(BEGIN)
            .bind(token_hash.to_vec())
            .bind(kind.as_str())
            .bind(user.map(|id| id.to_string()))
            .bind(sealed)
            .bind(expires_at.as_millis())
            .execute(tx.conn())
            .await?;
        tx.commit_quietly().await?;
        Ok(expires_at)
    }

    /// Goes on: of several who try, one gets it.
    pub async fn take_step(&self, kind: StepKind, token_hash: [u8; 32]) -> Result<Option<Step>, StoreError> {
        let key = self.platform_key().await?;
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let row = sqlx::query(TAKE).bind(token_hash.to_vec()).bind(kind.as_str()).bind(now).fetch_optional(tx.conn()).await?;
        tx.commit_quietly().await?;
        let Some(row) = row else { return Ok(None) };
        let state = vault::open_platform(&key, &place(kind, &token_hash), &row.blob("state")?)?;
        Ok(Some(Step { user: row.parse_opt("user_id")?, state }))
    }

    /// Who waits to give a second factor, while they may.
    pub async fn second_step_of(&self, token_hash: [u8; 32]) -> Result<Option<UserId>, StoreError> {
        let row = sqlx::query(LOOK).bind(token_hash.to_vec()).bind(self.now().as_millis()).bind(MOST_TRIES).fetch_optional(self.reader()).await?;
        row.map(|row| row.parse("user_id")).transpose()
    }

    /// The second factor was given another way than by a code.
    pub async fn end_second_step(&self, token_hash: [u8; 32]) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(END).bind(token_hash.to_vec()).execute(tx.conn()).await?;
        tx.commit_quietly().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Forgets steps whose time is over.
    pub async fn prune_steps(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        sqlx::query(PRUNE).bind(now).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    /// Counts a try of a second factor. `None`: there is no such step, or it was tried too often.
    pub(super) async fn try_second_step(&mut self, token_hash: [u8; 32]) -> Result<Option<UserId>, StoreError> {
        let now = self.now().as_millis();
        let row = sqlx::query(TRY).bind(token_hash.to_vec()).bind(now).bind(MOST_TRIES).fetch_optional(self.conn()).await?;
        row.map(|row| row.parse("user_id")).transpose()
    }

    pub(super) async fn end_second(&mut self, token_hash: [u8; 32]) -> Result<(), StoreError> {
        sqlx::query(END).bind(token_hash.to_vec()).execute(self.conn()).await?;
        Ok(())
    }

    /// What someone has begun ends with what it was begun on: a password that is not theirs any more, say.
    pub(super) async fn end_steps(&mut self, user: UserId) -> Result<(), StoreError> {
        sqlx::query(END_OF_USER).bind(user.to_string()).execute(self.conn()).await?;
        Ok(())
    }
}
