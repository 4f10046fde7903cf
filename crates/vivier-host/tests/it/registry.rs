//! Releases through a private OCI registry: the real one of Debian's package `docker-registry`, on loopback.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vivier_core::digest::Digest;
use vivier_host::Config;
use vivier_host::images;
use vivier_host::layout::Layout;
use vivier_host::release::enter::enter;
use vivier_host::release::keys::SigningKey;
use vivier_host::release::registry::{import, push};

use crate::support::{docker, draft};

/// A registry with a disk of its own.
struct Registry {
    process: Child,
    /// `127.0.0.1:<port>/<a name of this test's own>`.
    repository: String,
    names: Vec<String>,
    versions: Vec<String>,
    folder: tempfile::TempDir,
}

impl Registry {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let settings = folder.path().join("config.yml");
        let root = folder.path().join("registry").display().to_string();
        let text = format!("version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {root}\nhttp:\n  addr: 127.0.0.1:{port}\n");
        std::fs::write(&settings, text).expect("writes");
        let process = Command::new("docker-registry").arg("serve").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.expect("docker-registry runs: scripts/install test");
        let end = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "the registry does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        let repository = format!("127.0.0.1:{port}/vivier-test/{}", uuid::Uuid::new_v4().simple());
        Self { process, repository, names: Vec::new(), versions: Vec::new(), folder }
    }

    /// An image of a few bytes, with the labels of the recipe, and the version that it says.
    fn image(&mut self) -> (Digest, String) {
        let version = format!("0.0.0-{}", uuid::Uuid::new_v4().simple());
        let root = self.folder.path().join(&version);
        std::fs::create_dir(&root).and_then(|()| std::fs::write(root.join("version"), &version)).expect("writes");
        let tar = root.with_extension("tar");
        let packed = Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".").status().expect("tar runs");
        assert!(packed.success());
        let name = format!("vivier-test/small:{version}");
        let label = format!("LABEL io.vivier.openclaw.version={version} io.vivier.complete=yes");
        let image = docker(&["import", "--change", &label, &tar.display().to_string(), &name]);
        self.names.extend([name, format!("vivier/openclaw:{version}"), format!("{}:{version}", self.repository)]);
        self.versions.push(version.clone());
        (image.parse().expect("a digest"), version)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        for name in &self.names {
            // Some were never made, or are gone by now.
            let _ = Command::new("docker").args(["image", "rm", "--force", name]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        for version in &self.versions {
            // What was pulled by its digest has no name that could be listed above.
            let label = format!("label=io.vivier.openclaw.version={version}");
            for image in docker(&["image", "ls", "--quiet", "--no-trunc", "--filter", &label]).lines() {
                docker(&["image", "rm", "--force", image]);
            }
        }
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait().map(drop)) {
            eprintln!("the registry goes on: {error}");
        }
    }
}

fn host(folder: &Path, name: &str, trusted: Vec<PathBuf>) -> Config {
    Config { data_dir: folder.join(name), release_keys: trusted, ..Config::default() }
}

async fn listed(config: &Config) -> Vec<Digest> {
    let found = images::list(config).await.expect("a list");
    found
        .into_iter()
        .map(|found| match found {
            images::Found::Sound(image) => image.image,
            images::Found::Flawed(image, flaw) => panic!("{image}: {flaw:?}"),
        })
        .collect()
}

#[tokio::test]
async fn a_release_travels_with_its_papers_and_only_to_hosts_that_trust_its_key() {
    let mut registry = Registry::start();
    let hosts = tempfile::tempdir().expect("a directory");
    let builder = host(hosts.path(), "builder", Vec::new());
    let (image, version) = registry.image();
    enter(&builder, draft(&image, &version)).await.expect("a release");
    let name = push(&builder, &image, &registry.repository.parse().expect("a place")).await.expect("pushed");
    assert!(name.starts_with(&format!("{}@sha256:", registry.repository)), "{name}");
    for held in registry.names.iter().filter(|name| name.ends_with(&version) && !name.starts_with("vivier/")) {
        docker(&["image", "rm", "--force", held]);
    }
    assert_eq!(docker(&["image", "ls", "--quiet", "--no-trunc", "--filter", &format!("label=io.vivier.openclaw.version={version}")]), "", "it is gone here");

    let key = Layout::open(&builder.data_dir).expect("a directory").release_public_key();
    let other = host(hosts.path(), "other", vec![key]);
    let imported = import(&other, &name.parse().expect("a name")).await.expect("imported");
    assert_eq!((&imported.image, imported.openclaw_version.as_str(), imported.accepted.as_deref()), (&image, version.as_str(), Some("a test")));
    assert_eq!(listed(&other).await, [image]);

    let stranger = host(hosts.path(), "stranger", Vec::new());
    SigningKey::make(&Layout::open(&stranger.data_dir).expect("a directory").release_key()).expect("a key");
    let refused = import(&stranger, &name.parse().expect("a name")).await.expect_err("another key");
    assert!(format!("{refused:#}").contains("a key that this host does not trust"), "{refused:#}");
    assert_eq!(listed(&stranger).await, []);
    let by_tag = import(&other, &registry.repository.parse().expect("a place")).await.expect_err("no digest");
    assert!(by_tag.to_string().contains("by digest"), "{by_tag:#}");
}

#[tokio::test]
async fn an_image_without_papers_or_beside_those_of_another_is_not_entered() {
    let mut registry = Registry::start();
    let hosts = tempfile::tempdir().expect("a directory");
    let config = host(hosts.path(), "builder", Vec::new());
    let (image, version) = registry.image();
    enter(&config, draft(&image, &version)).await.expect("a release");
    let name = push(&config, &image, &registry.repository.parse().expect("a place")).await.expect("pushed");
    let (planted, other_version) = registry.image();
    let there = format!("{}:{other_version}", registry.repository);
    docker(&["tag", planted.as_str(), &there]);
    docker(&["push", "--quiet", &there]);
    let digests = docker(&["image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", planted.as_str()]);
    let planted_name = digests.lines().find(|line| line.starts_with(&registry.repository)).expect("it was pushed").to_owned();

    let refused = import(&config, &planted_name.parse().expect("a name")).await.expect_err("no papers");
    assert!(format!("{refused:#}").contains("there are no papers"), "{refused:#}");

    // The papers of the honest one, laid beside the planted one.
    let tag = |name: &str| format!("{}:{}.vivier", registry.repository, name.rsplit_once('@').expect("a digest").1.replace(':', "-"));
    docker(&["pull", "--quiet", &tag(&name)]);
    docker(&["tag", &tag(&name), &tag(&planted_name)]);
    docker(&["push", "--quiet", &tag(&planted_name)]);
    docker(&["image", "rm", &tag(&name), &tag(&planted_name)]);
    let refused = import(&config, &planted_name.parse().expect("a name")).await.expect_err("another image");
    assert!(format!("{refused:#}").contains("another image"), "{refused:#}");
    assert_eq!(listed(&config).await, [image]);
}
