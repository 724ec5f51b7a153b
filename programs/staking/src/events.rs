//! What happened, one event per change of state. Amounts are atoms of the stake's mint; the fields that end in `_after`
//! are the totals that result. An event's bytes are its discriminator and its fields, little-endian, unpadded.

use anchor_lang::prelude::*;

pub(crate) use grid_onchain::log;

/// A mint became stakeable.
#[event(bytemuck)]
pub struct SettingsOpened {
    /// The mint.
    pub mint: Address,
    /// Holds the stakes.
    pub vault: Address,
    /// Authority and slasher.
    pub authority: Address,
    /// Token account that slashed tokens go to.
    pub slash_destination: Address,
    /// Length of a slashing epoch, seconds.
    pub slash_epoch_seconds: PodU32,
    /// Share of a stake that may be slashed within an epoch, basis points.
    pub slash_cap_bps: PodU16,
}

/// The rules of slashing changed.
#[event(bytemuck)]
pub struct SettingsUpdated {
    /// The mint.
    pub mint: Address,
    /// Token account that slashed tokens go to.
    pub slash_destination: Address,
    /// Length of a slashing epoch, seconds.
    pub slash_epoch_seconds: PodU32,
    /// Share of a stake that may be slashed within an epoch, basis points.
    pub slash_cap_bps: PodU16,
}

/// A role was offered.
#[event(bytemuck)]
pub struct RoleProposed {
    /// The mint.
    pub mint: Address,
    /// Whom it was offered to; zero when an offer was taken back.
    pub to: Address,
    /// Which: 0 authority, 1 slasher.
    pub role: u8,
}

/// A role has another holder.
#[event(bytemuck)]
pub struct RoleChanged {
    /// The mint.
    pub mint: Address,
    /// Who holds it.
    pub holder: Address,
    /// Which: 0 authority, 1 slasher.
    pub role: u8,
}

/// Tokens were locked.
#[event(bytemuck)]
pub struct Staked {
    /// The stake.
    pub stake: Address,
    /// Its owner.
    pub owner: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// What it weighs.
    pub weight: PodU64,
    /// For how long, seconds.
    pub duration_seconds: PodU32,
}

/// A stake got more tokens.
#[event(bytemuck)]
pub struct StakeToppedUp {
    /// The stake.
    pub stake: Address,
    /// How much was added.
    pub amount_atoms: PodU64,
    /// Its tokens.
    pub total_after_atoms: PodU64,
    /// What it weighs.
    pub weight_after: PodU64,
}

/// A stake got a longer duration.
#[event(bytemuck)]
pub struct StakeExtended {
    /// The stake.
    pub stake: Address,
    /// Its duration, seconds.
    pub duration_seconds: PodU32,
    /// What it weighs.
    pub weight_after: PodU64,
}

/// The release of a stake began; it weighs nothing.
#[event(bytemuck)]
pub struct Unstaked {
    /// The stake.
    pub stake: Address,
    /// When, Unix seconds.
    pub unstaked_at: PodI64,
}

/// The release of a stake ended.
#[event(bytemuck)]
pub struct Restaked {
    /// The stake.
    pub stake: Address,
    /// Its tokens.
    pub total_after_atoms: PodU64,
    /// What it weighs.
    pub weight_after: PodU64,
}

/// Released tokens were paid out.
#[event(bytemuck)]
pub struct StakeWithdrawn {
    /// The stake.
    pub stake: Address,
    /// Token account that was paid.
    pub destination: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// What was withdrawn since the release began.
    pub withdrawn_after_atoms: PodU64,
}

/// A stake was slashed.
#[event(bytemuck)]
pub struct Slashed {
    /// The stake.
    pub stake: Address,
    /// SHA-256 of the published evidence.
    pub evidence: [u8; 32],
    /// How much was taken.
    pub amount_atoms: PodU64,
    /// Its tokens, those already withdrawn included.
    pub total_after_atoms: PodU64,
    /// What it weighs.
    pub weight_after: PodU64,
    /// Why: 0 other, 1 wrong result, 2 false hardware, 3 breach of trust.
    pub reason: u8,
}

/// A stake was closed.
#[event(bytemuck)]
pub struct StakeClosed {
    /// The stake.
    pub stake: Address,
}
