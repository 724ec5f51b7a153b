//! The one config of the program.

use crate::constants::LAYOUT_VERSION;
use anchor_lang::prelude::*;

/// Who administers the program. Address: PDA `["config"]`.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Config {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Padding, zero.
    pub padding: [u8; 6],
    /// Administers the program; holds no power over tokens that the ledger owes.
    pub admin: Address,
    /// Whom the admin offered its role to; zero when nobody.
    pub pending_admin: Address,
    /// May pause entries, never exits.
    pub pauser: Address,
    /// Owner of the associated token accounts that fees are paid to.
    pub treasury: Address,
    /// When the last pause of deposits ends or ended, Unix seconds; zero when there was none.
    pub deposits_paused_until: PodI64,
    /// Mint of the stakes that earn shares of the fees; zero when none do.
    pub stake_mint: Address,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 24],
}

const _: () = assert!(core::mem::size_of::<Config>() == 200);

impl Config {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"config";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Writes a new config over zeroed bytes; the admin is pauser and treasury until it names others.
    pub fn open(&mut self, bump: u8, admin: Address) {
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.admin = admin;
        self.pauser = admin;
        self.treasury = admin;
    }
}
