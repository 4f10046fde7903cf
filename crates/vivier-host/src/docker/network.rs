//! The bridge that each deployment has for itself.

use std::collections::{BTreeMap, HashMap};

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind, Subnet, WorkloadSpec};

use super::{Host, LABEL_DEPLOYMENT, LABEL_INSTALLATION, classify, name_of};
use crate::fault;
use crate::firewall::Bridge;

const BRIDGE_NAME: &str = "com.docker.network.bridge.name";
const BRIDGE_ICC: &str = "com.docker.network.bridge.enable_icc";

/// A network of ours, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub id: String,
    pub subnet: Option<Subnet>,
    /// Internal, on the bridge of its own name, IPv4 only: as we make them.
    pub sound: bool,
    /// Containers that are connected now.
    pub members: Vec<String>,
}

impl Host {
    /// The network of `id`. One of that name without our label is a conflict, not ours to touch.
    pub(super) async fn network(&self, docker: &Docker, id: DeploymentId) -> Result<Option<Seen>, RuntimeError> {
        let found = match docker.inspect_network(&name_of(id), None).await {
            Ok(found) => found,
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            Err(error) => return Err(classify("the network could not be looked at", error)),
        };
        let labels = found.labels.unwrap_or_default();
        if labels.get(LABEL_INSTALLATION) != Some(&self.installation.to_string()) {
            let message = "a network of this deployment's name exists that is not ours; the operator can remove it";
            return Err(RuntimeError::new(RuntimeErrorKind::Conflict, message).with_detail(name_of(id)));
        }
        let ipam = found.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        let subnet = match ipam.as_slice() {
            [one] => one.subnet.as_deref().and_then(|text| text.parse::<Subnet>().ok()),
            _ => None,
        };
        let options = found.options.unwrap_or_default();
        let sound = found.internal == Some(true)
            && found.driver.as_deref() == Some("bridge")
            && found.enable_ipv6 != Some(true)
            && options.get(BRIDGE_NAME).map(String::as_str) == Some(self.bridge(id).as_str());
        let members = found.containers.unwrap_or_default().into_keys().collect();
        Ok(Some(Seen { id: found.id.unwrap_or_default(), subnet, sound, members }))
    }

    /// Makes the network, on exactly the subnet of `spec`. One on another subnet is replaced, and the container with it.
    pub(super) async fn ensure_network(&self, docker: &Docker, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
        let id = spec.deployment;
        if let Some(seen) = self.network(docker, id).await? {
            if seen.sound && seen.subnet == Some(spec.subnet) {
                return self.firewall.ensure(&self.bridge(id), spec.subnet).await;
            }
            self.remove_container(docker, &name_of(id), super::REPLACE_GRACE).await?;
            self.remove_network(docker, id).await?;
        }
        // The door first: a bridge without one is shut anyway, and so there is no moment at which it is open.
        self.firewall.ensure(&self.bridge(id), spec.subnet).await?;
        let request = NetworkCreateRequest {
            name: name_of(id),
            driver: Some("bridge".to_owned()),
            internal: Some(true),
            enable_ipv6: Some(false),
            ipam: Some(Ipam {
                config: Some(vec![IpamConfig {
                    subnet: Some(spec.subnet.to_string()),
                    gateway: Some(spec.subnet.gateway().to_string()),
                    ..IpamConfig::default()
                }]),
                ..Ipam::default()
            }),
            options: Some(HashMap::from([(BRIDGE_NAME.to_owned(), self.bridge(id).as_str().to_owned()), (BRIDGE_ICC.to_owned(), "false".to_owned())])),
            labels: Some(HashMap::from([(LABEL_INSTALLATION.to_owned(), self.installation.to_string()), (LABEL_DEPLOYMENT.to_owned(), id.to_string())])),
            ..NetworkCreateRequest::default()
        };
        let place = self.place().await?;
        let created = docker.create_network(request).await;
        drop(place);
        if let Err(error) = created {
            let error = classify("the agent's network could not be made; its addresses may be in use on this host", error);
            // Perhaps by what the engine is still making for a host that was killed a moment ago.
            if error.kind != RuntimeErrorKind::Conflict || !self.appears(docker, spec).await? {
                return Err(error);
            }
        }
        fault::point("network.create");
        Ok(())
    }

    /// The network of `spec` comes into sight within a moment.
    async fn appears(&self, docker: &Docker, spec: &WorkloadSpec) -> Result<bool, RuntimeError> {
        for _ in 0..5 {
            if self.network(docker, spec.deployment).await?.is_some_and(|seen| seen.sound && seen.subnet == Some(spec.subnet)) {
                return Ok(true);
            }
            tokio::time::sleep(super::MOMENT).await;
        }
        Ok(false)
    }

    pub(super) async fn remove_network(&self, docker: &Docker, id: DeploymentId) -> Result<(), RuntimeError> {
        let Some(seen) = self.network(docker, id).await? else { return Ok(()) };
        for member in &seen.members {
            // Whoever is still on it (a container made by hand, say) loses it; the container itself is not ours to take.
            let request = bollard::models::NetworkDisconnectRequest { container: member.clone(), force: Some(true) };
            match docker.disconnect_network(&seen.id, request).await {
                Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {}
                Err(error) => return Err(classify("a container could not be taken off the agent's network", error)),
            }
        }
        let place = self.place().await?;
        let removed = docker.remove_network(&seen.id).await;
        drop(place);
        match removed {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {}
            Err(error) => return Err(classify("the agent's network could not be removed", error)),
        }
        fault::point("network.remove");
        Ok(())
    }

    /// The bridge and subnet of every network of this installation.
    pub(super) async fn doors(&self) -> Result<BTreeMap<Bridge, Subnet>, RuntimeError> {
        Ok(self.networks().await?.into_iter().filter_map(|(id, subnet)| Some((self.bridge(id), subnet?))).collect())
    }

    /// Every deployment that has a network here.
    pub(super) async fn networks(&self) -> Result<Vec<(DeploymentId, Option<Subnet>)>, RuntimeError> {
        let docker = self.engine.get().await?;
        let filters = HashMap::from([("label".to_owned(), vec![format!("{LABEL_INSTALLATION}={}", self.installation)])]);
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let networks = docker.list_networks(Some(options)).await.map_err(|error| classify("the networks could not be listed", error))?;
        let mut found = Vec::new();
        for network in networks {
            let Some(id) = network.labels.as_ref().and_then(|labels| labels.get(LABEL_DEPLOYMENT)?.parse::<DeploymentId>().ok()) else { continue };
            let ipam = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
            found.push((id, ipam.first().and_then(|one| one.subnet.as_deref()?.parse().ok())));
        }
        Ok(found)
    }
}
