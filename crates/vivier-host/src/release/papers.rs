//! The papers of a release: what lies in `<data>/images/<digest>/`, and how it gets there whole.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use vivier_core::digest::Digest;
use vivier_core::release::Withdrawal;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};

use crate::clock;
use crate::layout::{Layout, remove};

/// What the recipe says of the image.
pub const RELEASE: &str = "release.json";
/// The JSON schema of the configuration, as this version of OpenClaw prints it.
pub const SCHEMA: &str = "config.schema.json";
/// What is in the image, as CycloneDX.
pub const SBOM: &str = "sbom.cdx.json";
/// What the gate found.
pub const SCAN: &str = "scan.json";
/// The signed statement about all of it.
pub const PROVENANCE: &str = "provenance.dsse.json";
/// The exact locks that it was built from, and where the recipe has each.
pub const LOCKS: [(&str, &str); 2] = [("app.package-lock.json", "app/package-lock.json"), ("channels.package-lock.json", "channels/package-lock.json")];
/// What a release cannot be without.
pub const REQUIRED: [&str; 3] = [RELEASE, SBOM, SCAN];
/// What it may have besides.
pub const OPTIONAL: [&str; 3] = [SCHEMA, LOCKS[0].0, LOCKS[1].0];

/// Notes are read in a list, not in a book.
pub const MOST_NOTES: usize = 4_000;
const MOST_REASON: usize = 500;

/// What the recipe says of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub image: Digest,
    pub openclaw: String,
    pub node: String,
    #[serde(default)]
    pub size_bytes: u64,
    /// What the operator says of it, for those who choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// The digest of a document. A few megabytes are read before every start, so this is the fast one.
pub fn digest_of(bytes: &[u8]) -> Digest {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    format!("sha256:{}", hex::encode(digest)).parse().expect("64 lower-case digits are a digest")
}

/// Puts the folder `made` in the place of the release of `image`, whole: whoever looks sees the old papers or the new ones.
///
/// # Errors
/// When the disk fails.
pub fn shelve(layout: &Layout, image: &Digest, made: &Path) -> anyhow::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let place = layout.image(image);
    let failed = || format!("cannot put the release into {}", place.display());
    if place.try_exists().with_context(failed)? {
        renameat_with(CWD, made, CWD, &place, RenameFlags::EXCHANGE).with_context(failed)?;
        remove(made).with_context(|| format!("cannot remove {}", made.display()))
    } else {
        std::fs::rename(made, &place).with_context(failed)
    }
}

/// Why `image` must not be started any more; `None` when nothing is said against it.
///
/// # Errors
/// When the disk does not say: then it must not be started either.
pub fn withdrawal(layout: &Layout, image: &Digest) -> std::io::Result<Option<Withdrawal>> {
    match std::fs::read(layout.withdrawal(image)) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// From now on `image` is not started any more, or, without a `reason`, again. Agents that run go on.
///
/// # Errors
/// When the reason is empty or too long, or the disk fails.
pub fn withdraw(layout: &Layout, image: &Digest, reason: Option<&str>) -> anyhow::Result<Option<Withdrawal>> {
    let path = layout.withdrawal(image);
    let Some(reason) = reason.map(str::trim) else {
        remove(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        return Ok(None);
    };
    check_reason(reason)?;
    let withdrawn = Withdrawal { reason: reason.to_owned(), at: clock::now() };
    write_whole(&path, &serde_json::to_vec_pretty(&withdrawn)?)?;
    Ok(Some(withdrawn))
}

/// The same, asked for over the socket: only for a release that is on the shelf.
///
/// # Errors
/// `NotFound` when there is no such release; `Refused` when the reason is none; `Failed` when the disk fails.
pub fn withdraw_known(layout: &Layout, image: &Digest, reason: Option<&str>) -> Result<(), RuntimeError> {
    if !layout.image(image).exists() {
        return Err(RuntimeError::new(RuntimeErrorKind::NotFound, format!("this host has no release {}", image.short())));
    }
    if let Some(reason) = reason {
        check_reason(reason).map_err(|error| RuntimeError::new(RuntimeErrorKind::Refused, error.to_string()))?;
    }
    let failed =
        |error: anyhow::Error| RuntimeError::new(RuntimeErrorKind::Failed, "the withdrawal could not be written down").with_detail(format!("{error:#}"));
    withdraw(layout, image, reason).map(|_| ()).map_err(failed)
}

fn check_reason(reason: &str) -> anyhow::Result<()> {
    let reason = reason.trim();
    anyhow::ensure!(!reason.is_empty() && reason.len() <= MOST_REASON, "the reason must have 1 to {MOST_REASON} letters; tenants are shown it");
    Ok(())
}

/// Writes a file so that it is there whole or not at all, also after a power cut.
pub fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let written = std::fs::File::create(&fresh).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&fresh, path)).with_context(|| format!("cannot write {}", path.display()))
}
