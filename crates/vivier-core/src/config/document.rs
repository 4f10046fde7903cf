//! The tenant's document: parsed, bounded, and checked against the paths that the platform owns.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest document, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting.
pub const MAX_DEPTH: usize = 32;

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConfigIssue {
    /// The dotted path in the document; empty for the document as a whole.
    pub path: String,
    pub message: String,
    /// The line in the tenant's text (from 1), where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl ConfigIssue {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), line: None }
    }
}

/// A tenant's configuration document: its text as written, comments included, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    text: String,
    root: Map<String, Value>,
}

/// Paths that only the platform sets, and why: each would open a door around the edge or into the host.
/// (OpenClaw's CVE-2026-25253 went through exactly these.)
const OWNED: &[(&str, &str)] = &[
    ("gateway.mode", "the platform runs the gateway"),
    ("gateway.bind", "the platform decides where the gateway listens"),
    ("gateway.customBindHost", "the platform decides where the gateway listens"),
    ("gateway.port", "the platform decides where the gateway listens"),
    ("gateway.publicOrigin", "the platform gives the agent its name"),
    ("gateway.trustedProxies", "the platform's edge is the only proxy"),
    ("gateway.allowRealIpFallback", "the platform's edge says who is calling"),
    ("gateway.auth", "the platform's edge signs people in"),
    ("gateway.tls", "the platform's edge ends TLS"),
    ("gateway.tailscale", "the platform decides where the gateway listens"),
    ("gateway.remote", "the platform runs the gateway"),
    ("gateway.controlUi.allowedOrigins", "the platform gives the agent its name"),
    ("gateway.controlUi.allowInsecureAuth", "the platform's edge signs people in"),
    ("gateway.controlUi.dangerouslyDisableDeviceAuth", "the platform's edge signs people in"),
    ("gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback", "the platform gives the agent its name"),
    ("gateway.controlUi.enabled", "the platform opens the Control UI"),
    ("gateway.controlUi.basePath", "the platform opens the Control UI"),
    ("gateway.http", "the platform decides which endpoints are open"),
    ("logging.consoleStyle", "the platform reads the log"),
    ("logging.file", "the platform keeps the log"),
    ("secrets.providers.vivier", "the platform delivers the secrets"),
    ("secrets.defaults", "the platform delivers the secrets"),
    ("models.providers.vivier", "set the provider of the deployment instead"),
    ("plugins.entries.admin-http-rpc", "the platform watches the gateway through it"),
    ("plugins.load", "only the plugins of the release are loaded"),
    ("plugins.installs", "only the plugins of the release are loaded"),
    ("tools.exec.host", "commands run inside the agent's own container only"),
    ("env", "the environment of the agent is the platform's"),
    ("proxy", "the platform's edge is the only way out"),
    ("update", "the platform upgrades agents, with a way back"),
];

