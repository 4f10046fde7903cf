//! The audit log: a tenant reads what was done to the things of its own account, an operator all of it.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Deserialize;
use vivier_core::id::AccountId;
use vivier_core::time::Timestamp;
use vivier_core::wire::Page;
use vivier_core::wire::audit::{AuditEntryOut, AuditOutcome, AuditReport};

use super::extract::{Query, number};
use super::guard::{Operator, Oversee, Read, Signed};
use super::problem::ApiError;
use crate::app::App;
use crate::store::StoreError;
use crate::store::audit::{AuditFilter, AuditRow, MOST_ON_A_PAGE};

const PAGE: u32 = 100;
/// The beginning of the name of an operator who acts.
const STAFF: &str = "operator ";
/// The first line of a CSV export.
const CSV_HEAD: &str = "seq,at,account,actor,user,action,subject,outcome,from,detail,hash\r\n";

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Part of the name of who acted, whatever the case.
    #[serde(default)]
    pub q: Option<String>,
    /// An action such as `token.create`, or all of a kind: `token.`
    #[serde(default)]
    #[param(pattern = "^[a-z_]+\\.[a-z_]*$")]
    pub action: Option<String>,
    /// The id of what it was done to, such as `dep_…`.
    #[serde(default)]
    #[param(pattern = "^[a-z]{3}_[0-9a-z]{26}$")]
    pub subject: Option<String>,
    #[serde(default)]
    pub outcome: Option<AuditOutcome>,
    /// What was done to the things of this account; a tenant sees its own in any case.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// From this time on.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Before this time.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1)]
    pub cursor: Option<u64>,
    /// 1 to 500; 100 when absent. An export has no limit.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// Of an export: one JSON object in each line, or a table with a head. `ndjson` when absent.
    #[serde(default)]
    #[param(inline)]
    pub format: ExportFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    #[default]
    Ndjson,
    Csv,
}

impl AuditQuery {
    /// Only this account's rows, whatever the query says; another's do not exist.
    fn check(self, own: Option<AccountId>) -> Result<(AuditFilter, ExportFormat), ApiError> {
        let Self { q, action, subject, outcome, account, since, until, cursor, limit, format } = self;
        let limit = limit.unwrap_or(PAGE);
        if !(1..=MOST_ON_A_PAGE).contains(&limit) {
            return Err(ApiError::field("limit", format!("must be 1 to {MOST_ON_A_PAGE}")));
        }
        let account = match (own, account) {
            (Some(own), Some(other)) if own != other => return Err(ApiError::not_found("account")),
            (Some(own), _) => Some(own),
            (None, account) => account,
        };
        let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if let Some(action) = &action
            && !action.split_once('.').is_some_and(|(kind, rest)| word(kind) && (rest.is_empty() || word(rest)))
        {
            return Err(ApiError::field("action", "must be an action such as `token.create`, or all of a kind, such as `token.`"));
        }
        if let Some(subject) = &subject
            && !subject
                .split_once('_')
                .is_some_and(|(kind, rest)| kind.len() == 3 && word(kind) && rest.len() == 26 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            return Err(ApiError::field("subject", "must be an id, such as `dep_…`"));
        }
        let cursor = match cursor {
            None => None,
            Some(cursor) => {
                Some(i64::try_from(cursor).ok().filter(|cursor| *cursor > 0).ok_or_else(|| ApiError::field("cursor", "must be what `next_cursor` said"))?)
            }
        };
        Ok((AuditFilter { account, actor: q, action, subject, outcome, since, until, cursor, oldest_first: false, limit }, format))
    }
}

/// A row for someone. A tenant does not learn where the operator's people sit.
fn view(row: AuditRow, to_operator: bool) -> AuditEntryOut {
    let AuditRow { seq, at, account, actor, user, action, subject, outcome, origin, detail, forgotten: _, hash } = row;
    let staff = actor.starts_with(STAFF);
    AuditEntryOut {
        seq: u64::try_from(seq).unwrap_or_default(),
        at,
        account,
        from: origin.filter(|_| to_operator || !staff),
        actor: Some(actor).filter(|actor| !actor.is_empty()),
        user,
        action,
        subject,
        outcome,
        // What does not parse was written by nobody of ours: it is shown as it stands.
        detail: serde_json::from_str(&detail).unwrap_or(serde_json::Value::String(detail)),
        hash: hex::encode(hash),
    }
}

async fn page(app: &App, filter: AuditFilter, to_operator: bool) -> Result<Json<Page<AuditEntryOut>>, ApiError> {
    let rows = app.store.audit_page(&filter).await?;
    let full = rows.len() == usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let next_cursor = rows.last().filter(|_| full).map(|row| row.seq.to_string());
    Ok(Json(Page { items: rows.into_iter().map(|row| view(row, to_operator)).collect(), next_cursor }))
}

