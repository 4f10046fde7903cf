//! What the tests stand on: stores on both engines, and a world with a fake runtime and a clock that can be turned.

pub mod authenticator;
pub mod issuer;
pub mod smtp;
pub mod store;
pub mod stripe;
pub mod world;

pub use self::store::TestStore;
pub use self::world::{World, eventually};
