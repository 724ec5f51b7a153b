//! `decline`: the node gives a match back before it starts. The job meets a waiting device at once or returns to the
//! head of the queue; with no room left in the queue it is stopped and fully refunded, so that declining never fails
//! for lack of room.
//!
//! Signs: the node.
//! Money: none, unless the job is stopped: job.escrow → project.balance.
//! A decline is a strike, unless the job pays less than the device's minimum.
//! It shall fail when: the signer is not the node; job and device are not matched, or the job runs already; market or
//! project are not the job's.

use crate::{
    errors::GridError,
    events::{self, JobDeclined},
    state::{are_matched, with_queue, Device, Job, MarketAccount, Project, QueueKind, NO_SLOT},
};
use anchor_lang::prelude::*;

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
}

/// Handles `decline`.
pub fn handle_decline(ctx: &mut Context<Decline>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (device, job) = (&mut accounts.device, &mut accounts.job);
    let (device_address, job_address) = (*device.address(), *job.address());
    require!(are_matched(job, &job_address, device, &device_address), GridError::NotMatched);

    if job.price_per_second_atoms >= device.min_price_per_second_atoms {
        device.strikes = device.strikes.get().saturating_add(1).into();
    }
    device.release();
    let refund_atoms = requeue(job, &mut accounts.market, &mut accounts.project)?;
    events::log!(JobDeclined {
        job: job_address,
        device: device_address,
        next_device: job.device,
        strikes_after: device.strikes,
        job_state: job.state,
        padding: [0; 3],
        refund_atoms: refund_atoms.into(),
    });
    Ok(())
}

/// Gives a job that lost its device to the next one, or back to the head of the queue, or stops it when the queue is
/// full. Returns what went back to the project, atoms.
fn requeue(
    job: &mut Account<Job>,
    market: &mut MarketAccount,
    project: &mut Account<Project>,
) -> Result<u64> {
    let address = *job.address();
    if market.queue.kind() == QueueKind::Devices {
        with_queue(market, |queue| queue.pop_front(&mut job.device))?;
        job.assign(Clock::get()?.unix_timestamp);
        return Ok(0);
    }
    if market.queue.free == NO_SLOT {
        let refund_atoms = job.stop(Clock::get()?.unix_timestamp);
        project.credit(refund_atoms)?;
        market.remove_job()?;
        return Ok(refund_atoms);
    }
    let slot = with_queue(market, |queue| queue.push_front(QueueKind::Jobs, address))?;
    job.queue(slot);
    Ok(0)
}
