//! `restake`: ends the release of a stake; what is left of it weighs again, for the same duration.
//!
//! Signs: the owner.
//! It shall fail when: the signer is not the owner; the stake is not unstaking; it has nothing left.

use crate::{
    errors::StakingError,
    events::{self, Restaked},
    state::Stake,
};
use anchor_lang::prelude::*;

/// Accounts of `restake`.
#[derive(Accounts)]
pub struct Restake {
    /// Owns the stake.
    #[account(address = stake.owner @ StakingError::NotStakeOwner)]
    pub owner: Signer,
    /// The stake.
    #[account(mut)]
    pub stake: Account<Stake>,
}

/// Handles `restake`.
pub fn handle_restake(ctx: &mut Context<Restake>) -> Result<()> {
    let stake = &mut ctx.accounts.stake;
    stake.restake()?;
    events::log!(Restaked {
        stake: *stake.address(),
        total_after_atoms: stake.total_atoms,
        weight_after: stake.weight,
    });
    Ok(())
}
