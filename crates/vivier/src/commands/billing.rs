//! `billing`: what is paid for which agent, and the links to where one pays.

use vivier_core::billing::Stage;
use vivier_core::wire::billing::{BillingLink, BillingOut, Cancel, CancelWhen, CardOut, InvoiceOut, NewCheckout, SubscriptionOut};

use crate::api::Api;
use crate::cli::{BillingCommand, CancelArgs};
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::target::{Prefer, find};
use crate::{prompt, text};

pub async fn run(api: &Api, command: &BillingCommand, output: &Output) -> Result<(), Failure> {
    match command {
        BillingCommand::Status => status(&api.billing().await?, output),
        BillingCommand::Invoices => invoices(&api.invoices().await?, output),
        BillingCommand::Checkout { named, plan } => {
            let deployment = find(api, &named.name, Prefer::Living).await?.id;
            link(&api.checkout(&NewCheckout { deployment, plan: *plan }).await?, "Pay on this page; the agent runs as soon as it is paid.", output)
        }
        BillingCommand::Cancel(args) => cancel(api, args, output).await,
        BillingCommand::Portal => link(&api.billing_portal().await?, "It is good for a few minutes. Give it to nobody.", output),
        BillingCommand::Card => link(&api.show_card().await?, "The card is charged for later invoices; nothing is charged now.", output),
    }
}

/// The link alone on stdout, for a program or a browser; what it is for, beside it.
fn link(link: &BillingLink, words: &str, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(link);
    }
    output.line(text::harmless(&link.url, false))?;
    output.aside(words);
    Ok(())
}

fn status(bill: &BillingOut, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(bill);
    }
    if bill.subscriptions.is_empty() {
        output.line("Nothing is to be paid: you have no agent of a plan that has a price.")?;
    } else {
        let now = text::now();
        let rows = bill.subscriptions.iter().map(|one| {
            let ends = match (one.period_ends_at, one.cancels) {
                (Some(at), true) => format!("ends {}", text::until(at, now)),
                (Some(at), false) => format!("renews {}", text::until(at, now)),
                (None, _) => "–".to_owned(),
            };
            vec![
                plain(one.slug.as_str()),
                plain(one.moving_to.map_or_else(|| one.plan.to_string(), |to| format!("{} → {to}", one.plan))),
                plain(one.price.map_or_else(|| "–".to_owned(), |price| price.to_string())),
                (paint(one.stage), one.stage.as_str().to_owned()),
                plain(ends),
                (Paint::Warning, one.pay_until.map_or_else(String::new, |at| text::until(at, now))),
            ]
        });
        output.table(&["agent", "plan", "price", "stage", "period", "to be paid"], rows.collect())?;
        for one in bill.subscriptions.iter().filter(|one| !matches!(one.stage, Stage::Good | Stage::Ended) || one.trouble.is_some()) {
            output.line(format!("{}: {}", one.slug, text::harmless(&told(one), false)))?;
        }
    }
    if let Some(CardOut { brand, last4, exp_month, exp_year }) = &bill.card {
        output.aside(format!("Charged to {} …{}, good until {exp_month:02}/{exp_year}.", text::harmless(brand, false), text::harmless(last4, false)));
    }
    Ok(())
}

fn told(one: &SubscriptionOut) -> String {
    match &one.trouble {
        Some(trouble) => format!("{} {trouble}", one.explanation),
        None => one.explanation.clone(),
    }
}

const fn paint(stage: Stage) -> Paint {
    match stage {
        Stage::Good => Paint::Good,
        Stage::Resuming => Paint::Busy,
        Stage::Unpaid | Stage::Grace => Paint::Warning,
        Stage::Suspending | Stage::Suspended | Stage::Ending => Paint::Bad,
        Stage::Ended => Paint::Faint,
    }
}

fn invoices(invoices: &[InvoiceOut], output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(&invoices);
    }
    if invoices.is_empty() {
        return output.line("There is no invoice yet.");
    }
    let rows = invoices.iter().map(|one| {
        let paint = match one.status.as_str() {
            "paid" => Paint::Good,
            "open" | "uncollectible" => Paint::Warning,
            _ => Paint::Faint,
        };
        vec![
            plain(text::harmless(one.number.as_deref().unwrap_or(&one.id), false)),
            plain(text::moment(one.created_at)),
            plain(one.total.to_string()),
            (paint, text::harmless(&one.status, false)),
            plain(one.not_billed.as_ref().map_or_else(String::new, |off| off.amount.to_string())),
            plain(text::harmless(one.url.as_deref().unwrap_or("–"), false)),
        ]
    });
    output.table(&["invoice", "of", "total", "status", "not billed", "page"], rows.collect())?;
    for off in invoices.iter().filter_map(|one| one.not_billed.as_ref()) {
        output.aside(text::harmless(&off.words, false));
    }
    Ok(())
}

async fn cancel(api: &Api, args: &CancelArgs, output: &Output) -> Result<(), Failure> {
    let CancelArgs { named, now, keep, yes } = args;
    let deployment = find(api, &named.name, Prefer::Living).await?;
    let when = match (*now, *keep) {
        (true, _) => CancelWhen::Now,
        (false, true) => CancelWhen::Never,
        (false, false) => CancelWhen::PeriodEnd,
    };
    if when == CancelWhen::Now && !*yes {
        output.aside(format!("{} is suspended at once; its data is kept, and what was paid and not used becomes credit.", deployment.slug));
        if !confirmed(&deployment.slug, output)? {
            return output.line("Nothing was changed.");
        }
    }
    let one = api.cancel_subscription(&Cancel { deployment: deployment.id, when }).await?;
    output.done(&one, format!("{}: {}", one.slug, text::harmless(&one.explanation, false)))
}

fn confirmed(slug: &vivier_core::name::Slug, output: &Output) -> Result<bool, Failure> {
    const YES: &str = "End it now";
    if !output.may_ask() {
        let failure = Failure::usage(format!("Ending the subscription of {slug} at once needs a confirmation, and there is no terminal to ask."));
        return Err(failure.next("Give --yes; without --now it ends with its period."));
    }
    Ok(prompt::choice("Is that what you want?", vec!["No, change nothing", YES])? == YES)
}
