//! What of an image's files tells what is in it: read from one tar stream of the whole file system, without writing anything.
//!
//! The stream may be hostile: each file that is looked at has a size that it may have, everything else is passed over, and names are
//! only ever compared. A file that should tell something and cannot be read is an error: a gap in the bill would be a gap in the gate.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use memchr::memmem::Finder;
use serde_json::Value;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
/// The largest of each file that is looked at, in bytes. The largest `package.json` of OpenClaw 2026.9.6 has 103 KB, its lock 137 KB.
const MAX_MANIFEST: u64 = 4 * MIB;
const MAX_LOCK: u64 = 64 * MIB;
const MAX_STATUS: u64 = 64 * MIB;
const MAX_OS_RELEASE: u64 = 64 * KIB;
/// The most files of an image that are passed by. OpenClaw 2026.9.6 has about 40,000.
const MAX_ENTRIES: usize = 4_000_000;
/// The most npm packages in an image.
const MAX_PACKAGES: usize = 100_000;
/// The longest path, name or version that is taken, in bytes.
const MAX_TEXT: usize = 1_024;
/// A file `bin/node` smaller than this is a script, not Node (127 MB).
const MIN_NODE: u64 = 8 * MIB;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// `/etc/os-release`, or what it points to.
    pub os_release: Option<String>,
    /// `/var/lib/dpkg/status`.
    pub dpkg_status: Option<String>,
    /// Each installed npm package, by the path of its folder.
    pub packages: BTreeMap<String, Manifest>,
    /// Folders that look like an installed npm package and do not say which.
    pub nameless: BTreeSet<String>,
    /// What the lock files say, by the path of the folder that they speak of.
    pub locked: BTreeMap<String, Locked>,
    /// The folders of projects, with the names of what each asks for.
    pub projects: BTreeMap<String, BTreeSet<String>>,
    pub node: Vec<Binary>,
}

/// What a `package.json` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    pub licence: Option<String>,
    /// The names of what it needs: dependencies, optional ones, and those of its peer.
    pub needs: BTreeSet<String>,
}

/// What a lock file says of one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locked {
    pub version: String,
    /// As npm writes it: `sha512-` and base64.
    pub integrity: Option<String>,
    pub licence: Option<String>,
}

/// A program that is not a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    pub path: String,
    pub version: String,
    /// In hexadecimal.
    pub sha256: String,
}

/// Why an image's files could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    #[error("the image's files could not be read to their end; try again")]
    Read(#[from] io::Error),
    #[error("/{path} in the image has {size} bytes, more than the {limit} that are looked at; only images of Vivier's recipe can be released")]
    TooLarge { path: String, size: u64, limit: u64 },
    #[error("the image has more than {0}; only images of Vivier's recipe can be released")]
    TooMany(String),
    #[error("/{path} in the image {why}; build the image again")]
    Unreadable { path: String, why: String },
}

impl Contents {
    /// Reads the tar stream of a whole file system.
    ///
    /// # Errors
    /// When the stream breaks off, or holds a file that should tell something and does not.
    pub fn read(stream: impl Read) -> Result<Self, ContentsError> {
        let mut found = Self::default();
        let mut archive = tar::Archive::new(stream);
        for (count, entry) in archive.entries()?.enumerate() {
            if count >= MAX_ENTRIES {
                return Err(ContentsError::TooMany(format!("{MAX_ENTRIES} files")));
            }
            let mut entry = entry?;
            let path = entry.path_bytes();
            let path = String::from_utf8_lossy(&path).trim_start_matches("./").trim_matches('/').to_owned();
            let Some(interest) = Interest::of(&path, entry.size()) else { continue };
            let kind = entry.header().entry_type();
            // A symbolic link tells nothing that its target does not. What should be a file and is a hard link or a sparse one hides it.
            if kind.is_dir() || kind.is_symlink() {
                continue;
            }
            if !kind.is_file() && !kind.is_contiguous() {
                return Err(ContentsError::Unreadable { path, why: "is no regular file".to_owned() });
            }
            found.take(interest, path, &mut entry)?;
        }
        Ok(found)
    }

    fn take(&mut self, interest: Interest, path: String, entry: &mut (impl Read + Sized)) -> Result<(), ContentsError> {
        match interest {
            Interest::OsRelease => self.os_release = Some(text(&path, entry, MAX_OS_RELEASE)?),
            Interest::Status => self.dpkg_status = Some(text(&path, entry, MAX_STATUS)?),
            Interest::Package => {
                let folder = folder(&path).to_owned();
                let document = text(&path, entry, MAX_MANIFEST)?;
                match serde_json::from_str::<Value>(&document).ok().and_then(|document| manifest(&document)) {
                    Some(manifest) => drop(self.packages.insert(folder, manifest)),
                    None => drop(self.nameless.insert(folder)),
                }
                if self.packages.len() + self.nameless.len() > MAX_PACKAGES {
                    return Err(ContentsError::TooMany(format!("{MAX_PACKAGES} npm packages")));
                }
            }
            Interest::Lock => {
                let document = text(&path, entry, MAX_LOCK)?;
                let document: Value = serde_json::from_str(&document)
                    .map_err(|error| ContentsError::Unreadable { path: path.clone(), why: format!("is not a lock file of npm ({error})") })?;
                self.lock(folder(&path), &document)?;
            }
            Interest::Node => {
                let binary = binary(path, entry)?;
                self.node.push(binary);
            }
        }
        Ok(())
    }

