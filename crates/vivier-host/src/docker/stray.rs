//! Everything of this installation that is here, and what is done with what nobody owns: it is stopped, renamed and kept for a
//! while, so that a person can look at it. Never anything without our label.

use std::collections::{BTreeMap, HashMap};

use bollard::Docker;
use bollard::models::ContainerSummary;
use bollard::query_parameters::{ListContainersOptionsBuilder, RenameContainerOptionsBuilder};
use serde::{Deserialize, Serialize};
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{Resident, RuntimeError, RuntimeErrorKind};
use vivier_core::time::Timestamp;

use super::{Host, LABEL_DEPLOYMENT, LABEL_INSTALLATION, LABEL_ROLE, classify, disk, name_of};
use crate::{clock, fault, layout};

/// How long a stray may take to end.
const GRACE: u32 = 10;

/// What is noted of a container in quarantine. Its labels cannot be changed, so the date lies in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    at: Timestamp,
    name: String,
}

impl Host {
    /// Everything that carries this installation's label, helpers included.
    pub(super) async fn listed(&self, docker: &Docker) -> Result<Vec<ContainerSummary>, RuntimeError> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{LABEL_INSTALLATION}={}", self.installation)])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        docker.list_containers(Some(options)).await.map_err(|error| classify("the containers could not be listed", error))
    }

    /// Containers of this installation. One that does not bear the name of its deployment belongs to none.
    pub(super) async fn containers(&self, docker: &Docker) -> Result<Vec<Resident>, RuntimeError> {
        let mut residents = Vec::new();
        for container in self.listed(docker).await? {
            let labels = container.labels.unwrap_or_default();
            if labels.contains_key(LABEL_ROLE) {
                continue;
            }
            let name = container.names.unwrap_or_default().first().map(|name| name.trim_start_matches('/').to_owned());
            let deployment = labels.get(LABEL_DEPLOYMENT).and_then(|text| text.parse::<DeploymentId>().ok());
            residents.push(Resident {
                deployment: deployment.filter(|id| name.as_deref() == Some(name_of(*id).as_str())),
                quarantined_at: self.note(container.id.as_deref().unwrap_or_default())?.map(|note| note.at),
                container: container.id,
                name,
                running: matches!(
                    container.state,
                    Some(bollard::models::ContainerSummaryStateEnum::RUNNING | bollard::models::ContainerSummaryStateEnum::PAUSED)
                ),
            });
        }
        Ok(residents)
    }

    pub(super) async fn inventory(&self) -> Result<Vec<Resident>, RuntimeError> {
        let docker = self.engine.get().await?;
        let mut residents = self.containers(&docker).await?;
        let mut others: BTreeMap<DeploymentId, ()> = BTreeMap::new();
        others.extend(self.networks().await?.into_iter().map(|(id, _)| (id, ())));
        others.extend(self.layout.deployments().map_err(|error| disk("the host's disk could not be read", error))?.into_iter().map(|id| (id, ())));
        for resident in &residents {
            if let Some(id) = resident.deployment {
                others.remove(&id);
            }
        }
        residents.extend(others.into_keys().map(|id| Resident { deployment: Some(id), container: None, name: None, running: false, quarantined_at: None }));
        Ok(residents)
    }

    pub(super) async fn quarantine(&self, container: &str) -> Result<(), RuntimeError> {
        let docker = self.engine.get().await?;
        let Some(found) = self.find(&docker, container).await? else {
            return Err(RuntimeError::new(RuntimeErrorKind::NotFound, "there is no such container of this installation"));
        };
        let id = found.id.unwrap_or_default();
        let name = found.name.unwrap_or_default().trim_start_matches('/').to_owned();
        if self.note(&id)?.is_none() {
            let note = serde_json::to_vec(&Note { at: clock::now(), name: name.clone() }).unwrap_or_default();
            let path = self.note_path(&id)?;
            let fresh = path.with_extension("new");
            let written = std::fs::write(&fresh, note).and_then(|()| std::fs::rename(&fresh, &path));
            written.map_err(|error| disk("the quarantine could not be noted", error))?;
            fault::point("quarantine.note");
        }
        self.halt(&docker, &id, GRACE).await?;
        let kept = format!("vivier-quarantine-{}", &id[..12.min(id.len())]);
        if name != kept {
            // So that the name is free for a container that somebody owns.
            let options = RenameContainerOptionsBuilder::default().name(&kept).build();
            docker.rename_container(&id, options).await.map_err(|error| classify("the container could not be renamed", error))?;
            fault::point("quarantine.rename");
        }
        Ok(())
    }

    pub(super) async fn discard(&self, container: &str) -> Result<(), RuntimeError> {
        let docker = self.engine.get().await?;
        let Some(found) = self.find(&docker, container).await? else {
            // Gone already: only the note may be left, when it was named by its id.
            return match self.note_path(container) {
                Ok(path) => layout::remove(&path).map_err(|error| disk("the note could not be removed", error)),
                Err(_not_an_id) => Ok(()),
            };
        };
        let id = found.id.unwrap_or_default();
        if self.note(&id)?.is_none() {
            return Err(RuntimeError::new(RuntimeErrorKind::Refused, "the host refuses this: only a container in quarantine can be discarded"));
        }
        self.remove_container(&docker, &id, GRACE).await?;
        layout::remove(&self.note_path(&id)?).map_err(|error| disk("the note could not be removed", error))?;
        fault::point("quarantine.discard");
        Ok(())
    }

    fn note_path(&self, container: &str) -> Result<std::path::PathBuf, RuntimeError> {
        if container.len() == 64 && container.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(self.layout.quarantine().join(format!("{container}.json")))
        } else {
            Err(RuntimeError::new(RuntimeErrorKind::Refused, "the host refuses this: a container is named by the engine's id"))
        }
    }

    fn note(&self, container: &str) -> Result<Option<Note>, RuntimeError> {
        match std::fs::read(self.note_path(container)?) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk("the quarantine's notes could not be read", error)),
        }
    }
}
