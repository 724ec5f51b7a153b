//! `claim`: pays what a position has earned, after a look at its stake as in `sync`.
//!
//! Signs: the owner.
//! Money: position.earned → 0; vault → destination, the same.
//! It shall fail when: the signer is not the owner; nothing has been earned; the pool or the stake is not the position's;
//! the mint or the vault is not the pool's; the destination is of another mint, or the vault itself.

use crate::{
    errors::RewardsError,
    events::{self, RewardsClaimed},
    state::{Pool, Position, Seen},
};
use anchor_lang::prelude::*;
use grid_onchain::{
    clock::{unix_timestamp, CLOCK},
    mint::{Mint, TokenInterface},
};

/// Accounts of `claim`.
#[derive(Accounts)]
pub struct Claim {
    /// Owns the position.
    #[account(address = position.owner @ RewardsError::NotPositionOwner)]
    pub owner: Signer,
    /// The position's pool.
    #[account(mut)]
    pub pool: Account<Pool>,
    /// The position.
    #[account(mut, constraint = anchor_lang::address_eq(&position.pool, pool.address()) @ RewardsError::WrongPool)]
    pub position: Account<Position>,
    /// The position's stake, which may be closed; read in the handler.
    #[account(address = position.stake @ RewardsError::WrongStake)]
    pub stake: UncheckedAccount,
    /// The pool's reward mint.
    #[account(address = pool.reward_mint @ RewardsError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// The pool's vault.
    #[account(mut, address = pool.vault @ RewardsError::WrongVault)]
    pub vault: UncheckedAccount,
    /// Token account that is paid, the owner's choice; the token program checks it.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The clock sysvar.
    #[account(address = CLOCK)]
    pub clock: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `claim`.
pub fn handle_claim(ctx: &mut Context<Claim>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let seen = Seen::of(accounts.stake.account())?;
    accounts.position.look(&mut accounts.pool, seen, unix_timestamp(&accounts.clock)?)?;
    let amount_atoms = accounts.position.earned_atoms.get();
    require!(amount_atoms > 0, RewardsError::NothingEarned);
    accounts.position.earned_atoms = 0.into();
    accounts.pool.pay(amount_atoms)?;
    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.pool.vault(accounts.pool.address(), vault, &accounts.mint, token_program);
    vault.pay_out(accounts.destination.account(), amount_atoms)?;
    events::log!(RewardsClaimed {
        position: *accounts.position.address(),
        destination: *accounts.destination.address(),
        amount_atoms: amount_atoms.into(),
        active_weight: accounts.position.active_weight,
        pending_weight: accounts.position.pending_weight,
    });
    Ok(())
}
