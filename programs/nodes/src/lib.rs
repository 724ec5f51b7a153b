//! Grid nodes: the registry of nodes, attestations of their benchmarks, access collections and access NFTs.
//!
//! **Actors.** A *node* tells what it is made of. A collection's *authority* issues access NFTs to nodes and revokes them; its
//! *attestor* vouches for what a node's benchmark measured. Markets (of `grid-jobs`) read all of it and admit by it.
//!
//! **Authorities.** Nobody but the node writes its record. Both roles of a collection are handed over in two steps. The
//! update authority of a collection that this program made is the collection's record, so that only `issue_access` and
//! `revoke_access` verify and un-verify its NFTs.
//!
//! **Life of an attestation.** `attest` → it expires, the attestor revokes it, or the node's hardware becomes another;
//! `revoke_attestation` or, after it has expired, anyone's `close_attestation` returns its rent.
//!
//! **Life of an access NFT.** `issue_access` mints it to the node's wallet, verified into the collection → `revoke_access`
//! takes it out of the collection. It stays in the wallet: to burn it takes the holder's signature, to un-verify it takes
//! none.
#![cfg_attr(target_os = "solana", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

pub mod constants;
pub mod country;
pub mod errors;
pub mod events;
pub mod instructions;
pub mod metaplex;
pub mod nft;
pub mod state;
pub mod text;

#[cfg(feature = "program")]
use alloc::string::String;
use anchor_lang::prelude::*;
pub use {errors::NodesError, instructions::*, state::*};

declare_id!("A6pqetdTGVUjvg1WkbEMbmE9prTKiA5Rb5aT2hFX5Xyu");

#[cfg(all(target_os = "solana", not(feature = "no-entrypoint")))]
grid_onchain::security_txt!("Grid nodes");

/// The instructions.
#[cfg(feature = "program")]
#[program]
pub mod grid_nodes {
    use super::*;
    use crate::metaplex::Label;

    /// Enters the signing node into the registry.
    ///
    /// * `hardware`: what the machine is.
    /// * `software`: what it runs, and where it is reached.
    pub fn register_node(
        ctx: &mut Context<RegisterNode>,
        hardware: Hardware,
        software: Software,
    ) -> Result<()> {
        handle_register_node(ctx, &hardware, &software)
    }

    /// Tells a node's details anew; other hardware ends its attestations.
    ///
    /// * `hardware`: what the machine is.
    /// * `software`: what it runs, and where it is reached.
    pub fn update_node(ctx: &mut Context<UpdateNode>, hardware: Hardware, software: Software) -> Result<()> {
        handle_update_node(ctx, &hardware, &software)
    }

    /// Takes a node off the registry.
    pub fn close_node(ctx: &mut Context<CloseNode>) -> Result<()> {
        handle_close_node(ctx)
    }

    /// Makes a collection of access NFTs; the signer becomes its authority and its attestor.
    ///
    /// * `id`: number among the authority's collections, chosen by the authority; part of the address of the mint.
    /// * `name`: name of the collection NFT.
    /// * `symbol`: symbol of the collection NFT.
    /// * `uri`: where the collection NFT's document lies.
    pub fn create_collection(
        ctx: &mut Context<CreateCollection>,
        id: u64,
        name: String,
        symbol: String,
        uri: String,
    ) -> Result<()> {
        handle_create_collection(ctx, id, &Label { name, symbol, uri })
    }

    /// Enters a collection that was made elsewhere, so that its nodes can be attested.
    pub fn adopt_collection(ctx: &mut Context<AdoptCollection>) -> Result<()> {
        handle_adopt_collection(ctx)
    }

    /// Offers a role of a collection.
    ///
    /// * `role`: which role.
    /// * `to`: whom it is offered to; zero takes the offer back.
    pub fn propose_collection_role(
        ctx: &mut Context<ProposeCollectionRole>,
        role: CollectionRole,
        to: Address,
    ) -> Result<()> {
        handle_propose_collection_role(ctx, role, to)
    }

    /// Takes over a role of a collection that was offered.
    ///
    /// * `role`: which role.
    pub fn accept_collection_role(
        ctx: &mut Context<AcceptCollectionRole>,
        role: CollectionRole,
    ) -> Result<()> {
        handle_accept_collection_role(ctx, role)
    }

    /// Records what a node's benchmark measured, until it expires.
    ///
    /// * `class`: benchmark class: what was measured, in which unit.
    /// * `score`: what was measured, in the unit of the class.
    /// * `result`: SHA-256 of the benchmark's result document.
    /// * `expires_at`: until when it counts, Unix seconds.
    /// * `hardware_slot`: slot that stands for the measured hardware, as the node's record has it.
    pub fn attest(
        ctx: &mut Context<Attest>,
        class: u16,
        score: u64,
        result: [u8; 32],
        expires_at: i64,
        hardware_slot: u64,
    ) -> Result<()> {
        let measured = Measured { class, score, result, expires_at, hardware_slot };
        handle_attest(ctx, &measured)
    }

    /// Takes an attestation back.
    pub fn revoke_attestation(ctx: &mut Context<RevokeAttestation>) -> Result<()> {
        handle_revoke_attestation(ctx)
    }

    /// Closes an attestation that has expired; anyone may call it.
    pub fn close_attestation(ctx: &mut Context<CloseAttestation>) -> Result<()> {
        handle_close_attestation(ctx)
    }

    /// Mints an access NFT to a registered node's wallet, verified into the collection.
    ///
    /// * `index`: number among the collection's access NFTs; part of the address of the mint.
    /// * `name`: name of the NFT.
    /// * `symbol`: symbol of the NFT.
    /// * `uri`: where the NFT's document lies.
    pub fn issue_access(
        ctx: &mut Context<IssueAccess>,
        index: u64,
        name: String,
        symbol: String,
        uri: String,
    ) -> Result<()> {
        handle_issue_access(ctx, index, &Label { name, symbol, uri })
    }

    /// Takes an access NFT out of its collection.
    pub fn revoke_access(ctx: &mut Context<RevokeAccess>) -> Result<()> {
        handle_revoke_access(ctx)
    }
}
