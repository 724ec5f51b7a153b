//! What the program should do, as plainly as it can be said.

use grid_jobs::{GridError, MarketTerms};
use std::collections::{BTreeMap, VecDeque};

/// Clients, each with a project.
pub const PROJECTS: usize = 2;
/// Nodes.
pub const NODES: usize = 3;
/// Markets; every node has a device in each.
pub const MARKETS: usize = 2;
/// Devices.
pub const DEVICES: usize = NODES * MARKETS;
/// Ids of jobs that a project uses, again and again.
pub const IDS: u64 = 7;

/// Project and id.
pub type JobKey = (usize, u64);

/// Why an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// With an error of the jobs program.
    Grid(GridError),
    /// Because an account is missing or there already, or the SPL Token program refuses.
    Other,
}

impl From<GridError> for Refusal {
    fn from(error: GridError) -> Self {
        Self::Grid(error)
    }
}

/// Which account tells of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The job came second.
    InJob,
    /// The device came second.
    InDevice,
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobPhase {
    /// In the queue.
    Queued,
    /// With a device that did not start yet.
    Matched(usize, Record),
    /// On a device, since then.
    Running(usize, i64),
    /// Over, since then, with or without a result.
    Over(bool, i64),
}

/// A job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Its market.
    pub market: usize,
    /// Its timeout.
    pub timeout: u32,
    /// Its escrow.
    pub escrow: u64,
    /// Where it is.
    pub phase: JobPhase,
}

/// Where a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevicePhase {
    /// Nowhere.
    Idle,
    /// In the queue.
    Queued,
    /// With a job that it did not start yet.
    Matched(JobKey, Record),
    /// Running a job.
    Running(JobKey),
}

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Where it is.
    pub phase: DevicePhase,
    /// Its bond.
    pub bond: u64,
    /// Its earnings.
    pub earnings: u64,
    /// Its minimum price.
    pub min_price: u64,
    /// Its strikes.
    pub strikes: u32,
    /// Jobs it finished.
    pub finished: u64,
}

/// A market.
#[derive(Debug, Clone)]
pub struct Market {
    /// Its terms.
    pub terms: MarketTerms,
    /// Fees it is owed.
    pub fees: u64,
    /// Room in the queue.
    pub capacity: usize,
    /// Jobs that wait.
    pub jobs: VecDeque<JobKey>,
    /// Devices that wait.
    pub devices: VecDeque<usize>,
}

impl Market {
    fn is_full(&self) -> bool {
        self.jobs.len() + self.devices.len() == self.capacity
    }
}

/// Everything.
#[derive(Debug, Clone)]
pub struct Model {
    /// The clock.
    pub now: i64,
    /// Balance of each open project.
    pub projects: [Option<u64>; PROJECTS],
    /// Each open device; its market is its number modulo [`MARKETS`], its node the quotient.
    pub devices: [Option<Device>; DEVICES],
    /// The markets.
    pub markets: [Market; MARKETS],
    /// Jobs whose accounts are open.
    pub jobs: BTreeMap<JobKey, Job>,
    /// Tokens of each client.
    pub client_tokens: [u64; PROJECTS],
    /// Tokens of each node.
    pub node_tokens: [u64; NODES],
    /// Tokens that strangers sent to the vault.
    pub donated: u64,
}

/// Market of a device.
pub fn market_of(device: usize) -> usize {
    device % MARKETS
}

/// Node of a device.
pub fn node_of(device: usize) -> usize {
    device / MARKETS
}

/// The fee on an amount: rounded up, in the widest integers.
fn fee_on(amount: u128, bps: u16) -> u128 {
    (amount * u128::from(bps)).div_ceil(10_000)
}

impl Model {
    /// What a job of this timeout costs at most.
    pub fn escrow_for(&self, market: usize, timeout: u32) -> u64 {
        let terms = &self.markets[market].terms;
        let most = u128::from(terms.price_per_second_atoms) * u128::from(timeout);
        u64::try_from(most + fee_on(most, terms.fee_bps)).expect("the bounds see to it")
    }

