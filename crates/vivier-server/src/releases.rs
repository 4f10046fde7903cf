//! The catalogue of releases, and the check of a configuration against the schema of its release.

use std::path::Path;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::Deserialize as _;
use serde_json::Value;
use vivier_core::config::ConfigIssue;
use vivier_core::digest::Digest;
use vivier_core::runtime::RuntimeError;

use crate::runtimes::Images;
use crate::store::{Store, StoreError};

/// More issues than a person reads.
const MOST_ISSUES: usize = 50;

#[derive(Debug, thiserror::Error)]
pub enum ReleasesError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the host's images are not known: {0}")]
    Runtime(#[from] RuntimeError),
    #[error("the configuration schema of this release cannot be read; an operator builds the image again with `vivierd image build`")]
    Schema(#[source] anyhow::Error),
}

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
    let schema = Relevant(Some(config)).deserialize(&mut reader)?;
    drop(text);
    let validator = jsonschema::validator_for(&schema).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(validator.iter_errors(config).take(MOST_ISSUES).map(|error| issue(&error)).collect())
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
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(properties))
    }
}

fn issue(error: &jsonschema::ValidationError<'_>) -> ConfigIssue {
    let path = error.instance_path().to_string().trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~");
    ConfigIssue::new(path, error.masked().to_string())
}