impl Document {
    /// Reads JSON5 text.
    ///
    /// # Errors
    /// Every issue that was found: too long, not JSON5 (with its line), not an object, too deep, or an owned path.
    pub fn parse(text: &str) -> Result<Self, Vec<ConfigIssue>> {
        if text.len() > MAX_BYTES {
            return Err(vec![ConfigIssue::new("", format!("is {} bytes long; at most {MAX_BYTES} are accepted", text.len()))]);
        }
        // Before parsing: a parser that recurses must never see what would exhaust its stack.
        if bracket_depth(text) > MAX_DEPTH {
            return Err(vec![ConfigIssue::new("", format!("is nested more than {MAX_DEPTH} levels deep"))]);
        }
        let value: Value = if text.trim().is_empty() { Value::Object(Map::new()) } else { json5::from_str(text).map_err(|error| vec![syntax(&error)])? };
        let Value::Object(root) = value else {
            return Err(vec![ConfigIssue::new("", "must be an object: { … }")]);
        };
        let issues: Vec<ConfigIssue> = OWNED
            .iter()
            .filter(|(path, _)| sets(&root, path))
            .map(|(path, why)| ConfigIssue::new(*path, format!("cannot be set: {why}. Remove it.")))
            .collect();
        if issues.is_empty() { Ok(Self { text: text.to_owned(), root }) } else { Err(issues) }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub const fn root(&self) -> &Map<String, Value> {
        &self.root
    }
}

fn syntax(error: &json5::Error) -> ConfigIssue {
    let line = error.position().and_then(|position| u32::try_from(position.line + 1).ok());
    ConfigIssue { path: String::new(), message: format!("is not valid JSON5: {error}"), line }
}

/// An upper bound of the nesting, read from the text alone; brackets inside strings and comments do not count.
fn bracket_depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\'' => {
                while let Some(inner) = letters.next() {
                    match inner {
                        '\\' => {
                            letters.next();
                        }
                        _ if inner == letter => break,
                        _ => {}
                    }
                }
            }
            '/' if letters.peek() == Some(&'/') => {
                letters.by_ref().find(|inner| matches!(inner, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
            }
            '/' if letters.peek() == Some(&'*') => {
                letters.next();
                let mut before = ' ';
                letters.by_ref().find(|&inner| {
                    let closes = before == '*' && inner == '/';
                    before = inner;
                    closes
                });
            }
            '{' | '[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn sets(root: &Map<String, Value>, path: &str) -> bool {
    let mut parts = path.split('.');
    let Some(mut value) = parts.next().and_then(|first| root.get(first)) else { return false };
    for part in parts {
        match value {
            Value::Object(map) => match map.get(part) {
                Some(inner) => value = inner,
                None => return false,
            },
            // A scalar where an object belongs would replace the owned path as a whole.
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return true,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn comments_and_trailing_commas_are_kept_and_understood() {
        let text = "// mine\n{ ui: { seamColor: '#336699', }, }";
        let document = Document::parse(text).expect("valid");
        assert_eq!(document.text(), text);
        assert_eq!(document.root()["ui"]["seamColor"], "#336699");
    }

    #[test]
    fn owned_paths_are_refused_by_name_even_through_a_parent() {
        for (text, path) in [
            ("{ gateway: { bind: 'lan' } }", "gateway.bind"),
            ("{ gateway: { auth: { mode: 'none' } } }", "gateway.auth"),
            ("{ 'gateway': { \"trustedProxies\": ['0.0.0.0/0'] } }", "gateway.trustedProxies"),
            ("{ gateway: 'open' }", "gateway.bind"),
            ("{ tools: { exec: { host: 'gateway' } } }", "tools.exec.host"),
            ("{ secrets: { providers: { vivier: { source: 'exec' } } } }", "secrets.providers.vivier"),
            ("{ env: { A: 'b' } }", "env"),
        ] {
            let issues = Document::parse(text).expect_err(text);
            assert!(issues.iter().any(|issue| issue.path == path), "{text}: {issues:?}");
        }
    }

    #[test]
    fn a_syntax_error_names_its_line_and_bounds_hold() {
        let issues = Document::parse("{\n  a: 1\n  b: 2\n}").expect_err("no comma");
        assert_eq!(issues[0].line, Some(3), "{issues:?}");
        assert!(Document::parse(&"[".repeat(100_000)).is_err());
        assert!(Document::parse(&format!("{{a:{}{}}}", "[".repeat(40), "]".repeat(40))).is_err());
        assert!(Document::parse(&format!("{{a:'{}'}}", "x".repeat(MAX_BYTES))).is_err());
        assert!(Document::parse("[]").is_err());
        assert!(Document::parse(&format!("{{a: '{}'}}", "[".repeat(100))).is_ok(), "brackets in a text are text");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = Document::parse(&text);
        }

        #[test]
        fn no_brackets_make_the_parser_panic(text in "[\\[\\]{}a:'\"/*\\\\\n, ]{0,400}") {
            let _ = Document::parse(&text);
        }
    }
}
