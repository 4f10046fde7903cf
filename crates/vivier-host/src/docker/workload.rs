//! Containers: how they are made, started, replaced and stopped. The one place that decides their shape.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigCgroupnsModeEnum,
    HostConfigLogConfig, Mount, MountBindOptions, MountBindOptionsPropagationEnum, MountType, NetworkingConfig, ResourcesUlimits,
};
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, StopContainerOptionsBuilder};
use vivier_core::agent;
use vivier_core::digest::Digest;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind, WorkloadSpec};

use super::{Host, LABEL_ACCOUNT, LABEL_DEPLOYMENT, LABEL_FINGERPRINT, LABEL_INSTALLATION, LABEL_SHAPE, classify, disk, label, name_of};
use crate::{fault, volumes};

/// The system calls that a container may make. Docker 20.10's own profile lets `io_uring_*` and AF_VSOCK through, so ours is
/// an allow-list of what Node, git and a shell need.
const SECCOMP: &str = include_str!("seccomp.json");

/// The environment variable in which the image's start script finds Node's flags.
const NODE_FLAGS: &str = "VIVIER_NODE_FLAGS";
/// The scheduler period that CPU limits are given over, in microseconds.
pub(super) const CPU_PERIOD: i64 = 100_000;

/// [`SECCOMP`] as the engine is given it: compact, as Docker's own command line does.
fn seccomp() -> String {
    serde_json::from_str::<serde_json::Value>(SECCOMP).expect("the profile in the source is JSON; a test starts containers with it").to_string()
}

/// What is mounted from the host: source, target, read-only.
pub(super) type Bind = (String, &'static str, bool);

/// The mounts of the agent's container.
pub(super) fn binds(host: &Host, id: DeploymentId) -> [Bind; 3] {
    mounts(&host.layout.state(id), &host.layout.config_dir(id), &host.layout.secrets_dir(id))
}

/// The mounts that OpenClaw works with, wherever they lie.
pub(super) fn mounts(state: &Path, config: &Path, secrets: &Path) -> [Bind; 3] {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    [(path(state), agent::STATE_DIR, false), (path(config), agent::CONFIG_DIR, true), (path(secrets), agent::SECRETS_DIR, true)]
}

/// The limits and the sealing that every container of ours has, whatever it runs.
fn sealed(host: &Host, spec: &WorkloadSpec, binds: &[Bind]) -> HostConfig {
    let memory = i64::try_from(spec.limits.memory_bytes).unwrap_or(i64::MAX);
    let mount = |(source, target, read_only): &Bind| Mount {
        typ: Some(MountType::BIND),
        source: Some(source.clone()),
        target: Some((*target).to_owned()),
        read_only: Some(*read_only),
        bind_options: Some(MountBindOptions { propagation: Some(MountBindOptionsPropagationEnum::RPRIVATE), ..MountBindOptions::default() }),
        ..Mount::default()
    };
    HostConfig {
        mounts: Some(binds.iter().map(mount).collect()),
        tmpfs: Some(HashMap::from([("/tmp".to_owned(), format!("rw,noexec,nosuid,nodev,mode=1777,size={}", host.config.tmp_bytes))])),
        readonly_rootfs: Some(true),
        privileged: Some(false),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned(), format!("seccomp={}", seccomp())]),
        memory: Some(memory),
        // Equal to the memory: no swap.
        memory_swap: Some(memory),
        cpu_period: Some(CPU_PERIOD),
        cpu_quota: Some(i64::from(spec.limits.cpu_millis) * CPU_PERIOD / 1_000),
        pids_limit: Some(i64::from(spec.limits.pids)),
        // The host's own processes outlive the agents when memory runs out.
        oom_score_adj: Some(300),
        // No core dumps: they would hold secrets. (A limit on open files would fail where the engine's own is lower.)
        ulimits: Some(vec![ResourcesUlimits { name: Some("core".to_owned()), soft: Some(0), hard: Some(0) }]),
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        shm_size: Some(16 * 1024 * 1024),
        // The container's own loopback, where nothing answers: Docker's resolver forwards there instead of to the host's servers.
        dns: Some(vec!["127.0.0.1".to_owned()]),
        dns_options: Some(vec!["timeout:1".to_owned(), "attempts:1".to_owned()]),
        dns_search: Some(vec![".".to_owned()]),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([
                ("max-size".to_owned(), host.config.log_file_bytes.to_string()),
                ("max-file".to_owned(), host.config.log_files.max(1).to_string()),
            ])),
        }),
        ..HostConfig::default()
    }
}

