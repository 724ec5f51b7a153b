//! `decline`: the node gives a match back before it starts.
//!
//! Signs: the node.
//! Money: none, unless the job is stopped: job.escrow → project.balance.
//! A decline is a strike, unless the job pays less than the device's minimum; the job loses an attempt in any case, so
//! that one that nobody wants does not stay at the head of the queue for ever.
//! It shall fail when: the signer is not the node; job and device are not matched, or the job runs already; market or
//! project are not the job's.

use crate::{
    errors::GridError,
    instructions::take_back::{Cause, TakeBack},
    state::{are_matched, Device, Job, MarketAccount, Project},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `decline`.
#[derive(Accounts)]
pub struct Decline {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
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
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
}

/// Handles `decline`.
pub fn handle_decline(ctx: &mut Context<Decline>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(are_matched(&accounts.job, &accounts.device), GridError::NotMatched);
    let now = unix_timestamp(&accounts.clock)?;
    TakeBack {
        job: &mut accounts.job,
        device: &mut accounts.device,
        market: &mut accounts.market,
        project: &mut accounts.project,
        reward_project: None,
        cause: Cause::Declined,
    }
    .settle(now)
}
