//! Support tickets: what was said is sealed under the account's data key, and so is what the tenant let the operator see.

use std::sync::Arc;

use sqlx::any::AnyRow;
use vivier_core::id::{AccountId, DeploymentId, SnapshotId, TicketId};
use vivier_core::name::Email;
use vivier_core::quota::QuotaKind;
use vivier_core::ticket::{TicketAsk, TicketState, after};
use vivier_core::wire::tickets::{SnapshotPreview, SupportSnapshot, TicketDetail, TicketMessageOut, TicketOut};

use super::deployments::like;
use super::{Actor, Columns as _, Store, StoreError, Tx, int, json, new_uuid, statements, word};
use crate::keys::{DataKey, Owner};
use crate::mail::{Mail, tickets as texts};
use crate::vault;

/// How long a snapshot that belongs to no ticket is kept, in milliseconds.
const PREVIEW_MILLIS: i64 = 3_600_000;
/// Snapshots that one account may have waiting for a ticket.
const MOST_PREVIEWS: u64 = 10;
/// Operators who are told of a ticket.
const MOST_TOLD: i64 = 20;
const DAY_MILLIS: i64 = 86_400_000;

macro_rules! select_tickets {
    ($condition:literal) => {
        concat!(
            "SELECT t.id, t.number, t.account_id, a.name AS account_name, t.deployment_id, t.subject, t.state, t.opened_by, t.created_at, t.updated_at, t.closed_at, \
             (SELECT COUNT(*) FROM support_snapshots s WHERE s.ticket_id = t.id AND s.content IS NOT NULL) AS snapshots \
             FROM support_tickets t JOIN accounts a ON a.id = t.account_id ",
            $condition
        )
    };
}

statements! {
    NEXT_NUMBER = "UPDATE ticket_numbers SET last = last + 1 WHERE id = 1 RETURNING last";
    OPEN_ONES = "SELECT COUNT(*) AS used FROM support_tickets WHERE account_id = $1 AND state <> 'closed'";
    TODAYS = "SELECT COUNT(*) AS used, MIN(created_at) AS oldest FROM support_tickets WHERE account_id = $1 AND created_at > $2";
    INSERT = "INSERT INTO support_tickets (id, number, account_id, deployment_id, opened_by, subject, state, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $7)";
    SAY = "INSERT INTO ticket_messages (id, ticket_id, author, from_operator, internal, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SAID = "SELECT COUNT(*) AS used FROM ticket_messages WHERE ticket_id = $1";
    MESSAGES = "SELECT id, author, from_operator, internal, body, created_at FROM ticket_messages WHERE ticket_id = $1 AND ($2 = 1 OR internal = 0) ORDER BY id";
    LOCK = "UPDATE support_tickets SET updated_at = $2 WHERE id = $1 RETURNING account_id, number, state, opened_by";
    SET_STATE = "UPDATE support_tickets SET state = $2, solved_at = $3, closed_at = $4 WHERE id = $1";
    ONE = select_tickets!("WHERE t.id = $1 AND ($2 = '' OR t.account_id = $2)");
    LIST = select_tickets!(
        "WHERE ($1 = '' OR t.account_id = $1) AND ($2 = '' OR t.state = $2) AND ($3 = '' OR LOWER(t.subject) LIKE $3 ESCAPE '!' OR LOWER(a.name) LIKE $3 ESCAPE '!') \
         AND ($4 = 0 OR t.number = $4) AND ($5 = 0 OR t.number < $5) ORDER BY t.number DESC LIMIT $6"
    );
    PREVIEWS = "SELECT COUNT(*) AS used FROM support_snapshots WHERE account_id = $1 AND ticket_id IS NULL AND created_at > $2";
    KEEP = "INSERT INTO support_snapshots (id, account_id, deployment_id, content, created_at) VALUES ($1, $2, $3, $4, $5)";
    /// Only what was shown to this account, a short while ago, for no other ticket.
    ATTACH = "UPDATE support_snapshots SET ticket_id = $2 WHERE id = $1 AND account_id = $3 AND ticket_id IS NULL AND content IS NOT NULL AND created_at > $4 \
        RETURNING deployment_id";
    ATTACHED = "SELECT id, content, destroyed_at FROM support_snapshots WHERE ticket_id = $1 ORDER BY id DESC LIMIT 1";
    FORGET_PREVIEWS = "DELETE FROM support_snapshots WHERE ticket_id IS NULL AND created_at <= $1";
    OVERDUE = "SELECT id FROM support_tickets WHERE state = 'solved' AND solved_at <= $1 ORDER BY id LIMIT 100";
    DESTROYABLE = "SELECT s.id, s.ticket_id, s.account_id FROM support_snapshots s JOIN support_tickets t ON t.id = s.ticket_id \
        WHERE s.content IS NOT NULL AND t.state = 'closed' AND t.closed_at <= $1 ORDER BY s.id LIMIT 100";
    DESTROY = "UPDATE support_snapshots SET content = NULL, destroyed_at = $2 WHERE id = $1 AND content IS NOT NULL";
    OPERATORS = "SELECT email FROM users WHERE operator = 1 ORDER BY id LIMIT $1";
    COUNTS = "SELECT state, COUNT(*) AS count FROM support_tickets WHERE state <> 'closed' GROUP BY state";
    OWN_DEPLOYMENT = "SELECT id FROM deployments WHERE id = $1 AND account_id = $2 AND desired <> 'purged'";
}

