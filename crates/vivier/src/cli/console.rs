//! What is typed about the audit log, tickets, and accounts as an operator sees them.

use clap::{Args, Subcommand, ValueEnum};
use vivier_core::id::{AccountId, TicketId};
use vivier_core::time::Timestamp;

#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Part of the name of who acted
    #[arg(long, value_name = "TEXT")]
    pub actor: Option<String>,
    /// An action such as token.create, or all of a kind: token.
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// The id of what it was done to
    #[arg(long, value_name = "ID")]
    pub subject: Option<String>,
    /// What came of it
    #[arg(long, value_parser = ["done", "refused", "failed"])]
    pub outcome: Option<String>,
    /// From this time on, such as 2026-11-21T08:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// Of one account (for operators)
    #[arg(long, value_name = "ID")]
    pub account: Option<AccountId>,
    /// How many rows, newest first
    #[arg(long, short = 'n', default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Every row, oldest first, to keep as a file
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "limit")]
    pub export: Option<ExportFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object in each line
    Ndjson,
    /// A table with a head
    Csv,
}

impl ExportFormat {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum TicketsCommand {
    /// Your account's tickets, newest first
    Ls {
        /// Part of the subject, or a number
        query: Option<String>,
    },
    /// One ticket, with all that was said
    Show {
        /// Its number or id (tkt_…)
        ticket: TicketRef,
    },
    /// Ask the operator for help
    Open(OpenTicketArgs),
    /// Write in a ticket
    Reply {
        /// Its number or id (tkt_…)
        ticket: TicketRef,
        /// What to say [default: read from standard input]
        #[arg(long, short)]
        message: Option<String>,
    },
    /// Close a ticket
    Close {
        /// Its number or id (tkt_…)
        ticket: TicketRef,
    },
    /// Open a ticket again
    Reopen {
        /// Its number or id (tkt_…)
        ticket: TicketRef,
    },
}

#[derive(Debug, Args)]
pub struct OpenTicketArgs {
    /// What it is about, in a line
    pub subject: String,
    /// What to say [default: read from standard input]
    #[arg(long, short)]
    pub message: Option<String>,
    /// The agent that it is about: its name, slug or id
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// Let the operator see the agent's configuration, last events and the end of its log, without secrets; shown to you first
    #[arg(long, requires = "agent")]
    pub with_snapshot: bool,
    /// Do not ask whether to send what was shown
    #[arg(long, short)]
    pub yes: bool,
}

/// A ticket, as people name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketRef {
    Number(u32),
    Id(TicketId),
}

impl std::str::FromStr for TicketRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim_start_matches('#').parse().ok().filter(|number| *number > 0).map(Self::Number);
        number.or_else(|| text.parse().ok().map(Self::Id)).ok_or("must be a ticket's number, or its id (tkt_…)")
    }
}

#[derive(Debug, Subcommand)]
pub enum OperatorTicketsCommand {
    /// Tickets of every account, newest first
    Ls {
        /// Part of the subject or of the account's name, or a number
        query: Option<String>,
        /// Where they stand
        #[arg(long, value_parser = ["open", "waiting", "solved", "closed"])]
        state: Option<String>,
    },
    /// One ticket, with all that was said and what the tenant let you see
    Show {
        /// Its number or id (tkt_…)
        ticket: TicketRef,
    },
    /// Answer a ticket
    Reply {
        /// Its number or id (tkt_…)
        ticket: TicketRef,
        /// What to say [default: read from standard input]
        #[arg(long, short)]
        message: Option<String>,
        /// A note that the tenant does not see
        #[arg(long, conflicts_with = "solved")]
        internal: bool,
        /// It is solved by that
        #[arg(long)]
        solved: bool,
    },
    /// Close a ticket
    Close {
        /// Its number or id (tkt_…)
        ticket: TicketRef,
    },
    /// Open a ticket again
    Reopen {
        /// Its number or id (tkt_…)
        ticket: TicketRef,
    },
}

#[derive(Debug, Subcommand)]
pub enum OperatorAccountCommand {
    /// Its people, its agents, and who looked at it
    Show {
        /// Its id (acc_…)
        id: AccountId,
    },
    /// Suspend everything that it runs
    Suspend {
        /// Its id (acc_…)
        id: AccountId,
        /// Why; the tenant is shown it
        #[arg(long)]
        reason: String,
    },
    /// Let everything that it runs go on
    Resume {
        /// Its id (acc_…)
        id: AccountId,
        /// Why; the tenant is shown it
        #[arg(long)]
        reason: String,
    },
}
