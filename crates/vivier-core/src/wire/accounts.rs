//! People, their accounts, and API tokens.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, TokenId, UserId};
use crate::name::Email;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::wire::console::LookOut;

/// A password travels in only.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signup {
    pub email: Email,
    /// 10 to 256 characters.
    #[schema(value_type = String, min_length = 10, max_length = 256)]
    pub password: Secret,
    /// The one-time token from the operator's link: makes its user the first operator.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub setup_token: Option<Secret>,
    /// What the link of an invitation's mail carries: makes its user a member of that account.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub invitation: Option<Secret>,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub email: Email,
    #[schema(value_type = String)]
    pub password: Secret,
}

/// Ends every other session of the user.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    #[schema(value_type = String)]
    pub current_password: Secret,
    /// 10 to 256 characters.
    #[schema(value_type = String, min_length = 10, max_length = 256)]
    pub new_password: Secret,
}

/// What a member may do in an account. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Looks at everything, changes nothing.
    Viewer,
    /// Makes, changes and deletes agents.
    Member,
    /// Also members, invitations, everyone's tokens, usage, invoices and tickets.
    Admin,
    /// Also money that moves, and the account itself. There is exactly one.
    Owner,
}

impl MemberRole {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl std::fmt::Display for MemberRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who is signed in, and the account that they work in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MeOut {
    pub user: UserOut,
    /// Absent for someone who is a member of no account.
    pub account: Option<AccountOut>,
    /// An operator looks at this account, which is somebody else's: nothing can be changed until the look ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<LookOut>,
}

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UserOut {
    pub id: UserId,
    pub email: Email,
    /// Whether they are an operator of this installation.
    pub operator: bool,
    /// Since when the address is known to be theirs.
    pub email_verified_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// An account, as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountOut {
    pub id: AccountId,
    pub name: String,
    /// What the caller may do in it.
    pub role: MemberRole,
    pub created_at: Timestamp,
}

/// What a bearer token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Look at deployments, logs, events, statistics and configuration.
    Read,
    /// Also create, change and delete deployments and their secrets.
    Write,
    /// Talk to agents (their `/v1` endpoints) through the edge.
    Chat,
}

impl TokenScope {
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Chat];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Chat => "chat",
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for, 1 to 60 characters.
    pub name: crate::name::DisplayName,
    /// At least one.
    pub scopes: Vec<TokenScope>,
    /// 1 to 366; absent: it does not expire.
    #[serde(default)]
    pub expires_in_days: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenOut {
    pub id: TokenId,
    pub name: String,
    pub scopes: Vec<TokenScope>,
    /// The first characters, to tell tokens apart.
    pub hint: String,
    /// Who made it: it never may do more than they may.
    pub made_by: Email,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// A token just made: the only time that its text is shown.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenCreated {
    #[serde(flatten)]
    pub token: TokenOut,
    /// `viv_…`; keep it, it is not shown again.
    #[schema(value_type = String)]
    pub secret: Secret,
}
