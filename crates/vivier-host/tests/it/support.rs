//! What the tests stand on: a bench with a data directory, a subnet pool and an installation of its own, on the real engine.
//! Everything that carries the bench's label is taken away when it is dropped, however the test ended.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use vivier_core::agent::Tuning;
use vivier_core::config::{Document, Surroundings, render};
use vivier_core::digest::Digest;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::release::Verdict;
use vivier_core::runtime::{Limits, Observation, Runtime, SecretsDocument, Subnet, WorkloadSpec, conformance};
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use vivier_host::release::enter::Draft;
use vivier_host::release::papers::Release;
use vivier_host::{Config, DockerRuntime};

pub const SECRET: &str = "the-secret-that-must-stay-hidden-4711";
const MIB: u64 = 1024 * 1024;

/// One installation of Vivier's host, for one test.
pub struct Bench {
    pub config: Config,
    pub runtime: DockerRuntime,
    pub image: Digest,
    /// Of the release.
    pub version: String,
    pub limits: Limits,
    pub tuning: Tuning,
    next: AtomicU32,
    _data: tempfile::TempDir,
}

impl Bench {
    /// With the stand-in for a gateway, and addresses for some sixty agents.
    pub fn new() -> Self {
        Self::standin(22)
    }

    /// With the stand-in for a gateway, and addresses for twice 250 agents: some may be in use on the machine.
    pub fn crowd() -> Self {
        Self::standin(19)
    }

    fn standin(prefix: u32) -> Self {
        let tuning = Tuning {
            node_flags: vec!["--max-old-space-size=64".to_owned()],
            env: [("MALLOC_ARENA_MAX".to_owned(), "2".to_owned())].into(),
            overlay: Value::Null,
        };
        Self::with(standin_image(), Limits { cpu_millis: 1_000, memory_bytes: 192 * MIB, storage_bytes: MIB, pids: 64 }, tuning, prefix)
    }

    /// With the real OpenClaw, as the plan Starter runs it (but on two cores, to be quick).
    pub fn real() -> Self {
        Self::with(real_image(), Limits { cpu_millis: 2_000, memory_bytes: 1024 * MIB, storage_bytes: 10 * 1024 * MIB, pids: 256 }, Tuning::of(1 << 30), 22)
    }

    fn with(image: Digest, limits: Limits, tuning: Tuning, prefix: u32) -> Self {
        assert!(nix::unistd::geteuid().is_root(), "these tests make networks, mounts and firewall rules: run them as root");
        let data = tempfile::Builder::new().prefix("vivier-host-").tempdir().expect("a directory");
        // At random out of 10.64.0.0/10: rooms enough that tests at the same time hardly meet.
        let random = u32::try_from(uuid::Uuid::new_v4().as_u128() & u128::from(u32::MAX)).expect("32 bits");
        let base = u32::from(std::net::Ipv4Addr::new(10, 64, 0, 0)) | ((random << (32 - prefix)) & 0x003f_ffff);
        let pool = format!("{}/{prefix}", std::net::Ipv4Addr::from(base));
        let config = Config { data_dir: data.path().join("data"), subnet_pool: pool.parse().expect("a pool"), channels_every_seconds: 1, ..Config::default() };
        let runtime = DockerRuntime::open(config.clone()).expect("a runtime");
        let version = docker(&["image", "inspect", "--format", "{{index .Config.Labels \"io.vivier.openclaw.version\"}}", image.as_str()]);
        enter(&config, draft(&image, &version));
        Self { config, runtime, image, version, limits, tuning, next: AtomicU32::new(0), _data: data }
    }

    pub fn subnet(&self) -> Subnet {
        self.config.subnet_pool.get(self.next.fetch_add(1, Ordering::SeqCst)).expect("the pool is large enough")
    }

    /// Something that runs, with `standin`'s orders for the stand-in.
    pub fn spec_with(&self, standin: Value) -> WorkloadSpec {
        let subnet = self.subnet();
        let document = Document::parse("{}").expect("a document");
        let around = Surroundings { origin: "http://ada.localhost:8080", subnet, tuning: &self.tuning, provider: None, channels: &[] };
        let mut config = render(&document, &around);
        if !standin.is_null() {
            config["standin"] = standin;
        }
        WorkloadSpec {
            deployment: DeploymentId::from_uuid(uuid::Uuid::now_v7()),
            account: AccountId::from_uuid(uuid::Uuid::now_v7()),
            generation: 1,
            image: self.image.clone(),
            limits: self.limits,
            subnet,
            node_flags: self.tuning.node_flags.clone(),
            env: self.tuning.env.clone(),
            config,
            secrets: SecretsDocument {
                version: 3,
                versions: [("model.key".to_owned(), 3)].into(),
                values: [("model.key".to_owned(), Secret::new(SECRET))].into(),
            },
        }
    }

    pub fn spec(&self) -> WorkloadSpec {
        self.spec_with(Value::Null)
    }

