//! `heartbeat`: a running job's node shows that it lives.
//!
//! Signs: the node.
//! A heartbeat that comes late counts as long as nobody has taken the job back. There is no event: the job's account
//! tells when the last one came.
//! It shall fail when: the signer is not the node; the job does not run on this device.

use crate::{
    errors::GridError,
    state::{Device, Job, JobState},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `heartbeat`.
#[derive(Accounts)]
pub struct Heartbeat {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(address = job.device @ GridError::JobNotRunning)]
    pub device: Account<Device>,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
}

/// Handles `heartbeat`.
pub fn handle_heartbeat(ctx: &mut Context<Heartbeat>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.job.is(JobState::Running), GridError::JobNotRunning);
    accounts.job.last_heartbeat_at = unix_timestamp(&accounts.clock)?.into();
    Ok(())
}
