//! API tokens of programs. Only the SHA-256 of a token is kept.

use vivier_core::id::{AccountId, TokenId, UserId};
use vivier_core::name::{DisplayName, Email};
use vivier_core::quota::QuotaKind;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::{MemberRole, TokenOut, TokenScope};

use super::export::{Field, Part};
use super::{Actor, Columns as _, Store, StoreError, new_uuid, statements};

/// A token's last use is written at most this often, in milliseconds: the time is coarse, and reading stays reading.
const TOUCH_MILLIS: i64 = 600_000;

statements! {
    COUNT = "SELECT COUNT(*) AS tokens FROM api_tokens WHERE account_id = $1 AND revoked_at IS NULL AND id <> $2";
    // The same id again is the same request, sent again after it was cut off: its text was never shown.
    INSERT = "INSERT INTO api_tokens (id, account_id, name, token_hash, hint, scopes, created_at, expires_at, user_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
        ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, hint = excluded.hint";
    LIST = "SELECT t.id, t.name, t.hint, t.scopes, t.created_at, t.expires_at, t.last_used_at, u.email FROM api_tokens t JOIN users u ON u.id = t.user_id \
        WHERE t.account_id = $1 AND ($2 = '' OR t.user_id = $2) AND t.revoked_at IS NULL ORDER BY t.id DESC";
    /// Only while its maker is a member; and what they may do now is what it may do at most.
    FIND = "SELECT t.id, t.account_id, t.user_id, t.scopes, t.expires_at, t.last_used_at, u.email, u.operator, m.role \
        FROM api_tokens t JOIN users u ON u.id = t.user_id JOIN accounts a ON a.id = t.account_id AND a.closed_at IS NULL \
        JOIN members m ON m.account_id = t.account_id AND m.user_id = t.user_id \
        WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)";
    LIVES = "SELECT id FROM api_tokens WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
    TOUCH = "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1";
    REVOKE = "UPDATE api_tokens SET revoked_at = $3 WHERE id = $1 AND account_id = $2 AND ($4 = '' OR user_id = $4) AND revoked_at IS NULL";
    EXPORT = "SELECT t.id, t.name, t.hint, t.scopes, u.email AS made_by, t.created_at, t.expires_at, t.last_used_at, t.revoked_at FROM api_tokens t JOIN users u ON u.id = t.user_id \
        WHERE t.account_id = $1 ORDER BY t.id";
}

/// What of it the account's owner takes away.
pub(super) const PART: Part = Part {
    name: "tokens",
    sql: EXPORT,
    fields: &[
        ("id", Field::Text),
        ("name", Field::Text),
        ("hint", Field::Text),
        ("scopes", Field::Text),
        ("made_by", Field::Text),
        ("created_at", Field::Time),
        ("expires_at", Field::Time),
        ("last_used_at", Field::Time),
        ("revoked_at", Field::Time),
    ],
};

/// A token that is valid, with its account and what its maker may do there.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: TokenId,
    pub account: AccountId,
    pub user: UserId,
    pub email: Email,
    pub role: MemberRole,
    pub operator: bool,
    pub scopes: Vec<TokenScope>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// A token to make.
pub struct NewApiToken<'a> {
    pub name: &'a DisplayName,
    pub token_hash: [u8; 32],
    /// Its first characters.
    pub hint: &'a str,
    pub scopes: &'a [TokenScope],
    pub expires_in_days: Option<u16>,
}

fn scopes(text: &str) -> Result<Vec<TokenScope>, StoreError> {
    let find = |word: &str| TokenScope::ALL.into_iter().find(|scope| scope.as_str() == word);
    text.split_whitespace().map(|word| find(word).ok_or_else(|| StoreError::Corrupt(format!("scopes: {word}")))).collect()
}

