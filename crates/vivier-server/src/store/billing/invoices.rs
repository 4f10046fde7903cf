//! Invoices as they were last read, and what we take off them: decided once, written on the provider's invoice once.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use vivier_core::credits::Credits;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::money::Currency;
use vivier_core::time::Timestamp;

use super::super::{Actor, Columns as _, Store, StoreError, int, json, statements, word};
use super::{Billed, one};
use crate::billing::stripe::objects::InvoiceStatus;

/// Invoices on one page.
const PAGE: i64 = 100;

macro_rules! select_invoices {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, deployment_id, subscription, status, number, reason, currency, total, amount_due, amount_paid, created_at, paid_at, \
             period_start, period_end, url, pdf, decided_at, share, share_amount, credits, settled_at, version FROM invoices ",
            $rest
        )
    };
}

statements! {
    ONE = select_invoices!("WHERE id = $1");
    OF_ACCOUNT = select_invoices!("WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2");
    UNSETTLED = select_invoices!("WHERE settled_at IS NULL ORDER BY created_at LIMIT 200");
    INSERT = "INSERT INTO invoices (id, account_id, deployment_id, subscription, status, number, reason, currency, total, amount_due, amount_paid, created_at, \
        paid_at, period_start, period_end, url, pdf, settled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
        ON CONFLICT (id) DO NOTHING";
    UPDATE = "UPDATE invoices SET status = $3, number = $4, total = $5, amount_due = $6, amount_paid = $7, paid_at = COALESCE(paid_at, $8), url = $9, pdf = $10, \
        version = version + 1 WHERE id = $1 AND version = $2";
    DECIDED = "UPDATE invoices SET decided_at = $3, share = $4, share_amount = $5, credits = $6, version = version + 1 \
        WHERE id = $1 AND version = $2 AND decided_at IS NULL";
    SETTLED = "UPDATE invoices SET settled_at = $3, credits = $4, version = version + 1 WHERE id = $1 AND version = $2";
    PAID_FOR = "SELECT COUNT(*) AS count FROM invoices WHERE subscription = $1 AND status = 'paid'";
    FINAL = "UPDATE subscriptions SET final_of = $3, trouble = NULL, version = version + 1 WHERE deployment_id = $1 AND version = $2";
}

/// Why something is taken off an invoice: the words on its line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareNote {
    /// Seconds of the period, and of those in which the agent ran.
    pub period: u64,
    pub billable: u64,
    pub words: String,
}

/// An invoice as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceSeen {
    pub id: String,
    pub subscription: Option<String>,
    pub status: InvoiceStatus,
    pub number: Option<String>,
    /// Stripe's word, such as `subscription_cycle`.
    pub reason: Option<String>,
    pub currency: String,
    pub total: i64,
    pub amount_due: i64,
    pub amount_paid: i64,
    pub created_at: Timestamp,
    pub period: (Timestamp, Timestamp),
    pub url: Option<String>,
    pub pdf: Option<String>,
}

/// An invoice as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRow {
    pub account: AccountId,
    pub deployment: Option<DeploymentId>,
    pub seen: InvoiceSeen,
    pub paid_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub share: Option<ShareNote>,
    pub share_amount: i64,
    /// Credits of the ledger that are taken off it.
    pub credits: i64,
    pub settled_at: Option<Timestamp>,
    pub version: u64,
}

impl InvoiceRow {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            account: row.parse("account_id")?,
            deployment: row.parse_opt("deployment_id")?,
            seen: InvoiceSeen {
                id: row.text("id")?,
                subscription: row.text_opt("subscription")?,
                status: row.word("status")?,
                number: row.text_opt("number")?,
                reason: row.text_opt("reason")?,
                currency: row.text("currency")?,
                total: row.int("total")?,
                amount_due: row.int("amount_due")?,
                amount_paid: row.int("amount_paid")?,
                created_at: row.at("created_at")?,
                period: (row.at("period_start")?, row.at("period_end")?),
                url: row.text_opt("url")?,
                pdf: row.text_opt("pdf")?,
            },
            paid_at: row.at_opt("paid_at")?,
            decided_at: row.at_opt("decided_at")?,
            share: row.json_opt("share")?,
            share_amount: row.int("share_amount")?,
            credits: row.int("credits")?,
            settled_at: row.at_opt("settled_at")?,
            version: row.count("version")?,
        })
    }

    /// It charges for a period that follows another: the one before may have to be given back in part.
    pub fn looks_back(&self) -> bool {
        self.seen.reason.as_deref() == Some("subscription_cycle") && self.deployment.is_some()
    }
}

impl Store {
    pub async fn invoice(&self, id: &str) -> Result<Option<InvoiceRow>, StoreError> {
        sqlx::query(ONE).bind(id).fetch_optional(self.reader()).await?.as_ref().map(InvoiceRow::from_row).transpose()
    }

    /// An account's invoices, newest first.
    pub async fn invoices(&self, account: AccountId) -> Result<Vec<InvoiceRow>, StoreError> {
        sqlx::query(OF_ACCOUNT).bind(account.to_string()).bind(PAGE).fetch_all(self.reader()).await?.iter().map(InvoiceRow::from_row).collect()
    }

    /// Those that something is still to be decided or written about.
    pub async fn unsettled_invoices(&self) -> Result<Vec<InvoiceRow>, StoreError> {
        sqlx::query(UNSETTLED).fetch_all(self.reader()).await?.iter().map(InvoiceRow::from_row).collect()
    }

