//! The credits ledger: what was granted, what was taken for invoices, what was given back. Rows are only ever added; the database
//! refuses anything else. A balance is derived from them at every reading.
//!
//! Whoever writes holds the account's lock first, so that two invoices at the same time never take the same credits. Call these
//! before any lock on a deployment.

use sqlx::any::AnyRow;
use vivier_core::credits::{CreditSource, Credits, Purse, balance, draw};
use vivier_core::id::{AccountId, CreditId, RedemptionId};
use vivier_core::time::Timestamp;
use vivier_core::wire::credits::{CreditEntryKind, CreditEntryOut, CreditGrantOut};

use super::{Actor, Columns as _, Store, StoreError, Tx, int, new_uuid, statements};

statements! {
    GRANT = "INSERT INTO credits_ledger (id, account_id, source, amount, created_at, expires_at, metadata, once) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    GRANTED_FOR = "SELECT account_id, amount FROM credits_ledger WHERE once = $1";
    /// Sums come back as NUMERIC from PostgreSQL unless they are cast.
    GRANTS = "SELECT g.id, g.source, g.amount, g.created_at, g.expires_at, g.metadata, \
        CAST((SELECT COALESCE(SUM(r.amount), 0) FROM credits_redemptions r WHERE r.grant_id = g.id) AS BIGINT) AS taken \
        FROM credits_ledger g WHERE g.account_id = $1 ORDER BY g.id";
    REDEEM = "INSERT INTO credits_redemptions (id, account_id, grant_id, amount, applied_to_invoice_id, created_at, metadata, once) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ON_INVOICE = "SELECT account_id, grant_id, CAST(SUM(amount) AS BIGINT) AS taken, COUNT(*) AS lines FROM credits_redemptions \
        WHERE applied_to_invoice_id = $1 GROUP BY account_id, grant_id ORDER BY grant_id";
    INVOICE_ACCOUNT = "SELECT account_id FROM credits_redemptions WHERE applied_to_invoice_id = $1 LIMIT 1";
    /// A page of both tables in one order. `$2`, `$3`: the place of the last line of the page before.
    HISTORY = "SELECT * FROM ( \
            SELECT id, created_at, amount, source, expires_at, NULL AS invoice, NULL AS grant_id FROM credits_ledger WHERE account_id = $1 \
            UNION ALL \
            SELECT id, created_at, amount, NULL AS source, NULL AS expires_at, applied_to_invoice_id AS invoice, grant_id \
                FROM credits_redemptions WHERE account_id = $1 \
        ) AS lines WHERE created_at < $2 OR (created_at = $2 AND id < $3) ORDER BY created_at DESC, id DESC LIMIT $4";
    TOTALS = "SELECT CAST(COALESCE(SUM(g.amount), 0) AS BIGINT) AS granted, CAST(COALESCE(SUM(r.taken), 0) AS BIGINT) AS taken, \
        CAST(COALESCE(SUM(CASE WHEN g.expires_at <= $1 THEN g.amount - COALESCE(r.taken, 0) ELSE 0 END), 0) AS BIGINT) AS expired, \
        COUNT(CASE WHEN COALESCE(r.taken, 0) < 0 OR COALESCE(r.taken, 0) > g.amount THEN 1 END) AS wrong \
        FROM credits_ledger g LEFT JOIN (SELECT grant_id, SUM(amount) AS taken FROM credits_redemptions GROUP BY grant_id) r ON r.grant_id = g.id";
}

/// A grant to make.
#[derive(Clone, Debug)]
pub struct NewGrant<'a> {
    pub account: AccountId,
    pub source: CreditSource,
    pub amount: Credits,
    /// `None`: it does not end.
    pub expires_at: Option<Timestamp>,
    /// Names the occasion, such as `trial/acc_…`: each grants once, however often it is asked for.
    pub once: &'a str,
    /// What the account's people are told beside it.
    pub note: Option<&'a str>,
}

