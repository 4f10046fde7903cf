//! The life of a deployment: three pure functions, each total over its inputs.
//!
//! ```text
//! requested → provisioning → configuring → starting → running
//! running → updating → running            running → failed            failed → restarting → running
//! running → suspended → running           running → terminated
//! (provisioning | configuring | starting | updating | restarting) → failed;  anything → terminated
//! ```
//!
//! - [`admit`]: may the owner ask for this now? The API calls it inside the transaction that would write the answer.
//! - [`next`]: what is the one thing to do, given what is wanted and what was seen? The worker calls it after every look.
//! - [`state`]: what is the owner told? Derived, never stored as a truth of its own.
//!
//! Two writers, two columns: the API writes [`Desired`], the worker what was seen. Nothing here knows a clock: "overdue" and
//! "backing off" arrive as facts in the [`Sight`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hold::{Hold, Holds};

/// What is wanted of a deployment. Written by the API (and by the expiry of a trial), read by the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    Running,
    /// Stopped and kept: its owner's choice, or a [`Hold`].
    Suspended,
    /// Container and network go at once, data after the retention window; until then it can be restored.
    Terminated,
    /// The retention window is over: the data goes too. There is no way back from here.
    Purged,
}

/// What an owner or operator may ask of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    Restart,
    Suspend,
    Resume,
    /// Try again after a failure.
    Retry,
    /// A new configuration, secret or release.
    Update,
    Terminate,
    /// Take back a termination while the data is still kept.
    Restore,
}

/// The answer to an [`Ask`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Admission {
    Accept,
    /// It is so already; nothing to write, nothing to fear.
    AlreadySo,
    Refuse(Refusal),
}

/// Why an ask is refused. `Display` is the sentence for the caller, with its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    Suspended,
    /// Somebody else keeps it suspended.
    Held(Hold),
    Terminated,
    Purged,
    NotTerminated,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Suspended => "the deployment is suspended; resume it first",
            Self::Held(hold) => hold.sentence(),
            Self::Terminated => "the deployment is deleted; restore it first (possible until its data is purged)",
            Self::Purged => "the deployment is deleted and its data is gone; create a new one",
            Self::NotTerminated => "the deployment is not deleted, so there is nothing to restore",
        })
    }
}

/// May the owner's `ask` be granted while `asked` is what they want and `holds` keep it suspended?
///
/// An owner changes, suspends and deletes what is held, and what they want is remembered; they do not make it run.
pub const fn admit_held(asked: Desired, holds: Holds, ask: Ask) -> Admission {
    match (asked, holds.first(), ask) {
        (Desired::Running | Desired::Suspended, Some(hold), Ask::Restart | Ask::Retry | Ask::Resume) => Admission::Refuse(Refusal::Held(hold)),
        (
            Desired::Running | Desired::Suspended | Desired::Terminated | Desired::Purged,
            Some(_) | None,
            Ask::Restart | Ask::Suspend | Ask::Resume | Ask::Retry | Ask::Update | Ask::Terminate | Ask::Restore,
        ) => admit(asked, ask),
    }
}

/// May `ask` be granted while `desired` is wanted?
pub const fn admit(desired: Desired, ask: Ask) -> Admission {
    match desired {
        Desired::Running => match ask {
            Ask::Restart | Ask::Suspend | Ask::Retry | Ask::Update | Ask::Terminate => Admission::Accept,
            Ask::Resume => Admission::AlreadySo,
            Ask::Restore => Admission::Refuse(Refusal::NotTerminated),
        },
        Desired::Suspended => match ask {
            Ask::Resume | Ask::Update | Ask::Terminate => Admission::Accept,
            Ask::Suspend => Admission::AlreadySo,
            Ask::Restart | Ask::Retry => Admission::Refuse(Refusal::Suspended),
            Ask::Restore => Admission::Refuse(Refusal::NotTerminated),
        },
        Desired::Terminated => match ask {
            Ask::Restore => Admission::Accept,
            Ask::Terminate => Admission::AlreadySo,
            Ask::Restart | Ask::Suspend | Ask::Resume | Ask::Retry | Ask::Update => Admission::Refuse(Refusal::Terminated),
        },
        Desired::Purged => match ask {
            Ask::Terminate => Admission::AlreadySo,
            Ask::Restart | Ask::Suspend | Ask::Resume | Ask::Retry | Ask::Update | Ask::Restore => Admission::Refuse(Refusal::Purged),
        },
    }
}

/// How far the workload was seen to have come.
///
/// A stopped container of another fingerprint than the wanted one does not count as a container: it will be replaced, so the
/// sight is `Prepared` or `Configured` by what is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// The look failed. Nothing is known, and nothing is concluded: unknown is never absent.
    Unknown,
    /// Neither network, nor container, nor data.
    Absent,
    /// No network and no container, but the data is there.
    Data,
    /// Data and network are there, and firewalled; configuration and secrets are not delivered as wanted.
    Prepared,
    /// Configuration and secrets are delivered; no container.
    Configured,
    /// A container that has exited, and whose exit has not been counted yet.
    Exited,
    /// A container that is not running, for a reason that is known already.
    Stopped,
    /// The container runs; the gateway has not said that it has started.
    Starting,
    /// As `Starting`, but the time allowed for it is over.
    Overdue,
    /// The gateway has started; the proof of this container is missing.
    Started,
    /// The gateway has started, and the proof was read back from this very container.
    Proven,
    /// A proof was taken of this very container and did not hold.
    Disproven,
}

