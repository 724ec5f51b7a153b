//! What happened, one event per change of state. Amounts are atoms of the emission's mint; the fields that end in
//! `_after` are the totals that result. An event's bytes are its discriminator and its fields, little-endian, unpadded.

use anchor_lang::prelude::*;

pub(crate) use grid_onchain::log;

/// An emission was opened.
#[event(bytemuck)]
pub struct EmissionOpened {
    /// The emission.
    pub emission: Address,
    /// May close it.
    pub authority: Address,
    /// Its mint.
    pub mint: Address,
    /// Token account or reward pool that is paid.
    pub beneficiary: Address,
    /// May name another beneficiary; zero when nobody may.
    pub beneficiary_authority: Address,
    /// Rate, atoms per second.
    pub rate_per_second_atoms: PodU64,
    /// When it starts, Unix seconds.
    pub starts_at: PodI64,
    /// When it ends, Unix seconds; zero when it goes on until it is empty.
    pub ends_at: PodI64,
    /// 1 when the authority may end it before, else 0.
    pub is_closeable: u8,
}

/// An emission got tokens.
#[event(bytemuck)]
pub struct EmissionFunded {
    /// The emission.
    pub emission: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// Its balance.
    pub balance_after_atoms: PodU64,
}

/// The beneficiary was paid.
#[event(bytemuck)]
pub struct EmissionClaimed {
    /// The emission.
    pub emission: Address,
    /// Token account or reward pool that was paid.
    pub beneficiary: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// The emission's balance.
    pub balance_after_atoms: PodU64,
}

/// An emission has another beneficiary.
#[event(bytemuck)]
pub struct BeneficiaryChanged {
    /// The emission.
    pub emission: Address,
    /// Token account or reward pool that is paid.
    pub beneficiary: Address,
    /// May name another beneficiary; zero when nobody may.
    pub beneficiary_authority: Address,
}

/// An emission ended; what is due waits for its beneficiary.
#[event(bytemuck)]
pub struct EmissionStopped {
    /// The emission.
    pub emission: Address,
    /// Token account that got the rest.
    pub destination: Address,
    /// How much.
    pub returned_atoms: PodU64,
    /// What is due.
    pub due_atoms: PodU64,
}

/// An emission and its vault were closed.
#[event(bytemuck)]
pub struct EmissionClosed {
    /// The emission.
    pub emission: Address,
    /// Token account that got what the vault held.
    pub destination: Address,
    /// How much.
    pub returned_atoms: PodU64,
}
