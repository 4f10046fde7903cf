//! One role as a process of its own.

use std::fmt;

use tokio_util::sync::CancellationToken;

use crate::cli::RoleArguments;
use crate::logging;
use crate::settings::Settings;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Host,
    Edge,
    Serve,
}

impl Role {
    /// In the order in which they start; they stop in the opposite order, so that what is under way can still be finished.
    pub const ALL: [Self; 3] = [Self::Host, Self::Edge, Self::Serve];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Edge => "edge",
            Self::Serve => "serve",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Runs `role` until SIGTERM or SIGINT.
pub async fn run(role: Role, settings: Settings, arguments: RoleArguments) -> anyhow::Result<()> {
    logging::init(&settings.log.filter, settings.log.format)?;
    if arguments.supervised {
        // A supervisor that is killed takes its children along, so that the next one finds the sockets free.
        nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM)?;
    }
    let shutdown = CancellationToken::new();
    tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            if let Err(error) = signalled().await {
                tracing::error!("cannot listen for signals: {error:#}");
            }
            tracing::info!(role = role.as_str(), "stopping");
            shutdown.cancel();
        }
    });
    tracing::info!(role = role.as_str(), version = env!("CARGO_PKG_VERSION"), "starting");
    match role {
        Role::Host => vivier_host::run(settings.host, shutdown).await,
        Role::Edge => vivier_edge::run(settings.edge, shutdown).await,
        Role::Serve => vivier_server::run(settings.server, shutdown).await,
    }
}

/// Returns at the first SIGTERM or SIGINT.
pub async fn signalled() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
