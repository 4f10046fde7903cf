//! The proof: what was asked for, read back from the engine, from the kernel's own files about the container's processes, and
//! by trying the network from inside. Nothing is taken for granted because we asked for it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use bollard::models::{ContainerInspectResponse, HostConfig};
use vivier_core::agent::{self, DOOR_PORT};
use vivier_core::digest::Digest;
use vivier_core::runtime::{Check, Proof, RuntimeError, RuntimeErrorKind, WorkloadSpec};

use super::isolation::{self, Reach};
use super::stats::Cgroup;
use super::workload;
use super::{Host, LABEL_FINGERPRINT, LABEL_SHAPE, classify, disk, label, name_of, observe};
use crate::{clock, leaks};

/// What the engine itself mounts in every container.
const ENGINES_OWN: &[&str] = &["/proc", "/dev", "/sys", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts"];
/// Ports of the host that no agent may reach, whether anyone listens there or not: ssh, the engine's API, the edge, the door's neighbour.
const FORBIDDEN_PORTS: [u16; 4] = [22, 2375, 8080, DOOR_PORT + 1];

impl Host {
    pub(super) async fn prove(&self, spec: &WorkloadSpec) -> Result<Proof, RuntimeError> {
        let id = spec.deployment;
        let docker = self.engine.get().await?;
        let not_running = || RuntimeError::new(RuntimeErrorKind::NotFound, "the agent is not running, so there is nothing to prove");
        let found = self.find(&docker, &name_of(id)).await?.filter(observe::runs).ok_or_else(not_running)?;
        let state = found.state.clone().unwrap_or_default();
        let pid = state.pid.unwrap_or_default();
        let mut checks = what_the_engine_says(self, spec, &found);

        let gone = |error: std::io::Error| not_running().with_detail(error);
        checks.extend(what_the_kernel_says(self, spec, pid).map_err(gone)?);
        let info = async { docker.info().await.map_err(|error| classify("the engine could not be asked", error)) };
        let tried = async { self.try_the_network(spec, pid).await.map_err(gone) };
        let bridge = self.bridge(id);
        let (info, network, differences, tried) = tokio::try_join!(info, self.network(&docker, id), self.firewall.differences(&bridge, spec.subnet), tried)?;

        let apparmor = info.security_options.unwrap_or_default().iter().any(|option| option.contains("apparmor"));
        // Docker silently accepts AppArmor options where the kernel has none: ask for it only where it is.
        checks.push(Check::compare("apparmor", if apparmor { "docker-default" } else { "" }, found.app_armor_profile.clone().unwrap_or_default()));
        let shown = |seen: &super::network::Seen| {
            let subnet = seen.subnet.map_or_else(|| "no subnet".to_owned(), |subnet| subnet.to_string());
            format!("{subnet} {}", if seen.sound { "internal" } else { "not as made" })
        };
        checks.push(Check::compare("network", format!("{} internal", spec.subnet), network.as_ref().map_or_else(|| "none".to_owned(), shown)));
        let members = network.map(|seen| seen.members).unwrap_or_default();
        checks.push(Check::compare("network members", found.id.clone().unwrap_or_default(), members.join(" ")));
        checks.push(Check::compare("firewall", "as loaded", if differences.is_empty() { "as loaded".to_owned() } else { differences.join("; ") }));
        checks.extend(tried);
        let (config, volume, secrets) = (self.layout.config_dir(id), self.layout.state(id), spec.secrets.clone());
        let leaks = tokio::task::spawn_blocking(move || leaks::find(&config, &volume, &secrets)).await;
        let leaks = leaks.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(|error| disk("the configuration could not be read", error))?;
        checks.push(Check::compare("secrets in clear", "", leaks.join(" ")));

        // It was the same process all along.
        let again = self.find(&docker, &name_of(id)).await?.ok_or_else(not_running)?;
        let process = |container: &ContainerInspectResponse| {
            let state = container.state.clone().unwrap_or_default();
            format!("{} {}", container.id.clone().unwrap_or_default(), state.pid.unwrap_or_default())
        };
        checks.push(Check::compare("same process throughout", process(&found), process(&again)));
        Ok(Proof {
            at: clock::now(),
            container: found.id.clone().unwrap_or_default(),
            started_at: clock::parse(state.started_at.as_deref()).ok_or_else(not_running)?,
            image: observe::image(&found),
            checks,
        })
    }

    /// What the container's network can reach.
    async fn try_the_network(&self, spec: &WorkloadSpec, pid: i64) -> std::io::Result<Vec<Check>> {
        let own = IpAddr::V4(spec.subnet.gateway());
        let mut tries: Vec<(String, Reach, SocketAddr)> = vec![("isolation: door".to_owned(), Reach::Open, SocketAddr::new(own, DOOR_PORT))];
        let mut forbid = |what: &str, address: IpAddr, port: u16| {
            tries.push((format!("isolation: {what} {address}:{port}"), Reach::Closed, SocketAddr::new(address, port)));
        };
        for port in FORBIDDEN_PORTS {
            forbid("own bridge", own, port);
        }
        for address in isolation::addresses_of_host() {
            forbid("host", address, FORBIDDEN_PORTS[0]);
            forbid("host", address, DOOR_PORT);
        }
        let others = self.firewall.gateways().await.unwrap_or_default();
        for other in others.into_iter().filter(|other| *other != spec.subnet.gateway()).take(3) {
            forbid("another bridge", IpAddr::V4(other), DOOR_PORT);
            forbid("another agent", IpAddr::V4(Ipv4Addr::from(u32::from(other) + 1)), agent::GATEWAY_PORT);
        }
        forbid("metadata", IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);
        forbid("internet", IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 443);
        let addresses = tries.iter().map(|(_, _, address)| *address).collect();
        let reached = tokio::task::spawn_blocking(move || isolation::try_each(pid, addresses)).await.map_err(std::io::Error::other)??;
        Ok(tries.into_iter().zip(reached).map(|((name, expected, _), found)| Check::compare(name, expected.as_str(), found.as_str())).collect())
    }
}

/// What the engine says of the container.
fn what_the_engine_says(host: &Host, spec: &WorkloadSpec, found: &ContainerInspectResponse) -> Vec<Check> {
    let body = workload::body(host, spec);
    let wanted = body.host_config.clone().unwrap_or_default();
    let HostConfig {
        privileged,
        cap_add,
        cap_drop,
        security_opt,
        readonly_rootfs,
        network_mode,
        pid_mode,
        ipc_mode,
        uts_mode,
        userns_mode,
        devices,
        device_requests,
        device_cgroup_rules,
        port_bindings,
        publish_all_ports,
        restart_policy,
        volumes_from,
        binds,
        group_add,
        extra_hosts,
        sysctls,
        runtime,
        log_config,
        dns,
        ..
    } = found.host_config.clone().unwrap_or_default();
    let config = found.config.clone().unwrap_or_default();
    let networks: BTreeSet<String> =
        found.network_settings.iter().flat_map(|settings| settings.networks.iter().flat_map(|networks| networks.keys().cloned())).collect();
    let ports: Vec<String> = found
        .network_settings
        .iter()
        .flat_map(|settings| settings.ports.iter().flatten())
        .filter(|(_, to)| to.as_ref().is_some_and(|to| !to.is_empty()))
        .map(|(port, _)| port.clone())
        .collect();
    let options = |options: Option<Vec<String>>| {
        let mut short: Vec<String> = options
            .unwrap_or_default()
            .into_iter()
            .map(|option| option.strip_prefix("seccomp=").map_or_else(|| option.clone(), |profile| format!("seccomp={}", Digest::of(profile))))
            .collect();
        short.sort();
        short.join(" ")
    };
    let mut mounts: Vec<String> = found
        .mounts
        .iter()
        .flatten()
        .map(|mount| mounted(mount.source.as_deref().unwrap_or_default(), mount.destination.as_deref().unwrap_or_default(), mount.rw != Some(true)))
        .collect();
    mounts.sort();
    let mut expected_mounts: Vec<String> =
        workload::binds(host, spec.deployment).iter().map(|(source, target, read_only)| mounted(source, target, *read_only)).collect();
    expected_mounts.sort();
    let label_of = |name: &str| body.labels.as_ref().and_then(|labels| labels.get(name)).cloned().unwrap_or_default();
    let seen_label = |name: &str| label(found, name).unwrap_or_default().to_owned();
    let wanted_log = wanted.log_config.and_then(|log| log.config).unwrap_or_default();
    let has_log = log_config.and_then(|log| log.config).unwrap_or_default();
    vec![
        Check::compare("image", spec.image.to_string(), observe::image(found).to_string()),
        Check::compare("fingerprint", label_of(LABEL_FINGERPRINT), seen_label(LABEL_FINGERPRINT)),
        Check::compare("shape", label_of(LABEL_SHAPE), seen_label(LABEL_SHAPE)),
        Check::compare("hostname", spec.hostname(), config.hostname.unwrap_or_default()),
        Check::compare("user", format!("{0}:{0}", agent::UID), config.user.unwrap_or_default()),
        Check::compare("privileged", "no", yes(privileged)),
        Check::compare("capabilities added", "", cap_add.unwrap_or_default().join(" ")),
        Check::compare("capabilities dropped", "ALL", cap_drop.unwrap_or_default().join(" ")),
        Check::compare("security options", options(wanted.security_opt), options(security_opt)),
        Check::compare("read-only root", "yes", yes(readonly_rootfs)),
        Check::compare("network mode", name_of(spec.deployment), network_mode.unwrap_or_default()),
        Check::compare("networks", name_of(spec.deployment), networks.into_iter().collect::<Vec<_>>().join(" ")),
        Check::compare(
            "address",
            spec.subnet.agent_socket().to_string(),
            observe::address(found, spec.deployment).map(|address| address.to_string()).unwrap_or_default(),
        ),
        Check::compare("namespaces shared with the host", "", [pid_mode, uts_mode, userns_mode].into_iter().flatten().collect::<Vec<_>>().join("")),
        Check::compare("ipc", "private", ipc_mode.unwrap_or_default()),
        Check::compare(
            "devices",
            "0",
            (devices.unwrap_or_default().len() + device_requests.unwrap_or_default().len() + device_cgroup_rules.unwrap_or_default().len()).to_string(),
        ),
        Check::compare("published ports", "", ports.into_iter().chain(port_bindings.unwrap_or_default().into_keys()).collect::<Vec<_>>().join(" ")),
        Check::compare("published at random", "no", yes(publish_all_ports)),
        Check::compare(
            "restarts by the engine",
            "",
            restart_policy.and_then(|policy| policy.name).map(|name| name.to_string()).filter(|name| name != "no").unwrap_or_default(),
        ),
        Check::compare("other mounts", "", volumes_from.into_iter().chain(binds).flatten().collect::<Vec<_>>().join(" ")),
        Check::compare("mounts of the engine", expected_mounts.join(" "), mounts.join(" ")),
        Check::compare("groups added", "", group_add.unwrap_or_default().join(" ")),
        Check::compare("hosts added", "", extra_hosts.unwrap_or_default().join(" ")),
        Check::compare("kernel settings", "0", sysctls.unwrap_or_default().len().to_string()),
        Check::compare("dns", "127.0.0.1", dns.unwrap_or_default().join(" ")),
        Check::compare("runtime", "runc", runtime.filter(|name| !name.is_empty()).unwrap_or_else(|| "runc".to_owned())),
        Check::compare("log rotation", sorted(wanted_log), sorted(has_log)),
    ]
}

/// What the kernel says of the container's processes.
fn what_the_kernel_says(host: &Host, spec: &WorkloadSpec, pid: i64) -> std::io::Result<Vec<Check>> {
    let cgroup = Cgroup::of(pid)?;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for process in cgroup.processes()? {
        match std::fs::read_to_string(format!("/proc/{process}/status")) {
            Ok(status) => seen.insert(privileges(&status)),
            // It has ended since the list was made.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound || error.raw_os_error() == Some(nix::libc::ESRCH) => continue,
            Err(error) => return Err(error),
        };
    }
    let found = seen.into_iter().collect::<Vec<_>>().join(" and ");
    let zero = "0000000000000000";
    let expected = format!(
        "CapInh={zero} CapPrm={zero} CapEff={zero} CapBnd={zero} CapAmb={zero} NoNewPrivs=1 Seccomp=2 Uid=1000,1000,1000,1000 Gid=1000,1000,1000,1000 Groups={}",
        groups(pid)?
    );
    let limits = &spec.limits;
    let or = |value: std::io::Result<String>| value.unwrap_or_else(|error| format!("unknown ({error})"));
    let (root, mounts) = mounts(&std::fs::read_to_string(format!("/proc/{pid}/mountinfo"))?);
    let mut wanted: Vec<String> =
        workload::binds(host, spec.deployment).iter().map(|(_, target, read_only)| format!("{target} {}", if *read_only { "ro" } else { "rw" })).collect();
    wanted.push("/tmp rw,noexec,nosuid,nodev".to_owned());
    wanted.sort();
    let own = |namespace: &str| -> std::io::Result<bool> {
        Ok(std::fs::read_link(format!("/proc/{pid}/ns/{namespace}"))? != std::fs::read_link(format!("/proc/self/ns/{namespace}"))?)
    };
    let shared: Vec<&str> = ["mnt", "pid", "net", "ipc", "uts"].into_iter().filter(|namespace| !own(namespace).unwrap_or(false)).collect();
    let secrets = host.layout.secrets_dir(spec.deployment);
    Ok(vec![
        Check::compare("privileges of every process", expected, found),
        Check::compare("memory limit", limits.memory_bytes.to_string(), or(cgroup.memory_limit())),
        Check::compare("swap", "0", or(cgroup.swap())),
        Check::compare("cpu limit", limits.cpu_millis.to_string(), or(cgroup.cpu_limit())),
        Check::compare("process limit", limits.pids.to_string(), or(cgroup.pids_limit())),
        Check::compare("root file system", "ro", root),
        Check::compare("mounts", wanted.join(" | "), mounts.join(" | ")),
        Check::compare("namespaces of its own", "", shared.join(" ")),
        Check::compare("secrets in memory", "yes", yes(Some(on_tmpfs(&secrets)))),
    ])
}

/// Supplementary groups: none, or the user's own (engines differ). Anything else does not equal this.
fn groups(pid: i64) -> std::io::Result<&'static str> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(if line(&status, "Groups").is_empty() { "" } else { "1000" })
}

