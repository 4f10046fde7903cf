//! Waves: one release for all followers of a channel, a few at a time, as long as it does no harm.
//!
//! ```text
//! running ⇄ paused            running → halted → running       running → finished
//! (running | paused | halted) → aborted                        (any but reverted) → reverting → reverted
//! ```
//!
//! A wave is many rollouts of single deployments, each of which comes back by itself when it fails (see [`crate::lifecycle`]). What
//! the wave adds is when the next one may begin, and when none may: [`next`], a pure function of what was seen. Time is an input.

mod decide;
mod plan;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::decide::{Decision, Facts, Member, View, Wait, next};
pub use self::plan::{ParseSizeError, PlanError, Size, WavePlan};

/// A line of releases that deployments can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseChannel {
    /// What every agent can have.
    Stable,
    /// First: for agents whose owners want what is new, or can spare them.
    Canary,
}

impl ReleaseChannel {
    pub const ALL: [Self; 2] = [Self::Stable, Self::Canary];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Canary => "canary",
        }
    }
}

impl fmt::Display for ReleaseChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a wave is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaveState {
    /// It moves members as its plan allows.
    Running,
    /// An operator has stopped it for a while.
    Paused,
    /// It has stopped itself: something failed. An operator decides how it goes on.
    Halted,
    /// Everybody who could be moved was moved.
    Finished,
    /// An operator has ended it; those that were moved stay.
    Aborted,
    /// Those that were moved are on their way back.
    Reverting,
    Reverted,
}

impl WaveState {
    pub const ALL: [Self; 7] = [Self::Running, Self::Paused, Self::Halted, Self::Finished, Self::Aborted, Self::Reverting, Self::Reverted];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Halted => "halted",
            Self::Finished => "finished",
            Self::Aborted => "aborted",
            Self::Reverting => "reverting",
            Self::Reverted => "reverted",
        }
    }

    /// Whether it keeps its channel: until it is over, no other wave of the channel begins.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Running | Self::Paused | Self::Halted | Self::Reverting => true,
            Self::Finished | Self::Aborted | Self::Reverted => false,
        }
    }
}

impl fmt::Display for WaveState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What has become of one deployment in a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Not touched yet.
    Waiting,
    /// On its way to the release.
    Moving,
    /// It works with the release, and is trusted.
    Good,
    /// It did not work with the release, and is back on what it had; or its configuration would not have been accepted.
    Failed,
    /// Nothing was done, or what was done is its owner's now.
    Skipped,
    /// On its way back to what it had.
    Returning,
    /// Back on what it had.
    Returned,
    /// The way back did not work either: it needs a person.
    Stuck,
}

impl MemberState {
    pub const ALL: [Self; 8] = [Self::Waiting, Self::Moving, Self::Good, Self::Failed, Self::Skipped, Self::Returning, Self::Returned, Self::Stuck];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Moving => "moving",
            Self::Good => "good",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Returning => "returning",
            Self::Returned => "returned",
            Self::Stuck => "stuck",
        }
    }
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an operator may ask of a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaveAsk {
    /// Begin with nobody else for now.
    Pause,
    /// Go on. After a halt: what failed so far is known and counts no more; another takes its place.
    Resume,
    /// Begin with nobody else, ever.
    Abort,
    /// Bring those back that were moved.
    Revert,
}

impl WaveAsk {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Abort => "abort",
            Self::Revert => "revert",
        }
    }
}

/// The answer to a [`WaveAsk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The wave is in this state from now on.
    Becomes(WaveState),
    AlreadySo,
    /// The sentence for the operator, with the next step.
    Refused(&'static str),
}

/// May `ask` be granted to a wave in `state`?
pub const fn admit(state: WaveState, ask: WaveAsk) -> Admitted {
    use Admitted::{AlreadySo, Becomes, Refused};
    match state {
        WaveState::Running => match ask {
            WaveAsk::Pause => Becomes(WaveState::Paused),
            WaveAsk::Resume => AlreadySo,
            WaveAsk::Abort => Becomes(WaveState::Aborted),
            WaveAsk::Revert => Becomes(WaveState::Reverting),
        },
        WaveState::Paused => match ask {
            WaveAsk::Pause => AlreadySo,
            WaveAsk::Resume => Becomes(WaveState::Running),
            WaveAsk::Abort => Becomes(WaveState::Aborted),
            WaveAsk::Revert => Becomes(WaveState::Reverting),
        },
        WaveState::Halted => match ask {
            // It moves nobody already.
            WaveAsk::Pause => AlreadySo,
            WaveAsk::Resume => Becomes(WaveState::Running),
            WaveAsk::Abort => Becomes(WaveState::Aborted),
            WaveAsk::Revert => Becomes(WaveState::Reverting),
        },
        WaveState::Finished => match ask {
            WaveAsk::Pause | WaveAsk::Resume | WaveAsk::Abort => Refused("the wave has finished; revert it, or promote another release"),
            WaveAsk::Revert => Becomes(WaveState::Reverting),
        },
        WaveState::Aborted => match ask {
            WaveAsk::Abort => AlreadySo,
            WaveAsk::Pause | WaveAsk::Resume => Refused("the wave was aborted; promote the release again to go on"),
            WaveAsk::Revert => Becomes(WaveState::Reverting),
        },
        WaveState::Reverting => match ask {
            WaveAsk::Revert => AlreadySo,
            WaveAsk::Pause | WaveAsk::Resume | WaveAsk::Abort => Refused("the wave is being reverted; wait until those that it moved are back"),
        },
        WaveState::Reverted => match ask {
            WaveAsk::Revert => AlreadySo,
            WaveAsk::Pause | WaveAsk::Resume | WaveAsk::Abort => Refused("the wave was reverted; promote a release to begin another"),
        },
    }
}

#[cfg(test)]
mod tests;
