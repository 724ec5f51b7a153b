//! `work`: offers an idle device, which takes the first waiting job or queues.
//!
//! Signs: the node.
//! The match is written into the device's account: the job's account is not needed, so two nodes never race.
//! What the device loses for a missed deadline is what the market's terms say now; a later change does not touch it.
//! It shall fail when: the signer is not the node; the market is not the device's, or was opened anew with another mint;
//! entries to the market are paused; the device is not idle, has too many strikes or too small a bond; the market's
//! price is below the minimum; the queue is full.

use crate::{
    errors::GridError,
    events::{self, DeviceMatched, DeviceQueued},
    state::{is_paused, with_queue, Device, DeviceState, MarketAccount, QueueKind},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

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
    require!(!is_paused(market.entries_paused_until)?, GridError::MarketPaused);
    require!(anchor_lang::address_eq(&device.mint, &market.mint), GridError::WrongMint);
    require!(device.strikes.get() < u32::from(market.max_strikes.get()), GridError::TooManyStrikes);
    require!(device.bond_atoms >= market.bond_atoms, GridError::InsufficientBond);
    require!(market.price_per_second_atoms.get() >= min_price_per_second_atoms, GridError::PriceBelowMinimum);

    device.min_price_per_second_atoms = min_price_per_second_atoms.into();
    device.penalties = market.penalties;
    device.noticed_at = 0.into();
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
