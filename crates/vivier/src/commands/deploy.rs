//! `deploy`: a new agent, asked for piece by piece where pieces are missing, and followed until it runs.

use vivier_core::channel::{ChannelKind, TokenField};
use vivier_core::lifecycle::State;
use vivier_core::plan::PlanName;
use vivier_core::provider::{ProviderKind, ProviderSettings};
use vivier_core::secret::Secret;
use vivier_core::template::TemplateName;
use vivier_core::wire::agents::{NewChannel, NewDeployment, NewProvider};
use vivier_core::wire::catalogue::PlanOut;

use super::ask;
use crate::api::Api;
use crate::cli::{ChannelArgs, DeployArgs, ProviderArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::{prompt, text};

pub async fn run(api: &Api, args: &DeployArgs, output: &Output) -> Result<(), Failure> {
    let asked = new_deployment(api, args, output).await?;
    let made = api.deploy(&asked).await?;
    if args.no_wait {
        return output.done(
            &made,
            format!("{} is accepted. `vivier status {}` shows how it goes; it will be at {}", made.slug, made.slug, text::harmless(&made.url, false)),
        );
    }
    output.aside(format!("{} ({})", made.slug, made.id));
    let settled = ask::wait_for(api, made.id, None, args.timeout, output).await?;
    ask::finish(settled, State::Running, output)
}

async fn new_deployment(api: &Api, args: &DeployArgs, output: &Output) -> Result<NewDeployment, Failure> {
    let may_ask = output.may_ask();
    // Whoever gives name and plan has said what they want: the rest then has defaults.
    let interview = may_ask && (args.name.is_none() || args.plan.is_none());
    let name = match &args.name {
        Some(name) => name.clone(),
        None if may_ask => prompt::parsed("Name:", Some("what you call it; its address is made from it"))?,
        None => return Err(Failure::usage("The agent needs a name.").next("`vivier deploy NAME …`")),
    };
    let plan = match args.plan {
        Some(plan) => plan,
        None if may_ask => choose_plan(&api.catalogue().await?.plans)?,
        None => return Err(Failure::usage("The agent needs a plan.").next(format!("Give --plan, one of {}.", PlanName::ALL.map(PlanName::as_str).join(", ")))),
    };
    let template = match (args.template, args.channel.channel) {
        (Some(template), _) => template,
        (None, Some(channel)) => template_of(channel),
        (None, None) if interview => choose_template()?,
        (None, None) => TemplateName::Assistant,
    };
    let provider = match provider(&args.provider, None)? {
        Some(provider) => Some(provider),
        None if interview => choose_provider()?,
        None => None,
    };
    let mut channels: Vec<NewChannel> = channel(&args.channel, may_ask)?.into_iter().collect();
    if let Some(kind) = template.channel().filter(|&kind| channels.iter().all(|channel| channel.kind != kind)) {
        if !may_ask {
            let tokens: Vec<String> = kind.tokens().iter().map(|field| format!("--token-file {}=FILE", field.name)).collect();
            return Err(Failure::usage(format!("The template {} needs a {} channel.", template.as_str(), kind.title()))
                .next(format!("Give --channel {kind} {}.", tokens.join(" "))));
        }
        let empty = ChannelArgs { channel: Some(kind), ..ChannelArgs::default() };
        channels.extend(channel(&empty, true)?);
    }
    let config = args.config.as_deref().map(prompt::document).transpose()?;
    Ok(NewDeployment { name, slug: args.slug.clone(), plan, template, provider, channels, config })
}

const fn template_of(channel: ChannelKind) -> TemplateName {
    match channel {
        ChannelKind::Telegram => TemplateName::Telegram,
        ChannelKind::Discord => TemplateName::Discord,
        ChannelKind::Slack => TemplateName::Slack,
    }
}

/// A line of a list to choose from, and what it stands for.
struct Choice<T>(T, String);

impl<T> std::fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

fn choose_plan(plans: &[PlanOut]) -> Result<PlanName, Failure> {
    let line = |plan: &PlanOut| {
        let ends = plan.expires_after_hours.map(|hours| format!(", ends after {hours} h")).unwrap_or_default();
        let limits = &plan.limits;
        let price = plan.price.map(|price| format!(", {price} a month")).unwrap_or_default();
        format!(
            "{}: {} cores, {} memory, {} storage{price}{ends}",
            plan.title,
            text::cores(limits.cpu_millis.into()),
            text::bytes(limits.memory_bytes),
            text::bytes(limits.storage_bytes)
        )
    };
    prompt::choice("Plan:", plans.iter().filter(|plan| plan.offered).map(|plan| Choice(plan.name, line(plan))).collect()).map(|choice| choice.0)
}

fn choose_template() -> Result<TemplateName, Failure> {
    let options = TemplateName::ALL.map(|template| Choice(template, format!("{}: {}", template.title(), template.description())));
    prompt::choice("Template:", options.into()).map(|choice| choice.0)
}

fn choose_provider() -> Result<Option<NewProvider>, Failure> {
    let mut options: Vec<Choice<Option<ProviderKind>>> = ProviderKind::ALL.map(|kind| Choice(Some(kind), kind.title().to_owned())).into();
    options.push(Choice(None, "None for now: it starts, but cannot answer".to_owned()));
    let Some(kind) = prompt::choice("Who answers its questions?", options)?.0 else { return Ok(None) };
    let base_url = match kind.default_base_url() {
        Some(_) => None,
        None => Some(prompt::text("Base URL:", Some("what comes before /chat/completions"), None)?),
    };
    let model = prompt::text("Model:", None, kind.suggested_models().first().copied())?;
    let key = prompt::secret("API key (empty for none):")?;
    let provider = NewProvider { kind, base_url, model, api_key: (!key.expose().is_empty()).then_some(key) };
    check_provider(&provider)?;
    Ok(Some(provider))
}

/// The provider that the options name; what they leave out is taken from `current`, which is there when an agent is changed.
pub fn provider(args: &ProviderArgs, current: Option<&ProviderSettings>) -> Result<Option<NewProvider>, Failure> {
    let ProviderArgs { provider, model, base_url, api_key_stdin, api_key_file } = args;
    let api_key = match api_key_file {
        Some(file) => Some(prompt::secret_from_file(file, &format!("The key in {}", file.display()))?),
        None if *api_key_stdin => Some(prompt::secret_from_stdin("The key on stdin")?),
        None => None,
    };
    if provider.is_none() && model.is_none() && base_url.is_none() && api_key.is_none() {
        return Ok(None);
    }
    let Some(kind) = provider.or(current.map(|current| current.kind)) else {
        return Err(Failure::usage("A model, a base URL or a key needs a provider.")
            .next(format!("Give --provider, one of {}.", ProviderKind::ALL.map(ProviderKind::as_str).join(", "))));
    };
    // Another provider's address and model mean nothing to this one.
    let current = current.filter(|current| current.kind == kind);
    let Some(model) = model.clone().or(current.map(|current| current.model.clone())) else {
        let suggested = kind.suggested_models();
        let example = if suggested.is_empty() { "the id that your server has for it".to_owned() } else { format!("such as {}", suggested.join(" or ")) };
        return Err(Failure::usage("The provider needs a model.").next(format!("Give --model, {example}.")));
    };
    let base_url = base_url.clone().or(current.and_then(|current| current.base_url.clone()));
    let provider = NewProvider { kind, base_url, model, api_key };
    check_provider(&provider)?;
    Ok(Some(provider))
}

fn check_provider(provider: &NewProvider) -> Result<(), Failure> {
    let NewProvider { kind, base_url, model, api_key: _ } = provider;
    let settings = ProviderSettings { kind: *kind, base_url: base_url.clone(), model: model.clone() };
    settings.check().map_err(|error| Failure::usage(format!("The provider's {} {error}.", error.field.replace('_', " "))))
}

/// The channel that the options name, with its tokens from files, or asked for.
pub fn channel(args: &ChannelArgs, may_ask: bool) -> Result<Option<NewChannel>, Failure> {
    let ChannelArgs { channel, token_file, allow_from, api_root } = args;
    let Some(kind) = *channel else { return Ok(None) };
    let mut tokens = std::collections::BTreeMap::new();
    for argument in token_file {
        let (field, file) = token_field(kind, argument)?;
        let token = prompt::secret_from_file(std::path::Path::new(file), &format!("The token in {file}"))?;
        check_token(kind, field, &token)?;
        tokens.insert(field.name.to_owned(), token);
    }
    if tokens.is_empty() && may_ask {
        for field in kind.tokens() {
            let token = ask_for_token(kind, field)?;
            tokens.insert(field.name.to_owned(), token);
        }
    }
    Ok(Some(NewChannel { kind, tokens, allow_from: allow_from.clone(), api_root: api_root.clone() }))
}

/// `FILE` for a channel with one token, `TOKEN=FILE` for any.
fn token_field(kind: ChannelKind, argument: &str) -> Result<(&'static TokenField, &str), Failure> {
    let fields = kind.tokens();
    let named = argument.split_once('=').and_then(|(name, file)| fields.iter().find(|field| field.name == name).map(|field| (field, file)));
    match (named, fields) {
        (Some(named), _) => Ok(named),
        (None, [only]) => Ok((only, argument)),
        (None, _) => {
            let names: Vec<String> = fields.iter().map(|field| format!("--token-file {}=FILE", field.name)).collect();
            Err(Failure::usage(format!("{} has more than one token: say which one {argument:?} is.", kind.title())).next(format!("Give {}.", names.join(" "))))
        }
    }
}

fn ask_for_token(kind: ChannelKind, field: &'static TokenField) -> Result<Secret, Failure> {
    loop {
        let token = prompt::secret(&format!("{}:", field.title))?;
        match check_token(kind, field, &token) {
            Ok(()) => return Ok(token),
            Err(failure) => eprintln!("  {}", failure.human()),
        }
    }
}

fn check_token(kind: ChannelKind, field: &TokenField, token: &Secret) -> Result<(), Failure> {
    kind.check_token(field.name, token).map_err(|error| Failure::usage(format!("{error}.")))
}
