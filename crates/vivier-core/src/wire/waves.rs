//! Channels of releases and the waves that move their followers, as the public API shows and takes them.

use serde::{Deserialize, Serialize};

use super::agents::RollbackPlan;
use crate::digest::Digest;
use crate::id::{DeploymentId, ReleaseId, WaveId};
use crate::name::{DisplayName, Email, Slug};
use crate::time::Timestamp;
use crate::waves::{MemberState, ReleaseChannel, Size, WavePlan, WaveState};
use crate::window::Window;

/// Which releases a deployment gets without being asked, and when. Both are replaced.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// Absent: none; it stays on the release that it has until its owner chooses another.
    #[serde(default)]
    pub channel: Option<ReleaseChannel>,
    /// When the channel's releases may be brought to it; absent: at any time. What begins within the window may end after it.
    #[serde(default)]
    pub window: Option<Window>,
}

/// A release, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReleaseRef {
    pub id: ReleaseId,
    pub image: Digest,
    pub openclaw_version: String,
}

/// A channel, and who follows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReleaseChannelOut {
    pub name: ReleaseChannel,
    /// What its followers run, apart from those that a wave is moving; absent until a release is promoted.
    pub release: Option<ReleaseRef>,
    pub promoted_at: Option<Timestamp>,
    pub promoted_by: Option<String>,
    /// Deployments that follow it, deleted ones left out.
    pub followers: u64,
    /// Of those, how many run something else than its release.
    pub behind: u64,
    /// The wave that is moving its followers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<WaveId>,
    /// What it has had, newest first, at most 20.
    pub history: Vec<PromotionOut>,
}

/// A release that a channel got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PromotionOut {
    /// Absent: the channel was emptied, by the revert of its first wave.
    pub release: Option<ReleaseRef>,
    pub at: Timestamp,
    pub by: String,
}

/// Gives a release to a channel.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Promote {
    pub channel: ReleaseChannel,
    #[serde(default)]
    pub plan: Option<PlanChange>,
}

/// A plan, as far as it is not the installation's own (`[server.waves]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanChange {
    /// How many agents are reached by the end of each stage, such as `1`, `5%`, `25%`, `all`; 1 to 10, the last of which is `all`.
    #[serde(default)]
    pub stages: Option<Vec<Size>>,
    /// 0 to 100.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    pub min_success_percent: Option<u8>,
    #[serde(default)]
    #[schema(minimum = 1)]
    pub max_failures: Option<u32>,
    /// Seconds, at most a week.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800)]
    pub soak_seconds: Option<u32>,
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000)]
    pub concurrency: Option<u32>,
}

impl PlanChange {
    /// `base` with what is set here.
    pub fn over(self, base: &WavePlan) -> WavePlan {
        let Self { stages, min_success_percent, max_failures, soak_seconds, concurrency } = self;
        WavePlan {
            stages: stages.unwrap_or_else(|| base.stages.clone()),
            min_success_percent: min_success_percent.unwrap_or(base.min_success_percent),
            max_failures: max_failures.unwrap_or(base.max_failures),
            soak_seconds: soak_seconds.unwrap_or(base.soak_seconds),
            concurrency: concurrency.unwrap_or(base.concurrency),
        }
    }
}

/// What promoting a release would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PromotionPlan {
    pub channel: ReleaseChannel,
    pub release: ReleaseRef,
    /// Followers that run something else.
    pub moves: u64,
    /// The plan of its wave, unless the request brings another.
    pub plan: WavePlan,
    /// How many agents are reached by the end of each stage.
    pub targets: Vec<u64>,
    /// All of it in a sentence or two.
    pub summary: String,
}

/// What came of a promotion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Promoted {
    pub channel: ReleaseChannelOut,
    /// Absent: nobody had to be moved, and the channel has the release at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<WaveOut>,
}

/// A release on its way to the followers of a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WaveOut {
    pub id: WaveId,
    pub channel: ReleaseChannel,
    pub release: ReleaseRef,
    /// What the channel had before.
    pub previous: Option<ReleaseRef>,
    pub plan: WavePlan,
    pub state: WaveState,
    /// Why it halted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it waits for at this moment, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// The stage that it is in, from 1.
    pub stage: u64,
    pub stages: Vec<StageOut>,
    pub members: MemberCounts,
    pub created_at: Timestamp,
    pub created_by: String,
    pub ended_at: Option<Timestamp>,
}

/// One stage of a wave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StageOut {
    pub size: Size,
    /// How many agents are reached by its end, those of the stages before included.
    pub target: u64,
    /// Of those that it began with itself.
    pub members: MemberCounts,
    pub began_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// How many members are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MemberCounts {
    pub waiting: u64,
    pub moving: u64,
    pub good: u64,
    pub failed: u64,
    pub skipped: u64,
    pub returning: u64,
    pub returned: u64,
    pub stuck: u64,
}

impl MemberCounts {
    pub const fn add(&mut self, state: MemberState) {
        match state {
            MemberState::Waiting => self.waiting += 1,
            MemberState::Moving => self.moving += 1,
            MemberState::Good => self.good += 1,
            MemberState::Failed => self.failed += 1,
            MemberState::Skipped => self.skipped += 1,
            MemberState::Returning => self.returning += 1,
            MemberState::Returned => self.returned += 1,
            MemberState::Stuck => self.stuck += 1,
        }
    }
}

/// A wave with everybody in it, in the order in which they are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WaveDetail {
    #[serde(flatten)]
    pub wave: WaveOut,
    pub agents: Vec<WaveMemberOut>,
}

/// One deployment in a wave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WaveMemberOut {
    pub deployment: DeploymentId,
    pub name: DisplayName,
    pub slug: Slug,
    pub owner: Email,
    pub state: MemberState,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The stage that began with it, from 1.
    pub stage: Option<u64>,
    /// The revision that it got, the one that it had, and the one that brought it back.
    pub revision: Option<u64>,
    pub before: Option<u64>,
    pub back: Option<u64>,
    pub window: Option<Window>,
    pub begun_at: Option<Timestamp>,
    /// When it was seen what became of it.
    pub decided_at: Option<Timestamp>,
}

/// How a wave is reverted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revert {
    /// Absent: as each agent's own plan says: the data from before the release where a copy is kept, else what is there.
    #[serde(default)]
    pub data: Option<super::agents::RollbackData>,
}

/// What reverting a wave would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevertPlan {
    /// Those that would be brought back.
    pub agents: Vec<RevertedOut>,
    /// All of it in a sentence or two.
    pub summary: String,
}

/// What reverting a wave would do to one deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevertedOut {
    pub deployment: DeploymentId,
    pub slug: Slug,
    pub plan: RollbackPlan,
}
