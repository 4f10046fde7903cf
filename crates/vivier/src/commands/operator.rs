//! `operator`: the whole installation, for those who run it.

use vivier_core::id::DeploymentId;
use vivier_core::wire::operator::NewWithdrawal;

use crate::api::console::Side;
use crate::api::{Api, Verb};
use crate::cli::{OperatorCommand, OperatorReleaseCommand};
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::text;

use super::jobs;
use super::list::state_in_short;
use super::release::{checked, pick, standing};
use super::{audit, console, tickets, waves};

pub async fn run(api: &Api, command: &OperatorCommand, output: &Output) -> Result<(), Failure> {
    match command {
        OperatorCommand::Hosts => hosts(api, output).await,
        OperatorCommand::Deployments => deployments(api, output).await,
        OperatorCommand::Audit(args) => audit::run(api, Side::Operator, args, output).await,
        OperatorCommand::Tickets(command) => tickets::operator(api, command, output).await,
        OperatorCommand::Accounts { query } => console::accounts(api, query.as_deref(), output).await,
        OperatorCommand::Account(command) => console::account(api, command, output).await,
        OperatorCommand::Suspend { id } => ask(api, *id, Verb::Suspend, output).await,
        OperatorCommand::Resume { id } => ask(api, *id, Verb::Resume, output).await,
        OperatorCommand::Releases { command: None } => releases(api, output).await,
        OperatorCommand::Releases { command: Some(command) } => change_release(api, command, output).await,
        OperatorCommand::Quarantine => quarantine(api, output).await,
        OperatorCommand::Channels => waves::channels(api, output).await,
        OperatorCommand::Promote(args) => waves::promote(api, args, output).await,
        OperatorCommand::Jobs { state } => jobs::list(api, state, output).await,
        OperatorCommand::Job(command) => jobs::one(api, command, output).await,
        OperatorCommand::Waves => waves::list(api, output).await,
        OperatorCommand::Wave(command) => waves::one(api, command, output).await,
    }
}

async fn hosts(api: &Api, output: &Output) -> Result<(), Failure> {
    let hosts = api.hosts().await?;
    if output.is_json() {
        return output.document(&hosts);
    }
    let now = text::now();
    for host in &hosts {
        let (paint, reachable) = if host.reachable { (Paint::Good, "reachable") } else { (Paint::Bad, "NOT reachable") };
        let seen = host.observed_at.map_or_else(|| "never seen".to_owned(), |at| format!("seen {} ago", text::age(at, now)));
        output.line(format!("{}  {}, {seen}", output.paint(Paint::Strong, &text::harmless(&host.name, false)), output.paint(paint, reachable)))?;
        let admits = match (&host.reason, host.admits) {
            (Some(reason), true) => format!("yes; {}", text::harmless(reason, false)),
            (None, true) => "yes".to_owned(),
            (reason, false) => format!("no: {}", text::harmless(reason.as_deref().unwrap_or("no reason was given"), false)),
        };
        let mut facts = vec![
            ("admits new work", admits),
            ("deployments", format!("{} ({} wait for their turn)", host.deployments, host.queue_length)),
            ("promised", format!("{} memory, {} cores", text::bytes(host.reserved_memory_bytes), text::cores(host.reserved_cpu_millis))),
        ];
        if let Some(capacity) = &host.capacity {
            facts.push(("engine", text::harmless(&format!("{} {}", capacity.driver, capacity.engine_version), false)));
            facts.push(("cpus", capacity.cpus.to_string()));
            facts.push(("memory", format!("{} free of {}", text::bytes(capacity.memory_available_bytes), text::bytes(capacity.memory_total_bytes))));
            facts.push(("disk", format!("{} free of {}", text::bytes(capacity.disk_available_bytes), text::bytes(capacity.disk_total_bytes))));
            facts.push(("containers", format!("{} running", capacity.containers_running)));
        }
        output.facts(&facts)?;
        for warning in host.capacity.iter().flat_map(|capacity| &capacity.warnings) {
            output.line(format!("{} {}", output.paint(Paint::Warning, "warning:"), text::harmless(warning, false)))?;
        }
    }
    Ok(())
}

