//! `operator accounts` and `operator account`: whose installation's customers they are, and what they run.

use vivier_core::id::AccountId;
use vivier_core::wire::console::{Because, ConsoleAccountDetail};

use crate::api::Api;
use crate::cli::OperatorAccountCommand;
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::text;

pub async fn accounts(api: &Api, query: Option<&str>, output: &Output) -> Result<(), Failure> {
    let accounts = api.accounts(query).await?;
    if output.is_json() {
        return output.document(&accounts);
    }
    if accounts.is_empty() {
        return output.line("No account fits.");
    }
    let now = text::now();
    let rows = accounts.iter().map(|one| {
        let held = if one.held > 0 { (Paint::Warning, format!("{} held", one.held)) } else { plain("") };
        vec![
            plain(text::harmless(&one.name, false)),
            plain(one.owner.as_ref().map_or_else(String::new, ToString::to_string)),
            plain(one.deployments.to_string()),
            held,
            plain(one.open_tickets.to_string()),
            plain(text::age(one.created_at, now)),
            plain(one.id.to_string()),
        ]
    });
    output.table(&["account", "owner", "agents", "", "tickets", "age", "id"], rows.collect())
}

pub async fn account(api: &Api, command: &OperatorAccountCommand, output: &Output) -> Result<(), Failure> {
    match command {
        OperatorAccountCommand::Show { id } => show(&api.any_account(*id).await?, output),
        OperatorAccountCommand::Suspend { id, reason } => hold(api, *id, "suspend", reason, output).await,
        OperatorAccountCommand::Resume { id, reason } => hold(api, *id, "resume", reason, output).await,
    }
}

async fn hold(api: &Api, id: AccountId, verb: &str, reason: &str, output: &Output) -> Result<(), Failure> {
    let done = api.hold_account(id, verb, &Because { reason: reason.to_owned() }).await?;
    let sentence = format!("{} agents were changed; {} were so already.", done.changed, done.already);
    output.done(&done, sentence)
}

fn show(detail: &ConsoleAccountDetail, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(detail);
    }
    let ConsoleAccountDetail { account, people, agents, looks, credits, limits } = detail;
    let now = text::now();
    output.line(output.paint(Paint::Strong, &text::harmless(&account.name, false)))?;
    let mut facts = vec![("id", account.id.to_string()), ("age", text::age(account.created_at, now)), ("open tickets", account.open_tickets.to_string())];
    if let Some(at) = account.closed_at {
        facts.push(("deleted", text::moment(at)));
    }
    facts.push(("credits", credits.to_string()));
    output.facts(&facts)?;
    for limit in limits.iter().filter(|limit| limit.own) {
        output.line(format!("{} {} allowed to this account", limit.allowed, text::harmless(&limit.title, false)))?;
    }
    for person in people {
        output.line(format!("{}  {}", person.role, person.email))?;
    }
    let rows = agents.iter().map(|agent| {
        vec![plain(agent.slug.as_str()), (Paint::of(agent.state), agent.state.to_string()), plain(agent.plan.as_str()), plain(agent.id.to_string())]
    });
    if !agents.is_empty() {
        output.table(&["slug", "state", "plan", "id"], rows.collect())?;
    }
    for look in looks {
        let line = format!("{} looked from {} to {}: {}", look.operator, text::moment(look.from), text::moment(look.until), look.reason);
        output.line(text::harmless(&line, false))?;
    }
    Ok(())
}
