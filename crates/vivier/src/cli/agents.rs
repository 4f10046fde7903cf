//! What is typed about agents: to make, see, change and delete them.

use std::path::PathBuf;

use clap::Args;
use vivier_core::channel::ChannelKind;
use vivier_core::name::{DisplayName, Slug};
use vivier_core::plan::PlanName;
use vivier_core::provider::ProviderKind;
use vivier_core::template::TemplateName;

use super::Named;
use super::values::{Level, channels, levels, plans, providers, templates};

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

#[derive(Debug, Args)]
pub struct ChatArgs {
    #[command(flatten)]
    pub named: Named,
    /// What to say; - reads stdin
    pub message: String,
}
