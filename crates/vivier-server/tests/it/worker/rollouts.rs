//! Rollouts: a change either works or never happened, data included.

use vivier_core::digest::Digest;
use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::State;
use vivier_core::runtime::Runtime as _;
use vivier_core::runtime::fake::Behaviour;
use vivier_core::wire::agents::{RevisionOut, RevisionOutcome, RollbackData};
use vivier_server::Config;
use vivier_server::store::deployments::Deployment;
use vivier_server::store::revisions::Change;

use crate::support::store::{TestStore, image};
use crate::support::{World, eventually};

const OLD: &str = "2026.9.6";
const NEW: &str = "2026.9.7";

fn new_image() -> Digest {
    image(NEW, 1).image
}

/// A world whose host holds two releases, and an agent of the older one that has written its data.
async fn with_two_releases(probation_seconds: u32) -> (World, DeploymentId) {
    let settings = Config { probation_seconds, ..Config::default() };
    let images = vec![image(OLD, 2), image(NEW, 1)];
    let mut world = World::with_images(TestStore::sqlite().await, settings, images).await;
    world.start();
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    world.fake.write_data(id, "the owner's letters");
    (world, id)
}

async fn choose(world: &World, id: DeploymentId, image: Digest) {
    let change = Change { image: Some(image), ..Change::default() };
    world.store().change(&world.actor, world.account, id, change).await.expect("written");
    world.app.wake.notify_one();
}

async fn revision(world: &World, id: DeploymentId, number: u64) -> RevisionOut {
    let all = world.store().revisions(world.account, id).await.expect("revisions");
    all.into_iter().find(|revision| revision.number == number).unwrap_or_else(|| panic!("no revision {number}"))
}

/// Waits until `number` is wanted, runs and is trusted.
async fn trusted(world: &World, id: DeploymentId, number: u64) -> Deployment {
    eventually(&format!("revision {number} is trusted"), || async {
        let seen = world.get(id).await;
        (seen.revision == number && seen.state == State::Running && seen.last_known_good_revision == Some(number)).then_some(seen)
    })
    .await
}

async fn first_image(world: &World, id: DeploymentId) -> (Digest, Digest) {
    let running = world.get(id).await.image;
    let other = if running == new_image() { image(OLD, 2).image } else { new_image() };
    (running, other)
}

#[tokio::test]
async fn another_release_starts_on_data_that_is_kept() {
    let (world, id) = with_two_releases(0).await;
    let (_, other) = first_image(&world, id).await;
    choose(&world, id, other.clone()).await;
    let seen = trusted(&world, id, 2).await;
    assert_eq!(seen.image, other);
    assert_eq!(world.fake.data(id), "the owner's letters");
    let kept = revision(&world, id, 2).await;
    assert_eq!(kept.outcome, RevisionOutcome::Good);
    assert!(kept.ended_at.is_some_and(|at| at >= kept.created_at), "{kept:?}");
    assert_eq!(kept.snapshot.map(|snapshot| snapshot.bytes), Some(19));
    let told = world.timeline(id).await.join("\n");
    assert!(told.contains("the data from before revision 2 is kept"), "{told}");
}

#[tokio::test]
async fn a_release_that_never_starts_leaves_the_old_one_with_the_old_data() {
    let (world, id) = with_two_releases(0).await;
    let (running, other) = first_image(&world, id).await;
    world.fake.set_image_behaviour(&other, Behaviour { exits_after_ms: Some(0), exit_code: 1, writes: Some("migrated".to_owned()), ..Behaviour::default() });
    choose(&world, id, other).await;
    let back = trusted(&world, id, 3).await;
    assert_eq!((back.image, world.fake.data(id).as_str()), (running, "the owner's letters"));
    let failed = revision(&world, id, 2).await;
    assert_eq!(failed.outcome, RevisionOutcome::Failed);
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("ended by itself with code 1")), "{failed:?}");
    assert!(!failed.log.is_empty() && failed.ended_at.is_some(), "{failed:?}");
    assert_eq!(revision(&world, id, 3).await.restores, Some(2));
}

