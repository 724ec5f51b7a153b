//! `add`: brings rewards, and shares them out among the weight that earns.
//!
//! Signs: who pays, anyone: markets bring fees so, emission pools subsidies.
//! Money: source → vault; pool.waiting and pool.shared grow by the same in all.
//! It shall fail when: the amount is zero; the mint or the vault is not the pool's; the source is the vault, or has too
//! little.

use crate::{
    errors::RewardsError,
    events::{self, RewardsAdded},
    state::Pool,
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `add`.
#[derive(Accounts)]
pub struct Add {
    /// May move the source's tokens.
    pub payer: Signer,
    /// The pool.
    #[account(mut)]
    pub pool: Account<Pool>,
    /// The pool's reward mint.
    #[account(address = pool.reward_mint @ RewardsError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// Token account that pays; the token program checks it. It may be its own authority, as a vault is: then it stands in
    /// `payer` too, and neither is read here.
    #[account(mut, unsafe(dup))]
    pub source: UncheckedAccount,
    /// The pool's vault.
    #[account(mut, address = pool.vault @ RewardsError::WrongVault)]
    pub vault: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `add`.
pub fn handle_add(ctx: &mut Context<Add>, amount_atoms: u64) -> Result<()> {
    require!(amount_atoms > 0, RewardsError::ZeroAmount);
    let accounts = &mut ctx.accounts;
    accounts.pool.receive(amount_atoms)?;
    accounts.pool.share_out()?;
    let address = *accounts.pool.address();
    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.pool.vault(&address, vault, &accounts.mint, token_program);
    vault.pay_in(accounts.source.account(), accounts.payer.account(), amount_atoms)?;
    events::log!(RewardsAdded {
        pool: address,
        amount_atoms: amount_atoms.into(),
        index_after: accounts.pool.index,
        total_weight: accounts.pool.total_weight,
        waiting_after_atoms: accounts.pool.waiting_atoms,
    });
    Ok(())
}
