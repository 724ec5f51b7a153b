//! The accounts: their layout, their addresses and the rules that each keeps by itself.

mod pool;
mod position;

pub use {pool::*, position::*};
