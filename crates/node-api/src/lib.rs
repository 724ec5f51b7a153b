//! What a Grid node says over HTTP ([`report`]), and a client that asks it ([`NodeClient`]).
//!
//! `docs/node-api.md` describes the interface for other languages.

mod client;
pub mod report;
mod text;

pub use client::{NodeClient, NodeClientError, NodeLog, Pushed};