#[tokio::test]
async fn a_release_that_migrates_the_data_and_falls_over_on_probation_is_taken_back_whole() {
    let (world, id) = with_two_releases(600).await;
    let (running, other) = first_image(&world, id).await;
    world.fake.set_image_behaviour(&other, Behaviour { writes: Some("migrated".to_owned()), ..Behaviour::default() });
    choose(&world, id, other.clone()).await;
    eventually("the new release runs on the migrated data", || async {
        let seen = world.get(id).await;
        (seen.revision == 2 && seen.state == State::Running && world.fake.data(id) == "migrated").then_some(())
    })
    .await;
    assert_eq!(world.get(id).await.last_known_good_revision, Some(1), "not trusted yet");
    // Once it has run, and answered, it ends: one exit is enough.
    world.fake.crash(id, 139, false);
    let back = eventually("the old release runs again", || async {
        let seen = world.get(id).await;
        (seen.revision == 3 && seen.state == State::Running).then_some(seen)
    })
    .await;
    assert_eq!((back.image, world.fake.data(id).as_str()), (running, "the owner's letters"));
    assert_eq!(revision(&world, id, 2).await.outcome, RevisionOutcome::Failed);
    // What it went back to says what the trusted revision said: there is nothing to wait for.
    trusted(&world, id, 3).await;
}

#[tokio::test]
async fn a_change_that_works_is_trusted_only_after_its_probation() {
    let (world, id) = with_two_releases(600).await;
    let (_, other) = first_image(&world, id).await;
    choose(&world, id, other).await;
    eventually("it runs", || async { (world.get(id).await.revision == 2 && world.get(id).await.state == State::Running).then_some(()) }).await;
    assert_eq!(revision(&world, id, 2).await.outcome, RevisionOutcome::Pending);
    world.test.clock.turn_seconds(601);
    trusted(&world, id, 2).await;
}

#[tokio::test]
async fn without_room_for_a_copy_of_the_data_the_agent_is_not_touched() {
    let (world, id) = with_two_releases(0).await;
    let (running, other) = first_image(&world, id).await;
    let container = world.fake.observe(id).await.expect("a look").container.expect("a container").id;
    world.fake.set_disk_full(true);
    choose(&world, id, other).await;
    let seen = trusted(&world, id, 3).await;
    assert_eq!(seen.image, running);
    let look = world.fake.observe(id).await.expect("a look");
    assert_eq!((look.container.expect("a container").id, look.snapshots), (container, Vec::new()));
    let failed = revision(&world, id, 2).await;
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("no room for a snapshot")), "{failed:?}");
    assert!(!world.fake.effects().iter().any(|effect| effect.ends_with(" stopped")), "{:#?}", world.fake.effects());
}

#[tokio::test]
async fn going_back_on_demand_says_what_is_lost_and_puts_release_and_data_back() {
    let (world, id) = with_two_releases(0).await;
    let (running, other) = first_image(&world, id).await;
    // What the newer one writes, the older one cannot read.
    world.fake.set_image_behaviour(&running, Behaviour { refuses_data: Some("newer letters".to_owned()), ..Behaviour::default() });
    choose(&world, id, other).await;
    trusted(&world, id, 2).await;
    world.fake.write_data(id, "newer letters");
    let plan = world.store().rollback_plan(world.account, id, Some(1)).await.expect("a plan");
    assert!(plan.other_release && plan.data == RollbackData::Restore, "{plan:?}");
    assert_eq!(plan.loses_since, plan.snapshot.as_ref().map(|snapshot| snapshot.taken_at));
    assert!(plan.summary.contains("is lost to the agent"), "{}", plan.summary);

    world.store().rollback(&world.actor, world.account, id, Some(1), None).await.expect("granted");
    world.app.wake.notify_one();
    let back = trusted(&world, id, 3).await;
    assert_eq!((back.image, world.fake.data(id).as_str()), (running, "the owner's letters"));
    // And forward again: what was written meanwhile was kept.
    world.store().rollback(&world.actor, world.account, id, Some(2), Some(RollbackData::Restore)).await.expect("granted");
    world.app.wake.notify_one();
    trusted(&world, id, 4).await;
    assert_eq!(world.fake.data(id), "newer letters");
}

