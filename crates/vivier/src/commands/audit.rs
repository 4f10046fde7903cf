//! `audit`: who did what to the account's things.

use std::io::Write as _;

use vivier_core::wire::audit::AuditOutcome;

use crate::api::Api;
use crate::api::console::Side;
use crate::cli::AuditArgs;
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::text;

pub async fn run(api: &Api, side: Side, args: &AuditArgs, output: &Output) -> Result<(), Failure> {
    let AuditArgs { actor, action, subject, outcome, since, until, account, limit, export } = args;
    let mut query: Vec<(&'static str, String)> = [("q", actor), ("action", action), ("subject", subject), ("outcome", outcome)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect();
    query.extend(since.map(|at| ("since", at.to_string())));
    query.extend(until.map(|at| ("until", at.to_string())));
    query.extend(account.map(|id| ("account", id.to_string())));
    if let Some(format) = export {
        query.push(("format", format.as_str().to_owned()));
        let mut response = api.audit_export(side, &query).await?;
        let mut out = std::io::stdout().lock();
        while let Some(part) = response.chunk().await.map_err(|error| api.http.lost(&error))? {
            out.write_all(&part).map_err(|error| Failure::writing(&error))?;
        }
        return out.flush().map_err(|error| Failure::writing(&error));
    }
    query.push(("limit", limit.to_string()));
    let rows = api.audit(side, &query).await?;
    if output.is_json() {
        return output.document(&rows);
    }
    if rows.is_empty() {
        return output.line("No row fits.");
    }
    let rows = rows.iter().map(|row| {
        let paint = match row.outcome {
            AuditOutcome::Done => Paint::Plain,
            AuditOutcome::Refused => Paint::Warning,
            AuditOutcome::Failed => Paint::Bad,
        };
        vec![
            plain(text::moment(row.at)),
            plain(text::harmless(row.actor.as_deref().unwrap_or("(deleted)"), false)),
            (paint, text::harmless(&row.action, false)),
            plain(text::harmless(&row.subject, false)),
            (paint, row.outcome.as_str().to_owned()),
            plain(row.from.as_deref().map_or_else(String::new, |from| text::harmless(from, false))),
        ]
    });
    output.table(&["when", "who", "what", "to what", "outcome", "from"], rows.collect())
}
