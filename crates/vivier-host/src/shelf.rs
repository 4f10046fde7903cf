//! The releases of a host, as its socket offers them.

use vivier_core::digest::Digest;
use vivier_core::release::Verdict;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};
use vivier_core::time::Timestamp;
use vivier_core::wire::host::Image;

use crate::clock;
use crate::docker::DockerRuntime;
use crate::layout::Layout;
use crate::release::papers;

/// The releases that a host has.
#[async_trait::async_trait]
pub trait Shelf: Send + Sync {
    async fn images(&self) -> Result<Vec<Image>, RuntimeError>;
    /// Without a reason: it may be started again.
    async fn withdraw(&self, image: &Digest, reason: Option<String>) -> Result<(), RuntimeError>;
}

#[async_trait::async_trait]
impl Shelf for DockerRuntime {
    async fn images(&self) -> Result<Vec<Image>, RuntimeError> {
        self.images().await
    }

    async fn withdraw(&self, image: &Digest, reason: Option<String>) -> Result<(), RuntimeError> {
        self.withdraw(image, reason).await
    }
}

/// The fake's releases: what is on the host's disk, unchecked, since nothing of it is started; with none, one of its own, so that
/// it can be tried out without a build.
pub struct FakeShelf {
    layout: Layout,
    since: Timestamp,
}

impl FakeShelf {
    pub fn new(layout: Layout) -> Self {
        Self { layout, since: clock::now() }
    }

    /// # Errors
    /// When the disk cannot be read.
    pub fn list(&self) -> std::io::Result<Vec<Image>> {
        let mut known = Vec::new();
        for entry in std::fs::read_dir(self.layout.images())? {
            let name = entry?.file_name();
            let Some(image) = name.to_str().and_then(|name| format!("sha256:{name}").parse().ok()) else { continue };
            let note = std::fs::read(self.layout.image(&image).join(papers::RELEASE)).ok();
            if let Some(release) = note.and_then(|note| serde_json::from_slice::<papers::Release>(&note).ok()) {
                known.push(self.pretend(release));
            }
        }
        if known.is_empty() {
            let image = Digest::of("vivier fake image");
            let release = papers::Release { image, openclaw: "0.0.0-fake".to_owned(), node: "0.0.0".to_owned(), size_bytes: 0, notes: None };
            known.push(self.pretend(release));
        }
        Ok(known)
    }

    fn pretend(&self, release: papers::Release) -> Image {
        let papers::Release { image, openclaw, node, size_bytes, notes } = release;
        let there = |name: &str| Some(self.layout.image(&image).join(name)).filter(|path| path.exists());
        Image {
            openclaw_version: openclaw,
            node_version: node,
            size_bytes,
            built_at: self.since,
            notes,
            verdict: Verdict::Unscanned,
            accepted: Some("the fake runtime starts nothing".to_owned()),
            withdrawn: papers::withdrawal(&self.layout, &image).unwrap_or_default(),
            signed_by: String::new(),
            config_schema: there(papers::SCHEMA),
            sbom: there(papers::SBOM),
            provenance: there(papers::PROVENANCE),
            image,
        }
    }
}

#[async_trait::async_trait]
impl Shelf for FakeShelf {
    async fn images(&self) -> Result<Vec<Image>, RuntimeError> {
        self.list().map_err(|error| RuntimeError::new(RuntimeErrorKind::Failed, "the host's list of images cannot be read").with_detail(error))
    }

    async fn withdraw(&self, image: &Digest, reason: Option<String>) -> Result<(), RuntimeError> {
        papers::withdraw(&self.layout, image, reason.as_deref()).map(|_| ()).map_err(|error| RuntimeError::new(RuntimeErrorKind::Refused, error.to_string()))
    }
}
