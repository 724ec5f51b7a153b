//! The settings of a mint: who may slash its stakes, and how much.

use crate::{constants::*, errors::StakingError};
use anchor_lang::prelude::*;

/// A role that is handed over in two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub enum Role {
    /// Changes the settings, offers both roles.
    Authority,
    /// Slashes.
    Slasher,
}

/// Why a stake was slashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub enum SlashReason {
    /// Another reason, which the evidence tells.
    Other,
    /// Posted a result that the job does not give.
    WrongResult,
    /// Offered hardware that it does not have.
    FalseHardware,
    /// Looked at, kept or passed on what belongs to a client.
    BreachOfTrust,
}

/// The settings of a mint's stakes. Address: PDA `["settings", mint]`.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Bump of the vault's address.
    pub vault_bump: u8,
    /// The mint's decimals.
    pub decimals: u8,
    /// Share of a stake that may be slashed within an epoch, basis points.
    pub slash_cap_bps: PodU16,
    /// Padding, zero.
    pub padding2: [u8; 6],
    /// Length of a slashing epoch, seconds. A stake's epoch begins with its first slash after the last one.
    pub slash_epoch_seconds: PodU32,
    /// Mint of the stakes.
    pub mint: Address,
    /// Token account that holds all stakes of the mint: PDA `["vault", mint]`.
    pub vault: Address,
    /// See [`Role::Authority`].
    pub authority: Address,
    /// Whom the authority role was offered to; zero when nobody.
    pub pending_authority: Address,
    /// See [`Role::Slasher`].
    pub slasher: Address,
    /// Whom the slasher role was offered to; zero when nobody.
    pub pending_slasher: Address,
    /// Token account that slashed tokens go to.
    pub slash_destination: Address,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<Settings>() == 272);

impl Settings {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"settings";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Sets what may be slashed, and where it goes.
    ///
    /// Errors: [`StakingError::SlashCapOutOfRange`], [`StakingError::SlashEpochOutOfRange`].
    pub fn set_slashing(&mut self, cap_bps: u16, epoch_seconds: u32, destination: Address) -> Result<()> {
        let epochs = MIN_SLASH_EPOCH_SECONDS..=MAX_SLASH_EPOCH_SECONDS;
        require!(u32::from(cap_bps) <= BPS_DENOMINATOR, StakingError::SlashCapOutOfRange);
        require!(epochs.contains(&epoch_seconds), StakingError::SlashEpochOutOfRange);
        self.slash_cap_bps = cap_bps.into();
        self.slash_epoch_seconds = epoch_seconds.into();
        self.slash_destination = destination;
        Ok(())
    }

    /// Offers a role; the zero address takes an offer back.
    pub fn propose(&mut self, role: Role, to: Address) {
        match role {
            Role::Authority => self.pending_authority = to,
            Role::Slasher => self.pending_slasher = to,
        }
    }

    /// Hands a role to the one it was offered to. Error: [`StakingError::NotOffered`].
    pub fn accept(&mut self, role: Role, by: &Address) -> Result<()> {
        let (holder, offered) = match role {
            Role::Authority => (&mut self.authority, &mut self.pending_authority),
            Role::Slasher => (&mut self.slasher, &mut self.pending_slasher),
        };
        require!(anchor_lang::address_eq(offered, by), StakingError::NotOffered);
        *holder = *by;
        *offered = Address::default();
        Ok(())
    }
}
