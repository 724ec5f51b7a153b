//! `close_device`: closes an idle, empty device; its rent goes to the node.
//!
//! Signs: the node at any time, anyone 30 days after a notice.
//! It shall fail when: the signer is a stranger and no notice has passed; the rent would go to another; the device is
//! not idle; it has a bond or earnings, or is admitted with an access NFT.

use crate::{
    errors::GridError,
    events::{self, DeviceClosed},
    instructions::notice::require_owner_or_notice,
    state::{Device, DeviceState},
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close_device`.
#[derive(Accounts)]
pub struct CloseDevice {
    /// The device's node, or anyone after the notice.
    pub signer: Signer,
    /// The device's node, which gets the rent.
    #[account(mut, unsafe(dup), address = device.node @ GridError::NotDeviceNode)]
    pub node: UncheckedAccount,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
}

/// Handles `close_device`.
pub fn handle_close_device(ctx: &mut Context<CloseDevice>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let is_node = anchor_lang::address_eq(accounts.signer.address(), &accounts.device.node);
    require_owner_or_notice(is_node, accounts.device.noticed_at)?;
    require!(accounts.device.is(DeviceState::Idle), GridError::DeviceNotIdle);
    let is_empty = accounts.device.bond_atoms.is_zero() && accounts.device.earnings_atoms.is_zero();
    require!(is_empty, GridError::DeviceNotEmpty);
    require!(accounts.device.access == 0, GridError::DeviceAdmitted);
    let device = *accounts.device.address();
    accounts.device.close(*accounts.node.account())?;
    events::log!(DeviceClosed { device });
    Ok(())
}
