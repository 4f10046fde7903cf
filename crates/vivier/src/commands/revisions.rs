//! Revisions: what an agent has been, how each went, the way back, and waiting for a new one to be trusted.

use std::time::Duration;

use vivier_core::id::EventId;
use vivier_core::lifecycle::State;
use vivier_core::runtime::Snapshot;
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::{DeploymentOut, RevisionOut, RevisionOutcome, Rollback, RollbackData, RollbackPlan};

use super::ask;
use super::timeline::{self, Settled};
use crate::api::Api;
use crate::cli::{Named, RollbackArgs, WaitArgs};
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::target::{self, Prefer};
use crate::{prompt, text};

pub async fn list(api: &Api, named: &Named, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &named.name, Prefer::Living).await?;
    let revisions = api.revisions(deployment.id).await?;
    if output.is_json() {
        return output.document(&revisions);
    }
    let now = text::now();
    let row = |revision: &RevisionOut| {
        let paint = match revision.outcome {
            RevisionOutcome::Pending => Paint::Busy,
            RevisionOutcome::Good => Paint::Good,
            RevisionOutcome::Failed => Paint::Bad,
            RevisionOutcome::Superseded => Paint::Faint,
        };
        vec![
            plain(revision.number.to_string()),
            (paint, outcome(revision.outcome).to_owned()),
            plain(text::harmless(&revision.openclaw_version, false)),
            plain(revision.config_version.to_string()),
            plain(revision.secrets_version.to_string()),
            plain(revision.snapshot.as_ref().map_or_else(|| "–".to_owned(), |kept| text::bytes(kept.bytes))),
            plain(text::age(revision.created_at, now)),
            plain(
                revision.ended_at.map_or_else(|| "–".to_owned(), |at| text::duration(u64::try_from(at.millis_since(revision.created_at)).unwrap_or_default())),
            ),
            plain(text::harmless(&revision.author, false)),
            plain(text::harmless(&note(revision), false)),
        ]
    };
    output.table(&["revision", "outcome", "openclaw", "config", "secrets", "data kept", "age", "took", "by", "note"], revisions.iter().map(row).collect())?;
    if revisions.iter().any(|revision| revision.snapshot.is_some()) {
        output.aside("Data kept: the copy from before that revision; going back to the one below it can put it back.");
    }
    Ok(())
}

pub const fn outcome(outcome: RevisionOutcome) -> &'static str {
    match outcome {
        RevisionOutcome::Pending => "pending",
        RevisionOutcome::Good => "good",
        RevisionOutcome::Failed => "failed",
        RevisionOutcome::Superseded => "superseded",
    }
}

fn note(revision: &RevisionOut) -> String {
    let marks = [
        revision.current.then(|| "current".to_owned()),
        revision.last_known_good.then(|| "last known good".to_owned()),
        revision.restores.map(|number| format!("on the data from before {number}")),
        revision.reason.clone(),
    ];
    marks.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub async fn rollback(api: &Api, args: &RollbackArgs, output: &Output) -> Result<(), Failure> {
    let RollbackArgs { named, revision, data, dry_run, yes, waiting } = args;
    let found = target::find(api, &named.name, Prefer::Living).await?;
    let plan = api.rollback_plan(found.id, *revision).await?;
    if *dry_run {
        return output.done(&plan, summary(&plan));
    }
    if revision.is_none() && plan.revision == found.revision {
        let failure = Failure::usage(format!("{} is on revision {} already, the last one that is known to work.", found.slug, plan.revision));
        return Err(failure.next(format!("Name one with --revision; `vivier revisions {}` lists them.", found.slug)));
    }
    if *data == Some(RollbackData::Restore) && plan.snapshot.is_none() {
        let failure = Failure::refused(format!("No copy of the data of revision {} is kept any more.", plan.revision));
        return Err(failure.next(format!("Go back with --data keep, or to a revision whose data is kept: `vivier revisions {}`.", found.slug)));
    }
    output.aside(summary(&plan));
    if let Some(chosen) = data.filter(|&chosen| chosen != plan.data) {
        output.aside(instead(chosen, &plan));
    }
    let data = if *yes { Some(data.unwrap_or(plan.data)) } else { confirmed(&plan, *data, &found, output)? };
    let Some(data) = data else { return output.line("Nothing was changed.") };
    let newest = ask::newest_event(api, found.id).await?;
    // What was shown is what is asked for, also when the agent has changed meanwhile.
    let asked = api.rollback(found.id, &Rollback { revision: Some(plan.revision), data: Some(data) }).await?;
    tell(api, asked, newest, waiting, output).await
}

/// The server's words, with its times as this program writes them everywhere.
fn summary(plan: &RollbackPlan) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches(['.', ',', ';']);
        match bare.parse::<jiff::Timestamp>() {
            Ok(at) => format!("{} UTC{}", text::moment(Timestamp::from_millis(at.as_millisecond())), &word[bare.len()..]),
            Err(_not_a_time) => word.to_owned(),
        }
    };
    text::harmless(&plan.summary.split(' ').map(word).collect::<Vec<_>>().join(" "), false)
}

/// What the person's own choice makes of the plan.
fn instead(chosen: RollbackData, plan: &RollbackPlan) -> String {
    match (chosen, plan.loses_since) {
        (RollbackData::Keep, _) => format!("--data keep: the data stays as it is, and OpenClaw {} starts on it, if it can read it.", plan.openclaw_version),
        (RollbackData::Restore, Some(since)) => {
            format!("--data restore: the data is put back to {} UTC; what was written since is lost to the agent.", text::moment(since))
        }
        (RollbackData::Restore, None) => "--data restore: the data is put back.".to_owned(),
    }
}

