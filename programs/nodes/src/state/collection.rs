//! An access collection: whose NFTs admit nodes to markets, and who attests their benchmarks.

use crate::errors::NodesError;
use anchor_lang::prelude::*;

/// A role that is handed over in two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub enum CollectionRole {
    /// Issues and revokes access NFTs, offers both roles.
    Authority,
    /// Attests benchmarks.
    Attestor,
}

/// The record of a collection. Address: PDA `["collection", mint]`.
///
/// Of a collection that this program made, the address is the update authority: of the collection's NFT and of all that
/// were issued into it.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Collection {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// 1 when this program made the collection and issues its NFTs, else 0.
    pub is_ours: u8,
    /// Padding, zero.
    pub padding: [u8; 5],
    /// The collection's mint.
    pub mint: Address,
    /// See [`CollectionRole::Authority`].
    pub authority: Address,
    /// Whom the authority role was offered to; zero when nobody.
    pub pending_authority: Address,
    /// See [`CollectionRole::Attestor`].
    pub attestor: Address,
    /// Whom the attestor role was offered to; zero when nobody.
    pub pending_attestor: Address,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 40],
}

const _: () = assert!(core::mem::size_of::<Collection>() == 208);

impl Collection {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"collection";
    /// First seed of the mint's address, PDA `["collection_mint", authority, id]` (`id` as 8 little-endian bytes).
    pub const MINT_SEED: &'static [u8] = b"collection_mint";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Offers a role; the zero address takes an offer back.
    pub fn propose(&mut self, role: CollectionRole, to: Address) {
        match role {
            CollectionRole::Authority => self.pending_authority = to,
            CollectionRole::Attestor => self.pending_attestor = to,
        }
    }

    /// Hands a role to the one it was offered to. Error: [`NodesError::NotOffered`].
    pub fn accept(&mut self, role: CollectionRole, by: &Address) -> Result<()> {
        let (holder, offered) = match role {
            CollectionRole::Authority => (&mut self.authority, &mut self.pending_authority),
            CollectionRole::Attestor => (&mut self.attestor, &mut self.pending_attestor),
        };
        require!(anchor_lang::address_eq(offered, by), NodesError::NotOffered);
        *holder = *by;
        *offered = Address::default();
        Ok(())
    }
}
