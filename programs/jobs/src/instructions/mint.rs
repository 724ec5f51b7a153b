//! Which mints a market may have.

use crate::errors::GridError;
use anchor_lang::{prelude::*, programs::Token2022};
use spl_token_2022_interface::{
    extension::{BaseStateWithExtensions, ExtensionType, PodStateWithExtensions},
    pod::PodMint,
};

pub use anchor_spl::token_interface::{Mint, TokenInterface};

/// Checks that nobody but its owners can take, freeze or re-route tokens of `mint` by an extension.
///
/// A mint of SPL Token has none. One of Token-2022 may have those that only describe or display it: metadata, groups,
/// interest and scaled amounts, which change what is shown and not how many atoms an account holds. Extensions can't
/// be added to a mint that exists.
/// Errors: one for each extension that is known to be harmful, [`GridError::MintExtensionUnknown`] for all others.
#[inline(never)]
pub fn require_plain_mint(mint: &AccountView) -> Result<()> {
    if !mint.owned_by(&Token2022::id()) {
        return Ok(());
    }
    let data = mint.try_borrow()?;
    let state = PodStateWithExtensions::<PodMint>::unpack(&data).map_err(|_| GridError::MintMalformed)?;
    let extensions = state.get_extension_types().map_err(|_| GridError::MintExtensionUnknown)?;
    match extensions.into_iter().find_map(objection) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Why an extension is refused.
fn objection(extension: ExtensionType) -> Option<GridError> {
    use ExtensionType::*;
    match extension {
        MetadataPointer
        | TokenMetadata
        | GroupPointer
        | TokenGroup
        | GroupMemberPointer
        | TokenGroupMember
        | InterestBearingConfig
        | ScaledUiAmount => None,
        TransferFeeConfig => Some(GridError::MintTransferFee),
        TransferHook => Some(GridError::MintTransferHook),
        PermanentDelegate => Some(GridError::MintPermanentDelegate),
        DefaultAccountState => Some(GridError::MintDefaultAccountState),
        Pausable => Some(GridError::MintPausable),
        MintCloseAuthority => Some(GridError::MintCloseAuthority),
        NonTransferable => Some(GridError::MintNonTransferable),
        ConfidentialTransferMint | ConfidentialTransferFeeConfig | ConfidentialMintBurn => {
            Some(GridError::MintConfidentialTransfer)
        }
        _ => Some(GridError::MintExtensionUnknown),
    }
}
