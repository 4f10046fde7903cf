//! Key-encryption keys: what the data keys are wrapped by, and where each of them lives.
//!
//! One trait, [`KeyEncryption`], and three that hold it: files of the daemon's own, HashiCorp Vault's transit engine, and AWS KMS.
//! A [`KeyRing`](ring::KeyRing) asks the one that a wrapped key names. Nothing here knows of the database, or of secrets.

pub mod aws;
mod credentials;
pub mod file;
mod http;
pub mod ring;
pub mod settings;
mod sigv4;
pub mod transit;

use std::fmt;
use std::path::PathBuf;

use vivier_core::id::AccountId;
use zeroize::Zeroizing;

pub use self::ring::KeyRing;
pub use self::settings::{KeyKind, KeySettings, KmsSettings, TransitSettings};

/// Bytes of a data key, and of a key-encryption key in a file.
pub const KEY_BYTES: usize = 32;

/// A data key in plain bytes, in memory. Wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

impl DataKey {
    /// A new one, from the system's randomness.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn random() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        aws_lc_rs::rand::fill(bytes.as_mut()).map_err(|_| KeyError::Seal)?;
        Ok(Self(bytes))
    }

    /// `None` when these are not as many bytes as a key has.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The plain bytes. Every call is a place to review.
    pub fn expose(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[data key]")
    }
}

/// Whose data key it is. Bound to the wrapped key, so that one that was moved to another row does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The installation's own values, such as the key of the edge's cookies.
    Platform,
    Account(AccountId),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::Account(id) => write!(f, "{id}"),
        }
    }
}

impl std::str::FromStr for Owner {
    type Err = vivier_core::id::ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "platform" { Ok(Self::Platform) } else { text.parse().map(Self::Account) }
    }
}

impl Owner {
    /// What is bound to a wrapped key, whoever wraps it.
    pub(crate) fn place(self) -> String {
        format!("vivier/data-key/1\n{self}")
    }
}

/// Names a key-encryption key for ever: `file:2`, `vault:transit/vivier:v3`, `aws_kms:arn:aws:kms:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    pub fn new(kind: KeyKind, rest: impl fmt::Display) -> Self {
        Self(format!("{}:{rest}", kind.as_str()))
    }

    /// As it was stored.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after its kind, when it is of `kind`.
    pub fn of(&self, kind: KeyKind) -> Option<&str> {
        self.0.strip_prefix(kind.as_str())?.strip_prefix(':')
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// By which key-encryption key.
    pub key: KeyId,
    pub bytes: Vec<u8>,
}

/// What wraps data keys.
#[async_trait::async_trait]
pub trait KeyEncryption: Send + Sync {
    fn kind(&self) -> KeyKind;

    /// The key that a wrap is made with now. A file's is made when there is none.
    async fn current(&self) -> Result<KeyId, KeyError>;

    async fn wrap(&self, owner: Owner, key: &DataKey) -> Result<Wrapped, KeyError>;

    async fn unwrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<DataKey, KeyError>;

    /// Wraps again, with the newest key of this kind, what this kind has wrapped.
    async fn rewrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<Wrapped, KeyError> {
        self.wrap(owner, &self.unwrap(owner, wrapped).await?).await
    }

    /// Whether this could unwrap what `key` has wrapped, as far as can be said without asking anybody.
    fn holds(&self, key: &KeyId) -> bool;

    /// Makes the next generation where that is Vivier's to do, and says which key is the newest.
    async fn advance(&self) -> Result<KeyId, KeyError>;

    /// Whether an id names one generation. Where it does not (AWS KMS changes what is behind its ids by itself), a rotation wraps
    /// everything anew.
    fn tells_generations(&self) -> bool;

    /// Takes away the generations that are Vivier's to take away and for which `is_needed` says no. Returns which.
    fn retire(&self, is_needed: &dyn Fn(&KeyId) -> bool) -> Result<Vec<KeyId>, KeyError>;
}

/// Why a data key cannot be wrapped or unwrapped. `Display` is for the operator, with the next step.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file {path} can be read by others (mode {mode:o}); run `chmod 600 {path}` and change every secret that may have been seen")]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the key file {path} does not hold 32 bytes; restore it from your backup: without it no secret can be read")]
    Malformed { path: PathBuf },
    #[error("the key file {path} cannot be read or made")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{count} data keys are wrapped by {key}, which this installation does not hold; {remedy}")]
    Missing { key: KeyId, count: u64, remedy: String },
    /// What was wrapped is not what is there now.
    #[error("the data key of {owner} cannot be unwrapped by {key}: the key is not the one that wrapped it, or the database was altered")]
    Open { owner: Owner, key: KeyId },
    /// Nothing is known: a later try may work.
    #[error("{service} does not answer: {reason}. Agents that run go on; what needs a key that is not in memory waits")]
    Unavailable { service: String, reason: String },
    /// It answers, and says no.
    #[error("{service} refuses: {reason}. {remedy}")]
    Refused { service: String, reason: String, remedy: String },
    #[error("a setting of [server.keys] is missing or wrong: {0}")]
    Settings(String),
    #[error("a key cannot be made or used: the system gives no randomness")]
    Seal,
}

impl KeyError {
    /// A later try may work, with nothing changed here.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Exposed { .. }
            | Self::Malformed { .. }
            | Self::Io { .. }
            | Self::Missing { .. }
            | Self::Open { .. }
            | Self::Refused { .. }
            | Self::Settings(_)
            | Self::Seal => false,
        }
    }

    /// For the metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Open { .. } => "broken",
            Self::Missing { .. } => "missing",
            Self::Exposed { .. } | Self::Malformed { .. } | Self::Io { .. } => "file",
            Self::Settings(_) | Self::Seal => "own",
        }
    }
}
