//! Many at once: turns, room, and no races for names or networks.

use std::collections::HashSet;

use vivier_core::lifecycle::{Ask, State};
use vivier_core::runtime::fake::Behaviour;
use vivier_core::runtime::{Capacity, Runtime as _};
use vivier_server::Config;

use crate::support::store::{RULES, agent};
use crate::support::{World, eventually};

#[tokio::test]
async fn fifty_at_once_all_run_on_networks_of_their_own_with_few_starting_at_a_time() {
    let mut world = World::idle(Config::default()).await;
    world.fake.set_default_behaviour(Behaviour { starts_after_ms: 30, ..Behaviour::default() });
    world.start();
    let creates = (0..50).map(|_| world.store().create_deployment(&world.actor, world.account, agent("Crowd"), &RULES));
    let made = futures_util::future::try_join_all(creates).await.expect("all are made");
    world.app.wake.notify_one();
    let mut longest = 0;
    let done = eventually("all run", || {
        longest = longest.max(world.app.queue.len());
        async {
            let (page, _) = world.store().deployments(world.account, &filter()).await.expect("a list");
            (page.iter().filter(|one| one.state == State::Running).count() == 50).then_some(page)
        }
    })
    .await;
    assert!(longest > 10, "they waited in a line: {longest}");
    assert!(world.app.queue.is_empty());
    let subnets: HashSet<_> = done.iter().filter_map(|one| one.subnet_index).collect();
    let slugs: HashSet<_> = done.iter().map(|one| one.slug.clone()).collect();
    assert_eq!((subnets.len(), slugs.len(), world.fake.containers()), (50, 50, 50));
    let ids: Vec<_> = made.iter().map(|one| one.id).collect();
    world.assert_routes(&ids).await;
}

fn filter() -> vivier_server::store::deployments::Filter {
    vivier_server::store::deployments::Filter { include_terminated: true, limit: 200, ..Default::default() }
}

#[tokio::test]
async fn who_finds_no_room_waits_in_line_with_the_numbers_until_there_is_some() {
    let mut world = World::idle(Config::default()).await;
    let capacity = world.fake.capacity().await.expect("an answer");
    // Room for two agents of 1 GB under 0.8 of 3 GB.
    world.fake.set_capacity(Capacity { memory_total_bytes: 3 << 30, memory_available_bytes: 3 << 30, ..capacity.clone() });
    world.fake.set_default_behaviour(Behaviour { never_starts: true, ..Behaviour::default() });
    world.start();
    let first = world.create("One").await;
    world.until(first, State::Starting).await;
    let second = world.create("Two").await;
    world.until(second, State::Starting).await;
    let third = world.create("Three").await;
    let waiting = eventually("the third is told why it waits", || async {
        let deployment = world.get(third).await;
        deployment.reason.is_some().then_some(deployment)
    })
    .await;
    assert_eq!(waiting.state, State::Requested);
    assert!(waiting.reason.as_deref().is_some_and(|reason| reason.contains("no room") && reason.contains("3072 MB")), "{waiting:?}");
    assert_eq!(world.app.queue.position(third), Some(1));
    let refused = vivier_server::worker::admission(&world.app, vivier_core::plan::PlanName::Starter).await.expect("an answer");
    assert!(refused.is_err_and(|refused| refused.message.contains("2457 MB")), "the numbers");
    world.ask(first, Ask::Terminate).await;
    world.until(third, State::Starting).await;
    assert_eq!(world.app.queue.position(third), None);
}

#[tokio::test]
async fn a_network_that_somebody_else_uses_is_avoided() {
    let mut world = World::idle(Config::default()).await;
    // Another deployment of this host, unknown to the store, sits on the first subnet.
    let spec = vivier_core::runtime::WorkloadSpec {
        deployment: vivier_core::id::DeploymentId::from_uuid(uuid::Uuid::from_u128(1)),
        account: world.account,
        generation: 0,
        image: vivier_core::digest::Digest::of("2026.9.6"),
        limits: vivier_core::plan::Plans::default().starter.limits,
        subnet: world.app.settings.subnet_pool.get(0).expect("the first"),
        node_flags: Vec::new(),
        env: Default::default(),
        config: serde_json::json!({}),
        secrets: Default::default(),
    };
    world.fake.apply(&spec, vivier_core::runtime::Stage::Storage).await.expect("taken");
    world.start();
    let id = world.create("Ada").await;
    let running = world.until(id, State::Running).await;
    assert_eq!(running.subnet_index, Some(1));
}

#[tokio::test]
async fn running_agents_are_replaced_one_turn_at_a_time_and_work_until_then() {
    let mut world = World::idle(Config { concurrency: 1, ..Config::default() }).await;
    world.fake.set_default_behaviour(Behaviour { starts_after_ms: 30, ..Behaviour::default() });
    world.start();
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three", "Four"] {
        let id = world.create(name).await;
        world.until(id, State::Running).await;
        ids.push(id);
    }
    let before = world.fake.effects().len();
    for id in &ids {
        world.ask(*id, Ask::Restart).await;
    }
    for id in &ids {
        world.until(*id, State::Running).await;
    }
    let mut stopped = None;
    for effect in &world.fake.effects()[before..] {
        let (id, what) = effect.split_once(' ').expect("an id and a deed");
        match what {
            "stopped" => assert_eq!(stopped.replace(id.to_owned()), None, "one is stopped while another is: {:#?}", world.fake.effects()),
            "started" => assert_eq!(stopped.take().as_deref(), Some(id)),
            _ => {}
        }
    }
    assert_eq!(world.fake.effects()[before..].iter().filter(|effect| effect.ends_with(" started")).count(), 4);
    world.assert_routes(&ids).await;
}
