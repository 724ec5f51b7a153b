//! `adopt_collection`: enters a collection that was made elsewhere, so that its nodes can be attested. This program issues
//! none of its NFTs.
//!
//! Signs: the update authority of the collection's metadata, who pays the rent and becomes authority and attestor. Whoever
//! becomes the update authority later can adopt the collection again, and takes both roles by it.
//! It shall fail when: the metadata is not the mint's; the signer is not its update authority; this program made the
//! collection.

use crate::{
    constants::LAYOUT_VERSION,
    errors::NodesError,
    events::{self, CollectionOpened},
    state::Collection,
};
use anchor_lang::prelude::*;
use grid_onchain::metadata;

/// Accounts of `adopt_collection`.
#[derive(Accounts)]
pub struct AdoptCollection {
    /// The update authority of the collection's metadata; pays the rent.
    #[account(mut)]
    pub authority: Signer,
    /// The collection's mint; the metadata's address and bytes name it.
    pub mint: UncheckedAccount,
    /// The collection's metadata; checked in the handler.
    pub metadata: UncheckedAccount,
    /// The collection's record.
    #[account(
        init_if_needed,
        payer = authority,
        space = Collection::SPACE,
        seeds = [b"collection", mint.address().as_ref()],
        bump
    )]
    pub collection: Account<Collection>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `adopt_collection`.
pub fn handle_adopt_collection(ctx: &mut Context<AdoptCollection>) -> Result<()> {
    let bump = ctx.bumps.collection;
    let accounts = &mut ctx.accounts;
    let (authority, mint) = (*accounts.authority.address(), *accounts.mint.address());
    let is_authority = metadata::with(accounts.metadata.account(), &mint, |metadata| {
        anchor_lang::address_eq(metadata.update_authority, &authority)
    });
    require!(is_authority.ok_or(NodesError::WrongMetadata)?, NodesError::NotUpdateAuthority);
    let collection = &mut accounts.collection;
    collection.version = LAYOUT_VERSION;
    collection.bump = bump;
    collection.mint = mint;
    collection.authority = authority;
    collection.pending_authority = Address::default();
    collection.attestor = authority;
    collection.pending_attestor = Address::default();
    events::log!(CollectionOpened { collection: mint, authority, is_ours: 0 });
    Ok(())
}
