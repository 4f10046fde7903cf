//! One agent looked at: `status`, `stats`, `open`, `proof`.

use serde_json::json;
use vivier_core::runtime::{Check, Stats};
use vivier_core::wire::agents::{DeploymentOut, OpenOut, ProofOut};

use super::list::state_in_short;
use super::timeline;
use crate::api::Api;
use crate::cli::{Named, OpenArgs, ProofArgs, StatsArgs};
use crate::failure::{Exit, Failure};
use crate::output::{Output, Paint};
use crate::target::{self, Prefer};
use crate::text;

/// Lines of the timeline that `status` shows.
const TIMELINE: u32 = 40;

pub async fn status(api: &Api, named: &Named, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &named.name, Prefer::Living).await?;
    let events = api.events(deployment.id, TIMELINE).await?;
    if output.is_json() {
        return output.document(&json!({ "deployment": deployment, "events": events }));
    }
    print(&deployment, output)?;
    if !events.is_empty() {
        output.line("")?;
    }
    timeline::print(&events, output)
}

fn print(one: &DeploymentOut, output: &Output) -> Result<(), Failure> {
    let now = text::now();
    output.line(format!("{}  {}", output.paint(Paint::Strong, one.name.as_str()), output.paint(Paint::of(one.state), &state_in_short(one))))?;
    if let Some(reason) = &one.reason {
        output.line(format!("  {}", text::harmless(reason, false)))?;
    }
    for degradation in &one.degraded {
        output.line(format!(
            "  {}: {}",
            output.paint(Paint::Warning, &text::harmless(&degradation.part, false)),
            text::harmless(&degradation.reason, false)
        ))?;
        output.line(format!("    Remedy: {}", text::harmless(&degradation.remedy, false)))?;
    }
    let provider = one.provider.as_ref().map_or_else(
        || "none: the agent cannot answer (`vivier config set NAME --provider … --model …`)".to_owned(),
        |provider| format!("{} {}{}", provider.kind, provider.model, provider.base_url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default()),
    );
    let channels: Vec<&str> = one.channels.iter().map(|channel| channel.kind.as_str()).collect();
    let limits = &one.limits;
    let mut facts = vec![
        ("url", one.url.clone()),
        ("id", one.id.to_string()),
        ("seen", one.observed_at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", text::age(at, now)))),
        ("created", format!("{} ({} ago)", text::moment(one.created_at), text::age(one.created_at, now))),
        (
            "plan",
            format!(
                "{}: {} cores, {} memory, {} storage",
                one.plan,
                text::cores(limits.cpu_millis.into()),
                text::bytes(limits.memory_bytes),
                text::bytes(limits.storage_bytes)
            ),
        ),
        ("openclaw", format!("{} ({}){}", one.openclaw_version, one.image.short(), follows(one))),
        (
            "revision",
            match one.last_known_good_revision {
                Some(good) if good == one.revision => format!("{} (known to work)", one.revision),
                Some(good) => format!("{} (last known to work: {good})", one.revision),
                None => format!("{} (not yet known to work)", one.revision),
            },
        ),
        ("provider", provider),
        ("channels", if channels.is_empty() { "none".to_owned() } else { channels.join(", ") }),
    ];
    if let Some(at) = one.expires_at {
        facts.push(("ends", format!("{} ({})", text::moment(at), text::until(at, now))));
    }
    if let Some(at) = one.purge_at {
        facts.push(("data goes", format!("{} ({}); `vivier restore` takes the deletion back", text::moment(at), text::until(at, now))));
    }
    let facts: Vec<(&str, String)> = facts.into_iter().map(|(label, value)| (label, text::harmless(&value, false))).collect();
    output.facts(&facts)
}

pub async fn stats(api: &Api, args: &StatsArgs, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &args.named.name, Prefer::Living).await?;
    if !args.watch {
        let stats = api.stats(deployment.id).await?;
        return if output.is_json() { output.document(&stats) } else { output.facts(&stats_facts(&stats)) };
    }
    loop {
        let stats = api.stats(deployment.id).await?;
        if output.is_json() {
            output.item(&stats)?;
        } else {
            output.line(stats_line(&stats))?;
        }
        tokio::time::sleep(super::WATCH).await;
    }
}

fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or_default()
}

