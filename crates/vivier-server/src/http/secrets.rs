//! Secrets: set, replaced, deleted, and never shown.

use axum::Json;
use axum::extract::State;
use vivier_core::channel::ChannelKind;
use vivier_core::config::overlay::channel_secret;
use vivier_core::id::DeploymentId;
use vivier_core::wire::Page;
use vivier_core::wire::agents::{NewSecret, SecretOut, SecretVersionOut};

use super::deployments::{Answer, accepted, again};
use super::extract::{Body, NumberPath, SecretPath};
use super::guard::{Owned, Read, Write};
use super::new::is_key;
use super::problem::ApiError;
use crate::app::App;
use crate::store::StoreError;
use crate::store::revisions::Change;
use crate::store::secrets::PROVIDER_KEY;

/// The longest secret, in bytes.
const LONGEST: usize = 8192;

/// The name of a secret that a tenant may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretName {
    /// `provider.apiKey`
    Provider,
    /// `channels.<kind>.<key>`
    Channel { kind: ChannelKind, token: &'static str, key: &'static str },
    /// `custom.<name>`: for references of the tenant's own document.
    Custom(String),
}

#[derive(Debug, thiserror::Error)]
#[error("must be `provider.apiKey`, a channel's token such as `channels.telegram.botToken`, or `custom.` and 1 to 40 letters, digits or `_`")]
pub struct ParseSecretNameError;

impl std::str::FromStr for SecretName {
    type Err = ParseSecretNameError;

    fn from_str(text: &str) -> Result<Self, ParseSecretNameError> {
        if text == PROVIDER_KEY {
            return Ok(Self::Provider);
        }
        if let Some(name) = text.strip_prefix("custom.") {
            let fits = (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return if fits { Ok(Self::Custom(name.to_owned())) } else { Err(ParseSecretNameError) };
        }
        ChannelKind::ALL
            .into_iter()
            .flat_map(|kind| kind.tokens().iter().map(move |field| (kind, field)))
            .find(|(kind, field)| channel_secret(*kind, field.openclaw_key) == text)
            .map(|(kind, field)| Self::Channel { kind, token: field.name, key: field.openclaw_key })
            .ok_or(ParseSecretNameError)
    }
}

impl std::fmt::Display for SecretName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Provider => f.write_str(PROVIDER_KEY),
            Self::Channel { kind, token: _, key } => f.write_str(&channel_secret(*kind, key)),
            Self::Custom(name) => write!(f, "custom.{name}"),
        }
    }
}

/// The names of the deployment's secrets
#[utoipa::path(get, path = "/v1/deployments/{id}/secrets", tag = "configuration", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = DeploymentId, Path, description = "The deployment")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "Names and versions, never texts", body = Page<SecretOut>)))]
pub async fn list_secrets(State(app): State<App>, owned: Owned<Read>) -> Result<Json<Page<SecretOut>>, ApiError> {
    Ok(Json(Page { items: app.store.secret_names(owned.deployment.account, owned.deployment.id).await?, next_cursor: None }))
}

/// Set or replace a secret
///
/// Where OpenClaw takes another text while it runs (channels and model providers), the agent is handed it without a restart;
/// otherwise, and for a name that is new, its container is replaced.
#[utoipa::path(put, path = "/v1/deployments/{id}/secrets/{name}", tag = "configuration", extensions(("x-vivier-role" = json!("member"))),
    params(("id" = DeploymentId, Path, description = "The deployment"),
        ("name" = String, Path, description = "`provider.apiKey`, `channels.<kind>.<key>` or `custom.<name>`", pattern = "^[A-Za-z0-9_.]{1,80}$")),
    request_body = NewSecret, security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It is being delivered", body = vivier_core::wire::agents::DeploymentOut)))]
pub async fn set_secret(State(app): State<App>, owned: Owned<Write>, SecretPath(name): SecretPath, Body(body): Body<NewSecret>) -> Result<Answer, ApiError> {
    let NewSecret { value } = body;
    let Owned { caller, deployment, .. } = owned;
    if !(1..=LONGEST).contains(&value.expose().len()) {
        return Err(ApiError::field("value", format!("must have 1 to {LONGEST} bytes")));
    }
    match &name {
        SecretName::Provider if deployment.provider.is_none() => {
            return Err(ApiError::conflict("no_provider", "The deployment has no model provider yet. Set one in its configuration; the key comes with it."));
        }
        SecretName::Provider if !is_key(&value) => return Err(ApiError::field("value", "must be 1 to 512 printable characters without spaces")),
        SecretName::Channel { kind, .. } if !deployment.channels.iter().any(|channel| channel.kind == *kind) => {
            let title = kind.title();
            return Err(ApiError::conflict(
                "no_channel",
                format!("The deployment has no {title} channel yet. Add it in its configuration; the tokens come with it."),
            ));
        }
        SecretName::Channel { kind, token, key: _ } => {
            kind.check_token(token, &value).map_err(|error| ApiError::field("value", format!("must be {}", error.shape)))?;
        }
        SecretName::Provider | SecretName::Custom(_) => {}
    }
    let change = Change { secrets: [(name.to_string(), Some(value))].into(), ..Change::default() };
    match app.store.change(&caller.actor(), deployment.account, deployment.id, change).await {
        Ok(deployment) => Ok(accepted(&app, deployment)),
        Err(error) => again(&app, error, deployment.account, deployment.id).await,
    }
}

