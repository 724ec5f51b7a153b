//! `close_market`: closes a market that nothing depends on; its rent goes to the authority.
//!
//! Signs: the market's authority.
//! Idle devices of the market keep their bond and earnings, and are emptied and closed without it.
//! It shall fail when: the signer is not the authority; a job waits, is matched or runs; a device waits; fees are owed.

use crate::{
    errors::GridError,
    events::{self, MarketClosed},
    state::MarketAccount,
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close_market`.
#[derive(Accounts)]
pub struct CloseMarket {
    /// The market's authority; gets the rent.
    #[account(mut, address = market.authority @ GridError::NotMarketAuthority)]
    pub authority: Signer,
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
}

/// Handles `close_market`.
pub fn handle_close_market(ctx: &mut Context<CloseMarket>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.market.is_settled(), GridError::MarketNotEmpty);
    let market = *accounts.market.address();
    accounts.market.close(*accounts.authority.account())?;
    events::log!(MarketClosed { market });
    Ok(())
}
