//! What a wave does next: one small thing at a time, decided anew from what is seen.
//!
//! - Members on their way, members that work and members whose failure nobody has looked at are together never more than the stage
//!   reaches. A skipped member counts nowhere.
//! - A failure in the first stage stops the wave, whatever the plan's thresholds say.
//! - A wave that is not running begins with nobody; what is under way comes to its own end, and is written down.

use std::fmt;

use super::{MemberState, WavePlan, WaveState};
use crate::lifecycle::{Desired, State};
use crate::time::Timestamp;
use crate::window::Opening;
use crate::wire::agents::RevisionOutcome;

/// What is seen of a member's deployment at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub desired: Desired,
    /// The state that was seen last.
    pub shown: State,
    /// Why it is in it, where there is something to say.
    pub fault: Option<String>,
    /// It still follows the wave's channel.
    pub follows: bool,
    /// What is wanted of it is the wave's release.
    pub there: bool,
    /// What is wanted of it runs, is trusted, and nothing newer was asked for.
    pub settled: bool,
    /// What is wanted of it is the revision that the wave made last.
    pub ours: bool,
    /// What came of that revision, and why it failed; absent before there is one, and when the deployment was purged.
    pub outcome: Option<(RevisionOutcome, Option<String>)>,
    /// Its maintenance window; absent: any time will do.
    pub opening: Option<Opening>,
}

/// One deployment in a wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub state: MemberState,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// It failed, and an operator has let the wave go on since.
    pub forgiven: bool,
    pub facts: Facts,
}

/// Everything that decides.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub state: WaveState,
    pub plan: &'a WavePlan,
    /// From 0.
    pub stage: usize,
    /// Since when nothing has happened to any member, and no stage has begun.
    pub quiet_since: Timestamp,
    /// Why the release may not be started any more.
    pub withdrawn: Option<&'a str>,
    /// In the order in which they are taken.
    pub members: &'a [Member],
    pub now: Timestamp,
}

/// The one thing to do now. A member is named by its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Want the release of it.
    Begin {
        member: usize,
    },
    /// Write down what has become of it.
    Settle {
        member: usize,
        state: MemberState,
        reason: Option<String>,
    },
    /// Want again of it what it had before.
    Return {
        member: usize,
        reason: String,
    },
    /// The next stage begins.
    Advance {
        stage: usize,
    },
    Halt {
        reason: String,
    },
    Finish,
    /// Everybody is back who was to come back.
    Close,
    Wait(Wait),
}

/// Why nothing is to be done now. `Display` is the sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It is over, or an operator must say how it goes on.
    Rest,
    /// Members are on their way.
    Moving { members: usize },
    /// A stage was good; the next one begins after the quiet.
    Soaking { until: Timestamp },
    /// Those that are left are occupied with something else, or their windows are closed.
    Members { busy: usize, closed: usize, opens: Option<Timestamp> },
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agents = |count: usize| if count == 1 { "1 agent".to_owned() } else { format!("{count} agents") };
        match self {
            Self::Rest => f.write_str("nothing"),
            Self::Moving { members } => write!(f, "{} on the way", agents(*members)),
            Self::Soaking { until } => write!(f, "quiet until {until}"),
            Self::Members { busy, closed: 0, opens: _ } => write!(f, "{} occupied with another change", agents(*busy)),
            Self::Members { busy, closed, opens } => {
                write!(f, "the maintenance windows of {}", agents(*closed))?;
                if let Some(opens) = opens {
                    write!(f, ", the next of which opens at {opens}")?;
                }
                if *busy > 0 { write!(f, "; and {} occupied with another change", agents(*busy)) } else { Ok(()) }
            }
        }
    }
}

/// Whether one that waits can be begun with.
enum Standing {
    Ready,
    Busy,
    Closed {
        opens: Timestamp,
    },
    /// Not while it is like this; the wave does not wait for it.
    Unfit(String),
    /// Never.
    Gone(String),
}

fn standing(facts: &Facts) -> Standing {
    match facts.desired {
        Desired::Terminated | Desired::Purged => return Standing::Gone("it was deleted".to_owned()),
        Desired::Running | Desired::Suspended if !facts.follows => return Standing::Gone("it does not follow the channel any more".to_owned()),
        Desired::Running | Desired::Suspended if facts.there => return Standing::Gone("it was put on this release already".to_owned()),
        Desired::Suspended => return Standing::Unfit("it is suspended".to_owned()),
        Desired::Running => {}
    }
    match facts.shown {
        State::Failed => Standing::Unfit(with("it does not work", facts.fault.as_deref())),
        State::Running if facts.settled => match facts.opening {
            Some(Opening::Closed { opens }) => Standing::Closed { opens },
            Some(Opening::Open { .. }) | None => Standing::Ready,
        },
        State::Running
        | State::Requested
        | State::Provisioning
        | State::Configuring
        | State::Starting
        | State::Updating
        | State::Restarting
        | State::Suspended
        | State::Terminated => Standing::Busy,
    }
}

