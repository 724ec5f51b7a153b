//! `revoke_attestation`: takes an attestation back; its rent goes to who paid it.
//!
//! Signs: the collection's attestor, whoever made the attestation.
//! It shall fail when: the signer is not the attestor; the attestation is another collection's; the rent would go to
//! another.

use crate::{
    errors::NodesError,
    events::{self, AttestationClosed},
    state::{Attestation, Collection},
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `revoke_attestation`.
#[derive(Accounts)]
pub struct RevokeAttestation {
    /// The collection's attestor.
    #[account(address = collection.attestor @ NodesError::NotAttestor)]
    pub attestor: Signer,
    /// The collection's record.
    #[account(constraint = anchor_lang::address_eq(&collection.mint, &attestation.collection) @ NodesError::WrongCollection)]
    pub collection: Account<Collection>,
    /// The attestation.
    #[account(mut)]
    pub attestation: Account<Attestation>,
    /// Paid the rent, and gets it back.
    #[account(mut, unsafe(dup), address = attestation.payer @ NodesError::WrongRentPayer)]
    pub payer: UncheckedAccount,
}

/// Handles `revoke_attestation`.
pub fn handle_revoke_attestation(ctx: &mut Context<RevokeAttestation>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (node, class) = (accounts.attestation.node, accounts.attestation.class);
    accounts.attestation.close(*accounts.payer.account())?;
    events::log!(AttestationClosed { collection: accounts.collection.mint, node, class, is_revoked: 1 });
    Ok(())
}