fn privileges(status: &str) -> String {
    let names = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Uid", "Gid", "Groups"];
    names.map(|name| format!("{name}={}", line(status, name))).join(" ")
}

fn line(status: &str, name: &str) -> String {
    let found = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or("absent");
    found.split_whitespace().collect::<Vec<_>>().join(",")
}

/// Of a `mountinfo`: whether the root is writable, and every mount that is not the engine's own, with what may be done there.
fn mounts(text: &str) -> (String, Vec<String>) {
    let (mut root, mut found) = ("absent".to_owned(), Vec::new());
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let (Some(target), Some(options)) = (fields.get(4), fields.get(5)) else { continue };
        let options: Vec<&str> = options.split(',').collect();
        if *target == "/" {
            root = if options.contains(&"ro") { "ro".to_owned() } else { "rw".to_owned() };
        } else if !ENGINES_OWN.iter().any(|own| Path::new(target).starts_with(own)) {
            let shown: &[&str] = if *target == "/tmp" { &["ro", "rw", "noexec", "nosuid", "nodev"] } else { &["ro", "rw"] };
            let told: Vec<&str> = shown.iter().copied().filter(|option| options.contains(option)).collect();
            found.push(format!("{target} {}", told.join(",")));
        }
    }
    found.sort();
    (root, found)
}

