//! `pause_deposits`: refuses deposits, bonds and new markets for some time. Zero seconds end a pause.
//!
//! Signs: the config's pauser.
//! A pause never touches an exit. It ends by itself, and the next one may begin only when deposits have been open for 3
//! days.
//! It shall fail when: the signer is not the pauser; the pause is longer than 3 days; it comes too soon.

use crate::{
    errors::GridError,
    events::{self, DepositsPaused},
    state::{pause_until, Config},
};
use anchor_lang::prelude::*;

/// Accounts of `pause_deposits`.
#[derive(Accounts)]
pub struct PauseDeposits {
    /// The config's pauser.
    #[account(address = config.pauser @ GridError::NotPauser)]
    pub pauser: Signer,
    /// The config.
    #[account(mut)]
    pub config: Account<Config>,
}

/// Handles `pause_deposits`.
pub fn handle_pause_deposits(ctx: &mut Context<PauseDeposits>, seconds: u32) -> Result<()> {
    let config = &mut ctx.accounts.config;
    let now = Clock::get()?.unix_timestamp;
    config.deposits_paused_until = pause_until(config.deposits_paused_until.get(), now, seconds)?.into();
    events::log!(DepositsPaused { until: config.deposits_paused_until });
    Ok(())
}
