//! (http's)
