//! `list_direct`: lists a job for one waiting device, which leaves the queue for it.
//!
//! Signs: the project's owner, or a member within its limit; the signer pays the rent of the job's account.
//! Money: as `list`.
//! It shall fail when: `list` would; the device is not of this market, does not wait there, or wants a higher price; the
//! signer is neither owner nor member.

use crate::{
    errors::GridError,
    instructions::{
        new_job::{NewJob, Place},
        spend::spend,
    },
    state::{Device, MarketAccount, Member, Project},
};
use anchor_lang::prelude::*;

/// Accounts of `list_direct`.
#[derive(Accounts)]
pub struct ListDirect {
    /// The project's owner, or a member; pays the rent.
    #[account(mut)]
    pub client: Signer,
    /// Pays for the job.
    #[account(mut)]
    pub project: Account<Project>,
    /// Where the job is listed.
    #[account(mut, constraint = anchor_lang::address_eq(&market.mint, &project.mint) @ GridError::WrongMint)]
    pub market: MarketAccount,
    /// The device that shall run the job.
    pub device: Account<Device>,
    /// The job: PDA `["job", project, id]`, created here. The system program checks the address by the bump.
    #[account(mut)]
    pub job: UncheckedAccount,
    /// The signer's membership; none when it owns the project.
    #[account(mut)]
    pub member: Option<Account<Member>>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `list_direct`.
#[inline(always)]
pub fn handle_list_direct(ctx: &mut Context<ListDirect>, new: &NewJob) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let escrow = new.open(
        accounts.client.account(),
        &mut accounts.project,
        &mut accounts.market,
        accounts.job.account(),
        Place::With(&accounts.device),
    )?;
    spend(accounts.client.address(), &accounts.project, accounts.member.as_mut(), escrow)
}
