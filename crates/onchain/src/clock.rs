//! The time, read from the clock sysvar's account.
//!
//! The instructions that a node sends for every job take that account: reading it costs half of what the syscall costs
//! (see `docs/decisions.md`). The others use the syscall and need no account.

use anchor_lang::prelude::*;

/// Address of the clock sysvar, to which the accounts' constraints hold the slot.
pub const CLOCK: Address = anchor_lang::address!("SysvarC1ock11111111111111111111111111111111");

/// The slot. The address of `clock` must have been checked.
pub fn slot(clock: &UncheckedAccount) -> Result<u64> {
    Ok(Clock::from_bytes(&clock.account().try_borrow()?)?.slot)
}

/// Unix time in seconds. The address of `clock` must have been checked.
pub fn unix_timestamp(clock: &UncheckedAccount) -> Result<i64> {
    Ok(Clock::from_bytes(&clock.account().try_borrow()?)?.unix_timestamp)
}
