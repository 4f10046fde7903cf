//! Looking: one deployment, all of them, and the host itself. A look changes nothing and caches nothing that could lie.

use std::net::{IpAddr, SocketAddr};

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum};
use vivier_core::agent::GATEWAY_PORT;
use vivier_core::digest::Digest;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{Capacity, Container, ContainerPhase, Observation, Restore, RuntimeError};

use super::{Host, LABEL_FINGERPRINT, classify, disk, label, name_of};
use crate::{clock, delivery, gateway, snapshots, volumes};

/// The most lines of a dead container's log that are shown.
pub(super) const LAST_LINES: usize = 20;

/// The container has a process.
pub(super) fn runs(container: &ContainerInspectResponse) -> bool {
    container.state.as_ref().is_some_and(|state| state.running == Some(true) || state.paused == Some(true) || state.restarting == Some(true))
}

/// Where the gateway listens, while the container is on its network.
pub(super) fn address(container: &ContainerInspectResponse, id: DeploymentId) -> Option<SocketAddr> {
    let networks = container.network_settings.as_ref()?.networks.as_ref()?;
    let address: IpAddr = networks.get(&name_of(id))?.ip_address.as_deref()?.parse().ok()?;
    Some(SocketAddr::new(address, GATEWAY_PORT))
}

/// The image that a container was made from.
pub(super) fn image(container: &ContainerInspectResponse) -> Digest {
    // Text that is no digest can only differ from every digest that anyone wants.
    container.image.as_deref().and_then(|text| text.parse().ok()).unwrap_or_else(|| Digest::of(container.image.as_deref().unwrap_or_default()))
}

impl Host {
    pub(super) async fn observe(&self, id: DeploymentId) -> Result<Observation, RuntimeError> {
        let docker = self.engine.get().await?;
        let name = name_of(id);
        let (container, network) = tokio::try_join!(self.find(&docker, &name), self.network(&docker, id))?;
        let network = match network.filter(|seen| seen.sound).and_then(|seen| seen.subnet) {
            Some(subnet) if self.firewall.holds(&self.bridge(id), subnet).await? => Some(subnet),
            Some(_) | None => None,
        };
        let container = match container {
            Some(found) => Some(self.describe(&docker, id, &found).await?),
            None => {
                self.channels.forget(id);
                None
            }
        };
        let failed = |error| disk("the host's disk could not be looked at", error);
        Ok(Observation {
            deployment: id,
            at: clock::now(),
            data: volumes::exists(&self.layout, id).map_err(failed)?,
            network,
            config: delivery::config(&self.layout, id).map_err(failed)?,
            secrets: delivery::secrets(&self.layout, id).map_err(failed)?,
            snapshots: snapshots::list(&self.layout, id).map_err(failed)?,
            restored: snapshots::restored(&self.layout, id).map_err(failed)?.map(|(snapshot, revision)| Restore { snapshot, revision }),
            container,
        })
    }

    async fn describe(&self, docker: &bollard::Docker, id: DeploymentId, found: &ContainerInspectResponse) -> Result<Container, RuntimeError> {
        let state = found.state.clone().unwrap_or_default();
        let container = found.id.clone().unwrap_or_default();
        let started_at = clock::parse(state.started_at.as_deref());
        let running = runs(found);
        let address = if running { address(found, id) } else { None };
        let phase = if running {
            let health = match address {
                Some(address) if state.paused != Some(true) => {
                    let mut health = gateway::health(address).await;
                    let now = clock::now();
                    self.channels.add_to(&mut health, id, address, (container.clone(), started_at.unwrap_or(now)), now).await;
                    health
                }
                Some(_) | None => vivier_core::runtime::Health::default(),
            };
            ContainerPhase::Running { started_at: started_at.unwrap_or_else(clock::now), health }
        } else if state.status == Some(ContainerStateStatusEnum::CREATED) || started_at.is_none() {
            ContainerPhase::Created
        } else {
            ContainerPhase::Exited {
                finished_at: clock::parse(state.finished_at.as_deref()).unwrap_or_else(clock::now),
                exit_code: state.exit_code.unwrap_or(-1),
                out_of_memory: state.oom_killed == Some(true),
                last_lines: self.last_lines(docker, &container).await?,
            }
        };
        let fingerprint = label(found, LABEL_FINGERPRINT).and_then(|text| text.parse().ok()).unwrap_or_else(|| Digest::of("no fingerprint"));
        Ok(Container { id: container, image: image(found), fingerprint, phase, address })
    }

    pub(super) async fn capacity(&self) -> Result<Capacity, RuntimeError> {
        let docker = self.engine.get().await?;
        let info = docker.info().await.map_err(|error| classify("the engine could not be asked", error))?;
        let running = self.containers(&docker).await?.iter().filter(|found| found.running).count();
        let memory = std::fs::read_to_string("/proc/meminfo").map_err(|error| disk("the host's memory could not be read", error))?;
        let disk_space = nix::sys::statvfs::statvfs(self.layout.root()).map_err(|error| disk("the host's disk could not be measured", error.into()))?;
        let block = disk_space.fragment_size();
        let mut warnings: Vec<String> = self.quota.warning().into_iter().map(str::to_owned).collect();
        if info.memory_limit == Some(false) {
            warnings.push("The engine cannot limit memory: enable the memory cgroup.".to_owned());
        }
        if info.swap_limit == Some(false) && std::fs::read_to_string("/proc/swaps").is_ok_and(|text| text.lines().count() > 1) {
            warnings.push("Swap cannot be limited per agent on this host, and it has swap: boot with swapaccount=1 or turn swap off.".to_owned());
        }
        let options = info.security_options.unwrap_or_default();
        if !options.iter().any(|option| option.contains("apparmor") || option.contains("selinux")) {
            warnings.push("The kernel has neither AppArmor nor SELinux: agents are sealed by namespaces, capabilities and seccomp only.".to_owned());
        }
        if !options.iter().any(|option| option.contains("seccomp")) {
            warnings.push("The engine has no seccomp: no agent will be proven on this host.".to_owned());
        }
        if let Err(error) = self.firewall.gateways().await {
            warnings.push(error.message);
        }
        match delivery::is_tmpfs(&self.layout.secrets_root()) {
            Ok(true) => {}
            Ok(false) => {
                if let Err(error) = delivery::mount_secrets(&self.layout, self.config.secrets_bytes) {
                    warnings.push(error.message);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => warnings.push(format!("The secrets directory could not be looked at: {error}.")),
        }
        Ok(Capacity {
            at: clock::now(),
            driver: "docker".to_owned(),
            engine_version: info.server_version.unwrap_or_default(),
            cpus: info.ncpu.and_then(|count| u64::try_from(count).ok()).unwrap_or_default(),
            memory_total_bytes: meminfo(&memory, "MemTotal"),
            memory_available_bytes: meminfo(&memory, "MemAvailable"),
            disk_total_bytes: disk_space.blocks() * block,
            disk_available_bytes: disk_space.blocks_available() * block,
            containers_running: u64::try_from(running).unwrap_or_default(),
            warnings,
        })
    }
}

/// One line of `/proc/meminfo`, in bytes.
fn meminfo(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "MemTotal:       24680 kB\nMemFree:        1 kB\nMemAvailable:   20000 kB\n";
        assert_eq!((meminfo(text, "MemTotal"), meminfo(text, "MemAvailable"), meminfo(text, "Mem")), (24680 * 1024, 20000 * 1024, 0));
    }
}
