//! `issue_access`: mints an access NFT to a registered node's wallet, verified into the collection.
//!
//! Signs: the collection's authority, who pays the rent.
//! It shall fail when: the signer is not the authority; this program did not make the collection; name, symbol or URI are
//! too long, or the name is empty; the mint's address is not the one of collection and index, or is taken; another account
//! is not the one that its program derives.

use crate::{
    constants::LAYOUT_VERSION,
    errors::NodesError,
    events::{self, AccessIssued},
    metaplex::{Label, Place, TokenMetadata},
    nft::{Authority, Member, Nft, Programs},
    state::{Access, Collection, Node},
};
use anchor_lang::{
    prelude::*,
    programs::{AssociatedToken, Token},
    AccountInitialize,
};
use grid_onchain::pda::require_pda;

/// Accounts of `issue_access`.
#[derive(Accounts)]
pub struct IssueAccess {
    /// The collection's authority; pays the rent. It may be the node.
    #[account(mut, unsafe(dup), address = collection.authority @ NodesError::NotCollectionAuthority)]
    pub authority: Signer,
    /// The collection's record, which signs.
    pub collection: Account<Collection>,
    /// The collection's mint.
    #[account(address = collection.mint @ NodesError::WrongMint)]
    pub collection_mint: UncheckedAccount,
    /// The collection's metadata; Token Metadata checks its owner and the mint that it names.
    #[account(mut)]
    pub collection_metadata: UncheckedAccount,
    /// The collection's master edition; Token Metadata checks it.
    pub collection_edition: UncheckedAccount,
    /// The node's record.
    pub node: Account<Node>,
    /// The node's wallet.
    #[account(address = node.node @ NodesError::WrongNode)]
    pub wallet: UncheckedAccount,
    /// The NFT's mint: PDA `["access_mint", collection, index]`, created here.
    #[account(mut)]
    pub mint: UncheckedAccount,
    /// The wallet's associated token account, created here.
    #[account(mut)]
    pub token: UncheckedAccount,
    /// The NFT's metadata, created by Token Metadata, which checks the address.
    #[account(mut)]
    pub metadata: UncheckedAccount,
    /// The NFT's master edition, created by Token Metadata, which checks the address.
    #[account(mut)]
    pub edition: UncheckedAccount,
    /// The record of the NFT: PDA `["access", mint]`, created here.
    #[account(mut)]
    pub access: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
    /// The associated token program.
    pub associated_token_program: Program<AssociatedToken>,
    /// Metaplex Token Metadata.
    pub metadata_program: Program<TokenMetadata>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `issue_access`.
pub fn handle_issue_access(ctx: &mut Context<IssueAccess>, index: u64, label: &Label) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.collection.is_ours == 1, NodesError::CollectionNotOurs);
    let (collection, mint) = (accounts.collection.mint, *accounts.mint.address());
    let create_metadata = label.create_metadata(Place::Of(&collection))?;
    let authority = || Authority {
        account: accounts.collection.account(),
        mint: &collection,
        bump: accounts.collection.bump,
    };
    let nft = Nft {
        payer: accounts.authority.account(),
        authority: authority(),
        mint: accounts.mint.account(),
        holder: accounts.wallet.account(),
        token: accounts.token.account(),
        metadata: accounts.metadata.account(),
        edition: accounts.edition.account(),
    };
    let programs = Programs {
        token: accounts.token_program.account(),
        associated_token: accounts.associated_token_program.account(),
        system: accounts.system_program.account(),
    };
    let index = index.to_le_bytes();
    nft.create(&programs, [Access::MINT_SEED, collection.as_ref(), &index], &create_metadata)?;
    let member = Member {
        payer: accounts.authority.account(),
        authority: authority(),
        metadata: accounts.metadata.account(),
        collection_mint: accounts.collection_mint.account(),
        collection_metadata: accounts.collection_metadata.account(),
        collection_edition: accounts.collection_edition.account(),
    };
    member.verify()?;

    let seeds = [Access::SEED, mint.as_ref()];
    let bump = require_pda(&seeds, &crate::ID, accounts.access.address())?;
    let mut access = Account::<Access>::create_and_initialize(
        accounts.authority.account(),
        accounts.access.account(),
        Access::SPACE,
        &crate::ID,
        &(),
        Some(&[Access::SEED, mint.as_ref(), &[bump]]),
        None,
    )?;
    let node = accounts.node.node;
    access.version = LAYOUT_VERSION;
    access.bump = bump;
    access.issued_at = Clock::get()?.unix_timestamp.into();
    access.mint = mint;
    access.collection = collection;
    access.node = node;
    access.payer = *accounts.authority.address();
    events::log!(AccessIssued { collection, mint, node });
    Ok(())
}
