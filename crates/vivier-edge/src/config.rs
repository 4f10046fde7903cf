//! The edge's settings: every field has a default, and a word that is not known is refused.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::network::{Allowed, Network};

/// Section `[edge]` of `vivier.toml`, together with the shared `data_dir`, `public_url` and `base_domain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the one public door listens.
    pub listen: SocketAddr,
    /// The dashboard's address as browsers see it; its scheme and port are also those of the agents' addresses.
    pub public_url: String,
    /// Agents are reached at `<slug>.<base_domain>`.
    pub base_domain: String,
    /// Vivier's data directory: sockets are in `run/`, what the edge remembers is in `edge/`.
    pub data_dir: PathBuf,
    /// Addresses (`203.0.113.7`, `10.0.0.0/8`) of proxies in front of this one, whose `X-Forwarded-For` is believed. Empty: nobody's.
    pub trusted_proxies: Vec<Network>,
    /// Private addresses that the model and channel doors may call all the same: `127.0.0.1`, `192.168.7.0/24`, `10.1.2.3:11434`.
    pub allow_private: Vec<Allowed>,
    /// What `X-Forwarded-For` says to an agent for a visitor from this machine: OpenClaw refuses loopback there. The default is
    /// of the range for documentation (RFC 5737), which no visitor can have.
    pub loopback_stands_as: Ipv4Addr,
    /// Threads that serve public connections; 0: as many as there are cores.
    pub threads: usize,
    pub limits: Limits,
}

/// What one visitor, one agent or one network may ask for at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Public connections at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Requests (WebSockets included) to one agent at once; further ones get 429.
    pub requests_per_agent: usize,
    /// Seconds that a request waits for an agent which is on its way back by itself (being updated, restarting); 0: it is refused
    /// at once. A browser's navigation waits for 2 s at most, then sees a page that tries again.
    pub hold_seconds: u64,
    /// Requests that wait so for one agent at once; further ones get 503. Keep it below `requests_per_agent`: they all go on together.
    pub held_per_agent: usize,
    /// Requests that wait so for all agents at once; further ones get 503.
    pub held: usize,
    /// Bytes of one request's body; more is 413.
    pub body_bytes: u64,
    /// Bytes of one request's line and headers; more is 431.
    pub header_bytes: usize,
    /// Headers in one request; more is 431.
    pub headers: usize,
    /// Seconds in which a request's headers must arrive.
    pub header_seconds: u64,
    /// Seconds that a kept-alive connection may be silent between requests.
    pub idle_seconds: u64,
    /// Seconds without one byte after which a request's body, or a client that does not read, is given up.
    pub stall_seconds: u64,
    /// Seconds for a connection to an agent or a server to be made.
    pub connect_seconds: u64,
    /// Seconds until the first byte of an answer: long, since an agent may think, and Telegram's polls wait.
    pub answer_seconds: u64,
    /// Seconds without one byte in either direction after which a WebSocket or a tunnel is closed. OpenClaw ticks every 30 s.
    pub tunnel_idle_seconds: u64,
    /// Connections at once from one agent to its inner doors; further ones are closed.
    pub connections_per_door: usize,
    /// Seconds that requests under way are given at a shutdown.
    pub drain_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            public_url: "http://localhost:8080".to_owned(),
            base_domain: "localhost".to_owned(),
            data_dir: PathBuf::from(".vivier"),
            trusted_proxies: Vec::new(),
            allow_private: Vec::new(),
            loopback_stands_as: Ipv4Addr::new(192, 0, 2, 1),
            threads: 0,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8192,
            requests_per_agent: 256,
            hold_seconds: 90,
            held_per_agent: 200,
            held: 2000,
            body_bytes: 64 << 20,
            header_bytes: 64 << 10,
            headers: 100,
            header_seconds: 10,
            idle_seconds: 75,
            stall_seconds: 60,
            connect_seconds: 5,
            answer_seconds: 600,
            tunnel_idle_seconds: 600,
            connections_per_door: 128,
            drain_seconds: 10,
        }
    }
}

impl Config {
    pub fn serve_socket(&self) -> PathBuf {
        self.data_dir.join("run/serve.sock")
    }

    pub fn control_socket(&self) -> PathBuf {
        self.data_dir.join("run/control.sock")
    }

    /// The edge's own socket, for `/healthz` and `/metrics`.
    pub fn edge_socket(&self) -> PathBuf {
        self.data_dir.join("run/edge.sock")
    }

    /// Where the edge keeps what it must still know when it restarts while `serve` is down.
    pub fn memory_dir(&self) -> PathBuf {
        self.data_dir.join("edge")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_setting_is_refused_and_an_empty_document_is_the_defaults() {
        assert_eq!(serde_json::from_str::<Config>("{}").expect("defaults"), Config::default());
        assert!(serde_json::from_str::<Config>(r#"{"lissten":"127.0.0.1:1"}"#).is_err());
        assert!(serde_json::from_str::<Config>(r#"{"limits":{"bodies":1}}"#).is_err());
        let some = serde_json::from_str::<Config>(r#"{"allow_private":["127.0.0.1","10.0.0.0/8:443","[fd00::/8]:80"],"trusted_proxies":["10.0.0.1"]}"#);
        assert_eq!(some.expect("parses").allow_private.len(), 3);
    }
}
