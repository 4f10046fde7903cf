//! What is typed about configurations, and the way back to an earlier one.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vivier_core::channel::ChannelKind;
use vivier_core::wire::agents::RollbackData;

use super::agents::{ChannelArgs, ProviderArgs};
use super::values::{channels, data};
use super::{Named, WaitArgs};

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the agent's own document
    Get {
        #[command(flatten)]
        named: Named,
        /// What OpenClaw is given: the document under the platform's settings
        #[arg(long)]
        effective: bool,
    },
    /// Replace the document, the provider or a channel
    Set(Box<ConfigSetArgs>),
    /// Change the document in $VISUAL or $EDITOR; it is checked before it is applied
    Edit(Named),
    /// Check a document without applying it
    Check {
        #[command(flatten)]
        named: Named,
        /// The document (JSON5); - reads stdin
        file: PathBuf,
    },
    /// How the document differs between two revisions
    Diff(DiffArgs),
    /// Write document, provider and channels to one file, with the names of the secrets
    Export(ConfigExportArgs),
    /// Give an agent what was exported, from another agent or another Vivier
    Import(ConfigImportArgs),
    /// Another name of `revisions`
    #[command(hide = true)]
    History(Named),
    /// Another name of `rollback`
    #[command(hide = true)]
    Rollback(RollbackArgs),
}

#[derive(Debug, Args)]
pub struct ConfigExportArgs {
    #[command(flatten)]
    pub named: Named,
    /// Write it there instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ConfigImportArgs {
    #[command(flatten)]
    pub named: Named,
    /// What `vivier config export` wrote; - reads stdin
    pub file: PathBuf,
    /// A secret that the agent does not have yet, such as provider.apiKey=key.txt; repeat for more
    #[arg(long, value_name = "NAME=FILE")]
    pub secret: Vec<String>,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    #[command(flatten)]
    pub named: Named,
    /// A revision's number, or a document's version as v3 [default: the latest revision before the current one with another document]
    pub from: Option<Text>,
    /// The same [default: the current revision]
    pub to: Option<Text>,
}

/// A document, by the revision that holds it or by its own version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Revision(u64),
    Version(u64),
}

impl std::str::FromStr for Text {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| digits.parse::<u64>().map_err(|_| "must be the number of a revision, such as 3, or the version of a document, such as v2");
        text.strip_prefix('v').map_or_else(|| number(text).map(Self::Revision), |digits| number(digits).map(Self::Version))
    }
}

#[derive(Debug, Args)]
pub struct RollbackArgs {
    #[command(flatten)]
    pub named: Named,
    /// The revision's number, from `vivier revisions` [default: the last one that is known to work]
    #[arg(long, alias = "to", value_name = "NUMBER")]
    pub revision: Option<u64>,
    /// What becomes of the agent's data [default: it is put back when OpenClaw's version changes and a copy is kept]
    #[arg(long, value_parser = data())]
    pub data: Option<RollbackData>,
    /// Only tell what would happen
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub waiting: WaitArgs,
}

#[derive(Debug, Args)]
pub struct ConfigSetArgs {
    #[command(flatten)]
    pub named: Named,
    /// The document (JSON5); - reads stdin
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub provider: ProviderArgs,
    #[command(flatten)]
    pub channel: ChannelArgs,
    /// Disconnect a channel
    #[arg(long, value_parser = channels(), value_name = "CHANNEL")]
    pub remove_channel: Option<ChannelKind>,
}