/// What an installation allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketRules {
    /// In one ticket.
    pub messages: u32,
}

/// A ticket to open, checked.
pub struct NewTicket<'a> {
    pub subject: &'a str,
    pub message: &'a str,
    pub deployment: Option<DeploymentId>,
    pub snapshot: Option<SnapshotId>,
}

/// Which tickets.
#[derive(Clone, Debug, Default)]
pub struct TicketFilter {
    pub account: Option<AccountId>,
    pub state: Option<TicketState>,
    /// Part of the subject or of the account's name.
    pub search: Option<String>,
    pub number: Option<u64>,
    /// Those with smaller numbers.
    pub before: Option<u64>,
    pub limit: u32,
}

/// What somebody says or does.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    pub ask: TicketAsk,
    pub message: Option<&'a str>,
    /// For the links in mails.
    pub public_url: &'a str,
}

fn ticket(row: &AnyRow) -> Result<TicketOut, StoreError> {
    Ok(TicketOut {
        id: row.parse("id")?,
        number: row.count("number")?,
        account: row.parse("account_id")?,
        account_name: row.text("account_name")?,
        deployment: row.parse_opt("deployment_id")?,
        subject: row.text("subject")?,
        state: row.word("state")?,
        opened_by: row.text("opened_by")?,
        created_at: row.at("created_at")?,
        updated_at: row.at("updated_at")?,
        closed_at: row.at_opt("closed_at")?,
        has_snapshot: row.count("snapshots")? > 0,
    })
}

fn message_place(id: &str) -> String {
    format!("ticket message\n{id}")
}

fn snapshot_place(id: SnapshotId) -> String {
    format!("support snapshot\n{id}")
}

impl Store {
    async fn account_key(&self, account: AccountId) -> Result<Arc<DataKey>, StoreError> {
        self.data_key(Owner::Account(account)).await
    }

    /// Keeps what a tenant is shown of an agent, for the ticket that it may open with it within the hour.
    pub async fn keep_snapshot(
        &self,
        actor: &Actor,
        account: AccountId,
        deployment: DeploymentId,
        snapshot: SupportSnapshot,
    ) -> Result<SnapshotPreview, StoreError> {
        let key = self.account_key(account).await?;
        let id = SnapshotId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let sealed = vault::seal_for(&key, &snapshot_place(id), json(&snapshot).as_bytes())?;
        let mut tx = self.begin().await?;
        tx.lock_account(account).await?;
        let now = tx.now();
        let used = sqlx::query(PREVIEWS).bind(account.to_string()).bind(now.plus_millis(-PREVIEW_MILLIS).as_millis());
        if used.fetch_one(tx.conn()).await?.count("used")? >= MOST_PREVIEWS {
            return Err(StoreError::Conflict("there are ten snapshots that wait for a ticket; open one, or wait an hour".to_owned()));
        }
        sqlx::query(KEEP)
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(deployment.to_string())
            .bind(sealed)
            .bind(now.as_millis())
            .execute(tx.conn())
            .await?;
        tx.audit(actor, Some(account), "ticket.preview", &deployment.to_string(), serde_json::json!({ "snapshot": id })).await?;
        tx.commit_quietly().await?;
        Ok(SnapshotPreview { id, expires_at: now.plus_millis(PREVIEW_MILLIS), snapshot })
    }

