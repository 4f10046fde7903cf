//! The command line: what can be typed. Nothing here does anything.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};
use vivier_core::channel::ChannelKind;
use vivier_core::id::WaveId;
use vivier_core::name::{DisplayName, Email, Slug};
use vivier_core::plan::PlanName;
use vivier_core::provider::ProviderKind;
use vivier_core::template::TemplateName;
use vivier_core::waves::{ReleaseChannel, Size};
use vivier_core::window::Window;
use vivier_core::wire::accounts::TokenScope;
use vivier_core::wire::agents::RollbackData;

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
    /// The evidence that an agent is sealed: what was read back from its container
    Proof(ProofArgs),
    /// Say something to an agent and print its answer
    Chat(ChatArgs),
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
pub struct LoginArgs {
    /// The account's address; asked for when absent
    #[arg(long)]
    pub email: Option<Email>,
    /// Read the password from stdin instead of asking
    #[arg(long, conflicts_with = "token")]
    pub password_stdin: bool,
    /// Read an API token (viv_…) from stdin and keep that one, instead of making a new one
    #[arg(long)]
    pub token: bool,
}

#[derive(Debug, Args)]
pub struct LogoutArgs {
    /// Forget the token here even when the server cannot be asked to revoke it
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct Named {
    /// Name, slug or id
    pub name: String,
}

#[derive(Debug, Args)]
pub struct DeployArgs {
    /// What to call it: 1 to 60 characters
    pub name: Option<DisplayName>,
    /// The label of its address [default: made from the name]
    #[arg(long)]
    pub slug: Option<Slug>,
    /// How much it may use; asked for when absent
    #[arg(long, value_parser = plans())]
    pub plan: Option<PlanName>,
    /// What it begins with
    #[arg(long, value_parser = templates())]
    pub template: Option<TemplateName>,
    #[command(flatten)]
    pub provider: ProviderArgs,
    #[command(flatten)]
    pub channel: ChannelArgs,
    /// The agent's own OpenClaw configuration (JSON5); - reads stdin
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Wait until it runs or has failed (the default)
    #[arg(long, overrides_with = "no_wait")]
    pub wait: bool,
    /// Return as soon as it is accepted
    #[arg(long, overrides_with = "wait")]
    pub no_wait: bool,
    /// How long to wait, in seconds
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub timeout: u64,
}

#[derive(Debug, Default, Args)]
pub struct ProviderArgs {
    /// Who answers the agent's questions
    #[arg(long, value_parser = providers())]
    pub provider: Option<ProviderKind>,
    /// The provider's id of the model
    #[arg(long)]
    pub model: Option<String>,
    /// Another address than the provider's own: what comes before /chat/completions
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Read the provider's key from stdin
    #[arg(long, conflicts_with = "api_key_file")]
    pub api_key_stdin: bool,
    /// Read the provider's key from a file
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
}

#[derive(Debug, Default, Args)]
pub struct ChannelArgs {
    /// A chat channel to connect
    #[arg(long, value_parser = channels())]
    pub channel: Option<ChannelKind>,
    /// The channel's token, from a file; Slack has two: bot_token=FILE and app_token=FILE
    #[arg(long, value_name = "[TOKEN=]FILE", requires = "channel")]
    pub token_file: Vec<String>,
    /// Who may write to the agent, by the channel's own user id; may be repeated
    #[arg(long, value_name = "USER", requires = "channel")]
    pub allow_from: Vec<String>,
    /// Telegram: another Bot API server
    #[arg(long, value_name = "URL", requires = "channel")]
    pub api_root: Option<String>,
}

#[derive(Debug, Args)]
pub struct LsArgs {
    /// Also those that are deleted and can still be restored
    #[arg(long, short)]
    pub all: bool,
    /// Look again every two seconds, until Ctrl-C
    #[arg(long, short)]
    pub watch: bool,
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    #[command(flatten)]
    pub named: Named,
    /// Go on with what comes
    #[arg(long, short)]
    pub follow: bool,
    /// How many lines to begin with, at most 10000
    #[arg(long, short = 'n', default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub tail: u32,
    /// Only lines of this level or worse (lines without a level are kept)
    #[arg(long, value_parser = levels())]
    pub level: Option<Level>,
}

#[derive(Debug, Args)]
pub struct EventsArgs {
    #[command(flatten)]
    pub named: Named,
    /// Go on with what comes
    #[arg(long, short)]
    pub follow: bool,
    /// How many to begin with, at most 500 (with --follow: 50)
    #[arg(long, short = 'n', default_value_t = 100, conflicts_with = "follow", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub tail: u32,
}

#[derive(Debug, Args)]
pub struct StatsArgs {
    #[command(flatten)]
    pub named: Named,
    /// Measure again every two seconds, until Ctrl-C
    #[arg(long, short)]
    pub watch: bool,
}

#[derive(Debug, Args)]
pub struct ProofArgs {
    #[command(flatten)]
    pub named: Named,
    /// What was expected and found at every check, not only where they differ
    #[arg(long, short)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct OpenArgs {
    #[command(flatten)]
    pub named: Named,
    /// Only print the link
    #[arg(long)]
    pub print: bool,
}

#[derive(Debug, Args)]
pub struct EditArgs {
    #[command(flatten)]
    pub named: Named,
    /// What to call it
    #[arg(long = "name", value_name = "NAME", id = "new_name")]
    pub new_name: Option<DisplayName>,
    /// How much it may use
    #[arg(long, value_parser = plans())]
    pub plan: Option<PlanName>,
}

#[derive(Debug, Args)]
pub struct AskArgs {
    #[command(flatten)]
    pub named: Named,
    /// Wait until it is done or has failed
    #[arg(long)]
    pub wait: bool,
    /// How long to wait, in seconds
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub timeout: u64,
}

#[derive(Debug, Args)]
pub struct RmArgs {
    #[command(flatten)]
    pub named: Named,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

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

/// A channel, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed(pub Option<ReleaseChannel>);

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

#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Names and versions
    Ls(Named),
    /// Write a secret; the value is asked for, or read from stdin
    Set {
        #[command(flatten)]
        named: Named,
        /// provider.apiKey, a channel's such as channels.telegram.botToken, or custom.NAME for your own document
        secret: String,
    },
    /// Remove a secret
    Rm {
        #[command(flatten)]
        named: Named,
        /// Its name, from `vivier secrets ls`
        secret: String,
    },
    /// Who set each version of a secret, and which are in use
    Versions {
        #[command(flatten)]
        named: Named,
        /// Its name, from `vivier secrets ls`
        secret: String,
    },
    /// Destroy the text of a version that is not in use any more
    Revoke {
        #[command(flatten)]
        named: Named,
        /// Its name, from `vivier secrets ls`
        secret: String,
        /// The number, from `vivier secrets versions`
        version: u64,
    },
}

/// For what only a person may do.
#[derive(Debug, Args)]
pub struct PersonArgs {
    /// Read the account's password from stdin instead of asking
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Tokens, without their text
    Ls(PersonArgs),
    /// Make a token; its text is printed once
    Create {
        /// What it is for
        name: DisplayName,
        /// What it may do; may be repeated
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scopes())]
        scopes: Vec<TokenScope>,
        /// When it ends [default: never]
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=366))]
        expires_in_days: Option<u16>,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Revoke a token
    Rm {
        /// Its id (tok_…)
        id: vivier_core::id::TokenId,
        #[command(flatten)]
        person: PersonArgs,
    },
}

