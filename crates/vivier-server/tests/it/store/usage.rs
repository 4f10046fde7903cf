//! Usage: each reading counts once, hours sum up to days, and what is billed is what could be reached.

use std::sync::Arc;

use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{Ask, State};
use vivier_core::time::Timestamp;
use vivier_core::usage::{Counters, Usage};
use vivier_core::wire::usage::{UsageOut, UsageStep};
use vivier_server::Config;
use vivier_server::clock::Clock as _;
use vivier_server::store::Store;
use vivier_server::store::usage::Reading;
use vivier_server::terms::UsageSettings;

use crate::support::store::{RULES, agent};
use crate::support::{TestStore, World, eventually};

on_both_engines!(
    a_reading_counts_once_whoever_took_it,
    a_process_that_dies_at_any_commit_loses_and_doubles_nothing,
    hours_sum_up_to_days_over_a_leap_day_and_readings_are_forgotten,
    what_is_billed_is_what_could_be_reached,
);

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn used(container: &str, started: Timestamp, cpu_micros: u64) -> Usage {
    let container = container.to_owned();
    let counters = Counters { container, started_at: started, cpu_micros, memory_bytes: 1 << 30, received_bytes: cpu_micros / 10, sent_bytes: cpu_micros / 5 };
    Usage { counters: Some(counters), storage_bytes: Some(1 << 30) }
}

async fn made(test: &TestStore) -> (AccountId, DeploymentId) {
    let (account, actor) = test.account().await;
    test.release().await;
    (account, test.store.create_deployment(&actor, account, agent("Metered"), &RULES).await.expect("made").id)
}

async fn read(store: &Store, id: DeploymentId, usage: Usage) -> usize {
    let version = store.usage_marks().await.expect("marks").get(&id).copied();
    store.count_usage(&[Reading { deployment: id, version, usage }]).await.expect("counted")
}

async fn all(store: &Store, account: AccountId, step: UsageStep) -> UsageOut {
    store.usage(account, step, at("2020-01-01T00:00:00Z"), at("2040-01-01T00:00:00Z"), None).await.expect("usage")
}

async fn a_reading_counts_once_whoever_took_it(test: TestStore) {
    let began = at("2027-03-01T10:00:00Z");
    test.clock.set(began);
    let (account, id) = made(&test).await;
    assert_eq!(read(&test.store, id, used("a", began, 0)).await, 1);
    test.clock.turn_seconds(60);
    // Two workers that think that the agent is theirs read it at the same moment.
    let marks = test.store.usage_marks().await.expect("marks");
    let reading = Reading { deployment: id, version: marks.get(&id).copied(), usage: used("a", began, 5_000_000) };
    let counted = futures_util::future::join_all((0..8).map(|_| test.store.count_usage(std::slice::from_ref(&reading)))).await;
    assert_eq!(counted.into_iter().map(|one| one.expect("an answer")).sum::<usize>(), 1);
    // A reading that comes late, from before the mark, is dropped; so is a first one that came second.
    assert_eq!(test.store.count_usage(&[reading, Reading { deployment: id, version: None, usage: used("a", began, 1) }]).await.expect("an answer"), 0);
    let gone = Reading { deployment: DeploymentId::from_uuid(uuid::Uuid::from_u128(7)), version: None, usage: used("a", began, 9) };
    assert_eq!(test.store.count_usage(&[gone]).await.expect("an answer"), 0);
    let total = all(&test.store, account, UsageStep::Hour).await.total;
    assert!((total.cpu_seconds - 5.0).abs() < 1e-9 && total.egress_bytes == 1_000_000 && total.ingress_bytes == 500_000, "{total:?}");
    assert!((total.memory_gb_hours - 1.0 / 60.0).abs() < 1e-5 && (total.storage_gb_hours - 1.0 / 60.0).abs() < 1e-5, "{total:?}");
    assert_eq!(total.model_tokens, None, "nobody meters them yet");
    let (foreign, _) = test.account().await;
    assert!(all(&test.store, foreign, UsageStep::Day).await.series.is_empty());
}

async fn a_process_that_dies_at_any_commit_loses_and_doubles_nothing(test: TestStore) {
    let began = at("2027-03-01T10:59:30Z");
    test.clock.set(began);
    let (account, id) = made(&test).await;
    // Dies before each commit is seen, and starts again: a reading is taken once more, of counters that have grown meanwhile.
    let mut cpu = 0;
    for round in 0..6 {
        test.clock.turn_seconds(20);
        cpu += 1_000_000;
        let fuse = test.store.clone().with_commit_hook(Arc::new(|| Box::pin(std::future::pending())));
        let version = fuse.usage_marks().await.expect("marks").get(&id).copied();
        let reading = [Reading { deployment: id, version, usage: used("a", began, cpu) }];
        let dying = tokio::spawn(async move { fuse.count_usage(&reading).await });
        if round % 2 == 0 {
            // After its commit, before it could say so.
            let expected = version.unwrap_or(0) + 1;
            eventually("the commit", || async { (test.store.usage_marks().await.expect("marks").get(&id) == Some(&expected)).then_some(()) }).await;
        }
        dying.abort();
        let _ = dying.await;
        let store = test.reopen().await;
        test.clock.turn_seconds(20);
        cpu += 1_000_000;
        read(&store, id, used("a", began, cpu)).await;
        store.close().await;
    }
    let total = all(&test.store, account, UsageStep::Hour).await.total;
    assert!((total.cpu_seconds - 12.0).abs() < 1e-9, "{total:?}");
}

