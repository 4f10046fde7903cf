//! The images that this host knows and would start: its own list, not the caller's.
//!
//! An image is known when its release was entered here: its papers lie in `<data>/images/<digest>/` and are signed by a key of the
//! operator's (see [`crate::release`]). It can be started when the engine holds an image of exactly that digest and those layers as
//! well, and nothing is said against it.

use std::collections::HashMap;

use anyhow::Context as _;
use bollard::Docker;
use bollard::query_parameters::ListContainersOptionsBuilder;
use vivier_core::digest::Digest;
use vivier_core::release::Verdict;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};
use vivier_core::wire::host::Image;

use crate::config::Config;
use crate::docker::{Engine, classify};
use crate::layout::Layout;
use crate::release::check::{self, Checked, Flaw};
use crate::release::keys::KeyFiles;
use crate::release::papers::{PROVENANCE, SBOM, SCHEMA};

/// The label that every image of ours carries.
pub const LABEL_VERSION: &str = "io.vivier.openclaw.version";
/// `yes` when the recipe came to its end.
pub const LABEL_COMPLETE: &str = "io.vivier.complete";

/// Why an image was not found in order.
enum Trouble {
    Flaw(Flaw),
    /// Nothing is known: the engine does not answer.
    Engine(RuntimeError),
}

/// `image` may be started: its release is signed, complete and not withdrawn, the gate agrees, and the engine holds it.
///
/// # Errors
/// `Image` when it may not; `Unreachable` when the engine does not say.
pub async fn verify(layout: &Layout, keys: &KeyFiles, engine: &Docker, image: &Digest) -> Result<Checked, RuntimeError> {
    let looked = look(layout, keys, engine, image).await;
    let checked = looked.and_then(|checked| checked.may_start().map(|()| checked).map_err(Trouble::Flaw));
    checked.map_err(|trouble| match trouble {
        Trouble::Flaw(flaw) => {
            metrics::counter!("vivier_host_starts_refused_total", "reason" => flaw.word()).increment(1);
            flaw.about(image)
        }
        Trouble::Engine(error) => error,
    })
}

/// The same without the question whether it may be started.
///
/// # Errors
/// `Image` when its papers, or the engine's image, are not in order; `Unreachable` when the engine does not say.
pub async fn look_at(layout: &Layout, keys: &KeyFiles, engine: &Docker, image: &Digest) -> Result<Checked, RuntimeError> {
    look(layout, keys, engine, image).await.map_err(|trouble| match trouble {
        Trouble::Flaw(flaw) => flaw.about(image),
        Trouble::Engine(error) => error,
    })
}

async fn look(layout: &Layout, keys: &KeyFiles, engine: &Docker, image: &Digest) -> Result<Checked, Trouble> {
    let (on_disk, trusted, asked) = (layout.clone(), keys.clone(), image.clone());
    let checking = tokio::task::spawn_blocking(move || check::check(&on_disk, &trusted, &asked)).await;
    let checked = checking.unwrap_or_else(|error| Err(Flaw::Unreadable(error.to_string()))).map_err(Trouble::Flaw)?;
    let found = match engine.inspect_image(image.as_str()).await {
        Ok(found) => found,
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => return Err(Trouble::Flaw(Flaw::NotInEngine)),
        Err(error) => return Err(Trouble::Engine(classify("the image could not be looked at", error))),
    };
    if found.id.as_deref() != Some(image.as_str()) {
        return Err(Trouble::Flaw(Flaw::OtherLayers));
    }
    let layers = found.root_fs.and_then(|root| root.layers).unwrap_or_default();
    if !layers.iter().map(String::as_str).eq(checked.statement.promises().layers.iter().map(Digest::as_str)) {
        return Err(Trouble::Flaw(Flaw::OtherLayers));
    }
    let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
    if labels.get(LABEL_VERSION) != Some(&checked.release.openclaw) || labels.get(LABEL_COMPLETE).map(String::as_str) != Some("yes") {
        return Err(Trouble::Flaw(Flaw::NotOurs));
    }
    Ok(checked)
}

/// A release that is on this host's disk, and what is wrong with it.
#[derive(Debug)]
pub enum Found {
    /// Signed, complete, and held by the engine. [`Image::may_start`] says the rest.
    Sound(Box<Image>),
    Flawed(Digest, Flaw),
}

