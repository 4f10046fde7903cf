//! A deployment's whole life, with nothing going wrong.

use std::collections::BTreeMap;

use vivier_core::lifecycle::{Ask, State};
use vivier_core::plan::PlanName;
use vivier_core::runtime::fake::Behaviour;
use vivier_core::secret::Secret;
use vivier_core::wire::agents::RevisionOutcome;
use vivier_server::Config;
use vivier_server::store::StoreError;
use vivier_server::store::deployments::{Deployment, NewAgent};
use vivier_server::store::revisions::Change;

use crate::support::store::{RULES, TestStore, agent};
use crate::support::{World, eventually};

#[tokio::test]
async fn a_new_deployment_walks_to_running_and_its_timeline_tells_how() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    let running = world.until(id, State::Running).await;
    assert_eq!(running.last_known_good_revision, Some(1));
    assert!(running.observed_at.is_some() && running.reason.is_none() && running.degraded.is_empty(), "{running:?}");
    assert_eq!(world.fake.containers(), 1);
    world.assert_routes(&[id]).await;
    insta::assert_snapshot!(world.timeline(id).await.join("\n"));
    let revisions = world.store().revisions(world.account, id).await.expect("revisions");
    assert_eq!(revisions[0].outcome, RevisionOutcome::Good);
    assert!(world.store().proof(world.account, id).await.expect("a look").expect("a proof").holds());
}

#[tokio::test]
async fn restart_suspend_resume_delete_and_restore_each_do_what_they_say() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;

    assert_eq!(world.ask(id, Ask::Restart).await.state, State::Restarting, "an ask shows at once");
    world.until(id, State::Running).await;
    assert_eq!(world.fake.containers(), 1);
    assert!(world.fake.effects().iter().filter(|effect| effect.ends_with(" container")).count() == 2, "a new container: {:?}", world.fake.effects());

    assert_eq!(world.ask(id, Ask::Suspend).await.state, State::Suspended);
    eventually("it stops", || async { (!world.fake.running(id)).then_some(()) }).await;
    world.assert_routes(&[]).await;
    world.ask(id, Ask::Resume).await;
    let running = world.until(id, State::Running).await;
    assert_eq!(running.reason, None, "a stop that was asked for is no failure");

    world.ask(id, Ask::Terminate).await;
    eventually("the workload goes", || async { (world.fake.traces(id) == ["data"]).then_some(()) }).await;
    world.assert_routes(&[]).await;
    let refusal = world.store().ask(&world.actor, world.account, id, Ask::Restart, &RULES).await.expect_err("deleted");
    assert!(refusal.to_string().contains("restore it first"), "{refusal}");

    world.ask(id, Ask::Restore).await;
    world.until(id, State::Running).await;
    world.assert_routes(&[id]).await;
}

#[tokio::test]
async fn an_agent_finishes_what_it_has_begun_before_it_is_stopped() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    world.fake.set_behaviour(id, Behaviour { busy_ms: i64::MAX, ..Behaviour::default() });

    world.ask(id, Ask::Restart).await;
    let waits = |seen: &Deployment| seen.reason.as_deref().is_some_and(|reason| reason.contains("finishes what it has begun: 1 active request"));
    eventually("the owner is told what is waited for", || async { waits(&world.get(id).await).then_some(()) }).await;
    world.assert_routes(&[]).await;
    assert!(world.fake.running(id) && world.fake.draining(id));

    world.fake.set_behaviour(id, Behaviour::default());
    let running = world.until(id, State::Running).await;
    assert!(running.reason.is_none() && !world.fake.draining(id), "{running:?}");
    assert_eq!(world.fake.effects().iter().filter(|effect| effect.ends_with(" stopped")).count(), 1, "{:?}", world.fake.effects());
}

#[tokio::test]
async fn an_agent_that_does_not_finish_in_time_is_stopped_all_the_same() {
    let mut world = World::over(TestStore::sqlite().await, Config { drain_seconds: 1, ..Config::default() }).await;
    world.start();
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    world.fake.set_behaviour(id, Behaviour { busy_ms: i64::MAX, ..Behaviour::default() });
    world.ask(id, Ask::Suspend).await;
    eventually("it stops", || async { (!world.fake.running(id)).then_some(()) }).await;
    let told = world.timeline(id).await.join("\n");
    assert!(told.contains("it did not finish within 1 s (1 active request); it is stopped all the same"), "{told}");
}

