//! What the platform lays over a tenant's document. Source of the keys: OpenClaw 2026.9.6, see `docs/openclaw.md`.

use serde_json::{Map, Value, json};

use super::Document;
use crate::agent::{self, Tuning};
use crate::channel::{ChannelKind, ChannelSettings};
use crate::provider::ProviderSettings;
use crate::runtime::Subnet;

/// Everything around a document that the platform decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Surroundings<'a> {
    /// `http://<slug>.<base domain>[:port]`: the only origin that the Control UI is served under.
    pub origin: &'a str,
    pub subnet: Subnet,
    pub tuning: &'a Tuning,
    pub provider: Option<&'a ProviderSettings>,
    pub channels: &'a [ChannelSettings],
}

/// The name of the secret provider, and of the model provider, in OpenClaw's configuration.
pub(super) const VIVIER: &str = "vivier";

/// The path of a channel's token in the secrets document.
pub fn channel_secret(kind: ChannelKind, openclaw_key: &str) -> String {
    format!("channels.{kind}.{openclaw_key}")
}

/// The path of the key for the edge's model door in the secrets document.
pub const MODEL_KEY: &str = "model.key";

/// The configuration that OpenClaw is given: plan defaults, under the tenant's document, under the platform's own paths.
pub fn render(document: &Document, around: &Surroundings<'_>) -> Value {
    let mut config = around.tuning.overlay.clone();
    if !config.is_object() {
        config = Value::Object(Map::new());
    }
    merge(&mut config, suggestions(around));
    merge(&mut config, Value::Object(document.root().clone()));
    merge(&mut config, platform(around));
    config
}

/// What the platform proposes and the tenant may change.
fn suggestions(around: &Surroundings<'_>) -> Value {
    let mut config = json!({});
    if let Some(provider) = around.provider {
        merge(&mut config, json!({ "agents": { "defaults": { "model": { "primary": format!("{VIVIER}/{}", provider.model) } } } }));
    }
    for channel in around.channels {
        merge(&mut config, json!({ "channels": { channel.kind.as_str(): channel_suggestions(channel) } }));
    }
    config
}

fn channel_suggestions(channel: &ChannelSettings) -> Value {
    let ChannelSettings { kind: _, allow_from, api_root: _ } = channel;
    if allow_from.is_empty() { json!({ "dmPolicy": "pairing" }) } else { json!({ "dmPolicy": "allowlist", "allowFrom": allow_from }) }
}

