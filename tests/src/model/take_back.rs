//! How a job loses its device.

use super::{
    DevicePhase, JobKey, JobPhase, Kind, Model, Record, Refusal,
    ledger::{escrow_for, price},
    require,
    run::seconds,
};
use grid_jobs::GridError;

/// Why a job loses its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Declined,
    Quit,
    /// With the project that gets the reward.
    NotStarted(usize),
    /// With the project that gets the reward.
    Died(usize),
}

impl Model {
    /// `decline`
    pub fn decline(&mut self, device: usize, job: JobKey) -> Result<(), Refusal> {
        self.require_market_of(job)?;
        self.matched_since(device, job)?;
        self.take_back(device, job, Cause::Declined);
        Ok(())
    }

    /// `quit`
    pub fn quit(&mut self, device: usize, job: JobKey) -> Result<(), Refusal> {
        self.require_market_of(job)?;
        self.running(device, job)?;
        self.take_back(device, job, Cause::Quit);
        Ok(())
    }

    /// `expire_assignment`, by anyone, who may name another project than the job's for the reward
    pub fn expire_assignment(
        &mut self,
        device: usize,
        job: JobKey,
        reward: Option<usize>,
    ) -> Result<(), Refusal> {
        self.require_market_of(job)?;
        let reward = self.reward_project(job, reward)?;
        let since = self.matched_since(device, job)?;
        let window = i64::from(self.job(job)?.terms.start_window_seconds);
        require(self.now > since + window, GridError::StartWindowNotOver)?;
        self.take_back(device, job, Cause::NotStarted(reward));
        Ok(())
    }

    /// `expire_run`, by anyone, who may name another project than the job's for the reward
    pub fn expire_run(&mut self, device: usize, job: JobKey, reward: Option<usize>) -> Result<(), Refusal> {
        self.require_market_of(job)?;
        let reward = self.reward_project(job, reward)?;
        let (since, heartbeat) = self.running(device, job)?;
        let found = self.job(job)?;
        let last = since + i64::from(found.timeout) + i64::from(found.terms.finish_grace_seconds);
        let is_overdue = found.is_silent(heartbeat, self.now) || self.now > last;
        require(is_overdue, GridError::RunNotOverdue)?;
        self.take_back(device, job, Cause::Died(reward));
        Ok(())
    }

    /// Another project must exist; the job's own can't be named a second time.
    fn reward_project(&self, job: JobKey, reward: Option<usize>) -> Result<usize, Refusal> {
        match reward {
            Some(other) if other == job.0 => Err(Refusal::Other),
            Some(other) => self.project(other).map(|_| other),
            None => Ok(job.0),
        }
    }

    fn take_back(&mut self, device: usize, job: JobKey, cause: Cause) {
        self.pay_covered(device, job);
        self.pay_penalties(device, job, cause);
        let price = self.jobs[&job].terms.price_per_second_atoms;
        let found = self.device_mut(device);
        if cause != Cause::Declined || price >= found.min_price {
            found.strikes += 1;
        }
        found.release();
        let found = self.job_mut(job);
        found.attempts += 1;
        found.noticed = None;
        self.place_again(job);
    }

    /// Of a service, the seconds up to the last heartbeat are paid and gone from the timeout.
    fn pay_covered(&mut self, device: usize, job: JobKey) {
        let found = self.job_mut(job);
        let (Kind::Service, JobPhase::Running { since, heartbeat, .. }) = (found.kind, found.phase) else {
            return;
        };
        let covered = seconds(since, heartbeat, found.timeout);
        let paid = price(&found.terms, covered);
        found.timeout -= covered;
        let left = escrow_for(&found.terms, found.timeout);
        let fee = found.escrow - left - paid;
        found.escrow = left;
        self.device_mut(device).earnings += paid;
        self.market_of(job).fees += fee;
    }

    fn pay_penalties(&mut self, device: usize, job: JobKey, cause: Cause) {
        let found = self.device_mut(device);
        let (reward, compensation) = (found.expiry_reward(), found.compensation());
        let (to, reward, compensation) = match cause {
            Cause::Declined | Cause::Quit => return,
            Cause::NotStarted(to) => (to, reward, 0),
            Cause::Died(to) => (to, reward, compensation),
        };
        let (reward, compensation) = (found.forfeit(reward), found.forfeit(compensation));
        self.project_mut(to).balance += reward;
        self.project_mut(job.0).balance += compensation;
    }

    /// To the next device, or to the head of the queue, or nowhere.
    fn place_again(&mut self, job: JobKey) {
        let (now, found) = (self.now, &self.jobs[&job]);
        let is_spent = found.attempts >= found.terms.max_attempts || found.timeout == 0;
        let market = self.market_of(job);
        let next = if is_spent { None } else { market.devices.pop_front() };
        if let Some(device) = next {
            self.job_mut(job).phase = JobPhase::Matched { device, record: Record::InJob, since: now };
            self.device_mut(device).phase = DevicePhase::Matched(job);
        } else if is_spent || market.is_full() {
            market.active_jobs -= 1;
            let found = self.job_mut(job);
            found.phase = JobPhase::Stopped { since: now };
            let refund = std::mem::take(&mut found.escrow);
            self.project_mut(job.0).balance += refund;
        } else {
            market.jobs.push_front(job);
            self.job_mut(job).phase = JobPhase::Queued;
        }
    }
}
