//! A configuration on its way from one agent to another: everything but the secrets, of which it holds the names.

use serde::{Deserialize, Serialize};

use crate::channel::ChannelSettings;
use crate::provider::ProviderSettings;
use crate::time::Timestamp;

/// The form that this version writes and reads.
pub const FORM: u32 = 1;

/// What `vivier config export` and the dashboard write, and `vivier config import` reads. JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortableConfig {
    /// [`FORM`]; another number is another form.
    pub vivier_config: u32,
    /// The agent that it came from, its configuration's version, and the OpenClaw that it was written for.
    pub from: Origin,
    /// The tenant's own document, JSON5, as written.
    pub document: String,
    #[serde(default)]
    pub provider: Option<ProviderSettings>,
    #[serde(default)]
    pub channels: Vec<ChannelSettings>,
    /// Names of the secrets that it needs, such as `provider.apiKey`; never a text.
    #[serde(default)]
    pub secrets: Vec<String>,
}

/// Where a configuration came from: for the reader, not for the import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub agent: String,
    pub version: u64,
    pub openclaw_version: String,
    pub exported_at: Timestamp,
}
