//! `close_attestation`: closes an attestation that has expired; its rent goes to who paid it.
//!
//! Signs: nobody but the fee payer; anyone may send the rent home.
//! It shall fail when: the attestation has not expired; the rent would go to another.

use crate::{
    errors::NodesError,
    events::{self, AttestationClosed},
    state::Attestation,
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close_attestation`.
#[derive(Accounts)]
pub struct CloseAttestation {
    /// The attestation.
    #[account(mut)]
    pub attestation: Account<Attestation>,
    /// Paid the rent, and gets it back.
    #[account(mut, address = attestation.payer @ NodesError::WrongRentPayer)]
    pub payer: UncheckedAccount,
}

/// Handles `close_attestation`.
pub fn handle_close_attestation(ctx: &mut Context<CloseAttestation>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.attestation.is_expired(Clock::get()?.unix_timestamp), NodesError::NotExpired);
    let attestation = &accounts.attestation;
    let (collection, node, class) = (attestation.collection, attestation.node, attestation.class);
    accounts.attestation.close(*accounts.payer.account())?;
    events::log!(AttestationClosed { collection, node, class, is_revoked: 0 });
    Ok(())
}
