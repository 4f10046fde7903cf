//! `config`: the agent's own document, its provider and its channels.

use std::path::Path;

use vivier_core::config::ConfigIssue;
use vivier_core::wire::agents::{ConfigOut, NewChannel, NewConfig};
use vivier_core::wire::problem::FieldProblem;

use super::editor::Draft;
use super::{deploy, diff, issues, portable, revisions};
use crate::api::Api;
use crate::cli::{ConfigCommand, ConfigSetArgs, Named};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::prompt;
use crate::target::{self, Prefer};

pub async fn run(api: &Api, command: &ConfigCommand, output: &Output) -> Result<(), Failure> {
    match command {
        ConfigCommand::Get { named, effective } => get(api, named, *effective, output).await,
        ConfigCommand::Set(args) => set(api, args, output).await,
        ConfigCommand::Edit(named) => edit(api, named, output).await,
        ConfigCommand::Check { named, file } => check(api, named, file, output).await,
        ConfigCommand::Diff(args) => diff::run(api, args, output).await,
        ConfigCommand::Export(args) => portable::export(api, args, output).await,
        ConfigCommand::Import(args) => portable::import(api, args, output).await,
        ConfigCommand::History(named) => revisions::list(api, named, output).await,
        ConfigCommand::Rollback(args) => revisions::rollback(api, args, output).await,
    }
}

async fn get(api: &Api, named: &Named, effective: bool, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &named.name, Prefer::Living).await?;
    let config = api.config(deployment.id).await?;
    match (output.is_json(), effective) {
        (true, _) => output.document(&config),
        (false, true) => output.document(&config.effective),
        (false, false) => {
            let text = &config.text;
            output.raw(text)?;
            if text.ends_with('\n') { Ok(()) } else { output.raw("\n") }
        }
    }
}

async fn set(api: &Api, args: &ConfigSetArgs, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &args.named.name, Prefer::Living).await?;
    let current = api.config(deployment.id).await?;
    let text = args.file.as_deref().map(prompt::document).transpose()?;
    let provider = deploy::provider(&args.provider, current.provider.as_ref())?;
    let channel = deploy::channel(&args.channel, output.may_ask())?;
    if text.is_none() && provider.is_none() && channel.is_none() && args.remove_channel.is_none() {
        return Err(Failure::usage("There is nothing to set.").next("Give a file, --provider, --channel or --remove-channel."));
    }
    let channels = (channel.is_some() || args.remove_channel.is_some()).then(|| {
        let changed = channel.as_ref().map(|channel| channel.kind);
        // Those that stay are named without their tokens: the server keeps what it has.
        let stay = current.channels.iter().filter(|one| Some(one.kind) != changed && Some(one.kind) != args.remove_channel);
        let stay = stay.map(|one| NewChannel {
            kind: one.kind,
            tokens: std::collections::BTreeMap::new(),
            allow_from: one.allow_from.clone(),
            api_root: one.api_root.clone(),
        });
        stay.chain(channel).collect()
    });
    let name = args.file.as_deref().map_or_else(|| "the document".to_owned(), name_of);
    let new = NewConfig { text, provider, channels, expected_version: Some(current.version), dry_run: false };
    match api.set_config(deployment.id, &new).await {
        Ok(config) => applied(&config, deployment.slug.as_str(), output),
        Err(failure) => Err(with_issues(failure, new.text.as_deref().unwrap_or(&current.text), &name, output)),
    }
}

pub fn applied(config: &ConfigOut, slug: &str, output: &Output) -> Result<(), Failure> {
    output.done(config, format!("Version {} is accepted and will be applied. `vivier revisions {slug}` shows how it goes.", config.version))
}

async fn edit(api: &Api, named: &Named, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return Err(Failure::usage("An editor and --json do not go together.").next("Use `vivier config set NAME FILE`."));
    }
    let deployment = target::find(api, &named.name, Prefer::Living).await?;
    let current = api.config(deployment.id).await?;
    let draft = Draft::new(&current.text)?;
    loop {
        let text = draft.edit()?;
        if text == current.text {
            return output.line("Nothing was changed.");
        }
        let new = NewConfig { text: Some(text.clone()), expected_version: Some(current.version), ..NewConfig::default() };
        let check = api.check_config(deployment.id, &new).await;
        let problems = match &check {
            Ok(check) if check.valid => None,
            Ok(check) => Some(check.issues.iter().map(in_the_document).collect()),
            Err(failure) if !document_issues(failure.fields()).is_empty() => Some(document_issues(failure.fields())),
            Err(failure) => {
                output.aside(draft.keep());
                return Err(failure.clone());
            }
        };
        let Some(problems) = problems else {
            return match api.set_config(deployment.id, &new).await {
                Ok(config) => applied(&config, deployment.slug.as_str(), output),
                Err(failure) => {
                    output.aside(draft.keep());
                    Err(with_issues(failure, &text, "your text", output))
                }
            };
        };
        output.aside(issues::render(&problems, &text, deployment.slug.as_str(), output));
        let again = output.may_ask() && prompt::choice("The document is not valid.", vec!["Edit again", "Give up"])? == "Edit again";
        if !again {
            output.aside(draft.keep());
            return Err(Failure::told(Exit::Refused));
        }
    }
}

async fn check(api: &Api, named: &Named, file: &Path, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &named.name, Prefer::Living).await?;
    let text = prompt::document(file)?;
    let new = NewConfig { text: Some(text.clone()), ..NewConfig::default() };
    let check = api.check_config(deployment.id, &new).await.map_err(|failure| with_issues(failure, &text, &name_of(file), output))?;
    if output.is_json() {
        output.document(&check)?;
    } else if check.valid {
        output.line(format!("{} is valid for OpenClaw {}.", name_of(file), deployment.openclaw_version))?;
    } else {
        let issues: Vec<ConfigIssue> = check.issues.iter().map(in_the_document).collect();
        output.aside(issues::render(&issues, &text, &name_of(file), output));
    }
    if check.valid { Ok(()) } else { Err(Failure::told(Exit::Refused)) }
}

fn name_of(file: &Path) -> String {
    if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() }
}

/// A refusal whose fields are about the document is shown in the document.
fn with_issues(failure: Failure, text: &str, name: &str, output: &Output) -> Failure {
    let issues = document_issues(failure.fields());
    if output.is_json() || issues.is_empty() || issues.len() < failure.fields().len() {
        return failure;
    }
    output.aside(issues::render(&issues, text, name, output));
    failure.shown_as("The document is not valid, so nothing was changed.")
}

/// The fields of a refusal that are about the document.
fn document_issues(fields: &[FieldProblem]) -> Vec<ConfigIssue> {
    let about_the_document =
        |field: &&FieldProblem| field.line.is_some() || field.path.split(['.', '[']).next().is_some_and(|first| matches!(first, "text" | "config"));
    let issue = |field: &FieldProblem| in_the_document(&ConfigIssue { path: field.path.clone(), message: field.message.clone(), line: field.line });
    fields.iter().filter(about_the_document).map(issue).collect()
}

/// The API names a place in the document by the field that the document came in (`text.ui.…`); a person has only the document.
fn in_the_document(issue: &ConfigIssue) -> ConfigIssue {
    let inner = ["text", "config"].iter().find_map(|field| issue.path.strip_prefix(field).filter(|rest| rest.is_empty() || rest.starts_with('.')));
    let path = inner.map_or(issue.path.as_str(), |rest| rest.trim_start_matches('.'));
    ConfigIssue { path: path.to_owned(), ..issue.clone() }
}
