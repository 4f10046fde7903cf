//! Whether a release may be started: its signature, its papers, its verdict, its withdrawal. Done before every start, from this
//! host's own disk and the operator's public keys alone: nothing that `serve` says is part of it.

use std::path::Path;

use vivier_core::digest::Digest;
use vivier_core::release::{Verdict, Withdrawal};
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};

use super::dsse::{Envelope, Sealed};
use super::keys::KeyFiles;
use super::papers::{self, PROVENANCE, RELEASE, REQUIRED, Release};
use super::statement::Statement;
use crate::layout::Layout;

/// A release whose signature and papers are in order.
#[derive(Clone, Debug)]
pub struct Checked {
    pub release: Release,
    pub statement: Statement,
    /// [`super::keys::PublicKey::id`].
    pub signed_by: String,
    pub withdrawn: Option<Withdrawal>,
}

/// What is wrong with a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    Unknown,
    Unreadable(String),
    NoKeys(String),
    Unsigned,
    Malformed,
    Untrusted(Vec<String>),
    WrongSignature(String),
    OtherImage,
    Missing(&'static str),
    Changed(&'static str),
    OtherLayers,
    NotInEngine,
    NotOurs,
    Failed,
    Unscanned,
    Withdrawn(String),
}

impl Flaw {
    /// One word, for counting.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Unreadable(_) => "unreadable",
            Self::NoKeys(_) => "no_keys",
            Self::Unsigned => "unsigned",
            Self::Malformed => "malformed",
            Self::Untrusted(_) => "untrusted",
            Self::WrongSignature(_) => "wrong_signature",
            Self::OtherImage => "other_image",
            Self::Missing(_) => "missing_document",
            Self::Changed(_) => "changed_document",
            Self::OtherLayers => "other_layers",
            Self::NotInEngine => "not_in_engine",
            Self::NotOurs => "not_ours",
            Self::Failed => "vulnerable",
            Self::Unscanned => "unscanned",
            Self::Withdrawn(_) => "withdrawn",
        }
    }

    /// The host's refusal to start `image`, with what can be done.
    pub fn about(self, image: &Digest) -> RuntimeError {
        let short = image.short();
        let again = "build it again with `vivierd release build`";
        let (message, detail) = match self {
            Self::Unknown => (format!("this host does not know the image {short}; build it with `vivierd release build`"), String::new()),
            Self::Unreadable(detail) => (format!("what this host knows of the image {short} cannot be read; look at its disk"), detail),
            Self::NoKeys(detail) => ("the keys that releases are checked with cannot be used; `vivierd release list` says why".to_owned(), detail),
            Self::Unsigned => (format!("the release {short} is not signed; sign it with `vivierd release build` (nothing is built twice)"), String::new()),
            Self::Malformed => (format!("the signed statement of the release {short} cannot be read; {again}"), String::new()),
            Self::Untrusted(keys) => (
                format!("the release {short} is signed by a key that this host does not trust; add the key to `host.release_keys`, or {again}"),
                keys.join(", "),
            ),
            Self::WrongSignature(key) => (format!("the signature of the release {short} is wrong: it was changed after it was signed; {again}"), key),
            Self::OtherImage => (format!("the signed statement kept for the image {short} is about another one; {again}"), String::new()),
            Self::Missing(name) => (format!("the release {short} has no {name}; {again}"), String::new()),
            Self::Changed(name) => (format!("the {name} of the release {short} is not the one that was signed; {again}"), String::new()),
            Self::OtherLayers => (format!("the engine holds other layers under the image {short} than those that were signed; {again}"), String::new()),
            Self::NotInEngine => (format!("the image {short} is gone from this host's engine; build it with `vivierd release build`"), String::new()),
            Self::NotOurs => (format!("the image {short} was not made by Vivier's recipe"), String::new()),
            Self::Failed => (
                format!("the release {short} has vulnerabilities that the policy does not accept; its scan.json names them; take another release"),
                String::new(),
            ),
            Self::Unscanned => (
                format!("the release {short} was not scanned for vulnerabilities; build it again with a database, or with --accept-unscanned and a reason"),
                String::new(),
            ),
            Self::Withdrawn(reason) => (format!("the release {short} was withdrawn: {reason}; take another release"), String::new()),
        };
        RuntimeError::new(RuntimeErrorKind::Image, message).with_detail(detail)
    }
}

/// Reads and checks the papers of `image`: some megabytes are hashed, some milliseconds.
///
/// # Errors
/// The first flaw. The verdict and the withdrawal are not among them: see [`Checked::may_start`].
pub fn check(layout: &Layout, keys: &KeyFiles, image: &Digest) -> Result<Checked, Flaw> {
    check_in(layout, keys, image, &layout.image(image))
}

/// The same of papers that lie in `folder`, before they are put on the shelf.
///
/// # Errors
/// The first flaw.
pub fn check_in(layout: &Layout, keys: &KeyFiles, image: &Digest, folder: &Path) -> Result<Checked, Flaw> {
    let read = |name: &str| match std::fs::read(folder.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Flaw::Unreadable(format!("{name}: {error}"))),
    };
    if !folder.join(RELEASE).exists() && !folder.join(PROVENANCE).exists() {
        return Err(Flaw::Unknown);
    }
    // Before the keys: where nothing was ever signed there are none.
    let envelope = read(PROVENANCE)?.ok_or(Flaw::Unsigned)?;
    let trusted = keys.trusted().map_err(|error| Flaw::NoKeys(format!("{error:#}")))?;
    let envelope: Envelope = serde_json::from_slice(&envelope).map_err(|_not_one| Flaw::Malformed)?;
    let (payload, signed_by) = envelope.open(&trusted).map_err(|sealed| match sealed {
        Sealed::Malformed => Flaw::Malformed,
        Sealed::Untrusted(keys) => Flaw::Untrusted(keys),
        Sealed::Wrong(key) => Flaw::WrongSignature(key),
    })?;
    let statement = Statement::parse(&payload).ok_or(Flaw::Malformed)?;
    if !statement.is_about(image) {
        return Err(Flaw::OtherImage);
    }
    let mut note = None;
    for name in REQUIRED.into_iter().chain(papers::OPTIONAL) {
        let Some(signed) = statement.document(name) else {
            if REQUIRED.contains(&name) {
                return Err(Flaw::Missing(name));
            }
            continue;
        };
        let bytes = read(name)?.ok_or(Flaw::Missing(name))?;
        if papers::digest_of(&bytes) != signed {
            return Err(Flaw::Changed(name));
        }
        if name == RELEASE {
            note = Some(bytes);
        }
    }
    let release: Release = note.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(Flaw::Malformed)?;
    if release.image != *image {
        return Err(Flaw::OtherImage);
    }
    let withdrawn = papers::withdrawal(layout, image).map_err(|error| Flaw::Unreadable(format!("withdrawal: {error}")))?;
    Ok(Checked { release, statement, signed_by, withdrawn })
}

impl Checked {
    /// # Errors
    /// When it was withdrawn, or the gate says no and the operator has not accepted that.
    pub fn may_start(&self) -> Result<(), Flaw> {
        if let Some(withdrawn) = &self.withdrawn {
            return Err(Flaw::Withdrawn(withdrawn.reason.clone()));
        }
        let promises = self.statement.promises();
        match (promises.verdict, &promises.accepted) {
            (Verdict::Passed, _) | (Verdict::Unscanned, Some(_)) => Ok(()),
            (Verdict::Failed, _) => Err(Flaw::Failed),
            (Verdict::Unscanned, None) => Err(Flaw::Unscanned),
        }
    }
}
