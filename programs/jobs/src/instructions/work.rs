//! `work`: offers an idle device, which takes the first waiting job or queues.
//!
//! Signs: the node.
//! The match is written into the device's account: the job's account is not needed, so two nodes never race.
//! It shall fail when: the signer is not the node; the market is not the device's; the device is not idle; its bond is
//! below the market's; the market's price is below the minimum; the queue is full.

use crate::{
    errors::GridError,
    events::{self, DeviceMatched, DeviceQueued},
    instructions::clock::{unix_timestamp, CLOCK},
    state::{with_queue, Device, DeviceState, MarketAccount, QueueKind},
};
use anchor_lang::prelude::*;

/// Accounts of `work`.
#[derive(Accounts)]
pub struct Work {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's market.
    #[account(mut, address = device.market @ GridError::WrongMarket)]
    pub market: MarketAccount,
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
}

/// Handles `work`.
pub fn handle_work(ctx: &mut Context<Work>, min_price_per_second_atoms: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (device, market) = (&mut accounts.device, &mut accounts.market);
    require!(device.is(DeviceState::Idle), GridError::DeviceNotIdle);
    require!(device.bond_atoms >= market.bond_atoms, GridError::InsufficientBond);
    require!(market.price_per_second_atoms.get() >= min_price_per_second_atoms, GridError::PriceBelowMinimum);

    device.min_price_per_second_atoms = min_price_per_second_atoms.into();
    if market.queue.kind() == QueueKind::Jobs {
        with_queue(market, |queue| queue.pop_front(&mut device.job))?;
        device.assign(unix_timestamp(&accounts.clock)?);
        events::log!(DeviceMatched { device: *device.address(), job: device.job });
    } else {
        let address = *device.address();
        let slot = with_queue(market, |queue| queue.push_back(QueueKind::Devices, address))?;
        device.queue(slot);
        events::log!(DeviceQueued { device: address });
    }
    Ok(())
}
