//! Client of the Grid programs: addresses, instructions, accounts, events and errors without any RPC, and behind a
//! small trait the access to a chain.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`address`] | addresses that the jobs program derives |
//! | [`instruction`] | a builder per instruction of the jobs program |
//! | [`nodes`], [`staking`], [`rewards`], [`pools`] | addresses and builders of the other programs |
//! | [`account`] | decoders of the programs' accounts, a market's queue among them |
//! | [`event`] | decoders of the programs' events, from a transaction's logs |
//! | [`error`] | what went wrong, in sentences: program errors by name |
//! | [`intent`] | transactions that must land, and never twice |
//! | [`ledger`] | what the accounts of a mint owe, against what its vault holds |
//! | [`chain`] | reading accounts and submitting transactions: the trait |
//! | [`rpc`] | the trait over JSON-RPC |
//! | [`token`] | the SPL Token instructions that a client of Grid needs |

pub mod account;
pub mod address;
pub mod chain;
pub mod error;
pub mod event;
pub mod instruction;
pub mod intent;
pub mod ledger;
pub mod nodes;
pub mod pools;
pub mod rewards;
pub mod rpc;
pub mod staking;
pub mod token;

pub use {
    chain::{Chain, Filter, Landed},
    error::{ChainError, ProgramError},
    grid_jobs::ID as JOBS_PROGRAM_ID,
    intent::{Expectation, Intent, Patience},
    rpc::RpcChain,
};
