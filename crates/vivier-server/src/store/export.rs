//! Everything that is an account's, for its owner to take away: one JSON document, a list of rows for each part.
//!
//! A room of the store contributes a [`Part`]: a statement that reads its rows by the account's id, and what each column is. What is
//! not named in a part's fields does not leave: hashes, sealed texts and other accounts' rows have no field.

use serde_json::{Map, Value};
use vivier_core::id::AccountId;

use super::{Columns as _, Store, StoreError, accounts, audit, deployments, events, invitations, members, revisions, secrets, statements, tokens, versions};

statements! {
    // What was used and what was paid.
    SUBSCRIPTIONS = "SELECT deployment_id, stage, stage_since, paid, plan, amount, currency, period_start, period_end, cancel_at_period_end FROM subscriptions \
        WHERE account_id = $1 ORDER BY deployment_id";
    INVOICES = "SELECT id, deployment_id, number, status, reason, currency, total, amount_due, amount_paid, credits, created_at, paid_at, period_start, period_end FROM invoices \
        WHERE account_id = $1 ORDER BY created_at, id";
    CREDITS = "SELECT id, source, amount, currency, created_at, expires_at FROM credits_ledger WHERE account_id = $1 ORDER BY created_at, id";
    REDEMPTIONS = "SELECT grant_id, amount, applied_to_invoice_id, created_at FROM credits_redemptions WHERE account_id = $1 ORDER BY created_at, id";
    USAGE = "SELECT deployment_id, starts_at, running_ms, cpu_micros, memory_kib_seconds, storage_kib_seconds, egress_bytes, ingress_bytes, model_tokens FROM usage_metrics \
        WHERE account_id = $1 AND period = 'day' ORDER BY starts_at, deployment_id";
}

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Text,
    Number,
    /// Milliseconds in the table, RFC 3339 in the document.
    Time,
    Flag,
    /// JSON in the table, and the same in the document.
    Json,
}

/// One part of the document.
pub struct Part {
    /// Its key.
    pub name: &'static str,
    /// `$1` is the account's id.
    pub sql: &'static str,
    pub fields: &'static [(&'static str, Field)],
}

/// Every part. A table of a tenant's that is missing here is missing in what they get.
const PARTS: &[&Part] = &[
    &accounts::PART,
    &members::PART,
    &invitations::PART,
    &tokens::PART,
    &deployments::PART,
    &revisions::PART,
    &versions::PART,
    &secrets::PART,
    &events::PART,
    &audit::PART,
    &Part {
        name: "subscriptions",
        sql: SUBSCRIPTIONS,
        fields: &[
            ("deployment_id", Field::Text),
            ("stage", Field::Text),
            ("stage_since", Field::Time),
            ("paid", Field::Text),
            ("plan", Field::Text),
            ("amount", Field::Number),
            ("currency", Field::Text),
            ("period_start", Field::Time),
            ("period_end", Field::Time),
            ("cancel_at_period_end", Field::Flag),
        ],
    },
    &Part {
        name: "invoices",
        sql: INVOICES,
        fields: &[
            ("id", Field::Text),
            ("deployment_id", Field::Text),
            ("number", Field::Text),
            ("status", Field::Text),
            ("reason", Field::Text),
            ("currency", Field::Text),
            ("total", Field::Number),
            ("amount_due", Field::Number),
            ("amount_paid", Field::Number),
            ("credits", Field::Number),
            ("created_at", Field::Time),
            ("paid_at", Field::Time),
            ("period_start", Field::Time),
            ("period_end", Field::Time),
        ],
    },
    &Part {
        name: "credits",
        sql: CREDITS,
        fields: &[
            ("id", Field::Text),
            ("source", Field::Text),
            ("amount", Field::Number),
            ("currency", Field::Text),
            ("created_at", Field::Time),
            ("expires_at", Field::Time),
        ],
    },
    &Part {
        name: "credits_used",
        sql: REDEMPTIONS,
        fields: &[("grant_id", Field::Text), ("amount", Field::Number), ("applied_to_invoice_id", Field::Text), ("created_at", Field::Time)],
    },
    &Part {
        name: "usage_by_day",
        sql: USAGE,
        fields: &[
            ("deployment_id", Field::Text),
            ("starts_at", Field::Time),
            ("running_ms", Field::Number),
            ("cpu_micros", Field::Number),
            ("memory_kib_seconds", Field::Number),
            ("storage_kib_seconds", Field::Number),
            ("egress_bytes", Field::Number),
            ("ingress_bytes", Field::Number),
            ("model_tokens", Field::Number),
        ],
    },
];

impl Store {
    /// The whole document.
    pub async fn export(&self, account: AccountId) -> Result<Value, StoreError> {
        let mut document = Map::new();
        document.insert("exported_at".to_owned(), Value::String(self.now().to_string()));
        let mut tx = self.reader().begin().await?;
        for part in PARTS {
            let rows = sqlx::query(part.sql).bind(account.to_string()).fetch_all(&mut *tx).await?;
            let rows = rows.iter().map(|row| part.row(row)).collect::<Result<Vec<_>, _>>()?;
            document.insert(part.name.to_owned(), Value::Array(rows));
        }
        Ok(Value::Object(document))
    }
}

impl Part {
    fn row(&self, row: &sqlx::any::AnyRow) -> Result<Value, StoreError> {
        let read = |(name, field): &(&'static str, Field)| {
            let value = match field {
                Field::Text => row.text_opt(name)?.map(Value::String),
                Field::Number => row.int_opt(name)?.map(Value::from),
                Field::Time => row.at_opt(name)?.map(|at| Value::String(at.to_string())),
                Field::Flag => row.int_opt(name)?.map(|flag| Value::Bool(flag != 0)),
                Field::Json => row.json_opt(name)?,
            };
            Ok(((*name).to_owned(), value.unwrap_or(Value::Null)))
        };
        self.fields.iter().map(read).collect::<Result<Map<_, _>, StoreError>>().map(Value::Object)
    }
}
