//! The host against the real engine, kernel and firewall. Root and Docker are needed.

mod contract;
mod support;
