//! Death at every step: after the n-th side effect on the host, and after the n-th commit, for every n. Another worker takes over,
//! and the world ends as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::{Ask, State};
use vivier_core::runtime::{ContainerPhase, Runtime as _};
use vivier_server::Config;
use vivier_server::store::revisions::Change;

use crate::support::{World, eventually};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Create,
    Restart,
    Config,
    Suspend,
    Delete,
}

/// Where the worker dies.
#[derive(Clone, Copy, Debug)]
enum Death {
    Effect(u64),
    Commit(i64),
}

/// Does `deed` in a world whose worker dies, and lets another finish. Returns whether the worker died at all.
async fn survives(deed: Deed, death: Death) -> bool {
    let mut world = World::idle(Config::default()).await;
    let id = if deed == Deed::Create {
        world.create("Ada").await
    } else {
        world.start();
        let id = world.create("Ada").await;
        world.until(id, State::Running).await;
        world.stop().await;
        id
    };
    let fuse = Arc::new(AtomicI64::new(i64::MAX));
    let blown = Arc::new(tokio::sync::Notify::new());
    match death {
        Death::Effect(n) => world.fake.set_fuse(Some(n)),
        Death::Commit(n) => {
            fuse.store(n, Ordering::SeqCst);
            let (fuse, blown) = (fuse.clone(), blown.clone());
            world.app.store = world.app.store.clone().with_commit_hook(Arc::new(move || {
                let (fuse, blown) = (fuse.clone(), blown.clone());
                Box::pin(async move {
                    if fuse.fetch_sub(1, Ordering::SeqCst) <= 0 {
                        blown.notify_one();
                        std::future::pending::<()>().await;
                    }
                })
            }));
        }
    }
    let asking = world.test.reopen().await;
    match deed {
        Deed::Create => {}
        Deed::Restart => drop(asking.ask(&world.actor, world.account, id, Ask::Restart, &crate::support::store::RULES).await.expect("granted")),
        Deed::Suspend => drop(asking.ask(&world.actor, world.account, id, Ask::Suspend, &crate::support::store::RULES).await.expect("granted")),
        Deed::Delete => drop(asking.ask(&world.actor, world.account, id, Ask::Terminate, &crate::support::store::RULES).await.expect("granted")),
        Deed::Config => {
            let change = Change { text: Some("{ ui: { assistant: { name: 'Grace' } } }".to_owned()), ..Change::default() };
            drop(asking.change(&world.actor, world.account, id, change).await.expect("written"));
        }
    }
    world.start();
    let died = tokio::select! {
        () = blown.notified() => true,
        () = eventually("the fuse blows", || async { world.fake.blown().then_some(()) }) => true,
        () = converged(&world, id, deed) => false,
    };
    world.kill().await;
    world.start();
    converged(&world, id, deed).await;
    assert_end(&world, id, deed).await;
    died
}

/// The end that the deed asks for has been reached, whatever way it went.
async fn converged(world: &World, id: DeploymentId, deed: Deed) {
    eventually(&format!("{deed:?} ends"), || async {
        let deployment = world.store().deployment(world.account, id).await.expect("it is there");
        let seen = world.fake.observe(id).await.expect("a look");
        let stopped = seen.container.as_ref().is_some_and(|container| matches!(container.phase, ContainerPhase::Exited { .. }));
        let settled = deployment.doing.is_none();
        let reached = match deed {
            Deed::Create | Deed::Restart => deployment.state == State::Running,
            Deed::Config => deployment.state == State::Running && deployment.last_known_good_revision == Some(2),
            Deed::Suspend => deployment.state == State::Suspended && stopped,
            Deed::Delete => deployment.state == State::Terminated && world.fake.traces(id) == ["data"] && deployment.subnet_index.is_none(),
        };
        (reached && settled).then_some(())
    })
    .await;
}

async fn assert_end(world: &World, id: DeploymentId, deed: Deed) {
    let timeline = world.timeline(id).await;
    let told = timeline.join("\n");
    match deed {
        Deed::Create | Deed::Restart | Deed::Config => {
            world.assert_routes(&[id]).await;
            assert_eq!(world.fake.containers(), 1);
            assert!(told.ends_with("State Noted running"), "the timeline ends well:\n{told}");
        }
        Deed::Suspend => {
            world.assert_routes(&[]).await;
            assert_eq!(world.fake.containers(), 1);
        }
        Deed::Delete => {
            world.assert_routes(&[]).await;
            assert_eq!(world.fake.containers(), 0);
        }
    }
    // Dying is nobody's failure, and nothing is told again and again.
    assert!(!told.contains("Failed"), "{told}");
    assert!(timeline.len() < 45, "{told}");
    let starts = world.fake.effects().iter().filter(|effect| effect.ends_with(" started")).count();
    assert!(starts <= if deed == Deed::Restart { 2 } else { 1 }, "started {starts} times: {:#?}", world.fake.effects());
}

async fn every_death(deed: Deed) {
    let mut effects = 0;
    while survives(deed, Death::Effect(effects)).await {
        effects += 1;
    }
    let mut commits = 0;
    while survives(deed, Death::Commit(commits)).await {
        commits += 1;
    }
    println!("{deed:?}: died after each of {effects} side effects and {commits} commits");
    assert!(commits >= 3, "{deed:?} has {effects} effects and {commits} commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_survives_a_death_at_every_step() {
    every_death(Deed::Create).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_survives_a_death_at_every_step() {
    every_death(Deed::Restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_configuration_survives_a_death_at_every_step() {
    every_death(Deed::Config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_survives_a_death_at_every_step() {
    every_death(Deed::Suspend).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_survives_a_death_at_every_step() {
    every_death(Deed::Delete).await;
}

#[tokio::test]
async fn after_a_total_restart_everything_that_runs_is_found_again_and_left_alone() {
    let mut world = World::new().await;
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three"] {
        let id = world.create(name).await;
        world.until(id, State::Running).await;
        ids.push(id);
    }
    world.kill().await;
    let effects = world.fake.effects();
    world.fake.crash(ids[1], 1, false);
    world.start();
    eventually("the one that died meanwhile is back", || async {
        (world.fake.effects().len() > effects.len() && world.get(ids[1]).await.state == State::Running && world.fake.running(ids[1])).then_some(())
    })
    .await;
    world.assert_routes(&ids).await;
    let touched: Vec<_> = world.fake.effects()[effects.len()..].to_vec();
    assert!(touched.iter().all(|effect| effect.starts_with(&ids[1].to_string())), "{touched:?}");
}
