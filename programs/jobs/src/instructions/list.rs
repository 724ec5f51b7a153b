//! `list`: opens a job, moves what it can cost at most from the project's balance into its escrow, and matches it with
//! the first waiting device or queues it.
//!
//! Signs: the project's owner, who pays the rent of the job's account.
//! Money: project.balance → job.escrow: price × timeout, and the fee on it.
//! The match is written into the job's account: the device's account is not needed, so two clients never race.
//! It shall fail when: the signer is not the owner; project and market differ in their mint; entries to the market are
//! paused; the definition's hash is zero; the timeout is out of the market's range; the market's price is above the
//! maximum; the balance is too small; the queue is full; the job's address is not the one of project, id and bump; the
//! job exists already.

use crate::{
    errors::GridError,
    instructions::new_job::{NewJob, Place},
    state::{MarketAccount, Project},
};
use anchor_lang::prelude::*;

/// Accounts of `list`.
#[derive(Accounts)]
pub struct List {
    /// Owns the project; pays the rent.
    #[account(mut, address = project.owner @ GridError::NotProjectOwner)]
    pub owner: Signer,
    /// Pays for the job.
    #[account(mut)]
    pub project: Account<Project>,
    /// Where the job is listed.
    #[account(mut, constraint = anchor_lang::address_eq(&market.mint, &project.mint) @ GridError::WrongMint)]
    pub market: MarketAccount,
    /// The job: PDA `["job", project, id]`, created here. The system program checks the address by the bump.
    #[account(mut)]
    pub job: UncheckedAccount,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `list`.
#[inline(always)]
pub fn handle_list(ctx: &mut Context<List>, new: &NewJob) -> Result<()> {
    let accounts = &mut ctx.accounts;
    new.open(
        accounts.owner.account(),
        &mut accounts.project,
        &mut accounts.market,
        accounts.job.account(),
        Place::First,
    )?;
    Ok(())
}
