//! The record of an access NFT: whom it was issued to.

use anchor_lang::prelude::*;

/// Whom an access NFT was issued to. Address: PDA `["access", mint]`; it exists until the NFT is revoked.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Access {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Padding, zero.
    pub padding: [u8; 6],
    /// When it was issued, Unix seconds.
    pub issued_at: PodI64,
    /// The NFT's mint.
    pub mint: Address,
    /// The collection's mint.
    pub collection: Address,
    /// The node's key.
    pub node: Address,
    /// Paid the rent, and gets it back.
    pub payer: Address,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<Access>() == 176);

impl Access {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"access";
    /// First seed of the mint's address, PDA `["access_mint", collection, index]` (`index` as 8 little-endian bytes).
    pub const MINT_SEED: &'static [u8] = b"access_mint";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();
}
