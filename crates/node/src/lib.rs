//! Grid node: one [`DeviceWorker`] per GPU offers its device, runs what it is matched with and posts the result.
//!
//! A worker keeps no state that it could not read again: each round it reads its device's and its market's account and
//! does the one thing that they ask for. A failed request therefore never loses a job or a payment; the next round
//! sees what really happened. What a worker does is told to an observer, see [`NodeEvent`].

mod error;
mod event;
mod watch;
mod worker;

pub use {
    error::NodeError,
    event::{NodeEvent, Observer, Step},
    worker::{DeviceWorker, WorkerConfig},
};
