//! The audit log, tickets, and accounts as an operator sees them.

use vivier_core::id::{AccountId, DeploymentId, TicketId};
use vivier_core::wire::Page;
use vivier_core::wire::audit::AuditEntryOut;
use vivier_core::wire::console::{AccountHold, Because, ConsoleAccountDetail, ConsoleAccountOut};
use vivier_core::wire::tickets::{NewAnswer, NewReply, NewTicket, SnapshotPreview, TicketDetail, TicketOut};

use super::Api;
use crate::failure::Failure;
use crate::http::Call;

/// Method and path of everything that is called here.
#[cfg(test)]
pub(super) const OPERATIONS: &[(&str, &str)] = &[
    ("get", "/v1/audit"),
    ("get", "/v1/audit/export"),
    ("get", "/v1/operator/audit"),
    ("get", "/v1/operator/audit/export"),
    ("get", "/v1/tickets"),
    ("post", "/v1/tickets"),
    ("get", "/v1/tickets/{id}"),
    ("post", "/v1/tickets/{id}/messages"),
    ("post", "/v1/tickets/{id}/close"),
    ("post", "/v1/tickets/{id}/reopen"),
    ("post", "/v1/deployments/{id}/support-snapshot"),
    ("get", "/v1/operator/tickets"),
    ("get", "/v1/operator/tickets/{id}"),
    ("post", "/v1/operator/tickets/{id}/messages"),
    ("post", "/v1/operator/tickets/{id}/close"),
    ("post", "/v1/operator/tickets/{id}/reopen"),
    ("get", "/v1/operator/accounts"),
    ("get", "/v1/operator/accounts/{id}"),
    ("post", "/v1/operator/accounts/{id}/suspend"),
    ("post", "/v1/operator/accounts/{id}/resume"),
];

/// Whose side someone is on: the address begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Tenant,
    Operator,
}

impl Side {
    fn path<'a>(self, rest: &[&'a str]) -> Vec<&'a str> {
        let begin: &[&str] = match self {
            Self::Tenant => &["v1"],
            Self::Operator => &["v1", "operator"],
        };
        [begin, rest].concat()
    }
}

fn with(call: Call, query: &[(&'static str, String)]) -> Call {
    query.iter().fold(call, |call, (name, value)| call.query(name, value))
}

impl Api {
    /// Newest first.
    pub async fn audit(&self, side: Side, query: &[(&'static str, String)]) -> Result<Vec<AuditEntryOut>, Failure> {
        self.http.json::<Page<AuditEntryOut>>(with(Call::get(&side.path(&["audit"])), query)).await.map(|page| page.items)
    }

    /// All of it, as it comes: it may be long.
    pub async fn audit_export(&self, side: Side, query: &[(&'static str, String)]) -> Result<reqwest::Response, Failure> {
        let call = with(Call::get(&side.path(&["audit", "export"])), query).limit(None);
        self.http.checked(self.http.send(&call).await?).await
    }

    pub async fn tickets(&self, side: Side, query: &[(&'static str, String)]) -> Result<Vec<TicketOut>, Failure> {
        self.http.json::<Page<TicketOut>>(with(Call::get(&side.path(&["tickets"])), query)).await.map(|page| page.items)
    }

    pub async fn ticket(&self, side: Side, id: TicketId) -> Result<TicketDetail, Failure> {
        self.http.json(Call::get(&side.path(&["tickets", &id.to_string()]))).await
    }

    pub async fn open_ticket(&self, ticket: &NewTicket) -> Result<TicketDetail, Failure> {
        self.http.json(Call::post(&["v1", "tickets"]).body(ticket)?).await
    }

    pub async fn support_snapshot(&self, id: DeploymentId) -> Result<SnapshotPreview, Failure> {
        self.http.json(Call::post(&["v1", "deployments", &id.to_string(), "support-snapshot"])).await
    }

    pub async fn write_in_ticket(&self, id: TicketId, reply: &NewReply) -> Result<TicketDetail, Failure> {
        self.http.json(Call::post(&["v1", "tickets", &id.to_string(), "messages"]).body(reply)?).await
    }

    pub async fn answer_ticket(&self, id: TicketId, answer: &NewAnswer) -> Result<TicketDetail, Failure> {
        self.http.json(Call::post(&["v1", "operator", "tickets", &id.to_string(), "messages"]).body(answer)?).await
    }

    /// `close` or `reopen`.
    pub async fn move_ticket(&self, side: Side, id: TicketId, verb: &str) -> Result<TicketDetail, Failure> {
        self.http.json(Call::post(&side.path(&["tickets", &id.to_string(), verb]))).await
    }

    pub async fn accounts(&self, query: Option<&str>) -> Result<Vec<ConsoleAccountOut>, Failure> {
        let query: Vec<_> = query.map(|text| ("q", text.to_owned())).into_iter().collect();
        self.http.json::<Page<ConsoleAccountOut>>(with(Call::get(&["v1", "operator", "accounts"]), &query)).await.map(|page| page.items)
    }

    pub async fn any_account(&self, id: AccountId) -> Result<ConsoleAccountDetail, Failure> {
        self.http.json(Call::get(&["v1", "operator", "accounts", &id.to_string()])).await
    }

    /// `suspend` or `resume`.
    pub async fn hold_account(&self, id: AccountId, verb: &str, because: &Because) -> Result<AccountHold, Failure> {
        self.http.json(Call::post(&["v1", "operator", "accounts", &id.to_string(), verb]).body(because)?).await
    }
}
