//! The command line as a person or a script meets it: the real binary against a stand-in server.

mod account;
mod agents;
mod billing;
mod changes;
mod config;
mod deploy;
mod documents;
mod failures;
mod people;
mod revisions;
mod streams;
mod waves;
mod world;
