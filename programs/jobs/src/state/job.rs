//! A job: what is to be run, at which terms, and how far it is.

use crate::{
    constants::LAYOUT_VERSION,
    errors::GridError,
    math::{settle, Settlement},
    state::Market,
};
use anchor_lang::prelude::*;

/// Where a job is in its life, as its own account says.
///
/// A job that `work` took out of the queue still reads `Queued`: the match is written in the device's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum JobState {
    /// In the market's queue, or matched by a device that came later.
    Queued = 1,
    /// Matched with the device that its account names.
    Assigned = 2,
    /// Running on the device that its account names.
    Running = 3,
    /// Over, with a result.
    Done = 4,
    /// Over, without a result, fully refunded.
    Stopped = 5,
}

/// A job. Address: PDA `["job", project, id]` (`id` as 8 little-endian bytes).
///
/// Its terms are those of the market when it was listed; a later change of the market never touches it.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Job {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// 1 queued, 2 assigned, 3 running, 4 done, 5 stopped.
    pub state: u8,
    /// 0 batch: pays only with a result. 1 is for service jobs.
    pub kind: u8,
    /// Runs that ended without a result.
    pub attempts: u8,
    /// Runs without a result after which the job is stopped.
    pub max_attempts: u8,
    /// Fee on what the device is paid, basis points.
    pub fee_bps: PodU16,
    /// Slot of the market's queue that the job last joined.
    pub slot: PodU16,
    /// Padding, zero.
    pub padding: [u8; 2],
    /// Longest paid run, seconds.
    pub timeout_seconds: PodU32,
    /// Chosen by the client; tells its jobs apart.
    pub id: PodU64,
    /// Pays for the job.
    pub project: Address,
    /// Where the job was listed.
    pub market: Address,
    /// Paid the rent of this account and gets it back.
    pub rent_payer: Address,
    /// Matched or running device; zero while there is none.
    pub device: Address,
    /// SHA-256 of the job definition.
    pub definition: [u8; 32],
    /// SHA-256 of the result document; zero until there is one.
    pub result: [u8; 32],
    /// Price, atoms per second.
    pub price_per_second_atoms: PodU64,
    /// Atoms held for this job.
    pub escrow_atoms: PodU64,
    /// Time between match and start after which anyone may take the job back, seconds.
    pub start_window_seconds: PodU32,
    /// Time without a heartbeat after which anyone may take the running job back, seconds.
    pub heartbeat_limit_seconds: PodU32,
    /// Time after the timeout in which nobody may take the job back, seconds.
    pub finish_grace_seconds: PodU32,
    /// Time for which only the client may close the job when it is over, seconds.
    pub retention_seconds: PodU32,
    /// When an assigned job was matched, Unix seconds; else zero.
    pub matched_at: PodI64,
    /// When the run began, Unix seconds; zero before.
    pub started_at: PodI64,
    /// Last sign of life of the run, Unix seconds; zero before.
    pub last_heartbeat_at: PodI64,
    /// When the job ended, Unix seconds; zero before.
    pub ended_at: PodI64,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 40],
}

const _: () = assert!(core::mem::size_of::<Job>() == 320);

impl Job {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"job";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Takes over the terms of a market, as they are now.
    pub fn copy_terms(&mut self, market: &Market) {
        self.version = LAYOUT_VERSION;
        self.max_attempts = market.max_attempts;
        self.fee_bps = market.fee_bps;
        self.price_per_second_atoms = market.price_per_second_atoms;
        self.start_window_seconds = market.start_window_seconds;
        self.heartbeat_limit_seconds = market.heartbeat_limit_seconds;
        self.finish_grace_seconds = market.finish_grace_seconds;
        self.retention_seconds = market.retention_seconds;
    }

    /// Whether the account says that the job is in `state`.
    pub fn is(&self, state: JobState) -> bool {
        self.state == state as u8
    }

    /// Whether the job has ended, with or without a result.
    pub fn is_over(&self) -> bool {
        self.is(JobState::Done) || self.is(JobState::Stopped)
    }

    /// Notes that the job waits in `slot` of the queue.
    pub fn queue(&mut self, slot: u16) {
        self.state = JobState::Queued as u8;
        self.slot = slot.into();
        self.device = Address::default();
        self.matched_at = 0.into();
    }

    /// Notes the match with the device that `device` already names.
    pub fn assign(&mut self, now: i64) {
        self.state = JobState::Assigned as u8;
        self.matched_at = now.into();
    }

    /// Notes the start of the run; the paid clock starts here.
    pub fn start(&mut self, device: Address, now: i64) {
        self.state = JobState::Running as u8;
        self.device = device;
        self.matched_at = 0.into();
        self.started_at = now.into();
        self.last_heartbeat_at = now.into();
    }

    /// Ends the run with a result and empties the escrow; says where its parts go. Error: [`GridError::Overflow`].
    pub fn finish(&mut self, result: &[u8; 32], now: i64) -> Result<Settlement> {
        let settlement = settle(
            self.escrow_atoms.get(),
            self.price_per_second_atoms.get(),
            self.timeout_seconds.get(),
            self.fee_bps.get(),
            self.started_at.get(),
            now,
        )
        .ok_or(GridError::Overflow)?;
        self.state = JobState::Done as u8;
        self.result = *result;
        self.escrow_atoms = 0.into();
        self.ended_at = now.into();
        Ok(settlement)
    }

    /// Ends the job without a result and empties the escrow; returns what goes back to the project, atoms.
    pub fn stop(&mut self, now: i64) -> u64 {
        let refund_atoms = self.escrow_atoms.get();
        self.state = JobState::Stopped as u8;
        self.device = Address::default();
        self.escrow_atoms = 0.into();
        self.matched_at = 0.into();
        self.ended_at = now.into();
        refund_atoms
    }

    /// When anyone may close the job, Unix seconds.
    pub fn closable_at(&self) -> i64 {
        self.ended_at.get().saturating_add(i64::from(self.retention_seconds.get()))
    }
}
