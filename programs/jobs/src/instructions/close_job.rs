//! `close_job`: closes the account of a job that is over; its lamports go to who paid its rent.
//!
//! Signs: the project's owner at any time, anyone after the retention, during which the client can read the result.
//! It shall fail when: the job is not over; a stranger comes before the retention has passed; the project is not the
//! job's; the rent would go to another.

use crate::{
    errors::GridError,
    events::{self, JobClosed},
    state::{Job, Project},
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close_job`.
#[derive(Accounts)]
pub struct CloseJob {
    /// The project's owner, or anyone after the retention.
    pub closer: Signer,
    /// The job's project.
    #[account(mut, address = job.project @ GridError::WrongProject)]
    pub project: Account<Project>,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
    /// Paid the job's rent and gets it back; usually the owner.
    #[account(mut, unsafe(dup), address = job.rent_payer @ GridError::WrongRentPayer)]
    pub rent_payer: UncheckedAccount,
}

/// Handles `close_job`.
pub fn handle_close_job(ctx: &mut Context<CloseJob>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (project, job) = (&mut accounts.project, &mut accounts.job);
    require!(job.is_over(), GridError::JobNotOver);
    let by_owner = anchor_lang::address_eq(accounts.closer.address(), &project.owner);
    if !by_owner {
        require!(Clock::get()?.unix_timestamp >= job.closable_at(), GridError::RetentionNotOver);
    }
    project.remove_job()?;
    let address = *job.address();
    job.close(*accounts.rent_payer.account())?;
    events::log!(JobClosed { job: address, project: *project.address() });
    Ok(())
}