    /// Waits until a look shows what `seen` wants.
    pub async fn until(&self, id: DeploymentId, what: &str, seen: impl Fn(&Observation) -> bool) -> Observation {
        let end = Instant::now() + Duration::from_secs(240);
        loop {
            let look = self.runtime.observe(id).await.expect("a look works");
            if seen(&look) {
                return look;
            }
            assert!(Instant::now() < end, "never {what}: {look:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn until_started(&self, id: DeploymentId) -> Observation {
        self.until(id, "started", |look| match look.container.as_ref().map(|container| &container.phase) {
            Some(vivier_core::runtime::ContainerPhase::Running { health, .. }) => health.started,
            Some(vivier_core::runtime::ContainerPhase::Exited { last_lines, exit_code, .. }) => panic!("exited with {exit_code}: {last_lines:#?}"),
            Some(vivier_core::runtime::ContainerPhase::Created) | None => false,
        })
        .await
    }

    /// Everything on the engine that carries our label.
    pub fn left_over(&self) -> Vec<String> {
        let filter = format!("label=io.vivier.installation={}", self.runtime.installation());
        let mut all: Vec<String> = docker(&["ps", "-a", "--filter", &filter, "--format", "container {{.Names}}"]).lines().map(str::to_owned).collect();
        all.extend(docker(&["network", "ls", "--filter", &filter, "--format", "network {{.Name}}"]).lines().map(str::to_owned));
        all.sort();
        all
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let filter = format!("label=io.vivier.installation={}", self.runtime.installation());
        for (list, remove) in [(["ps", "-aq"], ["rm", "-fv"]), (["network", "ls"], ["network", "rm"])] {
            let mut arguments: Vec<&str> = list.to_vec();
            arguments.extend(["--no-trunc", "--filter", &filter]);
            if list[0] == "network" {
                arguments.push("-q");
            }
            let found = docker(&arguments);
            if !found.is_empty() {
                let mut arguments: Vec<&str> = remove.to_vec();
                arguments.extend(found.lines());
                docker(&arguments);
            }
        }
        run("nft", &["delete", "table", "inet", self.runtime.firewall().table()]);
        if let Err(error) = nix::mount::umount(&self.runtime.layout().secrets_root()) {
            eprintln!("not unmounted: {error}");
        }
    }
}

impl conformance::Bench for Bench {
    fn runtime(&self) -> &dyn Runtime {
        &self.runtime
    }

    fn fresh(&self) -> WorkloadSpec {
        self.spec()
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(Duration::from_millis(100)))
    }
}

/// A release of `image`, unscanned and accepted.
pub fn draft(image: &Digest, version: &str) -> Draft {
    Draft {
        release: Release { image: image.clone(), openclaw: version.to_owned(), node: "24.21.0".to_owned(), size_bytes: 1, notes: None },
        schema: None,
        locks: Vec::new(),
        sbom: br#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[]}"#.to_vec(),
        scan: b"{}".to_vec(),
        verdict: Verdict::Unscanned,
        accepted: Some("a test".to_owned()),
        started_on: Timestamp::from_millis(0),
    }
}

/// Signs it with the key of this data directory and enters it, as `vivierd release build` does.
pub fn enter(config: &Config, draft: Draft) {
    let config = config.clone();
    // On a thread of its own: a bench is also made where a runtime is at work already.
    let entered = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(vivier_host::release::enter::enter(&config, draft))
    });
    entered.join().expect("no panic").expect("a release");
}

/// Runs the docker CLI and gives what it says. A failure is said on stderr and gives nothing.
pub fn docker(arguments: &[&str]) -> String {
    run("docker", arguments)
}

pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    if !output.status.success() {
        eprintln!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Runs a script of Node's inside the container of `id`, as whoever sits in it would.
pub fn inside(id: DeploymentId, script: &str) -> String {
    docker(&["exec", &format!("vivier-{id}"), "/usr/local/bin/node", "-e", script])
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout")
}

/// The image that the recipe builds. Built when there is none; one that is there is taken as it is.
pub fn real_image() -> Digest {
    let _turn = turn("recipe");
    let lock: Value = serde_json::from_str(include_str!("../../../../images/openclaw/app/package-lock.json")).expect("the lock file");
    let version = lock["packages"]["node_modules/openclaw"]["version"].as_str().expect("a version");
    if let Ok(found) = docker(&["image", "inspect", "--format", "{{.Id}}", &format!("vivier/openclaw:{version}")]).parse() {
        return found;
    }
    let output = Command::new(repository().join("images/openclaw/build")).stderr(std::process::Stdio::inherit()).output().expect("the recipe");
    assert!(output.status.success(), "the image recipe failed");
    let line: Value = serde_json::from_slice(&output.stdout).expect("the recipe's line");
    line["image"].as_str().expect("an image").parse().expect("a digest")
}

/// The real image with a stand-in for the gateway, made once for each state of both.
pub fn standin_image() -> Digest {
    let parent = real_image();
    let recipe = repository().join("images/testing/standin-image");
    run(&recipe.to_string_lossy(), &[parent.as_str()]).parse().expect("the stand-in was made")
}

/// One test process at a time.
fn turn(name: &str) -> nix::fcntl::Flock<std::fs::File> {
    let file = std::fs::File::create(std::env::temp_dir().join(format!("vivier-host-test-{name}.lock"))).expect("a lock");
    nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive).map_err(|(_, error)| error).expect("a turn")
}
