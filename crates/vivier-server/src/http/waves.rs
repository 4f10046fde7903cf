//! Channels and waves: a release for everybody, a few at a time. For operators only.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use vivier_core::id::{ReleaseId, WaveId};
use vivier_core::waves::{ReleaseChannel, WaveAsk, WavePlan};
use vivier_core::wire::Page;
use vivier_core::wire::agents::RollbackData;
use vivier_core::wire::waves::{
    MemberCounts, Promote, Promoted, PromotionPlan, ReleaseChannelOut, Revert, RevertPlan, StageOut, WaveDetail, WaveMemberOut, WaveOut,
};

use super::extract::{Body, OptionalBody, Query, ReleasePath, WavePath, number};
use super::guard::{Operator, Read, Write};
use super::problem::ApiError;
use crate::app::App;
use crate::auth::caller::Caller;
use crate::store::waves::{Wave, WaveMember};
use crate::store::{StoreError, waves::StageTimes};
use crate::worker::waves::waits_for;

/// Waves on one page, when the query does not say.
const PAGE: u32 = 20;
const MOST: u32 = 100;

/// Channels of releases
///
/// What each has, who follows it, and the wave that is moving its followers.
#[utoipa::path(get, path = "/v1/operator/channels", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "Stable first", body = Page<ReleaseChannelOut>)))]
pub async fn list_channels(State(app): State<App>, _operator: Operator<Read>) -> Result<Json<Page<ReleaseChannelOut>>, ApiError> {
    Ok(Json(Page { items: app.store.channels().await?, next_cursor: None }))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PromotionQuery {
    pub channel: ReleaseChannel,
}

/// What promoting a release would do
///
/// How many would be moved, and in which stages. Changes nothing.
#[utoipa::path(get, path = "/v1/operator/releases/{id}/promote", tag = "operator", extensions(("x-vivier-role" = json!("operator"))),
    params(("id" = ReleaseId, Path, description = "The release"), PromotionQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The plan", body = PromotionPlan)))]
pub async fn plan_promotion(
    State(app): State<App>,
    _operator: Operator<Read>,
    ReleasePath(release): ReleasePath,
    Query(query): Query<PromotionQuery>,
) -> Result<Json<PromotionPlan>, ApiError> {
    Ok(Json(app.store.promotion_plan(release, query.channel, app.settings.waves.clone()).await?))
}

/// Promote a release to a channel
///
/// Begins a wave over the channel's followers that run something else. The channel has the release when the wave has finished; at
/// once, when nobody has to be moved. One wave at a time moves a channel's followers.
#[utoipa::path(post, path = "/v1/operator/releases/{id}/promote", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = ReleaseId, Path, description = "The release")),
    request_body = Promote, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It was begun, or is done", body = Promoted)))]
pub async fn promote_release(
    State(app): State<App>,
    operator: Operator<Write>,
    ReleasePath(release): ReleasePath,
    Body(body): Body<Promote>,
) -> Result<(StatusCode, Json<Promoted>), ApiError> {
    let Promote { channel, plan } = body;
    let plan = plan.unwrap_or_default().over(&app.settings.waves);
    check(&plan)?;
    let caller = operator.0;
    let wave = match app.store.promote(&caller.operator_actor(), release, channel, &plan).await {
        Err(StoreError::Repeated) => begun_by(&app, &caller).await?,
        other => other?,
    };
    app.wake.notify_one();
    let wave = match wave {
        Some(id) => Some(detail(&app, id).await?.wave),
        None => None,
    };
    Ok((StatusCode::ACCEPTED, Json(Promoted { channel: app.store.channel(channel).await?, wave })))
}

fn check(plan: &WavePlan) -> Result<(), ApiError> {
    plan.check().map_err(|error| ApiError::field(format!("plan.{}", error.field), error.message))
}

/// The wave that this very request has begun before its answer was lost; `None`: it began none.
async fn begun_by(app: &App, caller: &Caller) -> Result<Option<WaveId>, StoreError> {
    let Some(id) = caller.once.map(WaveId::from_uuid) else { return Ok(None) };
    match app.store.wave(id).await {
        Ok(_) => Ok(Some(id)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WavesQuery {
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<WaveId>,
    /// 1 to 100; 20 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

/// Waves
#[utoipa::path(get, path = "/v1/operator/waves", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(WavesQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "One page, newest first", body = Page<WaveOut>)))]
pub async fn list_waves(State(app): State<App>, _operator: Operator<Read>, Query(query): Query<WavesQuery>) -> Result<Json<Page<WaveOut>>, ApiError> {
    let WavesQuery { cursor, limit } = query;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to {MOST}")));
    }
    let waves = app.store.waves(cursor, limit).await?;
    let full = waves.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next_cursor = waves.last().filter(|_| full).map(|last| last.id.to_string());
    let mut items = Vec::with_capacity(waves.len());
    for wave in waves {
        let members = app.store.wave_members(wave.id).await?;
        items.push(view(&app, wave, &members));
    }
    Ok(Json(Page { items, next_cursor }))
}

/// One wave, with everybody in it
#[utoipa::path(get, path = "/v1/operator/waves/{id}", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = WaveId, Path, description = "The wave")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "As it is now", body = WaveDetail)))]
pub async fn get_wave(State(app): State<App>, _operator: Operator<Read>, WavePath(id): WavePath) -> Result<Json<WaveDetail>, ApiError> {
    Ok(Json(detail(&app, id).await?))
}

async fn detail(app: &App, id: WaveId) -> Result<WaveDetail, StoreError> {
    let wave = app.store.wave(id).await?;
    let members = app.store.wave_members(id).await?;
    let wave = view(app, wave, &members);
    Ok(WaveDetail { wave, agents: members.into_iter().map(member).collect() })
}

async fn ask(app: &App, caller: &Caller, id: WaveId, ask: WaveAsk, data: Option<RollbackData>) -> Result<Json<WaveDetail>, ApiError> {
    match app.store.ask_wave(&caller.operator_actor(), id, ask, data).await {
        Ok(_) | Err(StoreError::Repeated) => {}
        Err(error) => return Err(error.into()),
    }
    app.wake.notify_one();
    Ok(Json(detail(app, id).await?))
}

macro_rules! verb {
    ($(#[$doc:meta])* $name:ident, $path:literal, $ask:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = WaveId, Path, description = "The wave")),
            security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "As it is now", body = WaveDetail)))]
        pub async fn $name(State(app): State<App>, operator: Operator<Write>, WavePath(id): WavePath) -> Result<Json<WaveDetail>, ApiError> {
            ask(&app, &operator.0, id, $ask, None).await
        }
    };
}

verb!(/// Pause a wave
    ///
    /// It begins with nobody else; those on their way come to their own end.
    pause_wave, "/v1/operator/waves/{id}/pause", WaveAsk::Pause);
verb!(/// Let a wave go on
    ///
    /// After a halt: what has failed so far counts no more, and another agent takes its place in the stage.
    resume_wave, "/v1/operator/waves/{id}/resume", WaveAsk::Resume);
verb!(/// End a wave where it is
    ///
    /// Those that were moved stay; those on their way come to their own end. The channel keeps the release that it has.
    abort_wave, "/v1/operator/waves/{id}/abort", WaveAsk::Abort);

/// What reverting a wave would do
///
/// With what each agent would lose. Changes nothing.
#[utoipa::path(get, path = "/v1/operator/waves/{id}/revert", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = WaveId, Path, description = "The wave")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "The plan", body = RevertPlan)))]
pub async fn plan_revert(State(app): State<App>, _operator: Operator<Read>, WavePath(id): WavePath) -> Result<Json<RevertPlan>, ApiError> {
    Ok(Json(app.store.revert_plan(id).await?))
}

/// Bring back everybody that a wave has moved
///
/// Also after it has finished; then the channel goes back to what it had as well. An agent that its owner has changed since stays.
#[utoipa::path(post, path = "/v1/operator/waves/{id}/revert", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = WaveId, Path, description = "The wave")),
    request_body = Option<Revert>, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "As it is now", body = WaveDetail)))]
