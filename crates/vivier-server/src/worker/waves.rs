//! Moves the waves: look, let [`vivier_core::waves::next`] decide, do one thing, and again until there is nothing to do.
//!
//! Every step is one transaction of the store, decided on what was seen and refused when that has changed meanwhile. So a process
//! that dies leaves nothing half done, and two that steer the same wave do nothing twice. The rollouts themselves are the
//! reconciler's: a step only says what is wanted of a deployment.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vivier_core::config::Document;
use vivier_core::time::Timestamp;
use vivier_core::waves::{Decision, MemberState, ReleaseChannel, Wait, WaveState, next};

use super::{Crew, spec};
use crate::App;
use crate::store::StoreError;
use crate::store::waves::{Wave, WaveMember};

/// More than a wave of thousands does between two waits, and a bound on a loop that decides nothing.
const MOST_STEPS: usize = 10_000;
/// Issues of a configuration that are told of.
const MOST_ISSUES: usize = 3;

/// Steers until `stop`.
pub(super) async fn steer(crew: Arc<Crew>, stop: CancellationToken) {
    loop {
        if let Err(error) = turn(&crew.app, &stop).await {
            tracing::error!("failed to read the waves: {error:#}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(crew.pace.tick_ms)) => {}
        }
    }
}

async fn turn(app: &App, stop: &CancellationToken) -> Result<(), StoreError> {
    for wave in app.store.steered_waves().await? {
        let id = wave.id;
        match move_on(app, wave, stop).await {
            Ok(()) => {}
            Err(StoreError::Lost) => tracing::debug!(wave = %id, "the wave or a member was changed meanwhile; looks again"),
            Err(error) => tracing::error!(wave = %id, "failed to move a wave on: {error:#}"),
        }
    }
    count(app).await
}

/// Does everything that is to be done about one wave now.
async fn move_on(app: &App, mut wave: Wave, stop: &CancellationToken) -> Result<(), StoreError> {
    let id = wave.id;
    for _ in 0..MOST_STEPS {
        if stop.is_cancelled() {
            return Ok(());
        }
        let members = app.store.wave_members(id).await?;
        let decision = wave.seen(&members, app.store.now(), next);
        if matches!(decision, Decision::Wait(_)) {
            return Ok(());
        }
        act(app, &wave, &members, decision).await?;
        app.wake.notify_one();
        wave = app.store.wave(id).await?;
    }
    tracing::warn!(wave = %id, "took {MOST_STEPS} steps without a rest; looks again later");
    Ok(())
}

async fn act(app: &App, wave: &Wave, members: &[WaveMember], decision: Decision) -> Result<(), StoreError> {
    let (store, id) = (&app.store, wave.id);
    let find = |place: usize| members.get(place).ok_or(StoreError::Lost);
    match decision {
        Decision::Wait(_) => Ok(()),
        Decision::Begin { member } => {
            let member = find(member)?;
            match objection(app, wave, member).await? {
                None => store.begin_member(wave, member).await,
                // Not touched, and counted: a release that refuses what others accepted is a failure of the release.
                Some(reason) => store.settle_member(wave, member, MemberState::Failed, Some(&reason)).await,
            }
        }
        Decision::Settle { member, state, reason } => store.settle_member(wave, find(member)?, state, reason.as_deref()).await,
        Decision::Return { member, reason } => {
            // What breaks by itself comes back as its own plan says; the operator's choice is for the operator's revert.
            let data = wave.data.filter(|_| wave.state == WaveState::Reverting);
            store.return_member(wave, find(member)?, &reason, data).await
        }
        Decision::Advance { stage } => {
            observe_stage(wave, store.now());
            tracing::info!(wave = %id, stage = stage + 1, "a wave reaches its next stage");
            store.advance_wave(wave, stage).await
        }
        Decision::Halt { reason } => {
            tracing::warn!(wave = %id, channel = %wave.channel, reason, "a wave has halted: an operator decides how it goes on");
            store.halt_wave(wave, &reason).await
        }
        Decision::Finish => {
            observe_stage(wave, store.now());
            tracing::info!(wave = %id, channel = %wave.channel, release = wave.release.openclaw_version, "a wave has finished");
            store.finish_wave(wave).await
        }
        Decision::Close => {
            tracing::info!(wave = %id, "a wave is reverted");
            store.close_wave(wave).await
        }
    }
}

/// What the wave's release has against the member's configuration.
async fn objection(app: &App, wave: &Wave, member: &WaveMember) -> Result<Option<String>, StoreError> {
    let deployment = app.store.deployment(member.account, member.deployment).await?;
    let stored = app.store.config(member.account, member.deployment, None).await?;
    let issues = match Document::parse(&stored.text) {
        Err(issues) => issues,
        Ok(document) => {
            let effective = spec::effective(&app.settings, &deployment.slug, deployment.plan, None, &document, stored.provider.as_ref(), &stored.channels);
            match app.releases.validate(&wave.release.image, &effective).await {
                Ok(issues) => issues,
                Err(error) => {
                    tracing::error!(wave = %wave.id, "failed to check a configuration against the release: {error:#}");
                    return Ok(Some(format!("its configuration could not be checked: {error}")));
                }
            }
        }
    };
    if issues.is_empty() {
        return Ok(None);
    }
    let said: Vec<String> = issues.iter().take(MOST_ISSUES).map(|issue| format!("{} {}", issue.path, issue.message)).collect();
    Ok(Some(format!("its configuration is not accepted by OpenClaw {}: {}", wave.release.openclaw_version, said.join("; "))))
}

fn observe_stage(wave: &Wave, now: Timestamp) {
    let Some(began_at) = wave.stages.get(wave.stage).and_then(|times| times.began_at) else { return };
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of days")]
    let seconds = now.millis_since(began_at) as f64 / 1_000.0;
    metrics::histogram!("vivier_wave_stage_seconds", "channel" => wave.channel.as_str(), "stage" => (wave.stage + 1).to_string()).record(seconds);
}

/// The numbers of open waves, for whoever watches this process.
async fn count(app: &App) -> Result<(), StoreError> {
    let counts = app.store.wave_counts().await?;
    for channel in ReleaseChannel::ALL {
        for state in WaveState::ALL.into_iter().filter(|state| state.is_open()) {
            let open = counts.iter().any(|(on, wave, _, _)| *on == channel && *wave == state);
            metrics::gauge!("vivier_waves", "channel" => channel.as_str(), "state" => state.as_str()).set(if open { 1.0 } else { 0.0 });
        }
        for state in MemberState::ALL {
            let members: u64 = counts.iter().filter(|(on, _, member, _)| *on == channel && *member == state).map(|(_, _, _, count)| *count).sum();
            #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
            metrics::gauge!("vivier_wave_members", "channel" => channel.as_str(), "state" => state.as_str()).set(members as f64);
        }
    }
    Ok(())
}

/// What a wave waits for at this moment, in a sentence; `None` when it waits for nothing but an operator.
pub fn waits_for(wave: &Wave, members: &[WaveMember], now: Timestamp) -> Option<String> {
    match wave.seen(members, now, next) {
        Decision::Wait(Wait::Rest) => None,
        Decision::Wait(wait @ (Wait::Moving { .. } | Wait::Soaking { .. } | Wait::Members { .. })) => Some(wait.to_string()),
        Decision::Begin { .. }
        | Decision::Settle { .. }
        | Decision::Return { .. }
        | Decision::Advance { .. }
        | Decision::Halt { .. }
        | Decision::Finish
        | Decision::Close => Some("its next step".to_owned()),
    }
}