    /// Writes down what was read of an invoice. `before`: as it was before the reading began.
    ///
    /// # Errors
    /// `Lost` when somebody has written since: read again.
    pub async fn saw_invoice(
        &self,
        account: AccountId,
        deployment: Option<DeploymentId>,
        before: Option<&InvoiceRow>,
        seen: &InvoiceSeen,
        events: &[String],
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        // First, because both take the account's lock.
        let was = before.map(|before| before.seen.status);
        if seen.status == InvoiceStatus::Paid && was != Some(InvoiceStatus::Paid) && seen.amount_paid > 0 {
            tx.first_invoice_paid(account).await?;
        }
        if seen.status == InvoiceStatus::Void && was != Some(InvoiceStatus::Void) {
            tx.refund(&seen.id).await?;
        }
        let paid_at = (seen.status == InvoiceStatus::Paid).then_some(now.as_millis());
        let done = match before {
            None => {
                let looks_back = seen.reason.as_deref() == Some("subscription_cycle") && deployment.is_some();
                sqlx::query(INSERT)
                    .bind(&seen.id)
                    .bind(account.to_string())
                    .bind(deployment.map(|id| id.to_string()))
                    .bind(seen.subscription.as_deref())
                    .bind(word(&seen.status))
                    .bind(seen.number.as_deref())
                    .bind(seen.reason.as_deref())
                    .bind(&seen.currency)
                    .bind(seen.total)
                    .bind(seen.amount_due)
                    .bind(seen.amount_paid)
                    .bind(seen.created_at.as_millis())
                    .bind(paid_at)
                    .bind(seen.period.0.as_millis())
                    .bind(seen.period.1.as_millis())
                    .bind(seen.url.as_deref())
                    .bind(seen.pdf.as_deref())
                    // Nothing is ever taken off the others.
                    .bind((!looks_back).then_some(now.as_millis()))
                    .execute(tx.conn())
                    .await?
            }
            Some(before) => {
                sqlx::query(UPDATE)
                    .bind(&seen.id)
                    .bind(int(before.version))
                    .bind(word(&seen.status))
                    .bind(seen.number.as_deref())
                    .bind(seen.total)
                    .bind(seen.amount_due)
                    .bind(seen.amount_paid)
                    .bind(paid_at)
                    .bind(seen.url.as_deref())
                    .bind(seen.pdf.as_deref())
                    .execute(tx.conn())
                    .await?
            }
        };
        one(done.rows_affected())?;
        if was != Some(seen.status) {
            let detail = serde_json::json!({ "status": seen.status, "total": seen.total, "currency": seen.currency, "reason": seen.reason, "events": events });
            tx.audit(&Actor::system(), Some(account), "billing.invoice", &seen.id, detail).await?;
        }
        tx.applied(events, "read again").await?;
        tx.commit_quietly().await
    }

    /// Decides, once, what is taken off an invoice.
    ///
    /// # Errors
    /// `Lost` when it was decided, or written otherwise, since.
    pub async fn decide_invoice(&self, row: &InvoiceRow, share: Option<(&ShareNote, i64)>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        // A credit is a cent of a dollar: it pays no other currency. What is no draft any more takes no line.
        let open = row.seen.status == InvoiceStatus::Draft && row.seen.currency == Currency::USD.as_str();
        let most = u64::try_from(row.seen.total - share.map_or(0, |(_, amount)| amount)).unwrap_or_default();
        let taken = if open { tx.redeem(row.account, Credits::new(most), &row.seen.id).await? } else { Credits::ZERO };
        let credits = int(taken.count());
        let done = sqlx::query(DECIDED)
            .bind(&row.seen.id)
            .bind(int(row.version))
            .bind(now.as_millis())
            .bind(share.map(|(note, _)| json(note)))
            .bind(share.map_or(0, |(_, amount)| amount))
            .bind(credits)
            .execute(tx.conn())
            .await?;
        one(done.rows_affected())?;
        if share.is_some() || credits > 0 {
            let detail = serde_json::json!({ "share": share.map(|(_, amount)| amount), "credits": credits, "currency": row.seen.currency });
            tx.audit(&Actor::system(), Some(row.account), "billing.decide", &row.seen.id, detail).await?;
        }
        tx.commit_quietly().await
    }

    /// What was decided is done. `redeemed`: the credits are on it; else they go back to the ledger.
    pub async fn settle_invoice(&self, row: &InvoiceRow, redeemed: bool) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        if !redeemed {
            tx.refund(&row.seen.id).await?;
        }
        let credits = if redeemed { row.credits } else { 0 };
        let done = sqlx::query(SETTLED).bind(&row.seen.id).bind(int(row.version)).bind(now.as_millis()).bind(credits).execute(tx.conn()).await?;
        one(done.rows_affected())?;
        tx.commit_quietly().await
    }

    /// Whether anything was ever paid for a subscription.
    pub async fn was_paid(&self, subscription: &str) -> Result<bool, StoreError> {
        Ok(sqlx::query(PAID_FOR).bind(subscription).fetch_one(self.reader()).await?.count("count")? > 0)
    }

    /// The last period of an ended subscription is settled: `amount` was given back.
    pub async fn final_settled(&self, bill: &Billed, amount: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(FINAL).bind(bill.deployment.to_string()).bind(int(bill.version)).bind(bill.stripe_id.as_deref()).execute(tx.conn()).await?;
        one(done.rows_affected())?;
        if amount > 0 {
            let detail = serde_json::json!({ "subscription": bill.stripe_id, "amount": amount, "currency": bill.currency });
            tx.audit(&Actor::system(), Some(bill.account), "billing.give_back", &bill.deployment.to_string(), detail).await?;
        }
        tx.commit_quietly().await
    }
}
