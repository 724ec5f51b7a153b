//! Decoders of the programs' accounts, and what two accounts say together.

use anchor_lang::{AccountDeserialize, Owner};
use grid_jobs::{DeviceState, JobState, Market, MarketTerms, QueueSlot, waiting};
use solana_account::Account;
use solana_address::Address;

pub use grid_jobs::{Admission, Config, Device, Job, Member, Project};
pub use grid_nodes::{Access, Attestation, Collection, Node};
pub use grid_pools::Emission;
pub use grid_rewards::{Pool, Position};
pub use grid_staking::{Settings, Stake};

/// Why bytes are not the account they were taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The account belongs to another program.
    #[error("account {address} belongs to program {owner}, not to {expected}")]
    WrongOwner {
        /// The account.
        address: Address,
        /// Its owner.
        owner: Address,
        /// The program whose account it was taken for.
        expected: Address,
    },
    /// The bytes are not of this kind of account.
    #[error("account {address} is no {kind}: its {length} bytes do not begin like one or are too few")]
    WrongKind {
        /// The account.
        address: Address,
        /// What was expected.
        kind: &'static str,
        /// Bytes found.
        length: usize,
    },
}

/// Decodes an account of one of the programs: [`Config`], [`Project`], [`Member`], [`Job`], [`Device`],
/// [`Admission`]; [`Node`], [`Attestation`], [`Collection`], [`Access`]; [`Settings`], [`Stake`]; [`Pool`], [`Position`];
/// [`Emission`]. A market has its queue behind it: [`MarketView::decode`].
pub fn decode<T: AccountDeserialize + Owner>(address: &Address, account: &Account) -> Result<T, DecodeError> {
    if account.owner != T::OWNER {
        let (owner, expected) = (account.owner, T::OWNER);
        return Err(DecodeError::WrongOwner { address: *address, owner, expected });
    }
    T::try_deserialize(&mut account.data.as_slice()).map_err(|_| wrong_kind::<T>(address, account))
}

fn wrong_kind<T>(address: &Address, account: &Account) -> DecodeError {
    let kind = std::any::type_name::<T>().rsplit("::").next().unwrap_or("account");
    DecodeError::WrongKind { address: *address, kind, length: account.data.len() }
}

/// A market with its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketView {
    /// Terms, counters and ends of the queue.
    pub header: Market,
    /// All slots of the queue, free ones too.
    pub slots: Vec<QueueSlot>,
}

impl MarketView {
    /// Decodes a market's account.
    pub fn decode(address: &Address, account: &Account) -> Result<Self, DecodeError> {
        let header = decode::<Market>(address, account)?;
        let error = || wrong_kind::<Market>(address, account);
        let count = account.data.get(Market::SLOT_COUNT_OFFSET..Market::SLOTS_OFFSET).ok_or_else(error)?;
        let count = u32::from_le_bytes(count.try_into().expect("4 bytes")) as usize;
        let bytes = account
            .data
            .get(Market::SLOTS_OFFSET..)
            .and_then(|slots| slots.get(..count * size_of::<QueueSlot>()))
            .ok_or_else(error)?;
        Ok(Self { header, slots: bytemuck::cast_slice(bytes).to_vec() })
    }

    /// Who waits, first to last; `None` when the queue's links contradict each other, which a real market's never do.
    pub fn waiting(&self) -> Option<Vec<Address>> {
        waiting(&self.header.queue, &self.slots)
    }

    /// Whether `address` waits in `slot`.
    pub fn holds(&self, slot: u16, address: &Address) -> bool {
        self.slots.get(usize::from(slot)).is_some_and(|found| found.address == *address)
    }
}

/// The terms that a market has, as they were given to it.
pub fn terms_of(market: &Market) -> MarketTerms {
    MarketTerms {
        price_per_second_atoms: market.price_per_second_atoms.get(),
        bond_atoms: market.bond_atoms.get(),
        expiry_reward_atoms: market.penalties.expiry_reward_atoms.get(),
        compensation_atoms: market.penalties.compensation_atoms.get(),
        fee_bps: market.fee_bps.get(),
        stakers_bps: market.stakers_bps.get(),
        burn_bps: market.burn_bps.get(),
        max_attempts: market.max_attempts,
        max_strikes: market.max_strikes.get(),
        min_timeout_seconds: market.min_timeout_seconds.get(),
        max_timeout_seconds: market.max_timeout_seconds.get(),
        start_window_seconds: market.start_window_seconds.get(),
        heartbeat_limit_seconds: market.heartbeat_limit_seconds.get(),
        finish_grace_seconds: market.finish_grace_seconds.get(),
        retention_seconds: market.retention_seconds.get(),
    }
}

/// Where a slot of the queue begins in a market's account, bytes.
pub fn slot_offset(slot: u16) -> usize {
    Market::SLOTS_OFFSET + usize::from(slot) * size_of::<QueueSlot>()
}

/// Where a job is, seen together with its market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobPhase {
    /// Waits in the queue.
    Queued,
    /// Matched, not started.
    Matched,
    /// Runs.
    Running,
    /// Over and paid.
    Done,
    /// Over, after too many lost matches, refunded.
    Stopped,
}

/// Where a job is: one that a device took out of the queue still reads `Queued` in its own account.
pub fn job_phase(address: &Address, job: &Job, market: &MarketView) -> JobPhase {
    if job.is(JobState::Queued) {
        return if market.holds(job.slot.get(), address) { JobPhase::Queued } else { JobPhase::Matched };
    }
    match job.state {
        state if state == JobState::Assigned as u8 => JobPhase::Matched,
        state if state == JobState::Running as u8 => JobPhase::Running,
        state if state == JobState::Done as u8 => JobPhase::Done,
        _ => JobPhase::Stopped,
    }
}

/// Where a device is, seen together with its market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevicePhase {
    /// Does nothing.
    Idle,
    /// Waits in the queue.
    Queued,
    /// Matched with the job that its account names.
    Assigned,
    /// Matched with a job whose account names the device: look for it with [`crate::chain::job_assigned_to`].
    TakenByJob,
    /// Runs the job that its account names.
    Running,
}

/// Where a device is: one that a job took out of the queue still reads `Queued` in its own account.
pub fn device_phase(address: &Address, device: &Device, market: &MarketView) -> DevicePhase {
    if device.is(DeviceState::Queued) {
        let waits = market.holds(device.slot.get(), address);
        return if waits { DevicePhase::Queued } else { DevicePhase::TakenByJob };
    }
    match device.state {
        state if state == DeviceState::Assigned as u8 => DevicePhase::Assigned,
        state if state == DeviceState::Running as u8 => DevicePhase::Running,
        _ => DevicePhase::Idle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_gives_back_the_terms_that_it_was_given() {
        let terms = MarketTerms {
            price_per_second_atoms: 1,
            bond_atoms: 9,
            expiry_reward_atoms: 2,
            compensation_atoms: 3,
            fee_bps: 4,
            stakers_bps: 5,
            burn_bps: 6,
            max_attempts: 7,
            max_strikes: 8,
            min_timeout_seconds: 10,
            max_timeout_seconds: 11,
            start_window_seconds: 31,
            heartbeat_limit_seconds: 32,
            finish_grace_seconds: 3_601,
            retention_seconds: 12,
        };
        let mut market: Market = bytemuck::Zeroable::zeroed();
        market.set_terms(&terms).unwrap();
        assert_eq!(terms_of(&market), terms);
    }
}
