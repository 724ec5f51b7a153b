//! Grid landing engine: transactions that are never lost and never paid twice.
//!
//! [`Landing`] is a [`grid_client::Chain`] over several RPC endpoints with a journal on disk. What is given to
//! [`Chain::land`](grid_client::Chain::land) is written down, with its signed bytes, before it is first sent; the same bytes
//! go to all endpoints again and again until the cluster's own heights and histories say that they landed, or never will.
//! Only then is anything signed again. See `docs/landing.md` for the rules and their proofs.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`Landing`] | the chain; [`LandingConfig`] sets it up |
//! | [`judge`] | the rule that decides what became of a transaction; pure |
//! | [`fees`] | priority fees and compute-unit limits; pure |
//! | [`health`] | how endpoints are ranked; pure |
//! | [`transaction`] | transactions of version 0 and 1 |
//! | [`endpoint`], [`rpc`] | what is asked of an endpoint, and how over JSON-RPC |
//! | [`disk`], [`journal`], [`record`] | where open intents are kept |
//! | [`clock`] | time, for pauses only |

pub mod clock;
pub mod disk;
pub mod endpoint;
pub mod fees;
pub mod health;
pub mod journal;
pub mod judge;
pub mod record;
pub mod rpc;
pub mod transaction;

mod alert;
mod cluster;
mod config;
mod engine;
mod entry;
mod error;
mod landing;
mod prepare;

pub use alert::{Alert, Observer};
pub use cluster::EndpointStatus;
pub use config::{LandingConfig, Timing};
pub use disk::FolderError;
pub use entry::{IntentStage, IntentStatus};
pub use error::LandingError;
pub use landing::{Landing, Parts};
