//! Which deployments' worlds have changed, as the engine tells it. A hint only.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{BoxStream, RuntimeError};

use super::{Host, LABEL_DEPLOYMENT, LABEL_INSTALLATION, LABEL_ROLE};

/// Hints that wait for a slow reader; further ones are dropped, as hints may be.
const WAITING: usize = 256;
/// Between two tries at an engine that is down.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) async fn of(host: Arc<Host>) -> Result<BoxStream<DeploymentId>, RuntimeError> {
    // An engine that is down now is said at once; one that goes later is waited for.
    host.engine.get().await?;
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move { follow(&host, &sender).await });
    Ok(Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver)))
}

/// Follows the engine until nobody listens any more.
async fn follow(host: &Host, sender: &mpsc::Sender<DeploymentId>) {
    let mut since = crate::clock::now().as_millis() / 1_000;
    let mut first = true;
    while !sender.is_closed() {
        if let Ok(docker) = host.engine.get().await {
            if !first {
                // An engine that was away has forgotten its events: everything may have changed.
                for resident in host.containers(&docker).await.unwrap_or_default() {
                    if let Some(id) = resident.deployment {
                        hint(sender, id);
                    }
                }
            }
            first = false;
            let labels = vec![format!("{LABEL_INSTALLATION}={}", host.installation)];
            let filters = HashMap::from([("type".to_owned(), vec!["container".to_owned()]), ("label".to_owned(), labels)]);
            let mut events = Box::pin(docker.events(Some(EventsOptionsBuilder::default().since(&since.to_string()).filters(&filters).build())));
            loop {
                let event = tokio::select! {
                    event = events.next() => event,
                    () = sender.closed() => return,
                };
                let Some(Ok(event)) = event else { break };
                since = event.time.unwrap_or(since);
                let attributes = event.actor.and_then(|actor| actor.attributes).unwrap_or_default();
                if attributes.contains_key(LABEL_ROLE) || event.action.as_deref().is_some_and(|action| action.starts_with("exec_")) {
                    continue;
                }
                if let Some(id) = attributes.get(LABEL_DEPLOYMENT).and_then(|text| text.parse().ok()) {
                    hint(sender, id);
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = sender.closed() => return,
        }
    }
}

fn hint(sender: &mpsc::Sender<DeploymentId>, id: DeploymentId) {
    // A full queue: the reader has enough hints to follow, and the tick finds the rest.
    if let Err(mpsc::error::TrySendError::Full(id)) = sender.try_send(id) {
        tracing::debug!(deployment = %id, "a hint was dropped");
    }
}