    fn lock(&mut self, project: &str, document: &Value) -> Result<(), ContentsError> {
        for (place, said) in document["packages"].as_object().into_iter().flatten() {
            if place.is_empty() {
                self.projects.insert(project.to_owned(), names(said, &["dependencies", "optionalDependencies"]));
                continue;
            }
            let Some(version) = word(&said["version"]) else { continue };
            let locked = Locked { version, integrity: word(&said["integrity"]), licence: licence(said) };
            self.locked.insert(format!("{project}/{place}"), locked);
            if self.locked.len() > MAX_PACKAGES {
                return Err(ContentsError::TooMany(format!("{MAX_PACKAGES} packages in its locks")));
            }
        }
        Ok(())
    }
}

/// Why a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interest {
    OsRelease,
    Status,
    Package,
    Lock,
    Node,
}

impl Interest {
    fn of(path: &str, size: u64) -> Option<Self> {
        if path.len() > MAX_TEXT {
            return None;
        }
        match path {
            "etc/os-release" | "usr/lib/os-release" => return Some(Self::OsRelease),
            "var/lib/dpkg/status" => return Some(Self::Status),
            _ => {}
        }
        let (above, name) = path.rsplit_once('/')?;
        match name {
            "node" if (above == "bin" || above.ends_with("/bin")) && size >= MIN_NODE => Some(Self::Node),
            "package-lock.json" if !above.split('/').any(|part| part == "node_modules") => Some(Self::Lock),
            "package.json" => {
                let (holder, name) = above.rsplit_once('/')?;
                let holder = match holder.rsplit_once('/') {
                    Some((holder, scope)) if scope.starts_with('@') => holder,
                    _ if name.starts_with('@') => return None,
                    _ => holder,
                };
                (holder == "node_modules" || holder.ends_with("/node_modules")).then_some(Self::Package)
            }
            _ => None,
        }
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _name)| folder)
}

fn text(path: &str, entry: &mut impl Read, limit: u64) -> Result<String, ContentsError> {
    let mut bytes = Vec::new();
    entry.take(limit + 1).read_to_end(&mut bytes)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > limit {
        return Err(ContentsError::TooLarge { path: path.to_owned(), size, limit });
    }
    String::from_utf8(bytes).map_err(|_| ContentsError::Unreadable { path: path.to_owned(), why: "is not UTF-8".to_owned() })
}

fn manifest(document: &Value) -> Option<Manifest> {
    let needs = names(document, &["dependencies", "optionalDependencies", "peerDependencies"]);
    Some(Manifest { name: word(&document["name"])?, version: word(&document["version"])?, licence: licence(document), needs })
}

/// A text of a reasonable length.
fn word(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty() && text.len() <= MAX_TEXT).map(str::to_owned)
}

/// `license`, or what old packages have instead: an object, or `licenses`.
fn licence(document: &Value) -> Option<String> {
    let of = |value: &Value| word(value).or_else(|| word(&value["type"]));
    of(&document["license"]).or_else(|| {
        let many: Vec<String> = document["licenses"].as_array()?.iter().filter_map(of).collect();
        (!many.is_empty()).then(|| many.join(" OR "))
    })
}

fn names(document: &Value, fields: &[&str]) -> BTreeSet<String> {
    let names = fields.iter().filter_map(|field| document[*field].as_object()).flat_map(|names| names.keys());
    names.filter(|name| name.len() <= MAX_TEXT).cloned().collect()
}

/// Hashes the program and looks for the version in it: Node carries the address of its own source.
fn binary(path: String, entry: &mut impl Read) -> Result<Binary, ContentsError> {
    const MARK: &[u8] = b"/node-v";
    /// The longest version after the mark.
    const TAIL: usize = 64;
    let finder = Finder::new(MARK);
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut versions = BTreeSet::new();
    // What was read, with the end of what was read before it: the mark may lie across both.
    let mut window: Vec<u8> = Vec::new();
    let mut block = vec![0; 1024 * 1024];
    loop {
        let count = match entry.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        if count == 0 {
            break;
        }
        hash.update(&block[..count]);
        window.extend_from_slice(&block[..count]);
        for at in finder.find_iter(&window) {
            versions.extend(version(&window[at + MARK.len()..]));
        }
        window.drain(..window.len().saturating_sub(MARK.len() + TAIL));
    }
    let mut versions = versions.into_iter();
    match (versions.next(), versions.next()) {
        (Some(version), None) => Ok(Binary { path, version, sha256: hex::encode(hash.finish()) }),
        (None, _) => Err(ContentsError::Unreadable { path, why: "does not say which version of Node it is".to_owned() }),
        (Some(one), Some(other)) => Err(ContentsError::Unreadable { path, why: format!("says that it is Node {one} and {other}") }),
    }
}

/// `24.21.0` of `24.21.0.tar.gz…` or `24.21.0-headers…`; nothing when that is not what follows.
fn version(text: &[u8]) -> Option<String> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    let version = std::str::from_utf8(&text[..end]).ok()?.trim_end_matches('.');
    semver::Version::parse(version).ok().map(|version| version.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
