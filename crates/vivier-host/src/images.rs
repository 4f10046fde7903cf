//! The images that this host knows and would start: its own list, not the caller's.
//!
//! An image is known when it was built (or admitted) here: `<data>/images/<digest>/release.json` says so. It can be started when
//! the engine holds an image of exactly that digest as well, with our labels.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use bollard::Docker;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use vivier_core::digest::Digest;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};
use vivier_core::time::Timestamp;
use vivier_core::wire::host::Image;

use crate::config::Config;
use crate::docker::{Engine, classify};
use crate::layout::Layout;

/// The label that every image of ours carries.
pub const LABEL_VERSION: &str = "io.vivier.openclaw.version";
/// `yes` when the recipe came to its end.
pub const LABEL_COMPLETE: &str = "io.vivier.complete";

const RELEASE: &str = "release.json";
const SCHEMA: &str = "config.schema.json";

/// What the recipe says of an image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Release {
    pub image: Digest,
    pub openclaw: String,
    pub node: String,
    #[serde(default)]
    pub size_bytes: u64,
}

/// What is known of `image`, from this host's disk.
///
/// # Errors
/// `Image` when it is not on the list; `Failed` when the list cannot be read.
pub fn release(layout: &Layout, image: &Digest) -> Result<Release, RuntimeError> {
    let path = layout.image(image).join(RELEASE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("this host does not know the image {}; build it with `vivierd image build`", image.short());
            return Err(RuntimeError::new(RuntimeErrorKind::Image, message));
        }
        Err(error) => return Err(RuntimeError::new(RuntimeErrorKind::Failed, "the host's list of images cannot be read").with_detail(error)),
    };
    let found: Release = serde_json::from_str(&text).map_err(|error| {
        RuntimeError::new(RuntimeErrorKind::Image, format!("the host's note on the image {} is damaged; build it again", image.short())).with_detail(error)
    })?;
    if found.image == *image {
        Ok(found)
    } else {
        Err(RuntimeError::new(RuntimeErrorKind::Image, format!("the host's note on the image {} names another one; build it again", image.short())))
    }
}

/// `image` may be started: it is on the list, the engine holds it, and it is ours.
///
/// # Errors
/// `Image` when it may not; `Unreachable` when the engine does not say.
pub async fn verify(layout: &Layout, engine: &Docker, image: &Digest) -> Result<Release, RuntimeError> {
    let release = release(layout, image)?;
    let found = match engine.inspect_image(image.as_str()).await {
        Ok(found) => found,
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => {
            let message = format!("the image {} is gone from this host's engine; build it with `vivierd image build`", image.short());
            return Err(RuntimeError::new(RuntimeErrorKind::Image, message));
        }
        Err(error) => return Err(classify("the image could not be looked at", error)),
    };
    if found.id.as_deref() != Some(image.as_str()) {
        return Err(RuntimeError::new(RuntimeErrorKind::Image, format!("the engine answers another image for {}", image.short()))
            .with_detail(found.id.unwrap_or_default()));
    }
    let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
    if labels.get(LABEL_VERSION) != Some(&release.openclaw) || labels.get(LABEL_COMPLETE).map(String::as_str) != Some("yes") {
        return Err(RuntimeError::new(RuntimeErrorKind::Image, format!("the image {} was not made by Vivier's recipe", image.short())));
    }
    Ok(release)
}

/// Every image that is known here and held by the engine, newest first.
///
/// # Errors
/// `Unreachable` when the engine does not answer.
pub async fn known(layout: &Layout, engine: &Engine) -> Result<Vec<Image>, RuntimeError> {
    let unreadable = |error: std::io::Error| RuntimeError::new(RuntimeErrorKind::Failed, "the host's list of images cannot be read").with_detail(error);
    let docker = engine.get().await?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(layout.images()).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let Some(digest) = name.to_str().and_then(|name| format!("sha256:{name}").parse::<Digest>().ok()) else { continue };
        match verify(layout, &docker, &digest).await {
            Ok(release) => found.push(describe(layout, release)),
            Err(error) if error.kind == RuntimeErrorKind::Image => tracing::warn!(image = %digest, "not offered: {error}"),
            Err(error) => return Err(error),
        }
    }
    found.sort_by(|one, other| other.built_at.cmp(&one.built_at).then_with(|| one.image.cmp(&other.image)));
    Ok(found)
}

