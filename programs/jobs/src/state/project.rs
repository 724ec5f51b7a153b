//! A client's prepaid balance.

use crate::{constants::LAYOUT_VERSION, errors::GridError, math::add};
use anchor_lang::prelude::*;

/// A client's prepaid balance in one mint. Address: PDA `["project", mint, owner]`.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Project {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Padding, zero.
    pub padding: [u8; 2],
    /// Jobs of this project whose accounts are open.
    pub open_jobs: PodU32,
    /// Lists, delists, withdraws, appoints members.
    pub owner: Address,
    /// Mint of the balance.
    pub mint: Address,
    /// Atoms that are neither in a job's escrow nor spent.
    pub balance: PodU64,
    /// Members whose accounts are open.
    pub members: PodU32,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 60],
}

const _: () = assert!(core::mem::size_of::<Project>() == 144);

impl Project {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"project";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Writes a new project over zeroed bytes.
    pub fn open(&mut self, bump: u8, owner: Address, mint: Address) {
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.owner = owner;
        self.mint = mint;
    }

    /// Adds to the balance. Error: [`GridError::Overflow`].
    pub fn credit(&mut self, amount_atoms: u64) -> Result<()> {
        self.balance = add(self.balance, amount_atoms)?;
        Ok(())
    }

    /// Takes from the balance. Error: [`GridError::InsufficientBalance`].
    pub fn debit(&mut self, amount_atoms: u64) -> Result<()> {
        let balance = self.balance.get().checked_sub(amount_atoms).ok_or(GridError::InsufficientBalance)?;
        self.balance = balance.into();
        Ok(())
    }

    /// Counts a member that was appointed. Error: [`GridError::Overflow`].
    pub fn add_member(&mut self) -> Result<()> {
        self.members = self.members.get().checked_add(1).ok_or(GridError::Overflow)?.into();
        Ok(())
    }

    /// Counts a member account that was closed. Error: [`GridError::Overflow`].
    pub fn remove_member(&mut self) -> Result<()> {
        self.members = self.members.get().checked_sub(1).ok_or(GridError::Overflow)?.into();
        Ok(())
    }

    /// Counts a job that was listed. Error: [`GridError::Overflow`].
    pub fn add_job(&mut self) -> Result<()> {
        self.open_jobs = self.open_jobs.get().checked_add(1).ok_or(GridError::Overflow)?.into();
        Ok(())
    }

    /// Counts a job account that was closed. Error: [`GridError::Overflow`].
    pub fn remove_job(&mut self) -> Result<()> {
        self.open_jobs = self.open_jobs.get().checked_sub(1).ok_or(GridError::Overflow)?.into();
        Ok(())
    }
}
