//! What an operator can set about identity providers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

/// `[[server.oidc]]`: one identity provider (OpenID Connect).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// Its name in addresses: 1 to 30 of a-z, 0-9 and -.
    pub name: String,
    /// What the button says; absent: the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Exactly as the provider's tokens name it.
    pub issuer: String,
    pub client_id: String,
    /// Holds the secret alone; absent: a public client, which PKCE protects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// Only addresses of these domains, which the provider has verified. Empty: any.
    #[serde(default)]
    pub allowed_domains: Vec<String>,
    /// Whether someone who is not known yet gets a user and an account, whatever `signup` says.
    #[serde(default)]
    pub makes_accounts: bool,
    /// Whether somebody of a user's verified address is that user. Only for a provider that gives nobody an address that is not theirs:
    /// whoever runs it can sign in as anybody.
    #[serde(default)]
    pub trust_email: bool,
}

/// What is wrong with the settings, with the next step.
#[derive(Debug, thiserror::Error)]
pub enum OidcSettingsError {
    #[error("[{0}].name must be 1 to 30 of a-z, 0-9 and -, and no other provider's")]
    Name(usize),
    #[error("[{0}].issuer must be an address such as https://accounts.example.com; http only for this machine's own")]
    Issuer(usize),
    #[error("[{0}].client_id is what the provider calls this installation; it may not be empty")]
    ClientId(usize),
}

impl OidcSettings {
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// # Errors
    /// The first setting that cannot be.
    pub fn check(all: &[Self]) -> Result<(), OidcSettingsError> {
        for (index, provider) in all.iter().enumerate() {
            let name = provider.name.as_str();
            let fits = (1..=30).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if !fits || all[..index].iter().any(|other| other.name == name) {
                return Err(OidcSettingsError::Name(index));
            }
            if !Url::parse(&provider.issuer).is_ok_and(|url| is_private_enough(&url) && url.query().is_none() && url.fragment().is_none()) {
                return Err(OidcSettingsError::Issuer(index));
            }
            if provider.client_id.is_empty() {
                return Err(OidcSettingsError::ClientId(index));
            }
        }
        Ok(())
    }

    /// Whether an address of mail may come in.
    pub fn admits(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.allowed_domains.is_empty() || self.allowed_domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
    }
}

/// HTTPS; or HTTP to this very machine, for trying it out.
pub(super) fn is_private_enough(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(change: impl FnOnce(&mut OidcSettings)) -> OidcSettings {
        let mut provider = OidcSettings {
            name: "corp".to_owned(),
            title: None,
            issuer: "https://id.example.com/realm".to_owned(),
            client_id: "vivier".to_owned(),
            client_secret_file: None,
            allowed_domains: vec!["example.com".to_owned()],
            makes_accounts: false,
            trust_email: false,
        };
        change(&mut provider);
        provider
    }

    #[test]
    fn a_provider_over_the_open_network_in_clear_is_refused() {
        OidcSettings::check(&[provider(|_| {})]).expect("as it should be");
        OidcSettings::check(&[provider(|it| it.issuer = "http://127.0.0.1:9000".to_owned())]).expect("for trying it out");
        for issuer in ["http://id.example.com", "ftp://id.example.com", "id.example.com", "https://id.example.com?x=1"] {
            assert!(OidcSettings::check(&[provider(|it| it.issuer = issuer.to_owned())]).is_err(), "{issuer}");
        }
        assert!(OidcSettings::check(&[provider(|_| {}), provider(|_| {})]).is_err(), "one name twice");
        assert!(OidcSettings::check(&[provider(|it| it.name = "../x".to_owned())]).is_err());
        assert!(OidcSettings::check(&[provider(|it| it.client_id = String::new())]).is_err());
    }

    #[test]
    fn a_domain_admits_itself_and_no_other_that_ends_like_it() {
        let provider = provider(|_| {});
        assert!(provider.admits("ada@Example.com"));
        for email in ["ada@evil-example.com", "ada@example.com.evil", "ada@sub.example.com", "example.com", "a@example.com@evil.com"] {
            assert!(!provider.admits(email), "{email}");
        }
    }
}
