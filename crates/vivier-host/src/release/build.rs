//! `vivierd release build`: the recipe makes the image, its files are listed, the gate looks at the list, the operator's key signs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::AsyncReadExt as _;
use vivier_core::release::Verdict;
use vivier_core::time::Timestamp;
use vivier_core::wire::host::Image;

use super::bill::{self, Bill};
use super::check::Flaw;
use super::enter::{Draft, Scratch, enter};
use super::gate::{self, Acceptance};
use super::papers::{LOCKS, RELEASE, Release, SCHEMA};
use super::policy::Policy;
use crate::clock;
use crate::config::Config;
use crate::docker::Engine;
use crate::images::{self, Found};
use crate::layout::Layout;

/// The longest answer of the recipe, in bytes.
const MOST_ANSWER: u64 = 64 * 1024;

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// An exact version on npm; absent: the one of the recipe's own locks.
    pub openclaw: Option<String>,
    /// `auto`, `registry` or `packages`.
    pub base: String,
    pub examination: Examination,
    pub notes: Option<String>,
}

/// How the gate is asked.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// Instead of the settings'.
    pub policy: Option<PathBuf>,
    pub database: Option<PathBuf>,
    /// Who accepts that it is started without having been scanned, and why.
    pub accept_unscanned: Option<(String, String)>,
}

/// Builds a release and enters it into this host's list. An image of exactly this recipe that the engine holds already is taken as it
/// is, and signed anew. The recipe's progress goes to our stderr.
///
/// # Errors
/// When the recipe is missing or fails, the image's files cannot be listed, or it cannot be signed.
pub async fn build(config: &Config, wanted: Wanted) -> anyhow::Result<Image> {
    let Wanted { openclaw, base, examination, notes } = wanted;
    let started_on = clock::now();
    let layout = Layout::open(&config.data_dir)?;
    let recipe =
        config.image_recipe.canonicalize().with_context(|| format!("no image recipe at {}; set `host.image_recipe`", config.image_recipe.display()))?;
    let (out, other) = (Scratch::new(&layout)?, Scratch::new(&layout)?);
    let recipe = match openclaw {
        Some(version) => locked(&recipe, &version, &other.path).await?,
        None => recipe,
    };
    let release = run(config, &recipe, &["--base", &base], &out.path).await?;
    let schema = std::fs::read(out.path.join(SCHEMA)).context("the recipe left no schema of the configuration")?;
    let lock = |(name, place)| Ok((name, std::fs::read(recipe.with_file_name("").join(place)).with_context(|| format!("the recipe has no {place}"))?));
    let locks = LOCKS.into_iter().map(lock).collect::<anyhow::Result<_>>()?;
    let release = Release { notes, ..release };

    sign(config, Unsigned { release, schema: Some(schema), locks, started_on }, examination).await
}

/// Signs the releases on this host's shelf that were entered before releases were signed. Nothing is built: the images are in the engine.
///
/// # Errors
/// When one of them cannot be examined or signed.
pub async fn sign_old(config: &Config, examination: &Examination) -> anyhow::Result<Vec<Image>> {
    let layout = Layout::open(&config.data_dir)?;
    let mut signed = Vec::new();
    for found in images::list(config).await? {
        let Found::Flawed(image, Flaw::Unsigned) = found else { continue };
        let folder = layout.image(&image);
        let note = std::fs::read(folder.join(RELEASE)).with_context(|| format!("cannot read the note on {}", image.short()))?;
        let release = serde_json::from_slice(&note).with_context(|| format!("the note on {} is damaged", image.short()))?;
        let schema = std::fs::read(folder.join(SCHEMA)).ok();
        let old = Unsigned { release, schema, locks: Vec::new(), started_on: clock::now() };
        signed.push(sign(config, old, examination.clone()).await?);
    }
    Ok(signed)
}

/// An image that the recipe has made.
struct Unsigned {
    release: Release,
    schema: Option<Vec<u8>>,
    locks: Vec<(&'static str, Vec<u8>)>,
    started_on: Timestamp,
}

/// Lists what is in the image, asks the gate, and signs what came of it.
async fn sign(config: &Config, unsigned: Unsigned, examination: Examination) -> anyhow::Result<Image> {
    let Unsigned { release, schema, locks, started_on } = unsigned;
    let Examination { policy, database, accept_unscanned } = examination;
    let policy = match policy.as_ref().or(config.release_policy.as_ref()) {
        Some(path) => Policy::read(path)?,
        None => Policy::default(),
    };
    let database = database.or_else(|| config.vulnerability_database.clone());
    let told = |error: vivier_core::runtime::RuntimeError| anyhow::anyhow!("{error} ({})", error.detail);
    let engine = Engine::new(config.docker_socket.clone()).get().await.map_err(told)?;
    let contents = bill::contents_of(&engine, &release.image).await.map_err(told)?;
    let bill = Bill::of(&release.image, &release.openclaw, &contents)?;
    let examining = bill.clone();
    let scanning = tokio::task::spawn_blocking(move || gate::scan(&examining, database.as_deref(), &policy, clock::now()));
    let scan = scanning.await.context("the gate ended badly")??;
    let scan = match (scan.verdict, accept_unscanned) {
        (Verdict::Unscanned, Some((accepted_by, reason))) => scan.accept(Acceptance { accepted_by, reason, at: clock::now() })?,
        // Accepted is only what was not looked at.
        (Verdict::Passed | Verdict::Failed | Verdict::Unscanned, _) => scan,
    };
    eprint!("{scan}");
    let draft = Draft {
        release,
        schema,
        locks,
        sbom: bill.to_json().into_bytes(),
        scan: scan.to_json().into_bytes(),
        verdict: scan.verdict,
        accepted: scan.acceptance.map(|acceptance| acceptance.reason),
        started_on,
    };
    enter(config, draft).await
}

/// The same recipe for another version: a copy of it in `folder`, with locks that are made now.
async fn locked(recipe: &Path, version: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let locker = recipe.with_file_name("lock");
    eprintln!("Making exact locks for OpenClaw {version}");
    let status = tokio::process::Command::new(&locker).arg(version).arg(folder).stdin(Stdio::null()).kill_on_drop(true).status().await;
    let status = status.with_context(|| format!("cannot run {}", locker.display()))?;
    anyhow::ensure!(status.success(), "no locks could be made for OpenClaw {version} ({status}); the last lines above say why");
    recipe.file_name().map(|name| folder.join(name)).context("the recipe has no name")
}

async fn run(config: &Config, recipe: &Path, arguments: &[&str], out: &Path) -> anyhow::Result<Release> {
    let mut child = tokio::process::Command::new(recipe)
        .args(arguments)
        .arg("--out")
        .arg(out)
        .env("DOCKER_HOST", format!("unix://{}", config.docker_socket.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {}", recipe.display()))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MOST_ANSWER).read_to_string(&mut line).await.context("cannot read the recipe's answer")?;
    }
    let status = child.wait().await.context("cannot wait for the recipe")?;
    anyhow::ensure!(status.success(), "the image recipe failed ({status}); its last lines above say why");
    serde_json::from_str(line.trim()).context("the recipe's answer is not a release")
}
