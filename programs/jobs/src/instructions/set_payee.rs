//! `set_payee`: a device's payee names another one, which gets bond and earnings from now on.
//!
//! Signs: the payee; the node cannot, because its key lies on the machine.
//! It shall fail when: the signer is not the payee; the new payee is the zero address.

use crate::{
    errors::GridError,
    events::{self, PayeeChanged},
    state::Device,
};
use anchor_lang::prelude::*;

/// Accounts of `set_payee`.
#[derive(Accounts)]
pub struct SetPayee {
    /// The device's payee.
    #[account(address = device.payee @ GridError::NotPayee)]
    pub payee: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
}

/// Handles `set_payee`.
pub fn handle_set_payee(ctx: &mut Context<SetPayee>, payee: Address) -> Result<()> {
    require!(payee != Address::default(), GridError::ZeroPayee);
    let device = &mut ctx.accounts.device;
    device.payee = payee;
    events::log!(PayeeChanged { device: *device.address(), payee });
    Ok(())
}
