//! `top_up`: adds tokens to an emission.
//!
//! Signs: who pays, anyone.
//! Money: source → vault; emission.balance grows by the same.
//! It shall fail when: the amount is zero; the emission is over; the mint or the vault is not the emission's; the source
//! is the vault, or has too little.

use crate::{
    errors::PoolsError,
    events::{self, EmissionFunded},
    state::Emission,
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `top_up`.
#[derive(Accounts)]
pub struct TopUp {
    /// May move the source's tokens.
    pub payer: Signer,
    /// The emission.
    #[account(mut)]
    pub emission: Account<Emission>,
    /// The emission's mint.
    #[account(address = emission.mint @ PoolsError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// Token account that pays; the token program checks it.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// The emission's vault.
    #[account(mut, address = emission.vault @ PoolsError::WrongVault)]
    pub vault: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `top_up`.
pub fn handle_top_up(ctx: &mut Context<TopUp>, amount_atoms: u64) -> Result<()> {
    require!(amount_atoms > 0, PoolsError::ZeroAmount);
    let accounts = &mut ctx.accounts;
    accounts.emission.fund(amount_atoms, Clock::get()?.unix_timestamp)?;
    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.emission.vault(accounts.emission.address(), vault, &accounts.mint, token_program);
    vault.pay_in(accounts.source.account(), accounts.payer.account(), amount_atoms)?;
    events::log!(EmissionFunded {
        emission: *accounts.emission.address(),
        amount_atoms: amount_atoms.into(),
        balance_after_atoms: accounts.emission.balance_atoms,
    });
    Ok(())
}