    /// What the vault must hold.
    pub fn vault(&self) -> u64 {
        let balances: u64 = self.projects.iter().flatten().sum();
        let escrows: u64 = self.jobs.values().map(|job| job.escrow).sum();
        let devices = self.devices.iter().flatten();
        let theirs: u64 = devices.map(|device| device.bond + device.earnings).sum();
        let fees: u64 = self.markets.iter().map(|market| market.fees).sum();
        balances + escrows + theirs + fees + self.donated
    }

    fn project(&mut self, project: usize) -> Result<&mut u64, Refusal> {
        self.projects[project].as_mut().ok_or(Refusal::Other)
    }

    fn device(&mut self, device: usize) -> Result<&mut Device, Refusal> {
        self.devices[device].as_mut().ok_or(Refusal::Other)
    }

    fn job(&self, job: JobKey) -> Result<Job, Refusal> {
        self.jobs.get(&job).copied().ok_or(Refusal::Other)
    }

    fn set_phase(&mut self, job: JobKey, phase: JobPhase) {
        self.jobs.get_mut(&job).expect("the job is open").phase = phase;
    }

    /// `open_project`
    pub fn open_project(&mut self, project: usize) -> Result<(), Refusal> {
        match self.projects[project] {
            Some(_) => Err(Refusal::Other),
            None => {
                self.projects[project] = Some(0);
                Ok(())
            }
        }
    }

    /// `close_project`
    pub fn close_project(&mut self, project: usize) -> Result<(), Refusal> {
        if *self.project(project)? > 0 {
            return Err(GridError::ProjectNotEmpty.into());
        }
        if self.jobs.keys().any(|job| job.0 == project) {
            return Err(GridError::ProjectHasJobs.into());
        }
        self.projects[project] = None;
        Ok(())
    }

    /// `deposit`, by the owner
    pub fn deposit(&mut self, project: usize, amount: u64) -> Result<(), Refusal> {
        let balance = *self.project(project)?;
        if amount == 0 {
            return Err(GridError::ZeroAmount.into());
        }
        let after = balance.checked_add(amount).ok_or(GridError::Overflow)?;
        let left = self.client_tokens[project].checked_sub(amount);
        self.client_tokens[project] = left.ok_or(Refusal::Other)?;
        self.projects[project] = Some(after);
        Ok(())
    }

    /// `withdraw`
    pub fn withdraw(&mut self, project: usize, amount: u64) -> Result<(), Refusal> {
        let balance = self.project(project)?;
        if amount == 0 {
            return Err(GridError::ZeroAmount.into());
        }
        *balance = balance.checked_sub(amount).ok_or(GridError::InsufficientBalance)?;
        self.client_tokens[project] += amount;
        Ok(())
    }

    /// `open_device`
    pub fn open_device(&mut self, device: usize) -> Result<(), Refusal> {
        if self.devices[device].is_some() {
            return Err(Refusal::Other);
        }
        self.devices[device] = Some(Device {
            phase: DevicePhase::Idle,
            bond: 0,
            earnings: 0,
            min_price: 0,
            strikes: 0,
            finished: 0,
        });
        Ok(())
    }

    /// `close_device`
    pub fn close_device(&mut self, device: usize) -> Result<(), Refusal> {
        let found = self.device(device)?;
        if found.phase != DevicePhase::Idle {
            return Err(GridError::DeviceNotIdle.into());
        }
        if found.bond > 0 || found.earnings > 0 {
            return Err(GridError::DeviceNotEmpty.into());
        }
        self.devices[device] = None;
        Ok(())
    }

    /// `fund_bond`, by the node
    pub fn fund_bond(&mut self, device: usize, amount: u64) -> Result<(), Refusal> {
        let bond = self.device(device)?.bond;
        if amount == 0 {
            return Err(GridError::ZeroAmount.into());
        }
        let after = bond.checked_add(amount).ok_or(GridError::Overflow)?;
        let left = self.node_tokens[node_of(device)].checked_sub(amount);
        self.node_tokens[node_of(device)] = left.ok_or(Refusal::Other)?;
        self.device(device)?.bond = after;
        Ok(())
    }

