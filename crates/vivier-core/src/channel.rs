//! Chat channels: which ones Vivier offers, what their tokens look like, what they must reach, and the keys under which
//! OpenClaw expects them (source: OpenClaw 2026.9.6, `openclaw config schema`).
//!
//! OpenClaw itself checks no token formats (`config validate` accepts any text), so a typo would show only as a channel that
//! never connects. We check the shape at the door.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// The channels that the agent image carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Telegram,
    Discord,
    Slack,
}

/// One token that a channel needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenField {
    /// The key in the API, in the secrets document and (in camel case) in OpenClaw's configuration.
    pub name: &'static str,
    /// The key in OpenClaw's configuration, under `channels.<id>`.
    pub openclaw_key: &'static str,
    pub title: &'static str,
    /// What a valid token looks like, for the person who pasted another.
    pub shape: &'static str,
}

/// Why a token was refused. `field` is the API's path of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{title} must be {shape}")]
pub struct TokenError {
    pub field: &'static str,
    pub title: &'static str,
    pub shape: &'static str,
}

const TELEGRAM: &[TokenField] = &[TokenField {
    name: "bot_token",
    openclaw_key: "botToken",
    title: "The Telegram bot token",
    shape: "the bot's number, a colon and at least 35 letters, digits, `_` or `-`, as BotFather shows it (123456789:AA…)",
}];
const DISCORD: &[TokenField] = &[TokenField {
    name: "token",
    openclaw_key: "token",
    title: "The Discord bot token",
    shape: "three parts of letters, digits, `_` or `-` joined by dots, from the Bot page of the Discord developer portal (not the client secret or public key)",
}];
const SLACK: &[TokenField] = &[
    TokenField { name: "bot_token", openclaw_key: "botToken", title: "The Slack bot token", shape: "the Bot User OAuth Token, which begins with `xoxb-`" },
    TokenField {
        name: "app_token",
        openclaw_key: "appToken",
        title: "The Slack app token",
        shape: "the App-Level Token with connections:write, which begins with `xapp-`",
    },
];

impl ChannelKind {
    pub const ALL: [Self; 3] = [Self::Telegram, Self::Discord, Self::Slack];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Discord => "discord",
            Self::Slack => "slack",
        }
    }

    /// Not in OpenClaw itself but a plugin that the image brings along.
    pub const fn is_plugin(self) -> bool {
        match self {
            Self::Telegram => false,
            Self::Discord | Self::Slack => true,
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Telegram => "Telegram",
            Self::Discord => "Discord",
            Self::Slack => "Slack",
        }
    }

    pub const fn tokens(self) -> &'static [TokenField] {
        match self {
            Self::Telegram => TELEGRAM,
            Self::Discord => DISCORD,
            Self::Slack => SLACK,
        }
    }

    /// The names an agent with this channel must be able to reach on port 443. `*.` stands for one or more labels.
    /// Sources: the Telegram Bot API, Discord's and Slack's developer documentation (2026-11).
    pub const fn reaches(self) -> &'static [&'static str] {
        match self {
            Self::Telegram => &["api.telegram.org"],
            Self::Discord => &["discord.com", "gateway.discord.gg", "*.discord.gg", "cdn.discordapp.com", "media.discordapp.net"],
            Self::Slack => &["slack.com", "*.slack.com", "files.slack.com"],
        }
    }

    /// Checks the shape of one token.
    ///
    /// # Errors
    /// When `name` is none of the channel's tokens, or the text does not have its shape. The token itself is never in the error.
    pub fn check_token(self, name: &str, token: &Secret) -> Result<(), TokenError> {
        let Some(field) = self.tokens().iter().find(|field| field.name == name) else {
            return Err(TokenError { field: "name", title: "The name of the token", shape: "one that this channel knows" });
        };
        if well_formed(self, field.name, token.expose()) { Ok(()) } else { Err(TokenError { field: field.name, title: field.title, shape: field.shape }) }
    }
}

impl std::fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ChannelKind {
    type Err = ParseChannelError;

    fn from_str(text: &str) -> Result<Self, ParseChannelError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(ParseChannelError)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of telegram, discord, slack")]
pub struct ParseChannelError;

fn well_formed(kind: ChannelKind, name: &str, token: &str) -> bool {
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if token.len() > 512 {
        return false;
    }
    match kind {
        ChannelKind::Telegram => token
            .split_once(':')
            .is_some_and(|(bot, key)| (5..=20).contains(&bot.len()) && bot.bytes().all(|byte| byte.is_ascii_digit()) && key.len() >= 35 && word(key)),
        ChannelKind::Discord => {
            let parts: Vec<&str> = token.split('.').collect();
            parts.len() == 3 && parts.iter().all(|part| word(part)) && parts[0].len() >= 17 && parts[1].len() >= 5 && parts[2].len() >= 25
        }
        ChannelKind::Slack => {
            let prefix = if name == "bot_token" { "xoxb-" } else { "xapp-" };
            token.strip_prefix(prefix).is_some_and(|rest| rest.len() >= 10 && word(rest))
        }
    }
}

/// A channel of one deployment, without its tokens (those are secrets).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelSettings {
    pub kind: ChannelKind,
    /// Who may write to the agent, by the channel's own user ids. Empty: a stranger is asked to pair first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_from: Vec<String>,
    /// Telegram only: another Bot API server than Telegram's own (an `http://` or `https://` address).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_root: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_the_right_shape_pass_and_others_are_named() {
        let telegram = "123456789:AAabcdefghijklmnopqrstuvwxyz012345678";
        let cases = [
            (ChannelKind::Telegram, "bot_token", telegram, true),
            (ChannelKind::Telegram, "bot_token", "987654321", false),
            (ChannelKind::Telegram, "bot_token", "bot123:short", false),
            (ChannelKind::Discord, "token", "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123", true),
            (ChannelKind::Discord, "token", "not-a-token", false),
            (ChannelKind::Slack, "bot_token", "xoxb-1234567890-abcdef", true),
            (ChannelKind::Slack, "bot_token", "xapp-1234567890-abcdef", false),
            (ChannelKind::Slack, "app_token", "xapp-1-A0123456789-abcdef", true),
            (ChannelKind::Slack, "app_token", "xoxb-\r\nHeader: x", false),
        ];
        for (kind, name, token, valid) in cases {
            let result = kind.check_token(name, &Secret::new(token));
            assert_eq!(result.is_ok(), valid, "{kind} {name}: {token}");
            if let Err(error) = result {
                assert_eq!(error.field, name);
                assert!(!error.to_string().contains(token), "an error must not repeat the token");
            }
        }
    }
}
