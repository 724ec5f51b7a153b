//! `grow_market`: adds 10 KiB (about 284 entries) to a market's queue. Who waits keeps its place.
//!
//! Signs: the payer of the rent, anyone: a full queue is no one's to keep full.
//! It shall fail when: the queue has its largest capacity.

use crate::{
    constants::{MARKET_GROWTH_BYTES, MAX_QUEUE_CAPACITY},
    errors::GridError,
    events::{self, MarketGrown},
    state::{format_new_slots, MarketAccount},
};
use anchor_lang::{prelude::*, AccountRealloc};

/// Accounts of `grow_market`.
#[derive(Accounts)]
pub struct GrowMarket {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `grow_market`.
pub fn handle_grow_market(ctx: &mut Context<GrowMarket>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.market.len() < MAX_QUEUE_CAPACITY, GridError::QueueAtLimit);
    let space = accounts.market.current_space().saturating_add(MARKET_GROWTH_BYTES);
    accounts.market.realloc_account(space, *accounts.payer.account(), true)?;
    format_new_slots(&mut accounts.market)?;
    events::log!(MarketGrown {
        market: *accounts.market.address(),
        capacity_after: (accounts.market.len() as u64).into(),
    });
    Ok(())
}
