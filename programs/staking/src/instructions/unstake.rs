//! `unstake`: begins the release of a stake: it weighs nothing any more, and its tokens come free evenly over its duration.
//!
//! Signs: the owner.
//! It shall fail when: the signer is not the owner; the stake is unstaking already; it has nothing left.

use crate::{
    errors::StakingError,
    events::{self, Unstaked},
    state::Stake,
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `unstake`.
#[derive(Accounts)]
pub struct Unstake {
    /// Owns the stake.
    #[account(address = stake.owner @ StakingError::NotStakeOwner)]
    pub owner: Signer,
    /// The stake.
    #[account(mut)]
    pub stake: Account<Stake>,
    /// The clock sysvar.
    #[account(address = CLOCK)]
    pub clock: UncheckedAccount,
}

/// Handles `unstake`.
pub fn handle_unstake(ctx: &mut Context<Unstake>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    accounts.stake.unstake(unix_timestamp(&accounts.clock)?)?;
    events::log!(Unstaked { stake: *accounts.stake.address(), unstaked_at: accounts.stake.unstaked_at });
    Ok(())
}
