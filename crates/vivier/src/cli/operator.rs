//! What an operator types: hosts, everybody's agents, releases and waves.

use clap::{Args, Subcommand};
use vivier_core::id::WaveId;
use vivier_core::waves::{ReleaseChannel, Size};
use vivier_core::wire::agents::RollbackData;

use super::console::{AuditArgs, OperatorAccountCommand, OperatorTicketsCommand};
use super::values::{data, release_channels};

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Hosts, what they have and what is promised
    Hosts,
    /// Every account's agents
    Deployments,
    /// The audit log of the whole installation
    Audit(AuditArgs),
    /// Everybody's tickets
    #[command(subcommand)]
    Tickets(OperatorTicketsCommand),
    /// Accounts, newest first
    Accounts {
        /// Part of the account's name or of a member's address, or its id
        query: Option<String>,
    },
    /// One account: look at it, suspend or resume everything that it runs
    #[command(subcommand)]
    Account(OperatorAccountCommand),
    /// Suspend anyone's agent
    Suspend {
        /// Its id (dep_…)
        id: vivier_core::id::DeploymentId,
    },
    /// Resume anyone's agent
    Resume {
        /// Its id (dep_…)
        id: vivier_core::id::DeploymentId,
    },
    /// Releases in the catalogue: list them, take one back
    Releases {
        #[command(subcommand)]
        command: Option<OperatorReleaseCommand>,
    },
    /// Containers that nobody owns
    Quarantine,
    /// Channels of releases, and who follows them
    Channels,
    /// Give a release to a channel: its followers are moved in waves
    Promote(PromoteArgs),
    /// Jobs that wait or were given up, such as mails
    Jobs {
        /// Only those: waiting, done or dead [default: those that were given up]
        #[arg(long, default_value = "dead", value_parser = ["waiting", "done", "dead"])]
        state: String,
    },
    /// One job: try it again, or throw it away
    #[command(subcommand)]
    Job(JobCommand),
    /// Waves, newest first
    Waves,
    /// One wave: look at it, or say how it goes on
    #[command(subcommand)]
    Wave(WaveCommand),
}

#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Try a job again at once
    Retry {
        /// Its id (job_…)
        id: vivier_core::id::JobId,
    },
    /// Throw a job away: it is never done
    Discard {
        /// Its id (job_…)
        id: vivier_core::id::JobId,
    },
}

#[derive(Debug, Args)]
pub struct PromoteArgs {
    /// The image's digest or its beginning, or OpenClaw's version when only one release has it
    pub release: String,
    /// Whose followers get it
    #[arg(long, value_parser = release_channels())]
    pub channel: ReleaseChannel,
    /// How many agents are reached by the end of each stage, such as 1,5%,25%,all [default: the installation's]
    #[arg(long, value_delimiter = ',', value_name = "SIZES")]
    pub stages: Option<Vec<Size>>,
    /// The share of agents, in percent, that must work with it [default: the installation's]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub min_success: Option<u8>,
    /// Stop at this many failures [default: the installation's]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_failures: Option<u32>,
    /// Seconds of quiet before the next stage [default: the installation's]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=604_800))]
    pub soak: Option<u32>,
    /// Agents on their way at the same time [default: the installation's]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub concurrency: Option<u32>,
    /// Only tell what would happen
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Debug, Subcommand)]
pub enum WaveCommand {
    /// How far it is, and everybody in it
    Show {
        /// Its id (wav_…)
        id: WaveId,
    },
    /// Begin with nobody else for now
    Pause {
        /// Its id (wav_…)
        id: WaveId,
    },
    /// Go on; after a halt, what has failed so far counts no more
    Resume {
        /// Its id (wav_…)
        id: WaveId,
    },
    /// Begin with nobody else, ever; those that were moved stay
    Abort {
        /// Its id (wav_…)
        id: WaveId,
    },
    /// Bring back everybody that it has moved
    Revert {
        /// Its id (wav_…)
        id: WaveId,
        /// What becomes of the data [default: it is put back where a copy from before is kept]
        #[arg(long, value_parser = data())]
        data: Option<RollbackData>,
        /// Only tell what would happen
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum OperatorReleaseCommand {
    /// Take a release back: no host starts it any more; agents that run it go on
    Withdraw {
        /// The image's digest or its beginning, or OpenClaw's version when only one release has it
        release: String,
        /// Why; tenants are shown it
        #[arg(long)]
        reason: String,
    },
    /// Let a release that was taken back be started again
    Reinstate {
        /// The image's digest or its beginning, or OpenClaw's version when only one release has it
        release: String,
    },
}
