//! `accept_market_authority`: takes over a market that was offered. Its address stays.
//!
//! Signs: the new authority.
//! It shall fail when: the market was not offered to the signer.

use crate::{
    errors::GridError,
    events::{self, MarketAuthorityChanged},
    state::MarketAccount,
};
use anchor_lang::prelude::*;

/// Accounts of `accept_market_authority`.
#[derive(Accounts)]
pub struct AcceptMarketAuthority {
    /// Whom the market was offered to.
    #[account(address = market.pending_authority @ GridError::NotPendingAuthority)]
    pub new_authority: Signer,
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
}

/// Handles `accept_market_authority`.
pub fn handle_accept_market_authority(ctx: &mut Context<AcceptMarketAuthority>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let authority = *accounts.new_authority.address();
    accounts.market.authority = authority;
    accounts.market.pending_authority = Address::default();
    events::log!(MarketAuthorityChanged { market: *accounts.market.address(), authority });
    Ok(())
}
