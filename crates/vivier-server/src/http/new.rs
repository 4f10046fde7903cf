//! What a tenant wants an agent to be, checked: provider, channels and document, with the path of every field that is wrong.

use std::collections::BTreeMap;

use vivier_core::channel::{ChannelKind, ChannelSettings};
use vivier_core::config::overlay::{MODEL_KEY, channel_secret};
use vivier_core::config::{Document, references};
use vivier_core::provider::{ProviderKind, ProviderSettings, http_address};
use vivier_core::secret::Secret;
use vivier_core::wire::agents::{NewChannel, NewProvider};
use vivier_core::wire::problem::FieldProblem;

use super::problem::config_fields;
use crate::store::secrets::{PROVIDER_KEY, is_delivered};

/// The most entries of `allow_from`.
const MOST_ALLOWED: usize = 200;

/// What is wrong so far.
#[derive(Debug, Default)]
pub struct Wrong(pub Vec<FieldProblem>);

impl Wrong {
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldProblem { path: path.into(), message: message.into(), line: None });
    }
}

/// Secrets to set, by their dotted names.
pub type Secrets = BTreeMap<String, Secret>;

/// A provider, and its key among the secrets. `before`: the one that is there, and whether a key of it is kept.
pub fn provider(new: NewProvider, before: Option<(&ProviderSettings, bool)>, secrets: &mut Secrets, wrong: &mut Wrong) -> ProviderSettings {
    let NewProvider { kind, base_url, model, api_key } = new;
    let settings = ProviderSettings { kind, base_url, model };
    if let Err(error) = settings.check() {
        wrong.add(format!("provider.{}", error.field), error.message);
    }
    // A key goes to the address that it was given for, and to no other: else a change of address would be a way to read it.
    let kept = before.is_some_and(|(old, has_key)| has_key && old.kind == settings.kind && old.base_url == settings.base_url);
    match (api_key, settings.kind) {
        (Some(key), _) if is_key(&key) => {
            secrets.insert(PROVIDER_KEY.to_owned(), key);
        }
        (Some(_), _) => wrong.add("provider.api_key", "must be 1 to 512 printable characters without spaces"),
        // A server of one's own may need none.
        (None, ProviderKind::OpenaiCompatible) => {}
        (None, ProviderKind::Openai | ProviderKind::Anthropic | ProviderKind::Openrouter) if kept => {}
        (None, ProviderKind::Openai | ProviderKind::Anthropic | ProviderKind::Openrouter) => {
            wrong.add("provider.api_key", "is required; a key that is kept belongs to the provider and address that it was given for");
        }
    }
    settings
}

/// It goes into a header: printable, and nothing that ends a line.
pub fn is_key(key: &Secret) -> bool {
    (1..=512).contains(&key.expose().len()) && key.expose().bytes().all(|byte| byte.is_ascii_graphic())
}

/// Channels, and their tokens among the secrets. `kept`: whether a token of this dotted name is there already.
pub fn channels(new: Vec<NewChannel>, kept: impl Fn(&str) -> bool, secrets: &mut Secrets, wrong: &mut Wrong) -> Vec<ChannelSettings> {
    let mut settings: Vec<ChannelSettings> = Vec::new();
    for (index, channel) in new.into_iter().enumerate() {
        let NewChannel { kind, tokens, allow_from, api_root } = channel;
        let at = format!("channels[{index}]");
        if settings.iter().any(|other| other.kind == kind) {
            wrong.add(format!("{at}.kind"), "is given twice");
            continue;
        }
        check_tokens(&at, kind, tokens, &kept, secrets, wrong);
        if allow_from.len() > MOST_ALLOWED {
            wrong.add(format!("{at}.allow_from"), format!("may hold at most {MOST_ALLOWED} entries"));
        }
        for (place, entry) in allow_from.iter().enumerate().take(MOST_ALLOWED) {
            let fits = (1..=64).contains(&entry.len()) && entry.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-@.+:*#".contains(&byte));
            if !fits {
                wrong.add(format!("{at}.allow_from[{place}]"), "must be a user's id in this channel: 1 to 64 letters, digits or _ - @ . + : * #");
            }
        }
        if let Some(root) = &api_root {
            match kind {
                ChannelKind::Telegram => {
                    if let Err(message) = http_address(root) {
                        wrong.add(format!("{at}.api_root"), message);
                    }
                }
                ChannelKind::Discord | ChannelKind::Slack => wrong.add(format!("{at}.api_root"), "is for Telegram only"),
            }
        }
        settings.push(ChannelSettings { kind, allow_from, api_root });
    }
    settings
}

fn check_tokens(at: &str, kind: ChannelKind, tokens: BTreeMap<String, Secret>, kept: impl Fn(&str) -> bool, secrets: &mut Secrets, wrong: &mut Wrong) {
    let mut misshapen = Vec::new();
    for (name, token) in tokens {
        let Some(field) = kind.tokens().iter().find(|field| field.name == name) else {
            let known: Vec<&str> = kind.tokens().iter().map(|field| field.name).collect();
            wrong.add(format!("{at}.tokens"), format!("holds a name that {} does not know; known: {}", kind.title(), known.join(", ")));
            continue;
        };
        match kind.check_token(field.name, &token) {
            Ok(()) => {
                secrets.insert(channel_secret(kind, field.openclaw_key), token);
            }
            Err(_) => {
                misshapen.push(field.name);
                wrong.add(format!("{at}.tokens.{}", field.name), format!("must be {}", field.shape));
            }
        }
    }
    for field in kind.tokens() {
        let name = channel_secret(kind, field.openclaw_key);
        if !secrets.contains_key(&name) && !kept(&name) && !misshapen.contains(&field.name) {
            wrong.add(format!("{at}.tokens.{}", field.name), format!("is required: {}", field.shape));
        }
    }
}

/// A tenant's document. `field`: where it stands in the body.
pub fn document(field: &str, text: &str, wrong: &mut Wrong) -> Option<Document> {
    match Document::parse(text) {
        Ok(document) => Some(document),
        Err(issues) => {
            wrong.0.extend(config_fields(field, super::configs::with_lines(issues, text)));
            None
        }
    }
}

/// References of `document`, which stands in `field`, to secrets that are not among those `there`.
pub fn lost_references<'a>(field: &str, document: &Document, there: impl Iterator<Item = &'a str>) -> Vec<FieldProblem> {
    let there = there.filter(|name| is_delivered(name)).chain([MODEL_KEY]).collect();
    let issues = references::missing(&serde_json::Value::Object(document.root().clone()), &there);
    config_fields(field, super::configs::with_lines(issues, document.text()))
}
