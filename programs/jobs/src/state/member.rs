//! A member of a project: a key that may list jobs within a limit.

use crate::{
    constants::{LAYOUT_VERSION, MAX_MEMBER_PERIOD_SECONDS},
    errors::GridError,
};
use anchor_lang::prelude::*;

/// A key that may spend a project's balance on jobs, up to a limit per period. Address: PDA `["member", project, key]`.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Padding, zero.
    pub padding: [u8; 2],
    /// Length of a period, seconds.
    pub period_seconds: PodU32,
    /// The project.
    pub project: Address,
    /// Signs for the member.
    pub key: Address,
    /// Most that jobs listed within one period may reserve, atoms.
    pub limit_atoms: PodU64,
    /// What jobs listed within the running period reserved, atoms; refunds do not lower it.
    pub spent_atoms: PodU64,
    /// When the running period began, Unix seconds; zero before the first job.
    pub period_started_at: PodI64,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<Member>() == 128);

impl Member {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"member";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Writes a new member over zeroed bytes.
    pub fn open(&mut self, bump: u8, project: Address, key: Address) {
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.project = project;
        self.key = key;
    }

    /// Whether the account has been written, and is not fresh zeros.
    pub fn is_open(&self) -> bool {
        self.version != 0
    }

    /// Sets the limit; what the running period has spent stays spent. Error: [`GridError::MemberPeriodOutOfRange`].
    pub fn set_limit(&mut self, limit_atoms: u64, period_seconds: u32) -> Result<()> {
        let is_in_range = (1..=MAX_MEMBER_PERIOD_SECONDS).contains(&period_seconds);
        require!(is_in_range, GridError::MemberPeriodOutOfRange);
        self.limit_atoms = limit_atoms.into();
        self.period_seconds = period_seconds.into();
        Ok(())
    }

    /// Counts `amount_atoms` as spent at `now` (Unix seconds). A period begins with the first job after the last one.
    ///
    /// Error: [`GridError::MemberLimitExceeded`].
    pub fn spend(&mut self, amount_atoms: u64, now: i64) -> Result<()> {
        let period_ends = self.period_started_at.get().saturating_add(i64::from(self.period_seconds.get()));
        if now >= period_ends {
            self.period_started_at = now.into();
            self.spent_atoms = 0.into();
        }
        let spent = self.spent_atoms.get().checked_add(amount_atoms).ok_or(GridError::MemberLimitExceeded)?;
        require!(spent <= self.limit_atoms.get(), GridError::MemberLimitExceeded);
        self.spent_atoms = spent.into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn member(limit: u64, period: u32) -> Member {
        let mut member = Member::zeroed();
        member.set_limit(limit, period).unwrap();
        member
    }

    #[test]
    fn spends_up_to_the_limit_and_not_an_atom_more() {
        let mut m = member(100, 60);
        m.spend(99, 1_000).unwrap();
        assert_eq!(m.spend(2, 1_059), Err(GridError::MemberLimitExceeded.into()));
        m.spend(1, 1_059).unwrap();
        assert_eq!(m.spent_atoms.get(), 100);
    }

    #[test]
    fn a_new_period_begins_with_the_first_job_after_the_last() {
        let mut m = member(100, 60);
        m.spend(100, 1_000).unwrap();
        assert!(m.spend(1, 1_059).is_err());
        m.spend(1, 1_060).unwrap();
        assert_eq!((m.period_started_at.get(), m.spent_atoms.get()), (1_060, 1));
    }

    #[test]
    fn a_refused_job_spends_nothing_of_the_running_period() {
        let mut m = member(100, 60);
        m.spend(60, 1_000).unwrap();
        assert!(m.spend(u64::MAX, 1_001).is_err());
        assert_eq!(m.spent_atoms.get(), 60);
    }

    #[test]
    fn a_changed_limit_does_not_forgive() {
        let mut m = member(100, 60);
        m.spend(100, 1_000).unwrap();
        m.set_limit(50, 60).unwrap();
        assert!(m.spend(1, 1_001).is_err());
        m.set_limit(101, 60).unwrap();
        m.spend(1, 1_001).unwrap();
    }

    #[test]
    fn periods_out_of_range_are_refused() {
        let mut m = member(1, 1);
        for seconds in [0, MAX_MEMBER_PERIOD_SECONDS + 1, u32::MAX] {
            assert_eq!(m.set_limit(1, seconds), Err(GridError::MemberPeriodOutOfRange.into()));
        }
    }
}