/// Delete a secret
///
/// A channel's tokens go with the channel, not alone. One that the configuration refers to is refused, with the path.
#[utoipa::path(delete, path = "/v1/deployments/{id}/secrets/{name}", tag = "configuration", extensions(("x-vivier-role" = json!("member"))),
    params(("id" = DeploymentId, Path, description = "The deployment"),
        ("name" = String, Path, description = "`provider.apiKey` or `custom.<name>`", pattern = "^[A-Za-z0-9_.]{1,80}$")),
    security(("session" = []), ("bearer" = ["write"])),
    responses((status = 202, description = "It is being taken away", body = vivier_core::wire::agents::DeploymentOut)))]
pub async fn delete_secret(State(app): State<App>, owned: Owned<Write>, SecretPath(name): SecretPath) -> Result<Answer, ApiError> {
    let Owned { caller, deployment, .. } = owned;
    let text = name.to_string();
    if !app.store.secret_names(deployment.account, deployment.id).await?.iter().any(|secret| secret.name == text) {
        return Err(ApiError::not_found("secret"));
    }
    match name {
        SecretName::Channel { kind, .. } => {
            return Err(ApiError::conflict(
                "channel_needs_it",
                format!("The {} channel needs its tokens. Remove the channel in the configuration; they go with it.", kind.title()),
            ));
        }
        SecretName::Provider | SecretName::Custom(_) => {}
    }
    let change = Change { secrets: [(text, None)].into(), ..Change::default() };
    match app.store.change(&caller.actor(), deployment.account, deployment.id, change).await {
        Ok(deployment) => Ok(accepted(&app, deployment)),
        Err(error) => again(&app, error, deployment.account, deployment.id).await,
    }
}

/// The versions of a secret
///
/// Newest first: who set each, whether it is in use and which revisions hold it. Never a text.
#[utoipa::path(get, path = "/v1/deployments/{id}/secrets/{name}/versions", tag = "configuration", extensions(("x-vivier-role" = json!("viewer"))),
    params(("id" = DeploymentId, Path, description = "The deployment"),
        ("name" = String, Path, description = "`provider.apiKey`, `channels.<kind>.<key>` or `custom.<name>`", pattern = "^[A-Za-z0-9_.]{1,80}$")),
    security(("session" = []), ("bearer" = ["read"])), responses((status = 200, description = "The versions", body = Page<SecretVersionOut>)))]
pub async fn list_secret_versions(State(app): State<App>, owned: Owned<Read>, SecretPath(name): SecretPath) -> Result<Json<Page<SecretVersionOut>>, ApiError> {
    let items = app.store.secret_versions(owned.deployment.account, owned.deployment.id, &name.to_string()).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// Revoke a version of a secret
///
/// Its text is destroyed. The version in use is refused: set a new text first. A revision that holds a revoked version can still be
/// gone back to, with the text of that day's current version in its place.
#[utoipa::path(post, path = "/v1/deployments/{id}/secrets/{name}/versions/{n}/revoke", tag = "configuration", extensions(("x-vivier-role" = json!("member"))),
    params(("id" = DeploymentId, Path, description = "The deployment"),
        ("name" = String, Path, description = "`provider.apiKey`, `channels.<kind>.<key>` or `custom.<name>`", pattern = "^[A-Za-z0-9_.]{1,80}$"),
        ("n" = u64, Path, description = "The number of the version", minimum = 1)),
    security(("session" = []), ("bearer" = ["write"])), responses((status = 200, description = "It is revoked", body = SecretVersionOut)))]
pub async fn revoke_secret_version(
    State(app): State<App>,
    owned: Owned<Write>,
    SecretPath(name): SecretPath,
    NumberPath(number): NumberPath,
) -> Result<Json<SecretVersionOut>, ApiError> {
    let Owned { caller, deployment, .. } = owned;
    let name = name.to_string();
    match app.store.revoke_secret(&caller.actor(), deployment.account, deployment.id, &name, number.0).await {
        // Done by this very request, before it was cut off.
        Err(StoreError::Repeated) => {
            let all = app.store.secret_versions(deployment.account, deployment.id, &name).await?;
            all.into_iter().find(|one| one.version == number.0).map(Json).ok_or_else(|| ApiError::not_found("version of the secret"))
        }
        done => Ok(Json(done?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_tenant_may_set_are_names() {
        for text in ["provider.apiKey", "channels.telegram.botToken", "channels.slack.appToken", "custom.GITHUB_TOKEN"] {
            assert_eq!(text.parse::<SecretName>().expect("a name").to_string(), text);
        }
        for text in ["model.key", "provider", "channels.telegram", "channels.telegram.token", "custom.", "custom.a.b", "../x", "custom.a\nb", ""] {
            assert!(text.parse::<SecretName>().is_err(), "{text}");
        }
    }
}