impl Store {
    /// Makes a token of `account`, by `maker`.
    pub async fn create_token(&self, actor: &Actor, account: AccountId, maker: UserId, new: &NewApiToken<'_>) -> Result<TokenOut, StoreError> {
        let NewApiToken { name, token_hash, hint, scopes, expires_in_days } = new;
        let id = TokenId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let mut tx = self.begin().await?;
        let now = tx.now();
        tx.lock_account(account).await?;
        let made_by = tx.lock_user(maker).await?;
        let there = sqlx::query(COUNT).bind(account.to_string()).bind(id.to_string()).fetch_one(tx.conn()).await?.count("tokens")?;
        tx.within(account, QuotaKind::Tokens, there, None).await?;
        let expires_at = expires_in_days.map(|days| now.plus_seconds(i64::from(days) * 86_400));
        let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(name.as_str())
            .bind(token_hash.to_vec())
            .bind(*hint)
            .bind(words.join(" "))
            .bind(now.as_millis())
            .bind(expires_at.map(Timestamp::as_millis))
            .bind(maker.to_string())
            .execute(tx.conn())
            .await?;
        // Its own id names the audit row: the token is what a repetition replaces.
        let plain = Actor { once: None, ..actor.clone() };
        tx.audit(&plain, Some(account), "token.create", &id.to_string(), serde_json::json!({ "scopes": words })).await?;
        tx.commit_quietly().await?;
        let (name, hint, scopes) = (name.to_string(), (*hint).to_owned(), scopes.to_vec());
        Ok(TokenOut { id, name, scopes, hint, made_by, created_at: now, expires_at, last_used_at: None })
    }

    /// The account's tokens, newest first; only those of `maker`, when one is named.
    pub async fn tokens(&self, account: AccountId, maker: Option<UserId>) -> Result<Vec<TokenOut>, StoreError> {
        let maker = maker.map(|id| id.to_string()).unwrap_or_default();
        let rows = sqlx::query(LIST).bind(account.to_string()).bind(maker).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(TokenOut {
                    id: row.parse("id")?,
                    name: row.text("name")?,
                    scopes: scopes(&row.text("scopes")?)?,
                    hint: row.text("hint")?,
                    made_by: row.parse("email")?,
                    created_at: row.at("created_at")?,
                    expires_at: row.at_opt("expires_at")?,
                    last_used_at: row.at_opt("last_used_at")?,
                })
            })
            .collect()
    }

    /// The token with this digest, while it is valid.
    pub async fn token(&self, token_hash: [u8; 32]) -> Result<Option<Token>, StoreError> {
        let row = sqlx::query(FIND).bind(token_hash.to_vec()).bind(self.now().as_millis()).fetch_optional(self.reader()).await?;
        row.map(|row| {
            Ok(Token {
                id: row.parse("id")?,
                account: row.parse("account_id")?,
                user: row.parse("user_id")?,
                email: row.parse("email")?,
                role: row.word("role")?,
                operator: row.flag("operator")?,
                scopes: scopes(&row.text("scopes")?)?,
                expires_at: row.at_opt("expires_at")?,
                last_used_at: row.at_opt("last_used_at")?,
            })
        })
        .transpose()
    }

    pub async fn token_lives(&self, id: TokenId) -> Result<bool, StoreError> {
        Ok(sqlx::query(LIVES).bind(id.to_string()).bind(self.now().as_millis()).fetch_optional(self.reader()).await?.is_some())
    }

    /// Notes that a token was used, now and then.
    pub async fn touch_token(&self, token: &Token) -> Result<(), StoreError> {
        let now = self.now();
        if token.last_used_at.is_some_and(|last| now.millis_since(last) < TOUCH_MILLIS) {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        sqlx::query(TOUCH).bind(token.id.to_string()).bind(now.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }

    /// Takes a token back, and ends what was opened with its links. `maker`: only if they have made it.
    pub async fn revoke_token(&self, actor: &Actor, account: AccountId, maker: Option<UserId>, id: TokenId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let done = sqlx::query(REVOKE).bind(id.to_string()).bind(account.to_string()).bind(now).bind(maker.map(|id| id.to_string()).unwrap_or_default());
        if done.execute(tx.conn()).await?.rows_affected() == 0 {
            return Err(StoreError::NotFound("token"));
        }
        tx.end_sessions_of_token(id).await?;
        tx.audit(actor, Some(account), "token.revoke", &id.to_string(), serde_json::json!({})).await?;
        tx.commit().await
    }
}
