//! What must hold in every state.

use super::{Deposit, DevicePhase, Job, JobKey, JobPhase, Model, Party, ledger::escrow_for};

impl Model {
    /// The first thing that should hold and does not.
    ///
    /// # Errors
    /// A sentence about it.
    pub fn check(&self) -> Result<(), String> {
        holds(self.owed() + self.donated == self.vault, || "the ledger is not what the vault has".into())?;
        self.check_rents()?;
        self.check_queues()?;
        for (key, job) in &self.jobs {
            self.check_job(*key, job)?;
        }
        for (number, device) in self.devices.iter().enumerate() {
            let Some(device) = device else { continue };
            let agrees = match device.phase {
                DevicePhase::Idle => true,
                DevicePhase::Queued => self.waits(number),
                DevicePhase::Matched(job) => {
                    let phase = self.jobs.get(&job).map(|job| job.phase);
                    matches!(phase, Some(JobPhase::Matched { device, .. }) if device == number)
                }
                DevicePhase::Running(job) => {
                    let phase = self.jobs.get(&job).map(|job| job.phase);
                    matches!(phase, Some(JobPhase::Running { device, .. }) if device == number)
                }
            };
            holds(agrees, || format!("device {number} is not where it says"))?;
            let penalties = device.expiry_reward() + device.compensation();
            let is_covered = device.phase == DevicePhase::Idle || device.bond >= penalties;
            holds(is_covered, || format!("device {number} can't pay its penalties"))?;
        }
        self.check_counters()
    }

    fn waits(&self, device: usize) -> bool {
        let market = self.markets[self.places[device].market].as_ref();
        market.is_some_and(|market| market.devices.contains(&device))
    }

    /// Everybody has paid the rent of the open accounts that are his to pay, and of no other.
    fn check_rents(&self) -> Result<(), String> {
        let goes_home = self.rents.iter().all(|(owner, count)| self.open_accounts(*owner) == *count as usize);
        let open = self.jobs.len() + self.members.len();
        let open = open + self.devices.iter().flatten().count() + self.projects.iter().flatten().count();
        let paid: u32 = self.rents.values().sum();
        holds(goes_home && paid as usize == open, || "rents do not go home with their accounts".into())
    }

    /// How many open accounts of a type have a rent that is somebody's.
    fn open_accounts(&self, (party, deposit): (Party, Deposit)) -> usize {
        let projects = || self.projects.iter().enumerate().filter(|(_, project)| project.is_some());
        let devices = || self.devices.iter().enumerate().filter(|(_, device)| device.is_some());
        match deposit {
            Deposit::Project => projects().filter(|(owner, _)| Party::Client(*owner) == party).count(),
            Deposit::Member => self.members.keys().filter(|key| Party::Client(key.0) == party).count(),
            Deposit::Device => devices().filter(|(number, _)| self.node_of(*number) == party).count(),
            Deposit::Job => self.jobs.values().filter(|job| job.lister == party).count(),
        }
    }

    fn check_queues(&self) -> Result<(), String> {
        for (number, market) in self.markets.iter().enumerate() {
            let Some(market) = market else { continue };
            let waiting = market.jobs.len() + market.devices.len();
            holds(waiting <= market.capacity, || format!("queue {number} is too long"))?;
            let one_kind = market.jobs.is_empty() || market.devices.is_empty();
            holds(one_kind, || format!("jobs and devices wait in queue {number}"))?;
            let jobs = market.jobs.iter().enumerate();
            let jobs_agree = jobs.clone().all(|(place, key)| {
                let job = self.jobs.get(key);
                let is_here = job.is_some_and(|job| job.phase == JobPhase::Queued && job.market == number);
                is_here && market.jobs.iter().position(|other| other == key) == Some(place)
            });
            let devices_agree = market.devices.iter().enumerate().all(|(place, device)| {
                let found = self.devices[*device].as_ref();
                let is_here = found.is_some_and(|found| found.phase == DevicePhase::Queued);
                is_here && market.devices.iter().position(|other| other == device) == Some(place)
            });
            holds(jobs_agree && devices_agree, || format!("queue {number} holds who does not wait"))?;
        }
        Ok(())
    }

    fn check_job(&self, key: JobKey, job: &Job) -> Result<(), String> {
        let market = self.markets[job.market].as_ref();
        let phase_of = |device: usize| self.devices[device].as_ref().map(|device| device.phase);
        let agrees = match job.phase {
            JobPhase::Queued => market.is_some_and(|market| market.jobs.contains(&key)),
            JobPhase::Matched { device, .. } => phase_of(device) == Some(DevicePhase::Matched(key)),
            JobPhase::Running { device, .. } => phase_of(device) == Some(DevicePhase::Running(key)),
            JobPhase::Done { .. } | JobPhase::Stopped { .. } => true,
        };
        holds(agrees, || format!("job {key:?} is not where it says"))?;
        let cost = if job.is_over() { 0 } else { escrow_for(&job.terms, job.timeout) };
        holds(job.escrow == cost, || format!("the escrow of job {key:?} is not what it can cost"))?;
        let is_spent = job.attempts >= job.terms.max_attempts || job.timeout == 0;
        holds(job.is_over() || !is_spent, || format!("job {key:?} has no attempt left"))
    }

    fn check_counters(&self) -> Result<(), String> {
        for (number, market) in self.markets.iter().enumerate() {
            let Some(market) = market else { continue };
            let active = self.jobs.values().filter(|job| job.market == number && !job.is_over()).count();
            holds(market.active_jobs as usize == active, || format!("active jobs of market {number}"))?;
        }
        for (number, project) in self.projects.iter().enumerate() {
            let (open, members) = project.as_ref().map_or((0, 0), |p| (p.open_jobs, p.members));
            let found = self.jobs.keys().filter(|job| job.0 == number).count();
            holds(open as usize == found, || format!("open jobs of project {number}"))?;
            let found = self.members.keys().filter(|member| member.0 == number).count();
            holds(members as usize == found, || format!("members of project {number}"))?;
        }
        Ok(())
    }
}

fn holds(condition: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}
