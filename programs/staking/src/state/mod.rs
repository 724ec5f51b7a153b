//! The accounts: their layout, their addresses and the rules that each keeps by itself.

mod settings;
mod stake;

pub use {settings::*, stake::*};
