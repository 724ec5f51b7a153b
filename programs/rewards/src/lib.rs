//! Grid rewards: shares what arrives among stakers, in proportion to the weight of their stakes.
//!
//! **Actors.** Anyone brings rewards: markets their fees, emission pools subsidies. A *staker* enters a pool with a stake
//! and claims what its position has earned.
//!
//! **Authorities.** None. Anyone opens the one pool of two mints; nobody can stop it or take from it.
//!
//! **Life of a position.** `enter` → (`sync`, `claim`)* → `exit`. Weight that a position reports is pending for a day and
//! earns from the first look (`sync` or `claim`) after it. So who stakes after a fee arrived earns nothing of it, and
//! stake, claim and exit within a day earn nothing.
//!
//! **A stake that became less** by `unstake` or `slash` earns, for the time since the last look, by the weight that it
//! had all the while; what it would have earned by the rest is shared out anew. Anyone may look at any time.
//!
//! **Money.** One vault per pool. Always pool.waiting + pool.shared + pool.earned ≤ vault.amount, equality but for tokens
//! that a stranger sent to the vault; and Σ position.earned = pool.earned. Rewards that arrive while no weight earns wait
//! for the first that does.
#![cfg_attr(target_os = "solana", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

pub mod bring;
pub mod constants;
pub mod errors;
pub mod events;
pub mod instructions;
pub mod math;
pub mod state;

use anchor_lang::prelude::*;
pub use {errors::RewardsError, grid_onchain::vault::VAULT_SEED, instructions::*, state::*};

declare_id!("6LxrAKPbqRk1QqZP7yax7iVLutNTYoUjcrgpSqAxtcmm");

#[cfg(all(target_os = "solana", not(feature = "no-entrypoint")))]
grid_onchain::security_txt!("Grid rewards");

/// The instructions.
#[cfg(feature = "program")]
#[program]
pub mod grid_rewards {
    use super::*;

    /// Brings rewards; anyone may pay.
    ///
    /// * `amount_atoms`: what is moved from the source to the vault, atoms.
    pub fn add(ctx: &mut Context<Add>, amount_atoms: u64) -> Result<()> {
        handle_add(ctx, amount_atoms)
    }

    /// Brings a position up to date with its stake; anyone may call it.
    pub fn sync(ctx: &mut Context<Sync>) -> Result<()> {
        handle_sync(ctx)
    }

    /// Pays what a position has earned.
    pub fn claim(ctx: &mut Context<Claim>) -> Result<()> {
        handle_claim(ctx)
    }

    /// Opens a stake's position in a pool.
    pub fn enter(ctx: &mut Context<Enter>) -> Result<()> {
        handle_enter(ctx)
    }

    /// Closes a position.
    pub fn exit(ctx: &mut Context<Exit>) -> Result<()> {
        handle_exit(ctx)
    }

    /// Opens the pool of two mints; anyone may pay.
    pub fn open_pool(ctx: &mut Context<OpenPool>) -> Result<()> {
        handle_open_pool(ctx)
    }
}
