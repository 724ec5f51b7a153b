//! `sync`: looks at a position's stake: credits what it has earned, takes over its weight, activates weight that has
//! waited for a day.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! It shall fail when: the pool or the stake is not the position's.

use crate::{
    errors::RewardsError,
    events::{self, PositionSynced},
    state::{Pool, Position, Seen},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `sync`.
#[derive(Accounts)]
pub struct Sync {
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

/// Handles `sync`.
pub fn handle_sync(ctx: &mut Context<Sync>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let seen = Seen::of(accounts.stake.account())?;
    accounts.position.look(&mut accounts.pool, seen, unix_timestamp(&accounts.clock)?)?;
    let position = &accounts.position;
    events::log!(PositionSynced {
        position: *position.address(),
        active_weight: position.active_weight,
        pending_weight: position.pending_weight,
        earned_after_atoms: position.earned_atoms,
    });
    Ok(())
}
