//! The books as an operator sees them: what the nightly comparison has found, and what each account brings and costs.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, DeploymentId, ReconciliationId};
use crate::money::Money;
use crate::time::Timestamp;

/// In what ledger, payment provider and runtime do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// It runs, and nobody pays for it.
    RunsUnpaid,
    /// It is paid for, and does not run.
    PaidNotRunning,
    /// Credits on an invoice are not those that the ledger took for it.
    InvoiceCredits,
    /// The ledger took credits for an invoice that is not known.
    UnknownInvoice,
    /// More was taken from a grant than it had, or more was given back than was taken.
    BrokenGrant,
    /// A subscription has not been read at the payment provider for days: what it says is unknown.
    NotRead,
    /// A container runs that no deployment owns.
    UnownedContainer,
}

impl DifferenceKind {
    pub const ALL: [Self; 7] =
        [Self::RunsUnpaid, Self::PaidNotRunning, Self::InvoiceCredits, Self::UnknownInvoice, Self::BrokenGrant, Self::NotRead, Self::UnownedContainer];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RunsUnpaid => "runs_unpaid",
            Self::PaidNotRunning => "paid_not_running",
            Self::InvoiceCredits => "invoice_credits",
            Self::UnknownInvoice => "unknown_invoice",
            Self::BrokenGrant => "broken_grant",
            Self::NotRead => "not_read",
            Self::UnownedContainer => "unowned_container",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Difference {
    pub kind: DifferenceKind,
    pub account: Option<AccountId>,
    pub deployment: Option<DeploymentId>,
    /// Of the payment provider.
    pub invoice: Option<String>,
    /// What was found, with the next step.
    pub message: String,
}

/// One comparison. Nothing is repaired by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReconciliationOut {
    pub id: ReconciliationId,
    pub at: Timestamp,
    /// How many differences there are.
    pub count: u64,
    /// The first two hundred of each kind.
    pub differences: Vec<Difference>,
}

/// What an account has brought and cost within a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MarginOut {
    pub account: AccountId,
    pub name: String,
    /// Paid on invoices.
    pub revenue: Money,
    /// By the price list of the settings.
    pub cost: Money,
    /// Revenue without cost; below zero when it costs more.
    pub margin: Money,
}
