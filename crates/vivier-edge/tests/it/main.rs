//! The edge through its own doors, with a fake `serve`, fake agents and fake providers in this process.

mod doors;
mod holds;
mod hosts;
mod memory;
mod passes;
mod raw;
mod streams;
mod world;
