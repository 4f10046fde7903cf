//! The public API (`/v1`), the dashboard's files, and the doors' way in (`/open/{slug}`).
//!
//! Plain HTTP on a Unix socket that only the edge reaches: what it says of the client (`X-Forwarded-For`) is believed, and a
//! request without it came over the socket itself.
//!
//! Wire types stop here: handlers turn them into the store's words and back. Nothing in this room touches a runtime, except to
//! read logs and statistics; what is *wanted* is written to the store, and the worker is woken.

mod account;
mod accounts;
mod audit;
mod billing;
pub(crate) mod books;
mod catalogue;
mod configs;
mod console;
mod credits;
mod dashboard;
mod deployments;
mod extract;
mod follow;
mod guard;
mod health;
mod idempotency;
mod jobs;
mod layers;
mod limits;
mod links;
mod logs;
mod members;
mod new;
mod oidc;
mod open;
pub mod openapi;
mod operator;
mod pages;
mod passkeys;
mod problem;
mod refusals;
mod releases;
pub mod routes;
mod secrets;
mod security;
mod sessions;
mod sign_in;
mod sse;
mod tickets;
mod timeline;
mod tokens;
mod usage;
mod views;
mod waves;
mod webhook;

pub use self::problem::ApiError;
pub use self::refusals::Refusals;
pub use self::routes::router;