#[tokio::test]
async fn going_back_without_a_kept_copy_is_refused_before_anything_happens() {
    let (world, id) = with_two_releases(0).await;
    let plan = world.store().rollback_plan(world.account, id, Some(1)).await.expect("a plan");
    assert_eq!((plan.data, plan.snapshot.is_none()), (RollbackData::Keep, true));
    let refusal = world.store().rollback(&world.actor, world.account, id, Some(1), Some(RollbackData::Restore)).await.expect_err("nothing is kept");
    assert!(refusal.to_string().contains("no copy of the data"), "{refusal}");
    assert_eq!(world.get(id).await.revision, 1);
}

#[tokio::test]
async fn only_the_latest_copies_are_kept() {
    let (world, id) = with_two_releases(0).await;
    for number in 2..=9 {
        let (_, other) = first_image(&world, id).await;
        choose(&world, id, other).await;
        trusted(&world, id, number).await;
    }
    eventually("the oldest copies are gone", || async {
        let kept: Vec<u64> = world.fake.observe(id).await.expect("a look").snapshots.iter().map(|snapshot| snapshot.number).collect();
        (kept == [5, 6, 7, 8, 9]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_release_that_does_not_start_on_a_copy_of_the_data_never_touches_the_agent() {
    let (world, id) = with_two_releases(0).await;
    let (running, other) = first_image(&world, id).await;
    let before = world.fake.observe(id).await.expect("a look").container.expect("a container");
    world.fake.set_image_behaviour(&other, Behaviour { fails_rehearsals: true, writes: Some("migrated".to_owned()), ..Behaviour::default() });
    choose(&world, id, other).await;
    let seen = trusted(&world, id, 3).await;
    assert_eq!((seen.image, world.fake.data(id).as_str()), (running, "the owner's letters"));
    assert_eq!(world.fake.observe(id).await.expect("a look").container.expect("a container").id, before.id);
    let failed = revision(&world, id, 2).await;
    assert_eq!(failed.outcome, RevisionOutcome::Failed);
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("did not start on a copy of the data")), "{failed:?}");
    let effects = world.fake.effects();
    assert!(!effects.iter().any(|effect| effect.ends_with(" stopped")), "{effects:#?}");
}

/// What the worker is in the middle of when it dies.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Good,
    Bad,
    Back,
}

/// The worker dies at the `n`-th side effect on the host, another one takes over. Returns whether it died at all.
async fn survives(deed: Deed, n: u64) -> bool {
    let (mut world, id) = with_two_releases(0).await;
    let (running, other) = first_image(&world, id).await;
    let (wanted, end) = match deed {
        Deed::Good => ((other.clone(), "migrated"), 2),
        Deed::Bad => ((running.clone(), "the owner's letters"), 3),
        Deed::Back => ((running.clone(), "the owner's letters"), 3),
    };
    let bad = matches!(deed, Deed::Bad);
    let behaviour = Behaviour { writes: Some("migrated".to_owned()), exits_after_ms: bad.then_some(0), exit_code: 1, ..Behaviour::default() };
    world.fake.set_image_behaviour(&other, behaviour);
    if matches!(deed, Deed::Back) {
        choose(&world, id, other.clone()).await;
        trusted(&world, id, 2).await;
    }
    world.stop().await;
    world.fake.set_fuse(Some(n));
    match deed {
        Deed::Good | Deed::Bad => choose(&world, id, other).await,
        Deed::Back => drop(world.store().rollback(&world.actor, world.account, id, Some(1), None).await.expect("granted")),
    }
    world.start();
    let died = tokio::select! {
        () = eventually("the fuse blows", || async { world.fake.blown().then_some(()) }) => true,
        _ = trusted(&world, id, end) => false,
    };
    world.kill().await;
    world.start();
    let seen = trusted(&world, id, end).await;
    assert_eq!((seen.image, world.fake.data(id).as_str()), wanted, "{deed:?}, death after {n}");
    assert_eq!(world.fake.containers(), 1);
    world.assert_routes(&[id]).await;
    died
}

async fn every_death(deed: Deed) {
    let mut n = 0;
    while survives(deed, n).await {
        n += 1;
    }
    assert!(n >= 5, "only {n} effects of {deed:?} were met");
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_in_a_rollout_that_works_ends_on_the_new_release() {
    every_death(Deed::Good).await;
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_in_a_rollout_that_fails_ends_on_the_old_release_with_the_old_data() {
    every_death(Deed::Bad).await;
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_in_a_rollback_ends_on_the_old_release_with_the_old_data() {
    every_death(Deed::Back).await;
}
