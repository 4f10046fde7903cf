//! Deployments: made, looked at, and asked things of.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use vivier_core::config::Document;
use vivier_core::digest::Digest;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::lifecycle::{Ask, State as Shown};
use vivier_core::name::Slug;
use vivier_core::plan::PlanName;
use vivier_core::wire::Page;
use vivier_core::wire::agents::{DeploymentOut, DeploymentPatch, NewDeployment, NewRelease, RevisionOut, Rollback, RollbackPlan};

use super::extract::{Body, OptionalBody, Query, flag, number};
use super::guard::{Owned, Read, Signed, Write};
use super::new::{self, Secrets, Wrong};
use super::problem::{ApiError, config_fields};
use super::sign_in::verified;
use super::{configs, views};
use crate::app::App;
use crate::auth::caller::client_address;
use crate::auth::limits::{Limit, address_key};
use crate::store::StoreError;
use crate::store::deployments::{Asked, Deployment, Filter, NewAgent};
use crate::store::revisions::Change;
use crate::worker;

/// Deployments on one page, when the query does not say.
const PAGE: u32 = 50;
const MOST: u32 = 200;
/// Pages that are read for one filtered page: a filter that fits nothing must not read everything at once.
const LOOKS: usize = 10;

/// Answers of the verbs: 202 when something was begun, 200 when it is so already.
pub type Answer = (StatusCode, Json<DeploymentOut>);

pub(super) fn accepted(app: &App, deployment: Deployment) -> Answer {
    app.wake.notify_one();
    (StatusCode::ACCEPTED, Json(views::deployment(app, deployment)))
}

/// What is true now, for a request that was done before its answer was lost.
pub(super) async fn again(app: &App, error: StoreError, account: AccountId, id: DeploymentId) -> Result<Answer, ApiError> {
    if matches!(error, StoreError::Repeated) { Ok(accepted(app, app.store.deployment(account, id).await?)) } else { Err(error.into()) }
}

