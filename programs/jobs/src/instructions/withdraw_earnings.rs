//! `withdraw_earnings`: pays all of a device's earnings to its payee's associated token account.
//!
//! Signs: nobody but the fee payer; anyone may push a payee's earnings, to the payee alone.
//! Money: device.earnings → 0; vault → destination, the same.
//! It shall fail when: there are no earnings; the mint is not the device's; the vault is not the mint's; the
//! destination is not the payee's.

use crate::{
    errors::GridError,
    events::{self, EarningsWithdrawn},
    instructions::tokens::{pay_out, require_payee_account},
    state::Device,
};
use anchor_lang::prelude::*;
use anchor_spl::token::Mint;

/// Accounts of `withdraw_earnings`.
#[derive(Accounts)]
pub struct WithdrawEarnings {
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

/// Handles `withdraw_earnings`.
pub fn handle_withdraw_earnings(ctx: &mut Context<WithdrawEarnings>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require_payee_account(&accounts.destination, &accounts.device.payee, accounts.mint.address())?;
    let amount_atoms = accounts.device.earnings_atoms.get();
    require!(amount_atoms > 0, GridError::NoEarnings);
    accounts.device.earnings_atoms = 0.into();
    pay_out(&accounts.mint, accounts.vault.account(), accounts.destination.account(), amount_atoms)?;
    events::log!(EarningsWithdrawn {
        device: *accounts.device.address(),
        destination: *accounts.destination.address(),
        amount_atoms: amount_atoms.into(),
    });
    Ok(())
}