/// A container that runs `spec` on these mounts, in this network: the agent's, and whatever tries something for it.
pub(super) fn sealed_container(host: &Host, spec: &WorkloadSpec, binds: &[Bind], network: String) -> ContainerCreateBody {
    let mut env: Vec<String> = spec.env.iter().map(|(key, value)| format!("{key}={value}")).collect();
    env.push(format!("{NODE_FLAGS}={}", spec.node_flags.join(" ")));
    ContainerCreateBody {
        image: Some(spec.image.to_string()),
        // Stable, because OpenClaw's state lease blocks a start under another host name for 300 s.
        hostname: Some(spec.hostname()),
        user: Some(format!("{0}:{0}", agent::UID)),
        env: Some(env),
        host_config: Some(HostConfig { network_mode: Some(network), ..sealed(host, spec, binds) }),
        ..ContainerCreateBody::default()
    }
}

/// The agent's container.
pub(super) fn body(host: &Host, spec: &WorkloadSpec) -> ContainerCreateBody {
    let id = spec.deployment;
    let network = name_of(id);
    let endpoint = EndpointSettings {
        ipam_config: Some(EndpointIpamConfig { ipv4_address: Some(spec.subnet.agent().to_string()), ..EndpointIpamConfig::default() }),
        ..EndpointSettings::default()
    };
    let mut body = sealed_container(host, spec, &binds(host, id), network.clone());
    body.networking_config = Some(NetworkingConfig { endpoints_config: Some(HashMap::from([(network, endpoint)])) });
    // Of what has been said so far. Not the labels: they say which deployment it is, not how it is sealed.
    let shape = Digest::of_json(&serde_json::to_value(&body).unwrap_or_default());
    body.labels = Some(HashMap::from([
        (LABEL_INSTALLATION.to_owned(), host.installation.to_string()),
        (LABEL_DEPLOYMENT.to_owned(), id.to_string()),
        (LABEL_ACCOUNT.to_owned(), spec.account.to_string()),
        (LABEL_FINGERPRINT.to_owned(), spec.fingerprint().to_string()),
        (LABEL_SHAPE.to_owned(), shape.to_string()),
    ]));
    body
}

fn status(container: &ContainerInspectResponse) -> ContainerStateStatusEnum {
    container.state.as_ref().and_then(|state| state.status).unwrap_or(ContainerStateStatusEnum::EMPTY)
}

impl Host {
    /// Storage: volume and network.
    pub(super) async fn prepare(&self, docker: &Docker, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        let volume = volumes::ensure(&self.layout, spec.deployment).and_then(|()| match agent::needs_plugins(&spec.config) {
            true => volumes::link_plugins(&self.layout.state(spec.deployment)),
            false => Ok(()),
        });
        volume.map_err(|error| disk("the agent's storage could not be made", error))?;
        self.ensure_network(docker, spec).await
    }