/// What the running workload carries, compared with what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    None,
    /// Only the configuration document, or the text of secrets, differs: it can be applied to a running gateway.
    Config,
    /// Image, limits, names of secrets or restart generation differ, or a secret that is read only at a start: the container must be
    /// replaced.
    Container,
}

/// The breaker that stops a deployment from hammering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    Closed,
    /// Waiting before the next try.
    BackingOff,
    /// Too many failures in a row, or one that no repetition can mend. Opens again by `retry`, `restart` or a new revision.
    Open,
    /// As `Open`, and the wanted revision is not the last one that is known to work.
    OpenWithFallback,
}

/// The data, compared with what the wanted revision is to start on. Only looked at before a container starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// As it must be.
    Ready,
    /// Another revision wrote it, and no copy of it is kept yet.
    Unkept,
    /// The revision is to start on the data of a snapshot.
    Elsewhere,
}

/// Everything that decides the next action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sight {
    pub desired: Desired,
    /// A place (subnet, capacity) has been reserved.
    pub allocated: bool,
    pub workload: Workload,
    pub drift: Drift,
    pub data: Data,
    /// What is wanted has been tried beside the running agent, or need not be.
    pub rehearsed: bool,
    pub routed: bool,
    pub breaker: Breaker,
}

/// The one thing to do now. Each is safe to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing: look again at the next tick or wake-up.
    Rest,
    /// Nothing but looking: a change is on its way (health), or the last look failed.
    Watch,
    /// Check plan, quota and host capacity; reserve a subnet.
    Allocate,
    /// Make storage and network, and the firewall's rules for it.
    Prepare,
    /// Try what is wanted on a copy of the data, beside the agent that works.
    Rehearse,
    /// Keep a copy of the data from before the wanted revision.
    Snapshot,
    /// Put the data back to a snapshot.
    Restore,
    /// Deliver secrets and configuration.
    Configure,
    /// Verify the image, then create and start the container.
    Start,
    /// Deliver a changed configuration, or changed secrets, to the running gateway.
    Reload,
    /// Read hardening, limits and isolation back from the running container.
    Prove,
    /// Publish the way to it.
    Route,
    /// Take the way back, so that nobody is sent to what is about to stop.
    Unroute,
    /// Count an exit that nobody asked for.
    CountExit,
    /// Count a start that took too long or a proof that did not hold, and stop the container.
    CountFailure,
    /// Go back to the last revision that is known to work.
    FallBack,
    /// Stop the container; it stays.
    Stop,
    /// Remove container and network; the data stays.
    Remove,
    /// Remove the data.
    Purge,
}

/// The next action. Total: every combination has an answer, and a test prints them all.
pub const fn next(sight: Sight) -> Action {
    match sight.desired {
        Desired::Running => next_running(sight),
        Desired::Suspended => next_suspended(sight),
        Desired::Terminated => next_terminated(sight, Action::Rest),
        Desired::Purged => next_terminated(sight, Action::Purge),
    }
}

const fn next_running(sight: Sight) -> Action {
    match sight.breaker {
        Breaker::OpenWithFallback => return Action::FallBack,
        Breaker::Open | Breaker::BackingOff => {
            return match sight.workload {
                // A failed look closes no door that may well be working.
                Workload::Unknown => Action::Watch,
                Workload::Absent | Workload::Data | Workload::Prepared | Workload::Configured | Workload::Stopped => unroute_or(sight, Action::Rest),
                Workload::Exited => unroute_or(sight, Action::CountExit),
                Workload::Starting | Workload::Overdue | Workload::Started | Workload::Proven | Workload::Disproven => unroute_or(sight, Action::Stop),
            };
        }
        Breaker::Closed => {}
    }
    if !sight.allocated {
        return unroute_or(sight, Action::Allocate);
    }
    match sight.workload {
        Workload::Unknown => Action::Watch,
        Workload::Absent | Workload::Data => unroute_or(sight, Action::Prepare),
        Workload::Prepared => unroute_or(sight, on_its_data(sight, Action::Configure)),
        Workload::Configured => unroute_or(sight, on_its_data(sight, Action::Start)),
        Workload::Exited => match sight.drift {
            Drift::None | Drift::Config => unroute_or(sight, Action::CountExit),
            // It was on its way out already: its exit says nothing about what comes next.
            Drift::Container => unroute_or(sight, on_its_data(sight, Action::Configure)),
        },
        Workload::Stopped => match sight.drift {
            Drift::None => unroute_or(sight, on_its_data(sight, Action::Start)),
            Drift::Config | Drift::Container => unroute_or(sight, on_its_data(sight, Action::Configure)),
        },
        Workload::Starting => match sight.drift {
            Drift::None => unroute_or(sight, Action::Watch),
            Drift::Config | Drift::Container => unroute_or(sight, Action::Stop),
        },
        Workload::Overdue | Workload::Disproven => match sight.drift {
            Drift::None | Drift::Config => unroute_or(sight, Action::CountFailure),
            Drift::Container => unroute_or(sight, Action::Stop),
        },
        Workload::Started => match sight.drift {
            Drift::None | Drift::Config => unroute_or(sight, Action::Prove),
            Drift::Container => unroute_or(sight, Action::Stop),
        },
        Workload::Proven => match sight.drift {
            Drift::None => {
                if sight.routed {
                    Action::Rest
                } else {
                    Action::Route
                }
            }
            // Applied in place: the door stays open.
            Drift::Config => Action::Reload,
            Drift::Container if !sight.rehearsed => Action::Rehearse,
            Drift::Container => unroute_or(sight, Action::Stop),
        },
    }
}

