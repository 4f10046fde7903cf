//! Releases: how an image becomes one, and what is checked before it is started.
//!
//! - [`bill`] is the list of what is in the image: CycloneDX, made from the image's own files.
//! - [`osv`] reads a database of vulnerabilities; [`policy`] is what the operator accepts; [`gate`] brings the three together.
//! - [`statement`] says how the image was made and names all its papers by digest; [`dsse`] and [`keys`] sign it.
//! - [`papers`] is the shelf that they lie on; [`build`] and [`enter`] put them there; [`check`] reads them before every start.
//! - [`registry`] carries a release to another host, papers and all.
//!
//! Bill, database, policy and papers are documents from outside: everything here is bounded, and what cannot be read or compared counts
//! against the release, never for it. It knows no deployments, and asks nobody.

pub mod bill;
pub mod build;
pub mod check;
pub mod dsse;
pub mod enter;
pub mod gate;
pub mod keys;
pub mod osv;
pub mod papers;
pub mod policy;
pub mod registry;
pub mod statement;
