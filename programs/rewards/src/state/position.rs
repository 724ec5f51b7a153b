//! A position: a stake's part in a pool.

use crate::{constants::*, errors::RewardsError, math::share, state::Pool};
use anchor_lang::prelude::*;
use grid_staking::Stake;

/// A stake's part in a pool. Address: PDA `["position", pool, stake]`.
///
/// Weight that the stake reports is *pending* for a day, then *active* from the next look at it. Only active weight earns.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Position {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Padding, zero.
    pub padding: [u8; 2],
    /// [`Stake::decreases`] at the last look.
    pub decreases: PodU32,
    /// [`Stake::opened_slot`] at the last look.
    pub opened_slot: PodU64,
    /// The pool.
    pub pool: Address,
    /// The stake.
    pub stake: Address,
    /// Owns the stake, and is paid.
    pub owner: Address,
    /// The pool's index at the last look.
    pub index: PodU128,
    /// Weight that earns.
    pub active_weight: PodU64,
    /// Weight that does not earn yet.
    pub pending_weight: PodU64,
    /// Since when all of the pending weight has been seen, Unix seconds.
    pub pending_since: PodI64,
    /// Earned and not paid, atoms of the pool's reward mint.
    pub earned_atoms: PodU64,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<Position>() == 192);

/// What a pool sees of a stake. Of one that is closed: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// [`Stake::opened_slot`].
    pub opened_slot: u64,
    /// [`Stake::decreases`].
    pub decreases: u32,
    /// [`Stake::weight`].
    pub weight: u64,
    /// [`Stake::low_weight`].
    pub low_weight: u64,
}

impl Seen {
    /// Looks at the account of a stake, whose address has been checked.
    ///
    /// Error: that of an account that belongs to the staking program and can't be read.
    pub fn of(account: &AccountView) -> Result<Self> {
        match Account::<Stake>::load(*account) {
            Ok(stake) => Ok(Self {
                opened_slot: stake.opened_slot.get(),
                decreases: stake.decreases.get(),
                weight: stake.weight.get(),
                low_weight: stake.low_weight.get(),
            }),
            Err(_) if !account.owned_by(&grid_staking::ID) => Ok(Self::default()),
            Err(unreadable) => Err(unreadable),
        }
    }
}

impl Position {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"position";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Looks at the stake at `now` (Unix seconds): credits what the position has earned since the last look, and takes
    /// over the stake's weight.
    ///
    /// For the time since then it earns by the weight that the stake had all the while: its active weight, or less when
    /// the stake's weight has become less. The difference is shared out anew.
    /// Error: [`RewardsError::Overflow`].
    pub fn look(&mut self, pool: &mut Pool, seen: Seen, now: i64) -> Result<()> {
        let before = self.active_weight.get();
        let held = self.held_weight(seen);
        self.settle(pool, held)?;
        self.take_over(pool, seen, held, now);
        pool.reweigh(before, self.active_weight.get())?;
        pool.share_out()
    }

    /// The active weight that the stake has had without a break since the last look.
    fn held_weight(&self, seen: Seen) -> u64 {
        let active = self.active_weight.get();
        match (self.opened_slot == seen.opened_slot, seen.decreases.wrapping_sub(self.decreases.get())) {
            (true, 0) => active,
            (true, 1) => active.min(seen.low_weight),
            _ => 0,
        }
    }

    fn settle(&mut self, pool: &mut Pool, held: u64) -> Result<()> {
        let growth = pool.index.get().wrapping_sub(self.index.get());
        if growth == 0 {
            return Ok(());
        }
        let active = self.active_weight.get();
        let due = share(active, growth).ok_or(RewardsError::Overflow)?;
        let earned = if held == active { due } else { share(held, growth).ok_or(RewardsError::Overflow)? };
        pool.credit(earned, due.saturating_sub(earned))?;
        self.earned_atoms = self.earned_atoms.checked_add(earned).ok_or(RewardsError::Overflow)?;
        self.index = pool.index;
        Ok(())
    }

    /// Weight stays pending as far as the pool's total has no room for it: no look may fail.
    fn take_over(&mut self, pool: &Pool, seen: Seen, held: u64, now: i64) {
        let is_unbroken = self.opened_slot == seen.opened_slot && self.decreases == seen.decreases;
        let age = now.saturating_sub(self.pending_since.get());
        let mut active = held;
        if is_unbroken && age >= ACTIVATION_SECONDS && !self.pending_weight.is_zero() {
            let others = pool.total_weight.get().saturating_sub(self.active_weight.get());
            let room = (u64::MAX - others).saturating_sub(active);
            let matured = self.pending_weight.get().min(room);
            active = active.saturating_add(matured);
            self.pending_weight = self.pending_weight.get().saturating_sub(matured).into();
        }
        let pending = seen.weight.saturating_sub(active);
        if !is_unbroken || self.pending_weight != pending {
            self.pending_weight = pending.into();
            self.pending_since = now.into();
        }
        self.active_weight = active.into();
        self.opened_slot = seen.opened_slot.into();
        self.decreases = seen.decreases.into();
    }
}
