//! Who works in an account, and who is invited to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use vivier_core::id::{InvitationId, UserId};
use vivier_core::wire::Page;
use vivier_core::wire::accounts::{AccountOut, MemberRole};
use vivier_core::wire::members::{InvitationOut, InvitationShown, InvitationToken, MemberOut, MemberPatch, NewInvitation};

use super::accounts::reached;
use super::extract::{Body, InvitationPath, UserPath};
use super::guard::{Manage, Person, Read, Signed, SignedIn};
use super::problem::ApiError;
use super::sign_in::verified;
use super::views;
use crate::app::App;
use crate::auth::caller::client_address;
use crate::auth::limits::{Limit, address_key};
use crate::auth::token;
use crate::store::StoreError;
use crate::store::invitations::Letter;

/// An owner is not made by the way.
fn check_role(role: MemberRole) -> Result<MemberRole, ApiError> {
    match role {
        MemberRole::Viewer | MemberRole::Member | MemberRole::Admin => Ok(role),
        MemberRole::Owner => Err(ApiError::field("role", "must be admin, member or viewer; an account is handed over with `POST /v1/account/owner`")),
    }
}

/// Who works in the account
#[utoipa::path(get, path = "/v1/members", tag = "accounts", extensions(("x-vivier-role" = json!("viewer"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "Everyone, the owner first", body = Page<MemberOut>)))]
pub async fn list_members(State(app): State<App>, signed: Signed<Read>) -> Result<Json<Page<MemberOut>>, ApiError> {
    Ok(Json(Page { items: app.store.members(signed.0.account).await?, next_cursor: None }))
}

/// Change what a member may do
///
/// At once. Whoever becomes a viewer is signed out of the account, so that agents they have open are closed.
#[utoipa::path(patch, path = "/v1/members/{id}", tag = "accounts", extensions(("x-vivier-role" = json!("admin"))), security(("session" = [])),
    params(("id" = UserId, Path, description = "The member")), request_body = MemberPatch, responses((status = 204, description = "It is so")))]
pub async fn change_member(
    State(app): State<App>,
    signed: Signed<Manage>,
    UserPath(user): UserPath,
    Body(body): Body<MemberPatch>,
) -> Result<StatusCode, ApiError> {
    let MemberPatch { role } = body;
    app.store.set_role(&signed.0.actor(), signed.0.account, user, check_role(role)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a member
///
/// At once: their sessions in this account, the tokens they made for it, and the agents they have open end with their place.
#[utoipa::path(delete, path = "/v1/members/{id}", tag = "accounts", extensions(("x-vivier-role" = json!("admin"))), security(("session" = [])),
    params(("id" = UserId, Path, description = "The member")), responses((status = 204, description = "They are out")))]
pub async fn remove_member(State(app): State<App>, signed: Signed<Manage>, UserPath(user): UserPath) -> Result<StatusCode, ApiError> {
    app.store.remove_member(&signed.0.actor(), signed.0.account, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave the account
///
/// Ends this session, and everything else that the caller had of the account. Its owner hands it over first.
#[utoipa::path(post, path = "/v1/account/leave", tag = "accounts", extensions(("x-vivier-role" = json!("viewer"))), security(("session" = [])),
    responses((status = 204, description = "Left; sign in again")))]
pub async fn leave_account(State(app): State<App>, signed: Signed<Person>) -> Result<StatusCode, ApiError> {
    let caller = signed.0;
    app.store.remove_member(&caller.actor(), caller.account, caller.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Open invitations
#[utoipa::path(get, path = "/v1/invitations", tag = "accounts", extensions(("x-vivier-role" = json!("admin"))), security(("session" = [])),
    responses((status = 200, description = "Newest first; expired ones can be sent again", body = Page<InvitationOut>)))]
pub async fn list_invitations(State(app): State<App>, signed: Signed<Manage>) -> Result<Json<Page<InvitationOut>>, ApiError> {
    Ok(Json(Page { items: app.store.invitations(signed.0.account).await?, next_cursor: None }))
}

/// Invite someone by mail
///
/// The answer is the same whether or not anyone signs in with this address. The link works once, for seven days, for that address.
#[utoipa::path(post, path = "/v1/invitations", tag = "accounts", extensions(("x-vivier-role" = json!("admin"))), security(("session" = [])),
    request_body = NewInvitation, responses((status = 201, description = "The mail is on its way", body = InvitationOut)))]
