//! The command line: what can be typed. Nothing here does anything.

mod account;
mod agents;
mod billing;
mod config;
mod console;
mod members;
mod money;
mod operator;
mod releases;
mod secrets;
mod values;

use clap::{Args, Parser, Subcommand};

pub use self::account::{LoginArgs, LogoutArgs, PersonArgs, TokensCommand};
pub use self::agents::{
    AskArgs, ChannelArgs, ChatArgs, DeployArgs, EditArgs, EventsArgs, LogsArgs, LsArgs, OpenArgs, ProofArgs, ProviderArgs, RmArgs, StatsArgs,
};
pub use self::billing::{BillingCommand, CancelArgs};
pub use self::config::{ConfigCommand, ConfigExportArgs, ConfigImportArgs, ConfigSetArgs, DiffArgs, RollbackArgs, Text};
pub use self::console::{AuditArgs, OpenTicketArgs, OperatorAccountCommand, OperatorTicketsCommand, TicketRef, TicketsCommand};
pub use self::members::{AccountsCommand, MembersCommand, SessionsCommand};
pub use self::money::{CreditsArgs, UsageArgs};
pub use self::operator::{JobCommand, OperatorCommand, OperatorReleaseCommand, PromoteArgs, WaveCommand};
pub use self::releases::ReleaseCommand;
pub use self::secrets::SecretsCommand;
pub use self::values::Level;

const EXIT_CODES: &str = "\
NAME is an agent's name, its slug or its id (dep_…).

Exit codes:
  0    done
  1    tried, and it did not work
  2    the command line, a file or a name does not make sense
  3    not signed in
  4    no such thing (or another account's)
  5    refused: a conflict, a limit, no room now, a value that is not taken
  6    the server cannot be reached
  130  stopped by Ctrl-C (0 for what has no end of its own, such as logs -f)

Environment:
  VIVIER_URL    the server; like --url
  VIVIER_TOKEN  an API token (viv_…), instead of the one that login keeps
  NO_COLOR      no colours";

/// Vivier's command line: your OpenClaw agents, from a terminal
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES, max_term_width = 110, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Global {
    /// The server, such as https://vivier.example.com [default: the one of the last login, else http://localhost:8080]
    #[arg(long, global = true, env = "VIVIER_URL", hide_env = true, value_name = "URL")]
    pub url: Option<String>,
    /// Answer with JSON: one document, or one per line for streams
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign in, and keep an API token for this machine
    Login(LoginArgs),
    /// Revoke and forget this machine's token
    Logout(LogoutArgs),
    /// Who is signed in, and where
    Whoami,
    /// Make a new agent; asks for what is missing
    Deploy(Box<DeployArgs>),
    /// List your agents
    Ls(LsArgs),
    /// One agent: state, what does not work and its remedy, timeline
    Status(Named),
    /// What an agent writes
    Logs(LogsArgs),
    /// An agent's timeline: every step with its outcome and duration
    Events(EventsArgs),
    /// CPU and memory now
    Stats(StatsArgs),
    /// Open an agent in the browser, with a link that works once
    Open(OpenArgs),
    /// Rename an agent, or move it to another plan (which restarts it)
    Edit(EditArgs),
    /// Stop and start again
    Restart(AskArgs),
    /// Stop and keep; resume starts it again
    Suspend(AskArgs),
    /// Start what was suspended
    Resume(AskArgs),
    /// Try again after a failure
    Retry(AskArgs),
    /// Take back a deletion, while the data is kept
    Restore(AskArgs),
    /// Delete; the data is kept for a while, and restore takes it back
    Rm(RmArgs),
    /// An agent's OpenClaw configuration, provider and channels
    #[command(subcommand)]
    Config(ConfigCommand),
    /// OpenClaw's releases: see which there are, run another
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Every revision of an agent: how it went, and which data is kept
    Revisions(Named),
    /// Go back to an earlier revision, and say before what is lost
    Rollback(RollbackArgs),
    /// An agent's secrets: names to see, values only to write
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// API tokens of your account
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// What is paid for which agent, invoices, and links to where one pays
    #[command(subcommand)]
    Billing(BillingCommand),
    /// What agents can be made with, and what they cost
    Plans,
    /// Your account's credits
    Credits(CreditsArgs),
    /// What your account used: time, processor, memory, storage, network
    Usage(UsageArgs),
    /// What your account may have, and how much of it is used
    Limits,
    /// Who works in the account, and who is invited to
    #[command(subcommand)]
    Members(MembersCommand),
    /// Where you are signed in with a browser
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// The accounts that you work in: switch, export, leave, delete
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// The evidence that an agent is sealed: what was read back from its container
    Proof(ProofArgs),
    /// Say something to an agent and print its answer
    Chat(ChatArgs),
    /// Who did what to your account's things, from where, and with what outcome
    Audit(AuditArgs),
    /// Ask the operator for help, and read the answers
    #[command(subcommand)]
    Tickets(TicketsCommand),
    /// For operators: the whole installation
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Print a completion script for a shell
    Completions {
        #[arg(value_parser = clap::value_parser!(clap_complete::Shell))]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct Named {
    /// Name, slug or id
    pub name: String,
}

/// For what is waited for unless one says otherwise.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Wait until it is known to work or was taken back (the default)
    #[arg(long, overrides_with = "no_wait")]
    pub wait: bool,
    /// Return as soon as it is accepted
    #[arg(long, overrides_with = "wait")]
    pub no_wait: bool,
    /// How long to wait, in seconds
    #[arg(long, default_value_t = 900, value_name = "SECONDS")]
    pub timeout: u64,
}

impl Cli {
    /// Whether Ctrl-C is the way to end it, rather than a way to break it off.
    pub fn ends_cleanly_on_interrupt(&self) -> bool {
        match &self.command {
            Command::Logs(args) => args.follow,
            Command::Events(args) => args.follow,
            Command::Stats(args) => args.watch,
            Command::Ls(args) => args.watch,
            Command::Login(_)
            | Command::Logout(_)
            | Command::Whoami
            | Command::Deploy(_)
            | Command::Status(_)
            | Command::Open(_)
            | Command::Edit(_)
            | Command::Restart(_)
            | Command::Suspend(_)
            | Command::Resume(_)
            | Command::Retry(_)
            | Command::Restore(_)
            | Command::Rm(_)
            | Command::Config(_)
            | Command::Release(_)
            | Command::Revisions(_)
            | Command::Rollback(_)
            | Command::Secrets(_)
            | Command::Tokens(_)
            | Command::Billing(_)
            | Command::Plans
            | Command::Credits(_)
            | Command::Usage(_)
            | Command::Limits
            | Command::Members(_)
            | Command::Sessions(_)
            | Command::Accounts(_)
            | Command::Proof(_)
            | Command::Chat(_)
            | Command::Audit(_)
            | Command::Tickets(_)
            | Command::Operator(_)
            | Command::Completions { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_option_takes_a_secret_as_its_value() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let secretive = ["token", "key", "password", "secret_value"].iter().any(|word| name.contains(word));
                let names_a_file_or_is_a_flag = name.ends_with("_file") || !argument.get_action().takes_values();
                assert!(!secretive || names_a_file_or_is_a_flag, "{} {name}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
