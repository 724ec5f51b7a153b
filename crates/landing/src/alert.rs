//! What needs a person.

use solana_address::Address;
use solana_hash::Hash;
use std::sync::Arc;

/// Something that the engine goes on with, and can't mend by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Alert {
    /// An endpoint is on another chain and is not asked any more.
    #[error(
        "endpoint {endpoint} is on another chain, with genesis {genesis}: it is not used; take it out of the configuration"
    )]
    WrongChain {
        /// The endpoint.
        endpoint: String,
        /// The other chain's genesis hash.
        genesis: Hash,
    },
    /// An intent fails each time, and the chain still asks for it.
    #[error("{kind} of {subject} fails and is still wanted; it is tried again: {reason}")]
    Review {
        /// The account that it is about.
        subject: Address,
        /// What it does there.
        kind: String,
        /// Why it fails.
        reason: String,
    },
    /// Nobody can pay the fees.
    #[error("out of fee money: send SOL to {payer}; what is open waits and goes on")]
    NoFeeMoney {
        /// The fee payer.
        payer: Address,
    },
    /// The journal can't be written: nothing new is taken, what is open goes on.
    #[error("{reason}; nothing new is sent until it can be written, what is open goes on")]
    Journal {
        /// What the journal says.
        reason: String,
    },
}

/// Who is told. Called from several tasks, at moments when the engine holds still: must not block, and must not call the engine.
pub type Observer = Arc<dyn Fn(&Alert) + Send + Sync>;