/// Every release that is on this host's disk, newest first; those with a flaw last.
///
/// # Errors
/// `Unreachable` when the engine does not answer.
pub async fn all(layout: &Layout, keys: &KeyFiles, engine: &Engine) -> Result<Vec<Found>, RuntimeError> {
    let unreadable = |error: std::io::Error| RuntimeError::new(RuntimeErrorKind::Failed, "the host's list of images cannot be read").with_detail(error);
    let docker = engine.get().await?;
    let (mut sound, mut flawed) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(layout.images()).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let Some(digest) = name.to_str().and_then(|name| format!("sha256:{name}").parse::<Digest>().ok()) else { continue };
        match look(layout, keys, &docker, &digest).await {
            Ok(checked) => sound.push(describe(layout, checked)),
            Err(Trouble::Flaw(flaw)) => flawed.push(Found::Flawed(digest, flaw)),
            Err(Trouble::Engine(error)) => return Err(error),
        }
    }
    sound.sort_by(|one, other| other.built_at.cmp(&one.built_at).then_with(|| one.image.cmp(&other.image)));
    Ok(sound.into_iter().map(|image| Found::Sound(Box::new(image))).chain(flawed).collect())
}

/// Every release that is signed, complete and held by the engine, newest first; also those that are not started.
///
/// # Errors
/// `Unreachable` when the engine does not answer.
pub async fn known(layout: &Layout, keys: &KeyFiles, engine: &Engine) -> Result<Vec<Image>, RuntimeError> {
    let mut known = Vec::new();
    for found in all(layout, keys, engine).await? {
        match found {
            Found::Sound(image) => known.push(*image),
            Found::Flawed(image, flaw) => {
                let error = flaw.about(&image);
                tracing::warn!(%image, detail = error.detail, "not offered: {error}");
            }
        }
    }
    for verdict in Verdict::ALL {
        let count = known.iter().filter(|image| image.withdrawn.is_none() && image.verdict == verdict).count();
        metrics::gauge!("vivier_host_releases", "verdict" => verdict.as_str()).set(u32::try_from(count).unwrap_or(u32::MAX));
    }
    let withdrawn = known.iter().filter(|image| image.withdrawn.is_some()).count();
    metrics::gauge!("vivier_host_releases", "verdict" => "withdrawn").set(u32::try_from(withdrawn).unwrap_or(u32::MAX));
    Ok(known)
}

/// What is told of a release.
pub(crate) fn describe(layout: &Layout, checked: Checked) -> Image {
    let Checked { release, statement, signed_by, withdrawn } = checked;
    let folder = layout.image(&release.image);
    let promises = statement.promises().clone();
    let crate::release::papers::Release { image, openclaw, node, size_bytes, notes } = release;
    Image {
        image,
        openclaw_version: openclaw,
        node_version: node,
        size_bytes,
        built_at: statement.metadata().finished_on,
        notes,
        verdict: promises.verdict,
        accepted: promises.accepted,
        withdrawn,
        signed_by,
        config_schema: statement.document(SCHEMA).map(|_| folder.join(SCHEMA)),
        sbom: Some(folder.join(SBOM)),
        provenance: Some(folder.join(PROVENANCE)),
    }
}

/// Every release on this machine, for whoever sits at it.
///
/// # Errors
/// When the engine or the disk does not answer.
pub async fn list(config: &Config) -> anyhow::Result<Vec<Found>> {
    let layout = Layout::open(&config.data_dir)?;
    let keys = KeyFiles::of(config, &layout);
    all(&layout, &keys, &Engine::new(config.docker_socket.clone())).await.map_err(|error| anyhow::anyhow!("{error} ({})", error.detail))
}

/// How many agents of this installation run `image` now.
///
/// # Errors
/// When the engine or the disk does not answer.
pub async fn running(config: &Config, image: &Digest) -> anyhow::Result<usize> {
    let installation = Layout::open(&config.data_dir)?.installation()?;
    let engine = Engine::new(config.docker_socket.clone()).get().await.map_err(|error| anyhow::anyhow!("{error} ({})", error.detail))?;
    let filters = HashMap::from([("label".to_owned(), vec![format!("{}={installation}", crate::docker::LABEL_INSTALLATION)])]);
    let options = ListContainersOptionsBuilder::default().filters(&filters).build();
    let running = engine.list_containers(Some(options)).await.context("the engine did not list its containers")?;
    Ok(running.iter().filter(|container| container.image_id.as_deref() == Some(image.as_str())).count())
}
