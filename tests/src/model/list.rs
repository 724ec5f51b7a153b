//! How jobs come and go.

use super::{
    Atoms, Deposit, DevicePhase, Job, JobKey, JobPhase, Kind, Model, Party, Record, Refusal,
    ledger::escrow_for,
    pause::{give_notice, require_owner_or_notice},
    require,
};
use grid_jobs::GridError;

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// What the job pays for.
    pub kind: Kind,
    /// Longest paid run, seconds.
    pub timeout: u32,
}

impl Model {
    /// `list`, by the owner
    pub fn list(
        &mut self,
        job: JobKey,
        market: usize,
        request: Request,
        max_price: u64,
    ) -> Result<(), Refusal> {
        self.open_job(Party::Client(job.0), job, market, request, max_price, None).map(drop)
    }

    /// `list_many`: ids count on from the first
    pub fn list_many(
        &mut self,
        by: Party,
        (project, first): JobKey,
        market: usize,
        requests: &[Request],
        max_price: u64,
    ) -> Result<(), Refusal> {
        self.whole_or_nothing(|model| {
            model.project(project)?;
            model.market(market)?;
            model.require_member_account(by, project)?;
            require(!requests.is_empty(), GridError::WrongJobAccounts)?;
            let mut total = 0;
            for (request, id) in requests.iter().zip(first..) {
                total += model.open_job(by, (project, id), market, *request, max_price, None)?;
            }
            model.spend(by, project, total)
        })
    }

    /// `list_direct`
    pub fn list_direct(
        &mut self,
        by: Party,
        job: JobKey,
        market: usize,
        device: usize,
        request: Request,
        max_price: u64,
    ) -> Result<(), Refusal> {
        self.project(job.0)?;
        self.market(market)?;
        self.device(device)?;
        self.require_member_account(by, job.0)?;
        self.whole_or_nothing(|model| {
            let escrow = model.open_job(by, job, market, request, max_price, Some(device))?;
            model.spend(by, job.0, escrow)
        })
    }

    /// Opens a job and gives it to a device: to this one, or to the first that waits; else it waits itself. Returns
    /// its escrow, atoms.
    fn open_job(
        &mut self,
        by: Party,
        job: JobKey,
        market: usize,
        request: Request,
        max_price: u64,
        wanted: Option<usize>,
    ) -> Result<Atoms, Refusal> {
        let balance = self.project(job.0)?.balance;
        let terms = self.market(market)?.terms;
        self.require_entries_open(market)?;
        let timeouts = terms.min_timeout_seconds..=terms.max_timeout_seconds;
        require(timeouts.contains(&request.timeout), GridError::TimeoutOutOfRange)?;
        require(terms.price_per_second_atoms <= max_price, GridError::PriceAboveMaximum)?;
        let escrow = escrow_for(&terms, request.timeout);
        require(escrow <= balance, GridError::InsufficientBalance)?;
        if self.jobs.contains_key(&job) {
            return Err(Refusal::Other);
        }
        if let Some(device) = wanted {
            let min_price = self.device(device)?.min_price;
            require(terms.price_per_second_atoms >= min_price, GridError::PriceBelowMinimum)?;
        }
        let queue = self.market(market)?;
        let device = wanted.or(queue.devices.front().copied());
        let phase = match device {
            Some(device) => {
                require(queue.devices.contains(&device), GridError::DeviceNotQueued)?;
                JobPhase::Matched { device, record: Record::InJob, since: self.now }
            }
            None => {
                require(!queue.is_full(), GridError::QueueFull)?;
                JobPhase::Queued
            }
        };
        let queue = self.market_mut(market);
        queue.active_jobs += 1;
        match device {
            Some(device) => {
                queue.devices.retain(|waiting| *waiting != device);
                self.device_mut(device).phase = DevicePhase::Matched(job);
            }
            None => queue.jobs.push_back(job),
        }
        let project = self.project_mut(job.0);
        project.balance -= escrow;
        project.open_jobs += 1;
        self.pay_rent(by, Deposit::Job);
        let Request { kind, timeout } = request;
        let listed =
            Job { market, terms, kind, lister: by, timeout, escrow, attempts: 0, phase, noticed: None };
        self.jobs.insert(job, listed.into());
        Ok(escrow)
    }

    /// `extend`
    pub fn extend(&mut self, by: Party, job: JobKey, timeout: u32) -> Result<(), Refusal> {
        let found = self.job(job)?;
        self.require_member_account(by, job.0)?;
        require(!found.is_over(), GridError::JobOver)?;
        require(timeout > found.timeout, GridError::TimeoutNotLonger)?;
        require(timeout <= found.terms.max_timeout_seconds, GridError::TimeoutOutOfRange)?;
        let escrow = escrow_for(&found.terms, timeout);
        let added = escrow - found.escrow;
        require(added <= self.project(job.0)?.balance, GridError::InsufficientBalance)?;
        self.spend(by, job.0, added)?;
        self.project_mut(job.0).balance -= added;
        let found = self.job_mut(job);
        (found.timeout, found.escrow) = (timeout, escrow);
        Ok(())
    }

    /// `notify_job`, by anyone: to one whose own account reads queued
    pub fn notify_job(&mut self, job: JobKey) -> Result<(), Refusal> {
        let (now, found) = (self.now, self.job(job)?);
        let noticed = give_notice(found.noticed, now, found.reads_queued())?;
        self.job_mut(job).noticed = noticed;
        Ok(())
    }

    /// `delist`
    pub fn delist(&mut self, by: Party, job: JobKey) -> Result<(), Refusal> {
        let found = self.job(job)?;
        // The market of a job that is over may be closed.
        let queue = &self.market(found.market)?.jobs;
        let is_client = by == Party::Client(job.0) || by == found.lister;
        require_owner_or_notice(is_client, found.noticed, self.now)?;
        require(queue.contains(&job), GridError::JobNotQueued)?;
        let refund = found.escrow;
        let market = self.market_of(job);
        market.jobs.retain(|waiting| *waiting != job);
        market.active_jobs -= 1;
        self.project_mut(job.0).balance += refund;
        self.forget(job);
        Ok(())
    }

    /// `close_job`
    pub fn close_job(&mut self, by: Party, job: JobKey) -> Result<(), Refusal> {
        let found = self.job(job)?;
        let (JobPhase::Done { since, .. } | JobPhase::Stopped { since }) = found.phase else {
            return Err(GridError::JobNotOver.into());
        };
        let is_kept = self.now < since + i64::from(found.terms.retention_seconds);
        require(by == Party::Client(job.0) || !is_kept, GridError::RetentionNotOver)?;
        self.forget(job);
        Ok(())
    }

    /// Closes a job's account.
    fn forget(&mut self, job: JobKey) {
        self.project_mut(job.0).open_jobs -= 1;
        let gone = self.jobs.remove(&job).expect("the job is open");
        self.return_rent(gone.lister, Deposit::Job);
    }
}
