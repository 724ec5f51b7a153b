//! `close_device`: closes an idle, empty device; its rent goes to the node.
//!
//! Signs: the node.
//! It shall fail when: the signer is not the node; the market is not the device's; the device is not idle; it has a
//! bond or earnings.

use crate::{
    errors::GridError,
    events::{self, DeviceClosed},
    state::{Device, DeviceState, MarketAccount},
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close_device`.
#[derive(Accounts)]
pub struct CloseDevice {
    /// Signs for the device; gets the rent.
    #[account(mut, address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's market.
    #[account(mut, address = device.market @ GridError::WrongMarket)]
    pub market: MarketAccount,
}

/// Handles `close_device`.
pub fn handle_close_device(ctx: &mut Context<CloseDevice>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.device.is(DeviceState::Idle), GridError::DeviceNotIdle);
    let is_empty = accounts.device.bond_atoms.is_zero() && accounts.device.earnings_atoms.is_zero();
    require!(is_empty, GridError::DeviceNotEmpty);
    let device = *accounts.device.address();
    accounts.market.remove_device()?;
    accounts.device.close(*accounts.node.account())?;
    events::log!(DeviceClosed { device });
    Ok(())
}
