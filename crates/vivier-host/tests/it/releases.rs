//! What the host does not start, asked over its own socket: whatever `serve` wants, only a release that the operator has signed, that
//! is whole, that the gate lets through and that nobody has withdrawn.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use vivier_core::release::Verdict;
use vivier_core::runtime::{ContainerPhase, Runtime, RuntimeErrorKind, Stage, WorkloadSpec};
use vivier_core::wire::host::{Image, Withdraw};
use vivier_host::release::dsse::Envelope;
use vivier_host::release::enter::Draft;
use vivier_host::release::keys::SigningKey;
use vivier_host::release::papers::{PROVENANCE, SBOM, SCAN};

use crate::socket::{Served, served};
use crate::support::{Bench, docker, draft, enter};

/// A host behind its socket, an agent of it that runs, and the papers of the release, which can be spoiled.
struct World {
    host: Served,
    running: WorkloadSpec,
    container: String,
    bench: Bench,
}

impl World {
    async fn new() -> Self {
        let bench = Bench::new();
        let host = served(bench.config.clone()).await;
        let running = bench.spec();
        host.client.apply(&running, Stage::Workload).await.expect("an honest release starts");
        let container = bench.until_started(running.deployment).await.container.expect("a container").id;
        Self { host, running, container, bench }
    }

    fn papers(&self) -> PathBuf {
        self.bench.runtime.layout().image(&self.bench.image)
    }

    fn draft(&self) -> Draft {
        draft(&self.bench.image, &self.bench.version)
    }

    /// Signs the statement anew, changed, with `key`.
    fn reseal(&self, key: &SigningKey, change: impl Fn(&mut Value)) {
        let path = self.papers().join(PROVENANCE);
        let envelope: Value = serde_json::from_slice(&std::fs::read(&path).expect("reads")).expect("JSON");
        let payload = STANDARD.decode(envelope["payload"].as_str().expect("a payload")).expect("base64");
        let mut statement: Value = serde_json::from_slice(&payload).expect("JSON");
        change(&mut statement);
        let sealed = Envelope::seal(statement.to_string().as_bytes(), key).expect("sealed");
        std::fs::write(path, serde_json::to_vec(&sealed).expect("JSON")).expect("writes");
    }

    fn own_key(&self) -> SigningKey {
        SigningKey::read(&self.bench.runtime.layout().release_key()).expect("the key")
    }

    /// Asks for an agent as a `serve` would that wants it at any price: it is refused with these words, nothing is made for it, and
    /// the agent that runs is not touched.
    async fn refuses(&self, words: &str) {
        let before = self.bench.left_over();
        let spec = self.bench.spec();
        let mut errors = Vec::new();
        for stage in [Stage::Storage, Stage::Config, Stage::Workload] {
            errors.push(self.host.client.apply(&spec, stage).await.expect_err(words));
        }
        errors.push(self.host.client.rehearse(&self.running, None).await.expect_err(words));
        for error in errors {
            assert_eq!(error.kind, RuntimeErrorKind::Image, "{error:?}");
            assert!(error.message.contains(words), "`{words}` is not in: {error}");
        }
        assert_eq!(self.bench.left_over(), before, "something was made for what is refused: {words}");
        assert!(!self.bench.runtime.layout().volume(spec.deployment).exists(), "{words}");
        let look = self.host.client.observe(self.running.deployment).await.expect("a look").container.expect("it is there");
        assert_eq!(look.id, self.container, "{words}");
        assert!(matches!(look.phase, ContainerPhase::Running { .. }), "{words}: {look:?}");
    }

    /// As it was.
    async fn heal(&self) {
        enter(&self.bench.config, self.draft());
        self.bench.runtime.layout().withdrawal(&self.bench.image).exists().then(|| panic!("still withdrawn"));
        let images: Vec<Image> = self.host.client.get("/images", &()).await.expect("images");
        assert!(images.iter().any(|image| image.image == self.bench.image && image.may_start()), "{images:?}");
    }