fn on_tmpfs(path: &Path) -> bool {
    nix::sys::statfs::statfs(path).is_ok_and(|found| found.filesystem_type() == nix::sys::statfs::TMPFS_MAGIC)
}

fn mounted(source: &str, target: &str, read_only: bool) -> String {
    format!("{source}:{target}:{}", if read_only { "ro" } else { "rw" })
}

fn sorted(config: std::collections::HashMap<String, String>) -> String {
    let mut all: Vec<String> = config.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    all.sort();
    all.join(" ")
}

fn yes(value: Option<bool>) -> &'static str {
    if value == Some(true) { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_that_is_not_the_engines_own_is_seen() {
        let text = "1 0 0:1 / / ro,relatime - overlay overlay rw\n2 1 0:2 / /proc rw - proc proc rw\n3 1 0:3 / /tmp rw,nosuid,nodev,noexec - tmpfs tmpfs rw\n\
                    4 1 8:1 /x /etc/openclaw ro,relatime - ext4 /dev/x rw\n5 1 8:1 / /host rw - ext4 /dev/x rw\n6 1 0:4 / /proc/kcore ro - tmpfs tmpfs ro\n7 1 0:5 / /sysx rw - x x rw\n";
        let (root, found) = mounts(text);
        assert_eq!(root, "ro");
        assert_eq!(found, ["/etc/openclaw ro", "/host rw", "/sysx rw", "/tmp rw,noexec,nosuid,nodev"]);
    }
}
