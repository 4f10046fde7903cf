//! What the operator may set about a host.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vivier_core::runtime::net::SubnetPool;

/// Settings of `vivierd host`. Every field has a default that suits one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What runs the agents: `docker`, or `fake` for trying Vivier out without containers.
    pub runtime: RuntimeKind,
    /// Where everything of this installation lies. Made absolute at start.
    pub data_dir: PathBuf,
    /// The engine's Unix socket.
    pub docker_socket: PathBuf,
    /// The range that the agents' networks are taken from. Must be the one that `serve` allocates from.
    pub subnet_pool: SubnetPool,
    /// How many networks and containers may be made, started or removed at the same time.
    pub engine_concurrency: u32,
    /// How often, in seconds, a running gateway is asked which of its chat channels do not work. 0: never.
    pub channels_every_seconds: u32,
    /// The largest CPU limit that this host grants one agent, in thousandths of a core.
    pub max_cpu_millis: u32,
    /// The largest memory limit that this host grants one agent, in bytes.
    pub max_memory_bytes: u64,
    /// The largest storage that this host grants one agent, in bytes.
    pub max_storage_bytes: u64,
    /// The largest number of processes and threads that this host grants one agent.
    pub max_pids: u32,
    /// Size of an agent's `/tmp`, in bytes. It lies in memory and counts against the agent's memory limit.
    pub tmp_bytes: u64,
    /// Size of the tmpfs that holds the secrets of all agents, in bytes.
    pub secrets_bytes: u64,
    /// The engine's log of one agent: size of one file, in bytes, before it is rotated.
    pub log_file_bytes: u64,
    /// The engine's log of one agent: how many files are kept.
    pub log_files: u32,
    /// The image recipe (`images/openclaw/build`) that `vivierd release build` runs. Relative to the working directory.
    pub image_recipe: PathBuf,
    /// What vulnerabilities a release may have (`images/openclaw/release-policy.toml` shows the fields). Absent: the defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_policy: Option<PathBuf>,
    /// The directory of the vulnerability database, in OSV's format. Absent: none, and every release is unscanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vulnerability_database: Option<PathBuf>,
    /// The public keys (PEM, ECDSA P-256) whose releases are started. Empty: `<data_dir>/keys/release.pub`.
    pub release_keys: Vec<PathBuf>,
    /// The private key that `vivierd release build` signs with. Absent: `<data_dir>/keys/release.key`. A host that only starts
    /// releases needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_signing_key: Option<PathBuf>,
    /// The `nft` program of the package `nftables`.
    pub nft: PathBuf,
}

/// What runs the agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeKind {
    #[default]
    Docker,
    /// In memory: nothing is started. For trying out and for tests.
    Fake,
}

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

impl Default for Config {
    fn default() -> Self {
        Self {
            runtime: RuntimeKind::Docker,
            data_dir: ".vivier".into(),
            docker_socket: "/var/run/docker.sock".into(),
            subnet_pool: default_pool(),
            engine_concurrency: 4,
            channels_every_seconds: 30,
            max_cpu_millis: 4_000,
            max_memory_bytes: 8 * GIB,
            max_storage_bytes: 100 * GIB,
            max_pids: 1_024,
            tmp_bytes: 128 * MIB,
            secrets_bytes: 64 * MIB,
            log_file_bytes: 10 * MIB,
            log_files: 3,
            image_recipe: "images/openclaw/build".into(),
            release_policy: None,
            vulnerability_database: None,
            release_keys: Vec::new(),
            release_signing_key: None,
            nft: "nft".into(),
        }
    }
}

fn default_pool() -> SubnetPool {
    "10.90.0.0/16".parse().expect("the default pool is a private /16")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_is_the_default_and_an_unknown_field_is_refused() {
        assert_eq!(serde_json::from_str::<Config>("{}").expect("all fields have defaults"), Config::default());
        assert!(serde_json::from_str::<Config>(r#"{"docker_sockt":"/x"}"#).is_err());
    }
}
