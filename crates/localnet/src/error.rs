//! What can go wrong, each with what to do about it.

use std::{io, net::Ipv4Addr, path::PathBuf, time::Duration};

use solana_address::Address;

/// An error of the localnet.
#[derive(Debug, thiserror::Error)]
pub enum LocalnetError {
    /// A program's file cannot be read.
    #[error(
        "cannot read the program {name} at {path}: {source}; `cargo xtask build` makes it",
        path = .path.display()
    )]
    ProgramFile {
        /// The program's name.
        name: String,
        /// Where it was looked for.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The virtual machine does not load a program.
    #[error("the program {name} ({id}) does not load: {reason}; build it again with `cargo xtask build`")]
    ProgramRejected {
        /// The program's name.
        name: String,
        /// The program's address.
        id: Address,
        /// What the loader says.
        reason: String,
    },
    /// There is no Token Metadata program.
    #[error("{0}; or start without it")]
    TokenMetadata(#[from] grid_token_metadata::Missing),
    /// The slot time is out of range.
    #[error("a slot time of {slot_time:?} is not supported; choose 5 ms to 10 s")]
    SlotTime {
        /// The slot time asked for.
        slot_time: Duration,
    },
    /// A port cannot be bound.
    #[error("cannot listen on {host}:{port}: {source}; stop what uses the port or choose another one")]
    Port {
        /// The address to listen on.
        host: Ipv4Addr,
        /// The port asked for.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// JSON-RPC and websocket need a port each.
    #[error("the JSON-RPC port {port} leaves no websocket port; choose two different ports")]
    WebsocketPort {
        /// The JSON-RPC port.
        port: u16,
    },
    /// An account could not be funded.
    #[error("cannot airdrop {lamports} lamports to {address}: {reason}")]
    Airdrop {
        /// The account.
        address: Address,
        /// The lamports asked for.
        lamports: u64,
        /// Why not.
        reason: String,
    },
    /// The clock could not be moved.
    #[error("cannot advance the clock by {seconds} s: {reason}")]
    Clock {
        /// The seconds asked for.
        seconds: u64,
        /// Why not.
        reason: String,
    },
    /// The network did not come up.
    #[error("the localnet did not start: {reason}")]
    Start {
        /// What failed.
        reason: String,
    },
    /// The RPC server of a network that has come up does not answer.
    #[error(
        "the localnet's RPC at {url} does not answer: {source}; check that nothing filters local connections"
    )]
    Rpc {
        /// The address of the RPC.
        url: String,
        /// What the client says.
        source: Box<solana_rpc_client_api::client_error::Error>,
    },
    /// The network has ended.
    #[error("the localnet has stopped; start a new one")]
    Stopped,
    /// The network does not end.
    #[error("the localnet did not close its ports within {0:?}; they are free once the process ends")]
    StillRunning(Duration),
}
