//! `pause_market`: refuses new jobs, new devices and new offers of devices in a market for some time. Zero seconds end
//! a pause.
//!
//! Signs: the config's pauser.
//! A pause never touches an exit: whoever is in the market finishes, leaves and is paid as ever. It ends by itself, and
//! the next one may begin only when entries have been open for 3 days.
//! It shall fail when: the signer is not the pauser; the pause is longer than 3 days; it comes too soon.

use crate::{
    errors::GridError,
    events::{self, MarketPaused},
    state::{pause_until, Config, MarketAccount},
};
use anchor_lang::prelude::*;

/// Accounts of `pause_market`.
#[derive(Accounts)]
pub struct PauseMarket {
    /// The config's pauser.
    #[account(address = config.pauser @ GridError::NotPauser)]
    pub pauser: Signer,
    /// The config.
    pub config: Account<Config>,
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
}

/// Handles `pause_market`.
pub fn handle_pause_market(ctx: &mut Context<PauseMarket>, seconds: u32) -> Result<()> {
    let market = &mut ctx.accounts.market;
    let now = Clock::get()?.unix_timestamp;
    market.entries_paused_until = pause_until(market.entries_paused_until.get(), now, seconds)?.into();
    events::log!(MarketPaused { market: *market.address(), until: market.entries_paused_until });
    Ok(())
}
