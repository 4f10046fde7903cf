//! Releases: what is in an agent image, and whether what is known against it lets it be started.
//!
//! - [`bill`] is the list of what is in the image: CycloneDX, made from the image's own files.
//! - [`osv`] reads a database of vulnerabilities; [`policy`] is what the operator accepts; [`gate`] brings the three together.
//!
//! Bill, database and policy are documents from outside: everything here is bounded, and what cannot be read or compared counts
//! against the release, never for it. No clock is read here: the time is an argument.

pub mod bill;
pub mod gate;
pub mod osv;
pub mod policy;