    async fn end(self) {
        self.host.shutdown.cancel();
        self.host.task.await.expect("no panic").expect("ends well");
    }
}

#[tokio::test]
async fn a_release_whose_papers_were_tampered_with_is_refused_whoever_asks() {
    let world = World::new().await;
    let papers = world.papers();
    let write = |name: &str, bytes: &[u8]| std::fs::write(papers.join(name), bytes).expect("writes");

    let envelope = std::fs::read(papers.join(PROVENANCE)).expect("reads");
    std::fs::remove_file(papers.join(PROVENANCE)).expect("removes");
    world.refuses("is not signed").await;
    write(PROVENANCE, b"{}");
    world.refuses("cannot be read").await;

    // What was signed says that it is unscanned; somebody would rather have it scanned.
    let mut forged: Value = serde_json::from_slice(&envelope).expect("JSON");
    let statement = STANDARD.decode(forged["payload"].as_str().expect("a payload")).expect("base64");
    let statement = String::from_utf8(statement).expect("text").replace("unscanned", "passed");
    forged["payload"] = STANDARD.encode(statement).into();
    write(PROVENANCE, forged.to_string().as_bytes());
    world.refuses("the signature of the release").await;

    let mut forged: Value = serde_json::from_slice(&envelope).expect("JSON");
    forged["signatures"][0]["sig"] = STANDARD.encode(world.own_key().sign(b"something else").expect("signed")).into();
    write(PROVENANCE, forged.to_string().as_bytes());
    world.refuses("is wrong: it was changed").await;

    world.heal().await;
    let strangers = tempfile::tempdir().expect("a directory");
    let stranger = SigningKey::make(&strangers.path().join("release.key")).expect("made");
    world.reseal(&stranger, |_| {});
    world.refuses("a key that this host does not trust").await;

    world.heal().await;
    std::fs::remove_file(papers.join(SBOM)).expect("removes");
    world.refuses("has no sbom.cdx.json").await;
    write(SBOM, br#"{"bomFormat":"CycloneDX","components":[{"name":"harmless"}]}"#);
    world.refuses("the sbom.cdx.json of the release").await;
    world.heal().await;
    write(SCAN, br#"{"findings":[]}"#);
    world.refuses("the scan.json of the release").await;

    // Signed with the right key, and yet not what may be started.
    world.heal().await;
    world.reseal(&world.own_key(), |statement| {
        statement["predicate"]["runDetails"]["byproducts"].as_array_mut().expect("documents").retain(|document| document["name"] != SBOM);
    });
    world.refuses("has no sbom.cdx.json").await;
    world.heal().await;
    world.reseal(&world.own_key(), |statement| statement["subject"][0]["digest"]["sha256"] = "0".repeat(64).into());
    world.refuses("is about another one").await;
    world.heal().await;
    world.reseal(&world.own_key(), |statement| {
        statement["predicate"]["vivier_release"]["layers"][0] = format!("sha256:{}", "0".repeat(64)).into();
    });
    world.refuses("holds other layers").await;
    world.heal().await;
    world.reseal(&world.own_key(), |statement| statement["predicateType"] = "https://example.com/other".into());
    world.refuses("cannot be read").await;

    // The key itself in somebody's hands.
    world.heal().await;
    let key = world.bench.runtime.layout().release_public_key();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o666)).expect("chmod");
    world.refuses("the keys that releases are checked with").await;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    world.heal().await;
    world.end().await;
}

