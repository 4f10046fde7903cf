//! The Docker driver of the runtime contract.
//!
//! Everything is named from the deployment's id, so a repeated call finds what an earlier one (even one that was killed) has
//! made. Only containers and networks that carry this installation's label are ever touched.

mod drain;
mod events;
mod findings;
mod isolation;
mod logs;
mod network;
mod observe;
mod proof;
mod rehearsal;
mod stats;
mod stray;
mod usage;
mod workload;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::models::ContainerInspectResponse;
use vivier_core::digest::Digest;
use vivier_core::id::{DeploymentId, InstallationId};
use vivier_core::runtime::{
    BoxStream, Capacity, Drain, LogLine, LogQuery, Observation, Proof, Rehearsal, Resident, Restore, Runtime, RuntimeError, RuntimeErrorKind, Scope, Snapshot,
    Stage, Stats, WorkloadSpec,
};
use vivier_core::usage::Usage;
use vivier_core::wire::host::Image;

use crate::channels::Channels;
use crate::config::Config;
use crate::control::{self, ControlError};
use crate::firewall::{Bridge, Firewall};
use crate::layout::Layout;
use crate::release::keys::KeyFiles;
use crate::release::papers;
use crate::volumes::Quota;
use crate::{clock, delivery, fault, gateway, images, policy, snapshots, volumes};

pub const LABEL_INSTALLATION: &str = "io.vivier.installation";
pub const LABEL_DEPLOYMENT: &str = "io.vivier.deployment";
pub const LABEL_ACCOUNT: &str = "io.vivier.account";
pub const LABEL_FINGERPRINT: &str = "io.vivier.fingerprint";
/// The digest of the container's shape as this version of Vivier makes it: an older container is made anew when it is started.
pub const LABEL_SHAPE: &str = "io.vivier.shape";

/// On containers that help for a moment and are nobody's agent: what for.
pub const LABEL_ROLE: &str = "io.vivier.role";

/// How long the engine may take for anything but stopping.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection is kept before the version is negotiated again: an engine can be upgraded under us.
const RENEGOTIATE: Duration = Duration::from_secs(30);
/// How long a gateway may take to say what it makes of a new configuration (2.6 s on a quiet machine).
const RELOAD_PATIENCE: Duration = Duration::from_secs(20);
/// How long a gateway may take to take secrets anew: it restarts channels meanwhile.
const SECRETS_PATIENCE: Duration = Duration::from_secs(45);
/// After how long a gateway has surely looked at its file, when there is no other sign of it.
const SURELY_READ: Duration = Duration::from_secs(5);
/// How long a gateway may take to restart itself (11 s on a quiet machine).
const RESTART_PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks for what the engine may still be making for a host that was killed a moment ago.
const MOMENT: Duration = Duration::from_millis(150);
/// How long a container that is in the way may take to end.
const REPLACE_GRACE: u32 = 20;

/// The name of a deployment's container and of its network.
pub fn name_of(id: DeploymentId) -> String {
    format!("vivier-{id}")
}

/// The way to the engine. Made anew now and then; an engine that is down is an error of the call, never of the process.
pub struct Engine {
    socket: PathBuf,
    current: tokio::sync::Mutex<Option<(Instant, Docker)>>,
}

impl Engine {
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, current: tokio::sync::Mutex::new(None) }
    }

    /// A client that speaks the engine's version.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn get(&self) -> Result<Docker, RuntimeError> {
        let mut current = self.current.lock().await;
        if let Some((since, docker)) = current.as_ref()
            && since.elapsed() < RENEGOTIATE
        {
            return Ok(docker.clone());
        }
        *current = None;
        let unreachable = |error| classify("the engine did not answer", error);
        let docker = Docker::connect_with_unix(&self.socket.to_string_lossy(), ENGINE_TIMEOUT.as_secs(), bollard::API_DEFAULT_VERSION).map_err(unreachable)?;
        let docker = tokio::time::timeout(Duration::from_secs(10), docker.negotiate_version())
            .await
            .map_err(|_elapsed| RuntimeError::new(RuntimeErrorKind::Unreachable, "the engine did not answer in time"))?
            .map_err(unreachable)?;
        *current = Some((Instant::now(), docker.clone()));
        Ok(docker)
    }
}

