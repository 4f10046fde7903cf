//! Model providers: who answers the agent's questions.
//!
//! The agent never holds the provider's key. It speaks to the edge's model door on its own network's gateway address with a
//! key that is worth nothing elsewhere; the edge adds the real one.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    Openai,
    Anthropic,
    Openrouter,
    /// Any server that speaks OpenAI's chat completions: needs a base URL.
    OpenaiCompatible,
}

/// How a provider wants its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyHeader {
    /// `Authorization: Bearer KEY`
    Bearer,
    /// `x-api-key: KEY`
    XApiKey,
}

impl ProviderKind {
    pub const ALL: [Self; 4] = [Self::Openai, Self::Anthropic, Self::Openrouter, Self::OpenaiCompatible];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Openrouter => "openrouter",
            Self::OpenaiCompatible => "openai_compatible",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Openai => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Openrouter => "OpenRouter",
            Self::OpenaiCompatible => "OpenAI-compatible server",
        }
    }

    /// The provider's own base URL; `None` where the tenant must give one.
    pub const fn default_base_url(self) -> Option<&'static str> {
        match self {
            Self::Openai => Some("https://api.openai.com/v1"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::Openrouter => Some("https://openrouter.ai/api/v1"),
            Self::OpenaiCompatible => None,
        }
    }

    /// OpenClaw's name of the protocol (`models.providers.*.api`).
    pub const fn openclaw_api(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic-messages",
            Self::Openai | Self::Openrouter | Self::OpenaiCompatible => "openai-completions",
        }
    }

    pub const fn key_header(self) -> KeyHeader {
        match self {
            Self::Anthropic => KeyHeader::XApiKey,
            Self::Openai | Self::Openrouter | Self::OpenaiCompatible => KeyHeader::Bearer,
        }
    }

    /// A model to offer first in a form; any id can be typed.
    pub const fn suggested_models(self) -> &'static [&'static str] {
        match self {
            Self::Openai => &["gpt-5.2", "gpt-5-mini"],
            Self::Anthropic => &["claude-sonnet-4-5", "claude-haiku-4-5"],
            Self::Openrouter => &["anthropic/claude-sonnet-4.5", "openai/gpt-5-mini"],
            Self::OpenaiCompatible => &[],
        }
    }
}

impl std::fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The provider of one deployment, without its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    pub kind: ProviderKind,
    /// Overrides the provider's own address. Required for `openai_compatible`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The provider's id of the model, such as `gpt-5-mini`.
    pub model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// The field of [`ProviderSettings`] that is wrong.
    pub field: &'static str,
    pub message: &'static str,
}

impl ProviderSettings {
    /// The address that the edge will call, checked.
    ///
    /// # Errors
    /// When it is missing where it is required, is no `http`/`https` URL, or carries credentials, a query or a fragment.
    pub fn address(&self) -> Result<url::Url, ProviderError> {
        let refuse = |message| ProviderError { field: "base_url", message };
        let text = match (&self.base_url, self.kind.default_base_url()) {
            (Some(own), _) => own.as_str(),
            (None, Some(default)) => default,
            (None, None) => {
                return Err(refuse(
                    "is required for an OpenAI-compatible server: the address that ends before /chat/completions, such as https://models.example.com/v1",
                ));
            }
        };
        http_address(text).map_err(refuse)
    }

    /// # Errors
    /// When the address or the model's id is not usable.
    pub fn check(&self) -> Result<(), ProviderError> {
        self.address()?;
        let fits = (1..=120).contains(&self.model.len()) && self.model.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'\\`$<>{}".contains(&byte));
        if fits {
            Ok(())
        } else {
            Err(ProviderError { field: "model", message: "must be the provider's id of a model: 1 to 120 printable characters without spaces or quotes" })
        }
    }
}

/// Parses an `http`/`https` address to forward to.
///
/// # Errors
/// With the sentence for the caller.
pub fn http_address(text: &str) -> Result<url::Url, &'static str> {
    let url = url::Url::parse(text).map_err(|_| "must be an address such as https://models.example.com/v1")?;
    if text.len() > 300 || !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("must be an http:// or https:// address of at most 300 characters");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("must not carry a user, a password, a query or a fragment; the key has a field of its own");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_would_mislead_are_refused() {
        for text in ["", "ftp://a.b", "file:///etc/passwd", "https://user:pw@a.b", "https://a.b/?q", "https://a.b/#f", "a.b", "unix:/x"] {
            assert!(http_address(text).is_err(), "{text}");
        }
        assert!(http_address("http://127.0.0.1:9999/v1").is_ok());
    }

    #[test]
    fn a_compatible_server_needs_an_address_and_every_provider_a_model() {
        let settings = |kind, model: &str| ProviderSettings { kind, base_url: None, model: model.to_owned() };
        assert_eq!(settings(ProviderKind::OpenaiCompatible, "m").check().expect_err("no address").field, "base_url");
        assert_eq!(settings(ProviderKind::Openai, "a b").check().expect_err("space").field, "model");
        assert!(settings(ProviderKind::Openai, "gpt-5-mini").check().is_ok());
    }
}