#[tokio::test]
async fn another_image_under_a_releases_name_and_papers_is_not_started() {
    let world = World::new().await;
    let folder = tempfile::tempdir().expect("a directory");
    let planted = folder.path().join("planted");
    std::fs::write(&planted, "not of the recipe").expect("writes");
    let container = docker(&["create", "--label", "io.vivier.installation=standin-build", world.bench.image.as_str()]);
    docker(&["cp", &planted.display().to_string(), &format!("{container}:/opt/openclaw/planted")]);
    let name = format!("vivier-test/planted:{}", uuid::Uuid::new_v4().simple());
    let other: vivier_core::digest::Digest = docker(&["commit", &container, &name]).parse().expect("a digest");
    docker(&["rm", &container]);
    // The labels are those of the recipe; the papers are those of the honest one, under the other's digest.
    let layout = world.bench.runtime.layout();
    std::fs::create_dir(layout.image(&other)).expect("made");
    for entry in std::fs::read_dir(world.papers()).expect("papers").map(|entry| entry.expect("an entry")) {
        std::fs::copy(entry.path(), layout.image(&other).join(entry.file_name())).expect("copied");
    }
    let spec = WorkloadSpec { image: other.clone(), ..world.bench.spec() };
    let error = world.host.client.apply(&spec, Stage::Workload).await.expect_err("refused");
    assert!(error.kind == RuntimeErrorKind::Image && error.message.contains("is about another one"), "{error}");
    let images: Vec<Image> = world.host.client.get("/images", &()).await.expect("images");
    assert_eq!(images.iter().map(|image| &image.image).collect::<Vec<_>>(), [&world.bench.image]);
    docker(&["image", "rm", &name]);
    world.end().await;
}

#[tokio::test]
async fn what_the_gate_refuses_and_what_was_withdrawn_is_not_started_and_what_runs_goes_on() {
    let world = World::new().await;
    enter(&world.bench.config, Draft { verdict: Verdict::Failed, accepted: None, ..world.draft() });
    world.refuses("vulnerabilities that the policy does not accept").await;
    // No reason makes up for what was found.
    enter(&world.bench.config, Draft { verdict: Verdict::Failed, accepted: Some("we want it".to_owned()), ..world.draft() });
    world.refuses("vulnerabilities that the policy does not accept").await;
    enter(&world.bench.config, Draft { verdict: Verdict::Unscanned, accepted: None, ..world.draft() });
    world.refuses("was not scanned").await;
    enter(&world.bench.config, Draft { verdict: Verdict::Passed, accepted: None, ..world.draft() });
    let spec = world.bench.spec();
    world.host.client.apply(&spec, Stage::Storage).await.expect("a release that passed may be started");
    world.host.client.remove(spec.deployment, vivier_core::runtime::Scope::Everything).await.expect("removed");

    let image = world.bench.image.clone();
    let withdraw = |reason: Option<&str>| Withdraw { image: image.clone(), reason: reason.map(str::to_owned) };
    let error = world.host.client.done("/withdraw", &withdraw(Some(" "))).await.expect_err("without a reason");
    assert!(error.kind == RuntimeErrorKind::Refused && error.message.contains("the reason must have"), "{error}");
    let strange = Withdraw { image: vivier_core::digest::Digest::of("nobody's"), reason: Some("why not".to_owned()) };
    assert_eq!(world.host.client.done("/withdraw", &strange).await.expect_err("unknown").kind, RuntimeErrorKind::NotFound);

    world.host.client.done("/withdraw", &withdraw(Some("it eats letters"))).await.expect("withdrawn");
    world.refuses("was withdrawn: it eats letters").await;
    let images: Vec<Image> = world.host.client.get("/images", &()).await.expect("images");
    assert_eq!(images[0].withdrawn.as_ref().map(|withdrawn| withdrawn.reason.as_str()), Some("it eats letters"));
    // Signing it again does not bring it back, and neither does a restart of the agent.
    enter(&world.bench.config, world.draft());
    world.refuses("was withdrawn").await;
    world.host.client.stop(world.running.deployment, 5).await.expect("stops");
    let error = world.host.client.apply(&world.running, Stage::Workload).await.expect_err("it was withdrawn");
    assert!(error.message.contains("was withdrawn: it eats letters"), "{error}");
    world.host.client.done("/withdraw", &withdraw(None)).await.expect("taken back");
    world.host.client.apply(&world.running, Stage::Workload).await.expect("starts again");
    world.end().await;
}
