//! What every runtime must do, as one suite: the fake, Docker and whatever comes next pass this same file.
//!
//! Each function is one sentence of the contract. They panic on a breach, and they clean up what they made when they pass.

use std::future::Future;
use std::pin::Pin;

use futures_core::Stream;

use super::{Container, ContainerPhase, Drain, LogQuery, Restore, Runtime, RuntimeErrorKind, Scope, Stage, WorkloadSpec};
use crate::digest::Digest;
use crate::secret::Secret;

/// What the suite needs of its surroundings.
pub trait Bench: Send + Sync {
    fn runtime(&self) -> &dyn Runtime;
    /// A specification that nothing exists of yet: an id, a subnet and everything else of its own.
    fn fresh(&self) -> WorkloadSpec;
    /// Lets about 100 ms go by.
    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Runs every sentence, one after the other.
pub async fn everything(bench: &dyn Bench) {
    nothing_is_there_before_it_is_asked_for(bench).await;
    the_stages_build_on_one_another(bench).await;
    asking_twice_changes_nothing(bench).await;
    a_new_generation_replaces_the_container_and_keeps_the_data(bench).await;
    a_reload_keeps_the_container(bench).await;
    a_changed_secret_reaches_the_running_container(bench).await;
    a_stopped_container_can_be_started_again(bench).await;
    an_agent_finishes_before_it_is_stopped(bench).await;
    data_is_kept_put_back_once_and_forgotten(bench).await;
    a_rehearsal_tells_and_leaves_the_agent_alone(bench).await;
    removing_leaves_what_it_must_and_nothing_else(bench).await;
    two_deployments_never_share_a_subnet(bench).await;
    an_unknown_image_is_refused_by_kind(bench).await;
    the_inventory_names_what_is_there(bench).await;
    logs_begin_with_a_bounded_tail(bench).await;
}

async fn started(bench: &dyn Bench, spec: &WorkloadSpec) -> Container {
    for _ in 0..1_200 {
        let container = bench.runtime().observe(spec.deployment).await.expect("a look works").container.expect("a container");
        match &container.phase {
            ContainerPhase::Running { health, .. } if health.started => return container,
            ContainerPhase::Running { .. } | ContainerPhase::Created => bench.pause().await,
            ContainerPhase::Exited { exit_code, last_lines, .. } => panic!("exited with {exit_code}: {last_lines:#?}"),
        }
    }
    panic!("did not start within about two minutes");
}

async fn clean(bench: &dyn Bench, spec: &WorkloadSpec) {
    bench.runtime().remove(spec.deployment, Scope::Everything).await.expect("everything can be removed");
}

pub async fn nothing_is_there_before_it_is_asked_for(bench: &dyn Bench) {
    let spec = bench.fresh();
    let seen = bench.runtime().observe(spec.deployment).await.expect("a look at nothing works");
    assert!(!seen.data && seen.network.is_none() && seen.config.is_none() && seen.secrets.is_none() && seen.container.is_none(), "{seen:?}");
    bench.runtime().stop(spec.deployment, 1).await.expect("nothing can be stopped");
    bench.runtime().remove(spec.deployment, Scope::Everything).await.expect("nothing can be removed");
}

pub async fn the_stages_build_on_one_another(bench: &dyn Bench) {
    let spec = bench.fresh();
    let runtime = bench.runtime();
    runtime.apply(&spec, Stage::Storage).await.expect("storage");
    let seen = runtime.observe(spec.deployment).await.expect("a look");
    assert!(seen.data && seen.network == Some(spec.subnet) && seen.config.is_none() && seen.container.is_none(), "{seen:?}");
    runtime.apply(&spec, Stage::Config).await.expect("config");
    let seen = runtime.observe(spec.deployment).await.expect("a look");
    assert_eq!((seen.config, seen.secrets, seen.container.is_none()), (Some(spec.config_digest()), Some(spec.secrets.version), true));
    runtime.apply(&spec, Stage::Workload).await.expect("workload");
    let container = started(bench, &spec).await;
    assert_eq!((container.image, container.fingerprint), (spec.image.clone(), spec.fingerprint()));
    assert_eq!(container.address, Some(spec.subnet.agent_socket()));
    let proof = runtime.prove(&spec).await.expect("a proof can be taken");
    assert!(proof.holds(), "{:#?}", proof.differences());
    assert_eq!(proof.container, container.id);
    let stats = runtime.stats(spec.deployment).await.expect("statistics");
    assert!(stats.memory_bytes > 0 && stats.memory_limit_bytes == spec.limits.memory_bytes, "{stats:?}");
    let usage = runtime.usage(spec.deployment).await.expect("usage");
    let first = usage.counters.expect("the counters of the container that runs");
    assert!(first.container == proof.container && first.started_at == proof.started_at && first.memory_bytes > 0, "{first:?} {proof:?}");
    assert!(usage.storage_bytes.is_some_and(|bytes| bytes > 0));
    let then = runtime.usage(spec.deployment).await.expect("usage").counters.expect("counters");
    assert!(then.cpu_micros >= first.cpu_micros && then.sent_bytes >= first.sent_bytes && then.started_at == first.started_at);
    runtime.stop(spec.deployment, 1).await.expect("stopped");
    let usage = runtime.usage(spec.deployment).await.expect("usage of one that does not run");
    assert!(usage.counters.is_none() && usage.storage_bytes.is_some(), "{usage:?}");
    clean(bench, &spec).await;
    let nothing = runtime.usage(spec.deployment).await.expect("usage of nothing");
    assert_eq!(nothing, crate::usage::Usage { counters: None, storage_bytes: None });
}

pub async fn asking_twice_changes_nothing(bench: &dyn Bench) {
    let spec = bench.fresh();
    let runtime = bench.runtime();
    for stage in [Stage::Storage, Stage::Storage, Stage::Config, Stage::Config, Stage::Workload] {
        runtime.apply(&spec, stage).await.expect("applies");
    }
    let before = started(bench, &spec).await;
    runtime.apply(&spec, Stage::Workload).await.expect("applies again");
    let after = started(bench, &spec).await;
    assert_eq!(before, after);
    clean(bench, &spec).await;
}

pub async fn a_new_generation_replaces_the_container_and_keeps_the_data(bench: &dyn Bench) {
    let mut spec = bench.fresh();
    let runtime = bench.runtime();
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = started(bench, &spec).await;
    spec.generation += 1;
    runtime.apply(&spec, Stage::Workload).await.expect("applies the next generation");
    let after = started(bench, &spec).await;
    assert_ne!(before.id, after.id);
    assert_eq!(after.fingerprint, spec.fingerprint());
    assert!(runtime.observe(spec.deployment).await.expect("a look").data);
    clean(bench, &spec).await;
}

pub async fn a_reload_keeps_the_container(bench: &dyn Bench) {
    let mut spec = bench.fresh();
    let runtime = bench.runtime();
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = started(bench, &spec).await;
    spec.config["ui"] = serde_json::json!({ "seamColor": "#336699" });
    runtime.reload(&spec).await.expect("reloads");
    let seen = runtime.observe(spec.deployment).await.expect("a look");
    assert_eq!(seen.config, Some(spec.config_digest()));
    assert_eq!(seen.container.expect("a container").id, before.id);
    clean(bench, &spec).await;
}

pub async fn a_changed_secret_reaches_the_running_container(bench: &dyn Bench) {
    let mut spec = bench.fresh();
    let runtime = bench.runtime();
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = started(bench, &spec).await;
    let fingerprint = spec.fingerprint();
    spec.secrets.version += 1;
    for (name, text) in &mut spec.secrets.values {
        spec.secrets.versions.insert(name.clone(), spec.secrets.version);
        *text = Secret::new("another-text-of-a-secret");
    }
    assert_eq!(spec.fingerprint(), fingerprint, "another text of a secret that a gateway takes while it runs needs no other container");
    runtime.reload(&spec).await.expect("reloads");
    runtime.reload(&spec).await.expect("reloads again");
    let seen = runtime.observe(spec.deployment).await.expect("a look");
    assert_eq!((seen.secrets, seen.config), (Some(spec.secrets.version), Some(spec.config_digest())));
    let after = started(bench, &spec).await;
    assert_eq!((after.id, after.fingerprint), (before.id, before.fingerprint));
    let proof = runtime.prove(&spec).await.expect("a proof can be taken");
    assert!(proof.holds(), "{:#?}", proof.differences());
    spec.secrets.versions.insert("custom.FRESH".to_owned(), spec.secrets.version);
    assert_ne!(spec.fingerprint(), fingerprint, "a secret of another name does");
    clean(bench, &spec).await;
}

pub async fn a_stopped_container_can_be_started_again(bench: &dyn Bench) {
    let spec = bench.fresh();
    let runtime = bench.runtime();
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = started(bench, &spec).await;
    runtime.stop(spec.deployment, 20).await.expect("stops");
    runtime.stop(spec.deployment, 20).await.expect("stops again");
    let seen = runtime.observe(spec.deployment).await.expect("a look").container.expect("it stays");
    assert!(matches!(seen.phase, ContainerPhase::Exited { .. }), "{seen:?}");
    assert_eq!(seen.address, None);
    runtime.apply(&spec, Stage::Workload).await.expect("starts again");
    assert_eq!(started(bench, &spec).await.id, before.id);
    clean(bench, &spec).await;
}

pub async fn an_agent_finishes_before_it_is_stopped(bench: &dyn Bench) {
    let spec = bench.fresh();
    let (runtime, id) = (bench.runtime(), spec.deployment);
    assert_eq!(runtime.drain(id).await.expect("asked"), Drain::Idle, "there is nobody to wait for");
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = started(bench, &spec).await;
    let mut asked = 0;
    while runtime.drain(id).await.expect("asked") != Drain::Idle {
        asked += 1;
        assert!(asked < 1_200, "it does not finish");
        bench.pause().await;
    }
    runtime.undrain(id).await.expect("taken back");
    runtime.undrain(id).await.expect("again");
    assert_eq!(started(bench, &spec).await.id, before.id, "it goes on working");
    runtime.drain(id).await.expect("asked");
    runtime.stop(id, 20).await.expect("stops");
    assert_eq!(runtime.drain(id).await.expect("asked"), Drain::Idle);
    clean(bench, &spec).await;
}

pub async fn data_is_kept_put_back_once_and_forgotten(bench: &dyn Bench) {
    let spec = bench.fresh();
    let (runtime, id) = (bench.runtime(), spec.deployment);
    runtime.apply(&spec, Stage::Workload).await.expect("workload");
    started(bench, &spec).await;
    runtime.room(id).await.expect("there is room, and asking stops nobody");
    let busy = runtime.snapshot(id, 2).await.expect_err("it runs");
    assert_eq!(busy.kind, RuntimeErrorKind::Conflict, "{busy:?}");
    runtime.stop(id, 10).await.expect("stops");
    let kept = runtime.snapshot(id, 2).await.expect("a snapshot");
    assert_eq!(runtime.snapshot(id, 2).await.expect("again"), kept, "one that is there is left as it is");
    let seen = runtime.observe(id).await.expect("a look");
    assert_eq!((seen.snapshots, seen.restored), (vec![kept], None));
    let restore = Restore { snapshot: 2, revision: 3 };
    runtime.restore(id, restore).await.expect("put back");
    runtime.restore(id, restore).await.expect("again");
    let gone = runtime.restore(id, Restore { snapshot: 9, revision: 4 }).await.expect_err("there is no such snapshot");
    assert_eq!(gone.kind, RuntimeErrorKind::NotFound, "{gone:?}");
    assert_eq!(runtime.observe(id).await.expect("a look").restored, Some(restore));
    runtime.apply(&spec, Stage::Workload).await.expect("starts on it");
    started(bench, &spec).await;
    let busy = runtime.restore(id, Restore { snapshot: 2, revision: 5 }).await.expect_err("it runs");
    assert_eq!(busy.kind, RuntimeErrorKind::Conflict, "{busy:?}");
    runtime.forget(id, 2).await.expect("forgotten");
    runtime.forget(id, 2).await.expect("again");
    assert_eq!(runtime.observe(id).await.expect("a look").snapshots, Vec::new());
    clean(bench, &spec).await;
}

pub async fn a_rehearsal_tells_and_leaves_the_agent_alone(bench: &dyn Bench) {
    let spec = bench.fresh();
    let (runtime, id) = (bench.runtime(), spec.deployment);
    runtime.apply(&spec, Stage::Workload).await.expect("workload");
    let before = started(bench, &spec).await;
    let next = WorkloadSpec { generation: spec.generation + 1, ..spec.clone() };
    let rehearsal = runtime.rehearse(&next, None).await.expect("it can be tried");
    assert!(rehearsal.passed && rehearsal.findings.is_empty(), "{rehearsal:?}");
    let seen = runtime.observe(id).await.expect("a look");
    assert_eq!(seen.config, Some(spec.config_digest()));
    let after = seen.container.expect("a container");
    assert_eq!((after.id, after.fingerprint), (before.id, before.fingerprint));
    assert!(matches!(after.phase, ContainerPhase::Running { .. }), "{:?}", after.phase);
    let residents = runtime.inventory().await.expect("an inventory");
    assert_eq!(residents.iter().filter(|resident| resident.deployment == Some(id)).count(), 1, "nothing is left of the rehearsal");
    clean(bench, &spec).await;
}

pub async fn removing_leaves_what_it_must_and_nothing_else(bench: &dyn Bench) {
    let spec = bench.fresh();
    let runtime = bench.runtime();
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    runtime.remove(spec.deployment, Scope::Workload).await.expect("removes the workload");
    runtime.remove(spec.deployment, Scope::Workload).await.expect("removes it again");
    let seen = runtime.observe(spec.deployment).await.expect("a look");
    assert!(seen.data && seen.network.is_none() && seen.config.is_none() && seen.secrets.is_none() && seen.container.is_none(), "{seen:?}");
    runtime.remove(spec.deployment, Scope::Everything).await.expect("removes everything");
    runtime.remove(spec.deployment, Scope::Everything).await.expect("removes it again");
    assert!(!runtime.observe(spec.deployment).await.expect("a look").data);
    assert!(runtime.inventory().await.expect("an inventory").iter().all(|resident| resident.deployment != Some(spec.deployment)));
}

pub async fn two_deployments_never_share_a_subnet(bench: &dyn Bench) {
    let first = bench.fresh();
    let mut second = bench.fresh();
    second.subnet = first.subnet;
    bench.runtime().apply(&first, Stage::Storage).await.expect("the first");
    let error = bench.runtime().apply(&second, Stage::Storage).await.expect_err("the second");
    assert_eq!(error.kind, RuntimeErrorKind::Conflict, "{error:?}");
    clean(bench, &first).await;
    clean(bench, &second).await;
}

pub async fn an_unknown_image_is_refused_by_kind(bench: &dyn Bench) {
    let mut spec = bench.fresh();
    spec.image = Digest::of("no such image");
    let error = bench.runtime().apply(&spec, Stage::Workload).await.expect_err("an unknown image");
    assert_eq!(error.kind, RuntimeErrorKind::Image, "{error:?}");
    clean(bench, &spec).await;
}

pub async fn the_inventory_names_what_is_there(bench: &dyn Bench) {
    let spec = bench.fresh();
    let runtime = bench.runtime();
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    started(bench, &spec).await;
    let residents = runtime.inventory().await.expect("an inventory");
    let resident = residents.iter().find(|resident| resident.deployment == Some(spec.deployment)).expect("it is named");
    assert!(resident.running && resident.container.is_some() && resident.quarantined_at.is_none(), "{resident:?}");
    let container = resident.container.clone().expect("a container");
    runtime.quarantine(&container).await.expect("can be quarantined");
    let residents = runtime.inventory().await.expect("an inventory");
    let resident = residents.iter().find(|resident| resident.container.as_deref() == Some(&container)).expect("it is still there");
    assert!(!resident.running && resident.quarantined_at.is_some(), "{resident:?}");
    runtime.discard(&container).await.expect("can be discarded");
    let residents = runtime.inventory().await.expect("an inventory");
    assert!(residents.iter().all(|resident| resident.container.as_deref() != Some(&container)), "{residents:?}");
    clean(bench, &spec).await;
}

pub async fn logs_begin_with_a_bounded_tail(bench: &dyn Bench) {
    let spec = bench.fresh();
    let runtime = bench.runtime();
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    started(bench, &spec).await;
    let mut lines = runtime.logs(spec.deployment, LogQuery { tail: 1, follow: false }).await.expect("a log");
    let mut count = 0;
    while let Some(line) = std::future::poll_fn(|context| Stream::poll_next(lines.as_mut(), context)).await {
        let line = line.expect("a line");
        assert!(line.text.len() <= 16 * 1024 + 4, "a line of {} bytes", line.text.len());
        count += 1;
    }
    assert_eq!(count, 1, "one line was asked for and there is at least one");
    clean(bench, &spec).await;
}
