//! `update_market`: sets a market's terms, for jobs listed and devices offered from now on.
//!
//! Signs: the market's authority.
//! A listed job keeps the terms that it was listed at, and a device the penalties that it offered itself at.
//! It shall fail when: the signer is not the authority; a term is out of range.

use crate::{
    errors::GridError,
    events::{self, MarketUpdated},
    state::{MarketAccount, MarketTerms},
};
use anchor_lang::prelude::*;

/// Accounts of `update_market`.
#[derive(Accounts)]
pub struct UpdateMarket {
    /// The market's authority.
    #[account(address = market.authority @ GridError::NotMarketAuthority)]
    pub authority: Signer,
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
}

/// Handles `update_market`.
pub fn handle_update_market(ctx: &mut Context<UpdateMarket>, terms: MarketTerms) -> Result<()> {
    let market = &mut ctx.accounts.market;
    market.set_terms(&terms)?;
    events::log!(MarketUpdated {
        market: *market.address(),
        price_per_second_atoms: market.price_per_second_atoms,
        bond_atoms: market.bond_atoms,
        penalties: market.penalties,
        fee_bps: market.fee_bps,
        stakers_bps: market.stakers_bps,
        burn_bps: market.burn_bps,
        max_strikes: market.max_strikes,
        max_attempts: market.max_attempts,
        padding: [0; 3],
        min_timeout_seconds: market.min_timeout_seconds,
        max_timeout_seconds: market.max_timeout_seconds,
        start_window_seconds: market.start_window_seconds,
        heartbeat_limit_seconds: market.heartbeat_limit_seconds,
        finish_grace_seconds: market.finish_grace_seconds,
        retention_seconds: market.retention_seconds,
    });
    Ok(())
}
