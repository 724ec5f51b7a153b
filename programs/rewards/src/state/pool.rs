//! A reward pool: what arrived in one mint, and how it is shared among the weight of one mint's stakes.

use crate::{errors::RewardsError, math::growth};
use anchor_lang::prelude::*;
use grid_onchain::{mint::Mint, vault::Vault};

/// A reward pool. Address: PDA `["pool", stake_mint, reward_mint]`.
///
/// Its vault holds `waiting + shared + earned` atoms, and whatever strangers sent.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Pool {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Bump of the vault's address.
    pub vault_bump: u8,
    /// Padding, zero.
    pub padding: [u8; 5],
    /// Mint of the stakes whose weight counts.
    pub stake_mint: Address,
    /// Mint of the rewards.
    pub reward_mint: Address,
    /// Token account that holds the rewards: PDA `["vault", pool]`.
    pub vault: Address,
    /// What one unit of weight has earned, in 2⁻⁶⁴ atoms, modulo 2¹²⁸; see [`crate::math`].
    pub index: PodU128,
    /// Weight of all positions that earns.
    pub total_weight: PodU64,
    /// Arrived and not shared out, for want of weight, atoms.
    pub waiting_atoms: PodU64,
    /// Shared out by the index and not credited to a position yet, atoms.
    pub shared_atoms: PodU64,
    /// Credited to positions and not paid, atoms.
    pub earned_atoms: PodU64,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<Pool>() == 184);

impl Pool {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"pool";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// The vault, in `account`, whose address has been checked; `key` is the pool's address.
    pub fn vault<'a>(
        &self,
        key: &'a Address,
        account: &'a AccountView,
        mint: &'a InterfaceAccount<Mint>,
        token_program: &'a Address,
    ) -> Vault<'a> {
        let (bump, decimals) = (self.vault_bump, mint.decimals());
        Vault { account, key, bump, mint: mint.account(), decimals, token_program }
    }

    /// Takes in what arrived, or was forfeited. Error: [`RewardsError::Overflow`].
    pub fn receive(&mut self, amount_atoms: u64) -> Result<()> {
        self.waiting_atoms = sum(self.waiting_atoms, amount_atoms)?;
        Ok(())
    }

    /// Shares out what waits among the weight that earns. Without weight everything waits, also what rounding left over
    /// when the last position went.
    pub fn share_out(&mut self) -> Result<()> {
        if self.total_weight.is_zero() {
            self.waiting_atoms = sum(self.waiting_atoms, self.shared_atoms.get())?;
            self.shared_atoms = 0.into();
        } else if !self.waiting_atoms.is_zero() {
            let growth = growth(self.waiting_atoms.get(), self.total_weight.get());
            self.index = self.index.get().wrapping_add(growth.ok_or(RewardsError::Overflow)?).into();
            self.shared_atoms = sum(self.shared_atoms, self.waiting_atoms.get())?;
            self.waiting_atoms = 0.into();
        }
        Ok(())
    }

    /// Credits a position with `earned_atoms` of what was shared out; `forfeited_atoms` wait again.
    ///
    /// Error: [`RewardsError::Overflow`].
    pub fn credit(&mut self, earned_atoms: u64, forfeited_atoms: u64) -> Result<()> {
        self.shared_atoms = less(self.shared_atoms, earned_atoms)?;
        self.earned_atoms = sum(self.earned_atoms, earned_atoms)?;
        if forfeited_atoms > 0 {
            self.shared_atoms = less(self.shared_atoms, forfeited_atoms)?;
            self.receive(forfeited_atoms)?;
        }
        Ok(())
    }

    /// Pays what was credited. Error: [`RewardsError::Overflow`].
    pub fn pay(&mut self, amount_atoms: u64) -> Result<()> {
        self.earned_atoms = less(self.earned_atoms, amount_atoms)?;
        Ok(())
    }

    /// Counts a position's weight anew. Error: [`RewardsError::Overflow`].
    pub fn reweigh(&mut self, before: u64, after: u64) -> Result<()> {
        if before != after {
            self.total_weight = sum(less(self.total_weight, before)?, after)?;
        }
        Ok(())
    }
}

fn sum(a: PodU64, b: u64) -> Result<PodU64> {
    Ok(a.checked_add(b).ok_or(RewardsError::Overflow)?)
}

fn less(a: PodU64, b: u64) -> Result<PodU64> {
    Ok(a.checked_sub(b).ok_or(RewardsError::Overflow)?)
}
