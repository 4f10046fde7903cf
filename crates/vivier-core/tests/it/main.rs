//! The fake runtime keeps the contract that the real ones keep.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use vivier_core::digest::Digest;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::plan::PlanName;
use vivier_core::runtime::conformance::{self, Bench};
use vivier_core::runtime::fake::FakeRuntime;
use vivier_core::runtime::net::SubnetPool;
use vivier_core::runtime::{Runtime, SecretsDocument, WorkloadSpec};
use vivier_core::time::Timestamp;

struct InMemory {
    runtime: FakeRuntime,
    image: Digest,
    next: AtomicU32,
    clock: Arc<AtomicI64>,
}

impl Bench for InMemory {
    fn runtime(&self) -> &dyn Runtime {
        &self.runtime
    }

    fn fresh(&self) -> WorkloadSpec {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let pool: SubnetPool = "10.90.0.0/16".parse().expect("a pool");
        WorkloadSpec {
            deployment: DeploymentId::from_uuid(uuid::Uuid::now_v7()),
            account: AccountId::from_uuid(uuid::Uuid::now_v7()),
            generation: 0,
            image: self.image.clone(),
            limits: vivier_core::plan::Plans::default().get(PlanName::Starter).limits,
            subnet: pool.get(index).expect("room"),
            node_flags: Vec::new(),
            env: std::collections::BTreeMap::new(),
            config: serde_json::json!({}),
            secrets: SecretsDocument::default(),
        }
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.clock.fetch_add(100, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn the_fake_runtime_conforms() {
    let clock = Arc::new(AtomicI64::new(1_790_000_000_000));
    let image = Digest::of("an image");
    let now = Arc::clone(&clock);
    let runtime = FakeRuntime::new([image.clone()], move || Timestamp::from_millis(now.load(Ordering::Relaxed)));
    conformance::everything(&InMemory { runtime, image, next: AtomicU32::new(0), clock }).await;
}