/// What is in an account's ledger, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    pub balance: Credits,
    pub granted: Credits,
    /// Taken for invoices, without what was given back.
    pub redeemed: Credits,
    /// What ended before it was taken.
    pub expired: Credits,
    /// Of which something is left and which have not ended, soonest ending first.
    pub grants: Vec<CreditGrantOut>,
}

/// The sums of all accounts' ledgers: `granted` is what lives, was redeemed or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    pub granted: Credits,
    pub redeemed: Credits,
    pub expired: Credits,
    pub outstanding: Credits,
    /// Grants of which more was taken than there was, or more given back than was taken: there are none unless someone wrote
    /// into the database.
    pub wrong: u64,
}

/// The last line of a page of the history: what the next one begins after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub at: Timestamp,
    pub id: String,
}

impl Store {
    /// What an account has, derived from every line of its ledger.
    pub async fn credits(&self, account: AccountId) -> Result<Ledger, StoreError> {
        let rows = sqlx::query(GRANTS).bind(account.to_string()).fetch_all(self.reader()).await?;
        ledger(&rows, self.now())
    }

    /// What an account can redeem now.
    pub async fn credits_balance(&self, account: AccountId) -> Result<Credits, StoreError> {
        Ok(self.credits(account).await?.balance)
    }

    /// One page of an account's ledger, newest first: at most 200 lines, and where the next page begins.
    pub async fn credits_history(&self, account: AccountId, after: Option<Place>, limit: u32) -> Result<(Vec<CreditEntryOut>, Option<Place>), StoreError> {
        let limit = limit.clamp(1, 200);
        let Place { at, id } = after.unwrap_or_else(|| Place { at: Timestamp::from_millis(i64::MAX), id: String::new() });
        let query = sqlx::query(HISTORY).bind(account.to_string()).bind(at.as_millis()).bind(id).bind(i64::from(limit) + 1);
        let rows = query.fetch_all(self.reader()).await?;
        let mut page = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let more = page.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        if more {
            page.pop();
        }
        let next = page.last().filter(|_| more).map(|last| Place { at: last.at, id: last.id.clone() });
        Ok((page, next))
    }

    /// The sums of all accounts, for whoever compares the books.
    pub async fn credits_totals(&self) -> Result<Totals, StoreError> {
        let row = sqlx::query(TOTALS).bind(self.now().as_millis()).fetch_one(self.reader()).await?;
        let (granted, redeemed) = (Credits::new(row.count("granted")?), Credits::new(row.count("taken")?));
        let expired = Credits::new(row.count("expired")?);
        Ok(Totals { granted, redeemed, expired, outstanding: granted.less(redeemed).less(expired), wrong: row.count("wrong")? })
    }

    /// An operator's gift. Unlike Vivier's own grants it is not cut to what fits: it is given whole, or not at all.
    pub async fn give_credits(
        &self,
        actor: &Actor,
        account: AccountId,
        amount: Credits,
        expires_in_days: Option<u16>,
        note: &str,
    ) -> Result<Ledger, StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_account(account).await?;
        tx.first_time(actor).await?;
        let expires_at = expires_in_days.map(|days| tx.now().plus_seconds(i64::from(days) * 86_400));
        let once = format!("operator/{}", actor.once.unwrap_or_else(new_uuid));
        let given = tx.grant(actor, &NewGrant { account, source: CreditSource::Operator, amount, expires_at, once: &once, note: Some(note) }).await?;
        if given < amount {
            let most = tx.terms().credits.most;
            let has = most.less(given).count();
            let message = format!("the account has {has} of at most {most}; {given} can be given");
            return Err(StoreError::Conflict(message));
        }
        let rows = sqlx::query(GRANTS).bind(account.to_string()).fetch_all(tx.conn()).await?;
        let now = tx.now();
        tx.commit().await?;
        metrics::counter!("vivier_credits_granted_total", "source" => CreditSource::Operator.as_str()).increment(amount.count());
        ledger(&rows, now)
    }
}

