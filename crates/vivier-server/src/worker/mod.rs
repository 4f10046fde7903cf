//! The reconciler.
pub struct Queue;
