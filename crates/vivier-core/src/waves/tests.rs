use proptest::prelude::*;

use super::*;
use crate::lifecycle::{Desired, State};
use crate::time::Timestamp;
use crate::window::Opening;
use crate::wire::agents::RevisionOutcome;

fn facts() -> Facts {
    Facts {
        desired: Desired::Running,
        shown: State::Running,
        fault: None,
        follows: true,
        there: false,
        settled: true,
        ours: false,
        outcome: None,
        opening: None,
    }
}

fn waiting() -> Member {
    Member { state: MemberState::Waiting, reason: None, forgiven: false, facts: facts() }
}

fn fleet(count: usize) -> Vec<Member> {
    vec![waiting(); count]
}

/// A wave whose members do as they are told, and end as `good` says of their place.
struct Simulation {
    state: WaveState,
    plan: WavePlan,
    stage: usize,
    members: Vec<Member>,
    now: Timestamp,
    quiet_since: Timestamp,
    begun: Vec<usize>,
    /// The most members that were on the release, or on their way to it, in each stage.
    most: Vec<usize>,
    halted: Option<String>,
}

impl Simulation {
    fn new(plan: WavePlan, members: Vec<Member>) -> Self {
        let stages = plan.stages.len();
        let start = Timestamp::from_millis(0);
        Self { state: WaveState::Running, plan, stage: 0, members, now: start, quiet_since: start, begun: Vec::new(), most: vec![0; stages], halted: None }
    }

    fn decide(&self) -> Decision {
        let view = View {
            state: self.state,
            plan: &self.plan,
            stage: self.stage,
            quiet_since: self.quiet_since,
            withdrawn: None,
            members: &self.members,
            now: self.now,
        };
        next(&view)
    }

    /// Does what is decided until it waits. Panics when that takes longer than any wave may.
    fn drive(&mut self) -> Wait {
        for _ in 0..20 * (self.members.len() + 10) {
            match self.decide() {
                Decision::Begin { member } => {
                    let one = &mut self.members[member];
                    assert_eq!(one.state, MemberState::Waiting, "nobody is begun with twice");
                    assert!(self.state == WaveState::Running, "{:?} begins with nobody", self.state);
                    one.state = MemberState::Moving;
                    one.facts.outcome = Some((RevisionOutcome::Pending, None));
                    (one.facts.settled, one.facts.ours, one.facts.shown) = (false, true, State::Updating);
                    self.begun.push(member);
                    self.quiet_since = self.now;
                }
                Decision::Settle { member, state, reason } => {
                    self.members[member].state = state;
                    self.members[member].reason = reason;
                    self.quiet_since = self.now;
                }
                Decision::Return { member, reason } => {
                    let one = &mut self.members[member];
                    one.state = MemberState::Returning;
                    one.reason = Some(reason);
                    one.facts.outcome = Some((RevisionOutcome::Pending, None));
                    one.facts.shown = State::Updating;
                    self.quiet_since = self.now;
                }
                Decision::Advance { stage } => {
                    assert!(stage > self.stage);
                    self.stage = stage;
                    self.quiet_since = self.now;
                }
                Decision::Halt { reason } => {
                    self.state = WaveState::Halted;
                    self.halted = Some(reason);
                }
                Decision::Finish => self.state = WaveState::Finished,
                Decision::Close => self.state = WaveState::Reverted,
                Decision::Wait(wait) => return wait,
            }
            self.watch();
        }
        panic!("no rest: {:?} stage {} {:?}", self.state, self.stage, self.members);
    }

    /// Never more on the release, or on the way to it, than the stage reaches.
    fn watch(&mut self) {
        let at_risk = self.members.iter().filter(|one| matches!(one.state, MemberState::Moving | MemberState::Good)).count();
        let target = self.plan.targets(self.members.len())[self.stage];
        assert!(at_risk <= target, "{at_risk} in stage {} of {target}", self.stage);
        let moving = self.members.iter().filter(|one| one.state == MemberState::Moving).count();
        assert!(moving <= usize::try_from(self.plan.concurrency).expect("small"));
        self.most[self.stage] = self.most[self.stage].max(at_risk);
    }

