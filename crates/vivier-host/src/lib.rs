//! Vivier's hands: the one process that holds the Docker socket, and answers nothing but the runtime contract.
//!
//! It makes volumes, networks, firewall rules and containers for `serve`, looks at them, and proves how sealed they are. It
//! decides nothing except to refuse: every request is checked against the host's own policy, because whoever has taken over
//! `serve` must not gain the host with it. It knows no accounts, no database and no HTTP but its own private socket.
//!
//! - [`policy`] says no; [`layout`] is the only place that makes paths, and makes them from typed ids alone.
//! - [`volumes`], [`snapshots`], [`delivery`], [`firewall`] and [`docker`] have the effects. Each is named from the deployment's
//!   id, may be repeated, and may be cut off by `kill -9` at every [`fault::point`].
//! - [`release`] signs what may be started and checks it before every start; [`images`] is the host's own list of it.
//! - [`server`] is the socket.

pub mod config;
pub mod control;
pub mod delivery;
pub mod docker;
pub mod fault;
pub mod firewall;
pub mod gateway;
pub mod images;
pub mod layout;
pub mod leaks;
pub mod policy;
pub mod release;
pub mod server;
pub mod snapshots;
pub mod volumes;

mod channels;
mod clock;
mod shelf;

pub use config::{Config, RuntimeKind};
pub use docker::DockerRuntime;
pub use server::run;
