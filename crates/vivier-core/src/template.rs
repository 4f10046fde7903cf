//! Templates: starting points of a deployment, shown as cards.

use serde::{Deserialize, Serialize};

use crate::channel::ChannelKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateName {
    /// Talk to it in the browser.
    Assistant,
    Telegram,
    Discord,
    Slack,
    /// Nothing but the platform's own settings.
    Blank,
}

impl TemplateName {
    pub const ALL: [Self; 5] = [Self::Assistant, Self::Telegram, Self::Discord, Self::Slack, Self::Blank];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assistant => "assistant",
            Self::Telegram => "telegram",
            Self::Discord => "discord",
            Self::Slack => "slack",
            Self::Blank => "blank",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Assistant => "Personal assistant",
            Self::Telegram => "Telegram bot",
            Self::Discord => "Discord bot",
            Self::Slack => "Slack assistant",
            Self::Blank => "Blank",
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Self::Assistant => "Chat with it in the browser. Needs a model key, nothing else.",
            Self::Telegram => "Answers in Telegram, and in the browser. Needs a bot token from BotFather.",
            Self::Discord => {
                "Answers on your Discord server. Needs a bot token from Discord's developer portal; better with Pro, as Discord's client needs memory."
            }
            Self::Slack => "Answers in Slack over socket mode. Needs a bot token and an app token.",
            Self::Blank => "Only the platform's settings; write the rest of the configuration yourself.",
        }
    }

    /// The channel that a deployment of this template must be given tokens for.
    pub const fn channel(self) -> Option<ChannelKind> {
        match self {
            Self::Telegram => Some(ChannelKind::Telegram),
            Self::Discord => Some(ChannelKind::Discord),
            Self::Slack => Some(ChannelKind::Slack),
            Self::Assistant | Self::Blank => None,
        }
    }

    /// The tenant's document to begin with (JSON5).
    pub const fn document(self) -> &'static str {
        match self {
            Self::Assistant | Self::Telegram | Self::Discord | Self::Slack => {
                "// Your agent's own OpenClaw configuration. Vivier adds what the platform decides\n// (addresses, sign-in, model provider, channel tokens); see \"effective\" for the whole.\n{\n  ui: { seamColor: \"#0f766e\" },\n}\n"
            }
            Self::Blank => "{}\n",
        }
    }
}