pub(crate) fn describe(layout: &Layout, release: Release) -> Image {
    let folder = layout.image(&release.image);
    let built = std::fs::metadata(folder.join(RELEASE)).and_then(|meta| meta.modified()).ok();
    let built = built.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).and_then(|since| i64::try_from(since.as_millis()).ok());
    let schema = folder.join(SCHEMA);
    let Release { image, openclaw, node, size_bytes } = release;
    Image {
        image,
        openclaw_version: openclaw,
        node_version: node,
        size_bytes,
        built_at: Timestamp::from_millis(built.unwrap_or_default()),
        config_schema: schema.exists().then_some(schema),
    }
}

/// Puts an image on the host's list: `release` is the recipe's line, `schema` what the image's OpenClaw says of its configuration.
///
/// # Errors
/// When the line is not a release, or the disk fails.
pub fn admit(layout: &Layout, release: &str, schema: Option<&str>) -> anyhow::Result<Release> {
    let found: Release = serde_json::from_str(release).context("the recipe's answer is not a release")?;
    let folder = layout.image(&found.image);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if let Some(schema) = schema {
        write_whole(&folder.join(SCHEMA), schema)?;
    }
    // Last: an image counts as known when everything about it is.
    write_whole(&folder.join(RELEASE), release)?;
    Ok(found)
}

fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, path)).with_context(|| format!("cannot write {}", path.display()))
}

/// Runs the recipe and puts its image on the host's list. `arguments` are the recipe's own (such as `--force`). Its progress goes
/// to our stderr.
///
/// # Errors
/// When the recipe is missing or fails.
pub async fn build(config: &Config, arguments: &[String]) -> anyhow::Result<Image> {
    let layout = Layout::open(&config.data_dir)?;
    let recipe =
        config.image_recipe.canonicalize().with_context(|| format!("no image recipe at {}; set `host.image_recipe`", config.image_recipe.display()))?;
    let out = Scratch::new(layout.images().join(format!(".new-{}", std::process::id())))?;
    let mut child = tokio::process::Command::new(&recipe)
        .args(arguments)
        .arg("--out")
        .arg(&out.0)
        .env("DOCKER_HOST", format!("unix://{}", config.docker_socket.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {}", recipe.display()))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(64 * 1024).read_to_string(&mut line).await.context("cannot read the recipe's answer")?;
    }
    let status = child.wait().await.context("cannot wait for the recipe")?;
    anyhow::ensure!(status.success(), "the image recipe failed ({status}); its last lines above say why");
    let schema = std::fs::read_to_string(out.0.join(SCHEMA)).context("the recipe left no schema of the configuration")?;
    let release = admit(&layout, line.trim(), Some(&schema))?;
    Ok(describe(&layout, release))
}

/// Every image that this host could start.
///
/// # Errors
/// When the engine or the disk does not answer.
pub async fn list(config: &Config) -> anyhow::Result<Vec<Image>> {
    let layout = Layout::open(&config.data_dir)?;
    known(&layout, &Engine::new(config.docker_socket.clone())).await.map_err(|error| anyhow::anyhow!("{error} ({})", error.detail))
}

/// A directory that is gone again when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(path: PathBuf) -> anyhow::Result<Self> {
        crate::layout::remove(&path).and_then(|()| std::fs::create_dir(&path)).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = crate::layout::remove(&self.0) {
            tracing::warn!("left behind {}: {error}", self.0.display());
        }
    }
}
