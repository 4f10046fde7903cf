//! The contract, verb by verb.

use crate::digest::Digest;
use crate::id::DeploymentId;
use crate::runtime::{
    BoxStream, Capacity, Check, Container, ContainerPhase, Drain, Health, LogLine, LogQuery, Observation, Proof, Rehearsal, Resident, Restore, Runtime,
    RuntimeError, RuntimeErrorKind, Scope, Snapshot, Stage, Stats, WorkloadSpec,
};

use crate::usage::{Counters, Usage};

use super::feed::Feed;
use super::world::{Cell, FakeContainer};
use super::{Behaviour, FakeRuntime, LOG_LINES};

#[async_trait::async_trait]
impl Runtime for FakeRuntime {
    async fn observe(&self, id: DeploymentId) -> Result<Observation, RuntimeError> {
        let mut world = self.check_up()?;
        let now = (self.clock)();
        let default = world.default_for(id);
        let mut nothing = Cell::default();
        let cell = world.cells.get_mut(&id).unwrap_or(&mut nothing);
        cell.age(now, &default);
        let behaviour = cell.behaviour.clone().unwrap_or(default);
        let container = cell.container.as_ref().map(|container| Container {
            id: container.id.clone(),
            image: container.image.clone(),
            fingerprint: container.fingerprint.clone(),
            address: (container.runs()).then_some(container.address),
            phase: match (&container.exited, container.started_at) {
                (Some((finished_at, exit_code, out_of_memory, last_lines)), _) => {
                    ContainerPhase::Exited { finished_at: *finished_at, exit_code: *exit_code, out_of_memory: *out_of_memory, last_lines: last_lines.clone() }
                }
                (None, None) => ContainerPhase::Created,
                (None, Some(started_at)) => {
                    let started = !behaviour.never_starts && now.millis_since(started_at) >= behaviour.starts_after_ms;
                    let failing = behaviour.failing.iter().chain(behaviour.cut_off.keys()).cloned().collect();
                    let health = Health { started, ready: started && behaviour.failing.is_empty(), failing, reasons: behaviour.cut_off.clone() };
                    ContainerPhase::Running { started_at, health }
                }
            },
        });
        Ok(Observation {
            deployment: id,
            at: now,
            data: cell.data,
            network: cell.network,
            config: cell.config.as_ref().map(Digest::of_json),
            secrets: cell.secrets,
            snapshots: cell.snapshots.values().map(|(snapshot, _)| snapshot.clone()).collect(),
            restored: cell.restored,
            container,
        })
    }

    async fn inventory(&self) -> Result<Vec<Resident>, RuntimeError> {
        let world = self.check_up()?;
        let owned = world.cells.iter().filter(|(_, cell)| cell.data || cell.network.is_some() || cell.container.is_some()).map(|(id, cell)| Resident {
            deployment: Some(*id),
            container: cell.container.as_ref().map(|container| container.id.clone()),
            name: cell.container.as_ref().map(|_| format!("vivier-{id}")),
            running: cell.container.as_ref().is_some_and(|container| container.runs()),
            quarantined_at: None,
        });
        let strays = world.strays.iter().map(|(container, (running, quarantined_at))| Resident {
            deployment: None,
            container: Some(container.clone()),
            name: Some(container.clone()),
            running: *running,
            quarantined_at: *quarantined_at,
        });
        Ok(owned.chain(strays).collect())
    }

