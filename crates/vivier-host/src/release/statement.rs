//! What is signed of a release: an in-toto statement (v1) about one image, with SLSA provenance (v1) as its predicate.
//!
//! The predicate says how the image was made, names by digest every document that belongs to the release, and carries, as an
//! extension of ours, what the host must know before it starts it: the layers and the gate's verdict.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vivier_core::digest::Digest;
use vivier_core::release::Verdict;
use vivier_core::time::Timestamp;

use crate::layout::hex_of;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// The recipe `images/openclaw/build`; its parameters are explained in docs/how-to/build-an-agent-image.md.
const BUILD_TYPE: &str = "urn:vivier:agent-image:v1";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Descriptor>,
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    build_definition: BuildDefinition,
    run_details: RunDetails,
    #[serde(rename = "vivier_release")]
    release: Promises,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition {
    build_type: String,
    external_parameters: BTreeMap<String, String>,
    resolved_dependencies: Vec<Descriptor>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RunDetails {
    builder: Builder,
    metadata: Metadata,
    byproducts: Vec<Descriptor>,
}

/// Who has built it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    pub id: String,
    pub version: BTreeMap<String, String>,
}

/// When it was built, or found built already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub started_on: Timestamp,
    pub finished_on: Timestamp,
}

/// Something named by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// By algorithm, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
}

impl Descriptor {
    pub fn new(name: impl Into<String>, digest: &Digest) -> Self {
        Self { name: name.into(), uri: None, digest: BTreeMap::from([("sha256".to_owned(), hex_of(digest).to_owned())]) }
    }

    fn sha256(&self) -> Option<Digest> {
        format!("sha256:{}", self.digest.get("sha256")?).parse().ok()
    }
}

/// What the host holds a release to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Promises {
    /// The layers' contents (`diff_ids`), bottom first.
    pub layers: Vec<Digest>,
    pub verdict: Verdict,
    /// Why the operator wants it started although it is unscanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

/// All that a statement is made of.
#[derive(Clone, Debug)]
pub struct Facts {
    pub image: Digest,
    /// The name of the image, for people.
    pub name: String,
    pub parameters: BTreeMap<String, String>,
    pub ingredients: Vec<Descriptor>,
    pub builder: Builder,
    pub metadata: Metadata,
    /// The documents of the release.
    pub documents: Vec<Descriptor>,
    pub promises: Promises,
}

impl Statement {
    pub fn new(facts: Facts) -> Self {
        let Facts { image, name, parameters, ingredients, builder, metadata, documents, promises } = facts;
        Self {
            kind: STATEMENT.to_owned(),
            subject: vec![Descriptor::new(name, &image)],
            predicate_type: PROVENANCE.to_owned(),
            predicate: Predicate {
                build_definition: BuildDefinition { build_type: BUILD_TYPE.to_owned(), external_parameters: parameters, resolved_dependencies: ingredients },
                run_details: RunDetails { builder, metadata, byproducts: documents },
                release: promises,
            },
        }
    }

    /// Reads a statement of ours. `None`: it is something else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let found: Self = serde_json::from_slice(bytes).ok()?;
        let ours = found.kind == STATEMENT && found.predicate_type == PROVENANCE && found.predicate.build_definition.build_type == BUILD_TYPE;
        ours.then_some(found)
    }

    /// It is about `image` and nothing else.
    pub fn is_about(&self, image: &Digest) -> bool {
        matches!(self.subject.as_slice(), [only] if only.sha256().as_ref() == Some(image))
    }

    /// The digest that the document `name` must have; `None` when the release has no such document.
    pub fn document(&self, name: &str) -> Option<Digest> {
        let mut named = self.predicate.run_details.byproducts.iter().filter(|document| document.name == name);
        named.next().filter(|_| named.next().is_none()).and_then(Descriptor::sha256)
    }

    pub fn promises(&self) -> &Promises {
        &self.predicate.release
    }

    pub fn metadata(&self) -> Metadata {
        self.predicate.run_details.metadata
    }
}
