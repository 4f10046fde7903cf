use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

const ASKED: [Desired; 4] = [Desired::Running, Desired::Suspended, Desired::Terminated, Desired::Purged];

fn sights() -> Vec<Sight> {
    let mut all = Vec::new();
    for asked in ASKED {
        for stage in Stage::ALL {
            for paid in Paid::ALL {
                for runtime in Runtime::ALL {
                    for left in Left::ALL {
                        all.push(Sight { stage, paid, asked, runtime, left });
                    }
                }
            }
        }
    }
    all
}

#[test]
fn the_table_of_steps_is_the_one_on_record() {
    // One line per (asked, stage, paid): every step that any runtime and any time lead to.
    let mut table = String::new();
    for asked in ASKED {
        for stage in Stage::ALL {
            for paid in Paid::ALL {
                let steps: BTreeSet<_> = sights()
                    .into_iter()
                    .filter(|sight| sight.asked == asked && sight.stage == stage && sight.paid == paid)
                    .map(|sight| format!("{:?}", next(sight)))
                    .collect();
                let steps: Vec<_> = steps.into_iter().collect();
                writeln!(table, "{:<11} {:<11} {:<11} {}", format!("{asked:?}"), stage.as_str(), format!("{paid:?}"), steps.join(" | ")).expect("writes");
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn only_what_was_seen_of_the_runtime_moves_a_stage_that_waits_for_it() {
    for sight in sights() {
        match next(sight) {
            Step::Settle => assert!(matches!(sight.runtime, Runtime::Stopped | Runtime::Removed), "{sight:?}"),
            Step::Close => assert_eq!(sight.runtime, Runtime::Removed, "{sight:?}"),
            Step::Confirm if sight.asked == Desired::Running => assert_eq!(sight.runtime, Runtime::Running, "{sight:?}"),
            Step::Confirm
            | Step::Rest
            | Step::Watch
            | Step::EnterGrace
            | Step::Remind
            | Step::Recover
            | Step::Suspend
            | Step::Resume
            | Step::Nudge
            | Step::Terminate
            | Step::BringBack
            | Step::Reopen
            | Step::CancelSubscription => {}
        }
    }
}

#[test]
fn nothing_that_is_paid_is_stopped_and_nothing_unpaid_is_started() {
    for sight in sights() {
        match next(sight) {
            Step::Suspend | Step::Terminate | Step::EnterGrace => assert_ne!(sight.paid, Paid::Good, "{sight:?}"),
            Step::Resume | Step::Recover | Step::BringBack | Step::Nudge => assert_eq!(sight.paid, Paid::Good, "{sight:?}"),
            Step::Rest | Step::Watch | Step::Remind | Step::Settle | Step::Confirm | Step::Close | Step::Reopen | Step::CancelSubscription => {}
        }
    }
}

#[test]
fn what_its_owner_has_deleted_is_charged_no_more() {
    for sight in sights().into_iter().filter(|sight| matches!(sight.asked, Desired::Terminated | Desired::Purged) && sight.paid.is_live()) {
        let step = next(sight);
        let ours = sight.asked == Desired::Terminated && sight.stage == Stage::Ending && sight.paid == Paid::Good;
        assert_eq!(step, if ours { Step::BringBack } else { Step::CancelSubscription }, "{sight:?}");
    }
}

/// What a step does to the stage, when it succeeds.
fn after(sight: Sight, step: Step) -> Sight {
    let Sight { stage, paid, asked, runtime: _, left } = sight;
    let (stage, paid, asked) = match step {
        Step::Rest | Step::Watch | Step::Nudge | Step::Remind => (stage, paid, asked),
        Step::EnterGrace => (Stage::Grace, paid, asked),
        Step::Recover | Step::Confirm => (Stage::Good, paid, asked),
        Step::Suspend => (Stage::Suspending, paid, asked),
        Step::Settle | Step::Reopen => (Stage::Suspended, paid, asked),
        Step::Resume => (Stage::Resuming, paid, asked),
        Step::Terminate => (Stage::Ending, paid, Desired::Terminated),
        Step::BringBack => (Stage::Resuming, paid, Desired::Running),
        Step::Close => (Stage::Ended, paid, asked),
        Step::CancelSubscription => (stage, Paid::Over, asked),
    };
    let left = if step == Step::Remind {
        Left::Told
    } else if stage == sight.stage {
        left
    } else {
        Left::Enough
    };
    // The reconciler does what is wanted in the end.
    let stopped = matches!(stage, Stage::Unpaid | Stage::Suspending | Stage::Suspended);
    let runtime = match asked {
        Desired::Terminated | Desired::Purged => Runtime::Removed,
        Desired::Running if !stopped => Runtime::Running,
        Desired::Running | Desired::Suspended => Runtime::Stopped,
    };
    Sight { stage, paid, asked, runtime, left }
}

#[test]
fn wherever_it_begins_it_comes_to_rest_where_money_and_runtime_agree() {
    for mut sight in sights() {
        let begun = sight;
        let mut steps = 0;
        loop {
            let step = next(sight);
            if step == Step::Rest {
                break;
            }
            sight = after(sight, step);
            steps += 1;
            assert!(steps < 10, "{begun:?} does not come to rest: {sight:?}");
        }
        let runs = sight.asked == Desired::Running && matches!(sight.stage, Stage::Good | Stage::Grace | Stage::Resuming);
        assert!(!runs || matches!(sight.stage, Stage::Grace) || sight.paid == Paid::Good, "a free ride: {begun:?} → {sight:?}");
        if sight.paid == Paid::Good {
            assert_eq!(sight.stage, Stage::Good, "paid and not served: {begun:?} → {sight:?}");
        }
    }
}
