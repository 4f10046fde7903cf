//! `vivier`: the command line for people and programs that use a Vivier installation.
//!
//! It knows the wire types of `vivier-core` and HTTP, and nothing else: no database, no Docker, no server code. Whatever it
//! does, another program can do with the same API.
//!
//! - stdout carries the answer (text for people, JSON with `--json`), stderr carries progress, questions and errors.
//! - Secrets are read from a terminal, a file or stdin, never from the command line.

mod api;
mod cli;
mod commands;
mod dns;
mod failure;
mod http;
mod output;
mod prompt;
mod settings;
mod sse;
mod target;
mod text;

use std::process::ExitCode;

use clap::Parser as _;

use self::cli::Cli;
use self::failure::Failure;
use self::output::Output;

fn main() -> ExitCode {
    // Before the first TLS configuration is made; a second call would only say that one is installed already.
    let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    let output = Output::new(cli.global.json);
    match run(&cli, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: &Cli, output: &Output) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::failed("The command could not start.").note(error))?;
    runtime.block_on(async {
        tokio::select! {
            done = commands::run(cli, output) => done,
            // A person who stops following or waiting has what they wanted: nothing has failed.
            interrupted = tokio::signal::ctrl_c() => match interrupted {
                Ok(()) => {
                    output.interrupted();
                    Err(Failure::interrupted(cli.ends_cleanly_on_interrupt()))
                }
                Err(error) => Err(Failure::failed("Ctrl-C cannot be listened to.").note(error)),
            },
        }
    })
}
