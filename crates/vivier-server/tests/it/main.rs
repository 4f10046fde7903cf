//! One binary of integration tests: the store on both engines, the worker over the fake runtime, the API over both.

mod billing;
mod http;
mod keys;
mod mail;
mod process;
mod promotions;
mod releases;
mod routes;
mod runtimes;
mod store;
mod support;
mod worker;
