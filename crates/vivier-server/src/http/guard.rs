//! Extractors that authorise *and* load: a handler that is given a deployment is given one of its caller's.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::{StatusCode, request::Parts};
use vivier_core::id::{DeploymentId, TokenId};
use vivier_core::wire::accounts::{Role, TokenScope};

use super::extract::path_part;
use super::problem::{ApiError, for_status};
use crate::app::App;
use crate::auth::caller::{Caller, Identity, Via};
use crate::store::deployments::Deployment;

/// What a route needs of its caller.
pub trait Need: Send + Sync + 'static {
    /// The scope that a token must have; `None`: no token will do, only a browser's session.
    const SCOPE: Option<TokenScope>;
}

/// Looking.
pub struct Read;
/// Changing.
pub struct Write;
/// What only a person who signed in may do, such as making tokens.
pub struct Person;

impl Need for Read {
    const SCOPE: Option<TokenScope> = Some(TokenScope::Read);
}
impl Need for Write {
    const SCOPE: Option<TokenScope> = Some(TokenScope::Write);
}
impl Need for Person {
    const SCOPE: Option<TokenScope> = None;
}

/// Someone who is signed in and may do what `N` names.
pub struct Signed<N>(pub Caller, PhantomData<N>);

/// Who calls, whatever they may do. Refuses who is nobody.
fn caller(parts: &Parts) -> Result<&Caller, ApiError> {
    match parts.extensions.get::<Identity>() {
        Some(Identity::Known(caller)) => Ok(caller),
        Some(Identity::Invalid(why)) => Err(ApiError::unauthorized(why)),
        Some(Identity::Nobody) | None => Err(ApiError::unauthorized("Sign in first, or send an API token as `Authorization: Bearer viv_…`.")),
    }
}

fn allowed<N: Need>(caller: &Caller) -> Result<(), ApiError> {
    let Via::Token { id: _, scopes } = &caller.via else { return Ok(()) };
    match N::SCOPE {
        None => Err(ApiError::forbidden("session_required", "An API token cannot do this. Sign in with the account's address and password.")),
        Some(scope) if scopes.contains(&scope) => Ok(()),
        Some(scope) => {
            let scope = scope.as_str();
            Err(ApiError::forbidden("scope_missing", format!("The API token lacks the scope `{scope}`. Make one that has it in the dashboard, under Account.")))
        }
    }
}

impl<N: Need, S: Send + Sync> FromRequestParts<S> for Signed<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = caller(parts)?.clone();
        allowed::<N>(&caller)?;
        Ok(Self(caller, PhantomData))
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

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if caller(parts)?.role != Role::Operator {
            return Err(for_status(StatusCode::NOT_FOUND));
        }
        let Signed(caller, need) = Signed::<N>::from_request_parts(parts, app).await?;
        Ok(Self(caller, need))
    }
}
