//! Which mints a market may have.

use crate::errors::GridError;
use anchor_lang::prelude::*;
use grid_onchain::mint::{objection_to, Objection};

/// Checks that nobody but its owners can take, freeze or re-route tokens of `mint` by an extension.
///
/// Errors: one for each extension that is known to be harmful, [`GridError::MintExtensionUnknown`] for all others.
pub fn require_plain_mint(mint: &AccountView) -> Result<()> {
    let Some(objection) = objection_to(mint)? else {
        return Ok(());
    };
    Err(match objection {
        Objection::Malformed => GridError::MintMalformed,
        Objection::TransferFee => GridError::MintTransferFee,
        Objection::TransferHook => GridError::MintTransferHook,
        Objection::PermanentDelegate => GridError::MintPermanentDelegate,
        Objection::DefaultAccountState => GridError::MintDefaultAccountState,
        Objection::Pausable => GridError::MintPausable,
        Objection::MintCloseAuthority => GridError::MintCloseAuthority,
        Objection::NonTransferable => GridError::MintNonTransferable,
        Objection::ConfidentialTransfer => GridError::MintConfidentialTransfer,
        Objection::Unknown => GridError::MintExtensionUnknown,
    }
    .into())
}