/// How the last revision that the wave made of a member stands.
enum Way {
    Under,
    Arrived,
    Failed(String),
    /// It is another's now: its owner's, or nobody's.
    Left {
        reason: String,
        suspended: bool,
    },
}

fn way(facts: &Facts) -> Way {
    let left = |reason: &str, suspended| Way::Left { reason: reason.to_owned(), suspended };
    match &facts.outcome {
        None => left("it was deleted", false),
        Some((RevisionOutcome::Good, _)) => Way::Arrived,
        Some((RevisionOutcome::Failed, reason)) => Way::Failed(reason.clone().unwrap_or_else(|| "it did not work".to_owned())),
        Some((RevisionOutcome::Superseded, _)) => left("its owner changed it meanwhile", false),
        Some((RevisionOutcome::Pending, _)) => match facts.desired {
            Desired::Running => Way::Under,
            Desired::Suspended => left("it was suspended meanwhile", true),
            Desired::Terminated | Desired::Purged => left("it was deleted meanwhile", false),
        },
    }
}

/// The next thing to do. Total, and it comes to an end: see the tests.
pub fn next(view: &View<'_>) -> Decision {
    let news = view.members.iter().enumerate().find_map(|(place, member)| news(view.state, place, member));
    if let Some(decision) = news {
        return decision;
    }
    match view.state {
        WaveState::Running => grow(view),
        WaveState::Paused | WaveState::Halted | WaveState::Finished | WaveState::Aborted | WaveState::Reverted => Decision::Wait(Wait::Rest),
        WaveState::Reverting => bring_back(view.members),
    }
}

/// What has become of `member` and is not written down yet.
fn news(wave: WaveState, place: usize, member: &Member) -> Option<Decision> {
    let settle = |state, reason| Some(Decision::Settle { member: place, state, reason });
    let facts = &member.facts;
    match member.state {
        MemberState::Waiting => match (wave, standing(facts)) {
            (WaveState::Running | WaveState::Paused | WaveState::Halted, Standing::Gone(reason)) => settle(MemberState::Skipped, Some(reason)),
            (WaveState::Finished | WaveState::Aborted | WaveState::Reverting | WaveState::Reverted, Standing::Gone(_))
            | (_, Standing::Ready | Standing::Busy | Standing::Closed { .. } | Standing::Unfit(_)) => None,
        },
        MemberState::Moving => match way(facts) {
            Way::Under => None,
            Way::Arrived => settle(MemberState::Good, None),
            Way::Failed(reason) => settle(MemberState::Failed, Some(reason)),
            Way::Left { reason, suspended: _ } => settle(MemberState::Skipped, Some(reason)),
        },
        MemberState::Returning => match way(facts) {
            Way::Under => None,
            Way::Arrived => settle(MemberState::Returned, member.reason.clone()),
            Way::Failed(reason) => settle(MemberState::Stuck, Some(reason)),
            // What it had is what is wanted of it; it starts so whenever it is resumed.
            Way::Left { reason, suspended: true } => settle(MemberState::Returned, Some(reason)),
            Way::Left { reason, suspended: false } => settle(MemberState::Skipped, Some(reason)),
        },
        // It was trusted, and broke afterwards: nothing brings it back by itself, so the wave does.
        MemberState::Good => match wave {
            WaveState::Running | WaveState::Paused | WaveState::Halted if facts.ours && broken(facts) => {
                Some(Decision::Return { member: place, reason: with("it worked at first, and then failed", facts.fault.as_deref()) })
            }
            WaveState::Running
            | WaveState::Paused
            | WaveState::Halted
            | WaveState::Finished
            | WaveState::Aborted
            | WaveState::Reverting
            | WaveState::Reverted => None,
        },
        MemberState::Failed | MemberState::Skipped | MemberState::Returned | MemberState::Stuck => None,
    }
}

fn broken(facts: &Facts) -> bool {
    matches!(facts.desired, Desired::Running) && matches!(facts.shown, State::Failed)
}

struct Counts {
    moving: usize,
    good: usize,
    /// That nobody has looked at.
    failed: usize,
    returning: usize,
    why: Option<String>,
}

fn count(members: &[Member]) -> Counts {
    let mut counts = Counts { moving: 0, good: 0, failed: 0, returning: 0, why: None };
    for member in members {
        let failed = match member.state {
            MemberState::Waiting | MemberState::Skipped => false,
            MemberState::Moving => {
                counts.moving += 1;
                false
            }
            MemberState::Good => {
                counts.good += 1;
                false
            }
            MemberState::Returning => {
                counts.returning += 1;
                true
            }
            MemberState::Failed | MemberState::Returned | MemberState::Stuck => true,
        };
        if failed && !member.forgiven {
            counts.failed += 1;
            counts.why = counts.why.or_else(|| member.reason.clone());
        }
    }
    counts
}

