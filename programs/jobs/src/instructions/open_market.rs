//! `open_market`: opens a market with the signer as its authority. Anyone may open one.
//!
//! Signs: the authority, who pays the rent.
//! It shall fail when: the market exists already; the config is missing; the mint is not an SPL Token mint; a term is out of range.

#![expect(
    unused_variables,
    reason = "the derive reads the arguments once more on exit, where nothing needs them"
)]

use crate::{
    constants::MARKET_GROWTH_BYTES,
    events::{self, MarketOpened},
    state::{format_new_slots, Config, MarketAccount, MarketTerms},
};
use anchor_lang::prelude::*;
use anchor_spl::token::Mint;

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
    pub mint: Account<Mint>,
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
    terms.validate()?;
    let accounts = &mut ctx.accounts;
    let (authority, mint) = (*accounts.authority.address(), *accounts.mint.address());
    accounts.market.open(ctx.bumps.market, id, authority, mint, &terms);
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
