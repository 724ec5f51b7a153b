//! The accounts: their layout, their addresses and the rules that each keeps by itself.

pub mod admission;
pub mod config;
pub mod device;
pub mod job;
pub mod market;
pub mod member;
pub mod pause;
pub mod project;
pub mod queue;

pub use {admission::*, config::*, device::*, job::*, market::*, member::*, pause::*, project::*, queue::*};