#[derive(Debug, Args)]
pub struct ChatArgs {
    #[command(flatten)]
    pub named: Named,
    /// What to say; - reads stdin
    pub message: String,
}

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Hosts, what they have and what is promised
    Hosts,
    /// Every account's agents
    Deployments,
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
    /// Waves, newest first
    Waves,
    /// One wave: look at it, or say how it goes on
    #[command(subcommand)]
    Wave(WaveCommand),
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

/// How bad a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    const NAMES: [&'static str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "trace" => Some(Self::Trace),
            "debug" => Some(Self::Debug),
            "info" => Some(Self::Info),
            "warn" => Some(Self::Warn),
            "error" => Some(Self::Error),
            "fatal" => Some(Self::Fatal),
            _ => None,
        }
    }
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
            | Command::Proof(_)
            | Command::Chat(_)
            | Command::Operator(_)
            | Command::Completions { .. } => false,
        }
    }
}

type Parsing<T> = clap::builder::MapValueParser<PossibleValuesParser, fn(String) -> T>;

/// One of `all`, shown in help and completions under the name that the API has for it.
macro_rules! named_values {
    ($function:ident, $type:ty, $names:expr, $parse:expr) => {
        fn $function() -> Parsing<$type> {
            let parse: fn(String) -> $type = $parse;
            PossibleValuesParser::new($names).map(parse)
        }
    };
}

named_values!(plans, PlanName, PlanName::ALL.map(PlanName::as_str), |text| {
    PlanName::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(PlanName::Trial)
});
named_values!(templates, TemplateName, TemplateName::ALL.map(TemplateName::as_str), |text| {
    TemplateName::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(TemplateName::Blank)
});
named_values!(providers, ProviderKind, ProviderKind::ALL.map(ProviderKind::as_str), |text| {
    ProviderKind::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(ProviderKind::OpenaiCompatible)
});
named_values!(channels, ChannelKind, ChannelKind::ALL.map(ChannelKind::as_str), |text| {
    ChannelKind::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(ChannelKind::Telegram)
});
named_values!(scopes, TokenScope, TokenScope::ALL.map(TokenScope::as_str), |text| {
    TokenScope::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(TokenScope::Read)
});
named_values!(data, RollbackData, ["keep", "restore"], |text| if text == "restore" { RollbackData::Restore } else { RollbackData::Keep });
named_values!(release_channels, ReleaseChannel, ReleaseChannel::ALL.map(ReleaseChannel::as_str), |text| {
    ReleaseChannel::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(ReleaseChannel::Stable)
});
named_values!(followed, Followed, ["stable", "canary", "none"], |text| Followed(ReleaseChannel::ALL.into_iter().find(|one| one.as_str() == text)));
named_values!(levels, Level, Level::NAMES, |text| Level::parse(&text).unwrap_or(Level::Trace));

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
