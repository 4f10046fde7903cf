//! Paying for a deployment: one pure function, total over its inputs.
//!
//! ```text
//! unpaid ──paid──▶ resuming ──seen running──▶ good ──owed──▶ grace ──over──▶ suspending ──seen stopped──▶ suspended
//!                     ▲                         ▲──paid──────┘                   │                            │
//!                     └──────────paid───────────┴────────────────────────────────┴────────────────────────────┤
//!                                                                              window over                    ▼
//!                                            ended ◀──seen removed── ending ◀─────────────────────────────────┘
//! ```
//!
//! Three things are looked at: what was last *read* of the subscription at the provider, what the owner asks for, and what was *seen* of
//! the runtime. The stage is only where we are between them. Nothing here knows a clock: "over" arrives as a fact.
//!
//! A step that waits for the runtime goes on when the runtime was seen to be there, never because it was told to: a stop that fails
//! leaves the deployment `suspending`, a start that fails leaves it `resuming`, and both are tried again by the reconciler.

mod plan;
mod share;

use serde::{Deserialize, Serialize};

pub use self::plan::{PlanStep, agree};
pub use self::share::{Share, unbilled};
use crate::lifecycle::Desired;

/// Where a deployment stands with its bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Made, never paid: it waits, held, for its first payment.
    Unpaid,
    /// Paid.
    Good,
    /// A payment has failed; it runs on for the days of grace.
    Grace,
    /// It is to be stopped, and was not seen stopped yet.
    Suspending,
    /// Stopped and kept.
    Suspended,
    /// Paid again, and not seen running yet.
    Resuming,
    /// It was not paid within the window: it is being removed, and its data kept for the days of retention.
    Ending,
    /// Removed, or its owner has deleted it. Nothing is charged any more.
    Ended,
}

impl Stage {
    pub const ALL: [Self; 8] = [Self::Unpaid, Self::Good, Self::Grace, Self::Suspending, Self::Suspended, Self::Resuming, Self::Ending, Self::Ended];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Good => "good",
            Self::Grace => "grace",
            Self::Suspending => "suspending",
            Self::Suspended => "suspended",
            Self::Resuming => "resuming",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }
}

/// What was last read of the subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paid {
    /// There is none.
    Never,
    /// Its first payment is not done.
    Incomplete,
    /// Active, or in a trial of the provider's.
    Good,
    /// A payment is owed, and the subscription goes on.
    Owed,
    /// A payment is owed, and the provider has given the subscription up.
    GivenUp,
    /// It has ended as it was to end: cancelled, or never begun.
    Over,
}

impl Paid {
    pub const ALL: [Self; 6] = [Self::Never, Self::Incomplete, Self::Good, Self::Owed, Self::GivenUp, Self::Over];

    /// Whether the provider may still charge for it.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Incomplete | Self::Good | Self::Owed => true,
            Self::Never | Self::GivenUp | Self::Over => false,
        }
    }
}

/// What was last seen of the runtime, since what is wanted was last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// Nobody has looked since, or the look failed.
    Unknown,
    /// Something runs that is not (or not yet, or not any more) what is wanted.
    Moving,
    Running,
    /// It does not come up by itself any more.
    Failed,
    /// Nothing runs; a container or data may be there.
    Stopped,
    /// Neither container nor network; data may be there.
    Removed,
}

impl Runtime {
    pub const ALL: [Self; 6] = [Self::Unknown, Self::Moving, Self::Running, Self::Failed, Self::Stopped, Self::Removed];
}

/// How much of the time that a stage gives is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// More than a day.
    Enough,
    /// A day at most, and its owner was not told.
    LastDay,
    /// A day at most, and its owner knows.
    Told,
    Over,
}

impl Left {
    pub const ALL: [Self; 4] = [Self::Enough, Self::LastDay, Self::Told, Self::Over];
}

/// Everything that decides the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sight {
    pub stage: Stage,
    pub paid: Paid,
    /// What the owner asks for, whatever holds there are.
    pub asked: Desired,
    pub runtime: Runtime,
    /// Of the days of grace, or of the window after the suspension: of the stage that it is in.
    pub left: Left,
}

/// The one thing to do now. Each is safe to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Nothing: news of the subscription, of the owner or of time will come.
    Rest,
    /// Nothing but looking at the runtime again.
    Watch,
    /// A payment has failed: the days of grace begin, and the owner is told.
    EnterGrace,
    /// The last day of grace, or of the window: the owner is told.
    Remind,
    /// Paid within the grace.
    Recover,
    /// Set the hold: the agent is to be stopped.
    Suspend,
    /// It was seen stopped: the window begins.
    Settle,
    /// Lift the hold: the agent is to run.
    Resume,
    /// It was seen as it should be.
    Confirm,
    /// It does not come up: ask the reconciler for another try.
    Nudge,
    /// The window is over: remove it, keep the data for the days of retention, and offer an export.
    Terminate,
    /// We have ended it and the money has come after all: restore it.
    BringBack,
    /// It was seen removed.
    Close,
    /// Its owner has restored it, and it is not paid for.
    Reopen,
    /// Nothing of it is to be charged any more: cancel the subscription at the provider.
    CancelSubscription,
}

