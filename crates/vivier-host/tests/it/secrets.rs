//! Changed secrets reach a gateway while it runs, or never happened; and none may stand in clear where OpenClaw writes.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vivier_core::runtime::{ContainerPhase, Runtime as _, RuntimeErrorKind, Stage, WorkloadSpec};
use vivier_core::secret::Secret;
use vivier_host::delivery;

use crate::support::{Bench, inside};

/// What the gateway works with, by its own account.
fn used(spec: &WorkloadSpec) -> Value {
    let script = "fetch('http://127.0.0.1:18789/v1/standin').then((answer) => answer.json()).then((said) => console.log(JSON.stringify(said.secrets)))";
    serde_json::from_str(&inside(spec.deployment, script)).expect("a digest")
}

fn digest(spec: &WorkloadSpec) -> Value {
    json!(format!("sha256:{}", hex::encode(Sha256::digest(spec.secrets.document().to_string()))))
}

fn change(spec: &mut WorkloadSpec, text: &str) {
    spec.secrets.version += 1;
    spec.secrets.versions.insert("model.key".to_owned(), spec.secrets.version);
    spec.secrets.values.insert("model.key".to_owned(), Secret::new(text));
}

async fn started_at(bench: &Bench, spec: &WorkloadSpec) -> (String, vivier_core::time::Timestamp) {
    let container = bench.until_started(spec.deployment).await.container.expect("a container");
    let ContainerPhase::Running { started_at, .. } = container.phase else { panic!("{container:?}") };
    (container.id, started_at)
}

#[tokio::test]
async fn a_changed_secret_is_used_by_the_same_process() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = started_at(&bench, &spec).await;
    assert_eq!(used(&spec), digest(&spec));
    change(&mut spec, "the-second-text");
    bench.runtime.reload(&spec).await.expect("reloads");
    assert_eq!(used(&spec), digest(&spec));
    assert_eq!(started_at(&bench, &spec).await, before);
    // Both at once, and the other way round: what changes together is taken together.
    change(&mut spec, "the-third-text");
    spec.config["standin"] = json!({ "changed": 1 });
    bench.runtime.reload(&spec).await.expect("reloads");
    let look = bench.runtime.observe(spec.deployment).await.expect("a look");
    assert_eq!((look.secrets, look.config, used(&spec)), (Some(spec.secrets.version), Some(spec.config_digest()), digest(&spec)));
    assert_eq!(started_at(&bench, &spec).await, before);
}

#[tokio::test]
async fn refused_secrets_leave_the_old_ones_delivered() {
    let bench = Bench::new();
    let mut spec = bench.spec_with(json!({ "refuseSecrets": true }));
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = started_at(&bench, &spec).await;
    let (old, version) = (digest(&spec), spec.secrets.version);
    change(&mut spec, "the-second-text");
    let error = bench.runtime.reload(&spec).await.expect_err("refused");
    assert_eq!(error.kind, RuntimeErrorKind::Rejected, "{error:?}");
    assert!(error.message.contains("secrets.reload failed"), "{error}");
    let look = bench.runtime.observe(spec.deployment).await.expect("a look");
    assert_eq!(look.secrets, Some(version));
    let file = std::fs::read(bench.runtime.layout().secrets_dir(spec.deployment).join("secrets.json")).expect("a file");
    assert_eq!(json!(format!("sha256:{}", hex::encode(Sha256::digest(file)))), old);
    assert_eq!((used(&spec), started_at(&bench, &spec).await), (old, before));
    assert!(!bench.runtime.layout().previous_secrets(spec.deployment).exists());
}

#[tokio::test]
async fn secrets_whose_delivery_was_cut_off_count_as_not_taken() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = started_at(&bench, &spec).await;
    let version = spec.secrets.version;
    change(&mut spec, "the-second-text");
    // As far as a killed host would have come.
    delivery::begin_secrets_reload(bench.runtime.layout(), spec.deployment, &spec.secrets).expect("delivered");
    assert_eq!(bench.runtime.observe(spec.deployment).await.expect("a look").secrets, Some(version));
    bench.runtime.reload(&spec).await.expect("reloads");
    assert_eq!(bench.runtime.observe(spec.deployment).await.expect("a look").secrets, Some(spec.secrets.version));
    assert_eq!((used(&spec), started_at(&bench, &spec).await), (digest(&spec), before));
}

#[tokio::test]
async fn a_secret_in_clear_is_no_seal_and_is_told_by_the_files_name_alone() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    change(&mut spec, "a-canary-of-a-secret");
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let proof = bench.runtime.prove(&spec).await.expect("a proof");
    assert!(proof.holds() && proof.checks.iter().any(|check| check.name == "secrets in clear"), "{:#?}", proof.differences());
    // As OpenClaw would, had it written its configuration with what the references lead to.
    inside(spec.deployment, "require('fs').writeFileSync('/home/node/.openclaw/openclaw.json.bak', JSON.stringify({ key: 'a-canary-of-a-secret' }))");
    let proof = bench.runtime.prove(&spec).await.expect("a proof");
    assert_eq!(proof.differences(), ["secrets in clear: expected , found state/openclaw.json.bak"]);
    assert!(!serde_json::to_string(&proof).expect("JSON").contains("a-canary"));
}