fn stats_facts(stats: &Stats) -> Vec<(&'static str, String)> {
    vec![
        ("cpu", format!("{} of {} cores", text::cores(stats.cpu_millis), text::cores(stats.cpu_limit_millis))),
        (
            "memory",
            format!(
                "{} of {} ({} %)",
                text::bytes(stats.memory_bytes),
                text::bytes(stats.memory_limit_bytes),
                percent(stats.memory_bytes, stats.memory_limit_bytes)
            ),
        ),
        ("processes", stats.pids.to_string()),
        ("network", format!("{} received, {} sent", text::bytes(stats.network_received_bytes), text::bytes(stats.network_sent_bytes))),
    ]
}

fn stats_line(stats: &Stats) -> String {
    let [cpu, memory, pids, network] = [0, 1, 2, 3].map(|index| stats_facts(stats).swap_remove(index).1);
    format!("{}  cpu {cpu}  memory {memory}  processes {pids}  network {network}", text::clock(stats.at))
}

pub async fn open(api: &Api, args: &OpenArgs, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &args.named.name, Prefer::Living).await?;
    let link = api.open(deployment.id).await?;
    let OpenOut { url, expires_at } = &link;
    if output.is_json() {
        return output.document(&link);
    }
    output.line(url)?;
    output.aside(format!("The link works once, and ends {}.", text::until(*expires_at, text::now())));
    if !args.print && output.is_terminal() && !show_in_browser(url) {
        output.aside("No browser could be started here: open the link yourself.");
    }
    Ok(())
}

/// Hands the link to the desktop's own opener. The one-time code stands in that program's arguments for a moment; it is used up
/// by the first request.
fn show_in_browser(url: &str) -> bool {
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let opener = match () {
        () if cfg!(target_os = "macos") => "open",
        () if desktop => "xdg-open",
        () => return false,
    };
    let quiet = std::process::Stdio::null;
    std::process::Command::new(opener).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().is_ok()
}

/// Where the lines of a proof end.
const WIDTH: usize = 100;

/// `expected` or `found` under a check, whole: broken where the line ends, since a mount list has no other place.
fn evidence(label: &str, value: &str) -> String {
    let value = text::harmless(if value.is_empty() { "none" } else { value }, false);
    let indent = format!("         {label:<8}  ");
    let letters: Vec<char> = value.chars().collect();
    let lines: Vec<String> = letters.chunks(WIDTH - indent.len()).map(|line| line.iter().collect()).collect();
    format!("{indent}{}", lines.join(&format!("\n{}", " ".repeat(indent.len()))))
}

/// Fails when the proof does not hold, so that a script can ask.
pub async fn proof(api: &Api, args: &ProofArgs, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &args.named.name, Prefer::Living).await?;
    let shown = api.proof(deployment.id).await?;
    let ProofOut { holds, proof } = &shown;
    if output.is_json() {
        output.document(&shown)?;
    } else {
        let verdict = if *holds { output.paint(Paint::Good, "sealed") } else { output.paint(Paint::Bad, "NOT sealed") };
        let held = proof.checks.iter().filter(|check| check.holds).count();
        output.line(format!("{} is {verdict}: {held} of {} checks hold", deployment.slug, proof.checks.len()))?;
        output.line(format!("Read back from container {:.12} on {} UTC.", text::harmless(&proof.container, false), text::moment(proof.at)))?;
        output.line("")?;
        // What differs stands last, next to the prompt.
        let (good, bad): (Vec<&Check>, Vec<&Check>) = proof.checks.iter().partition(|check| check.holds);
        for check in good.into_iter().chain(bad) {
            let mark = if check.holds { output.paint(Paint::Good, "ok     ") } else { output.paint(Paint::Bad, "differs") };
            output.line(format!("{mark}  {}", text::harmless(&check.name, false)))?;
            if args.all || !check.holds {
                output.line(evidence("expected", &check.expected))?;
                output.line(evidence("found", &check.found))?;
            }
        }
    }
    if *holds { Ok(()) } else { Err(Failure::told(Exit::Failed)) }
}

/// What it follows, as an addition to its release.
fn follows(one: &DeploymentOut) -> String {
    match (one.follows, &one.window) {
        (Some(channel), Some(window)) => format!(", follows {channel} within {window}"),
        (Some(channel), None) => format!(", follows {channel}"),
        (None, _) => String::new(),
    }
}
