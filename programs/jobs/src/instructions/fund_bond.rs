//! `fund_bond`: moves tokens of the signer into the vault and adds them to a device's bond.
//!
//! Signs: the authority of the source, anyone.
//! Money: source → vault; device.bond grows by the same.
//! It shall fail when: the amount is zero, more than the source holds or too large for the bond; the mint is not the
//! device's; the vault is not the mint's; the source is the vault.

use crate::{
    errors::GridError,
    events::{self, BondFunded},
    instructions::tokens::pay_in,
    state::Device,
};
use anchor_lang::prelude::*;
use anchor_spl::token::Mint;

/// Accounts of `fund_bond`.
#[derive(Accounts)]
pub struct FundBond {
    /// Authority of the source.
    pub funder: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's mint.
    #[account(address = device.mint @ GridError::WrongMint)]
    pub mint: Account<Mint>,
    /// Token account that pays; the token program checks it.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// The mint's vault, PDA `["vault", mint]`; its address is checked in the handler, its bytes by the token program.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// The SPL Token program.
    pub token_program: Program<Token>,
}

/// Handles `fund_bond`.
pub fn handle_fund_bond(ctx: &mut Context<FundBond>, amount_atoms: u64) -> Result<()> {
    require!(amount_atoms > 0, GridError::ZeroAmount);
    let accounts = &mut ctx.accounts;
    accounts.device.credit_bond(amount_atoms)?;
    pay_in(
        &accounts.mint,
        accounts.source.account(),
        accounts.vault.account(),
        accounts.funder.account(),
        amount_atoms,
    )?;
    events::log!(BondFunded {
        device: *accounts.device.address(),
        funder: *accounts.funder.address(),
        amount_atoms: amount_atoms.into(),
        bond_after_atoms: accounts.device.bond_atoms,
    });
    Ok(())
}
