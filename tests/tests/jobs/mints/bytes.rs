//! Mints of Token-2022 by their bytes: extensions by number, known or not, and bytes that are cut off.

use super::*;
use grid_jobs::GridError;
use grid_tests::{Failure, expect_error};
use solana_account::Account;
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;

/// A mint's own bytes, 82, before its extensions.
const MINT_BYTES: usize = 82;
/// Where the extensions begin, after the byte that tells a mint from a token account.
const EXTENSIONS: usize = 166;

/// A bare world with a plain mint.
fn world() -> (World, Mint) {
    bare_world(&[])
}

/// An extension's entry: number, length, as many zeros.
fn entry(number: u16, length: u16) -> Vec<u8> {
    [&number.to_le_bytes()[..], &length.to_le_bytes(), &vec![0; length.into()]].concat()
}

/// Replaces the mint's extensions.
fn write(world: &mut World, mint: Mint, extensions: &[u8]) {
    let account = world.raw(&mint.address);
    let mut data = account.data[..MINT_BYTES].to_vec();
    data.resize(EXTENSIONS - 1, 0);
    data.push(1); // Mint
    data.extend(extensions);
    set(world, mint, data);
}

fn set(world: &mut World, mint: Mint, data: Vec<u8>) {
    let account = world.raw(&mint.address);
    let lamports = world.rent(data.len());
    world.network.set(mint.address, Account { lamports, data, ..account });
}

/// Tries to open a market and a vault, each in a world of its own; what comes out must be the same.
#[track_caller]
fn open(world: &World, mint: Mint) -> Result<(), Failure> {
    let stranger = world.stranger.pubkey();
    let [market, vault] =
        [instruction::open_market(stranger, mint, 0, TERMS), instruction::open_vault(stranger, mint)].map(
            |open| {
                let mut world = world.clone();
                let signer = world.stranger.insecure_clone();
                world.attempt(&[open], &[&signer]).map(drop)
            },
        );
    assert_eq!(market.clone().map_err(|f| f.error), vault.map_err(|f| f.error));
    market
}

/// What becomes of a mint whose last extension has this number.
fn verdict(number: u16) -> Option<GridError> {
    match number {
        // Nothing behind a zero counts.
        0 => None,
        10 | 18..=23 | 25 => None,
        1 => Some(GridError::MintTransferFee),
        3 => Some(GridError::MintCloseAuthority),
        4 | 16 | 24 => Some(GridError::MintConfidentialTransfer),
        6 => Some(GridError::MintDefaultAccountState),
        9 => Some(GridError::MintNonTransferable),
        12 => Some(GridError::MintPermanentDelegate),
        14 => Some(GridError::MintTransferHook),
        26 => Some(GridError::MintPausable),
        _ => Some(GridError::MintExtensionUnknown),
    }
}

#[test]
fn every_number_that_is_not_known_to_be_harmless_is_refused() {
    let (world, mint) = world();
    for number in (0..=40).chain([255, 256, 0x7fff, u16::MAX - 1, u16::MAX]) {
        let mut world = world.clone();
        // Metadata pointer (18) first.
        write(&mut world, mint, &[entry(18, 64), entry(number, 8)].concat());
        match verdict(number) {
            None => open(&world, mint).unwrap_or_else(|failure| panic!("{number}: {:?}", failure.error)),
            Some(error) => {
                println!("{number}");
                let failure = open(&world, mint).expect_err("it is refused");
                expect_error(Err(failure), error);
            }
        }
    }
}

#[test]
fn a_number_that_nobody_knows_is_refused_by_name_wherever_it_stands() {
    let (world, mint) = world();
    for number in [28, 29, 999, u16::MAX] {
        for extensions in [
            entry(number, 0),
            entry(number, 32),
            [entry(number, 8), entry(18, 64)].concat(),
            [entry(18, 64), entry(number, 8)].concat(),
        ] {
            let mut world = world.clone();
            write(&mut world, mint, &extensions);
            let failure = open(&world, mint).expect_err("it is refused");
            expect_error(Err(failure), GridError::MintExtensionUnknown);
        }
    }
}

#[test]
fn a_mint_cut_off_anywhere_is_refused_without_a_panic() {
    let (world, mint) = world();
    let mut whole = world.clone();
    // Metadata pointer (18), 64 bytes; permanent delegate (12), 32 bytes.
    write(&mut whole, mint, &[entry(18, 64), entry(12, 32)].concat());
    let data = whole.raw(&mint.address).data;
    let end = data.len();
    assert_eq!(end, EXTENSIONS + 68 + 36);
    for length in 0..=end {
        let mut world = world.clone();
        set(&mut world, mint, data[..length].to_vec());
        let outcome = open(&world, mint).map_err(|failure| failure.error);
        let refused = |error| Err(TransactionError::InstructionError(0, error));
        let code = |error: GridError| InstructionError::Custom(6_000 + error as u32);
        let expected = match length {
            // What is left is a mint without the extension that was cut off; a single byte begins none.
            82 | 166 | 167 | 234 | 235 => Ok(()),
            168..234 | 236..270 => refused(code(GridError::MintExtensionUnknown)),
            270 => refused(code(GridError::MintPermanentDelegate)),
            _ => refused(InstructionError::InvalidAccountData),
        };
        assert_eq!(outcome, expected, "{length} bytes");
    }
}

#[test]
fn a_length_beyond_the_end_is_refused_without_a_panic() {
    let (world, mint) = world();
    for length in [65, 0x7fff, u16::MAX] {
        let mut extension = entry(18, 64);
        extension[2..4].copy_from_slice(&length.to_le_bytes());
        let mut world = world.clone();
        write(&mut world, mint, &extension);
        let failure = open(&world, mint).expect_err("it is refused");
        expect_error(Err(failure), GridError::MintExtensionUnknown);
    }
}

#[test]
fn what_is_no_mint_of_token_2022_is_refused() {
    let (world, mint) = world();
    let plain = world.raw(&mint.address).data;
    let mut uninitialized = plain.clone();
    uninitialized[45] = 0;
    let mut padding = plain.clone();
    padding.resize(EXTENSIONS, 0);
    let mut token_account = padding.clone();
    (padding[EXTENSIONS - 1], padding[100]) = (1, 1);
    token_account[EXTENSIONS - 1] = 2;
    let mut multisig = plain.clone();
    multisig.resize(355, 0);
    multisig[EXTENSIONS - 1] = 1;
    for data in [uninitialized, padding, token_account, multisig] {
        let mut world = world.clone();
        set(&mut world, mint, data);
        let failure = open(&world, mint).expect_err("it is refused");
        assert_eq!(failure.code(), None, "{:?}", failure.error);
        assert_ne!(
            failure.error,
            TransactionError::InstructionError(0, InstructionError::ProgramFailedToComplete)
        );
    }
}