    /// `withdraw_bond`
    pub fn withdraw_bond(&mut self, device: usize, amount: u64) -> Result<(), Refusal> {
        let found = self.device(device)?;
        if found.phase != DevicePhase::Idle {
            return Err(GridError::DeviceNotIdle.into());
        }
        if amount == 0 {
            return Err(GridError::ZeroAmount.into());
        }
        found.bond = found.bond.checked_sub(amount).ok_or(GridError::InsufficientBond)?;
        self.node_tokens[node_of(device)] += amount;
        Ok(())
    }

    /// `withdraw_earnings`
    pub fn withdraw_earnings(&mut self, device: usize) -> Result<(), Refusal> {
        let found = self.device(device)?;
        if found.earnings == 0 {
            return Err(GridError::NoEarnings.into());
        }
        let earnings = std::mem::take(&mut found.earnings);
        self.node_tokens[node_of(device)] += earnings;
        Ok(())
    }

    /// `list`
    pub fn list(&mut self, job: JobKey, market: usize, timeout: u32, max_price: u64) -> Result<(), Refusal> {
        let balance = *self.project(job.0)?;
        let terms = self.markets[market].terms;
        if !(terms.min_timeout_seconds..=terms.max_timeout_seconds).contains(&timeout) {
            return Err(GridError::TimeoutOutOfRange.into());
        }
        if terms.price_per_second_atoms > max_price {
            return Err(GridError::PriceAboveMaximum.into());
        }
        let escrow = self.escrow_for(market, timeout);
        let left = balance.checked_sub(escrow).ok_or(GridError::InsufficientBalance)?;
        if self.jobs.contains_key(&job) {
            return Err(Refusal::Other);
        }
        let phase = match self.markets[market].devices.pop_front() {
            Some(device) => {
                self.device(device)?.phase = DevicePhase::Matched(job, Record::InJob);
                JobPhase::Matched(device, Record::InJob)
            }
            None if self.markets[market].is_full() => return Err(GridError::QueueFull.into()),
            None => {
                self.markets[market].jobs.push_back(job);
                JobPhase::Queued
            }
        };
        self.projects[job.0] = Some(left);
        self.jobs.insert(job, Job { market, timeout, escrow, phase });
        Ok(())
    }

    /// `delist`
    pub fn delist(&mut self, job: JobKey) -> Result<(), Refusal> {
        let found = self.job(job)?;
        if found.phase != JobPhase::Queued {
            return Err(GridError::JobNotQueued.into());
        }
        self.markets[found.market].jobs.retain(|waiting| *waiting != job);
        *self.project(job.0)? += found.escrow;
        self.jobs.remove(&job);
        Ok(())
    }

    /// `work`
    pub fn work(&mut self, device: usize, min_price: u64) -> Result<(), Refusal> {
        let market = market_of(device);
        let terms = self.markets[market].terms;
        let found = *self.device(device)?;
        if found.phase != DevicePhase::Idle {
            return Err(GridError::DeviceNotIdle.into());
        }
        if found.bond < terms.bond_atoms {
            return Err(GridError::InsufficientBond.into());
        }
        if terms.price_per_second_atoms < min_price {
            return Err(GridError::PriceBelowMinimum.into());
        }
        let phase = match self.markets[market].jobs.pop_front() {
            Some(job) => {
                self.set_phase(job, JobPhase::Matched(device, Record::InDevice));
                DevicePhase::Matched(job, Record::InDevice)
            }
            None if self.markets[market].is_full() => return Err(GridError::QueueFull.into()),
            None => {
                self.markets[market].devices.push_back(device);
                DevicePhase::Queued
            }
        };
        let found = self.device(device)?;
        (found.phase, found.min_price) = (phase, min_price);
        Ok(())
    }