#[tokio::test]
async fn data_is_purged_after_the_retention_and_leaves_only_a_tombstone() {
    let world = World::new().await;
    let id = world.create_agent(NewAgent { slug: Some("ada-one".parse().expect("a slug")), ..agent("Ada") }).await;
    world.until(id, State::Running).await;
    world.ask(id, Ask::Terminate).await;
    eventually("the workload goes", || async { (world.fake.traces(id) == ["data"]).then_some(()) }).await;
    world.test.clock.turn_seconds(6 * 86_400);
    eventually("a look after six days", || async { (world.get(id).await.observed_at? > world.now().plus_seconds(-86_400)).then_some(()) }).await;
    assert_eq!(world.fake.traces(id), ["data"], "until the retention is over it can be restored");
    world.test.clock.turn_seconds(86_400 + 60);
    eventually("it is purged", || async { world.store().deployment(world.account, id).await.is_err().then_some(()) }).await;
    eventually("the data goes", || async { world.fake.traces(id).is_empty().then_some(()) }).await;
    eventually("its row is a tombstone", || async { (!world.store().exists(id).await.expect("a look")).then_some(()) }).await;
    // The name is free again.
    world.create_agent(NewAgent { slug: Some("ada-one".parse().expect("a slug")), ..agent("Ada") }).await;
}

#[tokio::test]
async fn a_changed_document_is_reloaded_and_a_changed_token_replaces_the_container() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    let change = Change { text: Some("{ ui: { assistant: { name: 'Grace' } } }".to_owned()), ..Change::default() };
    let asked = world.store().change(&world.actor, world.account, id, change).await.expect("changed");
    world.app.wake.notify_one();
    assert_eq!((asked.revision, asked.state), (2, State::Updating));
    let running = eventually("revision 2 runs", || async {
        let deployment = world.get(id).await;
        (deployment.state == State::Running && deployment.last_known_good_revision == Some(2)).then_some(deployment)
    })
    .await;
    assert_eq!(running.config_version, 2);
    assert_eq!(world.fake.effects().iter().filter(|effect| effect.ends_with(" reload")).count(), 1);
    assert_eq!(world.fake.effects().iter().filter(|effect| effect.ends_with(" container")).count(), 1, "reloaded in place");

    // The provider's key is the edge's affair: the container does not notice.
    let key = BTreeMap::from([("provider.apiKey".to_owned(), Some(Secret::new("sk-another")))]);
    world.store().change(&world.actor, world.account, id, Change { secrets: key, ..Change::default() }).await.expect("changed");
    world.app.wake.notify_one();
    eventually("revision 3 is good", || async { (world.get(id).await.last_known_good_revision == Some(3)).then_some(()) }).await;
    assert_eq!(world.fake.effects().iter().filter(|effect| effect.ends_with(" container")).count(), 1);

    let token = BTreeMap::from([("channels.telegram.botToken".to_owned(), Some(Secret::new("123456789:AAabcdefghijklmnopqrstuvwxyz012345678")))]);
    world.store().change(&world.actor, world.account, id, Change { secrets: token, ..Change::default() }).await.expect("changed");
    world.app.wake.notify_one();
    eventually("revision 4 is good", || async { (world.get(id).await.last_known_good_revision == Some(4)).then_some(()) }).await;
    assert_eq!(world.fake.effects().iter().filter(|effect| effect.ends_with(" container")).count(), 2, "secrets are read at the start");
    assert_eq!(world.fake.containers(), 1);
}

#[tokio::test]
async fn a_trial_ends_by_itself_and_cannot_be_restored_as_one() {
    let world = World::new().await;
    let id = world.create_agent(NewAgent { plan: PlanName::Trial, ..agent("Ada") }).await;
    let running = world.until(id, State::Running).await;
    let ends = running.expires_at.expect("a trial ends");
    assert_eq!(ends.millis_since(running.created_at), 72 * 3_600_000);
    world.test.clock.turn_seconds(72 * 3_600 + 1);
    world.until(id, State::Terminated).await;
    eventually("the workload goes", || async { (world.fake.traces(id) == ["data"]).then_some(()) }).await;
    assert!(world.timeline(id).await.iter().any(|line| line.contains("the trial ended")), "{:#?}", world.timeline(id).await);
    let refusal = world.store().ask(&world.actor, world.account, id, Ask::Restore, &RULES).await.expect_err("over");
    assert!(matches!(&refusal, StoreError::Conflict(text) if text.contains("another plan")), "{refusal}");
    world.store().edit_deployment(&world.actor, world.account, id, None, Some(PlanName::Starter), &RULES).await.expect("moved");
    world.ask(id, Ask::Restore).await;
    let running = world.until(id, State::Running).await;
    assert_eq!(running.expires_at, None);
}

