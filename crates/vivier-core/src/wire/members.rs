//! Who works in an account, who is invited to, and where they are signed in.

use serde::{Deserialize, Serialize};

use super::accounts::MemberRole;
use crate::id::{AccountId, InvitationId, SessionId, UserId};
use crate::name::{DisplayName, Email};
use crate::secret::Secret;
use crate::time::Timestamp;

/// One who works in the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MemberOut {
    pub user: UserId,
    pub email: Email,
    pub role: MemberRole,
    /// Since when they are a member.
    pub created_at: Timestamp,
    /// When they were last seen in this account; coarse.
    pub last_seen_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberPatch {
    /// `admin`, `member` or `viewer`. An owner is made by `POST /v1/account/owner`.
    pub role: MemberRole,
}

/// Hands the account over: the owner of before becomes an admin.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOwner {
    /// A member of the account.
    pub user: UserId,
    /// One's own. Absent for who has none: then the sign-in must be younger than 15 minutes.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub password: Option<Secret>,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    pub email: Email,
    /// `admin`, `member` or `viewer`.
    pub role: MemberRole,
}

/// An invitation that is neither accepted nor revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvitationOut {
    pub id: InvitationId,
    pub email: Email,
    pub role: MemberRole,
    /// The address of who invited.
    pub invited_by: String,
    pub created_at: Timestamp,
    /// When the mail was last sent.
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
    /// Its link works no more; send it again.
    pub expired: bool,
}

/// What the link of an invitation's mail carries.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationToken {
    #[schema(value_type = String)]
    pub token: Secret,
}

/// An invitation, as its link's holder sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvitationShown {
    /// The account's name.
    pub account: String,
    /// Whom it is for.
    pub email: Email,
    pub role: MemberRole,
    pub invited_by: String,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    pub name: DisplayName,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    pub name: DisplayName,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// One that the user is a member of.
    pub account: AccountId,
}

/// Deletes the account that the session works in.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountDeletion {
    /// The account's name, typed as it stands: nobody deletes the wrong one.
    pub name: String,
    /// One's own. Absent for who has none: then the sign-in must be younger than 15 minutes.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub password: Option<Secret>,
}

/// What becomes of a deleted account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountDeleted {
    /// Agents that were running, suspended or failed; they are being ended now.
    pub deployments: u64,
    /// From when on what is personal in it is erased.
    pub erase_at: Timestamp,
}

/// Deletes the person.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserDeletion {
    /// One's own mail address, typed as it stands.
    pub email: Email,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub password: Option<Secret>,
}

/// Where someone is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionOut {
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// The address it was last seen from.
    pub address: Option<String>,
    /// The browser, in words, such as "Firefox on Linux".
    pub browser: Option<String>,
    /// The name of the account that it works in.
    pub account: Option<String>,
    pub created_at: Timestamp,
    /// Coarse: written at most once an hour.
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}
