//! What the programs have in common: tokens in and out of vaults, which mints are taken, derived addresses, events.
#![cfg_attr(target_os = "solana", no_std)]
#![deny(unsafe_code)]

pub mod clock;
pub mod event;
pub mod metadata;
pub mod mint;
pub mod pda;
pub mod security_txt;
pub mod upgrade;
pub mod vault;
