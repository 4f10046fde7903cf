//! The configuration of an agent: the tenant's own document, and what the platform lays over it.
//!
//! The tenant writes JSON5; the platform owns some paths (addresses, sign-in, trusted proxies, secret providers). A document
//! that sets an owned path is refused with that path, so that nothing a tenant wrote is silently ignored.

pub mod document;
pub mod overlay;
pub mod references;

pub use self::document::{ConfigIssue, Document};
pub use self::overlay::{Surroundings, render};