async fn hours_sum_up_to_days_over_a_leap_day_and_readings_are_forgotten(test: TestStore) {
    let began = at("2028-02-28T22:30:00Z");
    test.clock.set(began);
    let (account, id) = made(&test).await;
    for number in 0..60_u64 {
        read(&test.store, id, used("a", began, number * 7_777_777)).await;
        // Odd steps, over both ends of the leap day and the month's.
        test.clock.turn_seconds(3_001);
    }
    let (hours, days) = (all(&test.store, account, UsageStep::Hour).await, all(&test.store, account, UsageStep::Day).await);
    assert_eq!(hours.total, days.total);
    assert!((days.total.cpu_seconds - 59.0 * 7.777_777).abs() < 1e-6, "{:?}", days.total);
    let starts: Vec<String> = days.series.iter().map(|point| point.starts_at.to_string()).collect();
    assert_eq!(starts, ["2028-02-28T00:00:00.000Z", "2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z"]);
    for day in &days.series {
        let sum: u64 = hours
            .series
            .iter()
            .filter(|hour| (0..86_400_000).contains(&hour.starts_at.millis_since(day.starts_at)))
            .map(|hour| hour.amounts.egress_bytes)
            .sum();
        assert_eq!(sum, day.amounts.egress_bytes);
    }
    test.store.prune_usage(at("2028-03-01T00:00:00Z"), at("2028-03-01T00:00:00Z")).await.expect("pruned");
    let left = all(&test.store, account, UsageStep::Hour).await;
    assert!(left.series.len() < hours.series.len() && left.series.iter().all(|point| point.starts_at >= at("2028-03-01T00:00:00Z")));
    assert_eq!(all(&test.store, account, UsageStep::Day).await, days, "days stay");
}

async fn what_is_billed_is_what_could_be_reached(test: TestStore) {
    let mut world = World::over(test, Config::default()).await;
    world.start();
    let id = world.create("Billed").await;
    world.until(id, State::Running).await;
    let before = world.test.clock.now();
    let billed = |from: Timestamp, to: Timestamp| world.store().billable_seconds(id, from, to);
    world.test.clock.turn_seconds(1_000);
    let now = world.test.clock.now();
    let ran = billed(before.plus_seconds(-3_600), now).await.expect("seconds");
    assert!((1_000..1_060).contains(&ran), "{ran}");
    assert_eq!(billed(before.plus_seconds(100), before.plus_seconds(400)).await.expect("seconds"), 300, "part of it");
    assert_eq!(billed(now.plus_seconds(60), now.plus_seconds(90)).await.expect("seconds"), 0, "what lies ahead is not billed");
    world.ask(id, Ask::Suspend).await;
    // It is told at once; its door closes a moment later, before it is stopped.
    eventually("it is stopped", || async { (!world.fake.running(id)).then_some(()) }).await;
    let stopped = world.test.clock.now();
    world.test.clock.turn_seconds(5_000);
    let suspended = world.store().billable_seconds(id, stopped, world.test.clock.now()).await.expect("seconds");
    assert!(suspended <= 1, "{suspended}");
    world.ask(id, Ask::Resume).await;
    world.until(id, State::Running).await;
    // The clock goes back: nothing is billed twice.
    let so_far = world.store().billable_seconds(id, before, world.test.clock.now()).await.expect("seconds");
    world.test.clock.turn_seconds(-500);
    world.ask(id, Ask::Suspend).await;
    // It is told at once; its door closes a moment later, before it is stopped.
    eventually("it is stopped", || async { (!world.fake.running(id)).then_some(()) }).await;
    world.test.clock.turn_seconds(600);
    let after = world.store().billable_seconds(id, before, world.test.clock.now()).await.expect("seconds");
    assert!(after <= so_far + 30, "{so_far} {after}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_meter_reads_what_runs_and_survives_kill_9() {
    let settings = Config { usage: UsageSettings { sample_seconds: 1, ..UsageSettings::default() }, ..Config::default() };
    let mut world = World::idle(settings).await;
    world.start();
    let id = world.create("Metered").await;
    world.until(id, State::Running).await;
    let account = world.account;
    let from = world.test.clock.now().plus_seconds(-86_400);
    let total =
        async |store: &Store, clock: Timestamp| store.usage(account, UsageStep::Day, from, clock.plus_seconds(86_400), None).await.expect("usage").total;
    for _ in 0..3 {
        let before = total(world.store(), world.test.clock.now()).await;
        world.test.clock.turn_seconds(100);
        // The fake uses a tenth of a core.
        eventually("the next reading", || async {
            let now = total(world.store(), world.test.clock.now()).await;
            (now.cpu_seconds >= before.cpu_seconds + 9.9).then_some(())
        })
        .await;
        world.kill().await;
        world.start();
    }
    let sum = total(world.store(), world.test.clock.now()).await;
    assert!((29.0..40.0).contains(&sum.cpu_seconds) && (290..400).contains(&sum.running_seconds), "{sum:?}");
    world.stop().await;
}
