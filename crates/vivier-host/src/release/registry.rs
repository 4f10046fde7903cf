//! A private OCI registry as source and target of releases.
//!
//! Only the engine speaks to the registry: it has the certificates, the proxies and the way to it. The image goes as it is. Its papers go
//! as a second, tiny image of one layer, under the tag `sha256-<digest of the image's manifest>.vivier`, so that whoever knows the digest
//! finds both. What comes back is checked like everything else: by the signature, against the keys that this host trusts.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, CreateImageOptionsBuilder, PushImageOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder,
};
use futures_util::{Stream, StreamExt as _};
use vivier_core::digest::Digest;
use vivier_core::wire::host::Image;

use super::check;
use super::enter::Scratch;
use super::keys::KeyFiles;
use super::papers::{self, OPTIONAL, PROVENANCE, REQUIRED};
use crate::config::Config;
use crate::docker::{Engine, LABEL_ROLE};
use crate::images;
use crate::layout::{Layout, hex_of};

/// The largest of all papers together, in bytes.
const MOST_PAPERS: u64 = 256 << 20;

/// `registry.example.com/team/openclaw`, and what comes after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub repository: String,
    pub tag: Option<String>,
    /// Of the manifest, as the registry names it.
    pub digest: Option<Digest>,
}

impl std::str::FromStr for Reference {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse().with_context(|| format!("{text}: after the @"))?)),
            None => (text, None),
        };
        // A colon before the last slash is a port's.
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.to_owned())),
            _ => (rest, None),
        };
        let sound = |text: &str, more: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.as_bytes().contains(&byte));
        ensure!(
            repository.contains('/') && sound(repository, "./_-:") && tag.as_ref().is_none_or(|tag| sound(tag, "._-") && tag.len() <= 128),
            "{text} names no place in a registry; write it as registry.example.com/team/openclaw:2026.9.6 or …@sha256:<digest>"
        );
        Ok(Self { repository: repository.to_owned(), tag, digest })
    }
}

/// The tag under which the papers of an image lie.
fn papers_tag(manifest: &Digest) -> String {
    format!("sha256-{}.vivier", hex_of(manifest))
}

/// Puts a release of this host's into a registry, with its papers, and gives the name by which any host can import it.
///
/// # Errors
/// When this host would not vouch for the release itself, or the engine or the registry says no.
pub async fn push(config: &Config, image: &Digest, to: &Reference) -> anyhow::Result<String> {
    let layout = Layout::open(&config.data_dir)?;
    let keys = KeyFiles::of(config, &layout);
    let told = |error: vivier_core::runtime::RuntimeError| anyhow::anyhow!("{error} ({})", error.detail);
    let engine = Engine::new(config.docker_socket.clone()).get().await.map_err(told)?;
    let checked = images::verify(&layout, &keys, &engine, image).await.map_err(told)?;
    let tag = to.tag.clone().unwrap_or_else(|| checked.release.openclaw.clone());
    let credentials = credentials(&to.repository)?;

    name(&engine, image.as_str(), &to.repository, &tag).await?;
    send(&engine, &to.repository, &tag, credentials.clone()).await?;
    let manifest = manifest_of(&engine, image.as_str(), &to.repository).await?;

    let archive = pack(&layout.image(image))?;
    let papers = papers_tag(&manifest);
    let options = CreateImageOptionsBuilder::default().from_src("-").repo(&to.repository).tag(&papers).build();
    drain(engine.create_image(Some(options), Some(bollard::body_full(archive.into())), None)).await.context("the engine does not take the papers")?;
    let sent = send(&engine, &to.repository, &papers, credentials).await;
    engine.remove_image(&format!("{}:{papers}", to.repository), None::<RemoveImageOptions>, None).await.context("the engine keeps the papers' image")?;
    sent?;
    Ok(format!("{}@{manifest}", to.repository))
}

