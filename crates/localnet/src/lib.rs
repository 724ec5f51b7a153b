//! Grid localnet: a Solana network inside the process, for demos, first tries and tests.
//!
//! [`Localnet::start`] runs [surfpool](https://docs.rs/surfpool-core) offline and serves a real JSON-RPC and
//! websocket endpoint on this machine, so that a worker, a wallet or any Solana client talks to it exactly as to
//! a cluster. SPL Token, Token-2022, Associated Token Account and Memo are there from the first slot, and so is
//! the real Metaplex Token Metadata program; the Grid programs come with [`LocalnetConfig::programs`]. Its clock
//! can be moved, its accounts filled, and it keeps nothing on disk.
//!
//! ```no_run
//! # async fn example() -> Result<(), grid_localnet::LocalnetError> {
//! use grid_localnet::{Localnet, LocalnetConfig};
//!
//! let localnet = Localnet::start(LocalnetConfig::default()).await?;
//! println!("RPC {} websocket {}", localnet.rpc_url(), localnet.ws_url());
//! localnet.advance_clock(3_600).await?;
//! localnet.stop().await
//! # }
//! ```
//!
//! # Slots and blocks
//! A slot opens every [`LocalnetConfig::slot_time`]. With [`LocalnetConfig::eager_blocks`] a transaction also
//! closes the open slot at once, without moving the clock, so it is confirmed within milliseconds. The number of
//! such extra blocks is bounded, so that a blockhash (150 blocks) lives for 50 slots or more under any load.
//! Finalized is 31 blocks behind. Every start is another chain, with a genesis hash of its own.
//!
//! # What differs from a cluster
//! - There is one account state: a read at `finalized` shows what `processed` shows. Slots, blockhashes and
//!   signature statuses do follow the commitment.
//! - A signature status is `null` until the transaction is confirmed; `processed` is never reported.
//! - Bytes that have landed are refused with an error when they are sent again, with or without preflight.
//! - A transaction that cannot land (expired blockhash, nobody to pay the fee) is accepted without preflight and
//!   gets no status, as on a cluster. But `signatureSubscribe` reports its error, and the histories of its
//!   accounts get an entry with an empty signature.
//! - `getBlock` and `getTransaction` answer `null` where a cluster has an error for a block that is not there, and
//!   `logsSubscribe` wants a commitment in its configuration.
//! - A subscription takes effect a moment after its answer. Notifications are collected every 50 ms; those of
//!   accounts and programs come when a transaction is processed, whatever commitment is asked for.
//! - The chain's time is `slot_time` per regular slot, so a busy machine makes it fall behind the wall clock; the
//!   time of a block without transactions is an estimate.
//! - Whoever reaches the RPC port has the `surfnet_*` methods, which can set any account.
//! - Every transaction is kept in memory until the network stops.

#![forbid(unsafe_code)]

mod blocks;
mod clock;
mod config;
mod error;
mod events;
mod network;
mod ports;
mod program;

pub use config::{Airdrop, LocalnetConfig};
pub use error::LocalnetError;
pub use network::Localnet;
pub use program::{PROGRAM_FOLDER_VARIABLE, ProgramBinary, ids, program_folder};
