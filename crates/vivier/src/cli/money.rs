//! What is typed about plans, credits, usage and limits.

use clap::Args;
use vivier_core::time::Timestamp;
use vivier_core::wire::usage::UsageStep;

use super::values::usage_steps;

#[derive(Debug, Args)]
pub struct UsageArgs {
    /// From this moment (RFC 3339, such as 2027-03-01T00:00:00Z) [default: 30 days or hours ago]
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// To this moment [default: now]
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// The length of each part, in UTC
    #[arg(long, default_value = "day", value_parser = usage_steps())]
    pub step: UsageStep,
    /// Only of this agent: name, slug or id
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// As a table for a spreadsheet: one line for each agent and part
    #[arg(long)]
    pub csv: bool,
}

#[derive(Debug, Args)]
pub struct CreditsArgs {
    /// The lines of the ledger, newest first
    #[arg(long)]
    pub history: bool,
}
