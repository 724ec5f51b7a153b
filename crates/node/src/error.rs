//! Why a worker gives up.

use grid_client::ChainError;
use solana_address::Address;

/// What no retry can mend.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The device belongs to another key.
    #[error(
        "device {device} belongs to node {node}, not to the key of this worker, {key}: start the worker with that node's key"
    )]
    OtherNode {
        /// The device.
        device: Address,
        /// Its node.
        node: Address,
        /// The worker's key.
        key: Address,
    },
    /// The device does not exist.
    #[error("device {device} does not exist: open it first")]
    NoDevice {
        /// The device.
        device: Address,
    },
    /// The chain could not be read when the worker began.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The folder of running jobs could not be cleaned when the worker began.
    #[error("the scratch folder {folder}: {source}")]
    Scratch {
        /// The folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
}
