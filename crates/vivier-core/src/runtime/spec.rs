//! What a runtime is asked to run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Subnet;
use crate::agent;
use crate::config::references;
use crate::digest::Digest;
use crate::id::{AccountId, DeploymentId};
use crate::secret::Secret;

/// The size of one deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Limits {
    /// Thousandths of a core.
    pub cpu_millis: u32,
    pub memory_bytes: u64,
    pub storage_bytes: u64,
    /// Processes and threads.
    pub pids: u32,
}

/// How far [`super::Runtime::apply`] goes. Each stage includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Volume, network, firewall.
    Storage,
    /// Secrets and configuration delivered.
    Config,
    /// The container runs.
    Workload,
}

/// Everything a runtime must know to run one agent. Holds secrets: it travels only over the host's private socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadSpec {
    pub deployment: DeploymentId,
    pub account: AccountId,
    /// Raised by every restart that was asked for: a container of an older one is replaced.
    pub generation: u64,
    /// The image, by digest; never a tag.
    pub image: Digest,
    pub limits: Limits,
    pub subnet: Subnet,
    /// Flags of Node, before the script.
    pub node_flags: Vec<String>,
    /// Never a secret: an environment can be read by whoever may inspect a container.
    pub env: BTreeMap<String, String>,
    /// The merged configuration.
    pub config: Value,
    pub secrets: SecretsDocument,
}

impl WorkloadSpec {
    /// The container's host name: stable, because OpenClaw's state lease blocks a start under another one for 300 s.
    pub fn hostname(&self) -> String {
        hostname(self.deployment)
    }

    /// What makes a container another container: everything but the configuration, which a gateway can reload as long as it needs no
    /// plugins that were not there when it started, and the texts of secrets that it can take anew while it runs (see
    /// [`references::is_taken_while_running`]).
    pub fn fingerprint(&self) -> Digest {
        let Self { deployment, account, generation, image, limits, subnet, node_flags, env, config, secrets } = self;
        Digest::of_json(&serde_json::json!({
            "deployment": deployment, "account": account, "generation": generation, "image": image, "limits": limits,
            "subnet": subnet, "node_flags": node_flags, "env": env, "plugins": agent::needs_plugins(config), "secrets": secrets.at_start(config),
        }))
    }

    pub fn config_digest(&self) -> Digest {
        Digest::of_json(&self.config)
    }
}

/// The host name of a deployment's container.
pub fn hostname(deployment: DeploymentId) -> String {
    deployment.to_string().replace('_', "-")
}

/// The secrets document (`/run/openclaw/secrets.json`), by dotted path: `channels.telegram.botToken` → text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretsDocument {
    /// Raised by every change.
    pub version: u64,
    /// Which version each of them is, so that no digest of a secret's text is kept anywhere.
    #[serde(default)]
    pub versions: BTreeMap<String, u64>,
    pub values: BTreeMap<String, Secret>,
}

impl SecretsDocument {
    /// What a gateway of `config` has of them for as long as it runs: the names, and the versions of those that it reads only when it
    /// starts.
    fn at_start(&self, config: &Value) -> BTreeMap<&str, Option<u64>> {
        let fixed = references::read_at_start(config);
        self.versions.iter().map(|(name, version)| (name.as_str(), fixed.contains(name).then_some(*version))).collect()
    }

    /// The nested JSON document that OpenClaw reads. Exposes every secret: write it to the tmpfs and nowhere else.
    pub fn document(&self) -> Value {
        let mut root = Value::Object(serde_json::Map::new());
        for (path, secret) in &self.values {
            let mut node = &mut root;
            for part in path.split('.') {
                if !node.is_object() {
                    *node = Value::Object(serde_json::Map::new());
                }
                node = &mut node[part];
            }
            *node = Value::String(secret.expose().to_owned());
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_paths_become_a_nested_document() {
        let values = [("channels.slack.appToken", "a"), ("channels.slack.botToken", "b"), ("model.key", "c")];
        let document =
            SecretsDocument { version: 1, versions: BTreeMap::new(), values: values.map(|(path, text)| (path.to_owned(), Secret::new(text))).into() };
        assert_eq!(document.document(), serde_json::json!({"channels": {"slack": {"appToken": "a", "botToken": "b"}}, "model": {"key": "c"}}));
        assert!(!format!("{document:?}").contains("\"a\""), "Debug must not show a secret");
    }

    #[test]
    fn a_secret_is_in_the_fingerprint_by_its_name_and_by_its_version_only_where_a_start_reads_it() {
        let to = |id: &str| serde_json::json!({ "source": "file", "provider": "vivier", "id": id });
        let config = serde_json::json!({ "models": { "providers": { "mine": { "apiKey": to("/custom/HOT") } } }, "skills": { "entries": { "a": { "apiKey": to("/custom/COLD") } } } });
        let document = |hot: u64, cold: u64| SecretsDocument {
            version: hot.max(cold),
            versions: [("custom.HOT".to_owned(), hot), ("custom.COLD".to_owned(), cold)].into(),
            values: BTreeMap::new(),
        };
        assert_eq!(document(1, 2).at_start(&config), document(7, 2).at_start(&config));
        assert_ne!(document(1, 2).at_start(&config), document(1, 3).at_start(&config));
        let fewer = SecretsDocument { versions: [("custom.COLD".to_owned(), 2)].into(), ..document(1, 2) };
        assert_ne!(document(1, 2).at_start(&config), fewer.at_start(&config));
    }
}
