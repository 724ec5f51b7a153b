//! The accounts: their layout, their addresses and the rules that each keeps by itself.

mod emission;

pub use emission::*;