/// The next step. Total: every combination has an answer, and a test prints them all.
pub const fn next(sight: Sight) -> Step {
    match sight.asked {
        Desired::Running | Desired::Suspended => kept(sight),
        Desired::Terminated => gone(sight),
        // The data is gone, or about to: no payment brings it back.
        Desired::Purged => leave(sight),
    }
}

/// Of one that its owner keeps.
const fn kept(sight: Sight) -> Step {
    match sight.stage {
        Stage::Unpaid => match sight.paid {
            Paid::Good => Step::Resume,
            // It ran, or was about to: what is owed begins no grace before the first payment.
            Paid::Never | Paid::Incomplete | Paid::Owed | Paid::GivenUp | Paid::Over => waiting(sight),
        },
        Stage::Good => match sight.paid {
            Paid::Good => Step::Rest,
            Paid::Owed | Paid::GivenUp => Step::EnterGrace,
            Paid::Never | Paid::Incomplete | Paid::Over => Step::Suspend,
        },
        Stage::Grace => match sight.paid {
            Paid::Good => Step::Recover,
            Paid::Over => Step::Suspend,
            Paid::Never | Paid::Incomplete | Paid::Owed | Paid::GivenUp => match sight.left {
                Left::Enough | Left::Told => Step::Rest,
                Left::LastDay => Step::Remind,
                Left::Over => Step::Suspend,
            },
        },
        Stage::Suspending => match sight.paid {
            Paid::Good => Step::Resume,
            Paid::Never | Paid::Incomplete | Paid::Owed | Paid::GivenUp | Paid::Over => match sight.runtime {
                Runtime::Stopped | Runtime::Removed => Step::Settle,
                Runtime::Unknown | Runtime::Moving | Runtime::Running | Runtime::Failed => Step::Watch,
            },
        },
        Stage::Suspended => match sight.paid {
            Paid::Good => Step::Resume,
            Paid::Never | Paid::Incomplete | Paid::Owed | Paid::GivenUp | Paid::Over => waiting(sight),
        },
        Stage::Resuming => match sight.paid {
            Paid::Good => arrived(sight),
            Paid::Owed | Paid::GivenUp => Step::EnterGrace,
            Paid::Never | Paid::Incomplete | Paid::Over => Step::Suspend,
        },
        Stage::Ending | Stage::Ended => match sight.paid {
            Paid::Good => Step::Resume,
            Paid::Never | Paid::Incomplete | Paid::Owed | Paid::GivenUp | Paid::Over => Step::Reopen,
        },
    }
}

/// Held, and waiting for a payment until the window is over.
const fn waiting(sight: Sight) -> Step {
    match sight.left {
        Left::Enough | Left::Told => Step::Rest,
        Left::LastDay => Step::Remind,
        Left::Over => Step::Terminate,
    }
}

/// Paid, and on its way.
const fn arrived(sight: Sight) -> Step {
    match sight.asked {
        // Its owner has suspended it: there is nothing to wait for.
        Desired::Suspended | Desired::Terminated | Desired::Purged => Step::Confirm,
        Desired::Running => match sight.runtime {
            Runtime::Running => Step::Confirm,
            Runtime::Failed => Step::Nudge,
            Runtime::Unknown | Runtime::Moving | Runtime::Stopped | Runtime::Removed => Step::Watch,
        },
    }
}

/// Of one that is deleted, by its owner or by us, and whose data is kept.
const fn gone(sight: Sight) -> Step {
    match (sight.stage, sight.paid) {
        // Ours, and the money came between the decision and its end.
        (Stage::Ending, Paid::Good) => Step::BringBack,
        (
            Stage::Unpaid | Stage::Good | Stage::Grace | Stage::Suspending | Stage::Suspended | Stage::Resuming | Stage::Ending | Stage::Ended,
            Paid::Never | Paid::Incomplete | Paid::Good | Paid::Owed | Paid::GivenUp | Paid::Over,
        ) => leave(sight),
    }
}

/// First nothing is charged any more, then it is seen gone.
const fn leave(sight: Sight) -> Step {
    if sight.paid.is_live() {
        return Step::CancelSubscription;
    }
    match sight.stage {
        Stage::Ended => Step::Rest,
        Stage::Unpaid | Stage::Good | Stage::Grace | Stage::Suspending | Stage::Suspended | Stage::Resuming | Stage::Ending => match sight.runtime {
            Runtime::Removed => Step::Close,
            Runtime::Unknown | Runtime::Moving | Runtime::Running | Runtime::Failed | Runtime::Stopped => Step::Watch,
        },
    }
}

#[cfg(test)]
mod tests;
