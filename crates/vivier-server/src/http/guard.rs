//! Extractors that authorise *and* load: a handler that is given a deployment is given one of its caller's.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::{StatusCode, request::Parts};
use vivier_core::id::{AccountId, DeploymentId, LookId, TokenId, UserId};
use vivier_core::wire::accounts::{MemberRole, TokenScope};

use super::extract::path_part;
use super::problem::{ApiError, for_status};
use crate::app::App;
use crate::auth::caller::{Caller, Identity, Someone, Via};
use crate::store::deployments::Deployment;

/// What a route needs of its caller. The document says the same of each operation, in `security` and `x-vivier-role`, and a test
/// tries every role and scope on every operation.
pub trait Need: Send + Sync + 'static {
    /// The scope that a token must have; `None`: no token will do, only a browser's session.
    const SCOPE: Option<TokenScope>;
    /// The least that the caller must be in the account. A token may do what its maker may.
    const ROLE: MemberRole;
}

/// Looking.
pub struct Read;
/// Changing agents.
pub struct Write;
/// What only a person who signed in may do, whatever they are in the account, such as ending a session.
pub struct Person;
/// Looking at what is for admins, such as usage and invoices.
pub struct Oversee;
/// Asking for what is for admins, such as help: a program may, too.
pub struct Direct;
/// Changing what is for admins, such as members. No token may: it could invite whoever stole it.
pub struct Manage;
/// What only the owner may do, such as moving money or deleting the account.
pub struct Own;

/// Spending the account's money: an owner, also by a token of theirs that may change agents. What is spent is paid by a person, on a
/// page of the payment provider.
pub struct Spend;

impl Need for Spend {
    const SCOPE: Option<TokenScope> = Some(TokenScope::Write);
    const ROLE: MemberRole = MemberRole::Owner;
}
impl Need for Read {
    const SCOPE: Option<TokenScope> = Some(TokenScope::Read);
    const ROLE: MemberRole = MemberRole::Viewer;
}
impl Need for Write {
    const SCOPE: Option<TokenScope> = Some(TokenScope::Write);
    const ROLE: MemberRole = MemberRole::Member;
}
impl Need for Person {
    const SCOPE: Option<TokenScope> = None;
    const ROLE: MemberRole = MemberRole::Viewer;
}
impl Need for Oversee {
    const SCOPE: Option<TokenScope> = Some(TokenScope::Read);
    const ROLE: MemberRole = MemberRole::Admin;
}
impl Need for Direct {
    const SCOPE: Option<TokenScope> = Some(TokenScope::Write);
    const ROLE: MemberRole = MemberRole::Admin;
}
impl Need for Manage {
    const SCOPE: Option<TokenScope> = None;
    const ROLE: MemberRole = MemberRole::Admin;
}
impl Need for Own {
    const SCOPE: Option<TokenScope> = None;
    const ROLE: MemberRole = MemberRole::Owner;
}

/// Someone who is signed in and may do what `N` names.
pub struct Signed<N>(pub Caller, PhantomData<N>);

/// Who calls, whatever they may do. Refuses who is nobody.
fn caller(parts: &Parts) -> Result<&Caller, ApiError> {
    match parts.extensions.get::<Identity>() {
        Some(Identity::Known(caller)) => Ok(caller),
        Some(Identity::Alone(_)) => {
            Err(ApiError::forbidden("no_account", "You are a member of no account. Make one with `POST /v1/accounts`, or ask for an invitation to one."))
        }
        Some(Identity::Invalid(why)) => Err(ApiError::unauthorized(why)),
        Some(Identity::Nobody) | None => Err(ApiError::unauthorized("Sign in first, or send an API token as `Authorization: Bearer viv_…`.")),
    }
}

