//! `withdraw`: takes tokens out of a project's balance.
//!
//! Signs: the project's owner.
//! Money: project.balance shrinks; vault → destination, the same.
//! It shall fail when: the signer is not the owner; the amount is zero or above the balance; the mint is not the
//! project's; the vault is not the mint's; the destination is of another mint, or the vault itself.

use crate::{
    errors::GridError,
    events::{self, Withdrawn},
    instructions::tokens::pay_out,
    state::Project,
};
use anchor_lang::prelude::*;
use anchor_spl::token::Mint;

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
    pub mint: Account<Mint>,
    /// The mint's vault, PDA `["vault", mint]`; its address is checked in the handler, its bytes by the token program.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// Token account that is paid, the owner's choice; the token program checks it.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The SPL Token program.
    pub token_program: Program<Token>,
}

/// Handles `withdraw`.
pub fn handle_withdraw(ctx: &mut Context<Withdraw>, amount_atoms: u64) -> Result<()> {
    require!(amount_atoms > 0, GridError::ZeroAmount);
    let accounts = &mut ctx.accounts;
    accounts.project.debit(amount_atoms)?;
    pay_out(&accounts.mint, accounts.vault.account(), accounts.destination.account(), amount_atoms)?;
    events::log!(Withdrawn {
        project: *accounts.project.address(),
        destination: *accounts.destination.address(),
        amount_atoms: amount_atoms.into(),
        balance_after_atoms: accounts.project.balance,
    });
    Ok(())
}
