//! `update_config`: names the pauser, and the treasury that fees are paid to.
//!
//! Signs: the config's admin.
//! It shall fail when: the signer is not the admin; an address is zero.

use crate::{
    errors::GridError,
    events::{self, ConfigUpdated},
    state::Config,
};
use anchor_lang::prelude::*;

/// Accounts of `update_config`.
#[derive(Accounts)]
pub struct UpdateConfig {
    /// The config's admin.
    #[account(address = config.admin @ GridError::NotAdmin)]
    pub admin: Signer,
    /// The config.
    #[account(mut)]
    pub config: Account<Config>,
}

/// Handles `update_config`.
pub fn handle_update_config(
    ctx: &mut Context<UpdateConfig>,
    pauser: Address,
    treasury: Address,
) -> Result<()> {
    let zero = Address::default();
    require!(pauser != zero && treasury != zero, GridError::ZeroAddress);
    let config = &mut ctx.accounts.config;
    config.pauser = pauser;
    config.treasury = treasury;
    events::log!(ConfigUpdated { pauser, treasury });
    Ok(())
}
