//! Nodes as processes on a network that others can reach: what the run on a real validator and the worker's benchmark have
//! in common.

pub mod nodes;
pub mod proxy;
pub mod stage;
