//! The bill of materials of an agent image.
//!
//! It is made from the image's own files ([`contents`]), not from what the recipe meant to put there: what the recipe prunes is not in
//! it, and what a base image adds is. npm's packages come from their installed `package.json`s, with licence and integrity from the
//! lock files that lie beside them; Debian's from dpkg's own list; Node from its binary. The same image gives the same bytes: nothing
//! of the clock, of the machine or of chance is in it.
//!
//! What was compiled into a package (OpenClaw bundles some of its libraries) leaves no file to be seen here.

mod contents;
mod cyclonedx;
mod debian;
mod image;
mod licence;
mod npm;
mod purl;

use std::collections::{BTreeMap, BTreeSet};

use vivier_core::digest::Digest;

pub use contents::{Binary, Contents, ContentsError, Manifest};
pub use cyclonedx::{Bill, BillError, Component, Hash, Kind, Property};
pub use image::contents as contents_of;
pub use purl::Purl;

use crate::release::osv::Ecosystem;

/// The name of the property that says from which source package a Debian package was built.
pub const SOURCE: &str = "vivier:debian:source";
/// The name of the property with that source package's version.
pub const SOURCE_VERSION: &str = "vivier:debian:source-version";

/// What a database of vulnerabilities can be asked about: a package by the name and version that its ecosystem uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    pub ecosystem: Ecosystem,
    /// npm: the package; Debian: the *source* package, which is what its advisories name; Bitnami: `node`.
    pub name: String,
    pub version: String,
}

/// The bill's packages as a database knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// Each with the components of the bill that it stands for, by their references.
    pub known: BTreeMap<Subject, BTreeSet<String>>,
    /// Components that no ecosystem is known for: nothing can be said of them.
    pub strange: BTreeSet<String>,
}

impl Bill {
    /// The bill of `image`, which holds OpenClaw at `version` and `contents`.
    ///
    /// # Errors
    /// When something that every agent image has is missing: OpenClaw, Node, or Debian's list of packages.
    pub fn of(image: &Digest, version: &str, contents: &Contents) -> Result<Self, BillError> {
        let mut bill = Self::empty(image, version);
        let npm = npm::packages(contents);
        if !npm.components.iter().any(|component| component.purl.as_deref() == Some(&Purl::npm("openclaw", version).to_string())) {
            return Err(BillError::NoOpenClaw(version.to_owned()));
        }
        let [node] = contents.node.as_slice() else { return Err(BillError::Node(contents.node.len())) };
        let debian = debian::packages(contents)?;

        let mut top: BTreeSet<String> = npm.top.clone();
        for part in [npm, debian.into(), node_of(node).into()] {
            top.extend(part.top);
            bill.components.extend(part.components);
            bill.depend(part.edges);
        }
        bill.depend([(bill.metadata.component.bom_ref.clone(), top)].into());
        bill.sort();
        Ok(bill)
    }

    /// What to ask a database about.
    pub fn subjects(&self) -> Subjects {
        let mut subjects = Subjects::default();
        for component in &self.components {
            match component.kind {
                // The system is its packages, which are listed; a file is there to be seen.
                Kind::OperatingSystem | Kind::File | Kind::Container => continue,
                Kind::Application | Kind::Library | Kind::Platform => {}
            }
            match subject(component) {
                Some(subject) => subjects.known.entry(subject).or_default().insert(component.bom_ref.clone()),
                None => subjects.strange.insert(component.bom_ref.clone()),
            };
        }
        subjects
    }
}

fn subject(component: &Component) -> Option<Subject> {
    let purl: Purl = component.purl.as_deref()?.parse().ok()?;
    let version = purl.version.clone()?;
    match (purl.kind.as_str(), purl.namespace.as_deref()) {
        ("npm", namespace) => {
            let name = namespace.map_or_else(|| purl.name.clone(), |scope| format!("{scope}/{}", purl.name));
            Some(Subject { ecosystem: Ecosystem::Npm, name, version })
        }
        ("deb", Some("debian")) => {
            let release = purl.qualifiers.get("distro")?.strip_prefix("debian-")?.to_owned();
            let name = component.property(SOURCE).map_or_else(|| purl.name.clone(), str::to_owned);
            let version = component.property(SOURCE_VERSION).map_or(version, str::to_owned);
            Some(Subject { ecosystem: Ecosystem::Debian(release), name, version })
        }
        ("generic", None) if purl.name == "node" => Some(Subject { ecosystem: Ecosystem::Bitnami, name: purl.name, version }),
        _ => None,
    }
}

/// What one way of installing has put into the image.
#[derive(Debug, Default)]
struct Part {
    components: Vec<Component>,
    /// What the image itself asks for.
    top: BTreeSet<String>,
    /// From each reference to those that it needs.
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl From<Component> for Part {
    fn from(component: Component) -> Self {
        Self { top: [component.bom_ref.clone()].into(), components: vec![component], edges: BTreeMap::new() }
    }
}

fn node_of(binary: &Binary) -> Component {
    let Binary { path, version, sha256 } = binary;
    let mut node = Component::new(Kind::Platform, &Purl::generic("node", version));
    node.hashes.push(Hash { alg: "SHA-256".to_owned(), content: sha256.clone() });
    node.found_at([path.clone()].into());
    node.licensed("MIT");
    node
}

#[cfg(test)]
mod tests;
