//! The document: CycloneDX 1.6, as JSON. Only the fields that a bill of ours has.
//!
//! Source: cyclonedx.org/docs/1.6/json.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vivier_core::digest::Digest;

use super::licence::Choice;
use super::purl::Purl;

const FORMAT: &str = "CycloneDX";
const SPECIFICATION: &str = "1.6";
/// The largest bill that is read, in bytes. One of an agent image has about half a megabyte.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// A bill of materials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    bom_format: String,
    spec_version: String,
    serial_number: String,
    version: u32,
    pub(super) metadata: Metadata,
    /// Sorted by reference.
    pub components: Vec<Component>,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Metadata {
    lifecycles: Vec<Lifecycle>,
    tools: Tools,
    /// The image.
    pub(super) component: Component,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lifecycle {
    phase: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tools {
    components: Vec<Component>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Application,
    Container,
    File,
    Library,
    OperatingSystem,
    /// What runs programs: Node.
    Platform,
}

/// One thing that is in the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What the dependencies name it by: its package URL, where it has one.
    #[serde(rename = "bom-ref")]
    pub bom_ref: String,
    /// npm's scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// npm: of the package as it was fetched (the lock's `integrity`), before the recipe took out what the gateway never loads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hash {
    pub alg: String,
    /// In hexadecimal.
    pub content: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Evidence {
    occurrences: Vec<Occurrence>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Occurrence {
    location: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    from: String,
    #[serde(rename = "dependsOn", default, skip_serializing_if = "BTreeSet::is_empty")]
    on: BTreeSet<String>,
}

/// Why there is no bill.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    #[error("the image has no npm package openclaw at version {0}, which its label names; build it again")]
    NoOpenClaw(String),
    #[error("the image has {0} Node binaries instead of one; only images of Vivier's recipe can be released")]
    Node(usize),
    #[error("the image has no list of Debian packages (/var/lib/dpkg/status with /etc/os-release); only images on a Debian base can be released")]
    NoDebian,
    #[error("the image's list of Debian packages cannot be read: {0}; build the image again")]
    Debian(String),
    #[error("the bill of materials has {0} bytes, more than the {MAX_BYTES} that are read")]
    TooLarge(usize),
    #[error("the bill of materials is not a CycloneDX document that Vivier has written; make the release again")]
    NotOurs(#[source] serde_json::Error),
    #[error("the bill of materials is for {0}, which is no image's digest; make the release again")]
    NoImage(String),
    #[error("the bill of materials is CycloneDX {0}, and only {SPECIFICATION} is read; make the release again")]
    OtherVersion(String),
}

impl Bill {
    pub(super) fn empty(image: &Digest, version: &str) -> Self {
        let mut root = Component::bare(Kind::Container, image.as_str(), "vivier/openclaw");
        root.version = Some(version.to_owned());
        let mut tool = Component::bare(Kind::Application, "vivierd", "vivierd");
        tool.version = Some(env!("CARGO_PKG_VERSION").to_owned());
        Self {
            bom_format: FORMAT.to_owned(),
            spec_version: SPECIFICATION.to_owned(),
            serial_number: serial_number(image),
            version: 1,
            metadata: Metadata { lifecycles: vec![Lifecycle { phase: "post-build".to_owned() }], tools: Tools { components: vec![tool] }, component: root },
            components: Vec::new(),
            dependencies: Vec::new(),
        }
    }

    /// The image that this is the bill of.
    ///
    /// # Errors
    /// `NoImage`; never for a bill that was made or read here.
    pub fn image(&self) -> Result<Digest, BillError> {
        let name = &self.metadata.component.bom_ref;
        name.parse().map_err(|_| BillError::NoImage(name.clone()))
    }

    /// The version of OpenClaw in the image.
    pub fn openclaw(&self) -> Option<&str> {
        self.metadata.component.version.as_deref()
    }

    /// The document: the same bytes for the same image.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("texts and numbers can be written");
        text.push('\n');
        text
    }

    /// Reads what [`Self::to_json`] has written.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, BillError> {
        if text.len() > MAX_BYTES {
            return Err(BillError::TooLarge(text.len()));
        }
        let bill: Self = serde_json::from_str(text).map_err(BillError::NotOurs)?;
        if bill.bom_format != FORMAT || bill.spec_version != SPECIFICATION {
            return Err(BillError::OtherVersion(format!("{} {}", bill.bom_format, bill.spec_version)));
        }
        bill.image()?;
        Ok(bill)
    }

    pub(super) fn depend(&mut self, edges: BTreeMap<String, BTreeSet<String>>) {
        self.dependencies.extend(edges.into_iter().map(|(from, on)| Dependency { from, on }));
    }

    pub(super) fn sort(&mut self) {
        self.components.sort_by(|one, other| one.bom_ref.cmp(&other.bom_ref));
        self.dependencies.sort_by(|one, other| one.from.cmp(&other.from));
    }

    /// What the component with this reference needs.
    pub fn needs(&self, of: &str) -> Option<&BTreeSet<String>> {
        self.dependencies.iter().find(|dependency| dependency.from == of).map(|dependency| &dependency.on)
    }
}

impl Component {
    pub(super) fn bare(kind: Kind, bom_ref: &str, name: &str) -> Self {
        Self {
            kind,
            bom_ref: bom_ref.to_owned(),
            group: None,
            name: name.to_owned(),
            version: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: None,
            evidence: None,
            properties: Vec::new(),
        }
    }

    pub(super) fn new(kind: Kind, purl: &Purl) -> Self {
        let text = purl.to_string();
        let group = purl.namespace.clone().filter(|_| purl.kind == "npm");
        Self { group, version: purl.version.clone(), purl: Some(text.clone()), ..Self::bare(kind, &text, &purl.name) }
    }

    /// Where in the image it lies, as absolute paths.
    pub(super) fn found_at(&mut self, places: BTreeSet<String>) {
        let occurrences = places.into_iter().map(|place| Occurrence { location: format!("/{place}") }).collect();
        self.evidence = Some(Evidence { occurrences });
    }

    pub(super) fn licensed(&mut self, text: &str) {
        self.licenses = vec![Choice::of(text)];
    }

    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|property| property.name == name).map(|property| property.value.as_str())
    }

    /// Where in the image it was found.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.evidence.iter().flat_map(|evidence| &evidence.occurrences).map(|occurrence| occurrence.location.as_str())
    }
}

/// A UUID (version 8 of RFC 9562: of the maker's own making) out of the image's digest.
fn serial_number(image: &Digest) -> String {
    let digest = Digest::of(format!("vivier bill of {image}"));
    let mut bytes = [0; 16];
    let digits = digest.as_str().trim_start_matches("sha256:");
    hex::decode_to_slice(&digits[..32], &mut bytes).expect("a digest is hexadecimal");
    uuid::Builder::from_custom_bytes(bytes).into_uuid().urn().to_string()
}
