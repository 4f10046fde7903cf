//! Logs, statistics, events, capacity, and what is done with strays.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use vivier_core::runtime::{ContainerPhase, LogQuery, Runtime, RuntimeErrorKind, Scope, Stage};

use crate::support::{Bench, docker};

#[tokio::test]
async fn huge_lines_come_back_cut_and_a_follower_sees_what_comes_later() {
    let bench = Bench::new();
    let mut spec = bench.spec_with(json!({ "logLines": 3, "logBytes": 200_000 }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let mut lines = bench.runtime.logs(spec.deployment, LogQuery { tail: 10_000, follow: true }).await.expect("a log");
    spec.config["standin"]["more"] = json!(1);
    bench.runtime.reload(&spec).await.expect("reloads");
    let mut long = 0;
    loop {
        let line = tokio::time::timeout(Duration::from_secs(20), lines.next()).await.expect("in time").expect("no end").expect("a line");
        assert!(line.text.len() <= 16 * 1024 + '…'.len_utf8(), "{}", line.text.len());
        long += usize::from(line.text.ends_with('…'));
        if line.text.starts_with("config hot reload applied") {
            assert_eq!((line.level.as_deref(), line.subsystem.as_deref()), (Some("info"), Some("gateway/reload")));
            break;
        }
    }
    assert_eq!(long, 3);
    // The stream ends when the container does.
    bench.runtime.stop(spec.deployment, 10).await.expect("stops");
    let rest = async { while lines.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), rest).await.expect("the stream ends");
}

#[tokio::test]
async fn a_reader_that_sleeps_holds_up_only_its_own_stream() {
    let bench = Bench::new();
    let spec = bench.spec_with(json!({ "logLines": 20_000, "logBytes": 200 }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let mut sleeper = bench.runtime.logs(spec.deployment, LogQuery { tail: 10_000, follow: true }).await.expect("a log");
    sleeper.next().await.expect("a first line").expect("a line");
    // While it sleeps, another reads everything, and a look is quick.
    let end = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let awake: Vec<_> = bench.runtime.logs(spec.deployment, LogQuery { tail: 10_000, follow: false }).await.expect("a log").collect().await;
        if awake.len() == 10_000 {
            break;
        }
        assert!(std::time::Instant::now() < end, "the agent has written {} lines only", awake.len());
    }
    bench.until_started(spec.deployment).await;
    let mut left = 9_999;
    while left > 0 {
        sleeper.next().await.expect("more").expect("a line");
        left -= 1;
    }
}

#[tokio::test]
async fn statistics_name_use_and_limits() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let stats = bench.runtime.stats(spec.deployment).await.expect("statistics");
    assert_eq!((stats.cpu_limit_millis, stats.memory_limit_bytes), (u64::from(spec.limits.cpu_millis), spec.limits.memory_bytes));
    assert!((5 << 20..spec.limits.memory_bytes).contains(&stats.memory_bytes) && stats.pids > 1 && stats.network_received_bytes > 0, "{stats:?}");
    bench.runtime.stop(spec.deployment, 5).await.expect("stops");
    assert_eq!(bench.runtime.stats(spec.deployment).await.expect_err("nothing to measure").kind, RuntimeErrorKind::NotFound);
}

#[tokio::test]
async fn capacity_is_the_hosts_own_and_says_what_is_not_enforced() {
    let bench = Bench::new();
    let capacity = bench.runtime.capacity().await.expect("a capacity");
    assert_eq!(capacity.driver, "docker");
    assert!(capacity.cpus > 0 && capacity.memory_available_bytes > 0 && capacity.memory_available_bytes <= capacity.memory_total_bytes, "{capacity:?}");
    assert!(capacity.disk_available_bytes > 0 && capacity.disk_available_bytes <= capacity.disk_total_bytes, "{capacity:?}");
    assert!(capacity.warnings.iter().any(|warning| warning.contains("Disk space is not limited")), "{:?}", capacity.warnings);
}

#[tokio::test]
async fn without_a_firewall_program_no_agent_is_started_and_the_operator_is_told() {
    let bench = Bench::new();
    let bare = vivier_host::DockerRuntime::open(vivier_host::Config { nft: "/nonexistent/nft".into(), ..bench.config.clone() }).expect("a runtime");
    let error = bare.apply(&bench.spec(), Stage::Workload).await.expect_err("refused");
    assert_eq!(error.kind, RuntimeErrorKind::Refused);
    assert!(error.message.contains("apt-get install nftables"), "{error}");
    assert_eq!(bench.left_over(), Vec::<String>::new());
    assert!(bare.capacity().await.expect("a capacity").warnings.contains(&error.message));
}

#[tokio::test]
async fn a_death_is_hinted_at() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let container = bench.until_started(spec.deployment).await.container.expect("a container").id;
    let mut events = bench.runtime.events().await.expect("events");
    let other = bench.spec();
    bench.runtime.apply(&other, Stage::Storage).await.expect("prepares");
    docker(&["kill", &container]);
    let id = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let id = events.next().await.expect("no end");
            assert_eq!(id, spec.deployment);
            let look = bench.runtime.observe(id).await.expect("a look").container.expect("it stays");
            if matches!(look.phase, ContainerPhase::Exited { .. }) {
                return id;
            }
        }
    });
    assert_eq!(id.await.expect("a hint in time"), spec.deployment);
}

