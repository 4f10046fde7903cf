//! `operator channels|promote|waves|wave`: a release for everybody who follows a channel, a few at a time.

use vivier_core::id::WaveId;
use vivier_core::waves::{MemberState, WaveAsk, WaveState};
use vivier_core::wire::waves::{MemberCounts, PlanChange, Promote, ReleaseRef, Revert, StageOut, WaveDetail, WaveMemberOut, WaveOut};

use super::release::pick;
use crate::api::Api;
use crate::cli::{PromoteArgs, WaveCommand};
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::{prompt, text};

pub async fn channels(api: &Api, output: &Output) -> Result<(), Failure> {
    let channels = api.channels().await?;
    if output.is_json() {
        return output.document(&channels);
    }
    let now = text::now();
    let rows = channels.iter().map(|one| {
        vec![
            plain(one.name.as_str()),
            plain(one.release.as_ref().map_or_else(|| "–".to_owned(), in_short)),
            plain(one.promoted_at.map_or_else(|| "–".to_owned(), |at| text::age(at, now))),
            plain(one.followers.to_string()),
            plain(one.behind.to_string()),
            (Paint::Busy, one.wave.map_or_else(String::new, |wave| wave.to_string())),
        ]
    });
    output.table(&["channel", "release", "age", "followers", "behind", "wave"], rows.collect())
}

pub async fn promote(api: &Api, args: &PromoteArgs, output: &Output) -> Result<(), Failure> {
    let PromoteArgs { release, channel, stages, min_success, max_failures, soak, concurrency, dry_run, yes } = args;
    let release = pick(api.release_choices().await?, release)?;
    let change =
        PlanChange { stages: stages.clone(), min_success_percent: *min_success, max_failures: *max_failures, soak_seconds: *soak, concurrency: *concurrency };
    let proposed = api.promotion_plan(release.id, *channel).await?;
    // The server's words are of its own plan; of another one they are made here, by the same rules.
    let summary = if change == PlanChange::default() || proposed.moves == 0 {
        text::harmless(&proposed.summary, false)
    } else {
        let plan = change.clone().over(&proposed.plan);
        plan.check().map_err(|error| Failure::usage(format!("The plan does not fit: {error}.")))?;
        format!("OpenClaw {} reaches {}", proposed.release.openclaw_version, plan.words(usize::try_from(proposed.moves).unwrap_or(usize::MAX)))
    };
    if *dry_run {
        return output.done(&proposed, summary);
    }
    output.aside(summary);
    if !*yes && !confirmed("Promote it", &format!("Promoting OpenClaw {} to {channel}", release.openclaw_version), output)? {
        return output.line("Nothing was changed.");
    }
    let plan = (change != PlanChange::default()).then_some(change);
    let promoted = api.promote(release.id, &Promote { channel: *channel, plan }).await?;
    match &promoted.wave {
        Some(wave) => output.done(&promoted, format!("{} is on its way: `vivier operator wave show {}`.", wave.id, wave.id)),
        None => output.done(&promoted, format!("{channel} is on OpenClaw {}.", release.openclaw_version)),
    }
}

pub async fn list(api: &Api, output: &Output) -> Result<(), Failure> {
    let waves = api.waves().await?;
    if output.is_json() {
        return output.document(&waves);
    }
    if waves.is_empty() {
        return output.line("There has been no wave yet. `vivier operator promote RELEASE --channel stable` begins one.");
    }
    let now = text::now();
    let rows = waves.iter().map(|one| {
        vec![
            plain(one.id.to_string()),
            plain(one.channel.as_str()),
            plain(in_short(&one.release)),
            (paint(one.state), one.state.to_string()),
            plain(format!("{} of {}", one.stage, one.stages.len())),
            plain(counts(&one.members)),
            plain(text::age(one.created_at, now)),
        ]
    });
    output.table(&["wave", "channel", "release", "state", "stage", "agents", "age"], rows.collect())
}

pub async fn one(api: &Api, command: &WaveCommand, output: &Output) -> Result<(), Failure> {
    match command {
        WaveCommand::Show { id } => show(&api.wave(*id).await?, output),
        WaveCommand::Pause { id } => ask(api, *id, WaveAsk::Pause, output).await,
        WaveCommand::Resume { id } => ask(api, *id, WaveAsk::Resume, output).await,
        WaveCommand::Abort { id } => ask(api, *id, WaveAsk::Abort, output).await,
        WaveCommand::Revert { id, data, dry_run, yes } => {
            let plan = api.revert_plan(*id).await?;
            if *dry_run {
                return output.done(&plan, text::harmless(&plan.summary, false));
            }
            output.aside(text::harmless(&plan.summary, false));
            if !*yes && !confirmed("Revert it", &format!("Reverting {id}"), output)? {
                return output.line("Nothing was changed.");
            }
            let wave = api.revert_wave(*id, &Revert { data: *data }).await?;
            output.done(&wave, told(&wave.wave))
        }
    }
}

