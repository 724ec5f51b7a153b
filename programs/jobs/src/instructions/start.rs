//! `start`: begins the run of a matched job on its device. The paid clock starts here, not at the match.
//!
//! Signs: the node.
//! A start after the deadline stands as long as nobody has taken the job back.
//! It shall fail when: the signer is not the node; the device offered itself with `work_gated`; job and device are not
//! matched; the job runs already.

use crate::{
    errors::GridError,
    events::{self, JobStarted},
    state::{are_matched, Device, Job},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `start`.
#[derive(Accounts)]
pub struct Start {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
}

/// Handles `start`.
pub fn handle_start(ctx: &mut Context<Start>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.device.is_gated == 0, GridError::AdmissionAsked);
    begin(&mut accounts.device, &mut accounts.job, unix_timestamp(&accounts.clock)?)
}

/// Begins the run at `now`, Unix seconds. Error: [`GridError::NotMatched`].
#[inline(always)]
pub fn begin(device: &mut Account<Device>, job: &mut Account<Job>, now: i64) -> Result<()> {
    require!(are_matched(job, device), GridError::NotMatched);
    job.start(device.address(), now);
    device.start(job.address());
    events::log!(JobStarted { job: *job.address(), started_at: job.started_at });
    Ok(())
}
