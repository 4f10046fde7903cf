//! Facts about the program that Vivier hosts, in one place: upstream breaks its formats every few days, and each fact that a
//! version decides must have one line to change. Source: `docs/openclaw.md` (measured with OpenClaw 2026.9.6).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::channel::ChannelKind;

/// The port of OpenClaw's gateway inside its container.
pub const GATEWAY_PORT: u16 = 18789;
/// The port of the edge's inner doors (model, channels, egress) on the gateway address of the tenant's network.
pub const DOOR_PORT: u16 = 18790;
/// The user and group that the gateway runs as.
pub const UID: u32 = 1000;
/// Where the state volume is mounted.
pub const STATE_DIR: &str = "/home/node/.openclaw";
/// What OpenClaw looks for in its state directory to find installed plugins, and where the image keeps them.
pub const PLUGINS_LINK: &str = "npm";
pub const PLUGINS_DIR: &str = "/opt/openclaw/npm";
/// The directory that holds the rendered configuration, mounted read-only. A directory, because OpenClaw reloads when a new
/// file is *moved* over the old one, which a mounted single file would not show.
pub const CONFIG_DIR: &str = "/etc/openclaw";
pub const CONFIG_FILE: &str = "openclaw.json";
/// The directory that holds the secrets document, mounted read-only from a tmpfs.
pub const SECRETS_DIR: &str = "/run/openclaw";
pub const SECRETS_FILE: &str = "secrets.json";
/// The header in which the edge tells OpenClaw who is there. Stripped from every request that comes from outside.
pub const USER_HEADER: &str = "x-openclaw-user";
/// The one user that the edge presents: the owner.
pub const OWNER: &str = "owner";

/// Whether `config` uses a channel that is a plugin. Only then does the state directory get the link to the image's plugins:
/// with it a first start takes 3.6 s longer, because OpenClaw no longer sees a state without history.
pub fn needs_plugins(config: &Value) -> bool {
    let plugins = ChannelKind::ALL.into_iter().filter(|kind| kind.is_plugin());
    plugins.map(ChannelKind::as_str).any(|name| !config["channels"][name].is_null() || config["plugins"]["entries"][name]["enabled"] == true)
}

/// How one plan runs the gateway: measured so that the plan's memory survives (see `docs/openclaw.md`, "Plans").
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Tuning {
    /// Flags of Node, before the script.
    pub node_flags: Vec<String>,
    /// Environment, beside what every agent gets. Never a secret.
    pub env: BTreeMap<String, String>,
    /// OpenClaw configuration that the plan decides unless the tenant does.
    pub overlay: Value,
}

impl Tuning {
    /// The tuning for an agent with this much memory, in bytes, from `images/openclaw/plans.json`: the largest that was measured with
    /// no more.
    pub fn of(memory_bytes: u64) -> Self {
        const GIB: u64 = 1 << 30;
        let key = if memory_bytes < 2 * GIB {
            "starter"
        } else if memory_bytes < 4 * GIB {
            "pro"
        } else {
            "team"
        };
        let mut plans: BTreeMap<String, Self> = serde_json::from_str(include_str!("../../../images/openclaw/plans.json")).unwrap_or_default();
        // A test holds that every plan is there; an empty tuning would still start.
        plans.remove(key).unwrap_or_else(|| Self { node_flags: Vec::new(), env: BTreeMap::new(), overlay: Value::Null })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_has_a_tuning() {
        for plan in crate::plan::Plans::default().iter() {
            let tuning = Tuning::of(plan.limits.memory_bytes);
            assert!(!tuning.node_flags.is_empty(), "{}", plan.name);
            assert!(tuning.overlay.is_object(), "{}", plan.name);
        }
        assert_eq!(Tuning::of(3 << 30), Tuning::of(2 << 30), "between two that were measured, the smaller");
    }
}
