//! `deposit`: moves tokens of the signer into the vault and adds them to a project's balance.
//!
//! Signs: the authority of the source, anyone.
//! Money: source → vault; project.balance grows by the same.
//! It shall fail when: deposits are paused; the amount is zero, more than the source holds or too large for the balance; the mint is not
//! the project's; the vault is not the mint's; the source is the vault.

use crate::{
    errors::GridError,
    events::{self, Deposited},
    instructions::tokens::vault_of,
    state::{is_paused, Config, Project},
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `deposit`.
#[derive(Accounts)]
pub struct Deposit {
    /// Authority of the source.
    pub depositor: Signer,
    /// The config, which tells of pauses.
    pub config: Account<Config>,
    /// The project.
    #[account(mut)]
    pub project: Account<Project>,
    /// The project's mint.
    #[account(address = project.mint @ GridError::WrongMint)]
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

/// Handles `deposit`.
pub fn handle_deposit(ctx: &mut Context<Deposit>, amount_atoms: u64) -> Result<()> {
    require!(amount_atoms > 0, GridError::ZeroAmount);
    let accounts = &mut ctx.accounts;
    require!(!is_paused(accounts.config.deposits_paused_until)?, GridError::DepositsPaused);
    accounts.project.credit(amount_atoms)?;
    let token_program = accounts.token_program.address();
    let vault = vault_of(&accounts.mint, accounts.vault.account(), token_program)?;
    vault.pay_in(accounts.source.account(), accounts.depositor.account(), amount_atoms)?;
    events::log!(Deposited {
        project: *accounts.project.address(),
        depositor: *accounts.depositor.address(),
        amount_atoms: amount_atoms.into(),
        balance_after_atoms: accounts.project.balance,
    });
    Ok(())
}
