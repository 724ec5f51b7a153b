//! `fund_bond`: moves tokens of the signer into the vault and adds them to a device's bond.
//!
//! Signs: the authority of the source, anyone.
//! Money: source → vault; device.bond grows by the same.
//! It shall fail when: deposits are paused; the amount is zero, more than the source holds or too large for the bond; the mint is not the
//! device's; the vault is not the mint's; the source is the vault.

use crate::{
    errors::GridError,
    events::{self, BondFunded},
    instructions::tokens::vault_of,
    state::{is_paused, Config, Device},
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `fund_bond`.
#[derive(Accounts)]
pub struct FundBond {
    /// Authority of the source.
    pub funder: Signer,
    /// The config, which tells of pauses.
    pub config: Account<Config>,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's mint.
    #[account(address = device.mint @ GridError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// Token account that pays; the token program checks it.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// The mint's vault, PDA `["vault", mint]`; its address is checked in the handler, its bytes by the token program.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `fund_bond`.
pub fn handle_fund_bond(ctx: &mut Context<FundBond>, amount_atoms: u64) -> Result<()> {
    require!(amount_atoms > 0, GridError::ZeroAmount);
    let accounts = &mut ctx.accounts;
    require!(!is_paused(accounts.config.deposits_paused_until)?, GridError::DepositsPaused);
    accounts.device.credit_bond(amount_atoms)?;
    let token_program = accounts.token_program.address();
    let vault = vault_of(&accounts.mint, accounts.vault.account(), token_program)?;
    vault.pay_in(accounts.source.account(), accounts.funder.account(), amount_atoms)?;
    events::log!(BondFunded {
        device: *accounts.device.address(),
        funder: *accounts.funder.address(),
        amount_atoms: amount_atoms.into(),
        bond_after_atoms: accounts.device.bond_atoms,
    });
    Ok(())
}
