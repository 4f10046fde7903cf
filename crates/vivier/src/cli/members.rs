//! What is typed about people: who works in the account, where one is signed in, and which accounts one has.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use vivier_core::id::{InvitationId, SessionId};
use vivier_core::name::{DisplayName, Email};
use vivier_core::wire::accounts::MemberRole;

use super::account::PersonArgs;

/// A role that is given; an owner is made by handing over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GivenRole {
    /// Looks, and changes nothing
    Viewer,
    /// Makes and changes agents, and talks to them
    Member,
    /// Also members, everyone's tokens, usage and invoices
    Admin,
}

impl From<GivenRole> for MemberRole {
    fn from(role: GivenRole) -> Self {
        match role {
            GivenRole::Viewer => Self::Viewer,
            GivenRole::Member => Self::Member,
            GivenRole::Admin => Self::Admin,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum MembersCommand {
    /// Who works in the account
    Ls,
    /// Invite someone by mail
    Invite {
        email: Email,
        #[arg(long, value_enum, default_value = "member")]
        role: GivenRole,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Invitations that are neither accepted nor taken back
    Invitations(PersonArgs),
    /// Send an invitation again, with another link
    Resend {
        /// Its id (inv_…)
        id: InvitationId,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Take an invitation back
    Revoke {
        /// Its id (inv_…)
        id: InvitationId,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Change what a member may do
    Role {
        email: Email,
        #[arg(value_enum)]
        role: GivenRole,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Remove a member: their sessions and tokens here end at once
    Rm {
        email: Email,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Hand the account over to a member; you stay as an admin
    Owner {
        email: Email,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        person: PersonArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// Where you are signed in with a browser
    Ls(PersonArgs),
    /// End one, or all
    Rm {
        /// Its id (ses_…)
        #[arg(required_unless_present = "all")]
        id: Option<SessionId>,
        /// Every browser is signed out; API tokens go on
        #[arg(long, conflicts_with = "id")]
        all: bool,
        #[command(flatten)]
        person: PersonArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// Accounts that you are a member of
    Ls(PersonArgs),
    /// Make another account; `use` goes to work in it
    Create {
        name: DisplayName,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Work in another account: keep a token of it, and revoke the one before
    Use {
        /// Its name or id (acc_…)
        account: String,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Give the account that you work in another name
    Rename {
        name: DisplayName,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Write everything that is the account's into a file, as JSON
    Export {
        /// Where to [default: stdout]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Leave the account that you work in; your token of it ends
    Leave {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        person: PersonArgs,
    },
    /// Delete the account that you work in: its agents end now, what is personal goes after the retention
    Delete {
        /// Its name, as it stands
        name: String,
        #[command(flatten)]
        person: PersonArgs,
    },
}
