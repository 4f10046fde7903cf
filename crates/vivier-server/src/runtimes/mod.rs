//! What runs agents, seen from here: `host` over its socket. In tests, the fake of `vivier_core::runtime` stands in.

pub mod host;

use std::sync::{Mutex, PoisonError};

use vivier_core::digest::Digest;
use vivier_core::release::Withdrawal;
use vivier_core::runtime::RuntimeError;
use vivier_core::wire::host::Image;

use crate::clock::{Clock as _, SystemClock};

/// Who knows which images there are.
#[async_trait::async_trait]
pub trait Images: Send + Sync {
    /// The agent images that the host holds and would start.
    async fn images(&self) -> Result<Vec<Image>, RuntimeError>;

    /// From now on the host does not start `image` any more, or, without a reason, again. What runs goes on.
    async fn withdraw(&self, image: &Digest, reason: Option<&str>) -> Result<(), RuntimeError>;
}

/// A list that changes by withdrawals alone: for tests, and for a runtime that is a fake.
#[derive(Debug, Default)]
pub struct FixedImages(Mutex<Vec<Image>>);

impl FixedImages {
    pub fn new(images: Vec<Image>) -> Self {
        Self(Mutex::new(images))
    }
}

#[async_trait::async_trait]
impl Images for FixedImages {
    async fn images(&self) -> Result<Vec<Image>, RuntimeError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn withdraw(&self, image: &Digest, reason: Option<&str>) -> Result<(), RuntimeError> {
        let mut images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for held in images.iter_mut().filter(|held| held.image == *image) {
            held.withdrawn = reason.map(|reason| Withdrawal { reason: reason.to_owned(), at: SystemClock.now() });
        }
        Ok(())
    }
}
