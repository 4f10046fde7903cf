//! The real OpenClaw: start, proof, reload, refusal, stop, and the secrets' whereabouts.

use serde_json::json;
use vivier_core::runtime::{ContainerPhase, LogQuery, Runtime, RuntimeErrorKind, Scope, Stage};

use crate::support::{Bench, SECRET, docker, inside, run};

#[tokio::test]
async fn the_real_gateway_starts_is_proven_reloads_and_stops() {
    let bench = Bench::real();
    let mut spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let look = bench.until_started(spec.deployment).await;
    let container = look.container.expect("a container").id;
    bench
        .until(spec.deployment, "ready", |look| {
            matches!(look.container.as_ref().map(|container| &container.phase), Some(ContainerPhase::Running { health, .. }) if health.ready && health.failing.is_empty())
        })
        .await;
    let proof = bench.runtime.prove(&spec).await.expect("a proof");
    assert!(proof.holds(), "{:#?}", proof.differences());

    // No channel of this one is a plugin: its first start found a state without history.
    assert!(!bench.runtime.layout().state(spec.deployment).join("npm").exists());

    spec.config["agents"]["defaults"]["timeoutSeconds"] = json!(321);
    bench.runtime.reload(&spec).await.expect("reloads");
    let look = bench.until_started(spec.deployment).await;
    assert_eq!((look.config, look.container.expect("a container").id), (Some(spec.config_digest()), container));

    let good = spec.config_digest();
    let mut bad = spec.clone();
    bad.config["nonsense"] = json!(1);
    let error = bench.runtime.reload(&bad).await.expect_err("refused");
    assert_eq!(error.kind, RuntimeErrorKind::Rejected);
    assert!(error.message.contains("nonsense"), "{error}");
    assert_eq!(bench.until_started(spec.deployment).await.config, Some(good));

    // The secret is where it must be, and nowhere else.
    assert!(inside(spec.deployment, "console.log(require('fs').readFileSync('/run/openclaw/secrets.json', 'utf8'))").contains(SECRET));
    let name = format!("vivier-{}", spec.deployment);
    assert!(!docker(&["inspect", &name]).contains(SECRET), "in inspect");
    let mut logs = bench.runtime.logs(spec.deployment, LogQuery { tail: 10_000, follow: false }).await.expect("a log");
    while let Some(line) = futures_util::StreamExt::next(&mut logs).await {
        assert!(!line.expect("a line").text.contains(SECRET), "in the log");
    }
    let everywhere = "const fs = require('fs'); for (const pid of fs.readdirSync('/proc').filter(Number)) for (const file of ['environ', 'cmdline']) { try { console.log(fs.readFileSync(`/proc/${pid}/${file}`, 'utf8')); } catch {} }";
    let seen = inside(spec.deployment, everywhere);
    assert!(seen.contains("OPENCLAW_STATE_DIR") && !seen.contains(SECRET), "in an environment or argument");
    let disk = run("grep", &["-rls", "--exclude-dir=secrets", SECRET, &bench.runtime.layout().root().to_string_lossy()]);
    assert_eq!(disk, "", "on the disk");

    bench.runtime.stop(spec.deployment, 30).await.expect("stops");
    let look = bench.runtime.observe(spec.deployment).await.expect("a look").container.expect("it stays");
    assert!(matches!(look.phase, ContainerPhase::Exited { exit_code: 0 | 143, out_of_memory: false, .. }), "{look:?}");

    // Killed without a word, it starts again at once: the state lease knows its host name.
    bench.runtime.apply(&spec, Stage::Workload).await.expect("starts again");
    bench.until_started(spec.deployment).await;
    docker(&["kill", &name]);
    // With a channel that is a plugin of the image it is another container, and OpenClaw trusts the plugin.
    spec.config["channels"] = json!({ "discord": { "enabled": true, "token": "MTAxMDEwMTAxMDEwMTAxMDEw.GaaaaA.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } });
    spec.config["plugins"]["entries"]["discord"] = json!({ "enabled": true });
    bench.runtime.apply(&spec, Stage::Workload).await.expect("is replaced");
    bench.until_started(spec.deployment).await;
    let mut log = bench.runtime.logs(spec.deployment, LogQuery { tail: 1_000, follow: true }).await.expect("a log");
    let discord = async { while !futures_util::StreamExt::next(&mut log).await.expect("no end").expect("a line").text.contains("starting provider") {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), discord).await.expect("Discord's provider starts");
    // It cannot reach Discord here. `/readyz` never says so; OpenClaw's own account of it does.
    let look = bench.until(spec.deployment, "told that Discord is not connected", |look| {
        matches!(look.container.as_ref().map(|container| &container.phase), Some(ContainerPhase::Running { health, .. }) if health.reasons.contains_key("discord"))
    });
    let Some(ContainerPhase::Running { health, .. }) = look.await.container.map(|container| container.phase) else { panic!("it runs") };
    assert!(health.ready && health.failing == ["discord"], "{health:?}");
    println!("Discord without a network: {:?}", health.reasons);
    bench.runtime.remove(spec.deployment, Scope::Everything).await.expect("removes");
    assert_eq!(bench.left_over(), Vec::<String>::new());
}

#[tokio::test]
async fn a_configuration_that_openclaw_cannot_start_with_is_told_in_its_last_lines() {
    let bench = Bench::real();
    let mut spec = bench.spec();
    spec.config["nonsense"] = json!(1);
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let look = bench
        .until(spec.deployment, "ended", |look| matches!(look.container.as_ref().map(|container| &container.phase), Some(ContainerPhase::Exited { .. })))
        .await;
    let ContainerPhase::Exited { exit_code, last_lines, .. } = look.container.expect("a container").phase else { panic!("it runs") };
    assert!(exit_code != 0 && last_lines.iter().any(|line| line.contains("nonsense")), "{exit_code}: {last_lines:#?}");
}
