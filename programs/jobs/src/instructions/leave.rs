//! `leave`: takes a queued device off its market.
//!
//! Signs: the node at any time, anyone 30 days after a notice.
//! It shall fail when: the signer is a stranger and no notice has passed; the market is not the device's; the device is not in the queue (a
//! device that a job took reads `Queued`, but its slot does not hold it any more: start or decline that job).

use crate::{
    errors::GridError,
    events::{self, DeviceLeft},
    instructions::notice::require_owner_or_notice,
    state::{with_queue, Device, MarketAccount},
};
use anchor_lang::prelude::*;

/// Accounts of `leave`.
#[derive(Accounts)]
pub struct Leave {
    /// The device's node, or anyone after the notice.
    pub signer: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's market.
    #[account(mut, address = device.market @ GridError::WrongMarket)]
    pub market: MarketAccount,
}

/// Handles `leave`.
pub fn handle_leave(ctx: &mut Context<Leave>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let address = *accounts.device.address();
    let is_node = anchor_lang::address_eq(accounts.signer.address(), &accounts.device.node);
    require_owner_or_notice(is_node, accounts.device.noticed_at)?;
    let slot = accounts.device.slot.get();
    let was_queued = with_queue(&mut accounts.market, |queue| queue.remove(slot, &address))?;
    require!(was_queued, GridError::DeviceNotQueued);
    accounts.device.release();
    events::log!(DeviceLeft { device: address });
    Ok(())
}
