//! What happened, one event per change of state. Amounts are atoms of the pool's reward mint; the fields that end in
//! `_after` are the totals that result. An event's bytes are its discriminator and its fields, little-endian, unpadded.

use anchor_lang::prelude::*;

pub(crate) use grid_onchain::log;

/// A pool was opened.
#[event(bytemuck)]
pub struct PoolOpened {
    /// The pool.
    pub pool: Address,
    /// Mint of the stakes whose weight counts.
    pub stake_mint: Address,
    /// Mint of the rewards.
    pub reward_mint: Address,
    /// Holds the rewards.
    pub vault: Address,
}

/// Rewards arrived.
#[event(bytemuck)]
pub struct RewardsAdded {
    /// The pool.
    pub pool: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// What one unit of weight has earned, in 2⁻⁶⁴ atoms, modulo 2¹²⁸.
    pub index_after: PodU128,
    /// Weight that it was shared among.
    pub total_weight: PodU64,
    /// What waits for weight.
    pub waiting_after_atoms: PodU64,
}

/// A stake got a position in a pool.
#[event(bytemuck)]
pub struct PositionOpened {
    /// The position.
    pub position: Address,
    /// The pool.
    pub pool: Address,
    /// The stake.
    pub stake: Address,
    /// Weight that does not earn yet.
    pub pending_weight: PodU64,
    /// Since when, Unix seconds.
    pub pending_since: PodI64,
}

/// A position was brought up to date.
#[event(bytemuck)]
pub struct PositionSynced {
    /// The position.
    pub position: Address,
    /// Weight that earns.
    pub active_weight: PodU64,
    /// Weight that does not earn yet.
    pub pending_weight: PodU64,
    /// Earned and not paid.
    pub earned_after_atoms: PodU64,
}

/// Earnings were paid; nothing of them is left.
#[event(bytemuck)]
pub struct RewardsClaimed {
    /// The position.
    pub position: Address,
    /// Token account that was paid.
    pub destination: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// Weight that earns.
    pub active_weight: PodU64,
    /// Weight that does not earn yet.
    pub pending_weight: PodU64,
}

/// A position was closed.
#[event(bytemuck)]
pub struct PositionClosed {
    /// The position.
    pub position: Address,
}
