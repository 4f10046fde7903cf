//! `plans`, `credits`, `usage` and `limits`.

use vivier_core::wire::credits::{CreditEntryKind, CreditsOut};
use vivier_core::wire::limits::LimitOut;
use vivier_core::wire::usage::UsageAmounts;

use crate::api::Api;
use crate::cli::{CreditsArgs, UsageArgs};
use crate::failure::Failure;
use crate::output::{Output, plain};
use crate::target::{self, Prefer};
use crate::text;

pub async fn plans(api: &Api, output: &Output) -> Result<(), Failure> {
    let plans = api.catalogue().await?.plans;
    if output.is_json() {
        return output.document(&plans);
    }
    let rows = plans.iter().map(|plan| {
        vec![
            plain(plan.name.to_string()),
            plain(plan.price.map_or_else(|| "–".to_owned(), |price| price.to_string())),
            plain(text::cores(plan.limits.cpu_millis.into())),
            plain(text::bytes(plan.limits.memory_bytes)),
            plain(text::bytes(plan.limits.storage_bytes)),
            plain(format!("{} days", plan.log_retention_days)),
            plain(plan.deployments.to_string()),
            plain(plan.model_budget.map_or_else(|| "–".to_owned(), |budget| budget.to_string())),
            plain(plan.sleep_after_minutes.map_or_else(|| "never".to_owned(), |minutes| format!("{minutes} min"))),
            plain(if plan.offered { "yes" } else { "no" }),
        ]
    });
    let header = ["plan", "a month", "cores", "memory", "storage", "logs", "at most", "model budget", "sleeps after", "offered"];
    output.table(&header, rows.collect())
}

pub async fn credits(api: &Api, args: &CreditsArgs, output: &Output) -> Result<(), Failure> {
    if !args.history {
        return show(&api.credits().await?, output);
    }
    let lines = api.credits_history().await?;
    if output.is_json() {
        return output.document(&lines);
    }
    if lines.is_empty() {
        return output.line("There are no lines in your account's ledger.");
    }
    let rows = lines.iter().map(|line| {
        let (sign, what) = match line.kind {
            CreditEntryKind::Granted => ("+", line.source.map_or("granted", |source| source.as_str()).to_owned()),
            CreditEntryKind::Redeemed => ("-", "taken for an invoice".to_owned()),
            CreditEntryKind::Returned => ("+", "given back".to_owned()),
        };
        vec![
            plain(line.at.to_string()),
            plain(format!("{sign}{}", line.amount.count())),
            plain(what),
            plain(text::harmless(line.invoice.as_deref().unwrap_or_default(), false)),
            plain(line.expires_at.map(|end| end.to_string()).unwrap_or_default()),
        ]
    });
    output.table(&["at", "credits", "what", "invoice", "ends"], rows.collect())
}

fn show(credits: &CreditsOut, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(credits);
    }
    output.line(format!("{} ({}) of at most {}", credits.balance, credits.worth, credits.most.count()))?;
    output.line(format!("granted {}, taken {}, ended {}", credits.granted.count(), credits.redeemed.count(), credits.expired.count()))?;
    if credits.grants.is_empty() {
        return Ok(());
    }
    let rows = credits.grants.iter().map(|grant| {
        vec![
            plain(grant.left.count().to_string()),
            plain(grant.amount.count().to_string()),
            plain(grant.source.as_str()),
            plain(grant.expires_at.map_or_else(|| "never".to_owned(), |end| end.to_string())),
            plain(text::harmless(grant.note.as_deref().unwrap_or_default(), false)),
        ]
    });
    output.table(&["left", "of", "from", "ends", "note"], rows.collect())
}

pub async fn usage(api: &Api, args: &UsageArgs, output: &Output) -> Result<(), Failure> {
    let UsageArgs { from, to, step, agent, csv } = args;
    let only = match agent {
        Some(name) => Some(target::find(api, name, Prefer::Living).await?.id),
        None => None,
    };
    if *csv {
        return output.raw(&api.export_usage(*from, *to, *step, only).await?);
    }
    let usage = api.usage(*from, *to, *step, only).await?;
    if output.is_json() {
        return output.document(&usage);
    }
    output.line(format!("from {} to {}, in UTC", usage.from, usage.to))?;
    let cells = |what: String, used: &UsageAmounts| {
        vec![
            plain(what),
            plain(format!("{:.2} h", seconds(used.running_seconds) / 3_600.0)),
            plain(format!("{:.1} s", used.cpu_seconds)),
            plain(format!("{:.3}", used.memory_gb_hours)),
            plain(format!("{:.3}", used.storage_gb_hours)),
            plain(text::bytes(used.egress_bytes)),
            plain(text::bytes(used.ingress_bytes)),
        ]
    };
    let mut rows: Vec<_> = usage.deployments.iter().map(|one| cells(text::harmless(one.name.as_str(), false), &one.amounts)).collect();
    rows.push(cells("all".to_owned(), &usage.total));
    output.table(&["agent", "running", "processor", "memory GB·h", "storage GB·h", "sent", "received"], rows)
}

#[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
const fn seconds(count: u64) -> f64 {
    count as f64
}

pub async fn limits(api: &Api, output: &Output) -> Result<(), Failure> {
    let limits = api.limits().await?;
    if output.is_json() {
        return output.document(&limits);
    }
    table(&limits.limits, output)?;
    let rows = limits.rates.iter().map(|rate| vec![plain(&rate.title), plain(format!("{} in {} s", rate.allowed, rate.period_seconds))]);
    output.table(&["how often", "allowed"], rows.collect())
}

fn table(limits: &[LimitOut], output: &Output) -> Result<(), Failure> {
    let rows = limits.iter().map(|one| {
        vec![
            plain(one.limit.as_str()),
            plain(&one.title),
            plain(one.used.map_or_else(|| "–".to_owned(), |used| used.to_string())),
            plain(format!("{}{}", one.allowed, if one.own { " (own)" } else { "" })),
            plain(one.frees_at.map(|at| at.to_string()).unwrap_or_default()),
        ]
    });
    output.table(&["limit", "what", "used", "allowed", "frees"], rows.collect())
}