#[tokio::test]
async fn what_is_degraded_is_shown_beside_running_with_a_remedy() {
    let world = World::idle(vivier_server::Config::default()).await;
    world.fake.set_default_behaviour(vivier_core::runtime::fake::Behaviour { failing: vec!["telegram".to_owned()], ..Default::default() });
    let mut world = world;
    world.start();
    let id = world.create("Ada").await;
    let running = world.until(id, State::Running).await;
    assert_eq!(running.degraded[0].part, "telegram");
    assert!(running.degraded[0].remedy.contains("BotFather"));
    let told = |text: &'static str| {
        let world = &world;
        async move { eventually(text, || async { world.timeline(id).await.iter().any(|line| line.contains(text)).then_some(()) }).await }
    };
    told("degraded: telegram").await;
    world.fake.set_default_behaviour(Default::default());
    told("telegram works").await;
    assert!(world.get(id).await.degraded.is_empty());
}

#[tokio::test]
async fn a_channel_that_openclaw_calls_ready_but_cannot_connect_is_shown_with_openclaws_own_words() {
    let world = World::idle(vivier_server::Config::default()).await;
    let words = "Gateway reconnect scheduled in 4000ms (close, resume=false)";
    let cut_off = [("discord".to_owned(), words.to_owned())].into();
    world.fake.set_default_behaviour(vivier_core::runtime::fake::Behaviour { cut_off, ..Default::default() });
    let mut world = world;
    world.start();
    let id = world.create("Ada").await;
    let degraded = world.until(id, State::Running).await.degraded;
    assert_eq!(degraded.iter().map(|one| one.part.as_str()).collect::<Vec<_>>(), ["discord"]);
    assert!(degraded[0].reason.ends_with(&format!("OpenClaw says: {words}")) && degraded[0].remedy.contains("tell the operator"), "{degraded:?}");
    let told = async || world.timeline(id).await.iter().any(|line| line.contains("degraded: discord") && line.contains(words)).then_some(());
    eventually("the timeline tells it", told).await;
    world.fake.set_default_behaviour(Default::default());
    eventually("it is over", async || world.timeline(id).await.iter().any(|line| line.contains("discord works")).then_some(())).await;
    assert!(world.get(id).await.degraded.is_empty());
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_gives_everything_back() {
    let mut world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    world.stop().await;
    // Another worker can claim it at once, without waiting for a lease to end.
    let claimed = world.store().claim(id, "another", world.now().plus_seconds(5)).await.expect("an answer");
    assert!(claimed.is_some());
}

mod postgres {
    use super::*;
    use crate::support::TestStore;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_whole_life_with_a_killed_worker_in_it() {
        let mut world = World::over(TestStore::postgres().await, vivier_server::Config::default()).await;
        world.start();
        let id = world.create("Ada").await;
        world.until(id, State::Running).await;
        world.ask(id, Ask::Restart).await;
        world.kill().await;
        // Nobody ends the dead one's lease here: it ends by itself, and the next worker takes over.
        world.start();
        eventually("the restart is finished", || async {
            let started = world.fake.effects().iter().filter(|effect| effect.ends_with(" started")).count();
            (started == 2 && world.get(id).await.state == State::Running).then_some(())
        })
        .await;
        world.assert_routes(&[id]).await;
        world.ask(id, Ask::Terminate).await;
        eventually("the workload goes", || async { (world.fake.traces(id) == ["data"]).then_some(()) }).await;
        world.test.clock.turn_seconds(7 * 86_400 + 60);
        eventually("it is purged", || async { (!world.store().exists(id).await.expect("a look")).then_some(()) }).await;
        assert!(world.fake.traces(id).is_empty());
    }
}
