//! `withdraw_earnings`: pays all of a device's earnings to its payee's associated token account.
//!
//! Signs: nobody but the fee payer; anyone may push a payee's earnings, to the payee alone.
//! Money: device.earnings → 0; vault → destination, the same.
//! It shall fail when: there are no earnings; the mint is not the device's; the vault is not the mint's; the
//! destination is not the payee's.

use crate::{
    errors::GridError,
    events::{self, EarningsWithdrawn},
    instructions::tokens::{require_payees_account, vault_of},
    state::Device,
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `withdraw_earnings`.
#[derive(Accounts)]
pub struct WithdrawEarnings {
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's mint.
    #[account(address = device.mint @ GridError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// The mint's vault, PDA `["vault", mint]`; its address is checked in the handler, its bytes by the token program.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// The payee's associated token account; checked in the handler.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `withdraw_earnings`.
pub fn handle_withdraw_earnings(ctx: &mut Context<WithdrawEarnings>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let amount_atoms = accounts.device.earnings_atoms.get();
    require!(amount_atoms > 0, GridError::NoEarnings);
    accounts.device.earnings_atoms = 0.into();
    let token_program = accounts.token_program.address();
    let vault = vault_of(&accounts.mint, accounts.vault.account(), token_program)?;
    require_payees_account(&vault, &accounts.device.payee, accounts.destination.account())?;
    vault.pay_out(accounts.destination.account(), amount_atoms)?;
    events::log!(EarningsWithdrawn {
        device: *accounts.device.address(),
        destination: *accounts.destination.address(),
        amount_atoms: amount_atoms.into(),
    });
    Ok(())
}