async fn deployments(api: &Api, output: &Output) -> Result<(), Failure> {
    let all = api.all_deployments().await?;
    if output.is_json() {
        return output.document(&all);
    }
    if all.is_empty() {
        return output.line("There are no deployments.");
    }
    let now = text::now();
    let rows = all.iter().map(|one| {
        let deployment = &one.deployment;
        vec![
            plain(deployment.slug.as_str()),
            plain(one.owner.as_str()),
            (Paint::of(deployment.state), state_in_short(deployment)),
            plain(text::age(deployment.created_at, now)),
            plain(deployment.plan.as_str()),
            plain(deployment.id.to_string()),
        ]
    });
    output.table(&["slug", "owner", "state", "age", "plan", "id"], rows.collect())
}

async fn ask(api: &Api, id: DeploymentId, verb: Verb, output: &Output) -> Result<(), Failure> {
    let asked = api.operator_ask(id, verb).await?;
    output.done(&asked, format!("{} of {}: {}.", asked.slug, asked.account, asked.state))
}

async fn releases(api: &Api, output: &Output) -> Result<(), Failure> {
    let releases = api.releases().await?;
    if output.is_json() {
        return output.document(&releases);
    }
    if releases.is_empty() {
        return output.line("There is no agent image yet. `vivierd release build` makes one.");
    }
    let now = text::now();
    let rows = releases.iter().map(|one| {
        vec![
            plain(text::harmless(&one.openclaw_version, false)),
            plain(text::harmless(&one.node_version, false)),
            plain(one.image.short()),
            plain(text::bytes(one.size_bytes)),
            plain(text::age(one.created_at, now)),
            plain(one.deployments.to_string()),
            plain(one.signed_by.trim_start_matches("sha256:").chars().take(12).collect::<String>()),
            checked(one.verdict, one.accepted.as_deref()),
            standing(one.withdrawn.as_ref(), if one.is_default { "default" } else { "" }),
        ]
    });
    output.table(&["openclaw", "node", "image", "size", "age", "deployments", "signed by", "vulnerabilities", ""], rows.collect())
}

async fn change_release(api: &Api, command: &OperatorReleaseCommand, output: &Output) -> Result<(), Failure> {
    match command {
        OperatorReleaseCommand::Withdraw { release, reason } => {
            let release = pick(api.release_choices().await?, release)?;
            let withdrawn = api.withdraw_release(release.id, &NewWithdrawal { reason: reason.clone() }).await?;
            let running = match withdrawn.deployments {
                0 => "No agent is on it.".to_owned(),
                some => format!("{some} agents are on it: what runs goes on, and is not started again. Move them with `vivier release use`."),
            };
            output.done(
                &withdrawn,
                format!("OpenClaw {} ({}) is withdrawn. {running}", text::harmless(&withdrawn.openclaw_version, false), withdrawn.image.short()),
            )
        }
        OperatorReleaseCommand::Reinstate { release } => {
            let release = pick(api.release_choices().await?, release)?;
            let back = api.reinstate_release(release.id).await?;
            output.done(&back, format!("OpenClaw {} ({}) may be started again.", text::harmless(&back.openclaw_version, false), back.image.short()))
        }
    }
}

async fn quarantine(api: &Api, output: &Output) -> Result<(), Failure> {
    let containers = api.quarantine().await?;
    if output.is_json() {
        return output.document(&containers);
    }
    if containers.is_empty() {
        return output.line("No container is in quarantine.");
    }
    let now = text::now();
    let rows = containers.iter().map(|one| {
        vec![
            plain(format!("{:.12}", one.container)),
            plain(text::harmless(&one.name, false)),
            plain(one.deployment.map_or_else(|| "–".to_owned(), |id| id.to_string())),
            plain(text::age(one.since, now)),
            plain(text::until(one.discard_at, now)),
        ]
    });
    output.table(&["container", "name", "deployment", "since", "discarded"], rows.collect())
}
