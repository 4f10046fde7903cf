//! Rehearsals: a specification is tried on a copy of the data, beside the agent, which goes on working.
//!
//! The copy is made in two parts, so that the agent is frozen (by the engine, all its processes at once) only for what has changed
//! since the first: databases in it are then as after a power cut, which they survive. The container has the limits and the sealing
//! of the real one and no network at all, so nothing of it can be heard outside: no channel sees two of one agent.
//!
//! Three things must pass, one after the other: OpenClaw's own check of the configuration, which names the path of what is wrong;
//! its gateway, which migrates the copy and starts on it; and its doctor, which reads what the migration has left.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse};
use vivier_core::agent;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{Rehearsal, RuntimeError, RuntimeErrorKind, WorkloadSpec};

use super::findings::Report;
use super::workload::{Bind, mounts, sealed_container};
use super::{Host, LABEL_DEPLOYMENT, LABEL_INSTALLATION, LABEL_ROLE, classify, disk, findings, isolation, name_of, observe};
use crate::{delivery, fault, layout, snapshots, volumes};

const ROLE: &str = "rehearsal";
/// How long the gateway may take: as long as serve allows the agent itself by default.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a report may take: 2 to 7 s of one CPU, and the smallest plan has half of one.
const REPORT_PATIENCE: Duration = Duration::from_secs(120);
/// For a gateway that has started, to close its databases before the doctor reads them.
const GRACE_SECONDS: u32 = 30;
const BETWEEN_LOOKS: Duration = Duration::from_millis(300);

pub(super) fn name_of_rehearsal(id: DeploymentId) -> String {
    format!("vivier-rehearsal-{id}")
}

