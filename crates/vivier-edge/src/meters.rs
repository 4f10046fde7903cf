//! Figures, with labels whose number is fixed: no name of a tenant or a host is ever one.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Which door a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Dashboard,
    Agent,
    /// No host of ours, or refused before one was known.
    Nowhere,
    Model,
    Telegram,
    Connect,
}

impl Door {
    const ALL: [Self; 6] = [Self::Dashboard, Self::Agent, Self::Nowhere, Self::Model, Self::Telegram, Self::Connect];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Agent => "agent",
            Self::Nowhere => "nowhere",
            Self::Model => "model",
            Self::Telegram => "telegram",
            Self::Connect => "connect",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Dashboard => 0,
            Self::Agent => 1,
            Self::Nowhere => 2,
            Self::Model => 3,
            Self::Telegram => 4,
            Self::Connect => 5,
        }
    }
}

/// How a request's waiting for its agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The agent came back, and the request went on.
    Resumed,
    /// The agent will not come back by itself.
    Refused,
    /// The time was over.
    Late,
    /// The client went away.
    Left,
    /// It did not wait: too many did already.
    Full,
}

impl Held {
    const ALL: [Self; 5] = [Self::Resumed, Self::Refused, Self::Late, Self::Left, Self::Full];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Resumed => "resumed",
            Self::Refused => "refused",
            Self::Late => "late",
            Self::Left => "left",
            Self::Full => "full",
        }
    }
}

/// Handles that are looked up once.
#[derive(Clone)]
pub struct Meters {
    doors: Arc<[PerDoor]>,
    pub web_sockets: Gauge,
    pub tunnels: Gauge,
    pub connections: Gauge,
    pub refused_peers: Counter,
    pub refused_doors: Counter,
    pub table_version: Gauge,
    pub table_age: Gauge,
    pub agents: Gauge,
    pub serve_up: Gauge,
    pub door_listeners: Gauge,
    held: Gauge,
    holds: [Counter; 5],
    hold_seconds: Histogram,
}

struct PerDoor {
    requests: [Counter; 5],
    seconds: Histogram,
    bytes: Counter,
}

impl Meters {
    pub fn new() -> Self {
        recorder();
        let door = |door: Door| {
            let name = door.as_str();
            let status = |class: &'static str| counter!("vivier_edge_requests_total", "door" => name, "status" => class);
            PerDoor {
                requests: [status("1xx"), status("2xx"), status("3xx"), status("4xx"), status("5xx")],
                seconds: histogram!("vivier_edge_request_seconds", "door" => name),
                bytes: counter!("vivier_edge_answer_bytes_total", "door" => name),
            }
        };
        Self {
            doors: Door::ALL.into_iter().map(door).collect(),
            web_sockets: gauge!("vivier_edge_open_web_sockets"),
            tunnels: gauge!("vivier_edge_open_tunnels"),
            connections: gauge!("vivier_edge_open_connections"),
            refused_peers: counter!("vivier_edge_door_refusals_total", "why" => "peer"),
            refused_doors: counter!("vivier_edge_door_refusals_total", "why" => "rule"),
            table_version: gauge!("vivier_edge_route_table_version"),
            table_age: gauge!("vivier_edge_route_table_age_seconds"),
            agents: gauge!("vivier_edge_routes"),
            serve_up: gauge!("vivier_edge_serve_up"),
            door_listeners: gauge!("vivier_edge_door_listeners"),
            held: gauge!("vivier_edge_held_requests"),
            holds: Held::ALL.map(|held| counter!("vivier_edge_holds_total", "outcome" => held.as_str())),
            hold_seconds: histogram!("vivier_edge_hold_seconds"),
        }
    }

    /// One request was answered. The time is that until the answer's head.
    pub fn answered(&self, door: Door, status: StatusCode, took: Duration) {
        let per = &self.doors[door.index()];
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        per.requests[class].increment(1);
        per.seconds.record(took.as_secs_f64());
    }

    /// A request begins to wait for its agent.
    pub fn hold_begins(&self) {
        self.held.increment(1.0);
    }

    pub fn hold_ends(&self, outcome: Held, waited: Duration) {
        self.held.decrement(1.0);
        self.holds[outcome as usize].increment(1);
        self.hold_seconds.record(waited.as_secs_f64());
    }

    /// One was not let in to wait.
    pub fn hold_refused(&self) {
        self.holds[Held::Full as usize].increment(1);
    }

    /// Counts the bytes of answers through `door`.
    pub fn bytes(&self, door: Door) -> Counter {
        self.doors[door.index()].bytes.clone()
    }
}

/// This process's recorder; `None` when something else has installed one first.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
            let recorder = PrometheusBuilder::new().set_buckets(&buckets).ok()?.build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).ok().map(|()| handle)
        })
        .as_ref()
}
