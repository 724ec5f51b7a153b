//! `create_collection`: makes a collection of access NFTs: a sized collection NFT of Token Metadata, and its record.
//!
//! Signs: the authority, who pays the rent. Authority and attestor are that key until it hands the roles over.
//! The collection's own NFT belongs to the record, so that nobody can burn or sell it.
//! It shall fail when: name, symbol or URI are too long, or the name is empty; the mint's address is not the one of
//! authority and id; the collection exists already; another account is not the one that its program derives.

use crate::{
    constants::LAYOUT_VERSION,
    events::{self, CollectionOpened},
    metaplex::{Label, Place, TokenMetadata},
    nft::{Authority, Nft, Programs},
    state::Collection,
};
use anchor_lang::{
    prelude::*,
    programs::{AssociatedToken, Token},
    AccountInitialize,
};
use grid_onchain::pda::require_pda;

/// Accounts of `create_collection`.
#[derive(Accounts)]
pub struct CreateCollection {
    /// Becomes authority and attestor; pays the rent.
    #[account(mut)]
    pub authority: Signer,
    /// The collection's mint: PDA `["collection_mint", authority, id]`, created here.
    #[account(mut)]
    pub mint: UncheckedAccount,
    /// The collection's record: PDA `["collection", mint]`, created here.
    #[account(mut)]
    pub collection: UncheckedAccount,
    /// The record's associated token account, which holds the collection's NFT; created here.
    #[account(mut)]
    pub token: UncheckedAccount,
    /// The collection's metadata, created by Token Metadata, which checks the address.
    #[account(mut)]
    pub metadata: UncheckedAccount,
    /// The collection's master edition, created by Token Metadata, which checks the address.
    #[account(mut)]
    pub edition: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
    /// The associated token program.
    pub associated_token_program: Program<AssociatedToken>,
    /// Metaplex Token Metadata.
    pub metadata_program: Program<TokenMetadata>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `create_collection`.
pub fn handle_create_collection(ctx: &mut Context<CreateCollection>, id: u64, label: &Label) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let create_metadata = label.create_metadata(Place::Collection)?;
    let (authority, mint) = (*accounts.authority.address(), *accounts.mint.address());
    let account = accounts.collection.account();
    let bump = require_pda(&[Collection::SEED, mint.as_ref()], &crate::ID, account.address())?;
    let nft = Nft {
        payer: accounts.authority.account(),
        authority: Authority { account, mint: &mint, bump },
        mint: accounts.mint.account(),
        holder: account,
        token: accounts.token.account(),
        metadata: accounts.metadata.account(),
        edition: accounts.edition.account(),
    };
    let programs = Programs {
        token: accounts.token_program.account(),
        associated_token: accounts.associated_token_program.account(),
        system: accounts.system_program.account(),
    };
    let id = id.to_le_bytes();
    let seeds = [Collection::MINT_SEED, authority.as_ref(), &id];
    nft.create(&programs, seeds, &create_metadata)?;

    let mut collection = Account::<Collection>::create_and_initialize(
        accounts.authority.account(),
        accounts.collection.account(),
        Collection::SPACE,
        &crate::ID,
        &(),
        Some(&[Collection::SEED, mint.as_ref(), &[bump]]),
        None,
    )?;
    collection.version = LAYOUT_VERSION;
    collection.bump = bump;
    collection.is_ours = 1;
    collection.mint = mint;
    collection.authority = authority;
    collection.attestor = authority;
    events::log!(CollectionOpened { collection: mint, authority, is_ours: 1 });
    Ok(())
}
