//! CPU and memory now, read from the container's cgroup files (version 1 and 2), not through the engine: its own answer takes
//! one to two seconds each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use vivier_core::id::DeploymentId;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind, Stats};

use super::{Host, name_of, observe};
use crate::clock;

/// Between two readings of the CPU's clock.
const SPAN: Duration = Duration::from_secs(1);
/// A reading older than this is not compared with any more.
const STALE: Duration = Duration::from_secs(10);

/// The last reading of each container's CPU time, in microseconds.
#[derive(Default)]
pub(super) struct Samples(Mutex<HashMap<String, (Instant, u64)>>);

/// The cgroup of one process.
pub(super) struct Cgroup {
    version: Version,
}

enum Version {
    /// One folder for each controller.
    One {
        memory: PathBuf,
        cpu: PathBuf,
        cpuacct: PathBuf,
        pids: PathBuf,
    },
    Two(PathBuf),
}

impl Cgroup {
    /// # Errors
    /// When the process is gone.
    pub(super) fn of(pid: i64) -> std::io::Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
        let root = Path::new("/sys/fs/cgroup");
        let folder = |controller: &str| {
            text.lines().find_map(|line| {
                let mut parts = line.splitn(3, ':').skip(1);
                let names = parts.next()?;
                names.split(',').any(|name| name == controller).then(|| root.join(names).join(parts.next().unwrap_or_default().trim_start_matches('/')))
            })
        };
        if let (Some(memory), Some(cpu), Some(cpuacct), Some(pids)) = (folder("memory"), folder("cpu"), folder("cpuacct"), folder("pids")) {
            return Ok(Self { version: Version::One { memory, cpu, cpuacct, pids } });
        }
        let path = text.lines().find_map(|line| line.strip_prefix("0::/")).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?;
        Ok(Self { version: Version::Two(root.join(path)) })
    }

    /// The limit of memory, in bytes.
    pub(super) fn memory_limit(&self) -> std::io::Result<String> {
        match &self.version {
            Version::One { memory, .. } => read(&memory.join("memory.limit_in_bytes")),
            Version::Two(path) => read(&path.join("memory.max")),
        }
    }

    /// How much swap there is beside the memory: `0`, a number, or `max`.
    pub(super) fn swap(&self) -> std::io::Result<String> {
        let none = || std::fs::read_to_string("/proc/swaps").is_ok_and(|text| text.lines().count() <= 1);
        let found = match &self.version {
            Version::One { memory, .. } => read(&memory.join("memory.memsw.limit_in_bytes")).map(|both| {
                let beside = both.parse::<u64>().ok().zip(self.memory_limit().ok().and_then(|text| text.parse::<u64>().ok()));
                beside.map_or(both, |(both, memory)| both.saturating_sub(memory).to_string())
            }),
            Version::Two(path) => read(&path.join("memory.swap.max")),
        };
        match found {
            // The kernel does not count swap: harmless as long as there is none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && none() => Ok("0".to_owned()),
            other => other,
        }
    }

    /// The CPU limit, in thousandths of a core.
    pub(super) fn cpu_limit(&self) -> std::io::Result<String> {
        let (quota, period) = match &self.version {
            Version::One { cpu, .. } => (read(&cpu.join("cpu.cfs_quota_us"))?, read(&cpu.join("cpu.cfs_period_us"))?),
            Version::Two(path) => {
                let both = read(&path.join("cpu.max"))?;
                let (quota, period) = both.split_once(' ').unwrap_or((&both, ""));
                (quota.to_owned(), period.to_owned())
            }
        };
        Ok(match (quota.parse::<u64>(), period.parse::<u64>()) {
            (Ok(quota), Ok(period)) if period > 0 => (quota * 1_000 / period).to_string(),
            _ => "max".to_owned(),
        })
    }

    pub(super) fn pids_limit(&self) -> std::io::Result<String> {
        read(&self.pids().join("pids.max"))
    }

    /// Every process in it.
    pub(super) fn processes(&self) -> std::io::Result<Vec<i64>> {
        Ok(read(&self.pids().join("cgroup.procs"))?.lines().filter_map(|line| line.parse().ok()).collect())
    }

    fn pids(&self) -> &Path {
        match &self.version {
            Version::One { pids, .. } => pids,
            Version::Two(path) => path,
        }
    }

    fn pids_now(&self) -> std::io::Result<u64> {
        number(&read(&self.pids().join("pids.current"))?)
    }

    /// Bytes in use, without the page cache that can be dropped.
    pub(super) fn memory_now(&self) -> std::io::Result<u64> {
        let (used, stat, cache) = match &self.version {
            Version::One { memory, .. } => (read(&memory.join("memory.usage_in_bytes"))?, read(&memory.join("memory.stat"))?, "total_inactive_file"),
            Version::Two(path) => (read(&path.join("memory.current"))?, read(&path.join("memory.stat"))?, "inactive_file"),
        };
        Ok(number(&used)?.saturating_sub(field(&stat, cache)))
    }

    /// CPU time so far, in microseconds.
    pub(super) fn cpu_now(&self) -> std::io::Result<u64> {
        match &self.version {
            Version::One { cpuacct, .. } => Ok(number(&read(&cpuacct.join("cpuacct.usage"))?)? / 1_000),
            Version::Two(path) => Ok(field(&read(&path.join("cpu.stat"))?, "usage_usec")),
        }
    }
}

