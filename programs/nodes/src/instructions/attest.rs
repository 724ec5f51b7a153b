//! `attest`: records what a node's benchmark measured. An attestation of the same class is written over.
//!
//! Signs: the collection's attestor, who pays the rent.
//! It shall fail when: the signer is not the attestor; the class or the result's hash is zero; the expiry is not after now,
//! or later than 366 days; the node's hardware is not the one that was measured.

#![expect(
    unused_variables,
    reason = "the derive reads the arguments once more on exit, where nothing needs them"
)]

use crate::{
    constants::LAYOUT_VERSION,
    errors::NodesError,
    events::{self, Attested},
    state::{Attestation, Collection, Node},
};
use anchor_lang::prelude::*;

/// What a benchmark measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Benchmark class: what was measured, and in which unit; not zero.
    pub class: u16,
    /// Score, in the class's own unit.
    pub score: u64,
    /// SHA-256 of the result document.
    pub result: [u8; 32],
    /// From when on the attestation does not hold any more, Unix seconds.
    pub expires_at: i64,
    /// The node's hardware when it was measured.
    pub hardware_slot: u64,
}

/// Accounts of `attest`.
#[derive(Accounts)]
#[instruction(class: u16)]
pub struct Attest {
    /// The collection's attestor; pays the rent.
    #[account(mut, address = collection.attestor @ NodesError::NotAttestor)]
    pub attestor: Signer,
    /// The collection's record.
    pub collection: Account<Collection>,
    /// The node's record.
    pub node: Account<Node>,
    /// The attestation.
    #[account(
        init_if_needed,
        payer = attestor,
        space = Attestation::SPACE,
        seeds = [b"attestation", collection.mint.as_ref(), node.node.as_ref(), &class.to_le_bytes()],
        bump
    )]
    pub attestation: Account<Attestation>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `attest`.
pub fn handle_attest(ctx: &mut Context<Attest>, measured: &Measured) -> Result<()> {
    require!(measured.class != 0, NodesError::ZeroClass);
    let bump = ctx.bumps.attestation;
    let accounts = &mut ctx.accounts;
    require!(accounts.node.hardware_slot == measured.hardware_slot, NodesError::HardwareChanged);
    let (attestor, attestation) = (*accounts.attestor.address(), &mut accounts.attestation);
    if attestation.version == 0 {
        attestation.version = LAYOUT_VERSION;
        attestation.bump = bump;
        attestation.class = measured.class.into();
        attestation.collection = accounts.collection.mint;
        attestation.node = accounts.node.node;
        attestation.payer = attestor;
    }
    attestation.attestor = attestor;
    attestation.hardware_slot = measured.hardware_slot.into();
    let now = Clock::get()?.unix_timestamp;
    attestation.measure(measured.score, &measured.result, measured.expires_at, now)?;
    events::log!(Attested {
        collection: attestation.collection,
        node: attestation.node,
        attestor,
        result: measured.result,
        score: attestation.score,
        expires_at: attestation.expires_at,
        class: attestation.class,
    });
    Ok(())
}
