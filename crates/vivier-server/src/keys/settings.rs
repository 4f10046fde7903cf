//! What an operator can set about key-encryption keys.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::KeyError;

/// Where key-encryption keys live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// `<data_dir>/keys/kek…`, readable by the daemon alone.
    #[default]
    File,
    /// The transit engine of HashiCorp Vault or OpenBao.
    Vault,
    AwsKms,
}

impl KeyKind {
    pub const ALL: [Self; 3] = [Self::File, Self::Vault, Self::AwsKms];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Vault => "vault",
            Self::AwsKms => "aws_kms",
        }
    }
}

/// `[server.keys]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeySettings {
    /// What wraps data keys from now on. What another kind has wrapped stays readable as long as that one's settings stay, until
    /// `vivierd keys rotate` has wrapped everything anew.
    pub kind: KeyKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault: Option<TransitSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_kms: Option<KmsSettings>,
}

/// `[server.keys.vault]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransitSettings {
    /// Such as `https://vault.example.com:8200`.
    pub address: String,
    /// Where the transit engine is mounted.
    pub mount: String,
    /// The name of the transit key.
    pub key: String,
    /// The file that holds the token. Read anew for every call, so that an agent may renew it. Mode 0600.
    pub token_file: PathBuf,
    /// Vault Enterprise's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// A PEM file with the authority that has signed Vault's certificate; absent: the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Seconds that one call may take.
    pub timeout_seconds: u32,
}

impl Default for TransitSettings {
    fn default() -> Self {
        Self {
            address: String::new(),
            mount: "transit".to_owned(),
            key: "vivier".to_owned(),
            token_file: PathBuf::new(),
            namespace: None,
            ca_file: None,
            timeout_seconds: 5,
        }
    }
}

impl TransitSettings {
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), KeyError> {
        let wrong = |field: &str, why: &str| Err(KeyError::Settings(format!("vault.{field} {why}")));
        if vivier_core::provider::http_address(&self.address).is_err() {
            return wrong("address", "must be an address such as https://vault.example.com:8200");
        }
        if self.token_file.as_os_str().is_empty() {
            return wrong("token_file", "must name the file that holds the token");
        }
        let plain =
            |text: &str| text.split('/').all(|part| !part.is_empty() && part != ".." && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
        if !plain(&self.mount) {
            return wrong("mount", "must be the path of the engine, such as transit");
        }
        if !plain(&self.key) || self.key.contains('/') {
            return wrong("key", "must be the name of the transit key, such as vivier");
        }
        if self.timeout_seconds == 0 {
            return wrong("timeout_seconds", "must be at least 1");
        }
        Ok(())
    }
}

/// `[server.keys.aws_kms]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KmsSettings {
    /// The key's ARN, id, or `alias/…`.
    pub key_id: String,
    /// Such as `eu-central-1`.
    pub region: String,
    /// Instead of `https://kms.<region>.amazonaws.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A file in the form of `~/.aws/credentials`. Absent: the environment, then the role of the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
    /// The section of that file.
    pub profile: String,
    /// Seconds that one call may take.
    pub timeout_seconds: u32,
}

impl Default for KmsSettings {
    fn default() -> Self {
        Self { key_id: String::new(), region: String::new(), endpoint: None, credentials_file: None, profile: "default".to_owned(), timeout_seconds: 5 }
    }
}

impl KmsSettings {
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), KeyError> {
        let wrong = |field: &str, why: &str| Err(KeyError::Settings(format!("aws_kms.{field} {why}")));
        if self.key_id.is_empty() {
            return wrong("key_id", "must be the key's ARN, id, or alias/…");
        }
        if self.region.is_empty() || !self.region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return wrong("region", "must be a region such as eu-central-1");
        }
        if let Some(endpoint) = &self.endpoint
            && vivier_core::provider::http_address(endpoint).is_err()
        {
            return wrong("endpoint", "must be an address such as https://kms.eu-central-1.amazonaws.com");
        }
        if self.timeout_seconds == 0 {
            return wrong("timeout_seconds", "must be at least 1");
        }
        Ok(())
    }
}
