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
