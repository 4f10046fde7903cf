//! Verified cards and referrals: who is given credits for coming, and who only looks like several.
//!
//! A card is known by the SHA-256 of the payment provider's fingerprint of it; one gives trial credits once, ever. A referral gives
//! both sides credits when the referred account's first invoice is paid, unless both sides look like one.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use sqlx::any::AnyRow;
use vivier_core::credits::{CreditSource, Credits};
use vivier_core::id::{AccountId, ReferralId};
use vivier_core::wire::credits::{ReferralClaimOut, ReferralOut, ReferralRefusal, ReferralState};

use super::credits::NewGrant;
use super::{Actor, Columns as _, Store, StoreError, Tx, new_uuid, statements};

const DAY_MS: i64 = 86_400_000;
/// The window in which one code's credited referrals are counted.
const MONTH_MS: i64 = 30 * DAY_MS;
/// Days after its sign-up in which an account can say who brought it here.
const CLAIM_DAYS: i64 = 14;

statements! {
    CARD = "INSERT INTO card_fingerprints (fingerprint, account_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    /// Whoever comes second with a card waits here for the first.
    CARD_GIVES = "INSERT INTO trial_cards (fingerprint, account_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (fingerprint) DO NOTHING";
    TRIAL_GIVEN = "SELECT id FROM credits_ledger WHERE once = $1";
    SAME_PEOPLE = "SELECT a.user_id FROM members a JOIN members b ON b.user_id = a.user_id WHERE a.account_id = $1 AND b.account_id = $2";
    SAME_CARDS = "SELECT a.account_id FROM card_fingerprints a JOIN card_fingerprints b ON b.fingerprint = a.fingerprint \
        WHERE a.account_id = $1 AND b.account_id = $2";
    CODE_OF = "SELECT code FROM referral_codes WHERE account_id = $1";
    NEW_CODE = "INSERT INTO referral_codes (code, account_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    OWNER_OF = "SELECT account_id FROM referral_codes WHERE code = $1";
    COUNTS = "SELECT state, COUNT(*) AS referrals FROM referrals WHERE referrer_id = $1 GROUP BY state";
    SEEN_AT = "INSERT INTO account_ranges (account_id, network, seen_at) VALUES ($1, $2, $3) ON CONFLICT (account_id, network) DO UPDATE SET seen_at = excluded.seen_at";
    SAME_RANGES = "SELECT a.network FROM account_ranges a JOIN account_ranges b ON b.network = a.network WHERE a.account_id = $1 AND b.account_id = $2";
    BORN = "SELECT created_at FROM accounts WHERE id = $1";
    CLAIM = "INSERT INTO referrals (id, referrer_id, referred_id, state, reason, detail, created_at, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    CLAIM_OF = "SELECT id, referrer_id, referred_id, state, reason, detail, created_at, decided_at FROM referrals WHERE referred_id = $1";
    CLAIMS_SINCE = "SELECT COUNT(*) AS referrals FROM referrals WHERE referrer_id = $1 AND created_at > $2";
    CREDITED_SINCE = "SELECT COUNT(*) AS referrals FROM referrals WHERE referrer_id = $1 AND state = 'credited' AND decided_at > $2";
    DECIDE = "UPDATE referrals SET state = $2, reason = $3, detail = $4, decided_at = $5 WHERE id = $1 AND state = 'pending'";
    LIST = "SELECT id, referrer_id, referred_id, state, reason, detail, created_at, decided_at FROM referrals \
        WHERE ($1 = '' OR state = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3";
}

/// What a verified card brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialCredit {
    Granted(Credits),
    /// This account has had its trial credits.
    HadBefore,
    /// The card has given them to another account.
    CardUsed,
}

/// What is kept of a card.
fn digest(fingerprint: &str) -> Vec<u8> {
    let mut hash = Sha256::new_with_prefix(b"vivier card fingerprint\0");
    hash.update(fingerprint.as_bytes());
    hash.finalize().to_vec()
}

