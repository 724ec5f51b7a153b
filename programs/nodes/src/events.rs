//! What happened, one event per change of state. An event's bytes are its discriminator and its fields, little-endian,
//! unpadded. A node's details stand in its account.

use anchor_lang::prelude::*;

pub(crate) use grid_onchain::log;

/// A node registered.
#[event(bytemuck)]
pub struct NodeRegistered {
    /// The node's key.
    pub node: Address,
    /// The slot that stands for its hardware.
    pub hardware_slot: PodU64,
}

/// A node told its details anew.
#[event(bytemuck)]
pub struct NodeUpdated {
    /// The node's key.
    pub node: Address,
    /// The slot that stands for its hardware; another one than before when the hardware changed, which ends attestations.
    pub hardware_slot: PodU64,
}

/// A node left the registry.
#[event(bytemuck)]
pub struct NodeClosed {
    /// The node's key.
    pub node: Address,
}

/// A collection was made, or one that exists was entered.
#[event(bytemuck)]
pub struct CollectionOpened {
    /// Its mint.
    pub collection: Address,
    /// Authority and attestor.
    pub authority: Address,
    /// 1 when this program made it and issues its NFTs, else 0.
    pub is_ours: u8,
}

/// A role of a collection was offered.
#[event(bytemuck)]
pub struct CollectionRoleProposed {
    /// The collection's mint.
    pub collection: Address,
    /// Whom it was offered to; zero when an offer was taken back.
    pub to: Address,
    /// Which: 0 authority, 1 attestor.
    pub role: u8,
}

/// A role of a collection has another holder.
#[event(bytemuck)]
pub struct CollectionRoleChanged {
    /// The collection's mint.
    pub collection: Address,
    /// Who holds it.
    pub holder: Address,
    /// Which: 0 authority, 1 attestor.
    pub role: u8,
}

/// A node's benchmark was attested.
#[event(bytemuck)]
pub struct Attested {
    /// The collection's mint.
    pub collection: Address,
    /// The node's key.
    pub node: Address,
    /// Who attested it.
    pub attestor: Address,
    /// SHA-256 of the benchmark's result.
    pub result: [u8; 32],
    /// Score, in the class's own unit.
    pub score: PodU64,
    /// When it expires, Unix seconds.
    pub expires_at: PodI64,
    /// Benchmark class.
    pub class: PodU16,
}

/// An attestation was revoked, or closed after it had expired.
#[event(bytemuck)]
pub struct AttestationClosed {
    /// The collection's mint.
    pub collection: Address,
    /// The node's key.
    pub node: Address,
    /// Benchmark class.
    pub class: PodU16,
    /// 1 when the attestor revoked it, 0 when it had expired.
    pub is_revoked: u8,
}

/// An access NFT was issued.
#[event(bytemuck)]
pub struct AccessIssued {
    /// The collection's mint.
    pub collection: Address,
    /// The NFT's mint.
    pub mint: Address,
    /// The node's key.
    pub node: Address,
}

/// An access NFT was taken out of its collection.
#[event(bytemuck)]
pub struct AccessRevoked {
    /// The collection's mint.
    pub collection: Address,
    /// The NFT's mint.
    pub mint: Address,
    /// The node's key.
    pub node: Address,
}
