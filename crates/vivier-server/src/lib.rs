//! The brain: accounts, the public API, the store and the reconciler.
//!
//! It never touches the engine that runs agents: it asks `host` over the Runtime contract, and tells `edge` which names lead
//! where. It imports neither of them.

pub mod admin;
pub mod app;
pub mod audit;
pub mod auth;
pub mod billing;
pub mod clock;
pub mod config;
pub mod control;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod mail;
pub mod releases;
pub mod routes;
pub mod runtimes;
pub mod serve;
pub mod store;
pub mod support;
pub mod terms;
pub mod vault;
pub mod worker;

pub use app::App;
pub use config::Config;
pub use serve::run;
