//! The accounts: their layout, their addresses and the rules that each keeps by itself.

pub mod access;
pub mod attestation;
pub mod collection;
pub mod node;
pub mod specification;

pub use {access::*, attestation::*, collection::*, node::*, specification::*};