const fn next_suspended(sight: Sight) -> Action {
    match sight.workload {
        Workload::Unknown => Action::Watch,
        Workload::Absent | Workload::Data | Workload::Prepared | Workload::Configured | Workload::Exited | Workload::Stopped => unroute_or(sight, Action::Rest),
        Workload::Starting | Workload::Overdue | Workload::Started | Workload::Proven | Workload::Disproven => unroute_or(sight, Action::Stop),
    }
}

const fn next_terminated(sight: Sight, at_the_end: Action) -> Action {
    match sight.workload {
        Workload::Unknown => Action::Watch,
        Workload::Absent => unroute_or(sight, Action::Rest),
        Workload::Data => unroute_or(sight, at_the_end),
        Workload::Prepared
        | Workload::Configured
        | Workload::Exited
        | Workload::Stopped
        | Workload::Starting
        | Workload::Overdue
        | Workload::Started
        | Workload::Proven
        | Workload::Disproven => unroute_or(sight, Action::Remove),
    }
}

/// `action`, once the data is what the revision is to start on.
const fn on_its_data(sight: Sight, action: Action) -> Action {
    match sight.data {
        Data::Ready => action,
        Data::Unkept => Action::Snapshot,
        Data::Elsewhere => Action::Restore,
    }
}

const fn unroute_or(sight: Sight, action: Action) -> Action {
    if sight.routed { Action::Unroute } else { action }
}

/// What the owner is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Requested,
    Provisioning,
    Configuring,
    Starting,
    Running,
    Updating,
    Restarting,
    Suspended,
    Failed,
    Terminated,
}

impl State {
    pub const ALL: [Self; 10] = [
        Self::Requested,
        Self::Provisioning,
        Self::Configuring,
        Self::Starting,
        Self::Running,
        Self::Updating,
        Self::Restarting,
        Self::Suspended,
        Self::Failed,
        Self::Terminated,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Provisioning => "provisioning",
            Self::Configuring => "configuring",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Updating => "updating",
            Self::Restarting => "restarting",
            Self::Suspended => "suspended",
            Self::Failed => "failed",
            Self::Terminated => "terminated",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What decides the state that is shown, beside the [`Sight`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Past {
    /// It has been routed at least once since it was created or restored.
    pub ran_before: bool,
    /// The wanted revision is not the one that last ran.
    pub new_revision: bool,
}

/// The state to show for what was last seen. Total.
pub const fn state(sight: Sight, past: Past) -> State {
    match sight.desired {
        Desired::Terminated | Desired::Purged => State::Terminated,
        Desired::Suspended => State::Suspended,
        Desired::Running => match sight.breaker {
            Breaker::Open => State::Failed,
            Breaker::OpenWithFallback => State::Updating,
            Breaker::Closed | Breaker::BackingOff => {
                // A routed agent keeps its state while a look fails: the age of the look is shown beside it.
                let settled = sight.routed
                    && match sight.workload {
                        Workload::Unknown | Workload::Proven => true,
                        Workload::Absent
                        | Workload::Data
                        | Workload::Prepared
                        | Workload::Configured
                        | Workload::Exited
                        | Workload::Stopped
                        | Workload::Starting
                        | Workload::Overdue
                        | Workload::Started
                        | Workload::Disproven => false,
                    };
                if settled {
                    return match sight.drift {
                        Drift::None => State::Running,
                        Drift::Config => State::Updating,
                        Drift::Container => {
                            if past.new_revision {
                                State::Updating
                            } else {
                                State::Restarting
                            }
                        }
                    };
                }
                if past.ran_before {
                    return if past.new_revision { State::Updating } else { State::Restarting };
                }
                match sight.workload {
                    Workload::Unknown | Workload::Absent | Workload::Data => {
                        if sight.allocated {
                            State::Provisioning
                        } else {
                            State::Requested
                        }
                    }
                    Workload::Prepared => State::Configuring,
                    Workload::Configured
                    | Workload::Exited
                    | Workload::Stopped
                    | Workload::Starting
                    | Workload::Overdue
                    | Workload::Started
                    | Workload::Proven
                    | Workload::Disproven => State::Starting,
                }
            }
        },
    }
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
