//! `delist`: takes a queued job off its market and closes it.
//!
//! Signs: the project's owner or who listed the job, at any time; anyone 30 days after a notice.
//! Money: job.escrow → project.balance; the account's lamports → who paid its rent.
//! It shall fail when: the signer is a stranger and no notice has passed; project or market are not the job's; the job
//! is not in the queue (a job that a device took reads `Queued`, but its slot does not hold it any more); the rent
//! would go to another.

use crate::{
    errors::GridError,
    events::{self, JobDelisted},
    instructions::notice::require_owner_or_notice,
    state::{with_queue, Job, MarketAccount, Project},
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `delist`.
#[derive(Accounts)]
pub struct Delist {
    /// The project's owner, who listed the job, or anyone after the notice.
    pub closer: Signer,
    /// The job's project.
    #[account(mut, address = job.project @ GridError::WrongProject)]
    pub project: Account<Project>,
    /// The job's market.
    #[account(mut, address = job.market @ GridError::WrongMarket)]
    pub market: MarketAccount,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
    /// Paid the job's rent and gets it back; usually the owner.
    #[account(mut, unsafe(dup), address = job.rent_payer @ GridError::WrongRentPayer)]
    pub rent_payer: UncheckedAccount,
}

/// Handles `delist`.
pub fn handle_delist(ctx: &mut Context<Delist>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (project, market, job) = (&mut accounts.project, &mut accounts.market, &mut accounts.job);
    let is_client = job.is_client(accounts.closer.address(), project);
    require_owner_or_notice(is_client, job.noticed_at)?;
    let address = *job.address();
    let slot = job.slot.get();
    let was_queued = with_queue(market, |queue| queue.remove(slot, &address))?;
    require!(was_queued, GridError::JobNotQueued);

    let refund = job.escrow_atoms;
    project.credit(refund.get())?;
    project.remove_job()?;
    market.remove_job()?;
    job.close(*accounts.rent_payer.account())?;
    events::log!(JobDelisted {
        job: address,
        project: *project.address(),
        market: *market.address(),
        refund_atoms: refund,
        balance_after_atoms: project.balance,
    });
    Ok(())
}
