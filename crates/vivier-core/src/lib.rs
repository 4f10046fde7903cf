//! Vivier's words and rules.
//!
//! Everything that the daemon's three powers (`serve`, `edge`, `host`) and the clients must agree on lives here: the names of
//! things, the life of a deployment, the contract with a runtime, how a tenant's configuration is merged, and the types that
//! travel over a wire.
//!
//! This crate knows nothing of sockets, files, clocks, databases or tokio. Time is an input; randomness is an input.

pub mod agent;
pub mod billing;
pub mod channel;
pub mod config;
pub mod credits;
pub mod digest;
pub mod hold;
pub mod id;
pub mod lifecycle;
pub mod money;
pub mod name;
pub mod plan;
pub mod provider;
pub mod quota;
pub mod redact;
pub mod release;
pub mod runtime;
pub mod secret;
pub mod template;
mod text;
pub mod ticket;
pub mod time;
pub mod usage;
pub mod waves;
pub mod window;
pub mod wire;