/// The addresses that one customer of a provider is likely to have: a /24 or a /64.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => format!("{}/64", std::net::Ipv6Addr::from(u128::from(v6) & (u128::MAX << 64))),
    }
}

/// Eight letters and digits that are not mistaken for one another, of 30 random bits and more.
fn new_code() -> String {
    const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
    let random = uuid::Uuid::new_v4().as_u128();
    (0..8).map(|place| char::from(LETTERS[usize::try_from((random >> (place * 8)) % 31).unwrap_or_default()])).collect()
}

impl Store {
    /// This account's code, made at the first time, and its referrals that wait and those that were credited.
    pub async fn referral_code(&self, account: AccountId, from: Option<IpAddr>) -> Result<(String, u64, u64), StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_account(account).await?;
        tx.seen_from(account, from).await?;
        let mut code = sqlx::query(CODE_OF).bind(account.to_string()).fetch_optional(tx.conn()).await?.map(|row| row.text("code")).transpose()?;
        while code.is_none() {
            let new = new_code();
            let now = tx.now().as_millis();
            let made = sqlx::query(NEW_CODE).bind(&new).bind(account.to_string()).bind(now).execute(tx.conn()).await?;
            code = (made.rows_affected() == 1).then_some(new);
        }
        let (mut pending, mut credited) = (0, 0);
        for row in sqlx::query(COUNTS).bind(account.to_string()).fetch_all(tx.conn()).await? {
            match row.word("state")? {
                ReferralState::Pending => pending = row.count("referrals")?,
                ReferralState::Credited => credited = row.count("referrals")?,
                ReferralState::Refused => {}
            }
        }
        tx.commit_quietly().await?;
        Ok((code.unwrap_or_default(), pending, credited))
    }

    /// Says that `account` came by the referral `code`: once, within two weeks of its sign-up. One that looks like the referrer itself is
    /// kept, refused, with the reason.
    ///
    /// # Errors
    /// `NotFound("referral code")`; `Conflict` when it has said so already, or is too old.
    pub async fn claim_referral(&self, actor: &Actor, account: AccountId, code: &str, from: Option<IpAddr>) -> Result<ReferralClaimOut, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        tx.lock_account(account).await?;
        if sqlx::query(CLAIM_OF).bind(account.to_string()).fetch_optional(tx.conn()).await?.is_some() {
            return Err(StoreError::Conflict("this account has named its referral already; it can do so once".to_owned()));
        }
        let born = sqlx::query(BORN).bind(account.to_string()).fetch_one(tx.conn()).await?.at("created_at")?;
        if now.millis_since(born) > CLAIM_DAYS * DAY_MS {
            return Err(StoreError::Conflict(format!("a referral can be named within {CLAIM_DAYS} days of the sign-up, and this account is older")));
        }
        let owner = sqlx::query(OWNER_OF).bind(code).fetch_optional(tx.conn()).await?.ok_or(StoreError::NotFound("referral code"))?;
        let referrer: AccountId = owner.parse("account_id")?;
        tx.seen_from(account, from).await?;
        let claims = sqlx::query(CLAIMS_SINCE).bind(referrer.to_string()).bind(now.as_millis() - DAY_MS).fetch_one(tx.conn()).await?.count("referrals")?;
        let most = u64::from(tx.terms().credits.claims_per_day);
        let refusal = match tx.looks_like_one(referrer, account).await? {
            Some(refusal) => Some(refusal),
            None if claims >= most => Some((ReferralRefusal::Velocity, format!("{claims} others came by this code within a day; {most} are believed"))),
            None => None,
        };
        let state = if refusal.is_some() { ReferralState::Refused } else { ReferralState::Pending };
        let id = ReferralId::from_uuid(new_uuid());
        sqlx::query(CLAIM)
            .bind(id.to_string())
            .bind(referrer.to_string())
            .bind(account.to_string())
            .bind(state.as_str())
            .bind(refusal.as_ref().map(|(reason, _)| reason.as_str()))
            .bind(refusal.as_ref().map(|(_, detail)| detail.as_str()))
            .bind(now.as_millis())
            .bind(refusal.as_ref().map(|_| now.as_millis()))
            .execute(tx.conn())
            .await?;
        tx.audit(actor, Some(account), "referral.claim", &id.to_string(), serde_json::json!({ "referrer": referrer, "state": state })).await?;
        tx.commit().await?;
        metrics::counter!("vivier_referrals_total", "state" => state.as_str()).increment(1);
        Ok(ReferralClaimOut { state, created_at: now })
    }

    /// What became of this account's own claim.
    pub async fn referral_claim(&self, account: AccountId) -> Result<Option<ReferralClaimOut>, StoreError> {
        let row = sqlx::query(CLAIM_OF).bind(account.to_string()).fetch_optional(self.reader()).await?;
        row.map(|row| Ok(ReferralClaimOut { state: row.word("state")?, created_at: row.at("created_at")? })).transpose()
    }

    /// One page of every account's referrals, newest first: for operators only.
    pub async fn referrals(
        &self,
        state: Option<ReferralState>,
        after: Option<ReferralId>,
        limit: u32,
    ) -> Result<(Vec<ReferralOut>, Option<ReferralId>), StoreError> {
        let limit = limit.clamp(1, 200);
        let (state, after) = (state.map_or("", ReferralState::as_str), after.map(|id| id.to_string()).unwrap_or_default());
        let rows = sqlx::query(LIST).bind(state).bind(after).bind(i64::from(limit) + 1).fetch_all(self.reader()).await?;
        let mut page = rows.iter().map(referral).collect::<Result<Vec<_>, _>>()?;
        let more = page.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        page.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = page.last().filter(|_| more).map(|last| last.id);
        Ok((page, next))
    }
}

