//! Words out of a closed list: shown in help and completions, under the names that the API has for them.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use vivier_core::channel::ChannelKind;
use vivier_core::plan::PlanName;
use vivier_core::provider::ProviderKind;
use vivier_core::template::TemplateName;
use vivier_core::waves::ReleaseChannel;
use vivier_core::wire::accounts::TokenScope;
use vivier_core::wire::agents::RollbackData;
use vivier_core::wire::usage::UsageStep;

/// A channel, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed(pub Option<ReleaseChannel>);

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

type Parsing<T> = clap::builder::MapValueParser<PossibleValuesParser, fn(String) -> T>;

/// One of `all`, shown in help and completions under the name that the API has for it.
macro_rules! named_values {
    ($function:ident, $type:ty, $names:expr, $parse:expr) => {
        pub(super) fn $function() -> Parsing<$type> {
            let parse: fn(String) -> $type = $parse;
            PossibleValuesParser::new($names).map(parse)
        }
    };
}

named_values!(plans, PlanName, PlanName::ALL.map(PlanName::as_str), |text| {
    PlanName::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(PlanName::Trial)
});
named_values!(usage_steps, UsageStep, UsageStep::ALL.map(UsageStep::as_str), |text| {
    UsageStep::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(UsageStep::Day)
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
