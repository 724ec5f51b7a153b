//! `list`: opens a job, moves what it can cost at most from the project's balance into its escrow, and matches it with
//! the first waiting device or queues it.
//!
//! Signs: the project's owner, who pays the rent of the job's account.
//! Money: project.balance → job.escrow: price × timeout, and the fee on it.
//! The match is written into the job's account: the device's account is not needed, so two clients never race.
//! It shall fail when: the signer is not the owner; project and market differ in their mint; the definition's hash is
//! zero; the timeout is out of the market's range; the market's price is above the maximum; the balance is too small;
//! the queue is full; the job's address is not the one of project, id and bump; the job exists already.

use crate::{
    errors::GridError,
    events::{self, JobListed},
    math::{escrow_for, is_zero},
    state::{with_queue, Job, MarketAccount, Project, QueueKind},
};
use anchor_lang::{prelude::*, AccountInitialize};

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
pub fn handle_list(
    ctx: &mut Context<List>,
    id: u64,
    bump: u8,
    definition: &[u8; 32],
    timeout_seconds: u32,
    max_price_per_second_atoms: u64,
) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (project, market) = (&mut accounts.project, &mut accounts.market);
    let price = market.price_per_second_atoms.get();
    let timeouts = market.min_timeout_seconds.get()..=market.max_timeout_seconds.get();
    require!(!is_zero(definition), GridError::ZeroDefinition);
    require!(timeouts.contains(&timeout_seconds), GridError::TimeoutOutOfRange);
    require!(price <= max_price_per_second_atoms, GridError::PriceAboveMaximum);

    let escrow = escrow_for(price, timeout_seconds, market.fee_bps.get()).ok_or(GridError::Overflow)?;
    project.debit(escrow)?;
    project.add_job()?;
    market.add_job()?;

    let mut job = Account::<Job>::create_and_initialize(
        accounts.owner.account(),
        accounts.job.account(),
        Job::SPACE,
        &crate::ID,
        &(),
        Some(&[Job::SEED, project.address().as_ref(), &id.to_le_bytes(), &[bump]]),
        None,
    )?;
    job.copy_terms(market);
    job.bump = bump;
    job.id = id.into();
    job.project = *project.address();
    job.market = *market.address();
    job.rent_payer = *accounts.owner.address();
    job.definition = *definition;
    job.timeout_seconds = timeout_seconds.into();
    job.escrow_atoms = escrow.into();

    if market.queue.kind() == QueueKind::Devices {
        with_queue(market, |queue| queue.pop_front(&mut job.device))?;
        job.assign(Clock::get()?.unix_timestamp);
    } else {
        let address = *job.address();
        let slot = with_queue(market, |queue| queue.push_back(QueueKind::Jobs, address))?;
        job.queue(slot);
    }
    events::log!(JobListed {
        job: *job.address(),
        project: *project.address(),
        market: *market.address(),
        device: job.device,
        escrow_atoms: job.escrow_atoms,
        balance_after_atoms: project.balance,
    });
    Ok(())
}
