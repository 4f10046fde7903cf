//! How an image becomes a release: its papers are written, signed, and put on the host's shelf.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vivier_core::digest::Digest;
use vivier_core::release::Verdict;
use vivier_core::time::Timestamp;
use vivier_core::wire::host::Image;

use super::check;
use super::dsse::Envelope;
use super::keys::KeyFiles;
use super::papers::{self, MOST_NOTES, PROVENANCE, RELEASE, Release, SBOM, SCAN, SCHEMA};
use super::statement::{Builder, Descriptor, Facts, Metadata, Promises, Statement};
use crate::config::Config;
use crate::docker::Engine;
use crate::layout::{Layout, remove};
use crate::{clock, images};

/// What is known of an image before it is signed.
#[derive(Clone, Debug)]
pub struct Draft {
    pub release: Release,
    pub schema: Option<Vec<u8>>,
    /// What it was built from, by the names of [`papers::LOCKS`].
    pub locks: Vec<(&'static str, Vec<u8>)>,
    /// CycloneDX, JSON.
    pub sbom: Vec<u8>,
    /// What the gate found, JSON.
    pub scan: Vec<u8>,
    pub verdict: Verdict,
    /// Why the operator wants it started although it is unscanned.
    pub accepted: Option<String>,
    pub started_on: Timestamp,
}

/// Signs `draft` with the operator's key (one is made where there is none) and enters it into this host's list. An older entry of the
/// same image is replaced as a whole; a withdrawal stays.
///
/// # Errors
/// When the engine does not hold the image, the key cannot be used, the host would not trust it, or the disk fails.
pub async fn enter(config: &Config, draft: Draft) -> anyhow::Result<Image> {
    let Draft { release, schema, locks, sbom, scan, verdict, accepted, started_on } = draft;
    anyhow::ensure!(release.notes.as_ref().is_none_or(|notes| notes.len() <= MOST_NOTES), "the notes are longer than {MOST_NOTES} letters");
    let layout = Layout::open(&config.data_dir)?;
    let keys = KeyFiles::of(config, &layout);
    let key = keys.signing()?;
    let engine = Engine::new(config.docker_socket.clone()).get().await.map_err(|error| anyhow::anyhow!("{error} ({})", error.detail))?;
    let image = release.image.clone();
    let found = engine.inspect_image(image.as_str()).await.with_context(|| format!("the engine does not hold the image {}", image.short()))?;
    let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
    let layers = found.root_fs.and_then(|root| root.layers).unwrap_or_default();
    let layers: Vec<Digest> = layers.iter().map(|layer| layer.parse()).collect::<Result<_, _>>().context("the engine names a layer that is no digest")?;

    let scratch = Scratch::new(&layout)?;
    let mut documents = Vec::new();
    let mut note = serde_json::to_vec_pretty(&release)?;
    note.push(b'\n');
    let ingredients = ingredients(&release, &labels, &locks);
    let papers = [(SBOM, sbom), (SCAN, scan), (RELEASE, note)].into_iter().chain(schema.map(|schema| (SCHEMA, schema))).chain(locks);
    for (name, bytes) in papers {
        papers::write_whole(&scratch.path.join(name), &bytes)?;
        documents.push(Descriptor::new(name, &papers::digest_of(&bytes)));
    }
    let statement = Statement::new(Facts {
        image: image.clone(),
        name: format!("openclaw-{}", release.openclaw),
        parameters: BTreeMap::from([
            ("openclaw".to_owned(), release.openclaw.clone()),
            ("node".to_owned(), release.node.clone()),
            ("base".to_owned(), labels.get("io.vivier.base").cloned().unwrap_or_default()),
        ]),
        ingredients,
        builder: Builder {
            id: format!("urn:vivier:builder:{}", layout.installation()?),
            version: BTreeMap::from([("vivier".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        },
        metadata: Metadata { started_on, finished_on: clock::now() },
        documents,
        promises: Promises { layers, verdict, accepted },
    });
    let envelope = Envelope::seal(&serde_json::to_vec(&statement)?, &key)?;
    papers::write_whole(&scratch.path.join(PROVENANCE), &serde_json::to_vec(&envelope)?)?;
    papers::shelve(&layout, &image, &scratch.path)?;
    let checked = check::check(&layout, &keys, &image).map_err(|flaw| {
        let error = flaw.about(&image);
        anyhow::anyhow!("it is signed with {}, but {error} {}", keys.signing.display(), error.detail)
    })?;
    Ok(images::describe(&layout, checked))
}

/// What the image was made from, by digest where the recipe has noted one.
fn ingredients(release: &Release, labels: &HashMap<String, String>, locks: &[(&str, Vec<u8>)]) -> Vec<Descriptor> {
    let by_label = |name: &str, label: &str| {
        let digest = format!("sha256:{}", labels.get(label)?).parse().ok()?;
        Some(Descriptor::new(name, &digest))
    };
    let npm = format!("pkg:npm/openclaw@{}", release.openclaw);
    let hash = locks.iter().find_map(|(_, lock)| sha512_of(lock, "openclaw")).map(|hash| ("sha512".to_owned(), hash));
    let mut all = vec![Descriptor { name: "openclaw".to_owned(), uri: Some(npm), digest: hash.into_iter().collect() }];
    all.extend(by_label("package-lock.json files", "io.vivier.lock.sha256"));
    all.extend(by_label("recipe", "io.vivier.recipe.sha256"));
    all
}

/// The hash that a lock has of a package, in hexadecimal.
fn sha512_of(lock: &[u8], package: &str) -> Option<String> {
    let lock: serde_json::Value = serde_json::from_slice(lock).ok()?;
    let integrity = lock["packages"][format!("node_modules/{package}")]["integrity"].as_str()?;
    Some(hex::encode(STANDARD.decode(integrity.strip_prefix("sha512-")?).ok()?))
}

/// A directory beside the releases that is gone again when this is dropped.
pub struct Scratch {
    pub path: PathBuf,
}

impl Scratch {
    /// # Errors
    /// When it cannot be made.
    pub fn new(layout: &Layout) -> anyhow::Result<Self> {
        let path = layout.images().join(format!(".new-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!("left behind {}: {error}", self.path.display());
        }
    }
}
