//! Which mints the programs take.

use anchor_lang::{prelude::*, programs::Token2022};
use spl_token_2022_interface::{
    extension::{BaseStateWithExtensions, ExtensionType, PodStateWithExtensions},
    pod::PodMint,
};

pub use anchor_spl::token_interface::{Mint, TokenInterface};

/// Why a mint is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// Its bytes are not those of a mint.
    Malformed,
    /// An extension takes a fee from every transfer.
    TransferFee,
    /// An extension runs another program in every transfer.
    TransferHook,
    /// An extension lets somebody move everybody's tokens.
    PermanentDelegate,
    /// An extension lets new accounts begin frozen.
    DefaultAccountState,
    /// An extension lets somebody stop all transfers.
    Pausable,
    /// An extension lets somebody close the mint.
    MintCloseAuthority,
    /// An extension forbids transfers.
    NonTransferable,
    /// An extension hides amounts.
    ConfidentialTransfer,
    /// It has an extension that is not known to be harmless.
    Unknown,
}

/// Why nobody should rely on `mint`, if there is a reason: an extension by which tokens can be taken, frozen or
/// re-routed.
///
/// A mint of SPL Token has none. One of Token-2022 may have those that only describe or display it: metadata, groups,
/// interest and scaled amounts, which change what is shown and not how many atoms an account holds. Extensions can't
/// be added to a mint that exists.
#[inline(never)]
pub fn objection_to(mint: &AccountView) -> Result<Option<Objection>> {
    if !mint.owned_by(&Token2022::id()) {
        return Ok(None);
    }
    let data = mint.try_borrow()?;
    let Ok(state) = PodStateWithExtensions::<PodMint>::unpack(&data) else {
        return Ok(Some(Objection::Malformed));
    };
    Ok(match state.get_extension_types() {
        Ok(extensions) => extensions.into_iter().find_map(objection),
        Err(_) => Some(Objection::Unknown),
    })
}

/// Why an extension is refused.
fn objection(extension: ExtensionType) -> Option<Objection> {
    use ExtensionType as E;
    match extension {
        E::MetadataPointer
        | E::TokenMetadata
        | E::GroupPointer
        | E::TokenGroup
        | E::GroupMemberPointer
        | E::TokenGroupMember
        | E::InterestBearingConfig
        | E::ScaledUiAmount => None,
        E::TransferFeeConfig => Some(Objection::TransferFee),
        E::TransferHook => Some(Objection::TransferHook),
        E::PermanentDelegate => Some(Objection::PermanentDelegate),
        E::DefaultAccountState => Some(Objection::DefaultAccountState),
        E::Pausable => Some(Objection::Pausable),
        E::MintCloseAuthority => Some(Objection::MintCloseAuthority),
        E::NonTransferable => Some(Objection::NonTransferable),
        E::ConfidentialTransferMint | E::ConfidentialTransferFeeConfig | E::ConfidentialMintBurn => {
            Some(Objection::ConfidentialTransfer)
        }
        _ => Some(Objection::Unknown),
    }
}
