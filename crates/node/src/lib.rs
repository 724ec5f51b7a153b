//! Grid node: one [`DeviceWorker`] per GPU offers its device, runs what it is matched with and posts the result.
//!
//! A worker keeps no state that it could not read again: each round it reads its device's and its market's account and
//! does the one thing that they ask for. A failed request therefore never loses a job or a payment; the next round
//! sees what really happened. In a market that asks for an access NFT, an attestation or a stake, it shows what is asked
//! for at that time; what a node needs for that comes from [`registration`] and from the market's authority. What a worker
//! does is told to an observer, see [`NodeEvent`].

mod admission;
pub mod alerts;
pub mod api;
pub mod config;
mod error;
mod event;
pub mod health;
mod lookout;
pub mod manager;
pub mod metrics;
mod orders;
mod preparing;
pub mod registration;
mod running;
#[cfg(test)]
mod sample;
pub mod service;
mod start_up;
mod state;
mod steps;
pub mod view;
mod watch;
mod worker;

pub use {
    error::NodeError,
    event::{NodeEvent, Observer, Step},
    lookout::Lookout,
    orders::{Listener, Order, Orders},
    worker::{DeviceWorker, WorkerConfig},
};
