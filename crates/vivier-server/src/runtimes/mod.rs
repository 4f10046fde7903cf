//! What runs agents, seen from here: `host` over its socket. In tests, the fake of `vivier_core::runtime` stands in.

pub mod host;

use vivier_core::runtime::RuntimeError;
use vivier_core::wire::host::Image;

/// Who knows which images there are.
#[async_trait::async_trait]
pub trait Images: Send + Sync {
    /// The agent images that the host holds and would start.
    async fn images(&self) -> Result<Vec<Image>, RuntimeError>;
}

/// A list that does not change: for tests, and for a runtime that is a fake.
#[derive(Clone, Debug, Default)]
pub struct FixedImages(pub Vec<Image>);

#[async_trait::async_trait]
impl Images for FixedImages {
    async fn images(&self) -> Result<Vec<Image>, RuntimeError> {
        Ok(self.0.clone())
    }
}
