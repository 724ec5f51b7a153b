//! How a job loses its device: the four instructions that end a match or a run without a result end here.
//!
//! The job meets a waiting device at once or returns to the head of the queue. After too many lost matches, or with no
//! room left in the queue, it is stopped and refunded, so that an exit never fails for lack of room.

use crate::{
    errors::GridError,
    events::{self, JobTakenBack},
    math::Settlement,
    state::{with_queue, Device, Job, JobState, MarketAccount, Penalties, Project, QueueKind, NO_SLOT},
};
use anchor_lang::prelude::*;

/// Why a job loses its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// The node gave a match back before the start.
    Declined = 1,
    /// The node gave up a run.
    Quit = 2,
    /// The start window passed without a start.
    NotStarted = 3,
    /// A heartbeat was overdue, or timeout and grace passed without a result.
    Died = 4,
}

/// A job, the device that loses it, and whose money that moves.
pub struct TakeBack<'a> {
    /// The job.
    pub job: &'a mut Account<Job>,
    /// Its device.
    pub device: &'a mut Account<Device>,
    /// The job's market.
    pub market: &'a mut MarketAccount,
    /// The job's project.
    pub project: &'a mut Account<Project>,
    /// Gets the expiry reward; the job's project does when there is none.
    pub reward_project: Option<&'a mut Account<Project>>,
    /// Why.
    pub cause: Cause,
}

impl TakeBack<'_> {
    /// Takes the job back at `now`, Unix seconds.
    ///
    /// Money: of a service job that ran, the seconds covered by heartbeats: job.escrow → device.earnings and
    /// market.fees_owed. For a missed deadline: device.bond → reward project and, for a run, the job's project. If the
    /// job is stopped: the rest of job.escrow → project.balance.
    /// Error: [`GridError::WrongMint`], when the reward project is of another mint.
    #[inline(never)]
    pub fn settle(mut self, now: i64) -> Result<()> {
        let ran = self.job.is(JobState::Running);
        let paid = if ran && self.job.is_service() { self.pay_covered()? } else { Settlement::default() };
        let forfeited = self.forfeit()?;
        if self.is_strike() {
            self.device.strike();
        }
        self.device.release();
        self.job.lose_device();
        let refund_atoms = self.place_again(now)?;

        events::log!(JobTakenBack {
            job: *self.job.address(),
            device: *self.device.address(),
            next_device: self.job.device,
            reward_project: *self.reward_project(),
            cause: self.cause as u8,
            job_state: self.job.state,
            attempts_after: self.job.attempts,
            padding: 0,
            strikes_after: self.device.strikes,
            paid_atoms: paid.paid_atoms.into(),
            fee_atoms: paid.fee_atoms.into(),
            refund_atoms: refund_atoms.into(),
            reward_atoms: forfeited.expiry_reward_atoms,
            compensation_atoms: forfeited.compensation_atoms,
            bond_after_atoms: self.device.bond_atoms,
            earnings_after_atoms: self.device.earnings_atoms,
            fees_owed_after_atoms: self.market.fees_owed_atoms,
            balance_after_atoms: self.project.balance,
        });
        Ok(())
    }

    fn pay_covered(&mut self) -> Result<Settlement> {
        let paid = self.job.pay_covered()?;
        self.device.credit_earnings(paid.paid_atoms)?;
        self.market.credit_fee(paid.fee_atoms)?;
        Ok(paid)
    }

    /// Only a match that pays less than the device asked for may be declined for nothing.
    fn is_strike(&self) -> bool {
        self.cause != Cause::Declined
            || self.job.price_per_second_atoms >= self.device.min_price_per_second_atoms
    }

    /// Pays the penalties of a missed deadline from the bond.
    fn forfeit(&mut self) -> Result<Penalties> {
        let Penalties { expiry_reward_atoms, compensation_atoms } = self.device.penalties;
        let (reward, compensation) = match self.cause {
            Cause::Declined | Cause::Quit => return Ok(Penalties::default()),
            Cause::NotStarted => (expiry_reward_atoms.get(), 0),
            Cause::Died => (expiry_reward_atoms.get(), compensation_atoms.get()),
        };
        let reward = self.device.forfeit(reward);
        let compensation = self.device.forfeit(compensation);
        self.project.credit(compensation)?;
        match &mut self.reward_project {
            Some(other) => {
                require!(other.mint == self.project.mint, GridError::WrongMint);
                other.credit(reward)?;
            }
            None => self.project.credit(reward)?,
        }
        Ok(Penalties { expiry_reward_atoms: reward.into(), compensation_atoms: compensation.into() })
    }

    fn reward_project(&self) -> &Address {
        match &self.reward_project {
            Some(other) => other.address(),
            None => self.project.address(),
        }
    }

    /// Gives the job to the next device, or back to the head of the queue, or stops it; returns what went back to the
    /// project, atoms.
    fn place_again(&mut self, now: i64) -> Result<u64> {
        let (job, market) = (&mut *self.job, &mut *self.market);
        let is_device_waiting = market.queue.kind() == QueueKind::Devices;
        if job.is_spent() || (!is_device_waiting && market.queue.free == NO_SLOT) {
            let refund_atoms = job.stop(now);
            self.project.credit(refund_atoms)?;
            market.remove_job()?;
            return Ok(refund_atoms);
        }
        if is_device_waiting {
            with_queue(market, |queue| queue.pop_front(&mut job.device))?;
            job.assign(now);
        } else {
            let address = *job.address();
            let slot = with_queue(market, |queue| queue.push_front(QueueKind::Jobs, address))?;
            job.queue(slot);
        }
        Ok(0)
    }
}
