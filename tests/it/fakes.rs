//! Servers that stand in for the world: on this machine, on a free port, stopped when dropped.

pub(crate) mod crowd;
pub(crate) mod http;
pub(crate) mod services;
pub(crate) mod smtp;
mod wire;
