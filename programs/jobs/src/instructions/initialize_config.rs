//! `initialize_config`: the program's upgrade authority writes the one config, naming the admin.
//!
//! Signs: the upgrade authority, who pays the rent.
//! It shall fail when: the config exists already; the signer is not the upgrade authority, or the program has none any
//! more; the program data account is not the one of this program; the admin is the zero address.

use crate::{
    errors::GridError,
    events::{self, ConfigInitialized},
    state::Config,
};
use anchor_lang::prelude::*;
use grid_onchain::upgrade::{is_upgrade_authority, LOADER};

/// Accounts of `initialize_config`.
#[derive(Accounts)]
pub struct InitializeConfig {
    /// The program's upgrade authority; pays the rent.
    #[account(mut)]
    pub authority: Signer,
    /// The config.
    #[account(init, payer = authority, space = Config::SPACE, seeds = [b"config"], bump)]
    pub config: Account<Config>,
    /// The program data account of this program; checked in the handler.
    #[account(owner = LOADER @ GridError::WrongProgramData)]
    pub program_data: UncheckedAccount,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `initialize_config`.
pub fn handle_initialize_config(ctx: &mut Context<InitializeConfig>, admin: Address) -> Result<()> {
    require!(admin != Address::default(), GridError::ZeroAdmin);
    let accounts = &mut ctx.accounts;
    let (authority, program_data) = (accounts.authority.address(), accounts.program_data.account());
    let is_authority = is_upgrade_authority(&crate::ID, program_data, authority);
    require!(is_authority.ok_or(GridError::WrongProgramData)?, GridError::NotUpgradeAuthority);
    accounts.config.open(ctx.bumps.config, admin);
    events::log!(ConfigInitialized { admin });
    Ok(())
}
