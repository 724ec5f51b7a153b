//! How a device takes a job, runs it and is paid.

use super::{
    DevicePhase, Job, JobKey, JobPhase, Model, Party, Record, Refusal,
    ledger::{fee_on, price},
    require,
};
use grid_jobs::GridError;

impl Model {
    /// `work`
    pub fn work(&mut self, device: usize, min_price: u64) -> Result<(), Refusal> {
        let (now, market) = (self.now, self.places[device].market);
        let found = self.device(device)?;
        let terms = self.market(market)?.terms;
        require(found.phase == DevicePhase::Idle, GridError::DeviceNotIdle)?;
        self.require_entries_open(market)?;
        require(found.strikes < terms.max_strikes.into(), GridError::TooManyStrikes)?;
        require(found.bond >= terms.bond_atoms.into(), GridError::InsufficientBond)?;
        require(terms.price_per_second_atoms >= min_price, GridError::PriceBelowMinimum)?;
        let queue = self.market(market)?;
        require(!queue.jobs.is_empty() || !queue.is_full(), GridError::QueueFull)?;
        let queue = self.market_mut(market);
        let phase = match queue.jobs.pop_front() {
            Some(job) => {
                self.job_mut(job).phase = JobPhase::Matched { device, record: Record::InDevice, since: now };
                DevicePhase::Matched(job)
            }
            None => {
                queue.devices.push_back(device);
                DevicePhase::Queued
            }
        };
        let found = self.device_mut(device);
        (found.phase, found.noticed) = (phase, None);
        (found.min_price, found.agreed) = (min_price, Some(terms));
        Ok(())
    }

    /// The time since when these two are matched and not running yet.
    pub(super) fn matched_since(&self, device: usize, job: JobKey) -> Result<i64, Refusal> {
        self.device(device)?;
        match self.job(job)?.phase {
            JobPhase::Matched { device: found, since, .. } if found == device => Ok(since),
            _ => Err(GridError::NotMatched.into()),
        }
    }

    /// The start and the last heartbeat of the job's run on this device.
    pub(super) fn running(&self, device: usize, job: JobKey) -> Result<(i64, i64), Refusal> {
        self.device(device)?;
        match self.job(job)?.phase {
            JobPhase::Running { device: found, since, heartbeat } if found == device => {
                Ok((since, heartbeat))
            }
            _ => Err(GridError::JobNotRunning.into()),
        }
    }

    /// `start`
    pub fn start(&mut self, device: usize, job: JobKey) -> Result<(), Refusal> {
        self.matched_since(device, job)?;
        let now = self.now;
        self.job_mut(job).phase = JobPhase::Running { device, since: now, heartbeat: now };
        self.device_mut(device).phase = DevicePhase::Running(job);
        Ok(())
    }

    /// `heartbeat`
    pub fn heartbeat(&mut self, device: usize, job: JobKey) -> Result<(), Refusal> {
        let (since, _) = self.running(device, job)?;
        self.job_mut(job).phase = JobPhase::Running { device, since, heartbeat: self.now };
        Ok(())
    }

    /// `finish`
    pub fn finish(&mut self, device: usize, job: JobKey, has_result: bool) -> Result<(), Refusal> {
        self.require_market_of(job)?;
        self.running(device, job)?;
        require(has_result, GridError::ZeroResult)?;
        self.settle(device, job, self.now, true);
        let found = self.device_mut(device);
        found.finished += 1;
        found.strikes = found.strikes.saturating_sub(1);
        Ok(())
    }

    /// `end`
    pub fn end(&mut self, by: Party, device: usize, job: JobKey) -> Result<(), Refusal> {
        self.device(device)?;
        self.require_market_of(job)?;
        let found = self.job(job)?;
        require(found.named_device() == Some(device), GridError::JobNotRunning)?;
        require(by == Party::Client(job.0) || by == found.lister, GridError::NotJobClient)?;
        let (_, heartbeat) = self.running(device, job)?;
        let paid_until = if found.is_silent(heartbeat, self.now) { heartbeat } else { self.now };
        self.settle(device, job, paid_until, false);
        Ok(())
    }

    /// Pays a run until a time and ends the job.
    fn settle(&mut self, device: usize, job: JobKey, paid_until: i64, has_result: bool) {
        let Job { terms, timeout, escrow, phase, .. } = *self.jobs[&job];
        let JobPhase::Running { since, .. } = phase else { unreachable!("it runs") };
        let paid = price(&terms, seconds(since, paid_until, timeout));
        let fee = fee_on(&terms, paid);
        let found = self.device_mut(device);
        found.earnings += paid;
        found.release();
        let market = self.market_of(job);
        market.fees += fee;
        market.active_jobs -= 1;
        self.project_mut(job.0).balance += escrow - paid - fee;
        let now = self.now;
        let found = self.job_mut(job);
        found.escrow = 0;
        found.phase = JobPhase::Done { device, since: now, has_result };
    }

    /// `post_result`
    pub fn post_result(&mut self, device: usize, job: JobKey, is_result: bool) -> Result<(), Refusal> {
        self.device(device)?;
        let found = self.job(job)?;
        require(found.named_device() == Some(device), GridError::NotJobDevice)?;
        let JobPhase::Done { since, has_result, .. } = found.phase else {
            return Err(GridError::JobNotOver.into());
        };
        require(!has_result, GridError::AlreadyHasResult)?;
        require(is_result, GridError::ZeroResult)?;
        self.job_mut(job).phase = JobPhase::Done { device, since, has_result: true };
        Ok(())
    }
}

/// Whole seconds between two times: none if the clock went back, at most the timeout.
pub(super) fn seconds(since: i64, until: i64, timeout: u32) -> u32 {
    (until - since).clamp(0, timeout.into()) as u32
}
