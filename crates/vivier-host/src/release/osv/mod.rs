//! A database of vulnerabilities in the OSV format (ossf.github.io/osv-schema), on this machine's disk.
//!
//! It is a folder with the records of each ecosystem, one JSON file each, or the archives (`all.zip`) that osv.dev exports, or both.
//! It is read from beginning to end for each scan, one record at a time, and only what concerns the asked packages is kept. Whatever
//! cannot be read makes the whole database unreadable: a record that is passed over could be the one that matters.

mod database;
mod files;
mod range;
mod record;
mod severity;
mod version;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use database::{Answers, Coverage, DatabaseError, Match, ask};
pub use severity::Severity;
pub use version::{Order, compare};

/// Where a package comes from, as OSV names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Ecosystem {
    Npm,
    /// A release of Debian, such as `12`. Its records name source packages.
    Debian(String),
    /// The only ecosystem of OSV that has Node itself.
    Bitnami,
}

impl Ecosystem {
    /// How its versions are compared.
    pub fn order(&self) -> Order {
        match self {
            Self::Npm | Self::Bitnami => Order::Semantic,
            Self::Debian(_) => Order::Debian,
        }
    }

    /// The folder of osv.dev's export that has it.
    pub fn export(&self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Debian(_) => "Debian",
            Self::Bitnami => "Bitnami",
        }
    }

    /// A record for `name` is one for this ecosystem. Debian's without a release are for each.
    pub fn is(&self, name: &str) -> bool {
        match self {
            Self::Npm => name == "npm",
            Self::Bitnami => name == "Bitnami",
            Self::Debian(release) => name == "Debian" || name.strip_prefix("Debian:") == Some(release),
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Npm => f.write_str("npm"),
            Self::Debian(release) => write!(f, "Debian:{release}"),
            Self::Bitnami => f.write_str("Bitnami"),
        }
    }
}

impl From<Ecosystem> for String {
    fn from(ecosystem: Ecosystem) -> Self {
        ecosystem.to_string()
    }
}

impl TryFrom<String> for Ecosystem {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match (text.as_str(), text.strip_prefix("Debian:")) {
            ("npm", _) => Ok(Self::Npm),
            ("Bitnami", _) => Ok(Self::Bitnami),
            (_, Some(release)) if !release.is_empty() => Ok(Self::Debian(release.to_owned())),
            _ => Err(format!("{text:?} is no ecosystem that is looked at: npm, Bitnami, Debian:12")),
        }
    }
}