    fn arrive(&mut self, good: impl Fn(usize) -> bool) {
        for (place, one) in self.members.iter_mut().enumerate() {
            if matches!(one.state, MemberState::Moving | MemberState::Returning) {
                let works = one.state == MemberState::Returning || good(place);
                one.facts.outcome = Some(if works { (RevisionOutcome::Good, None) } else { (RevisionOutcome::Failed, Some("it did not start".to_owned())) });
                (one.facts.settled, one.facts.shown) = (true, State::Running);
            }
        }
        self.now = self.now.plus_seconds(60);
    }

    /// Until it is over or needs an operator.
    fn run(&mut self, good: impl Fn(usize) -> bool + Copy) {
        for _ in 0..10 * (self.members.len() + self.plan.stages.len() + 10) {
            match self.drive() {
                Wait::Rest => return,
                Wait::Moving { .. } => self.arrive(good),
                Wait::Soaking { until } => self.now = until,
                Wait::Members { opens, .. } => {
                    self.now = opens.unwrap_or_else(|| self.now.plus_seconds(60));
                    for one in &mut self.members {
                        match one.facts.opening {
                            Some(Opening::Closed { opens }) if opens <= self.now => {
                                one.facts.opening = Some(Opening::Open { until: self.now.plus_seconds(3_600) })
                            }
                            Some(Opening::Closed { .. } | Opening::Open { .. }) | None => {}
                        }
                        if one.facts.shown == State::Updating {
                            (one.facts.shown, one.facts.settled) = (State::Running, true);
                        }
                    }
                }
            }
        }
        panic!("it did not end: {:?} stage {}", self.state, self.stage);
    }

    fn count(&self, state: MemberState) -> usize {
        self.members.iter().filter(|one| one.state == state).count()
    }
}

#[test]
fn a_good_release_reaches_all_in_order_and_in_stages() {
    let mut wave = Simulation::new(WavePlan::default(), fleet(50));
    wave.run(|_| true);
    assert_eq!((wave.state, wave.count(MemberState::Good)), (WaveState::Finished, 50));
    assert_eq!(wave.begun, (0..50).collect::<Vec<_>>());
    assert_eq!(wave.most, [1, 3, 13, 50]);
    assert!(wave.now >= Timestamp::from_millis(0).plus_seconds(3 * 600), "three times of quiet");
}

#[test]
fn a_failed_canary_never_lets_the_second_stage_begin() {
    let plan = WavePlan { min_success_percent: 0, max_failures: 1_000, ..WavePlan::default() };
    let mut wave = Simulation::new(plan, fleet(50));
    wave.run(|_| false);
    assert_eq!((wave.state, wave.stage, wave.begun.as_slice()), (WaveState::Halted, 0, [0].as_slice()));
    assert_eq!(wave.halted.as_deref(), Some("an agent of the first stage failed: it did not start"));
    assert_eq!(wave.count(MemberState::Waiting), 49);
}

#[test]
fn after_a_halt_that_an_operator_resumes_another_takes_the_canarys_place() {
    let mut wave = Simulation::new(WavePlan::default(), fleet(50));
    wave.run(|_| false);
    wave.members[0].forgiven = true;
    wave.state = WaveState::Running;
    wave.run(|place| place > 1);
    assert_eq!((wave.state, wave.stage, wave.begun.as_slice()), (WaveState::Halted, 0, [0, 1].as_slice()), "the second canary failed too");
    wave.members[1].forgiven = true;
    wave.state = WaveState::Running;
    wave.run(|_| true);
    assert_eq!((wave.state, wave.count(MemberState::Good)), (WaveState::Finished, 48));
}

