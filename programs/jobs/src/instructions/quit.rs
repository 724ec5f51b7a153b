//! `quit`: the node gives up a run.
//!
//! Signs: the node.
//! Money: a batch job pays nothing; of a service job the seconds up to the last heartbeat: job.escrow → device.earnings
//! and market.fees_owed. If the job is stopped, the rest goes to project.balance.
//! A quit is a strike.
//! It shall fail when: the signer is not the node; the job does not run on this device; market or project are not the
//! job's.

use crate::{
    errors::GridError,
    instructions::take_back::{Cause, TakeBack},
    state::{Device, Job, JobState, MarketAccount, Project},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `quit`.
#[derive(Accounts)]
pub struct Quit {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut, address = job.device @ GridError::JobNotRunning)]
    pub device: Account<Device>,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
    /// The job's market.
    #[account(mut, address = job.market @ GridError::WrongMarket)]
    pub market: MarketAccount,
    /// The job's project.
    #[account(mut, address = job.project @ GridError::WrongProject)]
    pub project: Account<Project>,
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
}

/// Handles `quit`.
pub fn handle_quit(ctx: &mut Context<Quit>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.job.is(JobState::Running), GridError::JobNotRunning);
    let now = unix_timestamp(&accounts.clock)?;
    TakeBack {
        job: &mut accounts.job,
        device: &mut accounts.device,
        market: &mut accounts.market,
        project: &mut accounts.project,
        reward_project: None,
        cause: Cause::Quit,
    }
    .settle(now)
}