    /// Opens a ticket, and tells the operators.
    ///
    /// # Errors
    /// `Quota`; `NotFound` for an agent or a snapshot that is not there (any more) for this account.
    pub async fn open_ticket(&self, actor: &Actor, account: AccountId, new: NewTicket<'_>, public_url: &str) -> Result<TicketOut, StoreError> {
        let NewTicket { subject, message, deployment, snapshot } = new;
        let key = self.account_key(account).await?;
        let id = TicketId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let mut tx = self.begin().await?;
        tx.lock_account(account).await?;
        tx.first_time(actor).await?;
        let now = tx.now();
        let open = sqlx::query(OPEN_ONES).bind(account.to_string()).fetch_one(tx.conn()).await?.count("used")?;
        tx.within(account, QuotaKind::OpenTickets, open, None).await?;
        let today = sqlx::query(TODAYS).bind(account.to_string()).bind(now.plus_millis(-DAY_MILLIS).as_millis()).fetch_one(tx.conn()).await?;
        tx.within(account, QuotaKind::TicketsPerDay, today.count("used")?, today.at_opt("oldest")?).await?;
        if let Some(deployment) = deployment {
            let own = sqlx::query(OWN_DEPLOYMENT).bind(deployment.to_string()).bind(account.to_string()).fetch_optional(tx.conn()).await?;
            own.ok_or(StoreError::NotFound("deployment"))?;
        }
        let number = sqlx::query(NEXT_NUMBER).fetch_one(tx.conn()).await?.count("last")?;
        sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(int(number))
            .bind(account.to_string())
            .bind(deployment.map(|id| id.to_string()))
            .bind(&actor.name)
            .bind(subject)
            .bind(now.as_millis())
            .execute(tx.conn())
            .await?;
        if let Some(snapshot) = snapshot {
            let since = now.plus_millis(-PREVIEW_MILLIS).as_millis();
            let attached = sqlx::query(ATTACH).bind(snapshot.to_string()).bind(id.to_string()).bind(account.to_string()).bind(since);
            let row = attached.fetch_optional(tx.conn()).await?.ok_or(StoreError::NotFound("snapshot"))?;
            if row.parse_opt("deployment_id")? != deployment {
                return Err(StoreError::Conflict("the snapshot is of another agent than the ticket; take one of this agent".to_owned()));
            }
        }
        tx.say_in(&key, id, actor, message, false, false).await?;
        tx.tell_operators(number, true, public_url).await?;
        let detail = serde_json::json!({ "number": number, "deployment": deployment, "snapshot": snapshot });
        tx.audit(actor, Some(account), "ticket.open", &id.to_string(), detail).await?;
        tx.commit().await?;
        self.ticket(id, Some(account)).await
    }

