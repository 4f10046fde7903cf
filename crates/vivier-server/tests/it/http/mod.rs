//! The public API, through real HTTP: a server on a port of its own, over a fake runtime and a clock that can be turned.

pub mod api;
mod audit;
mod contract;
mod dashboard;
mod document;
mod edge;
mod journey;
mod limits;
mod links;
mod mailbox;
mod oidc;
mod passkeys;
mod looks;
mod releases;
mod repeats;
mod schema;
mod second;
mod sessions;
mod stores;
mod streams;
mod tickets;
mod tokens;
mod validation;
mod waves;
