//! The public API, through real HTTP: a server on a port of its own, over a fake runtime and a clock that can be turned.

mod accounts;
pub mod api;
mod audit;
mod contract;
mod dashboard;
mod document;
mod edge;
mod journey;
mod limits;
mod links;
mod looks;
mod mailbox;
mod matrix;
mod members;
mod oidc;
mod passkeys;
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