    /// Says something in a ticket, or moves it. `account`: the tenant whose ticket it must be; absent for operators.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` with the next step, when its state does not allow it.
    pub async fn say_in_ticket(
        &self,
        actor: &Actor,
        id: TicketId,
        account: Option<AccountId>,
        said: Said<'_>,
        rules: &TicketRules,
    ) -> Result<TicketOut, StoreError> {
        let Said { ask, message, public_url } = said;
        let before = self.ticket(id, account).await?;
        let key = self.account_key(before.account).await?;
        let by_operator = account.is_none();
        let mut tx = self.begin().await?;
        tx.lock_account(before.account).await?;
        tx.first_time(actor).await?;
        let now = tx.now();
        let row = sqlx::query(LOCK).bind(id.to_string()).bind(now.as_millis()).fetch_optional(tx.conn()).await?.ok_or(StoreError::NotFound("ticket"))?;
        let (state, number, opener): (TicketState, u64, Option<Email>) = (row.word("state")?, row.count("number")?, row.text("opened_by")?.parse().ok());
        let then = after(state, ask).map_err(|refusal| StoreError::Conflict(refusal.to_string()))?;
        if let Some(message) = message {
            let used = sqlx::query(SAID).bind(id.to_string()).fetch_one(tx.conn()).await?.count("used")?;
            if used >= u64::from(rules.messages) {
                return Err(StoreError::Conflict(format!("the ticket has {used} messages, which is the most; close it and open another")));
            }
            tx.say_in(&key, id, actor, message, by_operator, ask == TicketAsk::Note).await?;
        }
        if then != state {
            let solved = (then == TicketState::Solved).then(|| now.as_millis());
            let closed = (then == TicketState::Closed).then(|| now.as_millis());
            sqlx::query(SET_STATE).bind(id.to_string()).bind(word(&then)).bind(solved).bind(closed).execute(tx.conn()).await?;
        }
        match (ask, by_operator) {
            (TicketAsk::Write | TicketAsk::Reopen, false) => tx.tell_operators(number, false, public_url).await?,
            (TicketAsk::Answer | TicketAsk::Solve, true) => {
                if let Some(to) = opener {
                    tx.mail(Some(before.account), &texts::answered(to, number, ask == TicketAsk::Solve, public_url)).await?;
                }
            }
            (TicketAsk::Close, true) if state != TicketState::Closed => {
                if let Some(to) = opener {
                    tx.mail(Some(before.account), &texts::closed(to, number, public_url)).await?;
                }
            }
            (TicketAsk::Note | TicketAsk::Write | TicketAsk::Reopen | TicketAsk::Close, _) | (TicketAsk::Answer | TicketAsk::Solve, false) => {}
        }
        let detail = serde_json::json!({ "number": number, "from": state, "to": then });
        tx.audit(actor, Some(before.account), action(ask), &id.to_string(), detail).await?;
        tx.commit().await?;
        self.ticket(id, account).await
    }

    pub async fn ticket(&self, id: TicketId, account: Option<AccountId>) -> Result<TicketOut, StoreError> {
        let account = account.map(|id| id.to_string()).unwrap_or_default();
        let row = sqlx::query(ONE).bind(id.to_string()).bind(account).fetch_optional(self.reader()).await?;
        ticket(&row.ok_or(StoreError::NotFound("ticket"))?)
    }

    /// A ticket with all that was said; notes of operators only for them.
    pub async fn ticket_detail(&self, id: TicketId, account: Option<AccountId>) -> Result<TicketDetail, StoreError> {
        let ticket = self.ticket(id, account).await?;
        let key = self.account_key(ticket.account).await?;
        let rows = sqlx::query(MESSAGES).bind(id.to_string()).bind(i64::from(account.is_none())).fetch_all(self.reader()).await?;
        let messages = rows
            .iter()
            .map(|row| {
                let body = vault::open_for(&key, &message_place(&row.text("id")?), &row.blob("body")?)?;
                Ok(TicketMessageOut {
                    at: row.at("created_at")?,
                    author: row.text("author")?,
                    from_operator: row.flag("from_operator")?,
                    internal: row.flag("internal")?,
                    message: String::from_utf8_lossy(&body).into_owned(),
                })
            })
            .collect::<Result<_, StoreError>>()?;
        let attached = sqlx::query(ATTACHED).bind(id.to_string()).fetch_optional(self.reader()).await?;
        let (mut snapshot, mut snapshot_destroyed_at) = (None, None);
        if let Some(row) = attached {
            snapshot_destroyed_at = row.at_opt("destroyed_at")?;
            if let Some(sealed) = row.blob_opt("content")? {
                let plain = vault::open_for(&key, &snapshot_place(row.parse("id")?), &sealed)?;
                snapshot = Some(serde_json::from_slice(&plain).map_err(|error| StoreError::Corrupt(format!("a support snapshot: {error}")))?);
            }
        }
        Ok(TicketDetail { ticket, messages, snapshot, snapshot_destroyed_at })
    }

