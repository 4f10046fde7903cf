//! Gateways, hosts and configurations that do not do as they should.

use std::sync::Arc;

use vivier_core::lifecycle::{Ask, State};
use vivier_core::runtime::fake::Behaviour;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};
use vivier_core::wire::agents::RevisionOutcome;
use vivier_server::Config;
use vivier_server::store::revisions::Change;

use crate::support::{World, eventually};

fn refuses_grace() -> Behaviour {
    let rejects = |config: &serde_json::Value| (config["ui"]["assistant"]["name"] == "Grace").then(|| "ui.assistant.name: no".to_owned());
    Behaviour { rejects: Some(Arc::new(rejects)), ..Behaviour::default() }
}

fn grace() -> Change {
    Change { text: Some("{ ui: { assistant: { name: 'Grace' } } }".to_owned()), ..Change::default() }
}

#[tokio::test]
async fn a_crash_loop_becomes_failed_with_a_reason_and_stops_hammering() {
    let mut world = World::idle(Config::default()).await;
    world.fake.set_default_behaviour(Behaviour { exits_after_ms: Some(5), exit_code: 1, ..Behaviour::default() });
    world.start();
    let id = world.create("Ada").await;
    let failed = world.until(id, State::Failed).await;
    let reason = failed.reason.expect("a reason");
    assert!(reason.contains("code 1") && reason.contains("retry"), "{reason}");
    world.assert_routes(&[]).await;
    let starts = || world.fake.effects().iter().filter(|effect| effect.ends_with(" started")).count();
    let before = starts();
    assert!((5..=6).contains(&before), "{before} starts");
    // Turn the clock far: it is not tried again by itself.
    world.test.clock.turn_seconds(86_400);
    eventually("a look a day later", || async { (world.get(id).await.observed_at? > world.now().plus_seconds(-60)).then_some(()) }).await;
    assert_eq!(starts(), before);
    // A retry begins anew, and it works once the cause is gone.
    world.fake.set_default_behaviour(Behaviour::default());
    world.ask(id, Ask::Retry).await;
    world.until(id, State::Running).await;
}

#[tokio::test]
async fn an_agent_that_crashes_once_comes_back_by_itself() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    world.fake.crash(id, 137, true);
    eventually("the crash is told", || async { world.timeline(id).await.iter().any(|line| line.contains("out of memory")).then_some(()) }).await;
    world.until(id, State::Running).await;
    world.assert_routes(&[id]).await;
    // A minute of steadiness forgets the failure.
    world.test.clock.turn_seconds(61);
    eventually("the failure is forgotten", || async { world.get(id).await.reason.is_none().then_some(()) }).await;
}

#[tokio::test]
async fn a_bad_configuration_at_a_reload_goes_back_by_itself_and_the_door_stays_open() {
    let mut world = World::idle(Config::default()).await;
    world.fake.set_default_behaviour(refuses_grace());
    world.start();
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    world.store().change(&world.actor, world.account, id, grace()).await.expect("written");
    world.app.wake.notify_one();
    let back = eventually("it went back", || async {
        let deployment = world.get(id).await;
        (deployment.revision == 3 && deployment.state == State::Running && deployment.last_known_good_revision == Some(3)).then_some(deployment)
    })
    .await;
    assert_eq!(back.config_version, 1);
    let revisions = world.store().revisions(world.account, id).await.expect("revisions");
    let bad = revisions.iter().find(|revision| revision.number == 2).expect("it is kept");
    assert_eq!(bad.outcome, RevisionOutcome::Failed);
    assert!(bad.reason.as_deref().is_some_and(|reason| reason.contains("ui.assistant.name")), "{bad:?}");
    assert_eq!(revisions[0].author, "system");
    assert!(!world.timeline(id).await.iter().any(|line| line.contains("Unroute")), "{:#?}", world.timeline(id).await);
    assert_eq!(world.fake.effects().iter().filter(|effect| effect.ends_with(" started")).count(), 1);
}

#[tokio::test]
async fn a_bad_configuration_at_a_start_goes_back_too() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    world.ask(id, Ask::Suspend).await;
    eventually("it stops", || async { (!world.fake.running(id)).then_some(()) }).await;
    world.fake.set_default_behaviour(refuses_grace());
    world.store().change(&world.actor, world.account, id, grace()).await.expect("written");
    world.ask(id, Ask::Resume).await;
    eventually("it runs with what it had", || async {
        let deployment = world.get(id).await;
        (deployment.revision == 3 && deployment.state == State::Running).then_some(())
    })
    .await;
    assert!(world.timeline(id).await.iter().any(|line| line.contains("refused its configuration")), "{:#?}", world.timeline(id).await);
}

