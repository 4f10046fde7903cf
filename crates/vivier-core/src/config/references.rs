//! References in a configuration to secrets that Vivier delivers, and which of them a running gateway takes anew.
//!
//! Source: OpenClaw 2026.9.6, `docs/gateway/secrets/secretref-contract.md` (the shape), `docs/gateway/secrets/runtime-model.md` and the
//! program's `server-secrets-reload` (what `secrets.reload` does), tried as told in `docs/openclaw.md`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ConfigIssue;
use super::overlay::VIVIER;

/// A reference to a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Where it stands, dotted, such as `models.providers.mine.apiKey`.
    pub path: String,
    /// What it names, dotted, such as `custom.MINE`.
    pub secret: String,
}

/// Every reference in `config` to a secret that Vivier delivers: `{ source: "file", provider: "vivier", id: "/custom/MINE" }`.
pub fn references(config: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(config, &mut String::new(), &mut found);
    found
}

fn collect(value: &Value, path: &mut String, found: &mut Vec<Reference>) {
    let mut within = |part: &str, inner: &Value| {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(part);
        collect(inner, path, found);
        path.truncate(length);
    };
    match value {
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str);
            if text("source") == Some("file") && text("provider") == Some(VIVIER) {
                let secret = text("id").unwrap_or_default().trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~");
                found.push(Reference { path: path.clone(), secret });
                return;
            }
            map.iter().for_each(|(key, inner)| within(key, inner));
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inner)| within(&index.to_string(), inner)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One issue for each reference in `config` to a secret that is not among `there`.
pub fn missing(config: &Value, there: &BTreeSet<&str>) -> Vec<ConfigIssue> {
    let lost = references(config).into_iter().filter(|reference| !there.contains(reference.secret.as_str()));
    lost.map(|Reference { path, secret }| {
        let next = match secret.strip_prefix("custom.") {
            Some(_) => format!("Set `{secret}` first, or take the reference out"),
            None => "Only `/custom/NAME` and the tokens of the deployment's own channels can be referred to".to_owned(),
        };
        ConfigIssue::new(path, format!("refers to the secret `{secret}`, which this deployment does not have. {next}."))
    })
    .collect()
}

/// Whether a running gateway uses the new text of a secret that stands at `path` after the call `secrets.reload`.
///
/// That call publishes every reference anew, restarts the channels whose values have changed, and makes the models' runtime anew. What
/// else has read a value when it started (a plugin, a skill, a server of tools) may keep the old one: there the container is replaced.
pub fn is_taken_while_running(path: &str) -> bool {
    ["channels.", "models.providers."].iter().any(|part| path.starts_with(part))
}

/// Names of the secrets in `config` whose new text needs a new container.
pub fn read_at_start(config: &Value) -> BTreeSet<String> {
    references(config).into_iter().filter(|reference| !is_taken_while_running(&reference.path)).map(|reference| reference.secret).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn to(id: &str) -> Value {
        json!({ "source": "file", "provider": "vivier", "id": id })
    }

    #[test]
    fn references_are_found_wherever_they_stand_and_nothing_else_is_one() {
        let config = json!({
            "models": { "providers": { "mine": { "apiKey": to("/custom/MINE"), "headers": { "x-key": to("/custom/OTHER") } } } },
            "list": [{ "deep": [to("/custom/MINE")] }],
            "env": { "source": "env", "provider": "default", "id": "HOME" },
            "theirs": { "source": "file", "provider": "mine", "id": "/custom/MINE" },
            "text": "/custom/MINE",
        });
        let found: Vec<(String, String)> = references(&config).into_iter().map(|one| (one.path, one.secret)).collect();
        let expected =
            [("models.providers.mine.apiKey", "custom.MINE"), ("models.providers.mine.headers.x-key", "custom.OTHER"), ("list.0.deep.0", "custom.MINE")];
        assert_eq!(found, expected.map(|(path, secret)| (path.to_owned(), secret.to_owned())));
    }

    #[test]
    fn a_reference_to_nothing_is_an_issue_at_its_path_with_the_next_step() {
        let config = json!({ "skills": { "entries": { "a": { "apiKey": to("/custom/GONE") } } }, "x": to("/provider/apiKey"), "y": to("/custom/A"), "z": to("/custom") });
        let issues = missing(&config, &["custom.A", "custom.B"].into());
        assert_eq!(issues.iter().map(|issue| issue.path.as_str()).collect::<Vec<_>>(), ["skills.entries.a.apiKey", "x", "z"]);
        assert!(issues[0].message.contains("`custom.GONE`") && issues[0].message.contains("Set `custom.GONE` first"), "{issues:?}");
        assert!(issues[1].message.contains("Only `/custom/NAME`"), "{issues:?}");
    }

    #[test]
    fn only_channels_and_model_providers_take_a_new_text_while_they_run() {
        let config = json!({
            "channels": { "telegram": { "botToken": to("/channels/telegram/botToken") } },
            "models": { "providers": { "mine": { "headers": { "x": to("/custom/HOT") } } } },
            "skills": { "entries": { "a": { "apiKey": to("/custom/COLD") } } },
            "plugins": { "entries": { "brave": { "config": { "webSearch": { "apiKey": to("/custom/BOTH") } } } } },
            "tts": { "providers": { "x": { "apiKey": to("/custom/BOTH") } } },
        });
        assert_eq!(read_at_start(&config), ["custom.BOTH", "custom.COLD"].map(str::to_owned).into());
    }
}