    /// Newest first.
    pub async fn tickets(&self, filter: &TicketFilter) -> Result<Vec<TicketOut>, StoreError> {
        let TicketFilter { account, state, search, number, before, limit } = filter;
        let rows = sqlx::query(LIST)
            .bind(account.map(|id| id.to_string()).unwrap_or_default())
            .bind(state.map(|state| word(&state)).unwrap_or_default())
            .bind(search.as_deref().map(like).unwrap_or_default())
            .bind(number.map_or(0, int))
            .bind(before.map_or(0, int))
            .bind(i64::from(*limit))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(ticket).collect()
    }

    /// Closes what has been solved for `close_days`, and destroys the snapshots of what has been closed for `snapshot_days`.
    pub async fn end_tickets(&self, close_days: u32, snapshot_days: u32, rules: &TicketRules, public_url: &str) -> Result<(), StoreError> {
        let days = |days: u32| self.now().plus_seconds(-i64::from(days) * 86_400).as_millis();
        for row in sqlx::query(OVERDUE).bind(days(close_days)).fetch_all(self.reader()).await? {
            let said = Said { ask: TicketAsk::Close, message: None, public_url };
            match self.say_in_ticket(&Actor::system(), row.parse("id")?, None, said, rules).await {
                Ok(_) | Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        for row in sqlx::query(DESTROYABLE).bind(days(snapshot_days)).fetch_all(self.reader()).await? {
            let mut tx = self.begin().await?;
            let now = tx.now().as_millis();
            sqlx::query(DESTROY).bind(row.text("id")?).bind(now).execute(tx.conn()).await?;
            let (account, ticket): (AccountId, String) = (row.parse("account_id")?, row.text("ticket_id")?);
            tx.audit(&Actor::system(), Some(account), "ticket.snapshot_destroy", &ticket, serde_json::json!({})).await?;
            tx.commit_quietly().await?;
        }
        let mut tx = self.begin().await?;
        let old = tx.now().plus_millis(-PREVIEW_MILLIS).as_millis();
        sqlx::query(FORGET_PREVIEWS).bind(old).execute(tx.conn()).await?;
        tx.commit_quietly().await?;
        self.measure_tickets().await
    }

    async fn measure_tickets(&self) -> Result<(), StoreError> {
        let rows = sqlx::query(COUNTS).fetch_all(self.reader()).await?;
        for state in TicketState::ALL.into_iter().filter(|state| *state != TicketState::Closed) {
            let row = rows.iter().find(|row| row.text("state").is_ok_and(|text| text == state.as_str()));
            let count = row.map(|row| row.count("count")).transpose()?.unwrap_or_default();
            metrics::gauge!("vivier_tickets", "state" => state.as_str()).set(count as f64);
        }
        Ok(())
    }
}

const fn action(ask: TicketAsk) -> &'static str {
    match ask {
        TicketAsk::Write => "ticket.write",
        TicketAsk::Answer => "ticket.answer",
        TicketAsk::Note => "ticket.note",
        TicketAsk::Solve => "ticket.solve",
        TicketAsk::Close => "ticket.close",
        TicketAsk::Reopen => "ticket.reopen",
    }
}

impl Tx {
    async fn say_in(&mut self, key: &DataKey, ticket: TicketId, actor: &Actor, message: &str, from_operator: bool, internal: bool) -> Result<(), StoreError> {
        let id = new_uuid().to_string();
        let sealed = vault::seal_for(key, &message_place(&id), message.as_bytes())?;
        sqlx::query(SAY)
            .bind(&id)
            .bind(ticket.to_string())
            .bind(&actor.name)
            .bind(i64::from(from_operator))
            .bind(i64::from(internal))
            .bind(sealed)
            .bind(self.now().as_millis())
            .execute(self.conn())
            .await?;
        Ok(())
    }

    async fn tell_operators(&mut self, number: u64, new: bool, public_url: &str) -> Result<(), StoreError> {
        let rows = sqlx::query(OPERATORS).bind(MOST_TOLD).fetch_all(self.conn()).await?;
        for row in rows {
            let mail: Mail = texts::to_operator(row.parse("email")?, number, new, public_url);
            self.mail(None, &mail).await?;
        }
        Ok(())
    }
}
