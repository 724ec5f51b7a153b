//! `open_device`: opens a device of the signing node in a market.
//!
//! Signs: the node, who pays the rent.
//! The payee owns the token account that earnings and bond are paid to: a node's hot key need not be able to spend
//! what its machine earns.
//! It shall fail when: the device exists already; the payee is the zero address; entries to the
//! market are paused.

#![expect(
    unused_variables,
    reason = "the derive reads the arguments once more on exit, where nothing needs them"
)]

use crate::{
    errors::GridError,
    events::{self, DeviceOpened},
    state::{is_paused, Device, MarketAccount},
};
use anchor_lang::prelude::*;

/// Accounts of `open_device`.
#[derive(Accounts)]
#[instruction(index: u32)]
pub struct OpenDevice {
    /// Signs for the device from now on; pays the rent.
    #[account(mut)]
    pub node: Signer,
    /// The market.
    pub market: MarketAccount,
    /// The device.
    #[account(
        init,
        payer = node,
        space = Device::SPACE,
        seeds = [b"device", market.address().as_ref(), node.address().as_ref(), &index.to_le_bytes()],
        bump
    )]
    pub device: Account<Device>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `open_device`.
pub fn handle_open_device(ctx: &mut Context<OpenDevice>, index: u32, payee: Address) -> Result<()> {
    require!(payee != Address::default(), GridError::ZeroPayee);
    let accounts = &mut ctx.accounts;
    require!(!is_paused(accounts.market.entries_paused_until)?, GridError::MarketPaused);
    let (market, node) = (*accounts.market.address(), *accounts.node.address());
    accounts.device.open(ctx.bumps.device, index, market, accounts.market.mint, node, payee);
    events::log!(DeviceOpened { device: *accounts.device.address(), market, node, payee });
    Ok(())
}
