//! Every way in which a look can compare with what is wanted.

use std::collections::BTreeMap;

use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::Breaker;
use vivier_core::plan::PlanName;
use vivier_core::runtime::{Check, Health, Proof};

use super::*;
use crate::store::seen::{Applied, Fault, Seen, Wanted};

const TIMEOUT: i64 = 180_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn work(desired: Desired) -> Work {
    let id = uuid::Uuid::from_u128(7);
    let wanted = Wanted { desired, revision: 2, generation: 0, retry_generation: 0, version: 3 };
    Work {
        id: DeploymentId::from_uuid(id),
        account: AccountId::from_uuid(id),
        slug: "ada".parse().expect("a slug"),
        plan: PlanName::Starter,
        seen: Seen { subnet_index: Some(0), attempt: wanted.attempt(), ..Seen::nothing() },
        wanted,
        restores: None,
        returns: false,
        falls_back: false,
        image: Digest::of("image"),
        openclaw_version: String::new(),
        text: String::new(),
        provider: None,
        channels: Vec::new(),
        secret_set: BTreeMap::new(),
        created_at: at(0),
        purge_at: None,
    }
}

fn expected() -> Expected {
    Expected { fingerprint: Digest::of("wanted"), config: Digest::of("config"), secrets: 1, subnet: "10.90.0.0/28".parse().expect("a subnet") }
}

/// Everything is delivered as wanted.
fn delivered(container: Option<Container>) -> Observation {
    let Expected { fingerprint: _, config, secrets, subnet } = expected();
    Observation {
        deployment: work(Desired::Running).id,
        at: at(1_000_000),
        data: true,
        network: Some(subnet),
        config: Some(config),
        secrets: Some(secrets),
        snapshots: Vec::new(),
        restored: None,
        container,
    }
}

fn container(fingerprint: &str, phase: ContainerPhase) -> Option<Container> {
    Some(Container { id: "c1".to_owned(), image: Digest::of("image"), fingerprint: Digest::of(fingerprint), phase, address: None })
}

fn running(since: i64, started: bool) -> ContainerPhase {
    ContainerPhase::Running { started_at: at(since), health: Health { started, ready: started, ..Health::default() } }
}

fn exited() -> ContainerPhase {
    ContainerPhase::Exited { finished_at: at(999_000), exit_code: 1, out_of_memory: false, last_lines: Vec::new() }
}

fn proof(container: &str, started_at: i64, holds: bool) -> Proof {
    let found = if holds { "whole" } else { "a hole" };
    let checks = vec![Check::compare("seal", "whole", found)];
    Proof { at: at(0), container: container.to_owned(), started_at: at(started_at), image: Digest::of("image"), checks }
}

fn seen_as(work: &Work, observation: &Observation) -> (Workload, Drift) {
    let sight = sight(work, Some(&expected()), Some(observation), TIMEOUT, at(1_000_000));
    (sight.workload, sight.drift)
}

#[test]
fn what_is_delivered_says_how_far_it_has_come() {
    let work = work(Desired::Running);
    let whole = delivered(None);
    assert_eq!(seen_as(&work, &whole), (Workload::Configured, Drift::None));
    assert_eq!(seen_as(&work, &Observation { config: Some(Digest::of("old")), ..whole.clone() }).0, Workload::Prepared);
    assert_eq!(seen_as(&work, &Observation { secrets: Some(9), ..whole.clone() }).0, Workload::Prepared);
    let elsewhere = Some("10.90.0.16/28".parse().expect("a subnet"));
    assert_eq!(seen_as(&work, &Observation { network: elsewhere, ..whole.clone() }).0, Workload::Data);
    assert_eq!(seen_as(&work, &Observation { network: None, ..whole.clone() }).0, Workload::Data);
    assert_eq!(seen_as(&work, &Observation { data: false, network: None, config: None, secrets: None, ..whole }).0, Workload::Absent);
}

#[test]
fn a_running_container_is_starting_overdue_started_or_proven() {
    let mut work = work(Desired::Running);
    let young = delivered(container("wanted", running(900_000, false)));
    assert_eq!(seen_as(&work, &young), (Workload::Starting, Drift::None));
    let old = delivered(container("wanted", running(1_000_000 - TIMEOUT - 1, false)));
    assert_eq!(seen_as(&work, &old).0, Workload::Overdue);
    let started = delivered(container("wanted", running(900_000, true)));
    assert_eq!(seen_as(&work, &started).0, Workload::Started);
    for (proof, workload) in [
        (proof("c1", 900_000, true), Workload::Proven),
        (proof("c1", 900_000, false), Workload::Disproven),
        // Of the same container before it was started again, or of another one: it proves nothing.
        (proof("c1", 800_000, true), Workload::Started),
        (proof("c2", 900_000, true), Workload::Started),
    ] {
        work.seen.proof = Some(proof);
        assert_eq!(seen_as(&work, &started).0, workload);
    }
}

