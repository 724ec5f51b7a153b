//! An attestation: somebody whom a collection trusts has seen a node's benchmark.

use crate::{constants::MAX_ATTESTATION_SECONDS, errors::NodesError};
use anchor_lang::prelude::*;

/// An attestation of one benchmark class. Address: PDA `["attestation", collection, node, class]` (`collection` is the
/// collection's mint, `node` the node's key, `class` 2 little-endian bytes).
///
/// It holds until it expires, as long as the node's hardware is the one that was measured.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Benchmark class: what was measured, and in which unit.
    pub class: PodU16,
    /// Padding, zero.
    pub padding: [u8; 4],
    /// Score, in the class's own unit.
    pub score: PodU64,
    /// [`crate::Node::hardware_slot`] of the hardware that was measured.
    pub hardware_slot: PodU64,
    /// When it was made, Unix seconds.
    pub attested_at: PodI64,
    /// From when on it does not hold any more, Unix seconds.
    pub expires_at: PodI64,
    /// The collection's mint.
    pub collection: Address,
    /// The node's key.
    pub node: Address,
    /// Who made it.
    pub attestor: Address,
    /// Paid the rent, and gets it back.
    pub payer: Address,
    /// SHA-256 of the benchmark's result document.
    pub result: [u8; 32],
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<Attestation>() == 232);

impl Attestation {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"attestation";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Writes what was measured, from `now` until `expires_at` (Unix seconds).
    ///
    /// Errors: [`NodesError::ZeroResult`], [`NodesError::ExpiryOutOfRange`].
    pub fn measure(&mut self, score: u64, result: &[u8; 32], expires_at: i64, now: i64) -> Result<()> {
        require!(*result != [0; 32], NodesError::ZeroResult);
        let latest = now.saturating_add(MAX_ATTESTATION_SECONDS);
        require!(expires_at > now && expires_at <= latest, NodesError::ExpiryOutOfRange);
        self.score = score.into();
        self.result = *result;
        self.attested_at = now.into();
        self.expires_at = expires_at.into();
        Ok(())
    }

    /// Whether it has expired at `now` (Unix seconds).
    pub fn is_expired(&self, now: i64) -> bool {
        now >= self.expires_at.get()
    }
}
