//! What an agent has used so far: its cgroup's counters, its network's, and what its data takes on the disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use vivier_core::id::DeploymentId;
use vivier_core::runtime::RuntimeError;
use vivier_core::usage::{Counters, Usage};

use super::stats::{Cgroup, network};
use super::{Host, disk, name_of, observe};
use crate::{clock, snapshots};

/// A walk through a large tree takes seconds of disk time: its size is measured this often at most.
const SIZE_AGE: Duration = Duration::from_secs(15 * 60);

/// The last measured size of each agent's data.
#[derive(Default)]
pub(super) struct Sizes(Mutex<HashMap<DeploymentId, (Instant, Option<u64>)>>);

impl Host {
    pub(super) async fn usage(&self, id: DeploymentId) -> Result<Usage, RuntimeError> {
        let docker = self.engine.get().await?;
        let found = self.find(&docker, &name_of(id)).await?.filter(observe::runs);
        let counters = found.and_then(|found| {
            let pid = found.state.as_ref().and_then(|state| state.pid)?;
            let started_at = clock::parse(found.state.as_ref().and_then(|state| state.started_at.as_deref()))?;
            // A process that ends while it is read is not running any more: there is nothing to count.
            let cgroup = Cgroup::of(pid).ok()?;
            let (received_bytes, sent_bytes) = network(&std::fs::read_to_string(format!("/proc/{pid}/net/dev")).ok()?);
            let (cpu_micros, memory_bytes) = (cgroup.cpu_now().ok()?, cgroup.memory_now().ok()?);
            Some(Counters { container: found.id?, started_at, cpu_micros, memory_bytes, received_bytes, sent_bytes })
        });
        Ok(Usage { counters, storage_bytes: self.size(id).await? })
    }

    async fn size(&self, id: DeploymentId) -> Result<Option<u64>, RuntimeError> {
        let there = self.layout.state(id).exists();
        let known = self.sizes.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        match known {
            Some((at, Some(size))) if there && at.elapsed() < SIZE_AGE => return Ok(Some(size)),
            Some(_) | None => {}
        }
        let layout = self.layout.clone();
        let measured = tokio::task::spawn_blocking(move || snapshots::size(&layout, id)).await;
        let size = match measured {
            Ok(size) => size.map_err(|error| disk("the agent's data could not be measured", error))?,
            Err(error) => return Err(disk("the agent's data could not be measured", std::io::Error::other(error))),
        };
        let mut sizes = self.sizes.0.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.retain(|_, (at, _)| at.elapsed() < SIZE_AGE * 4);
        sizes.insert(id, (Instant::now(), size));
        Ok(size)
    }
}
