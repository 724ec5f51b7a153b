//! `expire_run`: takes a job back from a device that shows no life any more, or did not finish in time.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! Money: device.bond → the reward project's balance (the expiry reward) and project.balance (the compensation), as the
//! device agreed to. Of a service job the seconds up to the last heartbeat: job.escrow → device.earnings and
//! market.fees_owed. If the job is stopped: the rest of job.escrow → project.balance.
//! It is a strike for the device.
//! It shall fail when: the job does not run on this device; no heartbeat is overdue, and timeout and grace have not
//! passed; market or project are not the job's; the reward project is of another mint.

use crate::{
    errors::GridError,
    instructions::take_back::{Cause, TakeBack},
    state::{Device, Job, JobState, MarketAccount, Project},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `expire_run`.
#[derive(Accounts)]
pub struct ExpireRun {
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
    /// Gets the expiry reward: a project of the same mint, of the caller's choice; none means the job's project.
    #[account(mut)]
    pub reward_project: Option<Account<Project>>,
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
}

/// Handles `expire_run`.
pub fn handle_expire_run(ctx: &mut Context<ExpireRun>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let job = &accounts.job;
    require!(job.is(JobState::Running), GridError::JobNotRunning);
    let now = unix_timestamp(&accounts.clock)?;
    require!(job.is_silent(now) || job.is_overdue(now), GridError::RunNotOverdue);
    TakeBack {
        job: &mut accounts.job,
        device: &mut accounts.device,
        market: &mut accounts.market,
        project: &mut accounts.project,
        reward_project: accounts.reward_project.as_mut(),
        cause: Cause::Died,
    }
    .settle(now)
}