impl Host {
    pub(super) async fn rehearse(&self, docker: &Docker, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Rehearsal, RuntimeError> {
        self.end_rehearsal(docker, spec.deployment).await?;
        let tried = self.try_out(docker, spec, snapshot).await;
        // Also after a failure: it holds a copy of the data, and of the secrets.
        self.end_rehearsal(docker, spec.deployment).await?;
        let findings = tried?;
        Ok(Rehearsal { passed: findings.is_empty(), findings })
    }

    /// What was said against it; nothing when the gateway started.
    async fn try_out(&self, docker: &Docker, spec: &WorkloadSpec, snapshot: Option<u64>) -> Result<Vec<String>, RuntimeError> {
        let id = spec.deployment;
        let state = match snapshot {
            // Nothing writes to a snapshot, so nobody is frozen.
            Some(number) => {
                self.on_disk("the snapshot could not be copied for the rehearsal", move |layout| snapshots::rehearsal_of(layout, id, number)).await?
            }
            None => self.copy_of_state(docker, id).await?,
        };
        if agent::needs_plugins(&spec.config) {
            volumes::link_plugins(&state).map_err(|error| disk("the copy of the data could not be completed", error))?;
        }
        let (config, secrets) = delivery::write_rehearsal(&self.layout, id, &spec.config, &spec.secrets, self.config.secrets_bytes)?;
        fault::point("rehearsal.delivered");
        let binds = mounts(&state, &config, &secrets);
        let mut findings = self.report(docker, spec, &binds, Report::Config).await?;
        if findings.is_empty() {
            let container = self.begin_rehearsal(docker, spec, &binds, None).await?;
            fault::point("rehearsal.create");
            findings = self.watch(docker, &container).await?;
        }
        if findings.is_empty() {
            findings = self.report(docker, spec, &binds, Report::Doctor).await?;
        }
        Ok(findings)
    }

    /// Starts a container of the rehearsal, in place of the one before; `command` is something else than the gateway.
    async fn begin_rehearsal(&self, docker: &Docker, spec: &WorkloadSpec, binds: &[Bind], command: Option<Vec<String>>) -> Result<String, RuntimeError> {
        let name = name_of_rehearsal(spec.deployment);
        self.remove_container(docker, &name, GRACE_SECONDS).await?;
        let body = ContainerCreateBody {
            network_disabled: Some(true),
            cmd: command,
            labels: Some(HashMap::from([
                (LABEL_INSTALLATION.to_owned(), self.installation.to_string()),
                (LABEL_DEPLOYMENT.to_owned(), spec.deployment.to_string()),
                (LABEL_ROLE.to_owned(), ROLE.to_owned()),
            ])),
            ..sealed_container(self, spec, binds, "none".to_owned())
        };
        let container = self.create(docker, &name, body, "the container of the rehearsal could not be made").await?;
        self.start(docker, &container).await?;
        Ok(container)
    }

    /// What one of OpenClaw's own reports says against it.
    async fn report(&self, docker: &Docker, spec: &WorkloadSpec, binds: &[Bind], report: Report) -> Result<Vec<String>, RuntimeError> {
        let container = self.begin_rehearsal(docker, spec, binds, Some(report.command())).await?;
        fault::point("rehearsal.report");
        let end = Instant::now() + REPORT_PATIENCE;
        let exit_code = loop {
            let found = self.still_there(docker, &container).await?;
            if !observe::runs(&found) {
                break found.state.and_then(|state| state.exit_code).unwrap_or_default();
            }
            if Instant::now() >= end {
                return Ok(vec![format!("`{}` did not end within {} s", report.command().join(" "), REPORT_PATIENCE.as_secs())]);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        };
        Ok(report.findings(exit_code, &self.last_lines(docker, &container).await?))
    }

    /// Looks until the gateway has started, has ended, or is given up.
    async fn watch(&self, docker: &Docker, container: &str) -> Result<Vec<String>, RuntimeError> {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.still_there(docker, container).await?;
            let state = found.state.as_ref();
            let Some(pid) = state.and_then(|state| state.pid).filter(|pid| *pid > 0 && observe::runs(&found)) else {
                let code = state.and_then(|state| state.exit_code).unwrap_or_default();
                return self.said_last(docker, container, format!("the gateway ended with code {code}")).await;
            };
            match tokio::task::spawn_blocking(move || isolation::started(pid)).await {
                Ok(Ok(true)) => return Ok(Vec::new()),
                Ok(Ok(false)) => {}
                // It has just ended: the next look says how.
                Ok(Err(error)) => tracing::debug!(container, "the gateway of a rehearsal could not be asked: {error}"),
                Err(error) => return Err(RuntimeError::new(RuntimeErrorKind::Failed, "the rehearsal could not be watched").with_detail(error)),
            }
            if Instant::now() >= end {
                return self.said_last(docker, container, format!("the gateway did not start within {} s", PATIENCE.as_secs())).await;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn still_there(&self, docker: &Docker, container: &str) -> Result<ContainerInspectResponse, RuntimeError> {
        let gone = || RuntimeError::new(RuntimeErrorKind::Failed, "the container of the rehearsal was removed by somebody; it is tried again");
        self.find(docker, container).await?.ok_or_else(gone)
    }

    /// How it ended, and what the gateway said last.
    async fn said_last(&self, docker: &Docker, container: &str, ended: String) -> Result<Vec<String>, RuntimeError> {
        let mut said = findings::tail(&self.last_lines(docker, container).await?);
        said.insert(0, ended);
        Ok(said)
    }

    /// A copy of the state that may be written to. The agent, if it runs, is frozen for a moment.
    async fn copy_of_state(&self, docker: &Docker, id: DeploymentId) -> Result<std::path::PathBuf, RuntimeError> {
        let what = "the data could not be copied for the rehearsal";
        let drafted = self.on_disk(what, move |layout| match snapshots::draft(layout, id) {
            Err(error) if matches!(error.kind(), std::io::ErrorKind::ResourceBusy | std::io::ErrorKind::NotFound) => {
                // It writes too much for a draft: everything is copied while it is frozen.
                tracing::debug!(deployment = %id, "no draft of the data: {error}");
                snapshots::end_rehearsal(layout, id)
            }
            drafted => drafted,
        });
        drafted.await?;
        let running = self.find(docker, &name_of(id)).await?.filter(observe::runs).and_then(|found| found.id);
        if let Some(container) = &running {
            docker.pause_container(container).await.map_err(|error| classify("the agent could not be frozen for a moment", error))?;
            fault::point("rehearsal.frozen");
        }
        let copied = self.on_disk(what, move |layout| snapshots::rehearsal(layout, id)).await;
        if let Some(container) = &running {
            // Whatever came of the copy.
            docker.unpause_container(container).await.map_err(|error| classify("the agent could not be woken after it was copied", error))?;
        }
        fault::point("rehearsal.copied");
        copied
    }

    async fn end_rehearsal(&self, docker: &Docker, id: DeploymentId) -> Result<(), RuntimeError> {
        self.remove_container(docker, &name_of_rehearsal(id), 0).await?;
        self.on_disk("what a rehearsal has left could not be removed", move |layout| {
            layout::remove(&layout.rehearsal_secrets(id))?;
            snapshots::end_rehearsal(layout, id)
        })
        .await
    }

    /// At the start of the process: rehearsals of an earlier one end, and an agent that it has frozen is woken.
    pub(super) async fn end_rehearsals(&self) -> Result<(), RuntimeError> {
        let docker = self.engine.get().await?;
        for container in self.listed(&docker).await? {
            let labels = container.labels.unwrap_or_default();
            let (Some(id), Some(container_id)) = (labels.get(LABEL_DEPLOYMENT).and_then(|id| id.parse().ok()), container.id) else { continue };
            // In its deployment's turn: one at work belongs to a verb that has begun meanwhile.
            let _turn = self.turn(id).await;
            if labels.get(LABEL_ROLE).map(String::as_str) == Some(ROLE) {
                self.end_rehearsal(&docker, id).await?;
            } else if container.state == Some(bollard::models::ContainerSummaryStateEnum::PAUSED) {
                docker.unpause_container(&container_id).await.map_err(|error| classify("an agent that was frozen could not be woken", error))?;
            }
        }
        // A death before the container was made leaves a copy alone.
        let failed = |error| disk("the host's disk could not be read", error);
        for id in self.layout.deployments().map_err(failed)? {
            if self.layout.rehearsal(id).try_exists().map_err(failed)? {
                let _turn = self.turn(id).await;
                self.end_rehearsal(&docker, id).await?;
            }
        }
        Ok(())
    }
}