/// An error of the engine, by what can be done about it. `what` is the sentence for a person.
pub(crate) fn classify(what: &str, error: EngineError) -> RuntimeError {
    let kind = if let EngineError::DockerResponseServerError { status_code, message } = &error {
        if message.contains("overlaps with other") || message.contains("networks have same bridge name") {
            RuntimeErrorKind::Conflict
        } else if message.contains("no space left on device") || message.contains("cannot allocate memory") {
            RuntimeErrorKind::Capacity
        } else {
            match status_code {
                404 => RuntimeErrorKind::NotFound,
                409 => RuntimeErrorKind::Conflict,
                _ => RuntimeErrorKind::Failed,
            }
        }
    } else {
        // No answer, or not the whole of one: nothing is known.
        RuntimeErrorKind::Unreachable
    };
    RuntimeError::new(kind, what).with_detail(error)
}

/// The driver.
#[derive(Clone)]
pub struct DockerRuntime {
    host: Arc<Host>,
}

/// What every verb works with.
pub(crate) struct Host {
    config: Config,
    layout: Layout,
    keys: KeyFiles,
    installation: InstallationId,
    engine: Engine,
    firewall: Firewall,
    quota: Quota,
    /// One verb at a time that changes a deployment.
    turns: Mutex<HashMap<DeploymentId, Arc<tokio::sync::Mutex<()>>>>,
    /// Places at the engine for what costs it most: making and removing networks, making and starting containers. Some hundred
    /// at once would all come to their end late, and the last of them too late.
    places: tokio::sync::Semaphore,
    samples: stats::Samples,
    sizes: usage::Sizes,
    channels: Channels,
}

impl DockerRuntime {
    /// Makes the directories that must be there. The engine need not run yet.
    ///
    /// # Errors
    /// When the data directory cannot be used.
    pub fn open(config: Config) -> anyhow::Result<Self> {
        let layout = Layout::open(&config.data_dir)?;
        let installation = layout.installation()?;
        let host = Host {
            engine: Engine::new(config.docker_socket.clone()),
            firewall: Firewall::new(config.nft.clone(), installation),
            quota: Quota::None,
            turns: Mutex::default(),
            places: tokio::sync::Semaphore::new(config.engine_concurrency.clamp(1, 64) as usize),
            channels: Channels::new(Duration::from_secs(config.channels_every_seconds.into())),
            samples: stats::Samples::default(),
            sizes: usage::Sizes::default(),
            keys: KeyFiles::of(&config, &layout),
            config,
            layout,
            installation,
        };
        Ok(Self { host: Arc::new(host) })
    }

    pub fn layout(&self) -> &Layout {
        &self.host.layout
    }

    pub fn installation(&self) -> InstallationId {
        self.host.installation
    }

    pub fn firewall(&self) -> &Firewall {
        &self.host.firewall
    }

    /// The images that may be started here.
    ///
    /// # Errors
    /// `Unreachable` when the engine does not answer.
    pub async fn images(&self) -> Result<Vec<Image>, RuntimeError> {
        images::known(&self.host.layout, &self.host.keys, &self.host.engine).await
    }

    /// From now on `image` is not started any more, or, without a `reason`, again. What runs goes on.
    ///
    /// # Errors
    /// `NotFound` when this host has no such release; `Refused` when the reason is none.
    pub async fn withdraw(&self, image: &Digest, reason: Option<String>) -> Result<(), RuntimeError> {
        papers::withdraw_known(&self.host.layout, image, reason.as_deref())
    }

    /// Puts the firewall's rules back for every network that is here: an operator, or another firewall's restart, may have
    /// flushed them. Repeated by the server as long as it runs.
    ///
    /// # Errors
    /// When the engine or the firewall does not answer.
    pub async fn mend(&self) -> Result<(), RuntimeError> {
        self.host.firewall.reset(self.host.doors(), false).await
    }

    /// At the start of the process, when no verb is under way: the firewall's rules are what the networks say (a reboot has
    /// lost them), and no rehearsal of an earlier process is left.
    ///
    /// # Errors
    /// When the engine or the firewall does not answer.
    pub async fn begin(&self) -> Result<(), RuntimeError> {
        self.host.firewall.reset(self.host.doors(), true).await?;
        self.host.end_rehearsals().await
    }
}

