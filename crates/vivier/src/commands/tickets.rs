//! `tickets` and `operator tickets`: help from the operator, and answering it.

use std::path::Path;

use vivier_core::id::TicketId;
use vivier_core::ticket::TicketState;
use vivier_core::wire::tickets::{NewAnswer, NewReply, NewTicket, SupportSnapshot, TicketDetail, TicketOut};

use crate::api::Api;
use crate::api::console::Side;
use crate::cli::{OpenTicketArgs, OperatorTicketsCommand, TicketRef, TicketsCommand};
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::prompt;
use crate::target::{self, Prefer};
use crate::text;

pub async fn run(api: &Api, command: &TicketsCommand, output: &Output) -> Result<(), Failure> {
    let side = Side::Tenant;
    match command {
        TicketsCommand::Ls { query } => list(api, side, query.as_deref(), None, output).await,
        TicketsCommand::Show { ticket } => show(&api.ticket(side, find(api, side, ticket).await?).await?, output),
        TicketsCommand::Open(args) => open(api, args, output).await,
        TicketsCommand::Reply { ticket, message } => {
            let id = find(api, side, ticket).await?;
            told(&api.write_in_ticket(id, &NewReply { message: said(message.as_deref())? }).await?, output)
        }
        TicketsCommand::Close { ticket } => told(&api.move_ticket(side, find(api, side, ticket).await?, "close").await?, output),
        TicketsCommand::Reopen { ticket } => told(&api.move_ticket(side, find(api, side, ticket).await?, "reopen").await?, output),
    }
}

pub async fn operator(api: &Api, command: &OperatorTicketsCommand, output: &Output) -> Result<(), Failure> {
    let side = Side::Operator;
    match command {
        OperatorTicketsCommand::Ls { query, state } => list(api, side, query.as_deref(), state.as_deref(), output).await,
        OperatorTicketsCommand::Show { ticket } => show(&api.ticket(side, find(api, side, ticket).await?).await?, output),
        OperatorTicketsCommand::Reply { ticket, message, internal, solved } => {
            let id = find(api, side, ticket).await?;
            let answer = NewAnswer { message: said(message.as_deref())?, internal: *internal, solved: *solved };
            told(&api.answer_ticket(id, &answer).await?, output)
        }
        OperatorTicketsCommand::Close { ticket } => told(&api.move_ticket(side, find(api, side, ticket).await?, "close").await?, output),
        OperatorTicketsCommand::Reopen { ticket } => told(&api.move_ticket(side, find(api, side, ticket).await?, "reopen").await?, output),
    }
}

async fn find(api: &Api, side: Side, ticket: &TicketRef) -> Result<TicketId, Failure> {
    match ticket {
        TicketRef::Id(id) => Ok(*id),
        TicketRef::Number(number) => {
            let found = api.tickets(side, &[("q", number.to_string())]).await?;
            found
                .first()
                .map(|ticket| ticket.id)
                .ok_or_else(|| Failure::not_found(format!("There is no ticket {number}.")).next("`vivier tickets ls` lists yours."))
        }
    }
}

/// What was given, or what stands on standard input.
fn said(message: Option<&str>) -> Result<String, Failure> {
    match message {
        Some(message) => Ok(message.to_owned()),
        None => prompt::document(Path::new("-")),
    }
}

const fn paint(state: TicketState) -> Paint {
    match state {
        TicketState::Open => Paint::Busy,
        TicketState::Waiting => Paint::Warning,
        TicketState::Solved => Paint::Good,
        TicketState::Closed => Paint::Faint,
    }
}

async fn list(api: &Api, side: Side, query: Option<&str>, state: Option<&str>, output: &Output) -> Result<(), Failure> {
    let query: Vec<_> = [("q", query), ("state", state)].into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))).collect();
    let tickets = api.tickets(side, &query).await?;
    if output.is_json() {
        return output.document(&tickets);
    }
    if tickets.is_empty() {
        return output.line("There are no tickets.");
    }
    let now = text::now();
    let row = |one: &TicketOut| {
        vec![
            plain(one.number.to_string()),
            (paint(one.state), one.state.as_str().to_owned()),
            plain(text::harmless(&one.subject, false)),
            plain(text::harmless(&one.account_name, false)),
            plain(text::age(one.updated_at, now)),
        ]
    };
    output.table(&["number", "state", "subject", "account", "last word"], tickets.iter().map(row).collect())
}