    /// `leave`
    pub fn leave(&mut self, device: usize) -> Result<(), Refusal> {
        let found = self.device(device)?;
        if found.phase != DevicePhase::Queued {
            return Err(GridError::DeviceNotQueued.into());
        }
        found.phase = DevicePhase::Idle;
        self.markets[market_of(device)].devices.retain(|waiting| *waiting != device);
        Ok(())
    }

    fn matched(&mut self, device: usize, job: JobKey) -> Result<Job, Refusal> {
        let found = self.device(device)?.phase;
        let listed = self.job(job)?;
        match (found, listed.phase) {
            (DevicePhase::Matched(its_job, _), JobPhase::Matched(its_device, _))
                if its_job == job && its_device == device =>
            {
                Ok(listed)
            }
            _ => Err(GridError::NotMatched.into()),
        }
    }

    /// `start`
    pub fn start(&mut self, device: usize, job: JobKey) -> Result<(), Refusal> {
        self.matched(device, job)?;
        self.device(device)?.phase = DevicePhase::Running(job);
        let now = self.now;
        self.set_phase(job, JobPhase::Running(device, now));
        Ok(())
    }

    /// `decline`
    pub fn decline(&mut self, device: usize, job: JobKey) -> Result<(), Refusal> {
        let listed = self.matched(device, job)?;
        let price = self.markets[listed.market].terms.price_per_second_atoms;
        let found = self.device(device)?;
        found.phase = DevicePhase::Idle;
        found.strikes += u32::from(price >= found.min_price);
        let (now, market) = (self.now, &mut self.markets[listed.market]);
        if let Some(next) = market.devices.pop_front() {
            self.set_phase(job, JobPhase::Matched(next, Record::InJob));
            self.device(next)?.phase = DevicePhase::Matched(job, Record::InJob);
        } else if market.is_full() {
            self.set_phase(job, JobPhase::Over(false, now));
            self.jobs.get_mut(&job).expect("the job is open").escrow = 0;
            *self.project(job.0)? += listed.escrow;
        } else {
            market.jobs.push_front(job);
            self.set_phase(job, JobPhase::Queued);
        }
        Ok(())
    }

    /// `finish`
    pub fn finish(&mut self, device: usize, job: JobKey, has_result: bool) -> Result<(), Refusal> {
        self.device(device)?;
        let listed = self.job(job)?;
        let JobPhase::Running(on, since) = listed.phase else {
            return Err(GridError::JobNotRunning.into());
        };
        if on != device {
            return Err(GridError::JobNotRunning.into());
        }
        if !has_result {
            return Err(GridError::ZeroResult.into());
        }
        let terms = self.markets[listed.market].terms;
        let seconds = (self.now - since).clamp(0, i64::from(listed.timeout)) as u128;
        let paid = u128::from(terms.price_per_second_atoms) * seconds;
        let fee = fee_on(paid, terms.fee_bps);
        let refund = u128::from(listed.escrow) - paid - fee;
        let found = self.device(device)?;
        found.phase = DevicePhase::Idle;
        found.earnings += paid as u64;
        found.finished += 1;
        self.markets[listed.market].fees += fee as u64;
        *self.project(job.0)? += refund as u64;
        let now = self.now;
        self.set_phase(job, JobPhase::Over(true, now));
        self.jobs.get_mut(&job).expect("the job is open").escrow = 0;
        Ok(())
    }

    /// `close_job`
    pub fn close_job(&mut self, job: JobKey, by_owner: bool) -> Result<(), Refusal> {
        let listed = self.job(job)?;
        let JobPhase::Over(_, since) = listed.phase else {
            return Err(GridError::JobNotOver.into());
        };
        let retention = self.markets[listed.market].terms.retention_seconds;
        if !by_owner && self.now < since + i64::from(retention) {
            return Err(GridError::RetentionNotOver.into());
        }
        self.jobs.remove(&job);
        Ok(())
    }
}
