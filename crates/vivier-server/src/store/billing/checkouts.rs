//! Payment pages: one open at a time for a deployment.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{Desired, Refusal};
use vivier_core::plan::PlanName;
use vivier_core::time::Timestamp;

use super::super::{Actor, Columns as _, Store, StoreError, Tx, statements, word};
use super::Billed;

/// Between two readings of an open page, in milliseconds: its event usually comes first.
const LOOK_MS: i64 = 60_000;

macro_rules! select_checkouts {
    ($rest:literal) => {
        concat!("SELECT session_id, account_id, deployment_id, plan, url, state, expires_at FROM checkouts ", $rest)
    };
}

statements! {
    ONE = select_checkouts!("WHERE session_id = $1");
    OPEN = select_checkouts!("WHERE deployment_id = $1 AND state = 'open'");
    TO_READ = select_checkouts!("WHERE state = 'open' AND look_at <= $1 ORDER BY look_at LIMIT 100");
    LOOKED = "UPDATE checkouts SET look_at = $2 WHERE session_id = $1";
    LOOK_AGAIN = "UPDATE checkouts SET look_at = $2 WHERE account_id = $1 AND state = 'open' AND look_at > $2";
    COUNT = "SELECT COUNT(*) AS count FROM checkouts WHERE deployment_id = $1";
    COUNT_CARDS = "SELECT COUNT(*) AS count FROM checkouts WHERE account_id = $1 AND deployment_id IS NULL";
    PUT = "INSERT INTO checkouts (session_id, account_id, deployment_id, plan, url, state, created_at, expires_at, look_at) \
        VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8) ON CONFLICT (session_id) DO NOTHING";
    SET_STATE = "UPDATE checkouts SET state = $2 WHERE session_id = $1";
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckoutState {
    Open,
    Complete,
    Expired,
}

/// A payment page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    pub session: String,
    pub account: AccountId,
    /// `None`: it takes a card.
    pub deployment: Option<DeploymentId>,
    pub plan: Option<PlanName>,
    pub url: String,
    pub state: CheckoutState,
    pub expires_at: Timestamp,
}

impl Checkout {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            session: row.text("session_id")?,
            account: row.parse("account_id")?,
            deployment: row.parse_opt("deployment_id")?,
            plan: row.parse_opt("plan")?,
            url: row.text("url")?,
            state: row.word("state")?,
            expires_at: row.at("expires_at")?,
        })
    }
}

impl Store {
    /// What a payment page for this deployment would be: the one that is open, and how many there were. Refuses where nothing is to be
    /// paid.
    ///
    /// # Errors
    /// `Conflict` when it is deleted, or has a subscription.
    pub async fn payable(&self, account: AccountId, id: DeploymentId) -> Result<(Option<Checkout>, u64), StoreError> {
        let deployment = self.deployment(account, id).await?;
        match deployment.asked {
            Desired::Running | Desired::Suspended => {}
            Desired::Terminated => return Err(StoreError::Conflict(Refusal::Terminated.to_string())),
            Desired::Purged => return Err(StoreError::Conflict(Refusal::Purged.to_string())),
        }
        if self.billed(id).await?.is_some_and(|bill| bill.stripe_id.is_some() && bill.paid.is_live()) {
            let message = "it has a subscription already; change its plan, or pay what is open under Billing";
            return Err(StoreError::Conflict(message.to_owned()));
        }
        let open = sqlx::query(OPEN).bind(id.to_string()).fetch_optional(self.reader()).await?;
        let open = open.as_ref().map(Checkout::from_row).transpose()?;
        Ok((open, sqlx::query(COUNT).bind(id.to_string()).fetch_one(self.reader()).await?.count("count")?))
    }

    /// The page that is open for a deployment.
    pub async fn open_checkout(&self, id: DeploymentId) -> Result<Option<Checkout>, StoreError> {
        sqlx::query(OPEN).bind(id.to_string()).fetch_optional(self.reader()).await?.as_ref().map(Checkout::from_row).transpose()
    }

    /// How many pages for a card an account has had.
    pub async fn card_pages(&self, account: AccountId) -> Result<u64, StoreError> {
        sqlx::query(COUNT_CARDS).bind(account.to_string()).fetch_one(self.reader()).await?.count("count")
    }

    pub async fn checkout(&self, session: &str) -> Result<Option<Checkout>, StoreError> {
        sqlx::query(ONE).bind(session).fetch_optional(self.reader()).await?.as_ref().map(Checkout::from_row).transpose()
    }

    /// Keeps a page that was made at the provider.
    ///
    /// # Errors
    /// `Conflict` when another one was opened for the deployment meanwhile.
    pub async fn keep_checkout(&self, actor: &Actor, page: &Checkout) -> Result<(), StoreError> {
        let Checkout { session, account, deployment, plan, url, state: _, expires_at } = page;
        let mut tx = self.begin().await?;
        let now = tx.now();
        let put = sqlx::query(PUT)
            .bind(session)
            .bind(account.to_string())
            .bind(deployment.map(|id| id.to_string()))
            .bind(plan.map(PlanName::as_str))
            .bind(url)
            .bind(now.as_millis())
            .bind(expires_at.as_millis())
            .bind(now.plus_millis(LOOK_MS).as_millis())
            .execute(tx.conn())
            .await;
        match put {
            Ok(_) => {}
            Err(error) if StoreError::is_unique_violation(&error) => {
                return Err(StoreError::Conflict("another payment page was opened for it a moment ago; try again".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        let (action, subject) = match deployment {
            Some(id) => ("billing.checkout", id.to_string()),
            None => ("billing.card_page", account.to_string()),
        };
        tx.audit(actor, Some(*account), action, &subject, serde_json::json!({ "plan": plan, "session": session })).await?;
        tx.commit_quietly().await
    }

    /// Open pages that are to be read again.
    pub async fn checkouts_to_read(&self) -> Result<Vec<Checkout>, StoreError> {
        sqlx::query(TO_READ).bind(self.now().as_millis()).fetch_all(self.reader()).await?.iter().map(Checkout::from_row).collect()
    }

    /// It was read, and is still open: it is read again later.
    pub async fn checkout_read(&self, session: &str, events: &[String]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let next = tx.now().plus_millis(LOOK_MS).as_millis();
        sqlx::query(LOOKED).bind(session).bind(next).execute(tx.conn()).await?;
        tx.applied(events, "the page is open").await?;
        tx.commit_quietly().await
    }

    /// It was paid, or nobody can pay on it any more.
    pub async fn checkout_over(&self, session: &str, state: CheckoutState, events: &[String]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.checkout_is(session, state).await?;
        tx.applied(events, "the page is over").await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    pub(super) async fn checkout_is(&mut self, session: &str, state: CheckoutState) -> Result<(), StoreError> {
        sqlx::query(SET_STATE).bind(session).bind(word(&state)).execute(self.conn()).await?;
        Ok(())
    }
}

impl Billed {
    /// Whether the provider may still charge for it.
    pub fn is_live(&self) -> bool {
        self.stripe_id.is_some() && self.paid.is_live()
    }
}
