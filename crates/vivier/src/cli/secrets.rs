//! What is typed about secrets. Their values never are.

use clap::Subcommand;

use super::Named;

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
