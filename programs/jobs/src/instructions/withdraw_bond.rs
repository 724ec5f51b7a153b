//! `withdraw_bond`: takes tokens out of an idle device's bond, to its payee's associated token account.
//!
//! Signs: the node.
//! Money: device.bond shrinks; vault → destination, the same.
//! It shall fail when: the signer is not the node; the device is not idle; the amount is zero or above the bond; the
//! mint is not the device's; the vault is not the mint's; the destination is not the payee's.

use crate::{
    errors::GridError,
    events::{self, BondWithdrawn},
    instructions::tokens::{pay_out, require_payee_account},
    state::{Device, DeviceState},
};
use anchor_lang::prelude::*;
use anchor_spl::token::Mint;

/// Accounts of `withdraw_bond`.
#[derive(Accounts)]
pub struct WithdrawBond {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's mint.
    #[account(address = device.mint @ GridError::WrongMint)]
    pub mint: Account<Mint>,
    /// The mint's vault, PDA `["vault", mint]`; its address is checked in the handler, its bytes by the token program.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// The payee's associated token account; checked in the handler.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The SPL Token program.
    pub token_program: Program<Token>,
}

/// Handles `withdraw_bond`.
pub fn handle_withdraw_bond(ctx: &mut Context<WithdrawBond>, amount_atoms: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.device.is(DeviceState::Idle), GridError::DeviceNotIdle);
    require!(amount_atoms > 0, GridError::ZeroAmount);
    require_payee_account(&accounts.destination, &accounts.device.payee, accounts.mint.address())?;
    accounts.device.debit_bond(amount_atoms)?;
    pay_out(&accounts.mint, accounts.vault.account(), accounts.destination.account(), amount_atoms)?;
    events::log!(BondWithdrawn {
        device: *accounts.device.address(),
        amount_atoms: amount_atoms.into(),
        bond_after_atoms: accounts.device.bond_atoms,
    });
    Ok(())
}
