//! The catalogue of releases, and the check of a configuration against the schema of its release.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use vivier_core::config::ConfigIssue;
use vivier_core::digest::Digest;
use vivier_core::id::ReleaseId;
use vivier_core::runtime::RuntimeError;

use crate::runtimes::Images;
use crate::store::{Actor, Store, StoreError};

/// More issues than a person reads.
const MOST_ISSUES: usize = 50;

#[derive(Debug, thiserror::Error)]
pub enum ReleasesError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the host's images are not known: {0}")]
    Runtime(#[from] RuntimeError),
    #[error("the release's document cannot be read")]
    Document(#[source] std::io::Error),
    #[error("the configuration schema of this release cannot be read; an operator builds the image again with `vivierd release build`")]
    Schema(#[source] anyhow::Error),
}

/// The largest document of a release that is given out, in bytes.
const MOST_DOCUMENT: u64 = 64 << 20;

/// Who knows the images, and one check at a time.
pub struct Releases {
    source: Arc<dyn Images>,
    store: Store,
    /// A check is made of what is read for it and leaves nothing behind; checks take turns, so that many at once cost no memory.
    turn: Arc<tokio::sync::Semaphore>,
}

impl Releases {
    pub fn new(source: Arc<dyn Images>, store: Store) -> Self {
        Self { source, store, turn: Arc::new(tokio::sync::Semaphore::new(1)) }
    }

    /// Makes the catalogue say what the host holds. Returns whether anything changed.
    ///
    /// # Errors
    /// When the host does not answer, or the store fails.
    pub async fn sync(&self) -> Result<bool, ReleasesError> {
        let images = self.source.images().await?;
        let changed = self.store.sync_releases(&images).await?;
        if changed {
            tracing::info!(images = images.len(), "the catalogue of releases has changed");
        }
        Ok(changed)
    }

    /// Takes a release back, or (without a reason) lets it be started again: first in the catalogue, then on the host, whose word counts.
    ///
    /// # Errors
    /// When there is no such release, or the host does not do it: then the catalogue says at its next look what the host says.
    pub async fn withdraw(&self, actor: &Actor, id: ReleaseId, reason: Option<&str>) -> Result<(), ReleasesError> {
        let image = match self.store.withdraw_release(actor, id, reason).await {
            // The same request once more: the host may not have heard of it yet.
            Err(StoreError::Repeated) => match self.store.releases().await?.into_iter().find(|release| release.id == id) {
                Some(release) => release.image,
                None => return Err(StoreError::NotFound("release").into()),
            },
            image => image?,
        };
        self.source.withdraw(&image, reason).await?;
        self.sync().await?;
        Ok(())
    }

    /// Reads a document of a release: at most [`MOST_DOCUMENT`] bytes.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub async fn document(&self, path: Option<PathBuf>) -> Result<Vec<u8>, ReleasesError> {
        let path = path.ok_or(StoreError::NotFound("document of this release"))?;
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            std::fs::File::open(&path)?.take(MOST_DOCUMENT).read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>(bytes)
        });
        match read.await.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(StoreError::NotFound("document of this release").into()),
            Err(error) => Err(ReleasesError::Document(error)),
        }
    }

    /// Checks `config` against the schema of `image`'s OpenClaw: every issue with its dotted path. No schema: nothing to say, and the
    /// gateway's own check at its start remains.
    ///
    /// # Errors
    /// When the schema is there but cannot be read.
    pub async fn validate(&self, image: &Digest, config: &Value) -> Result<Vec<ConfigIssue>, ReleasesError> {
        let Some(path) = self.store.schema_path(image).await? else { return Ok(Vec::new()) };
        let _turn = self.turn.acquire().await.map_err(|error| ReleasesError::Schema(error.into()))?;
        let config = config.clone();
        let checking = tokio::task::spawn_blocking(move || check(&path, &config));
        checking.await.map_err(|error| ReleasesError::Schema(error.into()))?.map_err(ReleasesError::Schema)
    }
}

fn check(path: &Path, config: &Value) -> anyhow::Result<Vec<ConfigIssue>> {
    let text = std::fs::read(path)?;
    let mut reader = serde_json::Deserializer::from_slice(&text);
    let mut schema = Relevant(Some(config)).deserialize(&mut reader)?;
    drop(text);
    spare_defaults(&mut schema);
    let validator = jsonschema::validator_for(&schema).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(validator.iter_errors(config).flat_map(|error| issues(&error)).take(MOST_ISSUES).collect())
}

/// Reads the part of a schema that a document can meet: of `properties`, only those that the document has.
///
/// OpenClaw's schema is 2.4 MB of text, and compiling it whole takes tens of megabytes and a third of a second; a document touches a
/// small part of it. What a property that is not there says cannot matter, so leaving it out changes no answer.
struct Relevant<'a>(Option<&'a Value>);

impl<'de> DeserializeSeed<'de> for Relevant<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Some(Value::Object(_)) => deserializer.deserialize_any(self),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => Value::deserialize(deserializer),
        }
    }
}

