//! Why a landing engine can't be opened.

use crate::{disk::FolderError, journal::JournalError};
use solana_hash::Hash;

/// Why a landing engine can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// No endpoint was named.
    #[error("no RPC endpoint is configured: name at least one, better two")]
    NoEndpoint,
    /// The journal's folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The journal can't be read or written.
    #[error(
        "{0}; it holds what is not paid yet: do not throw it away before its open intents are compared with the chain"
    )]
    Journal(#[from] JournalError),
    /// The configuration names another chain than the journal belongs to.
    #[error(
        "the journal belongs to the chain with genesis {journal}, the configuration names {configured}: use another journal folder for another chain"
    )]
    OtherJournal {
        /// The journal's chain.
        journal: Hash,
        /// The configuration's chain.
        configured: Hash,
    },
    /// An endpoint is on another chain.
    #[error(
        "endpoint {endpoint} is on the chain with genesis {found}, expected was {expected}: correct the endpoints, or use another journal folder for another chain"
    )]
    WrongChain {
        /// The endpoint.
        endpoint: String,
        /// Its chain.
        found: Hash,
        /// The chain of the journal, the configuration or the other endpoints.
        expected: Hash,
    },
}
