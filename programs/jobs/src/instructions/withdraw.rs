//! `withdraw`: takes tokens out of a project's balance.
//!
//! Signs: the project's owner.
//! Money: project.balance shrinks; vault → destination, the same.
//! It shall fail when: the signer is not the owner; the amount is zero or above the balance; the mint is not the
//! project's; the vault is not the mint's; the destination is of another mint, or the vault itself.

use crate::{
    errors::GridError,
    events::{self, Withdrawn},
    instructions::tokens::vault_of,
    state::Project,
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `withdraw`.
#[derive(Accounts)]
pub struct Withdraw {
    /// Owns the project.
    #[account(address = project.owner @ GridError::NotProjectOwner)]
    pub owner: Signer,
    /// The project.
    #[account(mut)]
    pub project: Account<Project>,
    /// The project's mint.
    #[account(address = project.mint @ GridError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// The mint's vault, PDA `["vault", mint]`; its address is checked in the handler, its bytes by the token program.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// Token account that is paid, the owner's choice; the token program checks it.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `withdraw`.
pub fn handle_withdraw(ctx: &mut Context<Withdraw>, amount_atoms: u64) -> Result<()> {
    require!(amount_atoms > 0, GridError::ZeroAmount);
    let accounts = &mut ctx.accounts;
    accounts.project.debit(amount_atoms)?;
    let token_program = accounts.token_program.address();
    let vault = vault_of(&accounts.mint, accounts.vault.account(), token_program)?;
    vault.pay_out(accounts.destination.account(), amount_atoms)?;
    events::log!(Withdrawn {
        project: *accounts.project.address(),
        destination: *accounts.destination.address(),
        amount_atoms: amount_atoms.into(),
        balance_after_atoms: accounts.project.balance,
    });
    Ok(())
}
