//! `end`: the client ends a run before its node finishes it.
//!
//! Signs: the project's owner, or who listed the job.
//! Money: job.escrow → device.earnings (price × whole seconds since the start, at most the timeout), market.fees_owed
//! (the fee on that) and project.balance (the rest). A run whose heartbeat is overdue is paid up to the last one.
//! The node may post the result that it has with `post_result`.
//! It shall fail when: the signer is neither; the job does not run on this device; market or project are not the job's.

use crate::{
    errors::GridError,
    events::{self, JobEnded},
    state::{Device, Job, JobState, MarketAccount, Project},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `end`.
#[derive(Accounts)]
pub struct End {
    /// The project's owner, or who listed the job.
    pub client: Signer,
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

/// Handles `end`.
pub fn handle_end(ctx: &mut Context<End>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (device, job) = (&mut accounts.device, &mut accounts.job);
    let (market, project) = (&mut accounts.market, &mut accounts.project);
    require!(job.is_client(accounts.client.address(), project), GridError::NotJobClient);
    require!(job.is(JobState::Running), GridError::JobNotRunning);

    let now = unix_timestamp(&accounts.clock)?;
    let paid_until = job.covered_until(now);
    let settled = job.finish(now, paid_until)?;
    device.credit_earnings(settled.paid_atoms)?;
    device.release();
    market.credit_fee(settled.fee_atoms)?;
    market.remove_job()?;
    project.credit(settled.refund_atoms)?;
    events::log!(JobEnded {
        job: *job.address(),
        seconds: u64::from(settled.seconds).into(),
        paid_atoms: settled.paid_atoms.into(),
        fee_atoms: settled.fee_atoms.into(),
        refund_atoms: settled.refund_atoms.into(),
        earnings_after_atoms: device.earnings_atoms,
        fees_owed_after_atoms: market.fees_owed_atoms,
        balance_after_atoms: project.balance,
    });
    Ok(())
}
