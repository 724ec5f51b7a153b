//! Markets.

use super::{Atoms, JobKey, Model, Party, Refusal, ledger::fees_burnt, pause::pause_until, require};
use grid_jobs::{GridError, MarketTerms};
use std::{collections::VecDeque, sync::Arc};

/// A market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// Who sets the terms.
    pub authority: Party,
    /// Whom it offered the market to.
    pub pending_authority: Option<Party>,
    /// Its terms, for jobs listed and devices offered from now on.
    pub terms: MarketTerms,
    /// Fees that it is owed, atoms.
    pub fees: Atoms,
    /// Jobs that are not over.
    pub active_jobs: u32,
    /// Room in the queue.
    pub capacity: usize,
    /// Jobs that wait.
    pub jobs: VecDeque<JobKey>,
    /// Devices that wait.
    pub devices: VecDeque<usize>,
    /// When the last pause of entries ends or ended, Unix seconds; zero when there was none.
    pub paused_until: i64,
}

impl Market {
    /// Whether nobody else can join the queue.
    pub fn is_full(&self) -> bool {
        self.jobs.len() + self.devices.len() >= self.capacity
    }
}

impl Model {
    pub(super) fn market(&self, market: usize) -> Result<&Market, Refusal> {
        self.markets[market].as_deref().ok_or(Refusal::Other)
    }

    /// A market that is open.
    pub(super) fn market_mut(&mut self, market: usize) -> &mut Market {
        Arc::make_mut(self.markets[market].as_mut().expect("the market is open"))
    }

    /// The market of an active job, which can't be closed.
    pub(super) fn market_of(&mut self, job: JobKey) -> &mut Market {
        self.market_mut(self.jobs[&job].market)
    }

    /// What ends a match or a run names the job's market, which must be open; that of a job that is over may not be.
    pub(super) fn require_market_of(&self, job: JobKey) -> Result<(), Refusal> {
        self.market(self.job(job)?.market).map(drop)
    }

    pub(super) fn require_entries_open(&self, market: usize) -> Result<(), Refusal> {
        let paused_until = self.markets[market].as_ref().map_or(0, |market| market.paused_until);
        require(self.now >= paused_until, GridError::MarketPaused)
    }

    /// `open_market`, by the first authority
    pub fn open_market(&mut self, market: usize, terms: MarketTerms, capacity: usize) -> Result<(), Refusal> {
        if self.markets[market].is_some() {
            return Err(Refusal::Other);
        }
        self.require_deposits_open()?;
        let opened = Market {
            authority: Party::Authority(0),
            pending_authority: None,
            terms,
            fees: 0,
            active_jobs: 0,
            capacity,
            jobs: VecDeque::new(),
            devices: VecDeque::new(),
            paused_until: 0,
        };
        self.markets[market] = Some(opened.into());
        Ok(())
    }

    /// `grow_market`, by anyone: 10 KiB, an entry takes 36 bytes
    pub fn grow_market(&mut self, market: usize) -> Result<(), Refusal> {
        self.market(market)?;
        self.market_mut(market).capacity += 10_240 / 36;
        Ok(())
    }

    /// The program knows best how far a market grew: what is left of 10 KiB serves the next entry.
    pub fn correct_capacity(&mut self, market: usize, capacity: usize) {
        let expected = self.markets[market].as_ref().map_or(0, |market| market.capacity);
        assert!((expected..=expected + 1).contains(&capacity), "room for {capacity}, not {expected}");
        self.market_mut(market).capacity = capacity;
    }

    /// `close_market`
    pub fn close_market(&mut self, by: Party, market: usize) -> Result<(), Refusal> {
        let found = self.market(market)?;
        require(by == found.authority, GridError::NotMarketAuthority)?;
        let nobody_waits = found.jobs.is_empty() && found.devices.is_empty();
        require(nobody_waits && found.active_jobs == 0 && found.fees == 0, GridError::MarketNotEmpty)?;
        self.markets[market] = None;
        Ok(())
    }

    /// `update_market`
    pub fn update_market(&mut self, by: Party, market: usize, terms: MarketTerms) -> Result<(), Refusal> {
        let found = self.market(market)?;
        require(by == found.authority, GridError::NotMarketAuthority)?;
        self.market_mut(market).terms = terms;
        Ok(())
    }

    /// `propose_market_authority`
    pub fn propose_market_authority(&mut self, by: Party, market: usize, to: Party) -> Result<(), Refusal> {
        let found = self.market(market)?;
        require(by == found.authority, GridError::NotMarketAuthority)?;
        self.market_mut(market).pending_authority = Some(to);
        Ok(())
    }

    /// `accept_market_authority`
    pub fn accept_market_authority(&mut self, by: Party, market: usize) -> Result<(), Refusal> {
        let found = self.market(market)?;
        require(found.pending_authority == Some(by), GridError::NotPendingAuthority)?;
        let found = self.market_mut(market);
        (found.authority, found.pending_authority) = (by, None);
        Ok(())
    }

    /// `pause_market`
    pub fn pause_market(&mut self, by: Party, market: usize, seconds: u32) -> Result<(), Refusal> {
        let (now, pauser) = (self.now, self.config.pauser);
        let found = self.market(market)?;
        require(by == pauser, GridError::NotPauser)?;
        let until = pause_until(found.paused_until, now, seconds)?;
        self.market_mut(market).paused_until = until;
        Ok(())
    }

    /// `collect_fees`, by anyone, where there is no reward pool: the stakers' share goes to the treasury
    pub fn collect_fees(&mut self, market: usize) -> Result<(), Refusal> {
        let found = self.market(market)?;
        require(found.fees > 0, GridError::NoFees)?;
        let burnt = fees_burnt(&found.terms, found.fees);
        let fees = std::mem::take(&mut self.market_mut(market).fees);
        self.vault -= burnt;
        self.pay_out(self.config.treasury, fees - burnt);
        Ok(())
    }
}