impl Host {
    /// Waits for the turn to change `id`.
    async fn turn(&self, id: DeploymentId) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|other, turn| *other == id || Arc::strong_count(turn) > 1);
            turns.entry(id).or_default().clone()
        };
        turn.lock_owned().await
    }

    fn bridge(&self, id: DeploymentId) -> Bridge {
        Bridge::of(self.installation, id)
    }

    /// A container of ours, by name or id. One of the same name without our label is not ours, and not there.
    async fn find(&self, docker: &Docker, container: &str) -> Result<Option<ContainerInspectResponse>, RuntimeError> {
        match docker.inspect_container(container, None).await {
            Ok(found) => Ok(Some(found).filter(|found| self.is_ours(found))),
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(classify("the container could not be looked at", error)),
        }
    }

    fn is_ours(&self, container: &ContainerInspectResponse) -> bool {
        label(container, LABEL_INSTALLATION) == Some(self.installation.to_string().as_str())
    }

    /// Nothing may be writing to the data.
    async fn must_rest(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        let docker = self.engine.get().await?;
        match self.find(&docker, &name_of(id)).await?.filter(observe::runs) {
            Some(_) => Err(RuntimeError::new(RuntimeErrorKind::Conflict, "the agent is running: its data cannot be copied or put back; stop it first")),
            None => Ok(()),
        }
    }

    /// Work on the disk that blocks.
    async fn on_disk<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Layout) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, RuntimeError> {
        let layout = self.layout.clone();
        let done = tokio::task::spawn_blocking(move || work(&layout)).await;
        done.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(|error| {
            if error.kind() == std::io::ErrorKind::StorageFull {
                // In its own words: they say what is missing.
                RuntimeError::new(RuntimeErrorKind::Capacity, error.to_string())
            } else if error.kind() == std::io::ErrorKind::NotFound {
                RuntimeError::new(RuntimeErrorKind::NotFound, format!("{what}: there is none")).with_detail(error)
            } else {
                disk(what, error)
            }
        })
    }

    /// The first two stages, without the policy.
    async fn deliver(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        let id = spec.deployment;
        delivery::write_secrets(&self.layout, id, &spec.secrets, self.config.secrets_bytes)?;
        delivery::write_config(&self.layout, id, &spec.config).map_err(|error| disk("the configuration could not be delivered", error))
    }

    async fn reload(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        let id = spec.deployment;
        let docker = self.engine.get().await?;
        let container = self.find(&docker, &name_of(id)).await?.filter(observe::runs);
        let Some(container) = container else {
            return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "the agent is not running, so there is nothing to reload; start it"));
        };
        let Some(address) = observe::address(&container, id) else {
            return Err(RuntimeError::new(RuntimeErrorKind::Failed, "the agent has no address on its network; restart it"));
        };
        self.reload_secrets(spec, address).await?;
        let failed = |error| disk("the configuration could not be delivered", error);
        let delivered = delivery::config(&self.layout, id).map_err(failed)?;
        if delivered.as_ref() == Some(&spec.config_digest()) {
            return Ok(());
        }
        // The gateway answers from what it last read: only another fingerprint than this one is about the new file.
        let before = gateway::taken(address).await.ok().map(|(file, _)| file);
        let moved = delivery::begin_reload(&self.layout, id, &spec.config).map_err(failed)?;
        match self.wait_until_taken(address, before.filter(|_| moved)).await? {
            None => delivery::settle(&self.layout, id).map_err(failed),
            Some(issues) => {
                delivery::put_back(&self.layout, id).map_err(failed)?;
                Err(RuntimeError::new(RuntimeErrorKind::Rejected, format!("OpenClaw refuses the configuration: {}", issues.join("; "))))
            }
        }
    }

    /// Delivers changed secrets, and has the gateway take them: it restarts the channels whose tokens have changed, and goes back by
    /// itself when one of them does not start.
    async fn reload_secrets(&self, spec: &WorkloadSpec, gateway: std::net::SocketAddr) -> Result<(), RuntimeError> {
        let id = spec.deployment;
        let failed = |error| disk("the changed secrets could not be delivered", error);
        if delivery::secrets(&self.layout, id).map_err(failed)? == Some(spec.secrets.version) {
            return Ok(());
        }
        delivery::begin_secrets_reload(&self.layout, id, &spec.secrets)?;
        match control::call(gateway, "secrets.reload", serde_json::json!({}), SECRETS_PATIENCE).await {
            Ok(_) => delivery::settle_secrets(&self.layout, id, spec.secrets.version).map_err(failed),
            Err(ControlError::Refused(words)) => {
                delivery::put_back_secrets(&self.layout, id).map_err(failed)?;
                Err(RuntimeError::new(RuntimeErrorKind::Rejected, format!("OpenClaw refuses the changed secrets, and works with those from before: {words}")))
            }
            // It may have taken them: the next try says so again.
            Err(error @ (ControlError::Timeout | ControlError::Broken(_))) => {
                let message = "the agent did not take the changed secrets in time; it will be tried again";
                Err(RuntimeError::new(RuntimeErrorKind::Failed, message).with_detail(error))
            }
        }
    }

    /// Waits until the gateway runs with the file before it. `Some` with OpenClaw's own words when it refuses it. `before` is the
    /// fingerprint of the file before; without one the gateway is given a while to read whatever lies there.
    async fn wait_until_taken(&self, gateway: std::net::SocketAddr, before: Option<String>) -> Result<Option<Vec<String>>, RuntimeError> {
        let began = Instant::now();
        for (restart, patience) in [(false, RELOAD_PATIENCE), (true, RESTART_PATIENCE)] {
            if restart {
                tracing::info!(%gateway, "no sign of the new configuration: asking the gateway to restart itself");
                if let Err(error) = gateway::rpc(gateway, "gateway.restart.request", serde_json::json!({})).await {
                    tracing::info!(%gateway, "the gateway did not answer the request to restart: {error}");
                }
            }
            let end = Instant::now() + patience;
            while Instant::now() < end {
                // No answer: it is restarting itself, perhaps.
                if let Ok((file, taken)) = gateway::taken(gateway).await {
                    let has_read = before.as_ref().map_or_else(|| began.elapsed() >= SURELY_READ, |before| *before != file);
                    match taken {
                        gateway::Taken::Yes if has_read && gateway::started(gateway).await => return Ok(None),
                        gateway::Taken::Refused(issues) if has_read => return Ok(Some(issues)),
                        gateway::Taken::Yes | gateway::Taken::Refused(_) | gateway::Taken::NotYet => {}
                    }
                }
                tokio::time::sleep(MOMENT).await;
            }
        }
        Err(RuntimeError::new(RuntimeErrorKind::Failed, "the agent did not take the new configuration in time; it will be tried again"))
    }
}