#[test]
fn drift_is_of_the_container_or_of_its_configuration_alone() {
    let mut work = work(Desired::Running);
    assert_eq!(seen_as(&work, &delivered(container("other", running(900_000, true)))).1, Drift::Container);
    let same = delivered(container("wanted", running(900_000, true)));
    assert_eq!(seen_as(&work, &same).1, Drift::None);
    assert_eq!(seen_as(&work, &Observation { config: Some(Digest::of("old")), ..same.clone() }).1, Drift::Config);
    assert_eq!(seen_as(&work, &Observation { secrets: Some(9), ..same.clone() }).1, Drift::Config, "other texts of secrets");
    // Delivered, but the gateway is known to run with what was there before: the reload was not finished.
    let applied = |config: &str, started_at| Some(Applied { container: "c1".to_owned(), started_at: at(started_at), config: Digest::of(config) });
    work.seen.applied = applied("old", 900_000);
    assert_eq!(seen_as(&work, &same).1, Drift::Config);
    work.seen.applied = applied("config", 900_000);
    assert_eq!(seen_as(&work, &same).1, Drift::None);
    work.seen.applied = applied("old", 800_000);
    assert_eq!(seen_as(&work, &same).1, Drift::None, "it has been started again since, with what is delivered");
}

#[test]
fn an_exit_counts_once_and_never_when_it_was_asked_for() {
    let mut work = work(Desired::Running);
    let look = delivered(container("wanted", exited()));
    assert_eq!(seen_as(&work, &look).0, Workload::Exited);
    work.seen.counted_exit = Some(exit_key("c1", at(999_000)));
    assert_eq!(seen_as(&work, &look).0, Workload::Stopped);
    work.seen.counted_exit = Some(exit_key("c1", at(1)));
    assert_eq!(seen_as(&work, &look).0, Workload::Exited, "another exit");
    work.seen.expected_exit = Some("c1".to_owned());
    assert_eq!(seen_as(&work, &look).0, Workload::Stopped);
    assert_eq!(seen_as(&work, &delivered(container("wanted", ContainerPhase::Created))).0, Workload::Stopped);
}

#[test]
fn a_stopped_container_of_another_specification_is_none() {
    let work = work(Desired::Running);
    assert_eq!(seen_as(&work, &delivered(container("other", exited()))).0, Workload::Configured);
    let undelivered = Observation { config: None, ..delivered(container("other", exited())) };
    assert_eq!(seen_as(&work, &undelivered).0, Workload::Prepared);
}

#[test]
fn a_deleted_one_is_clean_only_when_nothing_of_the_workload_is_left() {
    let work = work(Desired::Terminated);
    let clean = Observation { network: None, config: None, secrets: None, ..delivered(None) };
    assert_eq!(seen_as(&work, &clean).0, Workload::Data);
    assert_eq!(seen_as(&work, &Observation { data: false, ..clean.clone() }).0, Workload::Absent);
    for left in [
        Observation { secrets: Some(1), ..clean.clone() },
        Observation { config: Some(Digest::of("x")), ..clean.clone() },
        Observation { network: Some(expected().subnet), data: false, ..clean.clone() },
        Observation { container: container("other", exited()), ..clean },
    ] {
        assert_eq!(seen_as(&work, &left).0, Workload::Prepared, "{left:?}");
    }
}

#[test]
fn a_failed_look_is_unknown_and_keeps_the_drift() {
    let mut work = work(Desired::Running);
    work.seen.drift = Drift::Config;
    let sight = sight(&work, Some(&expected()), None, TIMEOUT, at(0));
    assert_eq!((sight.workload, sight.drift), (Workload::Unknown, Drift::Config));
}

#[test]
fn the_breaker_belongs_to_the_attempt_that_opened_it() {
    let mut work = work(Desired::Running);
    let breaker = |work: &Work| sight(work, None, None, TIMEOUT, at(1_000)).breaker;
    work.seen.backoff_until = Some(at(1_001));
    assert_eq!(breaker(&work), Breaker::BackingOff);
    work.seen.fault = Some(Fault { open: true, reason: "x".to_owned(), remedy: String::new() });
    assert_eq!(breaker(&work), Breaker::Open);
    work.falls_back = true;
    assert_eq!(breaker(&work), Breaker::OpenWithFallback);
    work.wanted.retry_generation = 1;
    assert_eq!(breaker(&work), Breaker::Closed);
}
