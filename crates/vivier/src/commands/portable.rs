//! `config export` and `config import`: a whole configuration, its secrets by name only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use vivier_core::channel::{ChannelKind, TokenField};
use vivier_core::config::overlay::channel_secret;
use vivier_core::secret::Secret;
use vivier_core::wire::agents::{NewChannel, NewConfig, NewProvider, NewSecret};
use vivier_core::wire::portable::{FORM, Origin, PortableConfig};

use super::config::applied;
use crate::api::Api;
use crate::cli::{ConfigExportArgs, ConfigImportArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::target::{self, Prefer};
use crate::{prompt, text};

/// The secret that belongs to the provider.
const PROVIDER_KEY: &str = "provider.apiKey";

pub async fn export(api: &Api, args: &ConfigExportArgs, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &args.named.name, Prefer::Living).await?;
    let config = api.config(deployment.id).await?;
    let secrets = api.secrets(deployment.id).await?;
    let portable = PortableConfig {
        vivier_config: FORM,
        from: Origin {
            agent: deployment.slug.to_string(),
            version: config.version,
            openclaw_version: deployment.openclaw_version.clone(),
            exported_at: text::now(),
        },
        document: config.text,
        provider: config.provider,
        channels: config.channels,
        secrets: secrets.into_iter().map(|secret| secret.name).collect(),
    };
    let Some(file) = &args.output else { return output.document(&portable) };
    let written = serde_json::to_string_pretty(&portable).map_err(|error| Failure::failed("The configuration could not be written as JSON.").note(error))?;
    std::fs::write(file, written + "\n").map_err(|error| Failure::usage(format!("{} cannot be written.", file.display())).note(error))?;
    output.line(format!("The configuration of {} is in {}. Its secrets are not; `vivier config import` says which it needs.", deployment.slug, file.display()))
}

pub async fn import(api: &Api, args: &ConfigImportArgs, output: &Output) -> Result<(), Failure> {
    let ConfigImportArgs { named, file, secret } = args;
    let portable = read(file)?;
    let mut given = secret.iter().map(|argument| from_file(argument)).collect::<Result<BTreeMap<_, _>, _>>()?;
    let deployment = target::find(api, &named.name, Prefer::Living).await?;
    let current = api.config(deployment.id).await?;
    let there: BTreeSet<String> = api.secrets(deployment.id).await?.into_iter().map(|secret| secret.name).collect();
    // Before anything is written: what it would lack, and what it does not need.
    let missing: Vec<&String> = portable.secrets.iter().filter(|name| !there.contains(*name) && !given.contains_key(*name)).collect();
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
        let each: Vec<String> = names.iter().map(|name| format!("--secret {name}=FILE")).collect();
        let failure = Failure::refused(format!("The configuration needs secrets that {} does not have: {}.", deployment.slug, names.join(", ")));
        return Err(failure.next(format!("Give {}.", each.join(" "))));
    }
    if let Some(name) = given.keys().find(|name| !portable.secrets.contains(name)) {
        return Err(Failure::usage(format!("The configuration does not use the secret {name}.")).next(format!("It uses {}.", listed(&portable.secrets))));
    }
    let provider = portable.provider.map(|settings| NewProvider {
        kind: settings.kind,
        base_url: settings.base_url,
        model: settings.model,
        api_key: given.remove(PROVIDER_KEY),
    });
    let channels = portable.channels.into_iter().map(|settings| NewChannel {
        kind: settings.kind,
        tokens: tokens(settings.kind, &mut given),
        allow_from: settings.allow_from,
        api_root: settings.api_root,
    });
    let channels = Some(channels.collect());
    // What is left are the document's own: they must be there when it refers to them.
    for (name, value) in given {
        api.set_secret(deployment.id, &name, &NewSecret { value }).await?;
    }
    let new = NewConfig { text: Some(portable.document), provider, channels, expected_version: Some(current.version), dry_run: false };
    let config = api.set_config(deployment.id, &new).await?;
    applied(&config, deployment.slug.as_str(), output)
}

fn read(file: &Path) -> Result<PortableConfig, Failure> {
    let text = prompt::document(file)?;
    let portable: PortableConfig = serde_json::from_str(&text).map_err(|error| {
        let failure = Failure::usage(format!("{} is no exported configuration.", file.display())).note(error);
        failure.next("`vivier config export` writes one; a document alone is set with `vivier config set NAME FILE`.")
    })?;
    if portable.vivier_config != FORM {
        let failure = Failure::usage(format!("{} has the form {}, and this vivier reads {FORM}.", file.display(), portable.vivier_config));
        return Err(failure.next("Import it with the vivier that wrote it, or a newer one."));
    }
    Ok(portable)
}

/// `NAME=FILE`.
fn from_file(argument: &str) -> Result<(String, Secret), Failure> {
    let Some((name, file)) = argument.split_once('=').filter(|(name, file)| !name.is_empty() && !file.is_empty()) else {
        return Err(Failure::usage(format!("{argument:?} is no NAME=FILE.")).next("Such as --secret provider.apiKey=key.txt."));
    };
    Ok((name.to_owned(), prompt::secret_from_file(Path::new(file), &format!("The secret in {file}"))?))
}

/// The channel's tokens among `given`, by the API's names; the others stay as the agent has them.
fn tokens(kind: ChannelKind, given: &mut BTreeMap<String, Secret>) -> BTreeMap<String, Secret> {
    let token = |field: &TokenField| Some((field.name.to_owned(), given.remove(&channel_secret(kind, field.openclaw_key))?));
    kind.tokens().iter().filter_map(token).collect()
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
