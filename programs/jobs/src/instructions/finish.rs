//! `finish`: ends a run with the hash of its result and settles it, once.
//!
//! Signs: the node.
//! Money: job.escrow → device.earnings (price × whole seconds since the start, at most the timeout), market.fees_owed
//! (the fee on that) and project.balance (the rest).
//! A finish that comes late is paid in full as long as nobody has taken the job back. It takes a strike off the device.
//! It shall fail when: the signer is not the node; the result's hash is zero; the job does not run on this device;
//! market or project are not the job's.

use crate::{
    errors::GridError,
    events::{self, JobFinished},
    math::is_zero,
    state::{Device, Job, JobState, Market, Project},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `finish`.
#[derive(Accounts)]
pub struct Finish {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut, address = job.device @ GridError::JobNotRunning)]
    pub device: Account<Device>,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
    /// The job's market, without its queue.
    #[account(mut, address = job.market @ GridError::WrongMarket)]
    pub market: Account<Market>,
    /// The job's project.
    #[account(mut, address = job.project @ GridError::WrongProject)]
    pub project: Account<Project>,
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
}

/// Handles `finish`.
pub fn handle_finish(ctx: &mut Context<Finish>, result: &[u8; 32]) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (device, job) = (&mut accounts.device, &mut accounts.job);
    let (market, project) = (&mut accounts.market, &mut accounts.project);
    require!(job.is(JobState::Running), GridError::JobNotRunning);
    require!(!is_zero(result), GridError::ZeroResult);

    let now = unix_timestamp(&accounts.clock)?;
    let settled = job.finish(now, now)?;
    job.result = *result;
    device.credit_earnings(settled.paid_atoms)?;
    device.finish();
    market.credit_fee(settled.fee_atoms)?;
    market.remove_job()?;
    project.credit(settled.refund_atoms)?;
    events::log!(JobFinished {
        job: *job.address(),
        seconds: settled.seconds.into(),
        paid_atoms: settled.paid_atoms.into(),
        fee_atoms: settled.fee_atoms.into(),
        refund_atoms: settled.refund_atoms.into(),
        earnings_after_atoms: device.earnings_atoms,
        fees_owed_after_atoms: market.fees_owed_atoms,
        balance_after_atoms: project.balance,
    });
    Ok(())
}
