//! The reconciler over the fake runtime: whole lives, faults, and deaths at every step.

mod crash;
mod crowd;
mod faults;
mod life;
mod orphans;
mod rollouts;
mod secrets;
mod waves;