#[test]
fn the_share_and_the_breaker_stop_a_later_stage() {
    // Stage 3 reaches 13: with the second failure 90 % cannot be reached any more.
    let mut wave = Simulation::new(WavePlan { concurrency: 4, ..WavePlan::default() }, fleet(50));
    wave.run(|place| place < 5);
    assert_eq!((wave.state, wave.stage), (WaveState::Halted, 2));
    assert!(wave.begun.len() <= 8, "{:?}", wave.begun);
    assert!(wave.halted.as_deref().is_some_and(|reason| reason.contains("90 %") && reason.contains("it did not start")), "{:?}", wave.halted);

    let plan = WavePlan { min_success_percent: 0, max_failures: 2, concurrency: 1, ..WavePlan::default() };
    let mut wave = Simulation::new(plan, fleet(50));
    wave.run(|place| place % 10 != 9);
    assert_eq!((wave.state, wave.begun.len()), (WaveState::Halted, 20));
    assert!(wave.halted.as_deref().is_some_and(|reason| reason.starts_with("2 agents failed")), "{:?}", wave.halted);
}

#[test]
fn what_is_paused_halted_or_over_begins_with_nobody_and_still_writes_down_what_comes() {
    for state in [WaveState::Paused, WaveState::Halted, WaveState::Aborted] {
        let mut wave = Simulation::new(WavePlan::default(), fleet(5));
        wave.drive();
        wave.state = state;
        wave.arrive(|_| true);
        assert_eq!(wave.drive(), Wait::Rest);
        assert_eq!((wave.begun.len(), wave.members[0].state, wave.state), (1, MemberState::Good, state));
    }
}

#[test]
fn a_reverted_wave_brings_back_all_that_it_moved_and_nobody_else() {
    let mut wave = Simulation::new(WavePlan { soak_seconds: 0, ..WavePlan::default() }, fleet(20));
    for _ in 0..6 {
        wave.drive();
        wave.arrive(|_| true);
    }
    wave.drive();
    let moved = wave.begun.len();
    wave.state = WaveState::Reverting;
    wave.run(|_| true);
    assert!(moved > 2);
    assert_eq!((wave.state, wave.count(MemberState::Returned), wave.count(MemberState::Waiting)), (WaveState::Reverted, moved, 20 - moved));
}

#[test]
fn one_that_breaks_after_it_was_trusted_is_brought_back_and_counts_as_a_failure() {
    let mut wave = Simulation::new(WavePlan::default(), fleet(5));
    wave.drive();
    wave.arrive(|_| true);
    assert!(matches!(wave.drive(), Wait::Soaking { .. }));
    wave.members[0].facts.shown = State::Failed;
    wave.members[0].facts.fault = Some("it ended by itself with code 1".to_owned());
    wave.drive();
    assert_eq!((wave.members[0].state, wave.state), (MemberState::Returning, WaveState::Halted));
    wave.arrive(|_| true);
    wave.drive();
    assert_eq!((wave.members[0].state, wave.state), (MemberState::Returned, WaveState::Halted));
    assert!(wave.halted.as_deref().is_some_and(|reason| reason.contains("it ended by itself with code 1")), "{:?}", wave.halted);
    // One that its owner has changed since is its owner's.
    let mut wave = Simulation::new(WavePlan::default(), fleet(5));
    wave.drive();
    wave.arrive(|_| true);
    wave.drive();
    (wave.members[0].facts.ours, wave.members[0].facts.shown) = (false, State::Failed);
    assert!(matches!(wave.drive(), Wait::Soaking { .. }));
}

#[test]
fn a_release_that_is_withdrawn_halts_its_wave() {
    let (plan, members) = (WavePlan::default(), fleet(3));
    let now = Timestamp::from_millis(0);
    let view = View { state: WaveState::Running, plan: &plan, stage: 0, quiet_since: now, withdrawn: Some("CVE-1"), members: &members, now };
    assert_eq!(next(&view), Decision::Halt { reason: "the release was withdrawn: CVE-1".to_owned() });
}

