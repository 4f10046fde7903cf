//! Credits, cards and referrals, as the public API shows and takes them.

use serde::{Deserialize, Serialize};

use crate::credits::{CreditSource, Credits};
use crate::id::{AccountId, CreditId, ReferralId};
use crate::money::Money;
use crate::time::Timestamp;

/// What an account can pay with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreditsOut {
    /// What can be redeemed now. Derived from the ledger at every reading.
    pub balance: Credits,
    /// What the balance is worth.
    pub worth: Money,
    /// No grant raises the balance above this.
    pub most: Credits,
    /// All that was ever granted.
    pub granted: Credits,
    /// Taken for invoices, without what was given back.
    pub redeemed: Credits,
    /// What ended before it was taken.
    pub expired: Credits,
    /// What is left, soonest ending first: the order in which it is taken.
    pub grants: Vec<CreditGrantOut>,
}

/// One grant of which something is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreditGrantOut {
    pub id: CreditId,
    pub source: CreditSource,
    pub amount: Credits,
    pub left: Credits,
    pub created_at: Timestamp,
    /// Absent: it does not end.
    pub expires_at: Option<Timestamp>,
    /// What an operator wrote beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreditEntryOut {
    /// `crd_…` of a grant, `rdm_…` of what was taken or given back.
    pub id: String,
    pub at: Timestamp,
    pub kind: CreditEntryKind,
    pub amount: Credits,
    /// Of grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<CreditSource>,
    /// Of grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The invoice that it was taken for, or given back from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
    /// The grant that it was taken from, or given back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<CreditId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditEntryKind {
    Granted,
    Redeemed,
    /// The invoice was taken back.
    Returned,
}

/// Credits that an operator gives.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCredits {
    /// 1 to 1,000,000,000; and no more than the account may still have.
    pub amount: Credits,
    /// 1 to 3,660; absent: they do not end.
    #[serde(default)]
    pub expires_in_days: Option<u16>,
    /// Why, 1 to 200 characters; the account's people see it.
    pub note: String,
}

/// An account's own referral code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReferralCodeOut {
    pub code: String,
    /// To be handed on.
    pub link: String,
    /// What each side is given when the other's first invoice is paid.
    pub reward: Credits,
    pub pending: u64,
    pub credited: u64,
}

/// Says whose referral brought this account here.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralClaim {
    /// 8 letters and digits.
    #[schema(min_length = 8, max_length = 8)]
    pub code: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReferralState {
    /// The first invoice is not paid yet.
    Pending,
    /// Both sides have their credits.
    Credited,
    Refused,
}

impl ReferralState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Credited => "credited",
            Self::Refused => "refused",
        }
    }
}

/// Why a referral gives nobody anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReferralRefusal {
    /// The same account, or the same person on both sides.
    SelfReferral,
    /// Both sides have used the same card.
    SameCard,
    /// Both sides were seen in one /24 (IPv4) or /64 (IPv6).
    SameAddressRange,
    /// More came by this code in a day, or were credited in a month, than people do.
    Velocity,
}

impl ReferralRefusal {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfReferral => "self_referral",
            Self::SameCard => "same_card",
            Self::SameAddressRange => "same_address_range",
            Self::Velocity => "velocity",
        }
    }
}

/// What became of this account's own claim. Why one was refused is for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReferralClaimOut {
    pub state: ReferralState,
    pub created_at: Timestamp,
}

/// One referral, for an operator's review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReferralOut {
    pub id: ReferralId,
    pub referrer: AccountId,
    pub referred: AccountId,
    pub state: ReferralState,
    pub reason: Option<ReferralRefusal>,
    /// What the reason was seen by, in words.
    pub detail: Option<String>,
    pub created_at: Timestamp,
    pub decided_at: Option<Timestamp>,
}
