//! The table that the edge is given.
pub struct Routes;
