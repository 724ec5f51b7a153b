//! Grid staking: time-locked stakes, their weight, and slashing.
//!
//! **Actors.** A *staker* owns stakes: tokens locked for 14 to 365 days, which weigh one to four times their amount. A
//! *slasher* takes tokens from the stakes of those who broke the rules, within a cap per stake and epoch. An *authority*
//! sets that cap, where slashed tokens go, and who slashes.
//!
//! **Authorities.** The program's upgrade authority makes a mint stakeable, once. Both roles are handed over in two
//! steps. Nobody but the owner moves a stake's tokens, but for the slasher within its cap, to the named account.
//!
//! **Life of a stake.** `stake` → (`top_up`, `extend`)* → `unstake` → `withdraw`* → `close`; `restake` leads back.
//!
//! **Money.** One vault per mint, shared by all stakes, with internal accounting: always
//! Σ (stake.total − stake.withdrawn) ≤ vault.amount, and equality but for tokens that a stranger sent to the vault.
#![cfg_attr(target_os = "solana", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

pub mod constants;
pub mod errors;
pub mod events;
pub mod instructions;
pub mod math;
pub mod state;

use anchor_lang::prelude::*;
pub use {errors::StakingError, grid_onchain::vault::VAULT_SEED, instructions::*, state::*};

declare_id!("E2hq68mvUHAkN2oQhU13hRfh2TiXypqV73n9FMJk6N8R");

#[cfg(all(target_os = "solana", not(feature = "no-entrypoint")))]
grid_onchain::security_txt!("Grid staking");

/// The instructions.
#[cfg(feature = "program")]
#[program]
pub mod grid_staking {
    use super::*;

    /// Locks tokens for a duration.
    ///
    /// * `id`: number among the staker's stakes, chosen by the staker; part of the address.
    /// * `bump`: bump of the stake's address.
    /// * `amount_atoms`: what is locked, atoms.
    /// * `duration_seconds`: how long the release takes, seconds; longer weighs more.
    pub fn stake(
        ctx: &mut Context<OpenStake>,
        id: u64,
        bump: u8,
        amount_atoms: u64,
        duration_seconds: u32,
    ) -> Result<()> {
        handle_stake(ctx, id, bump, amount_atoms, duration_seconds)
    }

    /// Adds tokens to a stake.
    ///
    /// * `amount_atoms`: what is added, atoms.
    pub fn top_up(ctx: &mut Context<TopUp>, amount_atoms: u64) -> Result<()> {
        handle_top_up(ctx, amount_atoms)
    }

    /// Gives a stake a longer duration.
    ///
    /// * `duration_seconds`: the new duration, seconds; longer than the old one.
    pub fn extend(ctx: &mut Context<Extend>, duration_seconds: u32) -> Result<()> {
        handle_extend(ctx, duration_seconds)
    }

    /// Begins the release of a stake: it weighs nothing any more, its tokens come free evenly over its duration.
    pub fn unstake(ctx: &mut Context<Unstake>) -> Result<()> {
        handle_unstake(ctx)
    }

    /// Ends the release: what is left weighs again.
    pub fn restake(ctx: &mut Context<Restake>) -> Result<()> {
        handle_restake(ctx)
    }

    /// Pays out what has been released.
    pub fn withdraw(ctx: &mut Context<Withdraw>) -> Result<()> {
        handle_withdraw(ctx)
    }

    /// Takes tokens from a stake, at most what is left of it and what the cap of the epoch allows.
    ///
    /// * `amount_atoms`: what is taken, atoms.
    /// * `reason`: why.
    /// * `evidence`: SHA-256 of a document that shows it.
    pub fn slash(
        ctx: &mut Context<Slash>,
        amount_atoms: u64,
        reason: SlashReason,
        evidence: &[u8; 32],
    ) -> Result<()> {
        handle_slash(ctx, amount_atoms, reason, evidence)
    }

    /// Closes a stake that holds nothing.
    pub fn close(ctx: &mut Context<Close>) -> Result<()> {
        handle_close(ctx)
    }

    /// Makes a mint stakeable.
    ///
    /// * `slash_cap_bps`: what may be slashed of a stake within an epoch, basis points.
    /// * `slash_epoch_seconds`: length of an epoch, seconds.
    pub fn open_settings(
        ctx: &mut Context<OpenSettings>,
        slash_cap_bps: u16,
        slash_epoch_seconds: u32,
    ) -> Result<()> {
        handle_open_settings(ctx, slash_cap_bps, slash_epoch_seconds)
    }

    /// Sets what may be slashed within an epoch, and where it goes.
    ///
    /// * `slash_cap_bps`: what may be slashed of a stake within an epoch, basis points.
    /// * `slash_epoch_seconds`: length of an epoch, seconds.
    pub fn update_settings(
        ctx: &mut Context<UpdateSettings>,
        slash_cap_bps: u16,
        slash_epoch_seconds: u32,
    ) -> Result<()> {
        handle_update_settings(ctx, slash_cap_bps, slash_epoch_seconds)
    }

    /// Offers the authority's or the slasher's role to a key.
    ///
    /// * `role`: which role.
    /// * `to`: whom it is offered to; zero takes the offer back.
    pub fn propose_role(ctx: &mut Context<ProposeRole>, role: Role, to: Address) -> Result<()> {
        handle_propose_role(ctx, role, to)
    }

    /// Takes over a role that was offered.
    ///
    /// * `role`: which role.
    pub fn accept_role(ctx: &mut Context<AcceptRole>, role: Role) -> Result<()> {
        handle_accept_role(ctx, role)
    }
}
