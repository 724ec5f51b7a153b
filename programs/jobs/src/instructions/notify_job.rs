//! `notify_job`: gives notice to a job that waits. After 30 days in which it still waits, anyone may delist it.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! It shall fail when: the job's account does not read queued; notice was given already.

use crate::{
    events::{self, JobNotified},
    instructions::notice::notice,
    state::{Job, JobState},
};
use anchor_lang::prelude::*;

/// Accounts of `notify_job`.
#[derive(Accounts)]
pub struct NotifyJob {
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
}

/// Handles `notify_job`.
pub fn handle_notify_job(ctx: &mut Context<NotifyJob>) -> Result<()> {
    let job = &mut ctx.accounts.job;
    job.noticed_at = notice(job.is(JobState::Queued), job.noticed_at)?;
    events::log!(JobNotified { job: *job.address(), noticed_at: job.noticed_at });
    Ok(())
}
