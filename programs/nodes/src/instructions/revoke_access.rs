//! `revoke_access`: takes an access NFT out of its collection, wherever it is; the rent of its record goes to who paid it.
//!
//! Un-verified, not burned: burning takes the signature of whoever holds it. An NFT that its holder has burned, or that is
//! not in the collection any more, only loses its record.
//! Signs: the collection's authority.
//! It shall fail when: the signer is not the authority; the record is another collection's; the metadata is not the NFT's;
//! the rent would go to another.

use crate::{
    errors::NodesError,
    events::{self, AccessRevoked},
    metaplex::TokenMetadata,
    nft::{Authority, Member},
    state::{Access, Collection},
};
use anchor_lang::{prelude::*, AccountClose};
use grid_onchain::metadata;

/// Accounts of `revoke_access`.
#[derive(Accounts)]
pub struct RevokeAccess {
    /// The collection's authority.
    #[account(mut, unsafe(dup), address = collection.authority @ NodesError::NotCollectionAuthority)]
    pub authority: Signer,
    /// The collection's record, which signs.
    #[account(constraint = anchor_lang::address_eq(&collection.mint, &access.collection) @ NodesError::WrongCollection)]
    pub collection: Account<Collection>,
    /// The collection's mint.
    #[account(address = collection.mint @ NodesError::WrongMint)]
    pub collection_mint: UncheckedAccount,
    /// The collection's metadata; Token Metadata checks its owner and the mint that it names.
    #[account(mut)]
    pub collection_metadata: UncheckedAccount,
    /// The collection's master edition; Token Metadata checks it.
    pub collection_edition: UncheckedAccount,
    /// The record of the NFT.
    #[account(mut)]
    pub access: Account<Access>,
    /// The NFT's metadata; checked in the handler.
    #[account(mut)]
    pub metadata: UncheckedAccount,
    /// Paid the rent of the record, and gets it back.
    #[account(mut, unsafe(dup), address = access.payer @ NodesError::WrongRentPayer)]
    pub payer: UncheckedAccount,
    /// Metaplex Token Metadata.
    pub metadata_program: Program<TokenMetadata>,
}

/// Handles `revoke_access`.
pub fn handle_revoke_access(ctx: &mut Context<RevokeAccess>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (collection, mint, node) = (accounts.collection.mint, accounts.access.mint, accounts.access.node);
    let metadata = accounts.metadata.account();
    require!(metadata::is_address_of(metadata.address(), &mint), NodesError::WrongMetadata);
    let is_member = metadata::with(metadata, &mint, |metadata| metadata.is_in(&collection));
    if is_member == Some(true) {
        let member = Member {
            payer: accounts.authority.account(),
            authority: Authority {
                account: accounts.collection.account(),
                mint: &collection,
                bump: accounts.collection.bump,
            },
            metadata,
            collection_mint: accounts.collection_mint.account(),
            collection_metadata: accounts.collection_metadata.account(),
            collection_edition: accounts.collection_edition.account(),
        };
        member.unverify()?;
    }
    accounts.access.close(*accounts.payer.account())?;
    events::log!(AccessRevoked { collection, mint, node });
    Ok(())
}
