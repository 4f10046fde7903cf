//! What is done with links in mails: proving an address, setting a password anew, changing the address.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use vivier_core::wire::security::{EmailChange, MailLink, PasswordReset, Reassurance, ResetRequest};

use super::accounts::{check_password, done_before, reached};
use super::extract::Body;
use super::guard::SignedIn;
use super::problem::ApiError;
use super::sign_in::{Wanted, reassure};
use crate::app::App;
use crate::auth::caller::client_address;
use crate::auth::limits::{Limit, address_key};
use crate::auth::token;
use crate::jobs::{Job, Task};
use crate::mail::accounts::{self as letters, Happened, letter};
use crate::store::StoreError;
use crate::store::links::Purpose;

/// The same words for a link that never was, was used, or is too old.
fn spent(result: Result<(), StoreError>) -> Result<StatusCode, ApiError> {
    match result {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::NotFound(_)) => Err(ApiError::field("token", "does not work, or not any more: a link works once, and for a while. Ask for a new one")),
        Err(other) => Err(other.into()),
    }
}

/// Guesses of links are counted, although nobody guesses 256 bits: they cost a look each.
fn count_link(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    app.auth.limits.check(Limit::LinkByAddress, &address_key(client_address(headers))).map_err(reached)
}

/// Confirm an address of mail
///
/// With what the link in the mail carries.
#[utoipa::path(post, path = "/v1/auth/verify", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = MailLink, security(()),
    responses((status = 204, description = "It is confirmed")))]
pub async fn verify_email(State(app): State<App>, headers: HeaderMap, Body(body): Body<MailLink>) -> Result<StatusCode, ApiError> {
    count_link(&app, &headers)?;
    spent(app.store.verify_email(token::digest(body.token.expose()), client_address(&headers)).await)
}

/// Send the link that confirms the address again
///
/// The one before works no more.
#[utoipa::path(post, path = "/v1/auth/verify/resend", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), security(("session" = [])),
    responses((status = 202, description = "It is on its way")))]
pub async fn resend_verification(State(app): State<App>, SignedIn(someone): SignedIn) -> Result<StatusCode, ApiError> {
    app.auth.limits.check(Limit::MailByUser, &someone.user.to_string()).map_err(reached)?;
    let letter = letter(&app.settings.public_url, Purpose::Verify, &someone.email, letters::verify);
    done_before(app.store.send_verification(&someone.actor(), someone.user, &letter).await)?;
    Ok(StatusCode::ACCEPTED)
}

/// Ask for a link that sets a new password
///
/// The answer is the same whether somebody has this address or not.
#[utoipa::path(post, path = "/v1/auth/reset", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = ResetRequest, security(()),
    responses((status = 202, description = "If somebody has this address, a mail is on its way to it")))]
pub async fn request_reset(State(app): State<App>, headers: HeaderMap, Body(body): Body<ResetRequest>) -> Result<StatusCode, ApiError> {
    let ResetRequest { email } = body;
    app.auth.limits.check(Limit::ResetByAddress, &address_key(client_address(&headers))).map_err(reached)?;
    app.auth.limits.check(Limit::ResetByAccount, email.as_str()).map_err(reached)?;
    // Not even a look: what differs between somebody and nobody is done later, by a job.
    let mut tx = app.store.begin().await?;
    tx.enqueue(Job::new(Task::PasswordReset { email })).await?;
    tx.commit_quietly().await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password
///
/// With what the link in the mail carries. Every session ends, and a mail tells of it. A second factor stays.
#[utoipa::path(post, path = "/v1/auth/reset/finish", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = PasswordReset, security(()),
    responses((status = 204, description = "It is set; sign in with it")))]
pub async fn finish_reset(State(app): State<App>, headers: HeaderMap, Body(body): Body<PasswordReset>) -> Result<StatusCode, ApiError> {
    let PasswordReset { token, new_password } = body;
    check_password("new_password", &new_password)?;
    count_link(&app, &headers)?;
    let hash = app.auth.passwords.hash(new_password).await?;
    let tell = |email: &_| letters::told(&app.settings.public_url, email, Happened::PasswordReset, "");
    spent(app.store.reset_password(token::digest(token.expose()), &hash, client_address(&headers), tell).await)
}

/// Change the address of mail
///
/// It changes when the link in the mail to the new address has been opened. The old address is told then, and can take it back for a week.
#[utoipa::path(post, path = "/v1/auth/email", tag = "accounts", extensions(("x-vivier-role" = json!("person"))), request_body = EmailChange, security(("session" = [])),
    responses((status = 202, description = "A mail is on its way to the new address")))]
pub async fn change_email(State(app): State<App>, SignedIn(someone): SignedIn, Body(body): Body<EmailChange>) -> Result<StatusCode, ApiError> {
    let EmailChange { email, password } = body;
    if email == someone.email {
        return Err(ApiError::field("email", "is your address already"));
    }
    app.auth.limits.check(Limit::MailByUser, &someone.user.to_string()).map_err(reached)?;
    reassure(&app, &someone, Reassurance { password, code: None }, Wanted::Password).await?;
    // Whether somebody else has it is not told here: only who reads its mails learns it.
    let letter = letter(&app.settings.public_url, Purpose::Change, &email, letters::change);
    done_before(app.store.begin_email_change(&someone.actor(), someone.user, &email, &letter).await)?;
    Ok(StatusCode::ACCEPTED)
}

/// Confirm the new address
#[utoipa::path(post, path = "/v1/auth/email/finish", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = MailLink, security(()),
    responses((status = 204, description = "It is the address to sign in with")))]
pub async fn finish_email_change(State(app): State<App>, headers: HeaderMap, Body(body): Body<MailLink>) -> Result<StatusCode, ApiError> {
    count_link(&app, &headers)?;
    let url = &app.settings.public_url;
    let undo = |old: &_, new: &_| letter(url, Purpose::Undo, old, |url, link, to| letters::undo(url, link, to, new));
    spent(app.store.finish_email_change(token::digest(body.token.expose()), client_address(&headers), undo).await)
}

/// Take a change of address back
///
/// With what the link to the old address carries. Everybody is signed out, what was added to the sign-in since is taken away, and a mail
/// with a link that sets a new password is on its way.
#[utoipa::path(post, path = "/v1/auth/email/undo", tag = "accounts", extensions(("x-vivier-role" = json!("nobody"))), request_body = MailLink, security(()),
    responses((status = 204, description = "The old address is back")))]
pub async fn undo_email_change(State(app): State<App>, headers: HeaderMap, Body(body): Body<MailLink>) -> Result<StatusCode, ApiError> {
    count_link(&app, &headers)?;
    let reset = |email: &_| letter(&app.settings.public_url, Purpose::Reset, email, letters::reset_after_undo);
    spent(app.store.undo_email_change(token::digest(body.token.expose()), client_address(&headers), reset).await)
}
