//! Holds: somebody else than its owner keeps a deployment suspended, or lets it go.

use sqlx::any::AnyRow;
use vivier_core::hold::{Hold, Holds};
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{Desired, Refusal};
use vivier_core::wire::agents::{EventKind, Outcome};

use super::deployments::{Asked, Deployment};
use super::events::Note;
use super::{Actor, Columns as _, Store, StoreError, Tx, statements};

statements! {
    SET_HOLDS = "UPDATE deployments SET holds = $2 WHERE id = $1";
    RAISE_RETRY = "UPDATE deployments SET retry_generation = retry_generation + 1 WHERE id = $1";
}

impl Store {
    /// Sets a hold: the deployment is suspended, whatever its owner asks for, until the hold is lifted.
    ///
    /// # Errors
    /// `Conflict` for one that is deleted.
    pub async fn hold(&self, actor: &Actor, account: AccountId, id: DeploymentId, hold: Hold) -> Result<(Asked, Deployment), StoreError> {
        self.set_hold(actor, account, id, hold, true).await
    }

    /// Lifts a hold. When it was the last one, what the owner wants holds again.
    ///
    /// # Errors
    /// `Conflict` for one that is deleted.
    pub async fn release_hold(&self, actor: &Actor, account: AccountId, id: DeploymentId, hold: Hold) -> Result<(Asked, Deployment), StoreError> {
        self.set_hold(actor, account, id, hold, false).await
    }

    async fn set_hold(&self, actor: &Actor, account: AccountId, id: DeploymentId, hold: Hold, set: bool) -> Result<(Asked, Deployment), StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.lock_deployment(account, id).await?;
        tx.first_time(actor).await?;
        match row.word("desired")? {
            Desired::Running | Desired::Suspended => {}
            Desired::Terminated => return Err(StoreError::Conflict(Refusal::Terminated.to_string())),
            Desired::Purged => return Err(StoreError::Conflict(Refusal::Purged.to_string())),
        }
        if !tx.put_hold(actor, account, id, &row, hold, set).await? {
            drop(tx);
            return Ok((Asked::AlreadySo, self.deployment(account, id).await?));
        }
        let deployment = tx.deployment(account, id).await?;
        tx.commit().await?;
        Ok((Asked::Accepted, deployment))
    }
}

impl Tx {
    /// Sets or lifts a hold of a deployment whose lock this transaction has, with its lines in the timeline and the audit log. Whether it
    /// was otherwise before.
    pub(super) async fn put_hold(
        &mut self,
        actor: &Actor,
        account: AccountId,
        id: DeploymentId,
        locked: &AnyRow,
        hold: Hold,
        set: bool,
    ) -> Result<bool, StoreError> {
        let before: Holds = locked.parse("holds")?;
        if before.has(hold) == set {
            return Ok(false);
        }
        let after = before.with(hold, set);
        sqlx::query(SET_HOLDS).bind(id.to_string()).bind(after.to_string()).execute(self.conn()).await?;
        if after.is_empty() {
            // Whatever failed before, it is tried anew.
            sqlx::query(RAISE_RETRY).bind(id.to_string()).execute(self.conn()).await?;
        }
        let message = match (hold, set) {
            (Hold::Billing, true) => "suspended, because it is not paid for",
            (Hold::Billing, false) => "paid: the suspension is lifted",
            (Hold::Operator, true) => "suspended by an operator",
            (Hold::Operator, false) => "the operator's suspension is lifted",
        };
        self.note(account, id, &Note::new(EventKind::Ask, Outcome::Noted, message).by(&actor.name)).await?;
        let action = if set { "deployment.hold" } else { "deployment.release_hold" };
        self.audit(actor, Some(account), action, &id.to_string(), serde_json::json!({ "hold": hold })).await?;
        Ok(true)
    }
}