#[tokio::test]
async fn a_stray_is_stopped_and_kept_and_only_then_discarded() {
    let bench = Bench::new();
    let label = format!("io.vivier.installation={}", bench.runtime.installation());
    let foreign =
        docker(&["run", "-d", "--label", "io.vivier.installation=ins_other", "--network", "none", "--entrypoint", "/bin/sleep", bench.image.as_str(), "60"]);
    let stray = docker(&[
        "run",
        "-d",
        "--label",
        &label,
        "--label",
        "io.vivier.deployment=nonsense",
        "--network",
        "none",
        "--entrypoint",
        "/bin/sleep",
        bench.image.as_str(),
        "60",
    ]);
    let runtime = &bench.runtime;
    let resident =
        async |container: &str| runtime.inventory().await.expect("an inventory").into_iter().find(|resident| resident.container.as_deref() == Some(container));
    let seen = resident(&stray).await.expect("it is seen");
    assert!(seen.deployment.is_none() && seen.running && seen.quarantined_at.is_none(), "{seen:?}");
    assert!(resident(&foreign).await.is_none(), "another installation's is none of ours");
    assert_eq!(runtime.discard(&stray).await.expect_err("not in quarantine").kind, RuntimeErrorKind::Refused);
    for container in [foreign.as_str(), "no-such-container"] {
        assert_eq!(runtime.quarantine(container).await.expect_err("not ours").kind, RuntimeErrorKind::NotFound);
        runtime.discard(container).await.expect("nothing to do");
    }
    assert_eq!(docker(&["inspect", "--format", "{{.State.Running}}", &foreign]), "true");

    runtime.quarantine(&stray).await.expect("quarantined");
    let first = resident(&stray).await.expect("kept");
    runtime.quarantine(&stray).await.expect("quarantined again");
    let again = resident(&stray).await.expect("kept");
    assert!(!again.running && again.quarantined_at.is_some() && again.quarantined_at == first.quarantined_at, "{again:?}");
    runtime.discard(&stray).await.expect("discarded");
    assert!(resident(&stray).await.is_none());
    runtime.discard(&stray).await.expect("discarded again");
    docker(&["rm", "-f", &foreign]);
}

#[tokio::test]
async fn a_copy_under_another_name_belongs_to_nobody() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let labels = [format!("--label=io.vivier.installation={}", bench.runtime.installation()), format!("--label=io.vivier.deployment={}", spec.deployment)];
    let copy = docker(&["create", &labels[0], &labels[1], "--network", "none", bench.image.as_str()]);
    let all = bench.runtime.inventory().await.expect("an inventory");
    assert_eq!(all.iter().filter(|resident| resident.deployment == Some(spec.deployment)).count(), 1);
    assert_eq!(all.iter().find(|resident| resident.container.as_deref() == Some(&copy)).expect("seen").deployment, None);
    bench.runtime.remove(spec.deployment, Scope::Everything).await.expect("removes its own");
    assert!(!docker(&["inspect", "--format", "{{.Id}}", &copy]).is_empty(), "a copy is not taken with it");
}