#[test]
fn those_that_cannot_be_moved_are_passed_over_and_told_why() {
    let mut members = fleet(6);
    members[0].facts.desired = Desired::Terminated;
    members[1].facts.follows = false;
    members[2].facts.there = true;
    members[3].facts.desired = Desired::Suspended;
    members[4].facts.shown = State::Failed;
    members[4].facts.fault = Some("no key".to_owned());
    let mut wave = Simulation::new(WavePlan::default(), members);
    wave.run(|_| true);
    let reasons: Vec<_> = wave.members.iter().map(|one| one.reason.clone().unwrap_or_default()).collect();
    assert_eq!(
        reasons,
        ["it was deleted", "it does not follow the channel any more", "it was put on this release already", "it is suspended", "it does not work: no key", ""]
    );
    assert_eq!((wave.state, wave.begun.as_slice(), wave.count(MemberState::Skipped)), (WaveState::Finished, [5].as_slice(), 5));
}

#[test]
fn one_whose_owner_changes_it_on_the_way_leaves_the_wave_and_another_takes_its_place() {
    let mut wave = Simulation::new(WavePlan::default(), fleet(50));
    wave.drive();
    wave.members[0].facts.outcome = Some((RevisionOutcome::Superseded, None));
    assert_eq!(wave.drive(), Wait::Moving { members: 1 });
    assert_eq!((wave.members[0].state, wave.members[0].reason.as_deref()), (MemberState::Skipped, Some("its owner changed it meanwhile")));
    assert_eq!(wave.begun, [0, 1]);
}

#[test]
fn a_closed_window_lets_others_go_first_and_keeps_the_wave_open() {
    let mut members = fleet(4);
    let opens = Timestamp::from_millis(0).plus_seconds(86_400);
    members[0].facts.opening = Some(Opening::Closed { opens });
    let mut wave = Simulation::new(WavePlan { soak_seconds: 0, ..WavePlan::default() }, members);
    let mut waits = Vec::new();
    while wave.state == WaveState::Running {
        let wait = wave.drive();
        waits.push(wait.to_string());
        match wait {
            Wait::Members { opens, .. } => {
                wave.now = opens.expect("a time");
                wave.members[0].facts.opening = Some(Opening::Open { until: wave.now.plus_seconds(3_600) });
            }
            Wait::Moving { .. } => wave.arrive(|_| true),
            Wait::Rest | Wait::Soaking { .. } => {}
        }
    }
    assert_eq!(wave.begun, [1, 2, 3, 0]);
    assert!(waits.contains(&"the maintenance windows of 1 agent, the next of which opens at 1970-01-02T00:00:00.000Z".to_owned()), "{waits:?}");
    assert!(wave.now >= opens);
}

