//! `close`: closes a stake that holds nothing; its rent goes to the owner.
//!
//! Signs: the owner.
//! It shall fail when: the signer is not the owner; the stake holds tokens; it was opened in this slot.

use crate::{
    errors::StakingError,
    events::{self, StakeClosed},
    state::Stake,
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close`.
#[derive(Accounts)]
pub struct Close {
    /// Owns the stake; gets the rent.
    #[account(mut, address = stake.owner @ StakingError::NotStakeOwner)]
    pub owner: Signer,
    /// The stake.
    #[account(mut)]
    pub stake: Account<Stake>,
}

/// Handles `close`.
pub fn handle_close(ctx: &mut Context<Close>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.stake.left() == 0, StakingError::StakeNotEmpty);
    // The slot tells stakes apart that were opened one after the other at the same address.
    require!(accounts.stake.opened_slot != Clock::get()?.slot, StakingError::ClosedTooSoon);
    let stake = *accounts.stake.address();
    accounts.stake.close(*accounts.owner.account())?;
    events::log!(StakeClosed { stake });
    Ok(())
}
