//! How a landing engine is set up.

use crate::{alert::Observer, fees::FeePolicy, transaction::TransactionVersion};
use solana_hash::Hash;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// How a [`Landing`](crate::Landing) is set up.
#[derive(Clone)]
pub struct LandingConfig {
    /// URLs of the JSON-RPC endpoints. With two or more, nothing is over before two of them agree; with one, its word is law.
    pub endpoints: Vec<String>,
    /// Folder of the journal; one process at a time.
    pub journal: PathBuf,
    /// Hash of the chain's first block. `None`: that of the first endpoint that answers, remembered in the journal.
    pub genesis: Option<Hash>,
    /// The version of the transactions that are sent.
    pub version: TransactionVersion,
    /// What they offer for their place in a block.
    pub fees: FeePolicy,
    /// How the engine behaves.
    pub timing: Timing,
    /// Who is told what needs a person.
    pub observer: Observer,
}

impl LandingConfig {
    /// The usual behaviour, on these endpoints, with the journal in this folder.
    pub fn new(endpoints: Vec<String>, journal: impl Into<PathBuf>) -> Self {
        Self {
            endpoints,
            journal: journal.into(),
            genesis: None,
            version: TransactionVersion::default(),
            fees: FeePolicy::default(),
            timing: Timing::default(),
            observer: Arc::new(|_| {}),
        }
    }
}

/// Pauses and limits. None of them decides what became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Time between two looks at what became of transactions.
    pub poll_interval: Duration,
    /// Time after which the same bytes are sent again.
    pub resend_interval: Duration,
    /// How long an endpoint may take for an answer.
    pub request_timeout: Duration,
    /// How long a read is tried again when no endpoint answers.
    pub read_patience: Duration,
    /// Longest time between two tries of what can't be signed or fails; the first comes after [`Self::poll_interval`].
    pub max_backoff: Duration,
    /// Transactions that are prepared at the same time, at least 1.
    pub concurrency: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_millis(800),
            resend_interval: Duration::from_millis(1_600),
            request_timeout: Duration::from_secs(10),
            read_patience: Duration::from_secs(10),
            max_backoff: Duration::from_secs(60),
            concurrency: 16,
        }
    }
}
