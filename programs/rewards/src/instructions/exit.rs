//! `exit`: closes a position; its rent goes to the owner.
//!
//! Signs: the owner.
//! It shall fail when: the signer is not the owner; earnings are not claimed; the pool or the stake is not the
//! position's.

use crate::{
    errors::RewardsError,
    events::{self, PositionClosed},
    state::{Pool, Position, Seen},
};
use anchor_lang::{prelude::*, AccountClose};
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `exit`.
#[derive(Accounts)]
pub struct Exit {
    /// Owns the position; gets the rent.
    #[account(mut, address = position.owner @ RewardsError::NotPositionOwner)]
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
    /// The clock sysvar.
    #[account(address = CLOCK)]
    pub clock: UncheckedAccount,
}

/// Handles `exit`.
pub fn handle_exit(ctx: &mut Context<Exit>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let seen = Seen::of(accounts.stake.account())?;
    accounts.position.look(&mut accounts.pool, seen, unix_timestamp(&accounts.clock)?)?;
    require!(accounts.position.earned_atoms.is_zero(), RewardsError::EarningsLeft);
    accounts.pool.reweigh(accounts.position.active_weight.get(), 0)?;
    accounts.pool.share_out()?;
    let position = *accounts.position.address();
    accounts.position.close(*accounts.owner.account())?;
    events::log!(PositionClosed { position });
    Ok(())
}