pub async fn invite(State(app): State<App>, signed: Signed<Manage>, Body(body): Body<NewInvitation>) -> Result<(StatusCode, Json<InvitationOut>), ApiError> {
    let NewInvitation { email, role } = body;
    let (caller, role) = (signed.0, check_role(role)?);
    verified(&app, caller.user, "invite others").await?;
    app.auth.limits.check(Limit::InviteByAccount, &caller.account.to_string()).map_err(reached)?;
    let token = token::opaque();
    let letter = Letter { token: &token, public_url: app.settings.public_url.trim_end_matches('/') };
    match app.store.invite(&caller.actor(), caller.account, &email, role, &letter).await {
        // The request of before was done: what it made is there.
        Err(StoreError::Repeated) => {
            let there = app.store.invitations(caller.account).await?.into_iter().find(|invitation| invitation.email == email);
            Ok((StatusCode::CREATED, Json(there.ok_or_else(|| ApiError::not_found("invitation"))?)))
        }
        made => Ok((StatusCode::CREATED, Json(made?))),
    }
}

/// Send an invitation again
///
/// With another link; the one of before works no more. For another seven days.
#[utoipa::path(post, path = "/v1/invitations/{id}/resend", tag = "accounts", extensions(("x-vivier-role" = json!("admin"))), security(("session" = [])),
    params(("id" = InvitationId, Path, description = "The invitation")), responses((status = 200, description = "The mail is on its way", body = InvitationOut)))]
pub async fn resend_invitation(State(app): State<App>, signed: Signed<Manage>, InvitationPath(id): InvitationPath) -> Result<Json<InvitationOut>, ApiError> {
    let caller = signed.0;
    app.auth.limits.check(Limit::InviteByAccount, &caller.account.to_string()).map_err(reached)?;
    let token = token::opaque();
    let letter = Letter { token: &token, public_url: app.settings.public_url.trim_end_matches('/') };
    Ok(Json(app.store.resend_invitation(&caller.actor(), caller.account, id, &letter).await?))
}

/// Take an invitation back
#[utoipa::path(delete, path = "/v1/invitations/{id}", tag = "accounts", extensions(("x-vivier-role" = json!("admin"))), security(("session" = [])),
    params(("id" = InvitationId, Path, description = "The invitation")), responses((status = 204, description = "Its link is worth nothing any more")))]
pub async fn revoke_invitation(State(app): State<App>, signed: Signed<Manage>, InvitationPath(id): InvitationPath) -> Result<StatusCode, ApiError> {
    app.store.revoke_invitation(&signed.0.actor(), signed.0.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an invitation is to
///
/// For whoever holds its link. It does not say whether anyone signs in with its address.
#[utoipa::path(post, path = "/v1/auth/invitation", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), security(()),
    request_body = InvitationToken, responses((status = 200, description = "The invitation", body = InvitationShown),
    (status = 404, description = "The link is unknown, used, taken back or too old")))]
pub async fn show_invitation(
    State(app): State<App>,
    headers: axum::http::HeaderMap,
    Body(body): Body<InvitationToken>,
) -> Result<Json<InvitationShown>, ApiError> {
    app.auth.limits.check(Limit::LinkByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    let invited = app.store.invitation(token::digest(body.token.expose())).await?;
    Ok(Json(invited.ok_or_else(no_invitation)?.shown))
}

/// Accept an invitation
///
/// As who is signed in, who must be whom it was sent to. Who has not signed up yet sends the token with `POST /v1/auth/signup`.
/// Switch to the account with `POST /v1/auth/switch`.
#[utoipa::path(post, path = "/v1/auth/invitation/accept", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    request_body = InvitationToken, responses((status = 200, description = "The account, and the role in it", body = AccountOut),
    (status = 404, description = "The link is unknown, used, taken back or too old")))]
pub async fn accept_invitation(State(app): State<App>, SignedIn(someone): SignedIn, Body(body): Body<InvitationToken>) -> Result<Json<AccountOut>, ApiError> {
    app.auth.limits.check(Limit::LinkByAddress, &address_key(someone.from)).map_err(reached)?;
    let digest = token::digest(body.token.expose());
    match app.store.accept_invitation(&someone.actor(), someone.user, digest).await {
        Err(StoreError::NotFound(_)) => Err(no_invitation()),
        joined => Ok(Json(views::account(joined?))),
    }
}

/// One sentence for all that may be wrong with a link: who only guesses learns nothing.
pub(super) fn no_invitation() -> ApiError {
    let detail =
        "This invitation is not valid any more: it was used, taken back, replaced by a newer mail, or is too old. Ask who invited you to send it again.";
    ApiError::new(StatusCode::NOT_FOUND, "invitation_invalid", "No such invitation", detail)
}
