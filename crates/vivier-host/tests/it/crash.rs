//! `kill -9` after the n-th side effect, for every n: whatever a dead host has left behind, the next one finishes it.
//!
//! The host that dies is this very test binary, started again with orders in the environment; the fault points count.

use std::process::Command;

use serde::{Deserialize, Serialize};
use vivier_core::runtime::{Runtime, Scope, Stage, WorkloadSpec};
use vivier_host::{Config, DockerRuntime};

use crate::support::Bench;

const ORDERS: &str = "VIVIER_HOST_TEST_ORDERS";

#[derive(Serialize, Deserialize)]
struct Orders {
    config: Config,
    spec: WorkloadSpec,
    verb: Verb,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Verb {
    Apply,
    Reload,
    Stop,
    Remove,
}

async fn obey(runtime: &DockerRuntime, spec: &WorkloadSpec, verb: Verb) {
    match verb {
        Verb::Apply => runtime.apply(spec, Stage::Workload).await,
        Verb::Reload => runtime.reload(spec).await,
        Verb::Stop => runtime.stop(spec.deployment, 5).await,
        Verb::Remove => runtime.remove(spec.deployment, Scope::Everything).await,
    }
    .expect("the verb works");
}

/// Not a test of its own: what the others start. Without orders it has nothing to do.
#[tokio::test]
async fn the_host_that_dies() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let Orders { config, spec, verb } = serde_json::from_str(&orders).expect("orders");
    let runtime = DockerRuntime::open(config).expect("a runtime");
    obey(&runtime, &spec, verb).await;
}

/// Runs `verb` in a process that dies after `n` side effects. `true` when it came to its end before.
fn die_after(bench: &Bench, spec: &WorkloadSpec, verb: Verb, n: u64) -> bool {
    let orders = serde_json::to_string(&Orders { config: bench.config.clone(), spec: spec.clone(), verb }).expect("orders");
    let output = Command::new(std::env::current_exe().expect("this binary"))
        .args(["crash::the_host_that_dies", "--exact", "--nocapture"])
        .env(ORDERS, orders)
        .env(vivier_host::fault::VARIABLE, n.to_string())
        .output()
        .expect("it runs");
    let died = String::from_utf8_lossy(&output.stderr).contains("dying at");
    assert!(died || output.status.success(), "it failed instead: {}", String::from_utf8_lossy(&output.stderr));
    !died
}

fn whole(spec: &WorkloadSpec) -> Vec<String> {
    vec![format!("container vivier-{}", spec.deployment), format!("network vivier-{}", spec.deployment)]
}

/// The host that comes after.
async fn next(bench: &Bench) -> DockerRuntime {
    let runtime = DockerRuntime::open(bench.config.clone()).expect("a runtime");
    runtime.begin().await.expect("begins");
    runtime
}

#[tokio::test]
async fn a_creation_that_dies_anywhere_is_finished_by_the_next_host() {
    let bench = Bench::new();
    for n in 1.. {
        let spec = bench.spec();
        let ended = die_after(&bench, &spec, Verb::Apply, n);
        let runtime = next(&bench).await;
        runtime.apply(&spec, Stage::Workload).await.unwrap_or_else(|error| panic!("after {n}: {error:?}"));
        assert_eq!(bench.left_over(), whole(&spec), "after {n}");
        bench.until_started(spec.deployment).await;
        let proof = runtime.prove(&spec).await.expect("a proof");
        assert!(proof.holds(), "after {n}: {:#?}", proof.differences());
        runtime.remove(spec.deployment, Scope::Everything).await.expect("removes");
        assert_eq!(bench.left_over(), Vec::<String>::new(), "after {n}");
        if ended {
            assert!(n > 10, "only {n} points were passed");
            break;
        }
    }
}

#[tokio::test]
async fn a_replacement_that_dies_anywhere_is_finished_by_the_next_host() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    for n in 1.. {
        spec.generation += 1;
        spec.secrets.version += 1;
        let ended = die_after(&bench, &spec, Verb::Apply, n);
        let runtime = next(&bench).await;
        runtime.apply(&spec, Stage::Workload).await.unwrap_or_else(|error| panic!("after {n}: {error:?}"));
        let look = bench.until_started(spec.deployment).await;
        assert_eq!(look.container.expect("a container").fingerprint, spec.fingerprint(), "after {n}");
        assert_eq!((look.secrets, bench.left_over()), (Some(spec.secrets.version), whole(&spec)), "after {n}");
        if ended {
            assert!(n > 5, "only {n} points were passed");
            break;
        }
    }
}

#[tokio::test]
async fn a_reload_that_dies_anywhere_is_finished_by_the_next_host() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let container = bench.until_started(spec.deployment).await.container.expect("a container").id;
    for n in 1.. {
        let before = spec.config_digest();
        let secrets = spec.secrets.version;
        spec.config["standin"] = serde_json::json!({ "round": n });
        spec.secrets.version += 1;
        spec.secrets.values.insert("model.key".to_owned(), vivier_core::secret::Secret::new(format!("the text of round {n}")));
        let ended = die_after(&bench, &spec, Verb::Reload, n);
        let seen = bench.runtime.observe(spec.deployment).await.expect("a look");
        assert!(seen.config == Some(before) || seen.config == Some(spec.config_digest()), "after {n}");
        assert!(seen.secrets == Some(secrets) || seen.secrets == Some(spec.secrets.version), "after {n}");
        let runtime = next(&bench).await;
        runtime.reload(&spec).await.unwrap_or_else(|error| panic!("after {n}: {error:?}"));
        let look = bench.until_started(spec.deployment).await;
        assert_eq!((look.config, look.container.expect("a container").id), (Some(spec.config_digest()), container.clone()), "after {n}");
        assert_eq!(look.secrets, Some(spec.secrets.version), "after {n}");
        if ended {
            assert!(n > 6, "only {n} points were passed");
            break;
        }
    }
}

#[tokio::test]
async fn a_stop_or_a_removal_that_dies_anywhere_leaves_nothing_over_in_the_end() {
    let bench = Bench::new();
    for verb in [Verb::Stop, Verb::Remove] {
        for n in 1.. {
            let spec = bench.spec();
            bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
            let ended = die_after(&bench, &spec, verb, n);
            let runtime = next(&bench).await;
            runtime.remove(spec.deployment, Scope::Everything).await.unwrap_or_else(|error| panic!("{verb:?} after {n}: {error:?}"));
            assert_eq!(bench.left_over(), Vec::<String>::new(), "{verb:?} after {n}");
            let look = bench.runtime.observe(spec.deployment).await.expect("a look");
            assert!(!look.data && look.config.is_none() && look.secrets.is_none() && look.network.is_none(), "{verb:?} after {n}: {look:?}");
            assert!(runtime.inventory().await.expect("an inventory").is_empty(), "{verb:?} after {n}");
            if ended {
                break;
            }
        }
    }
}