fn label<'a>(container: &'a ContainerInspectResponse, name: &str) -> Option<&'a str> {
    container.config.as_ref()?.labels.as_ref()?.get(name).map(String::as_str)
}

pub(crate) fn disk(what: &str, error: std::io::Error) -> RuntimeError {
    let kind = if error.kind() == std::io::ErrorKind::StorageFull { RuntimeErrorKind::Capacity } else { RuntimeErrorKind::Failed };
    RuntimeError::new(kind, format!("{what}; the operator can look at the host's disk")).with_detail(error)
}

#[async_trait::async_trait]
impl Runtime for DockerRuntime {
    async fn observe(&self, id: DeploymentId) -> Result<Observation, RuntimeError> {
        self.host.observe(id).await
    }

    async fn inventory(&self) -> Result<Vec<Resident>, RuntimeError> {
        self.host.inventory().await
    }

    async fn apply(&self, spec: &WorkloadSpec, stage: Stage) -> Result<(), RuntimeError> {
        policy::check(spec, stage, &self.host.config)?;
        // Before anything is made: what cannot be started is not prepared either.
        let docker = self.host.engine.get().await?;
        images::verify(&self.host.layout, &self.host.keys, &docker, &spec.image).await?;
        let _turn = self.host.turn(spec.deployment).await;
        self.host.prepare(&docker, spec).await?;
        if stage >= Stage::Config {
            self.host.deliver(spec).await?;
        }
        if stage >= Stage::Workload {
            self.host.run(&docker, spec).await?;
        }
        Ok(())
    }

    async fn reload(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        policy::check(spec, Stage::Config, &self.host.config)?;
        let _turn = self.host.turn(spec.deployment).await;
        self.host.reload(spec).await
    }

    async fn prove(&self, spec: &WorkloadSpec) -> Result<Proof, RuntimeError> {
        self.host.prove(spec).await
    }

