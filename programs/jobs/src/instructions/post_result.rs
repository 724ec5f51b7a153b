//! `post_result`: the node adds the result of a job that its client ended.
//!
//! Signs: the node.
//! It shall fail when: the signer is not the node; the device did not run the job last; the job is not done, or has a
//! result; the result's hash is zero.

use crate::{
    errors::GridError,
    events::{self, ResultPosted},
    math::is_zero,
    state::{Device, Job, JobState},
};
use anchor_lang::prelude::*;

/// Accounts of `post_result`.
#[derive(Accounts)]
pub struct PostResult {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device that ran the job.
    #[account(address = job.device @ GridError::NotJobDevice)]
    pub device: Account<Device>,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
}

/// Handles `post_result`.
pub fn handle_post_result(ctx: &mut Context<PostResult>, result: &[u8; 32]) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let job = &mut accounts.job;
    require!(job.is(JobState::Done), GridError::JobNotOver);
    require!(is_zero(&job.result), GridError::AlreadyHasResult);
    require!(!is_zero(result), GridError::ZeroResult);
    job.result = *result;
    events::log!(ResultPosted { job: *job.address(), device: *accounts.device.address(), result: *result });
    Ok(())
}