impl Tx {
    /// A card of this account was verified: keeps its hash, and grants the trial credits unless the account or the card had them.
    /// `fingerprint`: what the payment provider calls the card, the same for every account that uses it.
    pub async fn card_verified(&mut self, account: AccountId, fingerprint: &str) -> Result<TrialCredit, StoreError> {
        self.lock_account(account).await?;
        let (card, now) = (digest(fingerprint), self.now());
        sqlx::query(CARD).bind(card.clone()).bind(account.to_string()).bind(now.as_millis()).execute(self.conn()).await?;
        let once = format!("trial/{account}");
        if sqlx::query(TRIAL_GIVEN).bind(&once).fetch_optional(self.conn()).await?.is_some() {
            return Ok(TrialCredit::HadBefore);
        }
        let gives = sqlx::query(CARD_GIVES).bind(card).bind(account.to_string()).bind(now.as_millis()).execute(self.conn()).await?;
        if gives.rows_affected() == 0 {
            return Ok(TrialCredit::CardUsed);
        }
        let (amount, days) = (self.terms().credits.trial, self.terms().credits.trial_days);
        let expires_at = Some(now.plus_seconds(i64::from(days) * 86_400));
        let new = NewGrant { account, source: CreditSource::Trial, amount, expires_at, once: &once, note: None };
        Ok(TrialCredit::Granted(self.grant(&Actor::system(), &new).await?))
    }

