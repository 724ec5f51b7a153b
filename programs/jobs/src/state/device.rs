//! A device: one GPU of a node in a market.

use crate::{
    constants::LAYOUT_VERSION,
    errors::GridError,
    math::add,
    state::{Job, JobState, Penalties},
};
use anchor_lang::prelude::*;

/// Where a device is, as its own account says.
///
/// A device that `list` took out of the queue still reads `Queued`: the match is written in the job's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DeviceState {
    /// Does nothing.
    Idle = 1,
    /// In the market's queue, or matched by a job that came later.
    Queued = 2,
    /// Matched with the job that its account names.
    Assigned = 3,
    /// Running the job that its account names.
    Running = 4,
}

/// One GPU (or group of GPUs) of a node in a market; runs one job at a time.
/// Address: PDA `["device", market, node, index]` (`index` as 4 little-endian bytes).
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Device {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// 1 idle, 2 queued, 3 assigned, 4 running.
    pub state: u8,
    /// 1 when the device last offered itself with `work_gated`, else 0.
    pub is_gated: u8,
    /// Slot of the market's queue that the device last joined.
    pub slot: PodU16,
    /// Padding, zero.
    pub padding2: [u8; 2],
    /// Tells the devices of a node in a market apart.
    pub index: PodU32,
    /// Matches that were given up, by the node or for it; each finished job takes one off.
    pub strikes: PodU32,
    /// Where the device takes jobs.
    pub market: Address,
    /// Signs for the device.
    pub node: Address,
    /// Owner of the token account that earnings and bond are paid to.
    pub payee: Address,
    /// Mint of bond and earnings.
    pub mint: Address,
    /// Matched or running job; zero while there is none or the job's account names the match.
    pub job: Address,
    /// Lowest price at which a match can't be declined without a strike, atoms per second.
    pub min_price_per_second_atoms: PodU64,
    /// Atoms put up as a bond.
    pub bond_atoms: PodU64,
    /// Atoms earned and not yet withdrawn.
    pub earnings_atoms: PodU64,
    /// When an assigned device was matched, Unix seconds; else zero.
    pub matched_at: PodI64,
    /// Jobs finished.
    pub jobs_finished: PodU64,
    /// What the device loses from its bond for a missed deadline: the market's terms when it last offered itself.
    pub penalties: Penalties,
    /// When notice was given to the waiting or idle device, Unix seconds; else zero.
    pub noticed_at: PodI64,
    /// Metadata of the access NFT that the device was admitted with; zero when it was not.
    pub access_metadata: Address,
    /// What the market asked for then, see [`crate::AccessRule`]; zero when the device was not admitted.
    pub access: u8,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 7],
}

const _: () = assert!(core::mem::size_of::<Device>() == 280);

impl Device {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"device";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Writes a new device over zeroed bytes.
    pub fn open(
        &mut self,
        bump: u8,
        index: u32,
        market: Address,
        mint: Address,
        node: Address,
        payee: Address,
    ) {
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.state = DeviceState::Idle as u8;
        self.index = index.into();
        self.market = market;
        self.mint = mint;
        self.node = node;
        self.payee = payee;
    }

    /// Whether the account says that the device is in `state`.
    pub fn is(&self, state: DeviceState) -> bool {
        self.state == state as u8
    }

    /// Notes that the device waits in `slot` of the queue, and whether it offered itself with `work_gated`.
    pub fn queue(&mut self, slot: u16, is_gated: bool) {
        self.state = DeviceState::Queued as u8;
        self.is_gated = is_gated.into();
        self.slot = slot.into();
    }

    /// Notes the match with the job that `job` already names, and whether it offered itself with `work_gated`.
    pub fn assign(&mut self, now: i64, is_gated: bool) {
        self.state = DeviceState::Assigned as u8;
        self.is_gated = is_gated.into();
        self.matched_at = now.into();
    }

    /// Notes the start of a job.
    pub fn start(&mut self, job: &Address) {
        self.state = DeviceState::Running as u8;
        self.job = *job;
        self.matched_at = 0.into();
    }

    /// Notes that the device has nothing to do any more.
    pub fn release(&mut self) {
        self.state = DeviceState::Idle as u8;
        self.job = Address::default();
        self.matched_at = 0.into();
        self.noticed_at = 0.into();
    }

    /// Counts a match that was given up.
    pub fn strike(&mut self) {
        self.strikes = self.strikes.get().saturating_add(1).into();
    }

    /// Notes the end of a run with a result: counts it and takes off a strike.
    pub fn finish(&mut self) {
        // `matched_at` is zero since the start.
        self.state = DeviceState::Idle as u8;
        self.job = Address::default();
        self.noticed_at = 0.into();
        self.jobs_finished = self.jobs_finished.get().wrapping_add(1).into();
        if !self.strikes.is_zero() {
            self.strikes = self.strikes.get().wrapping_sub(1).into();
        }
    }

    /// Takes a penalty from the bond, at most what there is; returns what was taken, atoms.
    pub fn forfeit(&mut self, penalty_atoms: u64) -> u64 {
        let bond = self.bond_atoms.get();
        let taken = bond.min(penalty_atoms);
        self.bond_atoms = bond.saturating_sub(taken).into();
        taken
    }

    /// Adds to the earnings. Error: [`GridError::Overflow`].
    pub fn credit_earnings(&mut self, amount_atoms: u64) -> Result<()> {
        self.earnings_atoms = add(self.earnings_atoms, amount_atoms)?;
        Ok(())
    }

    /// Adds to the bond. Error: [`GridError::Overflow`].
    pub fn credit_bond(&mut self, amount_atoms: u64) -> Result<()> {
        self.bond_atoms = add(self.bond_atoms, amount_atoms)?;
        Ok(())
    }

    /// Takes from the bond. Error: [`GridError::InsufficientBond`].
    pub fn debit_bond(&mut self, amount_atoms: u64) -> Result<()> {
        self.bond_atoms =
            self.bond_atoms.get().checked_sub(amount_atoms).ok_or(GridError::InsufficientBond)?.into();
        Ok(())
    }
}

/// Whether `job` and `device` are matched and not yet running.
///
/// The record of a match stands in the account of whoever came second. The other account still reads `Queued`, and
/// can't have been matched otherwise: it left the queue by this match, and nothing but the end of the match lets it
/// queue again.
pub fn are_matched(job: &Account<Job>, device: &Account<Device>) -> bool {
    let by_job = job.is(JobState::Assigned)
        && anchor_lang::address_eq(&job.device, device.address())
        && device.is(DeviceState::Queued);
    let by_device = device.is(DeviceState::Assigned)
        && anchor_lang::address_eq(&device.job, job.address())
        && job.is(JobState::Queued);
    by_job || by_device
}

/// When the match of `job` and `device` was made, Unix seconds: the record of who came first has no time.
pub fn matched_at(job: &Job, device: &Device) -> PodI64 {
    match job.is(JobState::Assigned) {
        true => job.matched_at,
        false => device.matched_at,
    }
}
