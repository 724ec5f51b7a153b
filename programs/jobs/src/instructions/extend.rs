//! `extend`: gives a job a longer timeout, at its own price.
//!
//! Signs: the project's owner, or a member within its limit.
//! Money: project.balance → job.escrow: what the longer timeout costs more, and the fee on it.
//! It shall fail when: the signer is neither owner nor member; the project is not the job's; the job is over; the
//! timeout is not longer, or above what the market allowed when the job was listed; the balance is too small.

use crate::{
    errors::GridError,
    events::{self, JobExtended},
    instructions::spend::spend,
    state::{Job, Member, Project},
};
use anchor_lang::prelude::*;

/// Accounts of `extend`.
#[derive(Accounts)]
pub struct Extend {
    /// The project's owner, or a member.
    pub client: Signer,
    /// The job's project.
    #[account(mut, address = job.project @ GridError::WrongProject)]
    pub project: Account<Project>,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
    /// The signer's membership; none when it owns the project.
    #[account(mut)]
    pub member: Option<Account<Member>>,
}

/// Handles `extend`.
pub fn handle_extend(ctx: &mut Context<Extend>, timeout_seconds: u32) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (project, job) = (&mut accounts.project, &mut accounts.job);
    require!(!job.is_over(), GridError::JobOver);
    let added_atoms = job.extend(timeout_seconds)?;
    project.debit(added_atoms)?;
    spend(accounts.client.address(), project, accounts.member.as_mut(), added_atoms)?;
    events::log!(JobExtended {
        job: *job.address(),
        timeout_after_seconds: u64::from(timeout_seconds).into(),
        added_atoms: added_atoms.into(),
        escrow_after_atoms: job.escrow_atoms,
        balance_after_atoms: project.balance,
    });
    Ok(())
}