impl Tx {
    /// Grants credits, cut to what the account may still have. Returns what was granted: nothing when it has all that it may, and for an
    /// occasion that has granted already, what it granted then.
    pub async fn grant(&mut self, actor: &Actor, new: &NewGrant<'_>) -> Result<Credits, StoreError> {
        let NewGrant { account, source, amount, expires_at, once, note } = new;
        self.lock_account(*account).await?;
        if let Some(row) = sqlx::query(GRANTED_FOR).bind(*once).fetch_optional(self.conn()).await? {
            let before: AccountId = row.parse("account_id")?;
            return if before == *account {
                Ok(Credits::new(row.count("amount")?))
            } else {
                Err(StoreError::Corrupt(format!("`{once}` is another account's")))
            };
        }
        let now = self.now();
        let rows = sqlx::query(GRANTS).bind(account.to_string()).fetch_all(self.conn()).await?;
        let room = self.terms().credits.most.less(ledger(&rows, now)?.balance);
        let granted = (*amount).min(room).min(Credits::MOST);
        if granted.is_zero() || expires_at.is_some_and(|end| end <= now) {
            return Ok(Credits::ZERO);
        }
        let id = CreditId::from_uuid(new_uuid());
        let metadata = serde_json::json!({ "by": actor.name, "note": note, "asked": amount });
        sqlx::query(GRANT)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(source.as_str())
            .bind(int(granted.count()))
            .bind(now.as_millis())
            .bind(expires_at.map(Timestamp::as_millis))
            .bind(metadata.to_string())
            .bind(*once)
            .execute(self.conn())
            .await?;
        let detail = serde_json::json!({ "source": source, "amount": granted, "expires_at": expires_at });
        let plain = Actor { once: None, ..actor.clone() };
        let named = if *source == CreditSource::Operator { actor } else { &plain };
        self.audit(named, Some(*account), "credits.grant", &id.to_string(), detail).await?;
        Ok(granted)
    }

    /// Takes at most `most` for an invoice, soonest ending first, and returns how much was taken. Asked again for the same invoice it
    /// takes nothing more and returns what was taken and not given back. An invoice's number must name one invoice of one account.
    pub async fn redeem(&mut self, account: AccountId, most: Credits, invoice: &str) -> Result<Credits, StoreError> {
        self.lock_account(account).await?;
        let before = sqlx::query(ON_INVOICE).bind(invoice).fetch_all(self.conn()).await?;
        if !before.is_empty() {
            let mut taken = Credits::ZERO;
            for row in &before {
                if row.parse::<AccountId>("account_id")? != account {
                    return Err(StoreError::Corrupt(format!("the invoice `{invoice}` is another account's")));
                }
                taken = taken.plus(Credits::new(row.count("taken")?));
            }
            return Ok(taken);
        }
        let rows = sqlx::query(GRANTS).bind(account.to_string()).fetch_all(self.conn()).await?;
        let parts = draw(&purses(&rows)?, most, self.now());
        for (grant, part) in &parts {
            self.redemption(account, *grant, int(part.count()), invoice, 0).await?;
        }
        let taken: Credits = parts.into_iter().map(|(_, part)| part).sum();
        if !taken.is_zero() {
            self.audit(&Actor::system(), Some(account), "credits.redeem", invoice, serde_json::json!({ "amount": taken })).await?;
        }
        Ok(taken)
    }

