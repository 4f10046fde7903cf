//! The tenant's configuration: read, checked, applied.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use vivier_core::config::{ConfigIssue, Document};
use vivier_core::digest::Digest;
use vivier_core::id::DeploymentId;
use vivier_core::wire::agents::{ConfigCheck, ConfigOut, NewConfig};
use vivier_core::wire::problem::FieldProblem;

use super::extract::{Body, NumberPath};
use super::guard::{Owned, Read, Write};
use super::new::{self, Secrets, Wrong};
use super::problem::{ApiError, config_fields};
use crate::app::App;
use crate::store::StoreError;
use crate::store::deployments::Deployment;
use crate::store::revisions::{Change, ConfigVersion, ProviderChange};
use crate::store::secrets::PROVIDER_KEY;
use crate::worker;

/// The wanted configuration
///
/// `effective` is what OpenClaw is given: the document under the platform's overlay. Secrets are references.
#[utoipa::path(get, path = "/v1/deployments/{id}/config", tag = "configuration", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "The configuration", body = ConfigOut)))]
pub async fn get_config(State(app): State<App>, owned: Owned<Read>) -> Result<Json<ConfigOut>, ApiError> {
    let deployment = owned.deployment;
    let version = app.store.config(deployment.account, deployment.id, None).await?;
    Ok(Json(view(&app, &deployment, version)))
}

/// One version of the configuration
#[utoipa::path(get, path = "/v1/deployments/{id}/config/versions/{n}", tag = "configuration", extensions(("x-vivier-role" = json!("viewer"))),
    params(("id" = DeploymentId, Path, description = "The deployment"), ("n" = u64, Path, description = "The number of the version", minimum = 1)),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "The configuration as it was", body = ConfigOut)))]
pub async fn get_config_version(State(app): State<App>, owned: Owned<Read>, NumberPath(number): NumberPath) -> Result<Json<ConfigOut>, ApiError> {
    let deployment = owned.deployment;
    let version = app.store.config(deployment.account, deployment.id, Some(number.0)).await?;
    Ok(Json(view(&app, &deployment, version)))
}

/// Change the configuration
///
/// Document, provider and channels: what is absent stays as it is. Everything is checked before anything is touched; a change
/// that OpenClaw can take while it runs does not restart the agent, and one that does not work is taken back. With `dry_run` it
/// is only checked, and the answer is 200 whether or not it is valid.
#[utoipa::path(post, path = "/v1/deployments/{id}/config", tag = "configuration", extensions(("x-vivier-role" = json!("member"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    request_body = NewConfig, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It is being applied", body = ConfigOut), (status = 200, description = "What the check says (`dry_run`)", body = ConfigCheck)))]
pub async fn change_config(State(app): State<App>, owned: Owned<Write>, Body(body): Body<NewConfig>) -> Result<Response, ApiError> {
    let Owned { caller, deployment, .. } = owned;
    let dry_run = body.dry_run;
    match check(&app, &deployment, body).await {
        Ok(_) if dry_run => Ok(Json(ConfigCheck { valid: true, issues: Vec::new() }).into_response()),
        Err(Refusal::Fields(fields)) if dry_run => {
            let issues = fields.into_iter().map(|FieldProblem { path, message, line }| ConfigIssue { path, message, line }).collect();
            Ok(Json(ConfigCheck { valid: false, issues }).into_response())
        }
        Err(Refusal::Fields(fields)) => Err(ApiError::invalid(fields)),
        Err(Refusal::Other(error)) => Err(error),
        Ok(change) => {
            let changed = match app.store.change(&caller.actor(), deployment.account, deployment.id, change).await {
                Err(StoreError::Repeated) => app.store.deployment(deployment.account, deployment.id).await?,
                other => other?,
            };
            app.wake.notify_one();
            let version = app.store.config(changed.account, changed.id, None).await?;
            Ok((StatusCode::ACCEPTED, Json(view(&app, &changed, version))).into_response())
        }
    }
}

/// What the release `image` has against the configuration `effective`, which was made from the tenant's `text` in `field`.
pub(super) async fn objections(app: &App, image: &Digest, effective: &Value, field: &str, text: &str) -> Result<Vec<FieldProblem>, ApiError> {
    let issues = app.releases.validate(image, effective).await.map_err(|error| ApiError::internal(&error))?;
    Ok(config_fields(field, with_lines(issues, text)))
}

enum Refusal {
    Fields(Vec<FieldProblem>),
    Other(ApiError),
}

impl<E: Into<ApiError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

