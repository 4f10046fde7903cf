//! What is typed about the person and the account: signing in, API tokens.

use clap::{Args, Subcommand};
use vivier_core::name::{DisplayName, Email};
use vivier_core::wire::accounts::TokenScope;

use super::values::scopes;

#[derive(Debug, Args)]
pub struct LoginArgs {
    /// Your address; asked for when absent
    #[arg(long)]
    pub email: Option<Email>,
    /// The account to work in, by its name or id; the one last worked in when absent
    #[arg(long, conflicts_with = "token")]
    pub account: Option<String>,
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

/// For what only a person may do.
#[derive(Debug, Args)]
pub struct PersonArgs {
    /// Read your password from stdin instead of asking
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