    /// Gives back what was taken for an invoice, to the grants that it came from, and returns how much. Their ends stay what they
    /// were: what would have ended meanwhile has. Asked again it gives nothing more, and returns zero.
    pub async fn refund(&mut self, invoice: &str) -> Result<Credits, StoreError> {
        let Some(row) = sqlx::query(INVOICE_ACCOUNT).bind(invoice).fetch_optional(self.conn()).await? else { return Ok(Credits::ZERO) };
        let account: AccountId = row.parse("account_id")?;
        self.lock_account(account).await?;
        // Read again under the lock: another may have given it back a moment ago.
        let mut returned = Credits::ZERO;
        for row in sqlx::query(ON_INVOICE).bind(invoice).fetch_all(self.conn()).await? {
            let taken = row.count("taken")?;
            if taken > 0 {
                self.redemption(account, row.parse("grant_id")?, -int(taken), invoice, row.count("lines")?).await?;
                returned = returned.plus(Credits::new(taken));
            }
        }
        if !returned.is_zero() {
            self.audit(&Actor::system(), Some(account), "credits.refund", invoice, serde_json::json!({ "amount": returned })).await?;
        }
        Ok(returned)
    }

    async fn redemption(&mut self, account: AccountId, grant: CreditId, amount: i64, invoice: &str, line: u64) -> Result<(), StoreError> {
        let now = self.now().as_millis();
        sqlx::query(REDEEM)
            .bind(RedemptionId::from_uuid(new_uuid()).to_string())
            .bind(account.to_string())
            .bind(grant.to_string())
            .bind(amount)
            .bind(invoice)
            .bind(now)
            .bind("{}")
            .bind(format!("{invoice}/{grant}/{line}"))
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

fn left(row: &AnyRow) -> Result<Credits, StoreError> {
    let (amount, taken) = (row.count("amount")?, row.count("taken")?);
    amount.checked_sub(taken).map(Credits::new).ok_or_else(|| StoreError::Corrupt(format!("{taken} of {amount} credits were taken")))
}

fn purses(rows: &[AnyRow]) -> Result<Vec<Purse>, StoreError> {
    rows.iter().map(|row| Ok(Purse { id: row.parse("id")?, left: left(row)?, expires_at: row.at_opt("expires_at")? })).collect()
}

fn ledger(rows: &[AnyRow], now: Timestamp) -> Result<Ledger, StoreError> {
    let purses = purses(rows)?;
    let (mut granted, mut redeemed, mut expired) = (Credits::ZERO, Credits::ZERO, Credits::ZERO);
    let mut grants = Vec::new();
    for (row, purse) in rows.iter().zip(&purses) {
        let amount = Credits::new(row.count("amount")?);
        granted = granted.plus(amount);
        redeemed = redeemed.plus(amount.less(purse.left));
        if !purse.lives(now) {
            expired = expired.plus(purse.left);
        } else if !purse.left.is_zero() {
            let note = row.json::<serde_json::Value>("metadata")?["note"].as_str().map(str::to_owned);
            let (source, created_at) = (row.word("source")?, row.at("created_at")?);
            grants.push(CreditGrantOut { id: purse.id, source, amount, left: purse.left, created_at, expires_at: purse.expires_at, note });
        }
    }
    grants.sort_by_key(|grant| (grant.expires_at.map_or(i64::MAX, Timestamp::as_millis), grant.id));
    Ok(Ledger { balance: balance(&purses, now), granted, redeemed, expired, grants })
}

fn entry(row: &AnyRow) -> Result<CreditEntryOut, StoreError> {
    let (amount, invoice) = (row.int("amount")?, row.text_opt("invoice")?);
    let kind = match (&invoice, amount) {
        (None, _) => CreditEntryKind::Granted,
        (Some(_), 0..) => CreditEntryKind::Redeemed,
        (Some(_), _) => CreditEntryKind::Returned,
    };
    Ok(CreditEntryOut {
        id: row.text("id")?,
        at: row.at("created_at")?,
        kind,
        amount: Credits::new(amount.unsigned_abs()),
        source: row.word_opt("source")?,
        expires_at: row.at_opt("expires_at")?,
        invoice,
        grant: row.parse_opt("grant_id")?,
    })
}