    /// The account's first invoice was paid: decides its referral, if it came by one. Both sides are credited, or the reason why not is
    /// kept. Asked again it does nothing. Takes the locks of both accounts, in the order of
    /// their ids: call it in a transaction that holds no other account's.
    pub async fn first_invoice_paid(&mut self, account: AccountId) -> Result<Option<ReferralState>, StoreError> {
        let Some(row) = sqlx::query(CLAIM_OF).bind(account.to_string()).fetch_optional(self.conn()).await? else { return Ok(None) };
        let referrer = referral(&row)?.referrer;
        for one in [account.min(referrer), account.max(referrer)] {
            self.lock_account(one).await?;
        }
        // Read again under the locks.
        let row = sqlx::query(CLAIM_OF).bind(account.to_string()).fetch_one(self.conn()).await?;
        let ReferralOut { id, state, .. } = referral(&row)?;
        if state != ReferralState::Pending {
            return Ok(Some(state));
        }
        let now = self.now();
        let credited = sqlx::query(CREDITED_SINCE).bind(referrer.to_string()).bind(now.as_millis() - MONTH_MS).fetch_one(self.conn()).await?;
        let (credited, most) = (credited.count("referrals")?, u64::from(self.terms().credits.referrals_per_month));
        let refusal = match self.looks_like_one(referrer, account).await? {
            Some(refusal) => Some(refusal),
            None if credited >= most => Some((ReferralRefusal::Velocity, format!("{credited} referrals of this account were credited in 30 days; {most} are"))),
            None => None,
        };
        let state = if refusal.is_some() { ReferralState::Refused } else { ReferralState::Credited };
        sqlx::query(DECIDE)
            .bind(id.to_string())
            .bind(state.as_str())
            .bind(refusal.as_ref().map(|(reason, _)| reason.as_str()))
            .bind(refusal.as_ref().map(|(_, detail)| detail.as_str()))
            .bind(now.as_millis())
            .execute(self.conn())
            .await?;
        if refusal.is_none() {
            let (amount, days) = (self.terms().credits.referral, self.terms().credits.referral_days);
            let expires_at = Some(now.plus_seconds(i64::from(days) * 86_400));
            for side in [referrer, account] {
                let once = format!("referral/{id}/{side}");
                self.grant(&Actor::system(), &NewGrant { account: side, source: CreditSource::Referral, amount, expires_at, once: &once, note: None }).await?;
            }
        }
        self.audit(&Actor::system(), Some(account), "referral.decide", &id.to_string(), serde_json::json!({ "state": state })).await?;
        metrics::counter!("vivier_referrals_total", "state" => state.as_str()).increment(1);
        Ok(Some(state))
    }

    /// Keeps the range that an account was seen in: what tells a referrer from whom it refers.
    pub async fn seen_from(&mut self, account: AccountId, from: Option<IpAddr>) -> Result<(), StoreError> {
        let Some(from) = from else { return Ok(()) };
        let now = self.now().as_millis();
        sqlx::query(SEEN_AT).bind(account.to_string()).bind(network(from)).bind(now).execute(self.conn()).await?;
        Ok(())
    }

    /// Why two accounts look like one, with what it was seen by.
    async fn looks_like_one(&mut self, referrer: AccountId, referred: AccountId) -> Result<Option<(ReferralRefusal, String)>, StoreError> {
        if referrer == referred {
            return Ok(Some((ReferralRefusal::SelfReferral, "its own code".to_owned())));
        }
        let both = |statement| sqlx::query(statement).bind(referrer.to_string()).bind(referred.to_string());
        if both(SAME_PEOPLE).fetch_optional(self.conn()).await?.is_some() {
            return Ok(Some((ReferralRefusal::SelfReferral, "one person is a member of both".to_owned())));
        }
        if both(SAME_CARDS).fetch_optional(self.conn()).await?.is_some() {
            return Ok(Some((ReferralRefusal::SameCard, "one card was verified on both sides".to_owned())));
        }
        if let Some(row) = both(SAME_RANGES).fetch_optional(self.conn()).await? {
            return Ok(Some((ReferralRefusal::SameAddressRange, format!("both were seen in {}", row.text("network")?))));
        }
        Ok(None)
    }
}

fn referral(row: &AnyRow) -> Result<ReferralOut, StoreError> {
    Ok(ReferralOut {
        id: row.parse("id")?,
        referrer: row.parse("referrer_id")?,
        referred: row.parse("referred_id")?,
        state: row.word("state")?,
        reason: row.word_opt("reason")?,
        detail: row.text_opt("detail")?,
        created_at: row.at("created_at")?,
        decided_at: row.at_opt("decided_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_one_customer_is_given() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.0/24");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }

    #[test]
    fn codes_are_eight_characters_that_are_not_mistaken() {
        let code = new_code();
        assert!(code.len() == 8 && code.bytes().all(|byte| !b"01ilo".contains(&byte)), "{code}");
        assert_ne!(new_code(), new_code());
    }
}
