//! `accept_collection_role`: takes over a role of a collection that was offered.
//!
//! Signs: the new holder.
//! It shall fail when: the role was not offered to the signer.

use crate::{
    events::{self, CollectionRoleChanged},
    state::{Collection, CollectionRole},
};
use anchor_lang::prelude::*;

/// Accounts of `accept_collection_role`.
#[derive(Accounts)]
pub struct AcceptCollectionRole {
    /// Whom the role was offered to; checked in the handler.
    pub new_holder: Signer,
    /// The collection's record.
    #[account(mut)]
    pub collection: Account<Collection>,
}

/// Handles `accept_collection_role`.
pub fn handle_accept_collection_role(
    ctx: &mut Context<AcceptCollectionRole>,
    role: CollectionRole,
) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let holder = *accounts.new_holder.address();
    accounts.collection.accept(role, &holder)?;
    events::log!(CollectionRoleChanged { collection: accounts.collection.mint, holder, role: role as u8 });
    Ok(())
}
