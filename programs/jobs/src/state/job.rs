//! A job: what is to be run, at which terms, and how far it is.

use crate::{
    constants::LAYOUT_VERSION,
    errors::GridError,
    math::{escrow_for, passed, settle, settle_part, Settlement},
    state::{Market, Project},
};
use anchor_lang::prelude::*;

/// What a job pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
#[repr(u8)]
pub enum JobKind {
    /// For a result: a run that ends without one is not paid.
    Batch,
    /// For time: a run is paid for the seconds that its heartbeats cover.
    Service,
}

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
    /// Over and paid, by its node with a result or by its client.
    Done = 4,
    /// Over, after too many lost matches or for lack of room in the queue; what was left is refunded.
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
    /// 0 batch, 1 service; see [`JobKind`].
    pub kind: u8,
    /// Matches that were given up, by the node or for it.
    pub attempts: u8,
    /// Number of lost matches at which the job is stopped.
    pub max_attempts: u8,
    /// Fee on what the device is paid, basis points.
    pub fee_bps: PodU16,
    /// Slot of the market's queue that the job last joined.
    pub slot: PodU16,
    /// Padding, zero.
    pub padding: [u8; 2],
    /// Longest paid run, seconds; of a service job what is left of it when a run ends without a finish.
    pub timeout_seconds: PodU32,
    /// Chosen by the client; tells its jobs apart.
    pub id: PodU64,
    /// Pays for the job.
    pub project: Address,
    /// Where the job was listed.
    pub market: Address,
    /// Listed the job; paid the rent of this account and gets it back.
    pub rent_payer: Address,
    /// Device of the match or run, of a job that is done the last one; zero while there is none, or when the device's
    /// account names the match.
    pub device: Address,
    /// SHA-256 of the job definition.
    pub definition: [u8; 32],
    /// SHA-256 of the result document; zero until there is one.
    pub result: [u8; 32],
    /// Price, atoms per second.
    pub price_per_second_atoms: PodU64,
    /// Atoms held for this job: until it is over what the rest of its timeout costs, with the fee on it.
    pub escrow_atoms: PodU64,
    /// Time between match and start after which anyone may take the job back, seconds.
    pub start_window_seconds: PodU32,
    /// Time without a heartbeat after which anyone may take the running job back, seconds.
    pub heartbeat_limit_seconds: PodU32,
    /// Time after the timeout in which a run that shows life may not be taken back, seconds.
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
    /// When notice was given to the waiting job, Unix seconds; else zero.
    pub noticed_at: PodI64,
    /// Longest timeout that the job may be extended to, seconds.
    pub max_timeout_seconds: PodU32,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 28],
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
        self.max_timeout_seconds = market.max_timeout_seconds;
    }

    /// Whether the account says that the job is in `state`.
    pub fn is(&self, state: JobState) -> bool {
        self.state == state as u8
    }

    /// Whether the job has ended, with or without a result.
    pub fn is_over(&self) -> bool {
        self.is(JobState::Done) || self.is(JobState::Stopped)
    }

    /// Whether `key` may take back and end the job: it owns the project, or listed the job for it.
    pub fn is_client(&self, key: &Address, project: &Project) -> bool {
        anchor_lang::address_eq(key, &project.owner) || anchor_lang::address_eq(key, &self.rent_payer)
    }

    /// Whether the job pays for time.
    pub fn is_service(&self) -> bool {
        self.kind == JobKind::Service as u8
    }

    /// Notes that the job waits in `slot` of the queue.
    pub fn queue(&mut self, slot: u16) {
        self.state = JobState::Queued as u8;
        self.slot = slot.into();
    }

    /// Notes the match with the device that `device` already names.
    pub fn assign(&mut self, now: i64) {
        self.state = JobState::Assigned as u8;
        self.matched_at = now.into();
    }

    /// Notes the start of the run; the paid clock starts here.
    pub fn start(&mut self, device: &Address, now: i64) {
        self.state = JobState::Running as u8;
        self.device = *device;
        self.matched_at = 0.into();
        self.started_at = now.into();
        self.last_heartbeat_at = now.into();
    }

    /// Ends the job at `now`, paying the run until `paid_until`, and empties the escrow; says where its parts go.
    ///
    /// Error: [`GridError::Overflow`].
    pub fn finish(&mut self, now: i64, paid_until: i64) -> Result<Settlement> {
        let settlement = settle(
            self.escrow_atoms.get(),
            self.price_per_second_atoms.get(),
            self.timeout_seconds.get(),
            self.fee_bps.get(),
            self.started_at.get(),
            paid_until,
        )
        .ok_or(GridError::Overflow)?;
        self.state = JobState::Done as u8;
        self.escrow_atoms = 0.into();
        self.ended_at = now.into();
        Ok(settlement)
    }

    /// Takes the seconds that heartbeats covered out of timeout and escrow; says where their price goes.
    ///
    /// What stays in escrow is what the rest of the timeout costs. Error: [`GridError::Overflow`].
    pub fn pay_covered(&mut self) -> Result<Settlement> {
        let (settlement, left) = settle_part(
            self.escrow_atoms.get(),
            self.price_per_second_atoms.get(),
            self.timeout_seconds.get(),
            self.fee_bps.get(),
            self.started_at.get(),
            self.last_heartbeat_at.get(),
        )
        .ok_or(GridError::Overflow)?;
        self.escrow_atoms = left.into();
        self.timeout_seconds = self.timeout_seconds.get().saturating_sub(settlement.seconds).into();
        Ok(settlement)
    }

    /// Lengthens the timeout; returns what the longer job costs more, which is now in escrow, atoms.
    ///
    /// Errors: [`GridError::TimeoutNotLonger`], [`GridError::TimeoutOutOfRange`], [`GridError::Overflow`].
    pub fn extend(&mut self, timeout_seconds: u32) -> Result<u64> {
        require!(timeout_seconds > self.timeout_seconds.get(), GridError::TimeoutNotLonger);
        require!(timeout_seconds <= self.max_timeout_seconds.get(), GridError::TimeoutOutOfRange);
        let escrow = escrow_for(self.price_per_second_atoms.get(), timeout_seconds, self.fee_bps.get())
            .ok_or(GridError::Overflow)?;
        let added = escrow.checked_sub(self.escrow_atoms.get()).ok_or(GridError::Overflow)?;
        self.timeout_seconds = timeout_seconds.into();
        self.escrow_atoms = escrow.into();
        Ok(added)
    }

    /// Counts a match that was given up and forgets it.
    pub fn lose_device(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
        self.device = Address::default();
        self.matched_at = 0.into();
        self.started_at = 0.into();
        self.last_heartbeat_at = 0.into();
        self.noticed_at = 0.into();
    }

    /// Whether the job gets no further match.
    pub fn is_spent(&self) -> bool {
        self.attempts >= self.max_attempts || self.timeout_seconds.is_zero()
    }

    /// Ends a job without device and empties the escrow; returns what goes back to the project, atoms.
    pub fn stop(&mut self, now: i64) -> u64 {
        let refund_atoms = self.escrow_atoms.get();
        self.state = JobState::Stopped as u8;
        self.escrow_atoms = 0.into();
        self.ended_at = now.into();
        refund_atoms
    }

    /// Whether a heartbeat of the running job is overdue.
    pub fn is_silent(&self, now: i64) -> bool {
        passed(self.last_heartbeat_at, self.heartbeat_limit_seconds, now)
    }

    /// Whether the running job has used up its timeout and the grace behind it.
    pub fn is_overdue(&self, now: i64) -> bool {
        let grace_begins = self.started_at.get().saturating_add(i64::from(self.timeout_seconds.get()));
        passed(grace_begins.into(), self.finish_grace_seconds, now)
    }

    /// Until when the client pays a run that it ends at `now`: to that second when the node shows life, else to its
    /// last heartbeat.
    pub fn covered_until(&self, now: i64) -> i64 {
        match self.is_silent(now) {
            true => self.last_heartbeat_at.get(),
            false => now,
        }
    }

    /// When anyone may close the job, Unix seconds.
    pub fn closable_at(&self) -> i64 {
        self.ended_at.get().saturating_add(i64::from(self.retention_seconds.get()))
    }
}
