//! The proof finds each weakness. Containers made by hand stand in for what a broken or bewitched engine might have made.

use std::collections::BTreeSet;

use vivier_core::runtime::{Proof, Runtime, Stage, WorkloadSpec};

use crate::support::{Bench, docker};

/// The arguments of a container that is as ours are, as far as the command line can say it.
fn arguments(bench: &Bench, spec: &WorkloadSpec, labels: &[String]) -> Vec<String> {
    let (id, layout) = (spec.deployment, bench.runtime.layout());
    let profile = layout.root().join("profile.json");
    std::fs::write(&profile, include_str!("../../src/docker/seccomp.json")).expect("written");
    let bind = |source: std::path::PathBuf, target: &str, mode: &str| {
        format!("--mount=type=bind,source={},target={target},bind-propagation=rprivate{mode}", source.display())
    };
    let mut all = vec![
        format!("--name=vivier-{id}"),
        format!("--network=vivier-{id}"),
        format!("--ip={}", spec.subnet.agent()),
        format!("--hostname={}", spec.hostname()),
        "--user=1000:1000".to_owned(),
        "--read-only".to_owned(),
        "--cap-drop=ALL".to_owned(),
        "--security-opt=no-new-privileges:true".to_owned(),
        format!("--security-opt=seccomp={}", profile.display()),
        format!("--memory={}", spec.limits.memory_bytes),
        format!("--memory-swap={}", spec.limits.memory_bytes),
        "--cpu-period=100000".to_owned(),
        format!("--cpu-quota={}", spec.limits.cpu_millis * 100),
        format!("--pids-limit={}", spec.limits.pids),
        "--ipc=private".to_owned(),
        "--cgroupns=private".to_owned(),
        "--dns=127.0.0.1".to_owned(),
        "--log-opt=max-size=10485760".to_owned(),
        "--log-opt=max-file=3".to_owned(),
        format!("--tmpfs=/tmp:rw,noexec,nosuid,nodev,mode=1777,size={}", bench.config.tmp_bytes),
        bind(layout.state(id), "/home/node/.openclaw", ""),
        bind(layout.config_dir(id), "/etc/openclaw", ",readonly"),
        bind(layout.secrets_dir(id), "/run/openclaw", ",readonly"),
    ];
    all.extend(labels.iter().map(|label| format!("--label={label}")));
    all
}

/// Makes a container by hand, with `change` made to the arguments, and takes the proof of it.
async fn prove(bench: &Bench, spec: &WorkloadSpec, labels: &[String], change: impl Fn(&mut Vec<String>)) -> Proof {
    docker(&["rm", "-f", &format!("vivier-{}", spec.deployment)]);
    let mut all = arguments(bench, spec, labels);
    change(&mut all);
    let mut command = vec!["run", "-d"];
    command.extend(all.iter().map(String::as_str));
    command.push(spec.image.as_str());
    assert!(!docker(&command).is_empty(), "{all:#?}");
    bench.until_started(spec.deployment).await;
    bench.runtime.prove(spec).await.expect("a proof can be taken")
}

fn without(all: &mut Vec<String>, beginning: &str) {
    all.retain(|argument| !argument.starts_with(beginning));
}

fn failing(proof: &Proof) -> BTreeSet<&str> {
    proof.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect()
}

