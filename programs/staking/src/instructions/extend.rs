//! `extend`: gives a stake a longer duration, and with it more weight.
//!
//! Signs: the owner.
//! It shall fail when: the signer is not the owner; the stake is unstaking; the duration is not longer, or out of range.

use crate::{
    errors::StakingError,
    events::{self, StakeExtended},
    state::Stake,
};
use anchor_lang::prelude::*;

/// Accounts of `extend`.
#[derive(Accounts)]
pub struct Extend {
    /// Owns the stake.
    #[account(address = stake.owner @ StakingError::NotStakeOwner)]
    pub owner: Signer,
    /// The stake.
    #[account(mut)]
    pub stake: Account<Stake>,
}

/// Handles `extend`.
pub fn handle_extend(ctx: &mut Context<Extend>, duration_seconds: u32) -> Result<()> {
    let stake = &mut ctx.accounts.stake;
    stake.extend(duration_seconds)?;
    events::log!(StakeExtended {
        stake: *stake.address(),
        duration_seconds: stake.duration_seconds,
        weight_after: stake.weight,
    });
    Ok(())
}