#[test]
fn every_ask_of_every_state_has_an_answer() {
    let mut table = String::new();
    for state in WaveState::ALL {
        for ask in [WaveAsk::Pause, WaveAsk::Resume, WaveAsk::Abort, WaveAsk::Revert] {
            let answer = match admit(state, ask) {
                Admitted::Becomes(state) => state.to_string(),
                Admitted::AlreadySo => "already so".to_owned(),
                Admitted::Refused(why) => format!("refused: {why}"),
            };
            table.push_str(&format!("{state:9} {:6} {answer}\n", ask.as_str()));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_plan_says_how_many_each_stage_reaches() {
    let plan = WavePlan::default();
    assert_eq!(plan.targets(50), [1, 3, 13, 50]);
    assert_eq!(plan.targets(3), [1, 1, 1, 3]);
    assert_eq!(plan.targets(0), [0, 0, 0, 0]);
    assert_eq!(
        plan.words(50),
        "1, then 3, then 13, then all 50 agents, 2 at a time, with 10 min of quiet between stages. It stops at the first failure among the first 1, at \
         failure 3, or when fewer than 90 % work."
    );
    let stages = |stages: &[&str]| WavePlan { stages: stages.iter().map(|size| size.parse().expect("a size")).collect(), ..WavePlan::default() };
    assert_eq!(stages(&["50%", "2", "all"]).targets(10), [5, 5, 10]);
    assert_eq!(stages(&["1"]).check().expect_err("not all").to_string(), "stages must end with `all`");
    assert!(stages(&["100%"]).check().is_ok());
    for wrong in ["0", "0%", "101%", "-1", "1.5", "", "%", "ALL", "1000001", "+1"] {
        assert!(wrong.parse::<Size>().is_err(), "{wrong}");
    }
}

fn any_member() -> impl Strategy<Value = Member> {
    let odd = prop_oneof![
        12 => Just(facts()),
        1 => Just(Facts { desired: Desired::Suspended, ..facts() }),
        1 => Just(Facts { desired: Desired::Terminated, ..facts() }),
        1 => Just(Facts { follows: false, ..facts() }),
        1 => Just(Facts { there: true, ..facts() }),
        1 => Just(Facts { shown: State::Failed, ..facts() }),
        1 => Just(Facts { shown: State::Updating, settled: false, ..facts() }),
        2 => (1i64..200_000).prop_map(|seconds| Facts { opening: Some(Opening::Closed { opens: Timestamp::from_millis(0).plus_seconds(seconds) }), ..facts() }),
    ];
    odd.prop_map(|facts| Member { facts, ..waiting() })
}

fn any_plan() -> impl Strategy<Value = WavePlan> {
    let size = prop_oneof![(1u32..20).prop_map(Size::Count), (1u8..100).prop_map(Size::Percent)];
    (prop::collection::vec(size, 0..5), 0u8..=100, 1u32..6, 0u32..2_000, 1u32..6).prop_map(
        |(mut stages, min_success_percent, max_failures, soak_seconds, concurrency)| {
            stages.push(Size::ALL);
            WavePlan { stages, min_success_percent, max_failures, soak_seconds, concurrency }
        },
    )
}

proptest! {
    /// [`Simulation::drive`] and [`Simulation::watch`] hold what a wave promises at every step; here it is driven through everything.
    #[test]
    fn whatever_the_plan_and_the_fleet_a_wave_ends_and_risks_no_more_than_its_stage(
        plan in any_plan(),
        members in prop::collection::vec(any_member(), 0..60),
        bad in prop::collection::vec(any::<bool>(), 60),
    ) {
        let total = members.len();
        let mut wave = Simulation::new(plan.clone(), members);
        wave.run(|place| !bad[place]);
        let failed = wave.count(MemberState::Failed);
        match wave.state {
            WaveState::Finished => {
                prop_assert_eq!(wave.count(MemberState::Waiting) + wave.count(MemberState::Moving), 0);
                prop_assert!(failed < usize::try_from(plan.max_failures).expect("small"));
                let decided = failed + wave.count(MemberState::Good);
                prop_assert!(wave.count(MemberState::Good) * 100 >= usize::from(plan.min_success_percent) * decided);
            }
            WaveState::Halted => {
                prop_assert!(failed > 0);
                // Those that were on their way when it halted came to their own end, and nobody was begun with since.
                prop_assert_eq!(wave.count(MemberState::Moving), 0);
                if wave.stage == 0 {
                    prop_assert!(wave.begun.len() <= plan.targets(total)[0]);
                }
            }
            other @ (WaveState::Running | WaveState::Paused | WaveState::Aborted | WaveState::Reverting | WaveState::Reverted) => prop_assert!(false, "{other:?}"),
        }
    }

    /// An operator who pauses and resumes changes nothing of what is promised.
    #[test]
    fn a_pause_at_any_point_begins_with_nobody_and_a_resumed_wave_ends_as_if_it_had_not_been(plan in any_plan(), count in 0usize..40, pause_after in 0usize..60) {
        let mut wave = Simulation::new(plan, fleet(count));
        for _ in 0..pause_after {
            match wave.drive() {
                Wait::Rest => break,
                Wait::Moving { .. } => wave.arrive(|_| true),
                Wait::Soaking { until } => wave.now = until,
                Wait::Members { .. } => {}
            }
        }
        if wave.state == WaveState::Running {
            wave.state = WaveState::Paused;
            let begun = wave.begun.len();
            wave.arrive(|_| true);
            prop_assert_eq!(wave.drive(), Wait::Rest);
            prop_assert_eq!(wave.begun.len(), begun);
            wave.state = WaveState::Running;
        }
        wave.run(|_| true);
        prop_assert_eq!((wave.state, wave.count(MemberState::Good)), (WaveState::Finished, count));
    }
}
