//! `vivierd`: one binary with roles. Each role is a process with its own powers.
//!
//! - `serve`, the brain: database, accounts, API, dashboard, reconciler. No Docker socket.
//! - `edge`, the doors: ingress to agents, egress from agents. No database, no Docker.
//! - `host`, the hands: Docker socket, volumes, firewall, images. Answers only the Runtime contract.
//! - `up`: all three, supervised: the one command on one machine.
//!
//! This crate joins them and knows nothing of what they do: it reads the settings, sets up the log, and keeps the children alive.

mod audit;
mod cli;
mod keys;
mod logging;
mod mail;
mod release;
mod role;
mod settings;
mod supervisor;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vivierd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: cli::Arguments) -> anyhow::Result<()> {
    // One crypto stack for everything that speaks TLS; a second installation can only mean that it is there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // The allocator asks for huge pages, which would make each of three small processes twice as large. Inherited by the roles.
    if let Err(error) = nix::sys::prctl::set_thp_disable(true) {
        eprintln!("vivierd: huge pages stay on, so memory use is higher: {error}");
    }
    let settings = settings::load(&arguments)?;
    // Few threads: the work is waiting, and three processes share one small machine.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(32).enable_all().build()?;
    match arguments.command {
        cli::Command::Up => runtime.block_on(supervisor::up(settings, &arguments.forwarded())),
        cli::Command::Serve(role) => runtime.block_on(role::run(role::Role::Serve, settings, role)),
        cli::Command::Edge(role) => runtime.block_on(role::run(role::Role::Edge, settings, role)),
        cli::Command::Host(role) => runtime.block_on(role::run(role::Role::Host, settings, role)),
        cli::Command::Audit { command } => runtime.block_on(audit::run(settings, command)),
        cli::Command::Keys { command } => runtime.block_on(keys::run(settings, command)),
        cli::Command::Mail { command } => runtime.block_on(mail::run(&settings, command)),
        cli::Command::Release { command } => runtime.block_on(release::run(settings, command)),
        cli::Command::Settings => settings::print(&settings),
    }
}
