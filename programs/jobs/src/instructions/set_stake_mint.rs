//! `set_stake_mint`: names the mint whose stakes earn shares of the fees; the zero address when none do.
//!
//! Signs: the config's admin.
//! It shall fail when: the signer is not the admin.

use crate::{
    errors::GridError,
    events::{self, StakeMintChanged},
    state::Config,
};
use anchor_lang::prelude::*;

/// Accounts of `set_stake_mint`.
#[derive(Accounts)]
pub struct SetStakeMint {
    /// The config's admin.
    #[account(address = config.admin @ GridError::NotAdmin)]
    pub admin: Signer,
    /// The config.
    #[account(mut)]
    pub config: Account<Config>,
}

/// Handles `set_stake_mint`.
pub fn handle_set_stake_mint(ctx: &mut Context<SetStakeMint>, stake_mint: Address) -> Result<()> {
    ctx.accounts.config.stake_mint = stake_mint;
    events::log!(StakeMintChanged { stake_mint });
    Ok(())
}
