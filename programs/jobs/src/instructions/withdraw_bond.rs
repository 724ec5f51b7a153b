//! `withdraw_bond`: takes tokens out of an idle device's bond, to its payee's associated token account.
//!
//! Signs: the node at any time, anyone 30 days after a notice.
//! Money: device.bond shrinks; vault → destination, the same.
//! It shall fail when: the signer is a stranger and no notice has passed; the device is not idle; the amount is zero or above the bond; the
//! mint is not the device's; the vault is not the mint's; the destination is not the payee's.

use crate::{
    errors::GridError,
    events::{self, BondWithdrawn},
    instructions::{
        notice::require_owner_or_notice,
        tokens::{require_payees_account, vault_of},
    },
    state::{Device, DeviceState},
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `withdraw_bond`.
#[derive(Accounts)]
pub struct WithdrawBond {
    /// The device's node, or anyone after the notice.
    pub signer: Signer,
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

/// Handles `withdraw_bond`.
pub fn handle_withdraw_bond(ctx: &mut Context<WithdrawBond>, amount_atoms: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let is_node = anchor_lang::address_eq(accounts.signer.address(), &accounts.device.node);
    require_owner_or_notice(is_node, accounts.device.noticed_at)?;
    require!(accounts.device.is(DeviceState::Idle), GridError::DeviceNotIdle);
    require!(amount_atoms > 0, GridError::ZeroAmount);
    accounts.device.debit_bond(amount_atoms)?;
    let token_program = accounts.token_program.address();
    let vault = vault_of(&accounts.mint, accounts.vault.account(), token_program)?;
    require_payees_account(&vault, &accounts.device.payee, accounts.destination.account())?;
    vault.pay_out(accounts.destination.account(), amount_atoms)?;
    events::log!(BondWithdrawn {
        device: *accounts.device.address(),
        amount_atoms: amount_atoms.into(),
        bond_after_atoms: accounts.device.bond_atoms,
    });
    Ok(())
}
