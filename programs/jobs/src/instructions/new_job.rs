//! What the listing instructions have in common: a new job, its escrow and its place.

use crate::{
    errors::GridError,
    events::{self, JobMatched, JobQueued},
    math::{escrow_for, is_zero},
    state::{is_paused, with_queue, Device, Job, JobKind, MarketAccount, Project, QueueKind},
};
use anchor_lang::{prelude::*, AccountInitialize};

/// What a client asks for.
pub struct NewJob<'a> {
    /// Tells the project's jobs apart.
    pub id: u64,
    /// Bump of the job's address.
    pub bump: u8,
    /// What it pays for.
    pub kind: JobKind,
    /// SHA-256 of the job definition.
    pub definition: &'a [u8; 32],
    /// Longest paid run, seconds.
    pub timeout_seconds: u32,
    /// Highest price that the client accepts, atoms per second.
    pub max_price_per_second_atoms: u64,
}

/// Whom a new job meets.
pub enum Place<'a> {
    /// The first waiting device; none means the end of the queue.
    First,
    /// This device, which must be waiting.
    With(&'a Account<Device>),
}

impl NewJob<'_> {
    /// Opens the job in `account`, paid by `payer`; returns its escrow, atoms.
    pub fn open(
        &self,
        payer: &AccountView,
        project: &mut Account<Project>,
        market: &mut MarketAccount,
        account: &AccountView,
        place: Place,
    ) -> Result<u64> {
        let price = market.price_per_second_atoms.get();
        let timeouts = market.min_timeout_seconds.get()..=market.max_timeout_seconds.get();
        require!(!is_paused(market.entries_paused_until)?, GridError::MarketPaused);
        require!(!is_zero(self.definition), GridError::ZeroDefinition);
        require!(timeouts.contains(&self.timeout_seconds), GridError::TimeoutOutOfRange);
        require!(price <= self.max_price_per_second_atoms, GridError::PriceAboveMaximum);

        let escrow =
            escrow_for(price, self.timeout_seconds, market.fee_bps.get()).ok_or(GridError::Overflow)?;
        project.debit(escrow)?;
        project.add_job()?;
        market.add_job()?;

        let mut job = Account::<Job>::create_and_initialize(
            payer,
            account,
            Job::SPACE,
            &crate::ID,
            &(),
            Some(&[Job::SEED, project.address().as_ref(), &self.id.to_le_bytes(), &[self.bump]]),
            None,
        )?;
        self.write(&mut job, project.address(), market, payer.address());
        job.escrow_atoms = escrow.into();
        if place.give(&mut job, market)? {
            events::log!(JobMatched {
                job: *job.address(),
                project: *project.address(),
                market: *market.address(),
                device: job.device,
                escrow_atoms: job.escrow_atoms,
                balance_after_atoms: project.balance,
            });
        } else {
            events::log!(JobQueued {
                job: *job.address(),
                project: *project.address(),
                market: *market.address(),
                escrow_atoms: job.escrow_atoms,
                balance_after_atoms: project.balance,
            });
        }
        Ok(escrow)
    }

    /// Writes what stays as it is for the life of the job.
    ///
    /// Not inlined: inside [`Self::open`], which has much else at hand, each field would cost a third more.
    #[inline(never)]
    fn write(&self, job: &mut Job, project: &Address, market: &MarketAccount, rent_payer: &Address) {
        job.copy_terms(market);
        job.bump = self.bump;
        job.kind = self.kind as u8;
        job.id = self.id.into();
        job.project = *project;
        job.market = *market.address();
        job.rent_payer = *rent_payer;
        job.definition = *self.definition;
        job.timeout_seconds = self.timeout_seconds.into();
    }
}

impl Place<'_> {
    /// Whether the job has met a device; else it has joined the queue.
    #[inline(always)]
    fn give(&self, job: &mut Account<Job>, market: &mut MarketAccount) -> Result<bool> {
        match self {
            Place::First if market.queue.kind() == QueueKind::Devices => {
                with_queue(market, |queue| queue.pop_front(&mut job.device))?;
            }
            Place::First => {
                let address = *job.address();
                let slot = with_queue(market, |queue| queue.push_back(QueueKind::Jobs, address))?;
                job.queue(slot);
                return Ok(false);
            }
            Place::With(device) => {
                let is_paid = market.price_per_second_atoms >= device.min_price_per_second_atoms;
                require!(is_paid, GridError::PriceBelowMinimum);
                let (slot, address) = (device.slot.get(), *device.address());
                let was_waiting = with_queue(market, |queue| queue.remove(slot, &address))?;
                require!(was_waiting, GridError::DeviceNotQueued);
                job.device = address;
            }
        }
        job.assign(Clock::get()?.unix_timestamp);
        Ok(true)
    }
}
