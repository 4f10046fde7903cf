//! The table that the edge is given.
pub struct Releases;
