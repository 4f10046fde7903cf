//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use vivier_server::store::audit::verify::KeptHead;

/// Vivier hosts OpenClaw agents: a sealed runtime for every customer, under its own name.
#[derive(Debug, Parser)]
#[command(name = "vivierd", version, propagate_version = true)]
pub struct Arguments {
    /// The settings file [default: vivier.toml in this directory, if there is one]
    #[arg(long, short, global = true, env = "VIVIER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where everything is kept [default: .vivier]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The address that the edge listens on [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// The dashboard's address as people type it [default: http://localhost:8080]
    #[arg(long, global = true, value_name = "URL")]
    pub public_url: Option<String>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on this machine: host, edge and serve, supervised
    Up,
    /// Run the brain: database, API, dashboard, reconciler
    Serve(RoleArguments),
    /// Run the doors: ingress to agents and egress from them
    Edge(RoleArguments),
    /// Run the hands: Docker, volumes, firewall, images
    Host(RoleArguments),
    /// Build, sign, list and withdraw releases of the agent image
    #[command(visible_alias = "image")]
    Release {
        #[command(subcommand)]
        command: ReleaseCommand,
    },
    /// Look at the keys that wrap secrets, and rotate them
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Try whether mail works
    Mail {
        #[command(subcommand)]
        command: MailCommand,
    },
    /// Look at the audit log's end, and verify that it is what was written
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print the settings in force, and where each may be set
    Settings,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct RoleArguments {
    /// End when the supervisor does
    #[arg(long, hide = true)]
    pub supervised: bool,
}

#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// Build the agent image, sign it, and enter it into the catalogue
    Build(BuildArguments),
    /// List the releases on this host
    List {
        /// Only the digests of those that this host would start
        #[arg(long, short)]
        quiet: bool,
        /// One JSON document
        #[arg(long, conflicts_with = "quiet")]
        json: bool,
    },
    /// Take a release back: this host does not start it any more
    Withdraw {
        /// Its version, or the beginning of its digest
        release: String,
        /// Why; tenants are shown it
        #[arg(long, required_unless_present = "undo")]
        reason: Option<String>,
        /// Let it be started again
        #[arg(long, conflicts_with = "reason")]
        undo: bool,
    },
    /// Give a release to a channel: the agents that follow it are moved in waves
    Promote {
        /// Its version, or the beginning of its digest
        release: String,
        /// Whose followers get it
        #[arg(long, value_parser = ["stable", "canary"])]
        channel: String,
    },
    /// Put a release into an OCI registry, with its papers; prints the name to import it by
    Push {
        /// Its version, or the beginning of its digest
        release: String,
        /// Where to, such as registry.example.com/team/openclaw
        #[arg(value_name = "REGISTRY/REPOSITORY[:TAG]")]
        to: String,
    },
    /// Fetch a release from an OCI registry, check its signature, and enter it into the catalogue
    Import {
        /// As `release push` prints it
        #[arg(value_name = "REGISTRY/REPOSITORY@DIGEST")]
        from: String,
    },
    /// Make a key pair to sign releases with
    Key {
        /// Where the private key goes; the public one goes beside it [default: keys/release.key in the data directory]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct BuildArguments {
    /// An exact version of OpenClaw on npm [default: the one in images/openclaw]
    #[arg(long, value_name = "VERSION")]
    pub openclaw: Option<String>,
    /// Where the base comes from: an image registry, Debian's packages, or whichever can be reached
    #[arg(long, default_value = "auto", value_parser = ["auto", "registry", "packages"])]
    pub base: String,
    /// Do nothing when there is a release already that this host would start
    #[arg(long)]
    pub if_absent: bool,
    /// What vulnerabilities it may have [default: host.release_policy]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The directory of the vulnerability database [default: host.vulnerability_database]
    #[arg(long, value_name = "DIR")]
    pub database: Option<PathBuf>,
    /// Let it be started without a scan for vulnerabilities, for this reason; everyone is shown it
    #[arg(long, value_name = "REASON")]
    pub accept_unscanned: Option<String>,
    /// What to say of it to those who choose: a text, or a file that holds one
    #[arg(long, value_name = "TEXT|FILE")]
    pub notes: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Say which key-encryption key wraps how many data keys
    Status {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Wrap every data key with a new key-encryption key, while Vivier serves; moves to the kind that the settings name
    Rotate {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Send one mail with the settings in force, and say what the server answered
    Test {
        /// Who gets it
        #[arg(value_name = "ADDRESS")]
        to: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Print where the log ends: keep it elsewhere, and the log can be shown to be complete up to there
    Head {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Read the whole log and say which row is not what was written; fails when there is one
    Verify {
        /// An end that was kept, as `vivierd audit head` prints it; may be given several times
        #[arg(long = "head", value_name = "NUMBER:HASH")]
        heads: Vec<KeptHead>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

impl Arguments {
    /// The global options, for a child process of the same binary.
    pub fn forwarded(&self) -> Vec<OsString> {
        let mut forwarded = Vec::new();
        let mut add = |flag: &str, value: Option<OsString>| {
            if let Some(value) = value {
                forwarded.push(flag.into());
                forwarded.push(value);
            }
        };
        add("--config", self.config.clone().map(Into::into));
        add("--data-dir", self.data_dir.clone().map(Into::into));
        add("--listen", self.listen.clone().map(Into::into));
        add("--public-url", self.public_url.clone().map(Into::into));
        forwarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
