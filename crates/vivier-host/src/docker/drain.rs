//! The end of a gateway's work before it is stopped: OpenClaw's cooperative suspension (`gateway.suspend.*`, its guide
//! `gateway/external-apps`). Asked for under the same name again it renews the same lease; without a word for two minutes the
//! gateway begins to take work again by itself.

use std::net::SocketAddr;

use bollard::Docker;
use serde_json::{Value, json};
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{Drain, RuntimeError, RuntimeErrorKind};

use super::{Host, name_of, observe};
use crate::gateway::{self, CallError};

/// What is told of the work that is under way.
const MOST_BLOCKERS: usize = 5;
const LONGEST: usize = 80;

impl Host {
    pub(super) async fn drain(&self, docker: &Docker, id: DeploymentId) -> Result<Drain, RuntimeError> {
        let Some((container, gateway)) = self.working_gateway(docker, id).await? else { return Ok(Drain::Idle) };
        match prepare(gateway, &container).await {
            Ok(answer) => Ok(drain(&answer)),
            // A turn has the processor.
            Err(CallError::Timeout) => Ok(Drain::Working { what: "its gateway is too busy to answer".to_owned() }),
            // It is ending, or does not know the call: there is nobody to wait for.
            Err(error) => {
                tracing::debug!(deployment = %id, "a gateway could not be asked to finish its work: {error}");
                Ok(Drain::Idle)
            }
        }
    }

    pub(super) async fn undrain(&self, docker: &Docker, id: DeploymentId) -> Result<(), RuntimeError> {
        let Some((container, gateway)) = self.working_gateway(docker, id).await? else { return Ok(()) };
        let taken_back = async {
            let lease = prepare(gateway, &container).await?;
            match lease["suspensionId"].as_str() {
                Some(lease) => gateway::rpc(gateway, "gateway.suspend.resume", json!({ "suspensionId": lease })).await.map(drop),
                None => Ok(()),
            }
        };
        taken_back.await.map_err(|error: CallError| {
            let message = "the gateway could not be told to take work again; it does so by itself within two minutes";
            RuntimeError::new(RuntimeErrorKind::Failed, message).with_detail(error)
        })
    }

    /// The running container and its gateway's address.
    async fn working_gateway(&self, docker: &Docker, id: DeploymentId) -> Result<Option<(String, SocketAddr)>, RuntimeError> {
        let found = self.find(docker, &name_of(id)).await?.filter(observe::runs);
        Ok(found.and_then(|found| Some((found.id.clone()?, observe::address(&found, id)?))))
    }
}

async fn prepare(gateway: SocketAddr, container: &str) -> Result<Value, CallError> {
    let name = format!("vivier-stop-{}", container.get(..12).unwrap_or(container));
    // Open terminals end with the stop; waiting for them would be waiting for a person.
    gateway::rpc(gateway, "gateway.suspend.prepare", json!({ "requestId": name, "terminalPolicy": "terminate", "drain": true })).await
}

fn drain(answer: &Value) -> Drain {
    if answer["status"] == "ready" {
        return Drain::Idle;
    }
    let blockers = answer["blockers"].as_array().into_iter().flatten().filter_map(|blocker| blocker["message"].as_str());
    let told: Vec<String> = blockers.take(MOST_BLOCKERS).map(|words| gateway::plain(words, LONGEST)).collect();
    let what = if told.is_empty() { gateway::plain(answer["reason"].as_str().unwrap_or("work is under way"), LONGEST) } else { told.join(", ") };
    Drain::Working { what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_told_in_the_gateways_words_and_within_bounds() {
        assert_eq!(drain(&json!({ "status": "ready", "activeCount": 0, "blockers": [] })), Drain::Idle);
        let blockers = json!([{ "kind": "root-request", "count": 1, "message": "1 active request" }, { "message": "1 cron job\u{7}" }]);
        let working = drain(&json!({ "status": "draining", "blockers": blockers }));
        assert_eq!(working, Drain::Working { what: "1 active request, 1 cron job".to_owned() });
        assert_eq!(drain(&json!({ "status": "busy", "reason": "terminal-persistence" })), Drain::Working { what: "terminal-persistence".to_owned() });
        let many = json!({ "status": "draining", "blockers": vec![json!({ "message": "x".repeat(500) }); 50] });
        assert!(matches!(drain(&many), Drain::Working { what } if what.len() < 500));
    }
}