impl<'de> Visitor<'de> for Relevant<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON schema")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut schema = serde_json::Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = if key == "properties" { map.next_value_seed(Properties(self.0))? } else { map.next_value()? };
            schema.insert(key, value);
        }
        Ok(Value::Object(schema))
    }
}

/// The `properties` of a schema, as far as the document has them.
struct Properties<'a>(Option<&'a Value>);

impl<'de> DeserializeSeed<'de> for Properties<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Properties<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the properties of a JSON schema")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut properties = serde_json::Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match self.0.and_then(|document| document.get(&key)) {
                Some(inner) => {
                    let schema = map.next_value_seed(Relevant(Some(inner)))?;
                    properties.insert(key, schema);
                }
                None => {
                    if map.next_value::<Defaulted>()?.0 {
                        properties.insert(key, serde_json::json!({ "default": null }));
                    }
                }
            }
        }
        Ok(Value::Object(properties))
    }
}

/// Whether the schema of a property that the document lacks names a default.
struct Defaulted(bool);

impl<'de> serde::Deserialize<'de> for Defaulted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DefaultedVisitor)
    }
}

struct DefaultedVisitor;

impl<'de> Visitor<'de> for DefaultedVisitor {
    type Value = Defaulted;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON schema")
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Defaulted, E> {
        Ok(Defaulted(false))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Defaulted, A::Error> {
        let mut defaulted = false;
        while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            defaulted |= key == "default";
        }
        Ok(Defaulted(defaulted))
    }
}

/// OpenClaw's schema describes the configuration after its defaults are filled in, so it also requires what has a default. Whoever
/// writes a document may leave that out.
fn spare_defaults(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let spared: Vec<String> = map
                .get("properties")
                .and_then(Value::as_object)
                .map(|properties| properties.iter().filter(|(_, inner)| inner.get("default").is_some()).map(|(name, _)| name.clone()).collect())
                .unwrap_or_default();
            if let Some(required) = map.get_mut("required").and_then(Value::as_array_mut) {
                required.retain(|name| !name.as_str().is_some_and(|name| spared.iter().any(|spared| spared == name)));
            }
            map.values_mut().for_each(spare_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(spare_defaults),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One error of the schema, in words for whoever wrote the document. The values themselves are never repeated: one may be a secret.
#[allow(clippy::wildcard_enum_match_arm, reason = "the schema library's enum, of which a few kinds deserve words of their own")]
fn issues(error: &ValidationError<'_>) -> Vec<ConfigIssue> {
    let path = dotted(error.instance_path());
    let one = |message: String| vec![ConfigIssue::new(path.clone(), message)];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                ConfigIssue::new(path, "is not known to this version of OpenClaw; check its spelling, or remove it")
            })
            .collect(),
        ValidationErrorKind::Type { kind } => one(format!("must be {}, not {}", expected(kind), found(error.instance()))),
        ValidationErrorKind::Enum { options } => one(format!("must be one of {}", list(options))),
        ValidationErrorKind::Constant { expected_value } => one(format!("must be {expected_value}")),
        ValidationErrorKind::Required { property } => one(format!("lacks {property}")),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let deepest = |branch: &&Vec<ValidationError<'static>>| branch.iter().map(|inner| dotted(inner.instance_path()).len()).max().unwrap_or(0);
            // The form that went wrong furthest inside is the one that was meant.
            match context.iter().max_by_key(deepest).filter(|branch| deepest(branch) > path.len()) {
                Some(branch) => branch.iter().flat_map(issues).collect(),
                None => one("has none of the forms that OpenClaw accepts here".to_owned()),
            }
        }
        // The schema's own words for the rest (bounds, lengths, patterns); the value is masked.
        _ => one(error.masked().to_string()),
    }
}

fn dotted(path: &jsonschema::paths::Location) -> String {
    path.as_str().trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => named(&one.to_string()).to_owned(),
        TypeKind::Multiple(several) => several.iter().map(|one| named(&one.to_string()).to_owned()).collect::<Vec<_>>().join(" or "),
    }
}

fn named(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "object" => "an object { … }",
        "array" => "a list [ … ]",
        "null" => "null",
        other => other,
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn list(options: &Value) -> String {
    match options {
        Value::Array(items) => items.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => options.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(schema: &Value, config: &Value) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), schema.to_string()).expect("writes");
        check(file.path(), config).expect("checks").into_iter().map(|issue| format!("{}: {}", issue.path, issue.message)).collect()
    }

    #[test]
    fn what_has_a_default_may_be_left_out_and_the_rest_may_not() {
        let inner = json!({ "type": "object", "required": ["policy", "token"], "properties": { "policy": { "default": "ask", "type": "string" }, "token": { "type": "string" } } });
        let schema = json!({ "type": "object", "properties": { "plain": inner, "either": { "anyOf": [{ "type": "string" }, inner] } } });
        assert_eq!(checked(&schema, &json!({ "plain": { "token": "t" }, "either": { "token": "t" } })), Vec::<String>::new());
        assert_eq!(checked(&schema, &json!({ "plain": {} })), ["plain: lacks \"token\""]);
        assert_eq!(checked(&schema, &json!({ "plain": { "token": "t", "policy": 7 } })), ["plain.policy: must be text, not a number"]);
    }
}