    async fn rehearse(&self, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Rehearsal, RuntimeError> {
        policy::check(spec, Stage::Workload, &self.host.config)?;
        let docker = self.host.engine.get().await?;
        images::verify(&self.host.layout, &self.host.keys, &docker, &spec.image).await?;
        let _turn = self.host.turn(spec.deployment).await;
        self.host.rehearse(&docker, spec, snapshot).await
    }

    async fn snapshot(&self, id: DeploymentId, number: u64) -> Result<Snapshot, RuntimeError> {
        let _turn = self.host.turn(id).await;
        self.host.must_rest(id).await?;
        self.host.on_disk("the data could not be copied", move |layout| snapshots::take(layout, id, number, clock::now())).await
    }

    async fn room(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        let room = self.host.on_disk("the data could not be measured", move |layout| snapshots::room(layout, id)).await?;
        if room.fits {
            return Ok(());
        }
        let message = format!(
            "a copy of the data needs {} MB, and the host's disk has {} MB left; the operator can make room",
            room.needed.div_ceil(1 << 20),
            room.free >> 20
        );
        Err(RuntimeError::new(RuntimeErrorKind::Capacity, message))
    }

    async fn restore(&self, id: DeploymentId, restore: Restore) -> Result<(), RuntimeError> {
        let _turn = self.host.turn(id).await;
        self.host.must_rest(id).await?;
        let Restore { snapshot, revision } = restore;
        self.host.on_disk("the data could not be put back", move |layout| snapshots::restore(layout, id, snapshot, revision)).await?;
        // Without waiting: it takes a file system long to remove much, and nobody is answered meanwhile.
        let layout = self.host.layout.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = snapshots::discard_former(&layout, id) {
                tracing::warn!(deployment = %id, "failed to remove the data from before a restoration; the next one tries again: {error}");
            }
        });
        Ok(())
    }

    async fn forget(&self, id: DeploymentId, number: u64) -> Result<(), RuntimeError> {
        let _turn = self.host.turn(id).await;
        self.host.on_disk("an old copy of the data could not be removed", move |layout| snapshots::forget(layout, id, number)).await
    }

    async fn drain(&self, id: DeploymentId) -> Result<Drain, RuntimeError> {
        let _turn = self.host.turn(id).await;
        self.host.drain(&self.host.engine.get().await?, id).await
    }

    async fn undrain(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        let _turn = self.host.turn(id).await;
        self.host.undrain(&self.host.engine.get().await?, id).await
    }

    async fn stop(&self, id: DeploymentId, grace_seconds: u32) -> Result<(), RuntimeError> {
        let _turn = self.host.turn(id).await;
        let docker = self.host.engine.get().await?;
        match self.host.find(&docker, &name_of(id)).await? {
            Some(found) => self.host.halt(&docker, found.id.as_deref().unwrap_or_default(), grace_seconds).await,
            None => Ok(()),
        }
    }

    async fn remove(&self, id: DeploymentId, scope: Scope) -> Result<(), RuntimeError> {
        let _turn = self.host.turn(id).await;
        let host = &self.host;
        let docker = host.engine.get().await?;
        host.remove_container(&docker, &name_of(id), REPLACE_GRACE).await?;
        host.remove_container(&docker, &rehearsal::name_of_rehearsal(id), 0).await?;
        host.remove_network(&docker, id).await?;
        host.firewall.close(&host.bridge(id)).await?;
        delivery::remove(&host.layout, id).map_err(|error| disk("what was delivered could not be removed", error))?;
        match scope {
            Scope::Workload => Ok(()),
            Scope::Everything => {
                let layout = host.layout.clone();
                let removed = tokio::task::spawn_blocking(move || volumes::remove(&layout, id)).await;
                removed.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(|error| disk("the data could not be removed", error))?;
                fault::point("removed");
                Ok(())
            }
        }
    }

    async fn quarantine(&self, container: &str) -> Result<(), RuntimeError> {
        self.host.quarantine(container).await
    }

    async fn discard(&self, container: &str) -> Result<(), RuntimeError> {
        self.host.discard(container).await
    }

    async fn logs(&self, id: DeploymentId, query: LogQuery) -> Result<BoxStream<Result<LogLine, RuntimeError>>, RuntimeError> {
        self.host.logs(id, query).await
    }

    async fn stats(&self, id: DeploymentId) -> Result<Stats, RuntimeError> {
        self.host.stats(id).await
    }

    async fn usage(&self, id: DeploymentId) -> Result<Usage, RuntimeError> {
        self.host.usage(id).await
    }

    async fn capacity(&self) -> Result<Capacity, RuntimeError> {
        self.host.capacity().await
    }

    async fn events(&self) -> Result<BoxStream<DeploymentId>, RuntimeError> {
        events::of(self.host.clone()).await
    }
}
