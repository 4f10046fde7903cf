//! Changed secrets: handed to the running agent where OpenClaw takes them, else by another container.

use std::collections::BTreeMap;

use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::State;
use vivier_core::runtime::fake::Behaviour;
use vivier_core::secret::Secret;
use vivier_core::wire::agents::RevisionOutcome;
use vivier_server::store::revisions::Change;

use crate::support::{World, eventually};

const REFERENCES: &str = "{ models: { providers: { mine: { apiKey: { source: 'file', provider: 'vivier', id: '/custom/HOT' } } } }, \
    skills: { entries: { s: { apiKey: { source: 'file', provider: 'vivier', id: '/custom/COLD' } } } } }";

/// An agent that refers to one secret that is taken while it runs, and to one that is read at its start.
async fn with_references() -> (World, DeploymentId) {
    let world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    set(&world, id, &[("custom.HOT", "hot-1"), ("custom.COLD", "cold-1")]).await;
    let change = Change { text: Some(REFERENCES.to_owned()), ..Change::default() };
    world.store().change(&world.actor, world.account, id, change).await.expect("written");
    world.app.wake.notify_one();
    trusted(&world, id, 3).await;
    (world, id)
}

async fn set(world: &World, id: DeploymentId, texts: &[(&str, &str)]) {
    let secrets: BTreeMap<String, Option<Secret>> = texts.iter().map(|(name, text)| ((*name).to_owned(), Some(Secret::new(*text)))).collect();
    world.store().change(&world.actor, world.account, id, Change { secrets, ..Change::default() }).await.expect("written");
    world.app.wake.notify_one();
}

async fn trusted(world: &World, id: DeploymentId, revision: u64) {
    eventually(&format!("revision {revision} is trusted"), || async {
        let seen = world.get(id).await;
        (seen.state == State::Running && seen.last_known_good_revision == Some(revision)).then_some(())
    })
    .await;
}

fn made(world: &World) -> usize {
    world.fake.effects().iter().filter(|effect| effect.ends_with(" container")).count()
}

#[tokio::test]
async fn another_text_is_handed_to_the_running_agent() {
    let (world, id) = with_references().await;
    let before = made(&world);
    set(&world, id, &[("custom.HOT", "hot-2")]).await;
    trusted(&world, id, 4).await;
    assert_eq!((world.fake.secret(id, "custom.HOT").as_deref(), made(&world)), (Some("hot-2"), before));
    let told = world.timeline(id).await.join("\n");
    assert!(told.contains("the gateway works with the changed secrets, without a restart"), "{told}");
    world.assert_routes(&[id]).await;
    // The door stayed open all the while.
    assert!(!told.contains("hot-2") && told.matches("nobody is sent to it any more").count() <= 2, "{told}");
}

#[tokio::test]
async fn a_text_that_is_read_at_the_start_needs_another_container() {
    let (world, id) = with_references().await;
    let before = made(&world);
    set(&world, id, &[("custom.COLD", "cold-2")]).await;
    trusted(&world, id, 4).await;
    assert_eq!((world.fake.secret(id, "custom.COLD").as_deref(), made(&world)), (Some("cold-2"), before + 1));
    set(&world, id, &[("custom.NEW", "new-1")]).await;
    trusted(&world, id, 5).await;
    assert_eq!(made(&world), before + 2, "a name that was not there before");
}

#[tokio::test]
async fn refused_secrets_are_taken_back_by_themselves() {
    let (world, id) = with_references().await;
    let before = made(&world);
    world.fake.set_behaviour(id, Behaviour { rejects_secrets: true, ..Behaviour::default() });
    set(&world, id, &[("custom.HOT", "hot-2")]).await;
    let revision = eventually("revision 4 has failed", || async {
        let all = world.store().revisions(world.account, id).await.expect("revisions");
        all.into_iter().find(|revision| revision.number == 4 && revision.outcome == RevisionOutcome::Failed)
    })
    .await;
    assert!(revision.reason.as_deref().is_some_and(|reason| reason.contains("secrets.reload failed")), "{revision:?}");
    trusted(&world, id, 5).await;
    assert_eq!((world.fake.secret(id, "custom.HOT").as_deref(), made(&world)), (Some("hot-1"), before));
}

#[tokio::test]
async fn a_worker_that_dies_while_secrets_are_handed_over_is_followed_by_one_that_does_it_once_more() {
    for effects in 0..3 {
        let (mut world, id) = with_references().await;
        let before = made(&world);
        world.stop().await;
        world.start();
        world.fake.set_fuse(Some(effects));
        let secrets = BTreeMap::from([("custom.HOT".to_owned(), Some(Secret::new("hot-2")))]);
        let text = format!("{} // {effects}", REFERENCES);
        let change =
            Change { secrets, text: Some(format!("{{ ui: {{ seamColor: '#33669{effects}' }}, {}", text.trim_start_matches('{'))), ..Change::default() };
        world.test.reopen().await.change(&world.actor, world.account, id, change).await.expect("written");
        world.app.wake.notify_one();
        tokio::select! {
            () = eventually("the fuse blows", || async { world.fake.blown().then_some(()) }) => {}
            () = trusted(&world, id, 4) => {}
        }
        world.kill().await;
        world.start();
        trusted(&world, id, 4).await;
        assert_eq!((world.fake.secret(id, "custom.HOT").as_deref(), made(&world)), (Some("hot-2"), before), "after {effects}");
    }
}

#[tokio::test]
async fn an_agent_in_whose_configuration_a_secret_stands_in_clear_gets_no_route() {
    let world = World::new().await;
    world.fake.set_default_behaviour(Behaviour { leaks: Some("state/openclaw.json.bak".to_owned()), ..Behaviour::default() });
    let id = world.create("Ada").await;
    let failed = world.until(id, State::Failed).await;
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("state/openclaw.json.bak")), "{failed:?}");
    world.assert_routes(&[]).await;
}
