//! Who an account is to the provider, and which cards it has shown.

use serde::{Deserialize, Serialize};
use vivier_core::id::AccountId;

use super::super::{Actor, Columns as _, Store, StoreError, json, statements};
use super::checkouts::CheckoutState;
use super::one;

statements! {
    GET = "SELECT customer_id, card FROM billing_customers WHERE account_id = $1";
    WHOSE = "SELECT account_id FROM billing_customers WHERE customer_id = $1";
    PUT = "INSERT INTO billing_customers (account_id, customer_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (account_id) DO NOTHING";
    SET_CARD = "UPDATE billing_customers SET card = $2 WHERE account_id = $1";
}

/// The card that invoices are charged to, as its owner knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCard {
    pub brand: String,
    pub last4: String,
    pub exp_month: u32,
    pub exp_year: u32,
}

/// An account, as the provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingCustomer {
    pub id: String,
    pub card: Option<ShownCard>,
}

impl Store {
    pub async fn billing_customer(&self, account: AccountId) -> Result<Option<BillingCustomer>, StoreError> {
        let row = sqlx::query(GET).bind(account.to_string()).fetch_optional(self.reader()).await?;
        row.map(|row| Ok(BillingCustomer { id: row.text("customer_id")?, card: row.json_opt("card")? })).transpose()
    }

    /// Whose customer it is.
    pub async fn account_of_customer(&self, customer: &str) -> Result<Option<AccountId>, StoreError> {
        let row = sqlx::query(WHOSE).bind(customer).fetch_optional(self.reader()).await?;
        row.map(|row| row.parse("account_id")).transpose()
    }

    /// Keeps the customer that was made for an account; the first one stays. Returns the one that is kept.
    pub async fn keep_customer(&self, account: AccountId, customer: &str) -> Result<String, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().as_millis();
        let made = sqlx::query(PUT).bind(account.to_string()).bind(customer).bind(now).execute(tx.conn()).await?.rows_affected() == 1;
        let kept = sqlx::query(GET).bind(account.to_string()).fetch_one(tx.conn()).await?.text("customer_id")?;
        if made {
            tx.audit(&Actor::system(), Some(account), "billing.customer", customer, serde_json::json!({})).await?;
        }
        tx.commit_quietly().await?;
        Ok(kept)
    }

    /// The card that invoices are charged to, as it was read now.
    pub async fn saw_card(&self, account: AccountId, card: Option<&ShownCard>, fingerprint: Option<&str>, events: &[String]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if let Some(fingerprint) = fingerprint {
            tx.card_verified(account, fingerprint).await?;
        }
        sqlx::query(SET_CARD).bind(account.to_string()).bind(card.map(json)).execute(tx.conn()).await?;
        tx.applied(events, "read again").await?;
        tx.commit_quietly().await
    }

    /// A card was verified on the page `session`: it is remembered, and the page is done.
    pub async fn card_verified(&self, account: AccountId, session: &str, card: &ShownCard, fingerprint: &str, events: &[String]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // First: it takes the account's lock, and decides about the credits that a first card brings.
        tx.card_verified(account, fingerprint).await?;
        tx.checkout_is(session, CheckoutState::Complete).await?;
        one(sqlx::query(SET_CARD).bind(account.to_string()).bind(json(card)).execute(tx.conn()).await?.rows_affected())?;
        tx.audit(&Actor::system(), Some(account), "billing.card", &account.to_string(), serde_json::json!({ "brand": card.brand, "last4": card.last4 }))
            .await?;
        tx.applied(events, "a card was verified").await?;
        tx.commit_quietly().await
    }
}
