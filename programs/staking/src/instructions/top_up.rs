//! `top_up`: adds tokens to a stake.
//!
//! Signs: the owner.
//! Money: source → vault; stake.total grows by the same.
//! It shall fail when: the signer is not the owner; the amount is zero or makes the stake too large; the stake is
//! unstaking; the mint or the vault are others than the stake's; the source has too little.

use crate::{
    errors::StakingError,
    events::{self, StakeToppedUp},
    state::Stake,
};
use anchor_lang::prelude::*;
use grid_onchain::mint::TokenInterface;

/// Accounts of `top_up`.
#[derive(Accounts)]
pub struct TopUp {
    /// Owns the stake and the source.
    #[account(address = stake.owner @ StakingError::NotStakeOwner)]
    pub owner: Signer,
    /// The stake.
    #[account(mut)]
    pub stake: Account<Stake>,
    /// The mint; the token program compares it with the vault's.
    pub mint: UncheckedAccount,
    /// Token account that pays; the token program checks it.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// The vault that holds the stake.
    #[account(mut, address = stake.vault @ StakingError::WrongVault)]
    pub vault: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `top_up`.
pub fn handle_top_up(ctx: &mut Context<TopUp>, amount_atoms: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    accounts.stake.add(amount_atoms)?;
    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.stake.vault(vault, accounts.mint.account(), token_program);
    vault.pay_in(accounts.source.account(), accounts.owner.account(), amount_atoms)?;
    events::log!(StakeToppedUp {
        stake: *accounts.stake.address(),
        amount_atoms: amount_atoms.into(),
        total_after_atoms: accounts.stake.total_atoms,
        weight_after: accounts.stake.weight,
    });
    Ok(())
}
