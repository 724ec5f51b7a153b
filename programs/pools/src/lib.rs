//! Grid pools: emissions, tokens that are paid out at a rate.
//!
//! **Actors.** An *authority* opens an emission; anyone tops it up; anyone claims for the *beneficiary*: a token account or
//! a reward pool.
//!
//! **Authorities.** The terms never change. The authority may end an emission that was opened as closeable, and gets what
//! is not due. The beneficiary authority names another beneficiary, if there is such an authority.
//!
//! **Life of an emission.** `open` → (`top_up`, `claim` or `claim_to_rewards`, `set_beneficiary`)* → `close`.
//!
//! **Money.** One vault per emission: emission.balance ≤ vault.amount, and equality but for tokens that a stranger sent to
//! the vault. What is due accrues by the second, whether there is balance or not; a claim books exactly what it transfers,
//! and after the end everything is due.
#![cfg_attr(target_os = "solana", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

pub mod constants;
pub mod errors;
pub mod events;
pub mod instructions;
pub mod state;

use anchor_lang::prelude::*;
pub use {errors::PoolsError, grid_onchain::vault::VAULT_SEED, instructions::*, state::*};

declare_id!("5ub4woGMKuwVbRKB7gTcu5g1VthTzTcZYnDR3qGz5Zvi");

#[cfg(all(target_os = "solana", not(feature = "no-entrypoint")))]
grid_onchain::security_txt!("Grid pools");

/// The instructions.
#[program]
pub mod grid_pools {
    use super::*;

    /// Pays what is due to the beneficiary's token account; anyone may call it.
    pub fn claim(ctx: &mut Context<Claim>) -> Result<()> {
        handle_claim(ctx)
    }

    /// Pays what is due to the beneficiary, a reward pool; anyone may call it.
    pub fn claim_to_rewards(ctx: &mut Context<ClaimToRewards>) -> Result<()> {
        handle_claim_to_rewards(ctx)
    }

    /// Adds tokens to an emission; anyone may pay.
    ///
    /// * `amount_atoms`: what is moved from the source to the vault, atoms.
    pub fn top_up(ctx: &mut Context<TopUp>, amount_atoms: u64) -> Result<()> {
        handle_top_up(ctx, amount_atoms)
    }

    /// Opens an emission.
    ///
    /// * `id`: number among the authority's emissions, chosen by the authority; part of the address.
    /// * `bump`: bump of the emission's address.
    /// * `terms`: rate, start, and who may do what.
    pub fn open(ctx: &mut Context<Open>, id: u64, bump: u8, terms: EmissionTerms) -> Result<()> {
        handle_open(ctx, id, bump, &terms)
    }

    /// Hands an emission over to another beneficiary.
    ///
    /// * `new_authority`: who may hand it over from now on; zero for nobody.
    pub fn set_beneficiary(ctx: &mut Context<SetBeneficiary>, new_authority: Address) -> Result<()> {
        handle_set_beneficiary(ctx, new_authority)
    }

    /// Ends an emission: what is not due goes to the authority.
    pub fn close(ctx: &mut Context<Close>) -> Result<()> {
        handle_close(ctx)
    }
}
