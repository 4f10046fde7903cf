//! Containers that nobody owns.

use crate::support::{World, eventually};

#[tokio::test]
async fn a_container_that_nobody_owns_is_stopped_reported_and_taken_away_after_its_time() {
    let world = World::new().await;
    world.fake.add_stray("stray-1");
    let reported = eventually("it is reported", || async { world.store().quarantined().await.expect("a list").pop() }).await;
    assert_eq!((reported.container.as_str(), reported.discard_at.millis_since(reported.since)), ("stray-1", 7 * 86_400_000));
    world.test.clock.turn_seconds(7 * 86_400 + 60);
    eventually("it is taken away", || async { world.store().quarantined().await.expect("a list").is_empty().then_some(()) }).await;
    use vivier_core::runtime::Runtime as _;
    assert!(world.fake.inventory().await.expect("a look").is_empty());
}
