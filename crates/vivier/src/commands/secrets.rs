//! `secrets`: names to see, values only to write.

use vivier_core::time::Timestamp;
use vivier_core::wire::agents::{NewSecret, SecretState, SecretVersionOut};

use crate::api::Api;
use crate::cli::SecretsCommand;
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::target::{self, Prefer};
use crate::{prompt, text};

fn row(version: &SecretVersionOut, now: Timestamp) -> Vec<(Paint, String)> {
    let (state, paint) = match version.state {
        SecretState::InUse => ("in use", Paint::Good),
        SecretState::Superseded => ("kept", Paint::Plain),
        SecretState::Revoked => ("revoked", Paint::Faint),
        SecretState::Deleted => ("deleted", Paint::Faint),
    };
    let revisions = version.revisions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let author = version.author.as_deref().unwrap_or("-");
    vec![
        plain(version.version.to_string()),
        (paint, state.to_owned()),
        plain(revisions),
        plain(text::age(version.created_at, now)),
        plain(text::harmless(author, false)),
    ]
}

pub async fn run(api: &Api, command: &SecretsCommand, output: &Output) -> Result<(), Failure> {
    match command {
        SecretsCommand::Ls(named) => {
            let deployment = target::find(api, &named.name, Prefer::Living).await?;
            let secrets = api.secrets(deployment.id).await?;
            if output.is_json() {
                return output.document(&secrets);
            }
            if secrets.is_empty() {
                return output.line(format!("{} has no secrets.", deployment.slug));
            }
            let now = text::now();
            let rows =
                secrets.iter().map(|one| vec![plain(text::harmless(&one.name, false)), plain(one.version.to_string()), plain(text::age(one.created_at, now))]);
            output.table(&["name", "version", "age"], rows.collect())
        }
        SecretsCommand::Set { named, secret } => {
            let deployment = target::find(api, &named.name, Prefer::Living).await?;
            let value = if output.may_ask() { prompt::secret(&format!("{secret}:"))? } else { prompt::secret_from_stdin("The value on stdin")? };
            let written = api.set_secret(deployment.id, secret, &NewSecret { value }).await?;
            output.done(&written, format!("{secret} is written. `vivier status {}` shows when the agent has it.", written.slug))
        }
        SecretsCommand::Rm { named, secret } => {
            let deployment = target::find(api, &named.name, Prefer::Living).await?;
            let without = api.remove_secret(deployment.id, secret).await?;
            output.done(&without, format!("{secret} is removed from {}.", without.slug))
        }
        SecretsCommand::Versions { named, secret } => {
            let deployment = target::find(api, &named.name, Prefer::Living).await?;
            let versions = api.secret_versions(deployment.id, secret).await?;
            if output.is_json() {
                return output.document(&versions);
            }
            let now = text::now();
            output.table(&["version", "state", "revisions", "age", "by"], versions.iter().map(|one| row(one, now)).collect())
        }
        SecretsCommand::Revoke { named, secret, version } => {
            let deployment = target::find(api, &named.name, Prefer::Living).await?;
            let revoked = api.revoke_secret(deployment.id, secret, *version).await?;
            output.done(&revoked, format!("Version {version} of {secret} is revoked: its text is destroyed."))
        }
    }
}
