//! `vivierd release build`: the recipe makes the image, its files are listed, the gate looks at the list, the operator's key signs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::AsyncReadExt as _;
use vivier_core::release::Verdict;
use vivier_core::wire::host::Image;

use super::bill::{self, Bill};
use super::enter::{Draft, Scratch, enter};
use super::gate::{self, Acceptance};
use super::papers::{Release, SCHEMA};
use super::policy::Policy;
use crate::clock;
use crate::config::Config;
use crate::docker::Engine;
use crate::layout::Layout;

/// The longest answer of the recipe, in bytes.
const MOST_ANSWER: u64 = 64 * 1024;

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// `auto`, `registry` or `packages`.
    pub base: String,
    /// Instead of the settings'.
    pub policy: Option<PathBuf>,
    pub database: Option<PathBuf>,
    /// Who accepts that it is started without having been scanned, and why.
    pub accept_unscanned: Option<(String, String)>,
    pub notes: Option<String>,
}

/// Builds a release and enters it into this host's list. An image of exactly this recipe that the engine holds already is taken as it
/// is, and signed anew. The recipe's progress goes to our stderr.
///
/// # Errors
/// When the recipe is missing or fails, the image's files cannot be listed, or it cannot be signed.
pub async fn build(config: &Config, wanted: Wanted) -> anyhow::Result<Image> {
    let Wanted { base, policy, database, accept_unscanned, notes } = wanted;
    let policy = match policy.as_ref().or(config.release_policy.as_ref()) {
        Some(path) => Policy::read(path)?,
        None => Policy::default(),
    };
    let started_on = clock::now();
    let layout = Layout::open(&config.data_dir)?;
    let recipe =
        config.image_recipe.canonicalize().with_context(|| format!("no image recipe at {}; set `host.image_recipe`", config.image_recipe.display()))?;
    let out = Scratch::new(&layout)?;
    let release = run(config, &recipe, &["--base", &base], &out.path).await?;
    let schema = std::fs::read(out.path.join(SCHEMA)).context("the recipe left no schema of the configuration")?;
    let release = Release { notes, ..release };

    let told = |error: vivier_core::runtime::RuntimeError| anyhow::anyhow!("{error} ({})", error.detail);
    let engine = Engine::new(config.docker_socket.clone()).get().await.map_err(told)?;
    let contents = bill::contents_of(&engine, &release.image).await.map_err(told)?;
    let bill = Bill::of(&release.image, &release.openclaw, &contents)?;
    let database = database.or_else(|| config.vulnerability_database.clone());
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
        schema: Some(schema),
        sbom: bill.to_json().into_bytes(),
        scan: scan.to_json().into_bytes(),
        verdict: scan.verdict,
        accepted: scan.acceptance.map(|acceptance| acceptance.reason),
        started_on,
    };
    enter(config, draft).await
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