#[tokio::test]
async fn a_first_configuration_that_is_refused_fails_at_once_with_its_reason() {
    let mut world = World::idle(Config::default()).await;
    let rejects = |_: &serde_json::Value| Some("ui: everything is wrong".to_owned());
    world.fake.set_default_behaviour(Behaviour { rejects: Some(Arc::new(rejects)), ..Behaviour::default() });
    world.start();
    let id = world.create("Ada").await;
    let failed = world.until(id, State::Failed).await;
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("everything is wrong")), "{failed:?}");
    assert_eq!(world.fake.effects().iter().filter(|effect| effect.ends_with(" started")).count(), 1, "no repetition mends it");
}

#[tokio::test]
async fn a_failed_look_changes_nothing() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    let before = world.until(id, State::Running).await;
    let effects = world.fake.effects();
    world.fake.set_down(Some(RuntimeError::new(RuntimeErrorKind::Unreachable, "the host does not answer")));
    // The clock is turned while nothing can be seen: the age of the look grows, and that is all.
    world.test.clock.turn_seconds(600);
    world.app.wake.notify_one();
    eventually("time passes", || async { (world.app.store.now() > before.observed_at?.plus_seconds(599)).then_some(()) }).await;
    for _ in 0..20 {
        world.app.wake.notify_one();
        tokio::task::yield_now().await;
        let now = world.get(id).await;
        assert_eq!((now.state, now.reason.as_deref()), (State::Running, None));
    }
    world.assert_routes(&[id]).await;
    world.fake.set_down(None);
    eventually("it is seen again", || async { (world.get(id).await.observed_at? > before.observed_at?.plus_seconds(599)).then_some(()) }).await;
    assert_eq!(world.fake.effects(), effects, "nothing was done to it");
}

#[tokio::test]
async fn a_host_that_is_gone_for_a_while_fails_nothing() {
    let mut world = World::idle(Config::default()).await;
    world.fake.set_down(Some(RuntimeError::new(RuntimeErrorKind::Unreachable, "the host does not answer; it is tried again")));
    world.start();
    let id = world.create("Ada").await;
    eventually("the owner is told", || async { world.timeline(id).await.iter().any(|line| line.contains("does not answer")).then_some(()) }).await;
    assert_eq!(world.get(id).await.state, State::Requested);
    world.fake.set_down(None);
    world.until(id, State::Running).await;
    let told = world.timeline(id).await.iter().filter(|line| line.contains("does not answer")).count();
    assert_eq!(told, 1, "a fault that lasts is one line: {:#?}", world.timeline(id).await);
}

#[tokio::test]
async fn a_gateway_that_never_starts_fails_after_its_time() {
    let mut world = World::idle(Config { start_timeout_seconds: 60, ..Config::default() }).await;
    world.fake.set_default_behaviour(Behaviour { never_starts: true, ..Behaviour::default() });
    world.start();
    let id = world.create("Ada").await;
    for _ in 0..5 {
        eventually("it is started", || async { world.fake.running(id).then_some(()) }).await;
        world.test.clock.turn_seconds(61);
        eventually("it is stopped", || async { (!world.fake.running(id)).then_some(()) }).await;
    }
    let failed = world.until(id, State::Failed).await;
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("60 s")), "{failed:?}");
}

#[tokio::test]
async fn no_proof_no_route() {
    let mut world = World::idle(Config::default()).await;
    world.fake.set_default_behaviour(Behaviour { unsealed: Some("a hole".to_owned()), ..Behaviour::default() });
    world.start();
    let id = world.create("Ada").await;
    let failed = world.until(id, State::Failed).await;
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("expected whole, found a hole")), "{failed:?}");
    assert!(!world.timeline(id).await.iter().any(|line| line.contains("Route")), "never routed");
    eventually("it is stopped", || async { (!world.fake.running(id)).then_some(()) }).await;
}

#[tokio::test]
async fn an_image_that_is_gone_fails_with_the_remedy_and_nothing_is_repeated() {
    let mut world = World::idle(Config::default()).await;
    let id = world.create("Ada").await;
    // A host that holds another image than the one that the release names.
    let clock = world.test.clock.clone();
    world.fake = vivier_core::runtime::fake::FakeRuntime::new([], move || vivier_server::clock::Clock::now(&*clock));
    world.app.runtime = Arc::new(world.fake.clone());
    world.start();
    let failed = world.until(id, State::Failed).await;
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("vivierd release build")), "{failed:?}");
}

#[tokio::test]
async fn a_container_removed_by_hand_comes_back() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    world.fake.lose_container(id);
    eventually("it is back", || async {
        (world.fake.running(id) && world.get(id).await.state == State::Running && world.fake.containers() == 1).then_some(())
    })
    .await;
    world.assert_routes(&[id]).await;
}