/// Fetches a release by the digest of its manifest, checks its papers, and enters it into this host's list as it was signed.
///
/// # Errors
/// When the registry or the engine says no, there are no papers, or they do not hold.
pub async fn import(config: &Config, from: &Reference) -> anyhow::Result<Image> {
    let Some(manifest) = &from.digest else { bail!("name the release by digest: {}@sha256:…, as `vivierd release push` prints it", from.repository) };
    let layout = Layout::open(&config.data_dir)?;
    let keys = KeyFiles::of(config, &layout);
    let told = |error: vivier_core::runtime::RuntimeError| anyhow::anyhow!("{error} ({})", error.detail);
    let engine = Engine::new(config.docker_socket.clone()).get().await.map_err(told)?;
    let credentials = credentials(&from.repository)?;

    // The papers first: nobody waits for half a gigabyte that is then refused.
    let papers = format!("{}:{}", from.repository, papers_tag(manifest));
    fetch(&engine, &papers, credentials.clone()).await.with_context(|| format!("there are no papers of {manifest} at {}", from.repository))?;
    let scratch = Scratch::new(&layout)?;
    let unpacked = unpack(&engine, &papers, &scratch.path).await;
    engine.remove_image(&papers, None::<RemoveImageOptions>, None).await.context("the engine keeps the papers' image")?;
    unpacked?;
    let note = std::fs::read(scratch.path.join(papers::RELEASE)).context("the papers hold no release.json")?;
    let release: papers::Release = serde_json::from_slice(&note).context("the release.json among the papers cannot be read")?;
    let refused = |flaw: check::Flaw| told(flaw.about(&release.image));
    check::check_in(&layout, &keys, &release.image, &scratch.path).map_err(refused)?;

    let image = format!("{}@{manifest}", from.repository);
    fetch(&engine, &image, credentials).await?;
    let held = engine.inspect_image(&image).await.context("the engine does not show what it has fetched")?;
    ensure!(
        held.id.as_deref() == Some(release.image.as_str()),
        "the registry gives another image than the one whose papers lie beside it; nothing was entered"
    );
    papers::shelve(&layout, &release.image, &scratch.path)?;
    name(&engine, release.image.as_str(), "vivier/openclaw", &release.openclaw).await?;
    let checked = images::look_at(&layout, &keys, &engine, &release.image).await.map_err(told)?;
    Ok(images::describe(&layout, checked))
}

async fn name(engine: &Docker, image: &str, repository: &str, tag: &str) -> anyhow::Result<()> {
    let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
    engine.tag_image(image, Some(options)).await.with_context(|| format!("the engine does not name the image {repository}:{tag}"))
}

async fn send(engine: &Docker, repository: &str, tag: &str, credentials: Option<DockerCredentials>) -> anyhow::Result<()> {
    let options = PushImageOptionsBuilder::default().tag(tag).build();
    drain(engine.push_image(repository, Some(options), credentials))
        .await
        .with_context(|| format!("{repository}:{tag} could not be pushed; does the registry answer, and is this host signed in to it (docker login)?"))
}

async fn fetch(engine: &Docker, image: &str, credentials: Option<DockerCredentials>) -> anyhow::Result<()> {
    let options = CreateImageOptionsBuilder::default().from_image(image).build();
    drain(engine.create_image(Some(options), None, credentials))
        .await
        .with_context(|| format!("{image} could not be fetched; does the registry answer, and is this host signed in to it (docker login)?"))
}

/// To the end of a stream of progress; an error in it is an error.
async fn drain<T>(stream: impl Stream<Item = Result<T, bollard::errors::Error>>) -> Result<(), bollard::errors::Error> {
    let mut stream = std::pin::pin!(stream);
    while let Some(progress) = stream.next().await {
        progress?;
    }
    Ok(())
}

/// The digest of the manifest that the registry has now.
async fn manifest_of(engine: &Docker, image: &str, repository: &str) -> anyhow::Result<Digest> {
    let held = engine.inspect_image(image).await.context("the engine does not show the image that it has pushed")?;
    let names = held.repo_digests.unwrap_or_default();
    let digest = names.iter().find_map(|name| name.strip_prefix(repository)?.strip_prefix('@')?.parse().ok());
    digest.with_context(|| format!("the engine does not say under which digest {repository} has the image"))
}