/// Deploy an agent
///
/// Answers at once; the agent is on its way. Watch `state`, the events, or the stream of events.
#[utoipa::path(post, path = "/v1/deployments", tag = "deployments", extensions(("x-vivier-role" = json!("member"))), request_body = NewDeployment, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "The agent is on its way", body = DeploymentOut)))]
pub async fn create_deployment(State(app): State<App>, signed: Signed<Write>, headers: HeaderMap, Body(body): Body<NewDeployment>) -> Result<Answer, ApiError> {
    let caller = signed.0;
    let NewDeployment { name, slug, plan, template, provider, channels, config } = body;
    let (mut wrong, mut secrets) = (Wrong::default(), Secrets::new());
    let provider = provider.map(|provider| new::provider(provider, None, &mut secrets, &mut wrong));
    let given = channels.len();
    let channels = new::channels(channels, |_| false, &mut secrets, &mut wrong);
    if let Some(kind) = template.channel()
        && !channels.iter().any(|channel| channel.kind == kind)
    {
        wrong.add(format!("channels[{given}]"), format!("must bring {} with its tokens: the template `{}` needs it", kind.title(), template.as_str()));
    }
    let text = config.unwrap_or_else(|| template.document().to_owned());
    let document = new::document("config", &text, &mut wrong);
    if let Some(document) = &document {
        wrong.0.extend(new::lost_references("config", document, secrets.keys().map(String::as_str)));
    }
    let document = match document {
        Some(document) if wrong.0.is_empty() => document,
        Some(_) | None => return Err(ApiError::invalid(wrong.0)),
    };
    if plan != PlanName::Trial {
        verified(&app, caller.user, "deploy more than a trial").await?;
    }
    app.auth.limits.check(Limit::DeployByAddress, &address_key(client_address(&headers))).map_err(super::accounts::reached)?;
    let release = app.store.default_release().await?;
    let release =
        release.ok_or_else(|| ApiError::unavailable("no_image", "There is no agent image yet. The operator makes one: run `vivierd release build`.", 60))?;
    let stand_in = slug.clone().unwrap_or_else(|| Slug::suggest(name.as_str(), "000000"));
    let effective = worker::spec::effective(&app.settings, &stand_in, plan, None, &document, provider.as_ref(), &channels);
    let wrong = configs::objections(&app, &release.image, &effective, "config", &text).await?;
    if !wrong.is_empty() {
        return Err(ApiError::invalid(wrong));
    }
    if let Err(refused) = worker::admission(&app, plan).await? {
        return Err(ApiError::unavailable("host_full", refused.message, refused.retry_after_seconds));
    }
    let agent = NewAgent { name, slug, plan, template, text, provider, channels, secrets };
    let made = app.store.create_deployment(&caller.actor(), caller.account, agent, &app.settings.rules()).await;
    match (made, caller.once) {
        (Ok(deployment), _) => Ok(accepted(&app, deployment)),
        (Err(error), Some(once)) => again(&app, error, caller.account, DeploymentId::from_uuid(once)).await,
        (Err(error), None) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those in this state. `terminated` implies `deleted`.
    #[serde(default)]
    pub state: Option<Shown>,
    /// Part of the name or the slug, whatever the case; at most 100 characters.
    #[serde(default)]
    #[param(max_length = 100)]
    pub q: Option<String>,
    /// Also those that are deleted and can still be restored.
    #[serde(default, deserialize_with = "flag::deserialize")]
    #[param(value_type = Option<bool>)]
    pub deleted: bool,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<DeploymentId>,
    /// 1 to 200; 50 when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

impl ListQuery {
    pub(super) fn check(self) -> Result<(Filter, Option<Shown>), ApiError> {
        let Self { state, q, deleted, cursor, limit } = self;
        let limit = limit.unwrap_or(PAGE);
        if !(1..=MOST).contains(&limit) {
            return Err(ApiError::field("limit", format!("must be 1 to {MOST}")));
        }
        if q.as_ref().is_some_and(|text| text.chars().count() > 100) {
            return Err(ApiError::field("q", "may have at most 100 characters"));
        }
        let include_terminated = deleted || state == Some(Shown::Terminated);
        Ok((Filter { search: q, include_terminated, cursor, limit }, state))
    }
}

/// The account's deployments
///
/// Newest first. With `state` a page may hold fewer than `limit` although more follow: go on while there is a `next_cursor`.
#[utoipa::path(get, path = "/v1/deployments", tag = "deployments", extensions(("x-vivier-role" = json!("viewer"))), params(ListQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "One page", body = Page<DeploymentOut>)))]
pub async fn list_deployments(State(app): State<App>, signed: Signed<Read>, Query(query): Query<ListQuery>) -> Result<Json<Page<DeploymentOut>>, ApiError> {
    let (mut filter, state) = query.check()?;
    let mut found = Found::new(&filter);
    while found.wants_more() {
        let page = app.store.deployments(signed.0.account, &filter).await?;
        found.take(page, state, &mut filter);
    }
    Ok(Json(found.page(|row| views::deployment(&app, row))))
}

/// Collects a page of what `state` names. States are derived when they are read, so the database cannot filter by them.
pub(super) struct Found {
    rows: Vec<Deployment>,
    next: Option<DeploymentId>,
    wanted: usize,
    looks: usize,
    over: bool,
}

impl Found {
    pub(super) fn new(filter: &Filter) -> Self {
        Self { rows: Vec::new(), next: None, wanted: usize::try_from(filter.limit).unwrap_or(usize::MAX), looks: 0, over: false }
    }

    pub(super) fn wants_more(&self) -> bool {
        !self.over && self.looks < LOOKS && self.rows.len() < self.wanted
    }

    pub(super) fn take(&mut self, page: (Vec<Deployment>, Option<DeploymentId>), state: Option<Shown>, filter: &mut Filter) {
        self.looks += 1;
        let (rows, next) = page;
        let mut left = rows.len();
        for row in rows {
            left -= 1;
            if state.is_none_or(|state| row.state == state) {
                let id = row.id;
                self.rows.push(row);
                if self.rows.len() == self.wanted {
                    // What follows begins behind the last one that is shown.
                    self.next = if left > 0 || next.is_some() { Some(id) } else { None };
                    self.over = true;
                    return;
                }
            }
        }
        self.next = next;
        self.over = next.is_none();
        filter.cursor = next;
    }

    pub(super) fn page<T>(self, view: impl Fn(Deployment) -> T) -> Page<T> {
        Page { items: self.rows.into_iter().map(view).collect(), next_cursor: self.next.map(|id| id.to_string()) }
    }
}

/// One deployment
#[utoipa::path(get, path = "/v1/deployments/{id}", tag = "deployments", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "As it was last seen", body = DeploymentOut)))]
pub async fn get_deployment(State(app): State<App>, owned: Owned<Read>) -> Json<DeploymentOut> {
    Json(views::deployment(&app, owned.deployment))
}

/// Rename a deployment, or move it to another plan
///
/// Another plan restarts the agent with the plan's limits.
#[utoipa::path(patch, path = "/v1/deployments/{id}", tag = "deployments", extensions(("x-vivier-role" = json!("member"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    request_body = DeploymentPatch, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 200, description = "As it is now", body = DeploymentOut)))]
pub async fn edit_deployment(State(app): State<App>, owned: Owned<Write>, Body(body): Body<DeploymentPatch>) -> Result<Json<DeploymentOut>, ApiError> {
    let DeploymentPatch { name, plan } = body;
    let Owned { caller, deployment, .. } = owned;
    if plan.is_some_and(|plan| plan != PlanName::Trial) {
        verified(&app, caller.user, "choose more than a trial").await?;
    }
    let edited = app.store.edit_deployment(&caller.actor(), deployment.account, deployment.id, name, plan, &app.settings.rules()).await?;
    app.wake.notify_one();
    Ok(Json(views::deployment(&app, edited)))
}

/// Run another release
///
/// A new revision: the data is copied before the agent stops, and when the release does not work, the old one comes back by itself,
/// with the data from before.
#[utoipa::path(post, path = "/v1/deployments/{id}/release", tag = "deployments", extensions(("x-vivier-role" = json!("member"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    request_body = NewRelease, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It was begun", body = DeploymentOut)))]
pub async fn change_release(State(app): State<App>, owned: Owned<Write>, Body(body): Body<NewRelease>) -> Result<Answer, ApiError> {
    let NewRelease { image } = body;
    let Owned { caller, deployment, .. } = owned;
    check_release(&app, &deployment, &image).await?;
    let change = Change { image: Some(image), ..Change::default() };
    match app.store.change(&caller.actor(), deployment.account, deployment.id, change).await {
        Ok(deployment) => Ok(accepted(&app, deployment)),
        Err(error) => again(&app, error, deployment.account, deployment.id).await,
    }
}

/// The release is one of the catalogue, and accepts the deployment's configuration.
async fn check_release(app: &App, deployment: &Deployment, image: &Digest) -> Result<(), ApiError> {
    let known = app.store.releases().await?.into_iter().any(|release| release.image == *image);
    if !known {
        return Err(ApiError::field("image", "must be the image of a release; the list of releases names them"));
    }
    let stored = app.store.config(deployment.account, deployment.id, None).await?;
    let document = Document::parse(&stored.text).map_err(|issues| ApiError::invalid(config_fields("config", configs::with_lines(issues, &stored.text))))?;
    let effective = worker::spec::effective(&app.settings, &deployment.slug, deployment.plan, None, &document, stored.provider.as_ref(), &stored.channels);
    let wrong = configs::objections(app, image, &effective, "config", &stored.text).await?;
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}

async fn ask(app: &App, owned: Owned<Write>, ask: Ask) -> Result<Answer, ApiError> {
    let Owned { caller, deployment, .. } = owned;
    match app.store.ask(&caller.actor(), deployment.account, deployment.id, ask, &app.settings.rules()).await {
        Ok((Asked::Accepted, deployment)) => Ok(accepted(app, deployment)),
        Ok((Asked::AlreadySo, deployment)) => Ok((StatusCode::OK, Json(views::deployment(app, deployment)))),
        Err(error) => again(app, error, deployment.account, deployment.id).await,
    }
}

/// Delete a deployment
///
/// Its container goes at once, its data after the retention window (`purge_at`); until then it can be restored.
#[utoipa::path(delete, path = "/v1/deployments/{id}", tag = "deployments", extensions(("x-vivier-role" = json!("member"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It is going", body = DeploymentOut), (status = 200, description = "It is deleted already", body = DeploymentOut)))]
pub async fn delete_deployment(State(app): State<App>, owned: Owned<Write>) -> Result<Answer, ApiError> {
    ask(&app, owned, Ask::Terminate).await
}

macro_rules! verb {
    ($(#[$doc:meta])* $name:ident, $path:literal, $ask:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "deployments", extensions(("x-vivier-role" = json!("member"))), params(("id" = DeploymentId, Path, description = "The deployment")),
            security(("session" = []), ("bearer" = ["write"])),
            responses((status = 202, description = "It was begun", body = DeploymentOut), (status = 200, description = "It is so already", body = DeploymentOut)))]
        pub async fn $name(State(app): State<App>, owned: Owned<Write>) -> Result<Answer, ApiError> {
            ask(&app, owned, $ask).await
        }
    };
}

verb!(/// Restart the agent
    restart_deployment, "/v1/deployments/{id}/restart", Ask::Restart);
verb!(/// Stop the agent and keep its data
    suspend_deployment, "/v1/deployments/{id}/suspend", Ask::Suspend);
verb!(/// Start a suspended agent again
    resume_deployment, "/v1/deployments/{id}/resume", Ask::Resume);
verb!(/// Try again after a failure
    retry_deployment, "/v1/deployments/{id}/retry", Ask::Retry);
verb!(/// Take a deletion back, while the data is kept
    restore_deployment, "/v1/deployments/{id}/restore", Ask::Restore);

fn revision_number(revision: Option<u64>) -> Result<Option<u64>, ApiError> {
    if revision.is_some_and(|number| i64::try_from(number).is_err()) {
        return Err(ApiError::field("revision", "must be the number of a revision"));
    }
    Ok(revision)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RollbackQuery {
    /// The last one that is known to work, when absent.
    #[serde(default, deserialize_with = "number::deserialize")]
    #[param(minimum = 1)]
    pub revision: Option<u64>,
}

/// What going back to an earlier revision would do
///
/// With what would be lost. Changes nothing.
#[utoipa::path(get, path = "/v1/deployments/{id}/rollback", tag = "deployments", extensions(("x-vivier-role" = json!("viewer"))),
    params(("id" = DeploymentId, Path, description = "The deployment"), RollbackQuery), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The plan", body = RollbackPlan)))]
pub async fn plan_rollback(State(app): State<App>, owned: Owned<Read>, Query(query): Query<RollbackQuery>) -> Result<Json<RollbackPlan>, ApiError> {
    let revision = revision_number(query.revision)?;
    Ok(Json(app.store.rollback_plan(owned.deployment.account, owned.deployment.id, revision).await?))
}

/// Go back to an earlier revision
///
/// To the last one that is known to work, when the body names none.
#[utoipa::path(post, path = "/v1/deployments/{id}/rollback", tag = "deployments", extensions(("x-vivier-role" = json!("member"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    request_body = Option<Rollback>, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It was begun", body = DeploymentOut)))]
pub async fn rollback_deployment(State(app): State<App>, owned: Owned<Write>, OptionalBody(body): OptionalBody<Rollback>) -> Result<Answer, ApiError> {
    let Rollback { revision, data } = body;
    let revision = revision_number(revision)?;
    let Owned { caller, deployment, .. } = owned;
    match app.store.rollback(&caller.actor(), deployment.account, deployment.id, revision, data).await {
        Ok(deployment) => Ok(accepted(&app, deployment)),
        Err(error) => again(&app, error, deployment.account, deployment.id).await,
    }
}

/// The deployment's revisions
///
/// Newest first, at most 100.
#[utoipa::path(get, path = "/v1/deployments/{id}/revisions", tag = "configuration", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "The revisions", body = Page<RevisionOut>)))]
pub async fn list_revisions(State(app): State<App>, owned: Owned<Read>) -> Result<Json<Page<RevisionOut>>, ApiError> {
    Ok(Json(Page { items: app.store.revisions(owned.deployment.account, owned.deployment.id).await?, next_cursor: None }))
}
