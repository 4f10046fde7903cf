use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::*;

const DESIRED: [Desired; 4] = [Desired::Running, Desired::Suspended, Desired::Terminated, Desired::Purged];
const ASKS: [Ask; 7] = [Ask::Restart, Ask::Suspend, Ask::Resume, Ask::Retry, Ask::Update, Ask::Terminate, Ask::Restore];
const WORKLOADS: [Workload; 12] = [
    Workload::Unknown,
    Workload::Absent,
    Workload::Data,
    Workload::Prepared,
    Workload::Configured,
    Workload::Exited,
    Workload::Stopped,
    Workload::Starting,
    Workload::Overdue,
    Workload::Started,
    Workload::Proven,
    Workload::Disproven,
];
const DRIFTS: [Drift; 3] = [Drift::None, Drift::Config, Drift::Container];
const DATA: [Data; 3] = [Data::Ready, Data::Unkept, Data::Elsewhere];
const BREAKERS: [Breaker; 4] = [Breaker::Closed, Breaker::BackingOff, Breaker::Open, Breaker::OpenWithFallback];

fn sights() -> Vec<Sight> {
    let mut all = Vec::new();
    for desired in DESIRED {
        for breaker in BREAKERS {
            for allocated in [false, true] {
                for workload in WORKLOADS {
                    for drift in DRIFTS {
                        for routed in [false, true] {
                            for data in DATA {
                                for rehearsed in [false, true] {
                                    all.push(Sight { desired, allocated, workload, drift, data, rehearsed, routed, breaker });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

#[test]
fn the_table_of_admissions_is_the_one_on_record() {
    let mut table = String::new();
    for desired in DESIRED {
        for ask in ASKS {
            let desired_text = format!("{desired:?}");
            let ask_text = format!("{ask:?}");
            writeln!(table, "{desired_text:<11} {ask_text:<10} {:?}", admit(desired, ask)).expect("writes");
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_owner_does_not_lift_a_hold_and_may_do_everything_else() {
    for desired in DESIRED {
        for ask in ASKS {
            assert_eq!(admit_held(desired, Holds::NONE, ask), admit(desired, ask));
            for holds in [Holds { billing: true, operator: false }, Holds { billing: false, operator: true }, Holds { billing: true, operator: true }] {
                let runs = matches!(ask, Ask::Restart | Ask::Retry | Ask::Resume) && matches!(desired, Desired::Running | Desired::Suspended);
                let expected = if runs { Admission::Refuse(Refusal::Held(holds.first().expect("held"))) } else { admit(desired, ask) };
                assert_eq!(admit_held(desired, holds, ask), expected, "{desired:?} {holds} {ask:?}");
            }
        }
    }
}

#[test]
fn the_table_of_actions_is_the_one_on_record() {
    // One line per (desired, breaker, allocated, workload), the drifts side by side; routed ones are summed up below.
    let mut table = String::new();
    for sight in sights().into_iter().filter(|sight| !sight.routed && sight.drift == Drift::None && sight.data == Data::Ready && sight.rehearsed) {
        let row = DRIFTS.map(|drift| format!("{:?}", next(Sight { drift, ..sight })));
        writeln!(
            table,
            "{:<11} {:<17} {:<12} {:<11} {}",
            format!("{:?}", sight.desired),
            format!("{:?}", sight.breaker),
            if sight.allocated { "allocated" } else { "unallocated" },
            format!("{:?}", sight.workload),
            if row[0] == row[1] && row[1] == row[2] { row[0].clone() } else { row.join(" / ") },
        )
        .expect("writes");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn nothing_is_stopped_removed_or_started_while_a_route_leads_to_it() {
    for sight in sights().into_iter().filter(|sight| sight.routed) {
        let action = next(sight);
        assert!(
            matches!(action, Action::Rest | Action::Watch | Action::Unroute | Action::Reload | Action::Rehearse | Action::FallBack),
            "{sight:?} → {action:?}"
        );
    }
}

#[test]
fn a_failed_look_changes_nothing() {
    for sight in sights().into_iter().filter(|sight| sight.workload == Workload::Unknown) {
        let action = next(sight);
        // Reserving a place and choosing an older revision touch no runtime; everything else waits for a look that works.
        assert!(matches!(action, Action::Watch | Action::Allocate | Action::FallBack | Action::Unroute), "{sight:?} → {action:?}");
        if sight.allocated && sight.routed && sight.breaker != Breaker::OpenWithFallback {
            assert_eq!(action, Action::Watch, "{sight:?}");
        }
    }
}

#[test]
fn nothing_is_routed_without_a_proof() {
    for sight in sights() {
        if next(sight) == Action::Route {
            assert_eq!((sight.workload, sight.drift), (Workload::Proven, Drift::None), "{sight:?}");
        }
        if sight.workload == Workload::Disproven {
            assert_ne!(next(sight), Action::Rest, "{sight:?}");
        }
    }
}

#[test]
fn data_is_removed_only_when_purging() {
    for sight in sights() {
        if next(sight) == Action::Purge {
            assert_eq!(sight.desired, Desired::Purged, "{sight:?}");
        }
    }
}

/// What an action makes of a sight when it works: the world of this test.
fn play(sight: Sight, action: Action) -> Sight {
    let mut after = sight;
    match action {
        Action::Rest | Action::Watch if sight.workload == Workload::Starting => after.workload = Workload::Started,
        Action::Watch if sight.workload == Workload::Unknown => after.workload = Workload::Absent,
        Action::Rest if sight.breaker == Breaker::BackingOff => after.breaker = Breaker::Closed,
        Action::Rest | Action::Watch => {}
        Action::Allocate => after.allocated = true,
        Action::Prepare => after.workload = Workload::Prepared,
        Action::Rehearse => after.rehearsed = true,
        Action::Snapshot => after.data = Data::Elsewhere,
        Action::Restore => after.data = Data::Ready,
        Action::Configure => {
            after.workload = Workload::Configured;
            after.drift = Drift::None;
        }
        Action::Start => {
            after.workload = Workload::Starting;
            after.drift = Drift::None;
        }
        Action::Reload => after.drift = Drift::None,
        Action::Prove => after.workload = Workload::Proven,
        Action::Route => after.routed = true,
        Action::Unroute => after.routed = false,
        Action::CountExit | Action::CountFailure => {
            after.workload = Workload::Stopped;
            if sight.breaker == Breaker::Closed {
                after.breaker = Breaker::BackingOff;
            }
        }
        Action::FallBack => {
            after.breaker = Breaker::Closed;
            after.drift = Drift::Container;
        }
        Action::Stop => after.workload = Workload::Stopped,
        Action::Remove => after.workload = Workload::Data,
        Action::Purge => after.workload = Workload::Absent,
    }
    after
}

#[test]
fn from_every_sight_the_world_converges_within_nineteen_steps() {
    for start in sights() {
        let mut sight = start;
        let mut path = Vec::new();
        let end = loop {
            let action = next(sight);
            let after = play(sight, action);
            path.push(action);
            if after == sight {
                break sight;
            }
            sight = after;
            assert!(path.len() <= 19, "{start:?} never rests: {path:?}");
        };
        match end.desired {
            Desired::Running if end.breaker == Breaker::Open => assert!(!end.routed, "{start:?} → {end:?}"),
            Desired::Running => assert!(end.routed && end.workload == Workload::Proven && end.drift == Drift::None, "{start:?} → {end:?} by {path:?}"),
            Desired::Suspended => assert!(!end.routed, "{start:?} → {end:?}"),
            Desired::Terminated => assert!(matches!(end.workload, Workload::Data | Workload::Absent) && !end.routed, "{start:?} → {end:?}"),
            Desired::Purged => assert!(end.workload == Workload::Absent && !end.routed, "{start:?} → {end:?}"),
        }
    }
}

#[test]
fn nothing_starts_on_data_that_is_not_kept_or_not_put_back_and_only_what_rests_is_copied() {
    for sight in sights() {
        let action = next(sight);
        match action {
            Action::Start | Action::Configure => assert_eq!(sight.data, Data::Ready, "{sight:?}"),
            Action::Snapshot | Action::Restore => {
                assert!(matches!(sight.workload, Workload::Prepared | Workload::Configured | Workload::Exited | Workload::Stopped), "{sight:?}");
                assert!(!sight.routed && sight.desired == Desired::Running, "{sight:?}");
            }
            Action::Rest
            | Action::Watch
            | Action::Allocate
            | Action::Prepare
            | Action::Rehearse
            | Action::Reload
            | Action::Prove
            | Action::Route
            | Action::Unroute
            | Action::CountExit
            | Action::CountFailure
            | Action::FallBack
            | Action::Stop
            | Action::Remove
            | Action::Purge => {}
        }
    }
}

#[test]
fn the_owner_sees_only_the_moves_that_the_design_draws() {
    let mut moves: BTreeMap<State, BTreeSet<State>> = BTreeMap::new();
    for sight in sights() {
        for ran_before in [false, true] {
            for new_revision in [false, true] {
                // What cannot be: a way to, or traces of, something that was never given a place.
                let traces = !matches!(sight.workload, Workload::Unknown | Workload::Absent);
                if ((sight.routed || sight.breaker == Breaker::OpenWithFallback) && !ran_before) || ((sight.routed || traces || ran_before) && !sight.allocated)
                {
                    continue;
                }
                let past = Past { ran_before, new_revision };
                let before = state(sight, past);
                let action = next(sight);
                let after_sight = play(sight, action);
                let routed_now = action == Action::Route;
                let after = state(after_sight, Past { ran_before: ran_before || routed_now, new_revision: new_revision && !routed_now });
                if before != after {
                    moves.entry(before).or_default().insert(after);
                }
            }
        }
    }
    let mut table = String::new();
    for (from, to) in moves {
        writeln!(table, "{from} → {}", to.into_iter().map(State::as_str).collect::<Vec<_>>().join(", ")).expect("writes");
    }
    insta::assert_snapshot!(table);
}