fn platform(around: &Surroundings<'_>) -> Value {
    let Surroundings { origin, subnet, tuning: _, provider, channels } = around;
    let door = format!("http://{}", subnet.door_socket());
    let mut config = json!({
        "gateway": {
            "mode": "local",
            "bind": "lan",
            "port": agent::GATEWAY_PORT,
            // The edge connects from the bridge's own address.
            "trustedProxies": [subnet.gateway().to_string()],
            "auth": {
                "mode": "trusted-proxy",
                "trustedProxy": {
                    "userHeader": agent::USER_HEADER,
                    "requiredHeaders": ["x-forwarded-proto", "x-forwarded-host"],
                    "allowUsers": [agent::OWNER],
                    "deviceAutoApprove": {
                        "enabled": true,
                        "scopes": ["operator.read", "operator.write", "operator.approvals", "operator.questions", "operator.pairing"],
                    },
                },
                "identityScopes": { agent::OWNER: ["operator.admin"] },
            },
            "controlUi": { "allowedOrigins": [origin], "communityInvite": false },
            "http": { "endpoints": { "chatCompletions": { "enabled": true }, "responses": { "enabled": true } } },
        },
        "logging": { "consoleStyle": "json" },
        "plugins": { "entries": { "admin-http-rpc": { "enabled": true } } },
        "secrets": { "providers": { VIVIER: { "source": "file", "path": format!("{}/{}", agent::SECRETS_DIR, agent::SECRETS_FILE), "mode": "json" } } },
    });
    // OpenClaw refuses a plain-http origin other than localhost itself, such as http://ada.localhost:8080, with exit 78.
    if origin.starts_with("https://") {
        merge(&mut config, json!({ "gateway": { "publicOrigin": origin } }));
    }
    if let Some(provider) = provider {
        merge(
            &mut config,
            json!({ "models": { "mode": "merge", "providers": { VIVIER: {
                "baseUrl": format!("{door}/model"),
                "apiKey": secret_reference(MODEL_KEY),
                "api": provider.kind.openclaw_api(),
                "models": [{
                    "id": provider.model, "name": provider.model, "reasoning": false, "input": ["text"],
                    "cost": { "input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0 },
                    "contextWindow": 128_000, "maxTokens": 4096,
                }],
            } } } }),
        );
    }
    for channel in *channels {
        merge(&mut config, json!({ "channels": { channel.kind.as_str(): channel_platform(channel, &door) } }));
        // Plugins are off unless named, and bring their own TLS, so they go out through CONNECT. OpenClaw then sends everything
        // through the proxy, the model and Telegram doors on the same address included.
        if channel.kind.is_plugin() {
            merge(&mut config, json!({ "plugins": { "entries": { channel.kind.as_str(): { "enabled": true } } }, "proxy": { "proxyUrl": door } }));
        }
    }
    config
}

fn channel_platform(channel: &ChannelSettings, door: &str) -> Value {
    let mut keys = Map::new();
    keys.insert("enabled".to_owned(), Value::Bool(true));
    for token in channel.kind.tokens() {
        keys.insert(token.openclaw_key.to_owned(), secret_reference(&channel_secret(channel.kind, token.openclaw_key)));
    }
    match channel.kind {
        // Plain HTTP to the edge's own door on the tenant's network; the edge speaks TLS to Telegram.
        ChannelKind::Telegram => {
            keys.insert("apiRoot".to_owned(), Value::String(format!("{door}/telegram")));
        }
        ChannelKind::Discord => {}
        ChannelKind::Slack => {
            keys.insert("mode".to_owned(), Value::String("socket".to_owned()));
        }
    }
    Value::Object(keys)
}

fn secret_reference(path: &str) -> Value {
    json!({ "source": "file", "provider": VIVIER, "id": format!("/{}", path.replace('.', "/")) })
}

/// Lays `over` over `base`: objects are merged key by key, everything else is replaced.
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    // A reference to a secret is one value, not a bag of keys to mix with a plain one.
                    Some(slot) if slot.is_object() && value.is_object() && value.get("source").is_none() => merge(slot, value),
                    Some(slot) => *slot = value,
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::ProviderKind;

    fn rendered(text: &str) -> Value {
        let tuning = Tuning::of(1 << 30);
        let provider = ProviderSettings { kind: ProviderKind::Openai, base_url: None, model: "gpt-5-mini".to_owned() };
        let channels = [ChannelSettings { kind: ChannelKind::Telegram, allow_from: vec!["42".to_owned()], api_root: None }];
        let around = Surroundings {
            origin: "http://ada.localhost:8080",
            subnet: "10.90.0.16/28".parse().expect("a subnet"),
            tuning: &tuning,
            provider: Some(&provider),
            channels: &channels,
        };
        render(&Document::parse(text).expect("a document"), &around)
    }

    #[test]
    fn the_platforms_paths_are_always_there_and_the_tenants_are_kept() {
        let config = rendered("{ ui: { seamColor: '#336699' }, agents: { defaults: { model: { primary: 'vivier/other' } } } }");
        assert_eq!(config["ui"]["seamColor"], "#336699");
        assert_eq!(config["agents"]["defaults"]["model"]["primary"], "vivier/other");
        assert_eq!(config["gateway"]["trustedProxies"], json!(["10.90.0.17"]));
        assert_eq!(config["gateway"]["controlUi"]["allowedOrigins"], json!(["http://ada.localhost:8080"]));
        assert_eq!(config["gateway"]["publicOrigin"], Value::Null, "OpenClaw takes no plain-http name here");
        assert_eq!(config["models"]["providers"]["vivier"]["baseUrl"], "http://10.90.0.17:18790/model");
        assert_eq!(config["channels"]["telegram"]["allowFrom"], json!(["42"]));
        assert_eq!(config["channels"]["telegram"]["botToken"], json!({"source": "file", "provider": "vivier", "id": "/channels/telegram/botToken"}));
    }

    #[test]
    fn channels_with_a_protocol_of_their_own_go_out_through_the_door() {
        let tuning = Tuning::of(2 << 30);
        let channels = [ChannelSettings { kind: ChannelKind::Discord, allow_from: Vec::new(), api_root: None }];
        let around = Surroundings {
            origin: "https://ada.example.com",
            subnet: "10.90.0.16/28".parse().expect("a subnet"),
            tuning: &tuning,
            provider: None,
            channels: &channels,
        };
        let config = render(&Document::parse("{}").expect("a document"), &around);
        assert_eq!(config["proxy"]["proxyUrl"], "http://10.90.0.17:18790");
        assert_eq!(config["plugins"]["entries"]["discord"]["enabled"], true);
        assert_eq!(config["gateway"]["publicOrigin"], "https://ada.example.com");
    }

    #[test]
    fn the_whole_of_it_is_the_one_on_record() {
        insta::assert_json_snapshot!(rendered("{}"));
    }
}