async fn ask(api: &Api, id: WaveId, ask: WaveAsk, output: &Output) -> Result<(), Failure> {
    let wave = api.ask_wave(id, ask).await?;
    output.done(&wave, told(&wave.wave))
}

fn told(wave: &WaveOut) -> String {
    format!("{} is {}: {}.", wave.id, wave.state, counts(&wave.members))
}

fn show(detail: &WaveDetail, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(detail);
    }
    let (now, wave) = (text::now(), &detail.wave);
    output.line(format!("{}  {}", output.paint(Paint::Strong, &wave.id.to_string()), output.paint(paint(wave.state), wave.state.as_str())))?;
    let mut facts = vec![
        ("channel", wave.channel.to_string()),
        ("release", in_short(&wave.release)),
        ("before", wave.previous.as_ref().map_or_else(|| "–".to_owned(), in_short)),
        ("agents", counts(&wave.members)),
        ("begun", format!("{} ago by {}", text::age(wave.created_at, now), text::harmless(&wave.created_by, false))),
    ];
    facts.extend(wave.reason.as_ref().map(|reason| ("halted", text::harmless(reason, false))));
    facts.extend(wave.waits_for.as_ref().map(|waits| ("waits for", text::harmless(waits, false))));
    output.facts(&facts)?;
    let rows = wave.stages.iter().enumerate().map(|(place, stage)| stage_row(place + 1, stage));
    output.table(&["stage", "reaches", "agents", "took"], rows.collect())?;
    output.table(&["agent", "owner", "state", "stage", "revision", "note"], detail.agents.iter().map(member_row).collect())
}

fn stage_row(number: usize, stage: &StageOut) -> Vec<(Paint, String)> {
    let took = match (stage.began_at, stage.ended_at) {
        (Some(began), Some(ended)) => text::duration(u64::try_from(ended.millis_since(began)).unwrap_or(0)),
        (Some(_), None) => "…".to_owned(),
        (None, _) => "–".to_owned(),
    };
    vec![plain(number.to_string()), plain(format!("{} ({})", stage.target, stage.size)), plain(counts(&stage.members)), plain(took)]
}

fn member_row(member: &WaveMemberOut) -> Vec<(Paint, String)> {
    let paint = match member.state {
        MemberState::Good => Paint::Good,
        MemberState::Failed | MemberState::Stuck => Paint::Bad,
        MemberState::Moving | MemberState::Returning => Paint::Busy,
        MemberState::Skipped | MemberState::Returned => Paint::Warning,
        MemberState::Waiting => Paint::Faint,
    };
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
    let note =
        member.reason.clone().or_else(|| member.window.as_ref().filter(|_| member.state == MemberState::Waiting).map(|window| format!("within {window}")));
    vec![
        plain(member.slug.as_str()),
        plain(member.owner.as_str()),
        (paint, member.state.to_string()),
        plain(number(member.stage)),
        plain(number(member.revision)),
        plain(text::harmless(&note.unwrap_or_default(), false)),
    ]
}

const fn paint(state: WaveState) -> Paint {
    match state {
        WaveState::Running | WaveState::Reverting => Paint::Busy,
        WaveState::Finished => Paint::Good,
        WaveState::Halted => Paint::Bad,
        WaveState::Paused => Paint::Warning,
        WaveState::Aborted | WaveState::Reverted => Paint::Faint,
    }
}

fn in_short(release: &ReleaseRef) -> String {
    format!("{} ({})", text::harmless(&release.openclaw_version, false), release.image.short())
}

/// Those that there are, such as `12 good, 1 moving, 37 waiting`.
fn counts(counts: &MemberCounts) -> String {
    let MemberCounts { waiting, moving, good, failed, skipped, returning, returned, stuck } = *counts;
    let all = [
        (good, "good"),
        (moving, "moving"),
        (failed, "failed"),
        (returning, "returning"),
        (returned, "returned"),
        (stuck, "stuck"),
        (skipped, "skipped"),
        (waiting, "waiting"),
    ];
    let there: Vec<String> = all.into_iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {state}")).collect();
    if there.is_empty() { "–".to_owned() } else { there.join(", ") }
}

fn confirmed(yes: &str, what: &str, output: &Output) -> Result<bool, Failure> {
    if !output.may_ask() {
        let failure = Failure::usage(format!("{what} needs a confirmation, and there is no terminal to ask."));
        return Err(failure.next("Give --yes; --dry-run only tells."));
    }
    Ok(prompt::choice("Is that what you want?", vec!["No, change nothing", yes])? == yes)
}