impl Host {
    pub(super) async fn stats(&self, id: DeploymentId) -> Result<Stats, RuntimeError> {
        let docker = self.engine.get().await?;
        let not_running = || RuntimeError::new(RuntimeErrorKind::NotFound, "the agent is not running, so there is nothing to measure");
        let found = self.find(&docker, &name_of(id)).await?.filter(observe::runs).ok_or_else(not_running)?;
        let pid = found.state.and_then(|state| state.pid).unwrap_or_default();
        // A process that ends while it is measured is not running any more.
        let gone = |error: std::io::Error| not_running().with_detail(error);
        let cgroup = Cgroup::of(pid).map_err(gone)?;
        let container = found.id.unwrap_or_default();
        let now = (Instant::now(), cgroup.cpu_now().map_err(gone)?);
        let before = self.samples.0.lock().unwrap_or_else(PoisonError::into_inner).get(&container).copied();
        let ((first_at, first), (last_at, last)) = match before {
            Some(before) if before.0.elapsed() >= SPAN / 2 && before.0.elapsed() < STALE => (before, now),
            Some(_) | None => {
                tokio::time::sleep(SPAN).await;
                (now, (Instant::now(), cgroup.cpu_now().map_err(gone)?))
            }
        };
        {
            let mut samples = self.samples.0.lock().unwrap_or_else(PoisonError::into_inner);
            samples.retain(|_, (at, _)| at.elapsed() < STALE);
            samples.insert(container, (last_at, last));
        }
        let micros = u64::try_from(last_at.duration_since(first_at).as_micros()).unwrap_or(u64::MAX).max(1);
        let (received, sent) = network(&std::fs::read_to_string(format!("/proc/{pid}/net/dev")).map_err(gone)?);
        Ok(Stats {
            at: clock::now(),
            cpu_millis: last.saturating_sub(first) * 1_000 / micros,
            cpu_limit_millis: cgroup.cpu_limit().map_err(gone)?.parse().unwrap_or_default(),
            memory_bytes: cgroup.memory_now().map_err(gone)?,
            memory_limit_bytes: cgroup.memory_limit().map_err(gone)?.parse().unwrap_or(u64::MAX),
            pids: cgroup.pids_now().map_err(gone)?,
            network_received_bytes: received,
            network_sent_bytes: sent,
        })
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    Ok(std::fs::read_to_string(path)?.trim().to_owned())
}

fn number(text: &str) -> std::io::Result<u64> {
    text.parse().map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))
}

/// One line of `memory.stat` or `cpu.stat`.
fn field(text: &str, name: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok()).unwrap_or_default()
}

/// Bytes received and sent, without loopback.
pub(super) fn network(text: &str) -> (u64, u64) {
    let devices = text.lines().filter_map(|line| line.split_once(':')).filter(|(name, _)| name.trim() != "lo");
    devices.fold((0, 0), |(received, sent), (_, numbers)| {
        let numbers: Vec<u64> = numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        (received + numbers.first().copied().unwrap_or_default(), sent + numbers.get(8).copied().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        assert_eq!(field("usage_usec 17\nuser_usec 3", "usage_usec"), 17);
        let table = "Inter-|   Receive\n face |bytes\n    lo: 9 0 0 0 0 0 0 0 9 0\n  eth0: 100 1 0 0 0 0 0 0 200 2 0 0\n";
        assert_eq!(network(table), (100, 200));
    }
}
