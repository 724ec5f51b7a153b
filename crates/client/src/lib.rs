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
//! | [`signed_request`] | HTTP requests to a node, signed with a Solana key |
//! | [`chain`] | reading accounts and submitting transactions: the trait |
//! | [`query`] | finding accounts by what stands in them |
//! | [`rpc`] | the trait over JSON-RPC |
//! | [`token`] | the SPL Token instructions that a client of Grid needs |
//!
//! # Examples
//! In `examples/`, each run by a test on the embedded network: `post_job` lists a job and waits for its end, `run_node` is the
//! chain's side of a node, `decode_market` reads a market and who waits in it.
//!
//! Builders need no network; they derive every address that they can:
//!
//! ```
//! use grid_client::{address, instruction::{self, Listing}};
//! use grid_jobs::JobKind;
//! use solana_address::Address;
//!
//! let (owner, mint) = (Address::new_unique(), Address::new_unique());
//! let market = address::market(&Address::new_unique(), 0).0;
//! let project = address::project(&mint, &owner).0;
//! let listing = Listing {
//!     id: 1,
//!     kind: JobKind::Batch,
//!     definition: [7; 32],                // SHA-256 of the job definition
//!     timeout_seconds: 600,               // the escrow is for all of it; what is not used comes back
//!     max_price_per_second_atoms: 1_500,  // refused when the market asks for more
//! };
//! let list = instruction::list(owner, project, market, &listing);
//! assert_eq!(list.program_id, grid_client::JOBS_PROGRAM_ID);
//! assert_eq!(list.accounts[3].pubkey, address::job(&project, 1).0);
//! ```
//!
//! # Units and errors
//! Amounts are atoms of the market's mint, prices atoms per second, times seconds, fees basis points; lamports are called so. A
//! transaction that a program refused comes back as [`ChainError`], with the program's [`ProgramError`] by name and number.

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
pub mod query;
pub mod rewards;
pub mod rpc;
pub mod signed_request;
pub mod staking;
pub mod token;

pub use {
    chain::{Chain, Filter, Landed},
    error::{ChainError, ProgramError},
    grid_jobs::ID as JOBS_PROGRAM_ID,
    intent::{Expectation, Intent, Patience},
    rpc::RpcChain,
};