/// The papers of a release as one tar.
fn pack(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for name in REQUIRED.into_iter().chain(OPTIONAL).chain([PROVENANCE]) {
        match std::fs::read(folder.join(name)) {
            Ok(bytes) => {
                let mut header = tar::Header::new_ustar();
                header.set_size(u64::try_from(bytes.len())?);
                header.set_mode(0o644);
                archive.append_data(&mut header, name, bytes.as_slice()).with_context(|| format!("{name} cannot be packed"))?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && OPTIONAL.contains(&name) => {}
            Err(error) => return Err(error).with_context(|| format!("{name} cannot be read")),
        }
    }
    archive.into_inner().context("the papers cannot be packed")
}

/// Takes the papers, and nothing else, out of an image into `folder`. Nothing of the image is run.
async fn unpack(engine: &Docker, image: &str, folder: &Path) -> anyhow::Result<()> {
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(vec!["/none".to_owned()]),
        labels: Some(HashMap::from([(LABEL_ROLE.to_owned(), "papers".to_owned())])),
        network_disabled: Some(true),
        ..ContainerCreateBody::default()
    };
    let container = engine.create_container(None::<CreateContainerOptions>, body).await.context("the papers' image cannot be opened")?.id;
    let read = collect(engine, &container).await;
    let options = RemoveContainerOptionsBuilder::default().force(true).build();
    engine.remove_container(&container, Some(options)).await.context("the container of the papers could not be removed")?;
    let bytes = read?;
    let mut archive = tar::Archive::new(bytes.as_slice());
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path: PathBuf = entry.path()?.into_owned();
        let Some(name) = REQUIRED.into_iter().chain(OPTIONAL).chain([PROVENANCE]).find(|name| path == Path::new(name)) else { continue };
        let mut text = Vec::new();
        entry.read_to_end(&mut text)?;
        papers::write_whole(&folder.join(name), &text)?;
    }
    Ok(())
}

async fn collect(engine: &Docker, container: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut stream = std::pin::pin!(engine.export_container(container));
    while let Some(block) = stream.next().await {
        bytes.extend_from_slice(&block.context("the papers could not be read out of their image")?);
        ensure!(u64::try_from(bytes.len())? <= MOST_PAPERS, "the papers are larger than {} MB: that is no release of Vivier's", MOST_PAPERS >> 20);
    }
    Ok(bytes)
}

/// What `docker login` has kept for the registry of `repository`; nothing when it has nothing.
fn credentials(repository: &str) -> anyhow::Result<Option<DockerCredentials>> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")));
    let Some(path) = folder.map(|folder| folder.join("config.json")) else { return Ok(None) };
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let kept: serde_json::Value = serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let registry = repository.split('/').next().unwrap_or_default();
    let auth = kept["auths"][registry]["auth"].as_str();
    Ok(auth.map(|auth| DockerCredentials { auth: Some(auth.to_owned()), serveraddress: Some(registry.to_owned()), ..DockerCredentials::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_registry_is_read_with_its_port_tag_and_digest() {
        let digest = Digest::of("a manifest");
        let read = |text: &str| text.parse::<Reference>().ok().map(|found| (found.repository, found.tag, found.digest));
        assert_eq!(read("127.0.0.1:5000/openclaw"), Some(("127.0.0.1:5000/openclaw".to_owned(), None, None)));
        assert_eq!(read("r.example.com/team/openclaw:2026.9.6"), Some(("r.example.com/team/openclaw".to_owned(), Some("2026.9.6".to_owned()), None)));
        assert_eq!(read(&format!("127.0.0.1:5000/o@{digest}")), Some(("127.0.0.1:5000/o".to_owned(), None, Some(digest))));
        for wrong in ["openclaw", "r/o@latest", "r/o:a b", "r/../o?x=1", "", "r/o:"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
