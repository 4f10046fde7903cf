//! What a look tells of a gateway's health and end, and what a reload does.

use std::time::Instant;

use serde_json::json;
use vivier_core::runtime::{ContainerPhase, Health, Runtime, RuntimeErrorKind, Scope, Stage};

use crate::support::{Bench, docker, run};

fn health(phase: &ContainerPhase) -> Option<&Health> {
    match phase {
        ContainerPhase::Running { health, .. } => Some(health),
        ContainerPhase::Created | ContainerPhase::Exited { .. } => None,
    }
}

#[tokio::test]
async fn a_broken_channel_is_told_beside_a_good_start() {
    let bench = Bench::new();
    let spec = bench.spec_with(json!({ "failing": ["telegram"] }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let look = bench.until_started(spec.deployment).await;
    let container = look.container.expect("a container");
    assert_eq!(health(&container.phase), Some(&Health { started: true, ready: false, failing: vec!["telegram".to_owned()], ..Health::default() }));
}

#[tokio::test]
async fn a_channel_that_only_the_gateways_own_account_shows_as_broken_is_told_with_its_words() {
    let bench = Bench::new();
    let discord = json!({ "configured": true, "running": true, "connected": false, "lifecycle": "recovering", "lastError": "Gateway reconnect scheduled" });
    let spec = bench.spec_with(json!({ "health": { "channels": { "discord": discord, "telegram": { "running": true, "connected": true } } } }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let look = bench.until(spec.deployment, "told that Discord is broken", |look| {
        look.container.as_ref().and_then(|container| health(&container.phase)).is_some_and(|health| !health.failing.is_empty())
    });
    let container = look.await.container.expect("a container");
    let reasons = [("discord".to_owned(), "Gateway reconnect scheduled".to_owned())].into();
    assert_eq!(health(&container.phase), Some(&Health { started: true, ready: true, failing: vec!["discord".to_owned()], reasons }));
}

#[tokio::test]
async fn a_gateway_that_does_not_start_is_running_but_not_started() {
    let bench = Bench::new();
    let spec = bench.spec_with(json!({ "neverStarts": true }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let look = bench.until(spec.deployment, "answering on /readyz", |look| {
        look.container.as_ref().and_then(|container| health(&container.phase)).is_some_and(|health| health.ready)
    });
    let container = look.await.container.expect("a container");
    assert_eq!(health(&container.phase).map(|health| health.started), Some(false));
}

#[tokio::test]
async fn an_exit_is_told_with_its_code_and_its_last_lines() {
    let bench = Bench::new();
    let spec = bench.spec_with(json!({ "exitAfterMs": 200, "exitCode": 9, "logLines": 50 }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let look =
        bench.until(spec.deployment, "ended", |look| matches!(look.container.as_ref().map(|container| &container.phase), Some(ContainerPhase::Exited { .. })));
    let container = look.await.container.expect("a container");
    let ContainerPhase::Exited { exit_code, out_of_memory, last_lines, .. } = &container.phase else { panic!("{container:?}") };
    assert_eq!((*exit_code, *out_of_memory, last_lines.len()), (9, false, 20));
    assert_eq!(last_lines.last().map(String::as_str), Some("ending as told"));
    assert_eq!(container.address, None);
}

#[tokio::test]
async fn a_kill_for_memory_is_told_as_such() {
    let bench = Bench::new();
    let spec = bench.spec_with(json!({ "eatMemory": true }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let look =
        bench.until(spec.deployment, "ended", |look| matches!(look.container.as_ref().map(|container| &container.phase), Some(ContainerPhase::Exited { .. })));
    let container = look.await.container.expect("a container");
    let ContainerPhase::Exited { exit_code, out_of_memory, .. } = container.phase else { panic!("{container:?}") };
    assert_eq!((exit_code, out_of_memory), (137, true));
}

#[tokio::test]
async fn a_refused_reload_leaves_the_old_configuration_and_gives_openclaws_words() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let (good, before) = (spec.config_digest(), std::fs::read(bench.runtime.layout().config_file(spec.deployment)).expect("a file"));
    spec.config["standin"] = json!({ "refuse": "agents.defaults: Unrecognized key" });
    let error = bench.runtime.reload(&spec).await.expect_err("refused");
    assert_eq!(error.kind, RuntimeErrorKind::Rejected);
    assert!(error.message.contains("agents.defaults: Unrecognized key"), "{error}");
    let look = bench.until_started(spec.deployment).await;
    assert_eq!(look.config, Some(good));
    assert_eq!(std::fs::read(bench.runtime.layout().config_file(spec.deployment)).expect("a file"), before);
}

#[tokio::test]
async fn a_reload_that_nobody_notices_ends_in_a_restart_of_the_gateway() {
    let bench = Bench::new();
    let mut spec = bench.spec_with(json!({ "ignore": true }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = bench.until_started(spec.deployment).await.container.expect("a container").id;
    spec.config["standin"] = json!({ "ignore": true, "changed": 1 });
    let began = Instant::now();
    bench.runtime.reload(&spec).await.expect("reloads in the end");
    assert!(began.elapsed().as_secs() >= 19, "the file alone must not have been enough");
    let look = bench.until_started(spec.deployment).await;
    assert_eq!((look.config, look.container.expect("a container").id), (Some(spec.config_digest()), before));
}

#[tokio::test]
async fn a_reload_that_was_cut_off_counts_as_not_taken() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let old = spec.config_digest();
    spec.config["standin"] = json!({ "changed": 1 });
    // As far as a killed host would have come.
    vivier_host::delivery::begin_reload(bench.runtime.layout(), spec.deployment, &spec.config).expect("delivered");
    assert_eq!(bench.runtime.observe(spec.deployment).await.expect("a look").config, Some(old));
    bench.runtime.reload(&spec).await.expect("reloads");
    assert_eq!(bench.runtime.observe(spec.deployment).await.expect("a look").config, Some(spec.config_digest()));
}

#[tokio::test]
async fn a_reload_of_nothing_is_not_found() {
    let bench = Bench::new();
    let error = bench.runtime.reload(&bench.spec()).await.expect_err("nothing runs");
    assert_eq!(error.kind, RuntimeErrorKind::NotFound);
}

#[tokio::test]
async fn a_container_that_ignores_sigterm_is_killed_after_its_grace() {
    let bench = Bench::new();
    let spec = bench.spec_with(json!({ "ignoreTerm": true }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    bench.runtime.stop(spec.deployment, 1).await.expect("stops");
    let container = bench.runtime.observe(spec.deployment).await.expect("a look").container.expect("it stays");
    assert!(matches!(container.phase, ContainerPhase::Exited { exit_code: 137, out_of_memory: false, .. }), "{container:?}");
}

#[tokio::test]
async fn a_container_someone_removed_by_hand_is_seen_as_absent_and_comes_back() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = bench.until_started(spec.deployment).await.container.expect("a container").id;
    docker(&["rm", "-f", &before]);
    let look = bench.runtime.observe(spec.deployment).await.expect("a look");
    assert!(look.container.is_none() && look.data && look.config.is_some() && look.network.is_some(), "{look:?}");
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    assert_ne!(bench.until_started(spec.deployment).await.container.expect("a container").id, before);
}

#[tokio::test]
async fn after_a_reboot_the_secrets_count_as_not_delivered() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    bench.runtime.stop(spec.deployment, 5).await.expect("stops");
    // What a reboot takes: the tmpfs and the firewall.
    nix::mount::umount(&bench.runtime.layout().secrets_root()).expect("unmounted");
    run("nft", &["delete", "table", "inet", bench.runtime.firewall().table()]);
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await; // a listing of the firewall may be a second old
    let look = bench.runtime.observe(spec.deployment).await.expect("a look");
    assert_eq!((look.secrets, look.network, look.config), (None, None, Some(spec.config_digest())));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("starts again");
    let look = bench.until_started(spec.deployment).await;
    assert_eq!((look.secrets, look.network), (Some(3), Some(spec.subnet)));
    assert!(bench.runtime.prove(&spec).await.expect("a proof").holds());
}

#[tokio::test]
async fn without_a_tmpfs_no_secret_is_delivered_at_all() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Storage).await.expect("storage");
    // A file where the mount point should be: nothing can be mounted there.
    let root = bench.runtime.layout().secrets_root();
    std::fs::write(&root, b"in the way").expect("written");
    let error = bench.runtime.apply(&spec, Stage::Config).await.expect_err("no secrets on disk");
    assert!(matches!(error.kind, RuntimeErrorKind::Refused | RuntimeErrorKind::Failed), "{error:?}");
    let found = run("grep", &["-rl", crate::support::SECRET, &bench.runtime.layout().root().to_string_lossy()]);
    assert_eq!(found, "", "a secret lies on the disk");
    std::fs::remove_file(&root).expect("removed");
    bench.runtime.apply(&spec, Stage::Config).await.expect("config");
    bench.runtime.remove(spec.deployment, Scope::Everything).await.expect("removed");
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_unknown_never_absent() {
    let bench = Bench::new();
    let config = vivier_host::Config { docker_socket: "/nonexistent/docker.sock".into(), ..bench.config.clone() };
    let blind = vivier_host::DockerRuntime::open(config).expect("opens without an engine");
    let spec = bench.spec();
    for error in [
        blind.observe(spec.deployment).await.expect_err("unknown"),
        blind.apply(&spec, Stage::Storage).await.expect_err("unknown"),
        blind.remove(spec.deployment, Scope::Everything).await.expect_err("unknown"),
        blind.inventory().await.map(|_| ()).expect_err("unknown"),
    ] {
        assert_eq!(error.kind, RuntimeErrorKind::Unreachable, "{error:?}");
    }
}

#[tokio::test]
async fn an_image_that_the_host_does_not_know_is_not_started_even_when_the_engine_has_it() {
    let bench = Bench::new();
    let spec = bench.spec();
    std::fs::remove_dir_all(bench.runtime.layout().image(&spec.image)).expect("forgotten");
    let error = bench.runtime.apply(&spec, Stage::Workload).await.expect_err("unknown");
    assert_eq!(error.kind, RuntimeErrorKind::Image);
    assert_eq!(bench.left_over(), Vec::<String>::new());
}

/// A way to the engine that can be cut: everything that runs over it ends with the task.
fn bridge_to_the_engine(path: &std::path::Path) -> tokio::task::JoinHandle<()> {
    drop(std::fs::remove_file(path));
    let listener = tokio::net::UnixListener::bind(path).expect("a socket");
    tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            connections.spawn(async move {
                let mut far = tokio::net::UnixStream::connect("/var/run/docker.sock").await.expect("the engine");
                tokio::io::copy_bidirectional(&mut near, &mut far).await
            });
        }
    })
}

#[tokio::test]
async fn an_engine_that_was_away_is_found_again_by_itself() {
    let bench = Bench::new();
    let path = bench.runtime.layout().root().join("engine.sock");
    let config = vivier_host::Config { docker_socket: path.clone(), ..bench.config.clone() };
    let runtime = vivier_host::DockerRuntime::open(config).expect("opens");
    let spec = bench.spec();
    let way = bridge_to_the_engine(&path);
    runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let mut events = runtime.events().await.expect("events");
    way.abort();
    assert!(way.await.is_err_and(|error| error.is_cancelled()));
    let error = runtime.observe(spec.deployment).await.expect_err("unknown");
    assert_eq!(error.kind, RuntimeErrorKind::Unreachable, "{error:?}");
    let _way = bridge_to_the_engine(&path);
    let look = runtime.observe(spec.deployment).await.expect("a look");
    assert!(look.container.is_some() && look.network.is_some(), "{look:?}");
    // And the hints go on: whoever was here may have changed in the meantime.
    let hint = tokio::time::timeout(std::time::Duration::from_secs(20), futures_util::StreamExt::next(&mut events));
    assert_eq!(hint.await.expect("in time"), Some(spec.deployment));
}
