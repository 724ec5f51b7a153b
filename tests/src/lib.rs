//! Fixtures for the suites: a litesvm with the programs' shipped binaries and the real SPL Token program, actors, and
//! assertions on state and money.

pub mod arena;
pub mod binary;
pub mod event;
pub mod expect;
pub mod fuzz;
pub mod incentives;
pub mod keys;
pub mod ledger;
pub mod matrix;
pub mod metaplex;
pub mod model;
pub mod network;
pub mod nodes;
pub mod release;
pub mod world;

pub use {
    expect::*,
    incentives::Incentives,
    keys::keypair_for,
    ledger::{assert_ledger, assert_solvent},
    network::{Failure, Network},
    nodes::Nodes,
    world::{TERMS, World},
};
