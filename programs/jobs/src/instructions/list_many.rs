//! `list_many`: lists several jobs in one transaction; their ids are consecutive.
//!
//! Signs: the project's owner, or a member within its limit; the signer pays the rent of the jobs' accounts.
//! Money: as `list`, for each job.
//! Remaining accounts: the jobs' accounts, writable, one for each request, in the same order.
//! It shall fail, as a whole, when: one of the jobs could not be listed alone; the number of accounts is not the number
//! of requests, or zero; the signer is neither owner nor member; the jobs together exceed the member's limit.

use crate::{
    errors::GridError,
    instructions::{
        new_job::{NewJob, Place},
        spend::spend,
    },
    state::{JobKind, MarketAccount, Member, Project},
};
use anchor_lang::prelude::*;

/// One of the jobs to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct JobRequest {
    /// Bump of the job's address.
    pub bump: u8,
    /// What it pays for.
    pub kind: JobKind,
    /// Longest paid run, seconds.
    pub timeout_seconds: u32,
    /// SHA-256 of the job definition.
    pub definition: [u8; 32],
}

/// Accounts of `list_many`.
#[derive(Accounts)]
pub struct ListMany {
    /// The project's owner, or a member; pays the rent.
    #[account(mut)]
    pub client: Signer,
    /// Pays for the jobs.
    #[account(mut)]
    pub project: Account<Project>,
    /// Where the jobs are listed.
    #[account(mut, constraint = anchor_lang::address_eq(&market.mint, &project.mint) @ GridError::WrongMint)]
    pub market: MarketAccount,
    /// The signer's membership; none when it owns the project.
    #[account(mut)]
    pub member: Option<Account<Member>>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `list_many`.
pub fn handle_list_many(
    ctx: &mut Context<ListMany>,
    first_id: u64,
    max_price_per_second_atoms: u64,
    jobs: &[JobRequest],
) -> Result<()> {
    let job_accounts = ctx.remaining_accounts()?;
    require!(!jobs.is_empty() && job_accounts.len() == jobs.len(), GridError::WrongJobAccounts);
    let accounts = &mut ctx.accounts;
    let (mut id, mut total) = (first_id, 0_u64);
    for (request, account) in jobs.iter().zip(&job_accounts) {
        let new = NewJob {
            id,
            bump: request.bump,
            kind: request.kind,
            definition: &request.definition,
            timeout_seconds: request.timeout_seconds,
            max_price_per_second_atoms,
        };
        let (project, market) = (&mut accounts.project, &mut accounts.market);
        let escrow = new.open(accounts.client.account(), project, market, account, Place::First)?;
        total = total.checked_add(escrow).ok_or(GridError::Overflow)?;
        id = id.wrapping_add(1);
    }
    spend(accounts.client.address(), &accounts.project, accounts.member.as_mut(), total)
}