    /// Brings the container to run what `spec` says.
    pub(super) async fn run(&self, docker: &Docker, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        let name = name_of(spec.deployment);
        let body = body(self, spec);
        let wanted = |name: &str| body.labels.as_ref().and_then(|labels| labels.get(name)).map(String::as_str);
        let mut tries = 0;
        let created = loop {
            if let Some(found) = self.find(docker, &name).await? {
                let container = found.id.clone().unwrap_or_default();
                let same = label(&found, LABEL_FINGERPRINT) == wanted(LABEL_FINGERPRINT);
                let same_shape = label(&found, LABEL_SHAPE) == wanted(LABEL_SHAPE);
                match status(&found) {
                    ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::RESTARTING if same => return Ok(()),
                    ContainerStateStatusEnum::PAUSED if same => {
                        return docker.unpause_container(&container).await.map_err(|error| classify("the agent could not be woken", error));
                    }
                    ContainerStateStatusEnum::CREATED | ContainerStateStatusEnum::EXITED if same && same_shape => return self.start(docker, &container).await,
                    ContainerStateStatusEnum::EMPTY
                    | ContainerStateStatusEnum::CREATED
                    | ContainerStateStatusEnum::RUNNING
                    | ContainerStateStatusEnum::PAUSED
                    | ContainerStateStatusEnum::RESTARTING
                    | ContainerStateStatusEnum::EXITED
                    | ContainerStateStatusEnum::REMOVING
                    | ContainerStateStatusEnum::DEAD
                    | ContainerStateStatusEnum::STOPPING => self.remove_container(docker, &container, super::REPLACE_GRACE).await?,
                }
            }
            match self.create(docker, &name, body.clone(), "the agent's container could not be made").await {
                // The engine may still be making it for a host that was killed a moment ago: look again.
                Err(error) if error.kind == RuntimeErrorKind::Conflict && tries < 5 => tries += 1,
                created => break created?,
            }
            tokio::time::sleep(super::MOMENT).await;
        };
        fault::point("container.create");
        self.start(docker, &created).await
    }

    /// Creates a container and gives the engine's id of it.
    pub(super) async fn create(&self, docker: &Docker, name: &str, body: ContainerCreateBody, what: &str) -> Result<String, RuntimeError> {
        let _place = self.place().await?;
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        match docker.create_container(Some(options), body).await {
            Ok(created) => Ok(created.id),
            Err(error) => Err(match classify(what, error) {
                // Something it needs has gone since we looked; the next try sees it.
                gone if gone.kind == RuntimeErrorKind::NotFound => RuntimeError { kind: RuntimeErrorKind::Failed, ..gone },
                other => other,
            }),
        }
    }

    pub(super) async fn start(&self, docker: &Docker, container: &str) -> Result<(), RuntimeError> {
        let _place = self.place().await?;
        docker.start_container(container, None).await.map_err(|error| classify("the agent's container could not be started", error))?;
        fault::point("container.start");
        Ok(())
    }

    pub(super) async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, RuntimeError> {
        self.places.acquire().await.map_err(|closed| RuntimeError::new(RuntimeErrorKind::Unreachable, "the host is shutting down").with_detail(closed))
    }

    /// Stops a container and waits for it.
    pub(super) async fn halt(&self, docker: &Docker, container: &str, grace_seconds: u32) -> Result<(), RuntimeError> {
        let patient = docker.clone().with_timeout(Duration::from_secs(u64::from(grace_seconds) + 60));
        let options = StopContainerOptionsBuilder::default().t(i32::try_from(grace_seconds).unwrap_or(i32::MAX)).build();
        match patient.stop_container(container, Some(options)).await {
            // 304: it has stopped already.
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 304 | 404, .. }) => {}
            Err(error) => return Err(classify("the agent's container could not be stopped", error)),
        }
        fault::point("container.stop");
        Ok(())
    }

    /// Stops and removes a container of ours, by name or id. None, or one that is not ours: nothing to do.
    pub(super) async fn remove_container(&self, docker: &Docker, container: &str, grace_seconds: u32) -> Result<(), RuntimeError> {
        let Some(found) = self.find(docker, container).await? else { return Ok(()) };
        let id = found.id.clone().unwrap_or_default();
        if super::observe::runs(&found) {
            self.halt(docker, &id, grace_seconds).await?;
        }
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match docker.remove_container(&id, Some(options)).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {}
            // "removal … is already in progress": wait until it is gone.
            Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => {
                let gone = async {
                    while self.find(docker, &id).await?.is_some() {
                        tokio::time::sleep(Duration::from_millis(50)).await
                    }
                    Ok(())
                };
                let in_time = tokio::time::timeout(Duration::from_secs(20), gone).await;
                in_time.unwrap_or_else(|_elapsed| Err(RuntimeError::new(RuntimeErrorKind::Failed, "the engine does not finish removing a container")))?;
            }
            Err(error) => return Err(classify("the agent's container could not be removed", error)),
        }
        fault::point("container.remove");
        Ok(())
    }
}
