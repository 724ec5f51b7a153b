//! `propose_collection_role`: offers the authority's or the attestor's role to a key, which takes it with
//! `accept_collection_role`.
//!
//! Signs: the authority. The zero address takes an offer back.
//! It shall fail when: the signer is not the authority.

use crate::{
    errors::NodesError,
    events::{self, CollectionRoleProposed},
    state::{Collection, CollectionRole},
};
use anchor_lang::prelude::*;

/// Accounts of `propose_collection_role`.
#[derive(Accounts)]
pub struct ProposeCollectionRole {
    /// The collection's authority.
    #[account(address = collection.authority @ NodesError::NotCollectionAuthority)]
    pub authority: Signer,
    /// The collection's record.
    #[account(mut)]
    pub collection: Account<Collection>,
}

/// Handles `propose_collection_role`.
pub fn handle_propose_collection_role(
    ctx: &mut Context<ProposeCollectionRole>,
    role: CollectionRole,
    to: Address,
) -> Result<()> {
    let collection = &mut ctx.accounts.collection;
    collection.propose(role, to);
    events::log!(CollectionRoleProposed { collection: collection.mint, to, role: role as u8 });
    Ok(())
}
