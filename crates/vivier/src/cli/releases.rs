//! What is typed about the releases that an agent may run.

use clap::Subcommand;
use vivier_core::window::Window;

use super::values::{Followed, followed};
use super::{Named, WaitArgs};

#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// OpenClaw's releases that an agent may run
    Ls,
    /// What is in a release, as a CycloneDX document; written to stdout
    Sbom {
        /// The image's digest or its beginning, or OpenClaw's version when only one release has it
        release: String,
    },
    /// How a release was made: the operator's signed statement; written to stdout
    Provenance {
        /// The image's digest or its beginning, or OpenClaw's version when only one release has it
        release: String,
    },
    /// Run another release; when it does not work, the old one comes back by itself, with the data from before
    Use {
        #[command(flatten)]
        named: Named,
        /// The image's digest or its beginning, or OpenClaw's version when only one release has it
        release: String,
        #[command(flatten)]
        waiting: WaitArgs,
    },
    /// Get a channel's releases by itself, as they are promoted; or none, and stay on the one that it has
    Follow {
        #[command(flatten)]
        named: Named,
        /// The channel
        #[arg(value_parser = followed())]
        channel: Followed,
        /// When they may be brought to it, such as "sun 02:00-05:00 Europe/Berlin" or "daily 22:00-04:00 UTC" [default: as it is]
        #[arg(long, conflicts_with = "any_time")]
        window: Option<Window>,
        /// Take its window away: at any time
        #[arg(long)]
        any_time: bool,
    },
}