fn show(ticket: &TicketDetail, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(ticket);
    }
    let TicketDetail { ticket: about, messages, snapshot, snapshot_destroyed_at } = ticket;
    output.line(format!(
        "{}  {}",
        output.paint(Paint::Strong, &format!("#{} {}", about.number, text::harmless(&about.subject, false))),
        output.paint(paint(about.state), about.state.as_str())
    ))?;
    for said in messages {
        let whose = if said.internal { ", a note that the tenant does not see" } else { "" };
        output.line(format!(
            "\n{}  {}{whose}",
            output.paint(Paint::Faint, &text::moment(said.at)),
            output.paint(Paint::Strong, &text::harmless(&said.author, false))
        ))?;
        output.line(text::harmless(&said.message, true))?;
    }
    if let Some(snapshot) = snapshot {
        output.line("")?;
        print_snapshot(snapshot, output)?;
    }
    if let Some(at) = snapshot_destroyed_at {
        output.line(format!("\nWhat was sent of the agent was destroyed on {}.", text::moment(*at)))?;
    }
    Ok(())
}

fn print_snapshot(snapshot: &SupportSnapshot, output: &Output) -> Result<(), Failure> {
    let SupportSnapshot { taken_at, name, slug, plan, state, reason, openclaw_version, revision, config, events, log } = snapshot;
    let state = reason.as_deref().map_or_else(|| state.clone(), |reason| format!("{state}: {reason}"));
    output.facts(&[
        ("agent", text::harmless(&format!("{name} ({slug})"), false)),
        ("plan", text::harmless(plan, false)),
        ("state", text::harmless(&state, false)),
        ("openclaw", text::harmless(openclaw_version, false)),
        ("revision", revision.to_string()),
        ("taken", text::moment(*taken_at)),
    ])?;
    output.line(format!("\n{}\n{}", output.paint(Paint::Strong, "configuration"), text::harmless(config, true)))?;
    output.line(format!("\n{}", output.paint(Paint::Strong, "events")))?;
    for event in events {
        output.line(format!("{}  {}", text::moment(event.at), text::harmless(&event.message, false)))?;
    }
    output.line(format!("\n{}", output.paint(Paint::Strong, "log")))?;
    for line in log {
        output.line(text::harmless(line, false))?;
    }
    Ok(())
}

fn told(ticket: &TicketDetail, output: &Output) -> Result<(), Failure> {
    output.done(ticket, format!("Ticket {} is {}.", ticket.ticket.number, ticket.ticket.state.as_str()))
}

async fn open(api: &Api, args: &OpenTicketArgs, output: &Output) -> Result<(), Failure> {
    let OpenTicketArgs { subject, message, agent, with_snapshot, yes } = args;
    let deployment = match agent {
        Some(name) => Some(target::find(api, name, Prefer::Living).await?.id),
        None => None,
    };
    let message = said(message.as_deref())?;
    let snapshot = match deployment.filter(|_| *with_snapshot) {
        None => None,
        Some(id) => {
            let preview = api.support_snapshot(id).await?;
            if !*yes {
                print_snapshot(&preview.snapshot, output)?;
                agreed(output)?;
            }
            Some(preview.id)
        }
    };
    let ticket = api.open_ticket(&NewTicket { subject: subject.clone(), message, deployment, snapshot }).await?;
    output.done(&ticket, format!("Ticket {} is open. You get a mail when it is answered.", ticket.ticket.number))
}

/// Nothing is sent that nobody has agreed to.
fn agreed(output: &Output) -> Result<(), Failure> {
    if !output.may_ask() {
        return Err(Failure::usage("Sending this needs a confirmation, and there is no terminal to ask.").next("Give --yes, or leave --with-snapshot out."));
    }
    let answer = prompt::choice("Does the operator get this?", vec!["No, open no ticket", "Yes"])?;
    if answer == "Yes" { Ok(()) } else { Err(Failure::usage("No ticket was opened.").next("Leave --with-snapshot out to ask without it.")) }
}
