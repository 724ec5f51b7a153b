//! `propose_market_authority`: offers a market to another authority, which takes it with `accept_market_authority`.
//!
//! Signs: the market's authority. The zero address takes an offer back.
//! It shall fail when: the signer is not the authority.

use crate::{
    errors::GridError,
    events::{self, MarketAuthorityProposed},
    state::MarketAccount,
};
use anchor_lang::prelude::*;

/// Accounts of `propose_market_authority`.
#[derive(Accounts)]
pub struct ProposeMarketAuthority {
    /// The market's authority.
    #[account(address = market.authority @ GridError::NotMarketAuthority)]
    pub authority: Signer,
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
}

/// Handles `propose_market_authority`.
pub fn handle_propose_market_authority(
    ctx: &mut Context<ProposeMarketAuthority>,
    new_authority: Address,
) -> Result<()> {
    let market = &mut ctx.accounts.market;
    market.pending_authority = new_authority;
    events::log!(MarketAuthorityProposed { market: *market.address(), new_authority });
    Ok(())
}