/// All rows of `filter`, oldest first, a page at a time: however long the log is, it takes the memory of one page.
async fn export(app: &App, filter: AuditFilter, format: ExportFormat, to_operator: bool) -> Result<Response, ApiError> {
    let filter = AuditFilter { oldest_first: true, limit: MOST_ON_A_PAGE, ..filter };
    // The first page before the answer begins: a database that is away is a problem, and no file that ends early.
    let first = app.store.audit_page(&filter).await?;
    let head = match format {
        ExportFormat::Ndjson => Bytes::new(),
        ExportFormat::Csv => Bytes::from_static(CSV_HEAD.as_bytes()),
    };
    let state = (app.store.clone(), filter, Some(first));
    let pages = stream::unfold(state, move |(store, filter, page)| async move {
        let rows = match page {
            Some(rows) => rows,
            None => match store.audit_page(&filter).await {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::warn!("an export of the audit log ends early: {error:#}");
                    return Some((Err(error), (store, filter, Some(Vec::new()))));
                }
            },
        };
        let last = rows.last()?.seq;
        let lines: String = rows.into_iter().map(|row| line(&view(row, to_operator), format)).collect();
        Some((Ok::<_, StoreError>(Bytes::from(lines)), (store, AuditFilter { cursor: Some(last), ..filter }, None)))
    });
    let body = Body::from_stream(futures_util::StreamExt::chain(stream::once(async move { Ok(head) }), pages));
    let (kind, name) = match format {
        ExportFormat::Ndjson => ("application/x-ndjson", "attachment; filename=\"audit.ndjson\""),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
    };
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, HeaderValue::from_static(name))];
    Ok((headers, body).into_response())
}

fn line(row: &AuditEntryOut, format: ExportFormat) -> String {
    match format {
        ExportFormat::Ndjson => {
            let mut text = serde_json::to_string(row).unwrap_or_else(|error| unreachable!("our own types always serialise: {error}"));
            text.push('\n');
            text
        }
        ExportFormat::Csv => {
            let AuditEntryOut { seq, at, account, actor, user, action, subject, outcome, from, detail, hash } = row;
            let (account, user) = (account.map(|id| id.to_string()), user.map(|id| id.to_string()));
            let fields = [
                &seq.to_string(),
                &at.to_string(),
                account.as_deref().unwrap_or_default(),
                actor.as_deref().unwrap_or_default(),
                user.as_deref().unwrap_or_default(),
                action,
                subject,
                outcome.as_str(),
                from.as_deref().unwrap_or_default(),
                &detail.to_string(),
                hash,
            ];
            let mut text = fields.map(cell).join(",");
            text.push_str("\r\n");
            text
        }
    }
}

/// One field of a table. A text that a spreadsheet would take for a formula is given an apostrophe first.
pub(super) fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// What was done to your account's things
///
/// By whom, from where, and with what outcome: newest first. Operators who looked at the account are in it.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", extensions(("x-vivier-role" = json!("admin"))), params(AuditQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "One page", body = Page<AuditEntryOut>)))]
pub async fn list_audit(State(app): State<App>, signed: Signed<Oversee>, Query(query): Query<AuditQuery>) -> Result<Json<Page<AuditEntryOut>>, ApiError> {
    let (filter, _) = query.check(Some(signed.0.account))?;
    page(&app, filter, false).await
}

/// All of it, as a file
///
/// Oldest first, as it is written: nothing is held back in memory, so it may be long.
#[utoipa::path(get, path = "/v1/audit/export", tag = "audit", extensions(("x-vivier-role" = json!("admin"))), params(AuditQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The rows", content((String = "application/x-ndjson"), (String = "text/csv")))))]
pub async fn export_audit(State(app): State<App>, signed: Signed<Oversee>, Query(query): Query<AuditQuery>) -> Result<Response, ApiError> {
    let (filter, format) = query.check(Some(signed.0.account))?;
    export(&app, filter, format, false).await
}

/// The audit log of the whole installation
#[utoipa::path(get, path = "/v1/operator/audit", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(AuditQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "One page, newest first", body = Page<AuditEntryOut>)))]
pub async fn list_all_audit(State(app): State<App>, _operator: Operator<Read>, Query(query): Query<AuditQuery>) -> Result<Json<Page<AuditEntryOut>>, ApiError> {
    let (filter, _) = query.check(None)?;
    page(&app, filter, true).await
}

/// The audit log of the whole installation, as a file
#[utoipa::path(get, path = "/v1/operator/audit/export", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(AuditQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The rows, oldest first", content((String = "application/x-ndjson"), (String = "text/csv")))))]
pub async fn export_all_audit(State(app): State<App>, _operator: Operator<Read>, Query(query): Query<AuditQuery>) -> Result<Response, ApiError> {
    let (filter, format) = query.check(None)?;
    export(&app, filter, format, true).await
}

/// Whether the audit log is what was written
///
/// Reads the whole log now: every row against the one before it, and the end against its seal. One at a time.
#[utoipa::path(get, path = "/v1/operator/audit/verification", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "What was found", body = AuditReport)))]
pub async fn verify_audit(State(app): State<App>, _operator: Operator<Read>) -> Result<Json<AuditReport>, ApiError> {
    static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let Ok(_alone) = ONE.try_lock() else {
        return Err(ApiError::conflict("in_progress", "The log is being read at this moment, for another request. Ask again in a moment.").retry_after(5));
    };
    Ok(Json(crate::audit::verify_here(&app.store, &app.settings.data_dir, Vec::new()).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_of_a_table_is_a_formula_or_breaks_its_line() {
        assert_eq!(cell("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
        assert_eq!(
            (cell("+1"), cell("a,b"), cell("a\r\nb"), cell("plain")),
            ("'+1".to_owned(), "\"a,b\"".to_owned(), "\"a\r\nb\"".to_owned(), "plain".to_owned())
        );
    }
}
