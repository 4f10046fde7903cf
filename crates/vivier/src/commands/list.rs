//! `ls`.

use vivier_core::lifecycle::State;
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::DeploymentOut;

use crate::api::Api;
use crate::cli::LsArgs;
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::text;

pub async fn run(api: &Api, args: &LsArgs, output: &Output) -> Result<(), Failure> {
    if !args.watch {
        let deployments = api.deployments(args.all).await?;
        return if output.is_json() { output.document(&deployments) } else { print(&deployments, output) };
    }
    loop {
        let deployments = api.deployments(args.all).await?;
        if output.is_json() {
            output.item(&deployments)?;
        } else {
            if output.is_terminal() {
                output.raw("\u{1b}[H\u{1b}[2J")?;
            }
            print(&deployments, output)?;
        }
        tokio::time::sleep(super::WATCH).await;
    }
}

fn print(deployments: &[DeploymentOut], output: &Output) -> Result<(), Failure> {
    if deployments.is_empty() {
        return output.line("You have no agents yet. Make one with `vivier deploy`.");
    }
    let now = text::now();
    let rows = deployments.iter().map(|one| {
        vec![
            plain(text::harmless(one.name.as_str(), false)),
            (Paint::of(one.state), state_in_short(one)),
            (Paint::Faint, one.observed_at.map_or_else(|| "–".to_owned(), |at| text::age(at, now))),
            plain(text::age(one.created_at, now)),
            plain(one.plan.as_str()),
            plain(ends(one, now)),
            plain(text::harmless(&one.url, false)),
        ]
    });
    output.table(&["name", "state", "seen", "age", "plan", "ends", "url"], rows.collect())
}

/// The state, with what must not be overlooked beside it.
pub fn state_in_short(one: &DeploymentOut) -> String {
    let mut text = one.state.to_string();
    if !one.degraded.is_empty() {
        let parts: Vec<&str> = one.degraded.iter().map(|degradation| degradation.part.as_str()).collect();
        text.push_str(&format!(", degraded: {}", parts.join(", ")));
    }
    if let Some(position) = one.queue_position {
        text.push_str(&format!(" (number {position} in the queue)"));
    }
    text::harmless(&text, false)
}

/// When a trial ends, or the data of a deleted agent goes.
fn ends(one: &DeploymentOut, now: Timestamp) -> String {
    match (one.purge_at, one.expires_at) {
        (Some(at), _) if one.state == State::Terminated => format!("purged {}", text::until(at, now)),
        (_, Some(at)) if one.state != State::Terminated => text::until(at, now),
        (_, _) => "–".to_owned(),
    }
}
