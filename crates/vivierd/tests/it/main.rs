//! The whole product: `vivierd up` as a process, with real Docker and the real OpenClaw image (`real_*`), and the rules that
//! the tree itself must keep (`tidy`).

mod product;
mod real_agent;
mod real_crowd;
mod real_faults;
mod real_hold;
mod real_rollout;
mod real_waves;
mod release;
mod tidy;
mod up;