    async fn apply(&self, spec: &WorkloadSpec, stage: Stage) -> Result<(), RuntimeError> {
        let id = spec.deployment;
        self.verb(|world, now| {
            if stage == Stage::Workload && !world.images.contains(&spec.image) {
                return Err(RuntimeError::new(RuntimeErrorKind::Image, "the image is not on this host; build it with `vivierd release build`"));
            }
            if world.cells.iter().any(|(other, cell)| *other != id && cell.network == Some(spec.subnet)) {
                return Err(RuntimeError::new(RuntimeErrorKind::Conflict, format!("the subnet {} is in use", spec.subnet)));
            }
            let cell = world.cells.entry(id).or_default();
            if !cell.data {
                cell.data = true;
                if Self::effect(world, id, "data") {
                    return Ok(None);
                }
            }
            let cell = world.cells.entry(id).or_default();
            if cell.network != Some(spec.subnet) {
                cell.network = Some(spec.subnet);
                if Self::effect(world, id, "network") {
                    return Ok(None);
                }
            }
            if stage == Stage::Storage {
                return Ok(Some(()));
            }
            let cell = world.cells.entry(id).or_default();
            if cell.secrets != Some(spec.secrets.version) {
                cell.secrets = Some(spec.secrets.version);
                if Self::effect(world, id, "secrets") {
                    return Ok(None);
                }
            }
            let cell = world.cells.entry(id).or_default();
            if cell.config.as_ref() != Some(&spec.config) {
                cell.config = Some(spec.config.clone());
                if Self::effect(world, id, "config") {
                    return Ok(None);
                }
            }
            if stage == Stage::Config {
                return Ok(Some(()));
            }
            let fingerprint = spec.fingerprint();
            let cell = world.cells.entry(id).or_default();
            let other = cell.container.as_ref().is_some_and(|container| container.fingerprint != fingerprint);
            if other {
                cell.container = None;
                if Self::effect(world, id, "removed") {
                    return Ok(None);
                }
            }
            if world.cells.entry(id).or_default().container.is_none() {
                world.containers_made += 1;
                let container = FakeContainer {
                    id: format!("fake-{}-{id}", world.containers_made),
                    image: spec.image.clone(),
                    fingerprint,
                    account: spec.account,
                    started_at: None,
                    exited: None,
                    address: spec.subnet.agent_socket(),
                    limits: spec.limits,
                    draining: None,
                };
                world.cells.entry(id).or_default().container = Some(container);
                if Self::effect(world, id, "container") {
                    return Ok(None);
                }
            }
            let default = world.default_for(id);
            let cell = world.cells.entry(id).or_default();
            let behaviour = cell.behaviour.clone().unwrap_or(default);
            let refusal = cell.config.as_ref().and_then(|config| behaviour.rejects.as_ref().and_then(|rejects| rejects(config)));
            let newer = behaviour.refuses_data.as_ref() == Some(&cell.text);
            let refusal = refusal.or_else(|| newer.then(|| "its data, which is newer than this build".to_owned()));
            let Some(container) = cell.container.as_mut() else { return Ok(Some(())) };
            if container.started_at.is_none() || container.exited.is_some() {
                container.started_at = Some(now);
                cell.used.clone_from(&spec.secrets.values);
                if let Some(text) = behaviour.writes {
                    cell.text = text;
                }
                // A gateway that refuses its configuration ends before anybody can look.
                container.exited = refusal.map(|reason| (now, 78, false, vec![format!("Invalid config at {reason}")]));
                let said = if container.exited.is_none() { "gateway ready" } else { "gateway refused its configuration" };
                cell.write(now, "info", said);
                if Self::effect(world, id, "started") {
                    return Ok(None);
                }
            }
            world.tell(id);
            Ok(Some(()))
        })
        .await
    }