/// Whether a token has the scope that is needed.
fn in_scope<N: Need>(caller: &Caller) -> Result<(), ApiError> {
    let Via::Token { id: _, scopes } = &caller.via else { return Ok(()) };
    match N::SCOPE {
        None => Err(session_required()),
        Some(scope) if scopes.contains(&scope) => Ok(()),
        Some(scope) => {
            let scope = scope.as_str();
            Err(ApiError::forbidden("scope_missing", format!("The API token lacks the scope `{scope}`. Make one that has it in the dashboard, under Account.")))
        }
    }
}

fn session_required() -> ApiError {
    ApiError::forbidden("session_required", "An API token cannot do this. Sign in with your address and password.")
}

fn has_role<N: Need>(caller: &Caller) -> Result<(), ApiError> {
    if caller.role >= N::ROLE {
        return Ok(());
    }
    let detail = format!("This is for the role `{}` and above; yours in this account is `{}`. Ask an admin or the owner of the account.", N::ROLE, caller.role);
    Err(ApiError::forbidden("role_missing", detail))
}

impl<N: Need, S: Send + Sync> FromRequestParts<S> for Signed<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = caller(parts)?.clone();
        in_scope::<N>(&caller)?;
        has_role::<N>(&caller)?;
        Ok(Self(caller, PhantomData))
    }
}

/// A person with a browser's session, a member of an account or of none.
pub struct SignedIn(pub Someone);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        if let Some(Identity::Alone(someone)) = parts.extensions.get::<Identity>() {
            return Ok(Self(someone.clone()));
        }
        let Caller { user, email, operator, account, role: _, via, look: _, from, once } = caller(parts)?.clone();
        match via {
            Via::Session { id } => Ok(Self(Someone { user, email, operator, account: Some(account), session: id, from, once })),
            Via::Token { .. } => Err(session_required()),
        }
    }
}

/// Whoever is signed in, a member of no account included; a token needs the scope that `N` names.
pub struct Anyone<N> {
    pub user: UserId,
    pub account: Option<AccountId>,
    /// An operator's look at the account.
    pub look: Option<LookId>,
    need: PhantomData<N>,
}

impl<N: Need, S: Send + Sync> FromRequestParts<S> for Anyone<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        if let Some(Identity::Alone(someone)) = parts.extensions.get::<Identity>() {
            return Ok(Self { user: someone.user, account: None, look: None, need: PhantomData });
        }
        let caller = caller(parts)?;
        in_scope::<N>(caller)?;
        Ok(Self { user: caller.user, account: Some(caller.account), look: caller.look, need: PhantomData })
    }
}

/// A program, and the token that it came with, whatever its scopes.
pub struct OwnToken(pub Caller, pub TokenId);

impl<S: Send + Sync> FromRequestParts<S> for OwnToken {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = caller(parts)?.clone();
        match caller.via {
            Via::Token { id, scopes: _ } => Ok(Self(caller, id)),
            Via::Session { .. } => {
                Err(ApiError::forbidden("token_required", "This is for a request with an API token. A session ends with `POST /v1/auth/logout`."))
            }
        }
    }
}

/// The deployment of the path, of this caller's account. Another's does not exist.
pub struct Owned<N> {
    pub caller: Caller,
    pub deployment: Deployment,
    need: PhantomData<N>,
}

impl<N: Need> FromRequestParts<App> for Owned<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Signed(caller, need) = Signed::<N>::from_request_parts(parts, app).await?;
        let id: DeploymentId = path_part(parts, app, "id").await?;
        let deployment = app.store.deployment(caller.account, id).await?;
        Ok(Self { caller, deployment, need })
    }
}

/// An operator. To anyone else these routes do not exist.
pub struct Operator<N>(pub Caller, PhantomData<N>);

impl<N: Need> FromRequestParts<App> for Operator<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let caller = caller(parts)?.clone();
        if !caller.operator {
            return Err(for_status(StatusCode::NOT_FOUND));
        }
        // What they are in the account that they happen to work in does not matter here.
        in_scope::<N>(&caller)?;
        Ok(Self(caller, PhantomData))
    }
}