#[tokio::test]
async fn every_weakness_is_found_by_name() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let own = bench.runtime.prove(&spec).await.expect("a proof");
    assert!(own.holds(), "{:#?}", own.differences());
    assert!(own.checks.len() > 45, "{}", own.checks.len());
    let format = "{{range $key, $value := .Config.Labels}}{{$key}}={{$value}}\n{{end}}";
    let labels: Vec<String> = docker(&["inspect", "--format", format, &format!("vivier-{}", spec.deployment)])
        .lines()
        .filter(|line| line.starts_with("io.vivier."))
        .map(str::to_owned)
        .collect();

    // The copy made by hand holds as it is: so each finding below comes from its change.
    let copy = prove(&bench, &spec, &labels, |_| {}).await;
    assert!(copy.holds(), "{:#?}", copy.differences());

    type Change = Box<dyn Fn(&mut Vec<String>)>;
    let cases: Vec<(&str, Change, &[&str])> = vec![
        ("a capability", Box::new(|all| all.push("--cap-add=NET_RAW".to_owned())), &["capabilities added", "privileges of every process"]),
        ("all capabilities", Box::new(|all| without(all, "--cap-drop")), &["capabilities dropped", "privileges of every process"]),
        ("new privileges", Box::new(|all| without(all, "--security-opt=no-new")), &["security options", "privileges of every process"]),
        (
            "no seccomp",
            Box::new(|all| {
                without(all, "--security-opt=seccomp");
                all.push("--security-opt=seccomp=unconfined".to_owned());
            }),
            &["security options", "privileges of every process"],
        ),
        ("the engine's own seccomp", Box::new(|all| without(all, "--security-opt=seccomp")), &["security options"]),
        (
            "root",
            Box::new(|all| {
                without(all, "--user");
                all.push("--user=0:0".to_owned());
                all.push("--cap-add=DAC_OVERRIDE".to_owned());
            }),
            &["user", "privileges of every process"],
        ),
        ("a writable root", Box::new(|all| without(all, "--read-only")), &["read-only root", "root file system"]),
        (
            "more memory",
            Box::new(|all| {
                without(all, "--memory");
                all.push("--memory=1g".to_owned());
            }),
            &["memory limit"],
        ),
        (
            "more cpu",
            Box::new(|all| {
                without(all, "--cpu-quota");
                all.push("--cpu-quota=200000".to_owned());
            }),
            &["cpu limit"],
        ),
        (
            "more processes",
            Box::new(|all| {
                without(all, "--pids-limit");
                all.push("--pids-limit=5000".to_owned());
            }),
            &["process limit"],
        ),
        (
            "a mount of the host",
            Box::new(|all| all.push("--mount=type=bind,source=/usr,target=/host,readonly".to_owned())),
            &["mounts", "mounts of the engine"],
        ),
        (
            "writable secrets",
            Box::new(|all| {
                for argument in all.iter_mut() {
                    if argument.contains("/run/openclaw") {
                        *argument = argument.replace(",readonly", "");
                    }
                }
            }),
            &["mounts", "mounts of the engine"],
        ),
        ("a published port", Box::new(|all| all.push("--publish=127.0.0.1::18789".to_owned())), &["published ports"]),
        ("the host's processes", Box::new(|all| all.push("--pid=host".to_owned())), &["namespaces shared with the host", "namespaces of its own"]),
        (
            "the host's ipc",
            Box::new(|all| {
                without(all, "--ipc");
                all.push("--ipc=host".to_owned());
            }),
            &["ipc", "namespaces of its own"],
        ),
        (
            "another host name",
            Box::new(|all| {
                without(all, "--hostname");
                all.push("--hostname=other".to_owned());
            }),
            &["hostname"],
        ),
        (
            "another address",
            Box::new(|all| {
                without(all, "--ip=");
            }),
            &[],
        ),
        ("a device", Box::new(|all| all.push("--device=/dev/null:/dev/other".to_owned())), &["devices"]),
        ("a group", Box::new(|all| all.push("--group-add=0".to_owned())), &["groups added", "privileges of every process"]),
        (
            "an executable /tmp",
            Box::new(|all| {
                without(all, "--tmpfs");
                all.push("--tmpfs=/tmp:rw,exec".to_owned());
            }),
            &["mounts"],
        ),
        ("an endless log", Box::new(|all| without(all, "--log-opt")), &["log rotation"]),
        (
            "another shape",
            Box::new(|all| {
                without(all, "--label=io.vivier.shape");
            }),
            &["shape"],
        ),
        (
            "another fingerprint",
            Box::new(|all| {
                without(all, "--label=io.vivier.fingerprint");
            }),
            &["fingerprint"],
        ),
    ];
    for (what, change, names) in cases {
        let proof = prove(&bench, &spec, &labels, change).await;
        for name in names {
            assert!(failing(&proof).contains(name), "{what}: {name} is not among {:#?}", proof.differences());
        }
    }
    // A second network, joined afterwards.
    prove(&bench, &spec, &labels, |_| {}).await;
    docker(&["network", "connect", "bridge", &format!("vivier-{}", spec.deployment)]);
    let proof = bench.runtime.prove(&spec).await.expect("a proof");
    assert!(failing(&proof).contains("networks"), "{:#?}", proof.differences());
    assert!(!proof.holds());
    // A guest on the agent's own network.
    prove(&bench, &spec, &labels, |_| {}).await;
    let label = format!("io.vivier.installation={}", bench.runtime.installation());
    docker(&["run", "-d", "--label", &label, "--network", &format!("vivier-{}", spec.deployment), "--entrypoint", "/bin/sleep", spec.image.as_str(), "60"]);
    let proof = bench.runtime.prove(&spec).await.expect("a proof");
    assert!(failing(&proof).contains("network members"), "{:#?}", proof.differences());
}

#[tokio::test]
async fn a_container_that_does_not_run_cannot_be_proven() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Config).await.expect("applies");
    let error = bench.runtime.prove(&spec).await.expect_err("nothing runs");
    assert_eq!(error.kind, vivier_core::runtime::RuntimeErrorKind::NotFound);
}