    async fn reload(&self, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        let id = spec.deployment;
        self.verb(|world, now| {
            let default = world.default_for(id);
            let Some(cell) = world.cells.get_mut(&id).filter(|cell| cell.container.is_some()) else {
                return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "there is no container to reload"));
            };
            let behaviour = cell.behaviour.clone().unwrap_or(default);
            if let Some(reason) = behaviour.rejects.as_ref().and_then(|rejects| rejects(&spec.config)) {
                cell.write(now, "warn", &format!("config reload skipped (invalid config): {reason}"));
                return Err(RuntimeError::new(RuntimeErrorKind::Rejected, format!("OpenClaw refused the configuration: {reason}")));
            }
            let secrets = cell.secrets != Some(spec.secrets.version);
            if secrets && behaviour.rejects_secrets {
                cell.write(now, "warn", "secrets.reload failed");
                return Err(RuntimeError::new(RuntimeErrorKind::Rejected, "OpenClaw refuses the changed secrets: secrets.reload failed"));
            }
            if secrets {
                cell.secrets = Some(spec.secrets.version);
                cell.used.clone_from(&spec.secrets.values);
                cell.write(now, "info", "secrets reloaded");
                if Self::effect(world, id, "secrets reload") {
                    return Ok(None);
                }
            }
            let Some(cell) = world.cells.get_mut(&id).filter(|cell| cell.config.as_ref() != Some(&spec.config)) else { return Ok(Some(())) };
            cell.config = Some(spec.config.clone());
            cell.write(now, "info", "config hot reload applied");
            Ok((!Self::effect(world, id, "reload")).then_some(()))
        })
        .await
    }

    async fn prove(&self, spec: &WorkloadSpec) -> Result<Proof, RuntimeError> {
        self.verb(|world, now| {
            let default = world.default_for(spec.deployment);
            let cell = world.cells.get(&spec.deployment);
            let Some((cell, container)) = cell.and_then(|cell| cell.container.as_ref().map(|container| (cell, container))) else {
                return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "there is no container to prove"));
            };
            let Some(started_at) = container.started_at.filter(|_| container.exited.is_none()) else {
                return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "the container does not run"));
            };
            let Behaviour { unsealed, leaks, .. } = cell.behaviour.clone().unwrap_or(default);
            let checks = vec![
                Check::compare("image", spec.image.to_string(), container.image.to_string()),
                Check::compare("account", spec.account.to_string(), container.account.to_string()),
                Check::compare("memory", spec.limits.memory_bytes.to_string(), container.limits.memory_bytes.to_string()),
                Check::compare("seal", "whole", unsealed.unwrap_or_else(|| "whole".to_owned())),
                Check::compare("secrets in clear", "", leaks.unwrap_or_default()),
            ];
            Ok(Some(Proof { at: now, container: container.id.clone(), started_at, image: container.image.clone(), checks }))
        })
        .await
    }

    async fn snapshot(&self, id: DeploymentId, number: u64) -> Result<Snapshot, RuntimeError> {
        self.verb(|world, now| {
            world.fits()?;
            let cell = world.at_rest(id)?;
            let made = Snapshot { number, taken_at: now, bytes: cell.text.len() as u64, took_ms: 0, method: crate::runtime::CopyMethod::Reflink };
            let (snapshot, fresh) = match cell.snapshots.get(&number) {
                Some((snapshot, _)) => (snapshot.clone(), false),
                None => {
                    cell.snapshots.insert(number, (made.clone(), cell.text.clone()));
                    (made, true)
                }
            };
            Ok((!(fresh && Self::effect(world, id, "snapshot"))).then_some(snapshot))
        })
        .await
    }

    async fn rehearse(&self, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Rehearsal, RuntimeError> {
        self.verb(|world, _| {
            let id = spec.deployment;
            let of_image = world.of_images.get(&spec.image).unwrap_or(&world.behaviour);
            let cell = world.cells.get(&id).filter(|cell| cell.data);
            let cell = cell.ok_or_else(|| RuntimeError::new(RuntimeErrorKind::NotFound, "there is no data to rehearse with"))?;
            let behaviour = cell.behaviour.as_ref().unwrap_or(of_image);
            let text = match snapshot {
                Some(number) => &cell.kept(number)?.1,
                None => &cell.text,
            };
            let refused = behaviour.rejects.as_ref().and_then(|rejects| rejects(&spec.config));
            let fell = behaviour.fails_rehearsals.then(|| "the gateway did not start on a copy of the data".to_owned());
            let newer = (behaviour.refuses_data.as_ref() == Some(text)).then(|| "its data is newer than this build".to_owned());
            let findings: Vec<String> = refused.into_iter().chain(fell).chain(newer).collect();
            Ok((!Self::effect(world, id, "rehearsed")).then_some(Rehearsal { passed: findings.is_empty(), findings }))
        })
        .await
    }

    async fn room(&self, _id: DeploymentId) -> Result<(), RuntimeError> {
        self.verb(|world, _| world.fits().map(Some)).await
    }

    async fn drain(&self, id: DeploymentId) -> Result<Drain, RuntimeError> {
        self.verb(|world, now| {
            let default = world.default_for(id);
            let Some(cell) = world.cells.get_mut(&id) else { return Ok(Some(Drain::Idle)) };
            let busy_ms = cell.behaviour.as_ref().unwrap_or(&default).busy_ms;
            let Some(container) = cell.container.as_mut().filter(|container| container.runs()) else { return Ok(Some(Drain::Idle)) };
            let since = *container.draining.get_or_insert(now);
            let works = now.millis_since(since) < busy_ms;
            Ok(Some(if works { Drain::Working { what: "1 active request".to_owned() } } else { Drain::Idle }))
        })
        .await
    }

    async fn undrain(&self, id: DeploymentId) -> Result<(), RuntimeError> {
        self.verb(|world, _| {
            if let Some(container) = world.cells.get_mut(&id).and_then(|cell| cell.container.as_mut()) {
                container.draining = None;
            }
            Ok(Some(()))
        })
        .await
    }

    async fn restore(&self, id: DeploymentId, restore: Restore) -> Result<(), RuntimeError> {
        self.verb(|world, _| {
            let cell = world.at_rest(id)?;
            if cell.restored == Some(restore) {
                return Ok(Some(()));
            }
            cell.text = cell.kept(restore.snapshot)?.1.clone();
            cell.restored = Some(restore);
            Ok((!Self::effect(world, id, "restored")).then_some(()))
        })
        .await
    }

    async fn forget(&self, id: DeploymentId, number: u64) -> Result<(), RuntimeError> {
        self.verb(|world, _| {
            let gone = world.cells.get_mut(&id).is_some_and(|cell| cell.snapshots.remove(&number).is_some());
            Ok((!(gone && Self::effect(world, id, "forgotten"))).then_some(()))
        })
        .await
    }

    async fn stop(&self, id: DeploymentId, _grace_seconds: u32) -> Result<(), RuntimeError> {
        self.verb(|world, now| {
            let running = world.cells.get_mut(&id).and_then(|cell| cell.container.as_mut()).filter(|container| container.runs());
            let Some(container) = running else { return Ok(Some(())) };
            container.exited = Some((now, 0, false, vec!["shutdown completed cleanly".to_owned()]));
            world.tell(id);
            Ok((!Self::effect(world, id, "stopped")).then_some(()))
        })
        .await
    }

    async fn remove(&self, id: DeploymentId, scope: Scope) -> Result<(), RuntimeError> {
        self.verb(|world, _| {
            let Some(cell) = world.cells.get_mut(&id) else { return Ok(Some(())) };
            if cell.container.take().is_some() && Self::effect(world, id, "removed") {
                return Ok(None);
            }
            let Some(cell) = world.cells.get_mut(&id) else { return Ok(Some(())) };
            cell.config = None;
            cell.secrets = None;
            if cell.network.take().is_some() && Self::effect(world, id, "network removed") {
                return Ok(None);
            }
            if scope == Scope::Everything {
                world.cells.remove(&id);
                if Self::effect(world, id, "data removed") {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
    }

    async fn quarantine(&self, container: &str) -> Result<(), RuntimeError> {
        self.verb(|world, now| {
            if let Some((running, since)) = world.strays.get_mut(container) {
                *running = false;
                since.get_or_insert(now);
                return Ok(Some(()));
            }
            for cell in world.cells.values_mut() {
                if let Some(found) = cell.container.as_mut().filter(|found| found.id == container) {
                    found.exited.get_or_insert((now, 0, false, Vec::new()));
                    cell.container = None;
                    world.strays.insert(container.to_owned(), (false, Some(now)));
                    return Ok(Some(()));
                }
            }
            Err(RuntimeError::new(RuntimeErrorKind::NotFound, "there is no such container"))
        })
        .await
    }

    async fn discard(&self, container: &str) -> Result<(), RuntimeError> {
        self.verb(|world, _| match world.strays.get(container) {
            Some((_, Some(_))) => {
                world.strays.remove(container);
                Ok(Some(()))
            }
            Some((_, None)) => Err(RuntimeError::new(RuntimeErrorKind::Refused, "only a container in quarantine can be discarded")),
            None => Ok(Some(())),
        })
        .await
    }

    async fn logs(&self, id: DeploymentId, query: LogQuery) -> Result<BoxStream<Result<LogLine, RuntimeError>>, RuntimeError> {
        let mut world = self.check_up()?;
        let feed = Feed::default();
        let mut nothing = Cell::default();
        let cell = world.cells.get_mut(&id).unwrap_or(&mut nothing);
        let tail = usize::try_from(query.tail).unwrap_or(LOG_LINES).min(cell.logs.len());
        for line in cell.logs.iter().skip(cell.logs.len() - tail) {
            feed.push(Ok(line.clone()));
        }
        if query.follow {
            cell.readers.push(feed.clone());
        } else {
            feed.close();
        }
        Ok(Box::pin(feed.reader()))
    }

    async fn stats(&self, id: DeploymentId) -> Result<Stats, RuntimeError> {
        let world = self.check_up()?;
        let Some(container) = world.cells.get(&id).and_then(|cell| cell.container.as_ref()).filter(|container| container.exited.is_none()) else {
            return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "the agent does not run, so there is nothing to measure"));
        };
        Ok(Stats {
            at: (self.clock)(),
            cpu_millis: 20,
            cpu_limit_millis: u64::from(container.limits.cpu_millis),
            memory_bytes: 600 << 20,
            memory_limit_bytes: container.limits.memory_bytes,
            pids: 30,
            network_received_bytes: 0,
            network_sent_bytes: 0,
        })
    }

    async fn usage(&self, id: DeploymentId) -> Result<Usage, RuntimeError> {
        let world = self.check_up()?;
        let now = (self.clock)();
        let Some(cell) = world.cells.get(&id) else { return Ok(Usage { counters: None, storage_bytes: None }) };
        // A tenth of a core, and a kilobyte a second each way.
        let counters = cell.container.as_ref().filter(|container| container.runs()).and_then(|container| {
            let started_at = container.started_at?;
            let ran = now.millis_since(started_at).max(0).unsigned_abs();
            let (cpu_micros, sent_bytes) = (ran * 100, ran);
            Some(Counters { container: container.id.clone(), started_at, cpu_micros, memory_bytes: 600 << 20, received_bytes: ran, sent_bytes })
        });
        Ok(Usage { counters, storage_bytes: cell.data.then_some(world.storage_bytes.unwrap_or(100 << 20)) })
    }

    async fn capacity(&self) -> Result<Capacity, RuntimeError> {
        let world = self.check_up()?;
        let running = world.cells.values().filter(|cell| cell.container.as_ref().is_some_and(|container| container.runs())).count();
        let default = Capacity {
            at: (self.clock)(),
            driver: "fake".to_owned(),
            engine_version: "in memory".to_owned(),
            cpus: 64,
            memory_total_bytes: 1 << 40,
            memory_available_bytes: 1 << 40,
            disk_total_bytes: 1 << 42,
            disk_available_bytes: 1 << 42,
            containers_running: 0,
            warnings: vec!["this runtime is a fake: nothing runs".to_owned()],
        };
        let capacity = world.capacity.clone().unwrap_or(default);
        Ok(Capacity { at: (self.clock)(), containers_running: u64::try_from(running).unwrap_or(u64::MAX), ..capacity })
    }

    async fn events(&self) -> Result<BoxStream<DeploymentId>, RuntimeError> {
        let feed = Feed::default();
        self.check_up()?.watchers.push(feed.clone());
        Ok(Box::pin(feed.reader()))
    }
}