pub async fn revert_wave(
    State(app): State<App>,
    operator: Operator<Write>,
    WavePath(id): WavePath,
    OptionalBody(body): OptionalBody<Revert>,
) -> Result<Json<WaveDetail>, ApiError> {
    let Revert { data } = body;
    ask(&app, &operator.0, id, WaveAsk::Revert, data).await
}

fn view(app: &App, wave: Wave, members: &[WaveMember]) -> WaveOut {
    let waits_for = waits_for(&wave, members, app.store.now());
    let Wave {
        id,
        channel,
        release,
        previous,
        plan,
        state,
        reason,
        stage,
        stages,
        data: _,
        withdrawn: _,
        author,
        created_at,
        changed_at: _,
        ended_at,
        version: _,
    } = wave;
    let of = |place: Option<usize>| {
        let mut counts = MemberCounts::default();
        members.iter().filter(|member| place.is_none() || member.stage == place).for_each(|member| counts.add(member.state));
        counts
    };
    let targets = plan.targets(members.len());
    let rows = plan.stages.iter().zip(targets).zip(&stages).enumerate();
    let stages = rows.map(|(place, ((size, target), StageTimes { began_at, ended_at }))| StageOut {
        size: *size,
        target: count(target),
        members: of(Some(place)),
        began_at: *began_at,
        ended_at: *ended_at,
    });
    WaveOut {
        id,
        channel,
        release,
        previous,
        state,
        reason,
        waits_for,
        stage: count(stage + 1),
        stages: stages.collect(),
        members: of(None),
        plan,
        created_at,
        created_by: author,
        ended_at,
    }
}

fn member(member: WaveMember) -> WaveMemberOut {
    let WaveMember {
        position: _,
        deployment,
        account: _,
        name,
        slug,
        owner,
        state,
        reason,
        forgiven: _,
        stage,
        had,
        revision,
        back,
        window,
        begun_at,
        decided_at,
        wanted: _,
        version: _,
        desired: _,
        facts: _,
    } = member;
    let stage = stage.map(|place| count(place + 1));
    WaveMemberOut { deployment, name, slug, owner, state, reason, stage, revision, before: had, back, window, begun_at, decided_at }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
