//! What is typed about money.

use clap::{Args, Subcommand};
use vivier_core::plan::PlanName;

use super::Named;

#[derive(Debug, Subcommand)]
pub enum BillingCommand {
    /// What is paid for which agent, and until when something is to be paid
    Status,
    /// Invoices, newest first, and what was not billed
    Invoices,
    /// Print a link to a payment page for an agent
    Checkout {
        #[command(flatten)]
        named: Named,
        /// Pay for this plan [default: the one that it has]
        #[arg(long, value_name = "PLAN")]
        plan: Option<PlanName>,
    },
    /// End an agent's subscription: with its period, or now; or keep it after all
    Cancel(CancelArgs),
    /// Print a link to the payment provider's own pages: cards and invoices
    Portal,
    /// Print a link to a page that takes a card, and no money
    Card,
}

#[derive(Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    pub named: Named,
    /// At once: the agent is suspended, and what was paid and not used becomes credit
    #[arg(long, conflicts_with = "keep")]
    pub now: bool,
    /// Take a cancellation back
    #[arg(long)]
    pub keep: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}
