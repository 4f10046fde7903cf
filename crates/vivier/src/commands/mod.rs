//! The commands, one noun a file. Each takes what was typed, calls the API, and prints.

mod account;
mod accounts;
mod agent;
mod ask;
mod audit;
mod billing;
mod chat;
mod config;
mod console;
mod deploy;
mod diff;
mod editor;
mod follow;
mod issues;
mod jobs;
mod list;
mod members;
mod money;
mod operator;
mod portable;
mod release;
mod revisions;
mod secrets;
mod sessions;
mod tickets;
mod timeline;
mod tokens;
mod waves;

use clap::CommandFactory as _;

use crate::api::console::Side;
use crate::api::{Api, Verb};
use crate::cli::{Cli, Command, Global};
use crate::failure::Failure;
use crate::http::Http;
use crate::output::Output;
use crate::settings::Access;

/// A pause between two looks of `--watch`.
const WATCH: std::time::Duration = std::time::Duration::from_secs(2);

pub async fn run(cli: &Cli, output: &Output) -> Result<(), Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Login(args) => account::login(global, args, output).await,
        Command::Logout(args) => account::logout(global, args, output).await,
        Command::Whoami => account::whoami(&signed_in(global)?, output).await,
        Command::Deploy(args) => deploy::run(&signed_in(global)?, args, output).await,
        Command::Ls(args) => list::run(&signed_in(global)?, args, output).await,
        Command::Status(named) => agent::status(&signed_in(global)?, named, output).await,
        Command::Logs(args) => follow::logs(&signed_in(global)?, args, output).await,
        Command::Events(args) => follow::events(&signed_in(global)?, args, output).await,
        Command::Stats(args) => agent::stats(&signed_in(global)?, args, output).await,
        Command::Open(args) => agent::open(&signed_in(global)?, args, output).await,
        Command::Edit(args) => ask::edit(&signed_in(global)?, args, output).await,
        Command::Restart(args) => ask::run(&signed_in(global)?, Verb::Restart, args, output).await,
        Command::Suspend(args) => ask::run(&signed_in(global)?, Verb::Suspend, args, output).await,
        Command::Resume(args) => ask::run(&signed_in(global)?, Verb::Resume, args, output).await,
        Command::Retry(args) => ask::run(&signed_in(global)?, Verb::Retry, args, output).await,
        Command::Restore(args) => ask::run(&signed_in(global)?, Verb::Restore, args, output).await,
        Command::Rm(args) => ask::remove(&signed_in(global)?, args, output).await,
        Command::Config(command) => config::run(&signed_in(global)?, command, output).await,
        Command::Release(command) => release::run(&signed_in(global)?, command, output).await,
        Command::Revisions(named) => revisions::list(&signed_in(global)?, named, output).await,
        Command::Rollback(args) => revisions::rollback(&signed_in(global)?, args, output).await,
        Command::Secrets(command) => secrets::run(&signed_in(global)?, command, output).await,
        Command::Billing(command) => billing::run(&signed_in(global)?, command, output).await,
        Command::Tokens(command) => tokens::run(&signed_in(global)?, command, output).await,
        Command::Plans => money::plans(&Api { http: Http::new(&Access::find(global)?)? }, output).await,
        Command::Credits(args) => money::credits(&signed_in(global)?, args, output).await,
        Command::Usage(args) => money::usage(&signed_in(global)?, args, output).await,
        Command::Limits => money::limits(&signed_in(global)?, output).await,
        Command::Members(command) => members::run(&signed_in(global)?, command, output).await,
        Command::Sessions(command) => sessions::run(&signed_in(global)?, command, output).await,
        Command::Accounts(command) => accounts::run(&signed_in(global)?, global, command, output).await,
        Command::Proof(args) => agent::proof(&signed_in(global)?, args, output).await,
        Command::Chat(args) => chat::run(&signed_in(global)?, args, output).await,
        Command::Audit(args) => audit::run(&signed_in(global)?, Side::Tenant, args, output).await,
        Command::Tickets(command) => tickets::run(&signed_in(global)?, command, output).await,
        Command::Operator(command) => operator::run(&signed_in(global)?, command, output).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "vivier", &mut script);
            output.raw(&String::from_utf8_lossy(&script))
        }
    }
}

fn signed_in(global: &Global) -> Result<Api, Failure> {
    let http = Http::new(&Access::find(global)?)?;
    http.require_token()?;
    Ok(Api { http })
}