/// What is to become of the data, said by the person; `None`: nothing is to be done.
fn confirmed(plan: &RollbackPlan, chosen: Option<RollbackData>, found: &DeploymentOut, output: &Output) -> Result<Option<RollbackData>, Failure> {
    if !output.may_ask() {
        let failure =
            Failure::usage(format!("Going back to revision {} of {} needs a confirmation, and there is no terminal to ask.", plan.revision, found.slug));
        return Err(failure.next("Give --yes, and --data when it is to be otherwise; --dry-run only tells."));
    }
    let restore = |snapshot: &Snapshot| (format!("Go back, and put the data back to {} UTC", text::moment(snapshot.taken_at)), Some(RollbackData::Restore));
    let keep = ("Go back, and keep the data as it is".to_owned(), Some(RollbackData::Keep));
    let mut options = vec![("No, change nothing".to_owned(), None)];
    match (chosen, &plan.snapshot) {
        (Some(RollbackData::Restore), Some(snapshot)) => options.push(restore(snapshot)),
        (Some(RollbackData::Keep | RollbackData::Restore), _) | (None, None) => options.push(keep),
        (None, Some(snapshot)) => {
            options.push(restore(snapshot));
            options.push(keep);
            if plan.data == RollbackData::Keep {
                options.swap(1, 2);
            }
        }
    }
    let words = options.iter().map(|(words, _)| words.clone()).collect();
    let answer = prompt::choice(&format!("Does {} go back to revision {}?", found.slug, plan.revision), words)?;
    Ok(options.into_iter().find(|(words, _)| *words == answer).and_then(|(_, data)| data))
}

/// Waits until the revision that `asked` wants is trusted or was taken back, and says which; with `--no-wait` only that it was begun.
pub async fn tell(api: &Api, asked: DeploymentOut, newest: Option<EventId>, waiting: &WaitArgs, output: &Output) -> Result<(), Failure> {
    let number = asked.revision;
    let slug = asked.slug.to_string();
    if waiting.no_wait {
        return output.done(&asked, format!("{slug}: revision {number} is accepted. `vivier revisions {slug}` shows how it goes."));
    }
    output.aside(format!("{slug}: revision {number}, OpenClaw {}", text::harmless(&asked.openclaw_version, false)));
    let over = |now: &DeploymentOut| match now.state {
        State::Running => now.last_known_good_revision == Some(now.revision) && now.revision >= number,
        State::Failed | State::Suspended | State::Terminated => true,
        State::Requested | State::Provisioning | State::Configuring | State::Starting | State::Updating | State::Restarting => false,
    };
    let settled = timeline::wait(api, asked.id, newest, Duration::from_secs(waiting.timeout), output, over).await?;
    let revision = api.revisions(asked.id).await?.into_iter().find(|revision| revision.number == number);
    let now = match settled {
        Settled::Yes(now) => now,
        Settled::NotYet(now) if now.state == State::Running && now.revision == number => {
            let failure = Failure::failed(format!("{slug} runs with revision {number}, but is still on probation; waiting has ended."));
            return Err(failure.next(format!("`vivier revisions {slug}` shows whether it is trusted.")));
        }
        late @ Settled::NotYet(_) => return ask::finish(late, State::Running, output),
    };
    match revision.as_ref().map(|revision| (revision.outcome, revision)) {
        Some((RevisionOutcome::Failed, failed)) => Err(taken_back(failed, &now)),
        Some((RevisionOutcome::Superseded, _)) => {
            Err(Failure::failed(format!("Revision {number} of {slug} was replaced by revision {} before it was trusted.", now.revision)))
        }
        Some((RevisionOutcome::Good, good)) => {
            output.done(&*now, format!("{slug} runs OpenClaw {}; revision {number} works and is trusted.", text::harmless(&good.openclaw_version, false)))?;
            ask::remedies(&now, output);
            Ok(())
        }
        Some((RevisionOutcome::Pending, _)) | None => match now.state {
            State::Suspended => output.done(&*now, format!("{slug} is suspended; revision {number} is tried when it is resumed.")),
            State::Requested
            | State::Provisioning
            | State::Configuring
            | State::Starting
            | State::Running
            | State::Updating
            | State::Restarting
            | State::Failed
            | State::Terminated => ask::finish(Settled::Yes(now), State::Running, output),
        },
    }
}

fn taken_back(failed: &RevisionOut, now: &DeploymentOut) -> Failure {
    let RevisionOut { number, openclaw_version, reason, log, .. } = failed;
    let reason = reason.as_deref().map_or_else(|| "no reason was given".to_owned(), |reason| text::harmless(reason, false));
    let failure = Failure::failed(format!("Revision {number} (OpenClaw {}) of {} does not work: {reason}", text::harmless(openclaw_version, false), now.slug));
    let failure = log.iter().rev().take(5).rev().fold(failure, |failure, line| failure.note(format!("its log: {}", text::harmless(line, false))));
    let failure = match now.state {
        State::Running => failure.note(format!("It was taken back: {} runs OpenClaw {} again, as revision {}.", now.slug, now.openclaw_version, now.revision)),
        State::Requested
        | State::Provisioning
        | State::Configuring
        | State::Starting
        | State::Updating
        | State::Restarting
        | State::Failed
        | State::Suspended
        | State::Terminated => failure.note(format!("It was taken back; {} is {} now, with revision {}.", now.slug, now.state, now.revision)),
    };
    failure.next(format!("`vivier status {0}` and `vivier logs {0}` show how it came to it.", now.slug))
}