fn grow(view: &View<'_>) -> Decision {
    let View { state: _, plan, stage, quiet_since, withdrawn, members, now } = *view;
    if let Some(reason) = withdrawn {
        return Decision::Halt { reason: format!("the release was withdrawn: {reason}") };
    }
    let counts = count(members);
    let Counts { moving, good, failed, returning, ref why } = counts;
    let targets = plan.targets(members.len());
    let stage = stage.min(targets.len().saturating_sub(1));
    let target = targets.get(stage).copied().unwrap_or_default();
    let halt = |what: String| Decision::Halt { reason: with(&what, why.as_deref()) };
    if stage == 0 && failed > 0 {
        return halt("an agent of the first stage failed".to_owned());
    }
    if failed >= usize::try_from(plan.max_failures).unwrap_or(usize::MAX) {
        return halt(format!("{failed} agents failed"));
    }

    let mut queue = Queue::of(members);
    let taken = moving + good + failed;
    let room = target.saturating_sub(taken);
    let best = good + moving + room.min(queue.candidates());
    if failed > 0 && best * 100 < usize::from(plan.min_success_percent) * (best + failed) {
        return halt(format!("fewer than {} % of stage {} can work with it: {failed} of {} failed", plan.min_success_percent, stage + 1, best + failed));
    }

    if moving + returning > 0 {
        let free = moving + returning < usize::try_from(plan.concurrency).unwrap_or(usize::MAX) && room > 0;
        return match queue.ready.filter(|_| free) {
            Some(member) => Decision::Begin { member },
            None => Decision::Wait(Wait::Moving { members: moving + returning }),
        };
    }
    if queue.candidates() == 0 {
        // Those that are left cannot be moved as they are, and nobody else is waited for.
        return match queue.unfit.take() {
            Some((member, reason)) => Decision::Settle { member, state: MemberState::Skipped, reason: Some(reason) },
            None => Decision::Finish,
        };
    }
    if room == 0 {
        let until = quiet_since.plus_seconds(i64::from(plan.soak_seconds));
        if now < until {
            return Decision::Wait(Wait::Soaking { until });
        }
        // Stages that add nobody, as in a small fleet, are passed over. The last one has room for whoever is left.
        let larger = targets.iter().position(|further| *further > target);
        return larger.map_or(Decision::Finish, |stage| Decision::Advance { stage });
    }
    match queue.ready {
        Some(member) => Decision::Begin { member },
        None => Decision::Wait(Wait::Members { busy: queue.busy, closed: queue.closed, opens: queue.opens }),
    }
}

/// Those that wait, by what can be done about them.
struct Queue {
    /// The first.
    ready: Option<usize>,
    ready_count: usize,
    busy: usize,
    closed: usize,
    opens: Option<Timestamp>,
    /// The first.
    unfit: Option<(usize, String)>,
}

impl Queue {
    fn of(members: &[Member]) -> Self {
        let mut queue = Self { ready: None, ready_count: 0, busy: 0, closed: 0, opens: None, unfit: None };
        for (place, member) in members.iter().enumerate().filter(|(_, member)| member.state == MemberState::Waiting) {
            match standing(&member.facts) {
                Standing::Ready => {
                    queue.ready = queue.ready.or(Some(place));
                    queue.ready_count += 1;
                }
                Standing::Busy => queue.busy += 1,
                Standing::Closed { opens } => {
                    queue.closed += 1;
                    queue.opens = Some(queue.opens.map_or(opens, |earlier| earlier.min(opens)));
                }
                Standing::Unfit(reason) | Standing::Gone(reason) => queue.unfit = queue.unfit.or(Some((place, reason))),
            }
        }
        queue
    }

    /// Who may still be moved.
    const fn candidates(&self) -> usize {
        self.ready_count + self.busy + self.closed
    }
}

/// All at once: the turns of the host decide how many are under way.
fn bring_back(members: &[Member]) -> Decision {
    let moved = members.iter().position(|member| matches!(member.state, MemberState::Good | MemberState::Moving));
    if let Some(member) = moved {
        return Decision::Return { member, reason: "the wave was reverted".to_owned() };
    }
    match count(members).returning {
        0 => Decision::Close,
        members => Decision::Wait(Wait::Moving { members }),
    }
}

fn with(what: &str, why: Option<&str>) -> String {
    why.map_or_else(|| what.to_owned(), |why| format!("{what}: {why}"))
}
