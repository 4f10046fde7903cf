//! The host against the real engine, kernel and firewall. Root and Docker are needed.

mod bill;
mod contract;
mod crash;
mod crowd;
mod hostile;
mod life;
mod policy;
mod proof;
mod real;
mod registry;
mod rehearsal;
mod releases;
mod secrets;
mod socket;
mod support;
mod watch;
