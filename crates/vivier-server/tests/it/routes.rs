//! The table that the edge is given.

use std::time::Duration;

use vivier_core::lifecycle::{Ask, State};

use crate::support::{World, eventually};

#[tokio::test]
async fn the_table_names_every_agent_with_its_doors_and_only_the_running_have_a_way() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    let running = world.until(id, State::Running).await;
    let routes = &world.app.routes;
    routes.make(world.store(), world.app.settings.subnet_pool).await.expect("made");
    let table = routes.now().expect("a table");
    let route = &table.routes[0];
    let subnet = world.app.settings.subnet_pool.get(running.subnet_index.expect("a place")).expect("in the pool");
    assert_eq!((route.upstream, route.subnet, route.state), (Some(subnet.agent_socket()), Some(subnet), State::Running));
    let door = route.doors.model.as_ref().expect("a model");
    assert_eq!(door.base_url, "https://api.openai.com/v1");
    assert_eq!(door.key.as_ref().map(vivier_core::secret::Secret::expose), Some("sk-provider-key-in-clear"));
    assert!(door.virtual_key.expose().starts_with("vk-") && !format!("{table:?}").contains("sk-provider"));

    routes.make(world.store(), world.app.settings.subnet_pool).await.expect("made");
    assert_eq!(routes.now().expect("a table").version, table.version, "nothing new, no new version");
    assert_eq!(routes.after(None, Duration::ZERO).await.expect("at once").version, table.version);
    assert_eq!(routes.after(Some(table.version), Duration::from_millis(20)).await.expect("after the wait").version, table.version);

    world.ask(id, Ask::Suspend).await;
    eventually("it stops", || async { (!world.fake.running(id)).then_some(()) }).await;
    let waiting = routes.after(Some(table.version), Duration::from_secs(10));
    let making = async { routes.make(world.store(), world.app.settings.subnet_pool).await.expect("made") };
    let (next, ()) = tokio::join!(waiting, making);
    let next = next.expect("a table");
    assert!(next.version > table.version && next.epoch == table.epoch && next.cookie_key == table.cookie_key);
    assert_eq!((next.routes[0].upstream, next.routes[0].state), (None, State::Suspended));
    assert!(next.routes[0].doors.model.is_none(), "a stopped agent has no door");
}

#[tokio::test]
async fn what_stops_waits_until_the_edge_sends_nobody_there_but_not_for_a_deaf_one() {
    let world = World::new().await;
    let id = world.create("Ada").await;
    world.until(id, State::Running).await;
    let (routes, pool, long) = (&world.app.routes, world.app.settings.subnet_pool, Duration::from_secs(30));
    routes.make(world.store(), pool).await.expect("made");
    let before = routes.now().expect("a table").version;
    tokio::time::timeout(long / 2, routes.until_unrouted(id, long)).await.expect("no edge follows: nobody to wait for");

    routes.taken(before);
    let mut waiting = std::pin::pin!(routes.until_unrouted(id, long));
    let moment = Duration::from_millis(30);
    assert!(tokio::time::timeout(moment, waiting.as_mut()).await.is_err(), "the table still leads there");
    world.ask(id, Ask::Suspend).await;
    eventually("it stops although the edge says nothing", || async { (!world.fake.running(id)).then_some(()) }).await;
    routes.make(world.store(), pool).await.expect("made");
    assert!(tokio::time::timeout(moment, waiting.as_mut()).await.is_err(), "the edge has not taken it yet");
    routes.taken(before + 1);
    tokio::time::timeout(long / 2, waiting).await.expect("the edge has taken it");
    tokio::time::timeout(long / 2, routes.until_unrouted(id, long)).await.expect("nothing leads there");
}
