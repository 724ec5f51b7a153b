//! `leave`: takes a queued device off its market.
//!
//! Signs: the node.
//! It shall fail when: the signer is not the node; the market is not the device's; the device is not in the queue (a
//! device that a job took reads `Queued`, but its slot does not hold it any more: start or decline that job).

use crate::{
    errors::GridError,
    events::{self, DeviceLeft},
    state::{with_queue, Device, MarketAccount},
};
use anchor_lang::prelude::*;

/// Accounts of `leave`.
#[derive(Accounts)]
pub struct Leave {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
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
    let slot = accounts.device.slot.get();
    let was_queued = with_queue(&mut accounts.market, |queue| queue.remove(slot, &address))?;
    require!(was_queued, GridError::DeviceNotQueued);
    accounts.device.release();
    events::log!(DeviceLeft { device: address });
    Ok(())
}
