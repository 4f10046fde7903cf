//! Accounts as an operator sees them: found, and shown with what hangs on them.

use sqlx::any::AnyRow;
use vivier_core::hold::Hold;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::wire::console::{AccountHold, ConsoleAccountOut, ConsoleMemberOut};

use super::deployments::{Asked, like};
use super::{Actor, Columns as _, Store, StoreError, statements};

macro_rules! select_accounts {
    ($condition:literal) => {
        concat!(
            "SELECT a.id, a.name, a.created_at, a.closed_at, \
             (SELECT u.email FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = a.id AND m.role = 'owner') AS owner, \
             (SELECT COUNT(*) FROM members m WHERE m.account_id = a.id) AS members, \
             (SELECT COUNT(*) FROM deployments d WHERE d.account_id = a.id AND d.desired IN ('running', 'suspended')) AS deployments, \
             (SELECT COUNT(*) FROM deployments d WHERE d.account_id = a.id AND d.desired IN ('running', 'suspended') AND d.holds <> '') AS held, \
             (SELECT COUNT(*) FROM support_tickets t WHERE t.account_id = a.id AND t.state <> 'closed') AS open_tickets \
             FROM accounts a ",
            $condition
        )
    };
}

statements! {
    ONE = select_accounts!("WHERE a.id = $1");
    LIST = select_accounts!(
        "WHERE ($1 = '' OR LOWER(a.name) LIKE $1 ESCAPE '!' OR a.id = $2 OR EXISTS (SELECT 1 FROM members m JOIN users u ON u.id = m.user_id \
         WHERE m.account_id = a.id AND u.email LIKE $1 ESCAPE '!')) AND ($3 = '' OR a.id < $3) ORDER BY a.id DESC LIMIT $4"
    );
    PEOPLE = "SELECT m.user_id, u.email, m.role, u.operator, u.email_verified_at, m.created_at FROM members m JOIN users u ON u.id = m.user_id \
        WHERE m.account_id = $1 ORDER BY m.created_at, m.user_id LIMIT 500";
    AGENTS = "SELECT id FROM deployments WHERE account_id = $1 AND desired IN ('running', 'suspended') ORDER BY id";
}

fn account(row: &AnyRow) -> Result<ConsoleAccountOut, StoreError> {
    Ok(ConsoleAccountOut {
        id: row.parse("id")?,
        name: row.text("name")?,
        owner: row.parse_opt("owner")?,
        created_at: row.at("created_at")?,
        closed_at: row.at_opt("closed_at")?,
        members: row.count("members")?,
        deployments: row.count("deployments")?,
        held: row.count("held")?,
        open_tickets: row.count("open_tickets")?,
    })
}

impl Store {
    /// Accounts whose name or a member's address holds `search`, or whose id it is: newest first.
    pub async fn console_accounts(&self, search: Option<&str>, before: Option<AccountId>, limit: u32) -> Result<Vec<ConsoleAccountOut>, StoreError> {
        let rows = sqlx::query(LIST)
            .bind(search.map(like).unwrap_or_default())
            .bind(search.unwrap_or_default())
            .bind(before.map(|id| id.to_string()).unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(account).collect()
    }

    pub async fn console_account(&self, id: AccountId) -> Result<ConsoleAccountOut, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.reader()).await?;
        account(&row.ok_or(StoreError::NotFound("account"))?)
    }

    pub async fn console_people(&self, id: AccountId) -> Result<Vec<ConsoleMemberOut>, StoreError> {
        let rows = sqlx::query(PEOPLE).bind(id.to_string()).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(ConsoleMemberOut {
                    user: row.parse("user_id")?,
                    email: row.parse("email")?,
                    role: row.word("role")?,
                    operator: row.flag("operator")?,
                    email_verified_at: row.at_opt("email_verified_at")?,
                    since: row.at("created_at")?,
                })
            })
            .collect()
    }

    /// Holds every agent of the account, or lets them go: each in a transaction of its own, so that one that cannot be held keeps
    /// none of the others. It can be asked for again.
    pub async fn hold_account(&self, actor: &Actor, id: AccountId, set: bool, reason: &str) -> Result<AccountHold, StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_account(id).await?;
        tx.first_time(actor).await?;
        let rows = sqlx::query(AGENTS).bind(id.to_string()).fetch_all(tx.conn()).await?;
        let agents = rows.iter().map(|row| row.parse("id")).collect::<Result<Vec<DeploymentId>, _>>()?;
        let action = if set { "account.hold" } else { "account.release_hold" };
        tx.audit(actor, Some(id), action, &id.to_string(), serde_json::json!({ "reason": reason, "agents": agents.len() })).await?;
        tx.commit_quietly().await?;
        let each = Actor { once: None, ..actor.clone() };
        let mut done = AccountHold { changed: 0, already: 0 };
        for agent in agents {
            let asked = if set { self.hold(&each, id, agent, Hold::Operator).await } else { self.release_hold(&each, id, agent, Hold::Operator).await };
            match asked {
                Ok((Asked::Accepted, _)) => done.changed += 1,
                // Deleted meanwhile: there is nothing to hold any more.
                Ok((Asked::AlreadySo, _)) | Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => done.already += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}
