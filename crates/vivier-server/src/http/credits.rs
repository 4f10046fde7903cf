//! Credits and referrals: what an account has, and where it came from.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use vivier_core::id::{AccountId, CreditId, RedemptionId};
use vivier_core::time::Timestamp;
use vivier_core::wire::Page;
use vivier_core::wire::credits::{CreditEntryOut, CreditsOut, ReferralClaim, ReferralClaimOut, ReferralCodeOut};

use super::extract::{AccountPath, Body, Query, number};
use super::guard::{Manage, Operator, Oversee, Read, Signed};
use super::problem::ApiError;
use crate::app::App;
use crate::store::StoreError;
use crate::store::credits::{Ledger, Place};

fn view(app: &App, ledger: Ledger) -> CreditsOut {
    let Ledger { balance, granted, redeemed, expired, grants } = ledger;
    CreditsOut { balance, worth: balance.worth(), most: app.settings.credits.most, granted, redeemed, expired, grants }
}

/// Your account's credits
///
/// One credit is one US cent. What ends soonest is taken first; nobody can hand them on.
#[utoipa::path(get, path = "/v1/credits", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "What there is now", body = CreditsOut)))]
pub async fn get_credits(State(app): State<App>, signed: Signed<Oversee>) -> Result<Json<CreditsOut>, ApiError> {
    Ok(Json(view(&app, app.store.credits(signed.0.account).await?)))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

fn limit(limit: Option<u32>) -> Result<u32, ApiError> {
    let limit = limit.unwrap_or(50);
    if (1..=200).contains(&limit) { Ok(limit) } else { Err(ApiError::field("limit", "must be 1 to 200")) }
}

fn place(cursor: &str) -> Result<Place, ApiError> {
    let wrong = || ApiError::field("cursor", "must be the `next_cursor` of a page");
    let (at, id) = cursor.split_once('.').ok_or_else(wrong)?;
    if id.parse::<CreditId>().is_err() && id.parse::<RedemptionId>().is_err() {
        return Err(wrong());
    }
    Ok(Place { at: Timestamp::from_millis(at.parse().map_err(|_| wrong())?), id: id.to_owned() })
}

/// The lines of your account's ledger
///
/// Newest first: what was granted, what was taken for which invoice, and what was given back.
#[utoipa::path(get, path = "/v1/credits/history", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), params(HistoryQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "One page", body = Page<CreditEntryOut>)))]
pub async fn credits_history(
    State(app): State<App>,
    signed: Signed<Oversee>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Page<CreditEntryOut>>, ApiError> {
    let after = query.cursor.as_deref().map(place).transpose()?;
    let (items, next) = app.store.credits_history(signed.0.account, after, limit(query.limit)?).await?;
    Ok(Json(Page { items, next_cursor: next.map(|next| format!("{}.{}", next.at.as_millis(), next.id)) }))
}

/// Your account's referral code
///
/// Made at the first time. Both sides get credits when the first invoice of whoever came by it is paid.
#[utoipa::path(post, path = "/v1/credits/referral", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), security(("session" = [])),
    responses((status = 200, description = "The code", body = ReferralCodeOut)))]
pub async fn referral_code(State(app): State<App>, signed: Signed<Manage>) -> Result<Json<ReferralCodeOut>, ApiError> {
    let (code, pending, credited) = app.store.referral_code(signed.0.account, signed.0.from).await?;
    let link = format!("{}/signup?ref={code}", app.settings.public_url.trim_end_matches('/'));
    Ok(Json(ReferralCodeOut { code, link, reward: app.settings.credits.referral, pending, credited }))
}

/// Say who brought your account here
///
/// Once, within two weeks of its making.
#[utoipa::path(post, path = "/v1/credits/referral/claim", tag = "billing", extensions(("x-vivier-role" = json!("admin"))), request_body = ReferralClaim, security(("session" = [])),
    responses((status = 200, description = "What became of it", body = ReferralClaimOut)))]
pub async fn claim_referral(State(app): State<App>, signed: Signed<Manage>, Body(body): Body<ReferralClaim>) -> Result<Json<ReferralClaimOut>, ApiError> {
    let code = body.code.trim().to_ascii_lowercase();
    if code.len() != 8 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ApiError::field("code", "must be 8 letters and digits"));
    }
    let caller = signed.0;
    let claimed = app.store.claim_referral(&caller.actor(), caller.account, &code, caller.from).await;
    match claimed {
        Ok(claimed) => Ok(Json(claimed)),
        Err(StoreError::NotFound(_)) => Err(ApiError::field("code", "is nobody's; ask whoever gave it to you to look again")),
        Err(other) => Err(other.into()),
    }
}

/// An account's credits
#[utoipa::path(get, path = "/v1/operator/accounts/{id}/credits", tag = "operator", extensions(("x-vivier-role" = json!("operator"))), params(("id" = AccountId, Path, description = "The account")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "What there is now", body = CreditsOut)))]
pub async fn account_credits(State(app): State<App>, _operator: Operator<Read>, AccountPath(id): AccountPath) -> Result<Json<CreditsOut>, ApiError> {
    app.store.account(id).await?;
    Ok(Json(view(&app, app.store.credits(id).await?)))
}
