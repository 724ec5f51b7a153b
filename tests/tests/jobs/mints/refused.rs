//! The mints that a market may not have, each by its own error.

use super::*;
use grid_jobs::GridError;

/// Asserts that neither a market nor a vault is opened for a mint with these extensions.
#[track_caller]
fn assert_refused(extensions: &[Extension], error: fn() -> GridError) {
    let mut world = World::bare();
    world.initialize_config();
    let (stranger, mint) = (world.stranger.pubkey(), create_mint(&mut world, "other mint", extensions));
    world.refuse(&[instruction::open_market(stranger, mint, 0, TERMS)], error());
    world.refuse(&[instruction::open_vault(stranger, mint)], error());
}

#[test]
fn refuses_each_extension_that_takes_freezes_or_reroutes() {
    let harmful: [(Extension, fn() -> GridError); 8] = [
        (TRANSFER_FEE, || GridError::MintTransferFee),
        (TRANSFER_HOOK, || GridError::MintTransferHook),
        (PERMANENT_DELEGATE, || GridError::MintPermanentDelegate),
        (DEFAULT_ACCOUNT_STATE, || GridError::MintDefaultAccountState),
        (PAUSABLE, || GridError::MintPausable),
        (MINT_CLOSE_AUTHORITY, || GridError::MintCloseAuthority),
        (NON_TRANSFERABLE, || GridError::MintNonTransferable),
        (CONFIDENTIAL_TRANSFER, || GridError::MintConfidentialTransfer),
    ];
    for (extension, error) in harmful {
        assert_refused(&[extension], error);
        assert_refused(&[METADATA_POINTER, extension], error);
        assert_refused(&[extension, METADATA_POINTER], error);
    }
}

#[test]
fn names_the_first_of_several() {
    assert_refused(&[PERMANENT_DELEGATE, PAUSABLE], || GridError::MintPermanentDelegate);
    assert_refused(&[PAUSABLE, PERMANENT_DELEGATE], || GridError::MintPausable);
}
