//! Reads an image's files out of the engine. Nothing of the image is run: a container is made, exported and removed.

use std::io::{self, Read};

use bollard::Docker;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptions, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use vivier_core::digest::Digest;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};

use super::contents::Contents;
use crate::docker::{LABEL_ROLE, classify};

/// On the container that an image is read through.
const ROLE: &str = "bill";
/// Blocks on their way from the engine to the reader.
const AHEAD: usize = 16;
/// A container of ours that is older than this, in seconds, was left behind by a Vivier that was killed.
const LEFT_BEHIND_SECONDS: i64 = 3_600;

/// What is in `image`. Takes a few seconds.
///
/// # Errors
/// `Image` when the files do not tell, `Unreachable` when the engine does not answer.
pub async fn contents(engine: &Docker, image: &Digest) -> Result<Contents, RuntimeError> {
    sweep(engine).await?;
    let body = ContainerCreateBody {
        image: Some(image.to_string()),
        labels: Some([(LABEL_ROLE.to_owned(), ROLE.to_owned())].into()),
        network_disabled: Some(true),
        ..ContainerCreateBody::default()
    };
    let made = engine.create_container(None::<CreateContainerOptions>, body).await.map_err(|error| classify("the image's files cannot be listed", error))?;
    let found = read(engine, &made.id).await;
    let removed = remove(engine, &made.id).await;
    let found = found?;
    removed?;
    Ok(found)
}

async fn read(engine: &Docker, container: &str) -> Result<Contents, RuntimeError> {
    let (blocks, receiver) = mpsc::channel(AHEAD);
    let reader = tokio::task::spawn_blocking(move || {
        let mut stream = Blocks { receiver, current: Bytes::new() };
        let found = Contents::read(&mut stream)?;
        // To the end: the engine's last word may be an error.
        io::copy(&mut stream, &mut io::sink())?;
        Ok(found)
    });
    let mut stream = engine.export_container(container);
    while let Some(block) = stream.next().await {
        let block = block.map_err(|error| classify("the image's files could not be read", error));
        let failed = block.as_ref().err().cloned();
        let taken = blocks.send(block.map_err(io::Error::other)).await.is_ok();
        if let Some(error) = failed {
            return Err(error);
        }
        if !taken {
            break;
        }
    }
    drop(blocks);
    let found = reader.await.map_err(|error| RuntimeError::new(RuntimeErrorKind::Failed, "the image's files could not be read").with_detail(error))?;
    found.map_err(|error: super::ContentsError| RuntimeError::new(RuntimeErrorKind::Image, error.to_string()).with_detail(format!("{error:?}")))
}

async fn remove(engine: &Docker, container: &str) -> Result<(), RuntimeError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).build();
    match engine.remove_container(container, Some(options)).await {
        Ok(()) | Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
        Err(error) => Err(classify("the container that the image was read through could not be removed", error)),
    }
}

/// Removes what an earlier reader left behind.
async fn sweep(engine: &Docker) -> Result<(), RuntimeError> {
    let filters = [("label".to_owned(), vec![format!("{LABEL_ROLE}={ROLE}")])].into();
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let found = engine.list_containers(Some(options)).await.map_err(|error| classify("the engine's containers cannot be listed", error))?;
    let now = crate::clock::now().as_millis() / 1_000;
    for container in found {
        if let (Some(id), Some(created)) = (container.id, container.created)
            && now - created > LEFT_BEHIND_SECONDS
        {
            remove(engine, &id).await?;
        }
    }
    Ok(())
}

/// Blocks of the engine's answer as something that can be read.
struct Blocks {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Read for Blocks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(block) => self.current = block?,
                None => return Ok(0),
            }
        }
        let count = self.current.len().min(into.len());
        into[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}
