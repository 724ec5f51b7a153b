//! `open_market`: opens a market with the signer as its authority. Anyone may open one.
//!
//! Signs: the authority, who pays the rent.
//! It shall fail when: the market exists already; the config is missing; deposits are paused; the mint is neither one of
//! SPL Token nor one of Token-2022 whose extensions are all harmless; a term is out of range.

#![expect(
    unused_variables,
    reason = "the derive reads the arguments once more on exit, where nothing needs them"
)]

use crate::{
    constants::MARKET_GROWTH_BYTES,
    errors::GridError,
    events::{self, MarketOpened},
    instructions::mint::require_plain_mint,
    state::{format_new_slots, is_paused, Config, MarketAccount, MarketTerms},
};
use anchor_lang::prelude::*;
use grid_onchain::mint::Mint;

/// Accounts of `open_market`.
#[derive(Accounts)]
#[instruction(id: u64)]
pub struct OpenMarket {
    /// The market's authority; pays the rent.
    #[account(mut)]
    pub authority: Signer,
    /// The config.
    #[account(seeds = [b"config"], bump)]
    pub config: Account<Config>,
    /// The mint of all amounts.
    pub mint: InterfaceAccount<Mint>,
    /// The market.
    #[account(
        init,
        payer = authority,
        space = MARKET_GROWTH_BYTES,
        seeds = [b"market", authority.address().as_ref(), &id.to_le_bytes()],
        bump
    )]
    pub market: MarketAccount,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `open_market`.
pub fn handle_open_market(ctx: &mut Context<OpenMarket>, id: u64, terms: MarketTerms) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(!is_paused(accounts.config.deposits_paused_until)?, GridError::DepositsPaused);
    require_plain_mint(accounts.mint.account())?;
    let (authority, mint) = (*accounts.authority.address(), *accounts.mint.address());
    accounts.market.open(ctx.bumps.market, id, authority, mint, &terms)?;
    format_new_slots(&mut accounts.market)?;
    events::log!(MarketOpened {
        market: *accounts.market.address(),
        authority,
        mint,
        price_per_second_atoms: terms.price_per_second_atoms.into(),
        capacity: (accounts.market.len() as u64).into(),
    });
    Ok(())
}
