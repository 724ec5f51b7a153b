//! `enter`: opens a stake's position in a pool. Its weight earns from the first `sync` or `claim` after a day.
//!
//! Signs: the stake's owner, who pays the rent.
//! It shall fail when: the position exists already; the signer does not own the stake; the stake is of another mint than
//! the pool's; it has no weight.

use crate::{
    constants::LAYOUT_VERSION,
    errors::RewardsError,
    events::{self, PositionOpened},
    state::{Pool, Position},
};
use anchor_lang::prelude::*;
use grid_staking::Stake;

/// Accounts of `enter`.
#[derive(Accounts)]
pub struct Enter {
    /// Owns the stake; pays the rent.
    #[account(mut, address = stake.owner @ RewardsError::NotStakeOwner)]
    pub owner: Signer,
    /// The stake.
    #[account(constraint = anchor_lang::address_eq(&stake.mint, &pool.stake_mint) @ RewardsError::WrongMint)]
    pub stake: Account<Stake>,
    /// The pool.
    pub pool: Account<Pool>,
    /// The position.
    #[account(
        init,
        payer = owner,
        space = Position::SPACE,
        seeds = [b"position", pool.address().as_ref(), stake.address().as_ref()],
        bump
    )]
    pub position: Account<Position>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `enter`.
pub fn handle_enter(ctx: &mut Context<Enter>) -> Result<()> {
    let bump = ctx.bumps.position;
    let accounts = &mut ctx.accounts;
    require!(!accounts.stake.weight.is_zero(), RewardsError::NoWeight);
    let position = &mut accounts.position;
    position.version = LAYOUT_VERSION;
    position.bump = bump;
    position.decreases = accounts.stake.decreases;
    position.opened_slot = accounts.stake.opened_slot;
    position.pool = *accounts.pool.address();
    position.stake = *accounts.stake.address();
    position.owner = *accounts.owner.address();
    position.index = accounts.pool.index;
    position.pending_weight = accounts.stake.weight;
    position.pending_since = Clock::get()?.unix_timestamp.into();
    events::log!(PositionOpened {
        position: *position.address(),
        pool: position.pool,
        stake: position.stake,
        pending_weight: position.pending_weight,
        pending_since: position.pending_since,
    });
    Ok(())
}
