//! `expire_assignment`: takes a job back from a device that did not start it in time.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! Money: device.bond → the reward project's balance: the expiry reward that the device agreed to. If the job is
//! stopped: job.escrow → project.balance.
//! It is a strike for the device.
//! It shall fail when: job and device are not matched, or the job runs already; the start window has not passed; market
//! or project are not the job's; the reward project is of another mint.

use crate::{
    errors::GridError,
    instructions::take_back::{Cause, TakeBack},
    math::passed,
    state::{are_matched, matched_at, Device, Job, MarketAccount, Project},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `expire_assignment`.
#[derive(Accounts)]
pub struct ExpireAssignment {
    /// The device.
    #[account(mut)]
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

/// Handles `expire_assignment`.
pub fn handle_expire_assignment(ctx: &mut Context<ExpireAssignment>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (job, device) = (&accounts.job, &accounts.device);
    require!(are_matched(job, device), GridError::NotMatched);
    let now = unix_timestamp(&accounts.clock)?;
    let is_late = passed(matched_at(job, device), job.start_window_seconds, now);
    require!(is_late, GridError::StartWindowNotOver);
    TakeBack {
        job: &mut accounts.job,
        device: &mut accounts.device,
        market: &mut accounts.market,
        project: &mut accounts.project,
        reward_project: accounts.reward_project.as_mut(),
        cause: Cause::NotStarted,
    }
    .settle(now)
}
