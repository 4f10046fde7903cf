//! The public API, through real HTTP: a server on a port of its own, over a fake runtime and a clock that can be turned.

mod api;
mod document;
