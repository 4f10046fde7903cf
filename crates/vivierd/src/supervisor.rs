//! `vivierd up`: three children of the same binary, kept alive.
//!
//! A child that ends is started again, sooner or later by how often it has ended; the others never notice. Ctrl-C stops all
//! three in the order serve, edge, host, and no agent: those belong to the container engine, and the next `up` finds them.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context as _;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::logging;
use crate::role::{Role, signalled};
use crate::settings::Settings;

/// A child may take this long to finish what it has begun (a request may take 10 s) before it is killed.
const GRACE: Duration = Duration::from_secs(20);
/// A child that has run this long is well again: the next end counts as the first.
const WELL_AFTER: Duration = Duration::from_secs(30);

/// Runs everything until SIGTERM or SIGINT.
pub async fn up(settings: Settings, forwarded: &[OsString]) -> anyhow::Result<()> {
    anyhow::ensure!(
        nix::unistd::geteuid().is_root(),
        "`vivierd up` needs root: its host mounts, sets firewall rules and speaks to the Docker engine. Run it with sudo; `make up` does so by itself"
    );
    logging::init(&settings.log.filter, settings.log.format)?;
    let _lock = lock(&settings.data_dir)?;
    let listener = settings.edge_listen();
    // Before anything starts: three children that fail in turn explain a taken port badly.
    drop(std::net::TcpListener::bind(listener).with_context(|| format!("cannot listen on {listener}; stop what uses it, or choose another with --listen"))?);

    // Asked once: when the file is replaced while we run, the system would name a deleted one. A role that starts again then
    // starts as the new version.
    let binary = std::env::current_exe().context("cannot find this program's own file")?;
    let mut stops = Vec::new();
    for role in Role::ALL {
        let stop = CancellationToken::new();
        let keeper = tokio::spawn(keep(role, binary.clone(), forwarded.to_vec(), stop.clone()));
        stops.push((role, stop, keeper));
    }
    let greeter = tokio::spawn(greet(settings.clone()));
    signalled().await?;
    eprintln!("\nStopping Vivier; agents keep running. The next `vivierd up` finds them again.");
    greeter.abort();
    for (role, stop, keeper) in stops.into_iter().rev() {
        stop.cancel();
        keeper.await.with_context(|| format!("the keeper of {role} failed"))?;
    }
    Ok(())
}

/// One `up` per data directory; the lock goes with the process, however it ends.
fn lock(data_dir: &Path) -> anyhow::Result<Flock<File>> {
    let run = data_dir.join("run");
    std::fs::create_dir_all(&run).with_context(|| format!("cannot make {}", run.display()))?;
    let path = run.join("up.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, _)| {
        anyhow::anyhow!("another `vivierd up` runs with the data directory {}; stop it, or choose another with --data-dir", data_dir.display())
    })
}

/// Keeps one child alive until `stop`.
async fn keep(role: Role, binary: PathBuf, forwarded: Vec<OsString>, stop: CancellationToken) {
    let mut ends: u32 = 0;
    while !stop.is_cancelled() {
        let began = Instant::now();
        let ended = match spawn(role, &binary, &forwarded) {
            Ok(mut child) => tokio::select! {
                status = child.wait() => status.map(describe).unwrap_or_else(|error| error.to_string()),
                () = stop.cancelled() => return end(role, child).await,
            },
            Err(error) => format!("{error:#}"),
        };
        ends = if began.elapsed() >= WELL_AFTER { 1 } else { ends.saturating_add(1) };
        let pause = Duration::from_millis(200 * 2u64.pow(ends.min(6) - 1)).min(Duration::from_secs(5));
        tracing::error!(role = role.as_str(), ended, pause_ms = pause.as_millis(), "a role has ended; starting it again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn spawn(role: Role, binary: &Path, forwarded: &[OsString]) -> anyhow::Result<Child> {
    let mut command = std::process::Command::new(binary);
    // A process group of its own: Ctrl-C reaches the supervisor alone, which then stops the children in order.
    command.arg(role.as_str()).arg("--supervised").args(forwarded).process_group(0);
    // What a password hash took (19 MB) goes back to the system at once instead of staying with the allocator.
    command.env("MIMALLOC_PURGE_DELAY", "0");
    Command::from(command).kill_on_drop(true).spawn().with_context(|| format!("cannot start {role}"))
}

async fn end(role: Role, mut child: Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(error) = kill(pid, Signal::SIGTERM)
    {
        tracing::warn!(role = role.as_str(), "cannot be told to stop: {error}");
    }
    match tokio::time::timeout(GRACE, child.wait()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::warn!(role = role.as_str(), ended = describe(status), "did not stop cleanly"),
        Ok(Err(error)) => tracing::warn!(role = role.as_str(), "cannot be waited for: {error}"),
        Err(_) => {
            tracing::warn!(role = role.as_str(), grace_s = GRACE.as_secs(), "did not stop in time; killing it");
            if let Err(error) = child.kill().await {
                tracing::warn!(role = role.as_str(), "cannot be killed: {error}");
            }
        }
    }
}

fn describe(status: ExitStatus) -> String {
    status.to_string()
}

/// Waits until the dashboard answers, then says where it is, with the one-time link while there is no operator.
async fn greet(settings: Settings) {
    let link = settings.data_dir.join("run/setup-link");
    let address = settings.edge_listen();
    let mut waited = Duration::ZERO;
    let pause = Duration::from_millis(100);
    while !answers(address, &settings.public_host()).await {
        tokio::time::sleep(pause).await;
        waited += pause;
        if waited.as_secs() == 60 {
            tracing::warn!("the dashboard has not answered for a minute; the lines above say why");
        }
    }
    eprintln!("\n  Vivier is up.\n  Dashboard:  {}", settings.public_url);
    match tokio::fs::read_to_string(&link).await {
        Ok(text) => eprintln!("  First operator (works once):  {}", text.trim()),
        // There is an operator already.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(path = %link.display(), "cannot read the first operator's link: {error}"),
    }
    eprintln!("  Ctrl-C stops Vivier; agents keep running.\n");
}

async fn answers(address: std::net::SocketAddr, host: &str) -> bool {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(reachable(address)).await?;
        stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let mut head = [0u8; 12];
        stream.read_exact(&mut head).await?;
        std::io::Result::Ok(&head == b"HTTP/1.1 200")
    };
    matches!(tokio::time::timeout(Duration::from_secs(2), ask).await, Ok(Ok(true)))
}

/// Where a listener on every address can be reached from this machine.
fn reachable(address: std::net::SocketAddr) -> std::net::SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