async fn check(app: &App, deployment: &Deployment, body: NewConfig) -> Result<Change, Refusal> {
    let NewConfig { text, provider, channels, expected_version, dry_run: _ } = body;
    let current = app.store.config(deployment.account, deployment.id, None).await?;
    let names: Vec<String> = app.store.secret_names(deployment.account, deployment.id).await?.into_iter().map(|secret| secret.name).collect();
    let kept = |name: &str| names.iter().any(|known| known == name);
    let (mut wrong, mut secrets) = (Wrong::default(), Secrets::new());
    let provider = provider.map(|provider| {
        let before = current.provider.as_ref().map(|settings| (settings, kept(PROVIDER_KEY)));
        new::provider(provider, before, &mut secrets, &mut wrong)
    });
    let channels = channels.map(|channels| new::channels(channels, kept, &mut secrets, &mut wrong));
    let wanted_text = text.as_deref().unwrap_or(&current.text);
    let document = new::document("text", wanted_text, &mut wrong);
    if !wrong.0.is_empty() {
        return Err(Refusal::Fields(wrong.0));
    }
    if let Some(document) = document {
        let stays = |name: &str| match (&channels, name.strip_prefix("channels.").and_then(|rest| rest.split('.').next())) {
            (Some(channels), Some(kind)) => channels.iter().any(|channel| channel.kind.as_str() == kind),
            (Some(_) | None, _) => true,
        };
        let there = names.iter().map(String::as_str).filter(|name| stays(name)).chain(secrets.keys().map(String::as_str));
        let lost = new::lost_references("text", &document, there);
        if !lost.is_empty() {
            return Err(Refusal::Fields(lost));
        }
        let shown_provider = provider.as_ref().or(current.provider.as_ref());
        let shown_channels = channels.as_deref().unwrap_or(&current.channels);
        let subnet = deployment.subnet_index.and_then(|index| app.settings.subnet_pool.get(index));
        let effective = worker::spec::effective(&app.settings, &deployment.slug, deployment.plan, subnet, &document, shown_provider, shown_channels);
        let wrong = objections(app, &deployment.image, &effective, "text", wanted_text).await.map_err(Refusal::Other)?;
        if !wrong.is_empty() {
            return Err(Refusal::Fields(wrong));
        }
    }
    // A key that was given to one server must not be sent to the next: see `new::provider`. A new address without a key, which
    // only a server of one's own may have, deletes the old one.
    let mut changes: std::collections::BTreeMap<_, _> = secrets.into_iter().map(|(name, secret)| (name, Some(secret))).collect();
    let moved = provider.as_ref().is_some_and(|new| current.provider.as_ref().is_none_or(|old| old.kind != new.kind || old.base_url != new.base_url));
    if moved && kept(PROVIDER_KEY) {
        changes.entry(PROVIDER_KEY.to_owned()).or_insert(None);
    }
    let provider = provider.map_or(ProviderChange::Keep, ProviderChange::Set);
    Ok(Change { text, provider, channels, secrets: changes, image: None, expected_version })
}

fn view(app: &App, deployment: &Deployment, version: ConfigVersion) -> ConfigOut {
    let ConfigVersion { version, text, provider, channels, author, created_at, outcome } = version;
    let subnet = deployment.subnet_index.and_then(|index| app.settings.subnet_pool.get(index));
    let effective = match Document::parse(&text) {
        Ok(document) => worker::spec::effective(&app.settings, &deployment.slug, deployment.plan, subnet, &document, provider.as_ref(), &channels),
        // The rules may have become stricter since it was written: then it has no effect any more.
        Err(_) => serde_json::Value::Null,
    };
    ConfigOut { version, text, effective, provider, channels, created_at, author, outcome }
}

/// Gives issues of the schema the line of the tenant's text, where the path can be followed in it.
pub fn with_lines(issues: Vec<ConfigIssue>, text: &str) -> Vec<ConfigIssue> {
    issues.into_iter().map(|issue| ConfigIssue { line: issue.line.or_else(|| line_of(text, &issue.path)), ..issue }).collect()
}

/// The line (from 1) of the key that a dotted path leads to: each part is looked for after the one before it.
fn line_of(text: &str, path: &str) -> Option<u32> {
    let mut from = 0;
    let mut found = None;
    for part in path.split('.').filter(|part| !part.is_empty() && !part.starts_with(|letter: char| letter.is_ascii_digit())) {
        let part = part.split('[').next().unwrap_or(part);
        let Some(at) = key_at(text, part, from) else { break };
        from = at + part.len();
        found = Some(at);
    }
    let lines = text.get(..found?)?.bytes().filter(|byte| *byte == b'\n').count();
    u32::try_from(lines + 1).ok()
}

fn key_at(text: &str, key: &str, from: usize) -> Option<usize> {
    text.get(from..)?.match_indices(key).map(|(at, _)| at + from).find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        before.is_none_or(|letter| !(letter.is_alphanumeric() || letter == '_' || letter == '$')) && after.starts_with(':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_points_at_the_line_of_its_key() {
        let text = "// name\n{\n  ui: { assistant: {\n    name: 7,\n  } },\n  \"agents\": {\n    nope: 1 },\n}\n";
        assert_eq!(line_of(text, "ui.assistant.name"), Some(4));
        assert_eq!(line_of(text, "agents.nope"), Some(7));
        assert_eq!(line_of(text, "agents.list[0].x"), Some(6));
        assert_eq!(line_of(text, "gone"), None);
        assert_eq!(line_of(text, ""), None);
    }
}
