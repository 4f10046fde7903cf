//! The suite that every runtime passes.

use vivier_core::runtime::conformance;

use crate::support::Bench;

#[tokio::test]
async fn the_docker_driver_keeps_every_sentence_of_the_contract() {
    let bench = Bench::new();
    conformance::everything(&bench).await;
    assert_eq!(bench.left_over(), Vec::<String>::new());
}
