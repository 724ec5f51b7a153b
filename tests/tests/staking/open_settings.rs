//! `open_settings`

use crate::support::*;
use grid_client::{
    address, staking,
    token::{self, Mint, PROGRAM_2022_ID},
};
use grid_staking::{Settings, StakingError};
use grid_tests::{
    Incentives, World, assert_event,
    incentives::{SLASH_CAP_BPS, SLASH_EPOCH},
    keypair_for,
    world::{DECIMALS, TOKENS},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_signer::Signer;
use spl_token_2022_interface::{
    extension::{
        ExtensionType, default_account_state, interest_bearing_mint, metadata_pointer, pausable,
        transfer_fee, transfer_hook,
    },
    instruction as token_2022,
    state::{self as token_state, AccountState},
};
use std::slice::from_ref;

/// A world whose mint is not stakeable yet; the authority has tokens.
fn bare() -> Incentives {
    let mut world = World::bare();
    let (authority, mint) = (world.authority.pubkey(), world.mint);
    world.give_tokens(&mint, &authority, TOKENS);
    Incentives {
        settings: staking::settings_address(&mint).0,
        slash_destination: address::token_account(&authority, mint),
        pool: Address::default(),
        world,
    }
}

fn open_with(i: &Incentives, cap_bps: u16, epoch: u32) -> Instruction {
    staking::open_settings(i.world.authority.pubkey(), i.world.mint, i.slash_destination, cap_bps, epoch)
}

fn open(i: &Incentives) -> Instruction {
    open_with(i, SLASH_CAP_BPS, SLASH_EPOCH)
}

/// Bytes of a token account that holds nothing and is its own authority.
fn empty_vault(mint: &Address, vault: &Address) -> Vec<u8> {
    let mut data = vec![0; 165];
    data[..32].copy_from_slice(mint.as_ref());
    data[32..64].copy_from_slice(vault.as_ref());
    data[108] = 1; // Initialized
    data
}

#[test]
fn opens_settings_and_an_empty_vault() {
    let mut i = bare();
    let (authority, mint) = (i.world.authority.pubkey(), i.world.mint);
    let lamports = i.world.lamports(&authority);

    let open = open(&i);
    let (settings, vault) = (i.settings, vault(&i));
    let landed = land_changing(&mut i, &[open], &[settings, vault, authority]);

    assert_eq!(
        i.settings(),
        Settings {
            version: 1,
            bump: staking::settings_address(&mint).1,
            vault_bump: staking::vault_address(&mint).1,
            decimals: DECIMALS,
            slash_cap_bps: SLASH_CAP_BPS.into(),
            padding2: [0; 6],
            slash_epoch_seconds: SLASH_EPOCH.into(),
            mint,
            vault,
            authority,
            pending_authority: Address::default(),
            slasher: authority,
            pending_slasher: Address::default(),
            slash_destination: i.slash_destination,
            reserved: [0; 32],
        }
    );
    let account = i.world.raw(&vault);
    assert_eq!((account.owner, account.lamports), (token::PROGRAM_ID, i.world.rent(165)));
    assert_eq!(account.data, empty_vault(&mint, &vault));
    assert_eq!(i.world.lamports(&settings), i.world.rent(280));
    assert_eq!(i.world.lamports(&authority), lamports - i.world.rent(280) - i.world.rent(165));
    assert_event!(
        landed,
        SettingsOpened {
            mint: mint,
            vault: vault,
            authority: authority,
            slash_destination: i.slash_destination,
            slash_epoch_seconds: SLASH_EPOCH,
            slash_cap_bps: SLASH_CAP_BPS,
        }
    );
}

#[test]
fn takes_caps_and_epochs_up_to_their_bounds() {
    let i = bare();
    for (cap_bps, epoch) in [(0, 3_600), (1, 3_601), (9_999, 2_591_999), (10_000, 2_592_000)] {
        let mut i = i.clone();
        i.world.land(&[open_with(&i, cap_bps, epoch)]);
        assert_eq!(
            (i.settings().slash_cap_bps.get(), i.settings().slash_epoch_seconds.get()),
            (cap_bps, epoch)
        );
    }
}

#[test]
fn refuses_caps_and_epochs_beyond_them() {
    let mut i = bare();
    for cap_bps in [10_001, u16::MAX] {
        let open = open_with(&i, cap_bps, SLASH_EPOCH);
        refuse(&mut i, &[open], StakingError::SlashCapOutOfRange);
    }
    for epoch in [0, 1, 3_599, 2_592_001, u32::MAX] {
        let open = open_with(&i, SLASH_CAP_BPS, epoch);
        refuse(&mut i, &[open], StakingError::SlashEpochOutOfRange);
    }
}

#[test]
fn happens_once() {
    let mut i = bare();
    let open = open(&i);
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    refuse_with(&mut i, &[open.clone(), open.clone()], in_use.clone());
    i.world.land(from_ref(&open));
    refuse_with(&mut i, &[open], in_use);
}

#[test]
fn a_stranger_cannot_block_it_with_lamports() {
    for lamports in [1, 890_880, 1_000_000_000] {
        let mut i = bare();
        let (settings, vault) = (i.settings, vault(&i));
        for address in [settings, vault] {
            i.world.network.set(address, Account { lamports, ..Account::default() });
        }
        i.world.land(&[open(&i)]);
        assert_eq!(i.world.raw(&vault).data, empty_vault(&i.world.mint, &vault));
        assert_eq!(i.settings().vault, vault);
    }
}

#[test]
fn refuses_anybody_but_the_upgrade_authority() {
    let mut i = bare();
    for other in [i.world.stranger.pubkey(), i.world.client.pubkey()] {
        let mut open = open(&i);
        open.accounts[0].pubkey = other;
        refuse(&mut i, &[open], StakingError::NotUpgradeAuthority);
    }
    let open = open(&i);
    needs_the_signature(&mut i, &open);
}

#[test]
fn nobody_may_when_the_program_is_final() {
    let mut i = bare();
    i.world.network.set_upgrade_authority_of(&grid_staking::ID, None);
    let open = open(&i);
    refuse(&mut i, &[open], StakingError::NotUpgradeAuthority);
}

#[test]
fn follows_the_upgrade_authority() {
    let mut i = bare();
    let stranger = i.world.stranger.pubkey();
    i.world.network.set_upgrade_authority_of(&grid_staking::ID, Some(&stranger));
    let mut open = open(&i);
    refuse(&mut i, from_ref(&open), StakingError::NotUpgradeAuthority);
    open.accounts[0].pubkey = stranger;
    i.world.land(&[open]);
    assert_eq!((i.settings().authority, i.settings().slasher), (stranger, stranger));
}

#[test]
fn refuses_the_program_data_of_another_program() {
    let mut i = bare();
    let own = address::program_data_of(&grid_staking::ID);
    let loader = i.world.raw(&own).owner;
    let copied = forge(&mut i, &own, "copy", loader);
    let forged = forge(&mut i, &own, "forged", grid_jobs::ID);
    let (open, wrong) = (open(&i), ours(StakingError::WrongProgramData));
    let jobs = address::program_data_of(&grid_jobs::ID);
    let stranger = i.world.stranger.pubkey();
    let swaps = [copied, forged, jobs, stranger, grid_staking::ID].map(|account| (5, account, wrong.clone()));
    refuse_swaps(&i, &open, &swaps);
}

#[test]
fn refuses_another_address_for_settings_or_vault() {
    let mut i = bare();
    let other = i.world.create_mint("other mint");
    let (open, nobody) = (open(&i), keypair_for("nobody").pubkey());
    refuse_swaps(
        &i,
        &open,
        &[
            (2, staking::settings_address(&other).0, InstructionError::InvalidSeeds),
            (2, nobody, InstructionError::InvalidSeeds),
            (3, staking::vault_address(&other).0, InstructionError::InvalidSeeds),
            (3, address::vault(&open.accounts[1].pubkey).0, InstructionError::InvalidSeeds),
            (3, nobody, InstructionError::InvalidSeeds),
        ],
    );
}

#[test]
fn refuses_a_destination_that_is_no_token_account_of_the_mint() {
    let mut i = bare();
    let (other, stranger) = (i.world.create_mint("other mint"), i.world.stranger.pubkey());
    i.world.give_tokens(&other, &stranger, 1);
    let (mint, vault, settings) = (i.world.mint, vault(&i), i.settings);
    let forged = forge(&mut i, &address::token_account(&stranger, mint), "forged", grid_jobs::ID);
    let open = open(&i);
    refuse_swaps(
        &i,
        &open,
        &[
            (4, address::token_account(&stranger, other), ours(StakingError::WrongSlashDestination)),
            (4, vault, TWICE),
            (4, settings, TWICE),
            (4, mint, InstructionError::InvalidAccountData),
            (4, stranger, InstructionError::IllegalOwner),
            (4, forged, InstructionError::IllegalOwner),
            (4, keypair_for("nobody").pubkey(), InstructionError::IllegalOwner),
        ],
    );
}

#[test]
fn sends_slashed_tokens_to_any_owners_account() {
    let mut i = bare();
    let tokens = i.tokens_of(&i.world.stranger.pubkey());
    let mut open = open(&i);
    open.accounts[4].pubkey = tokens;
    i.world.land(&[open]);
    assert_eq!(i.settings().slash_destination, tokens);
}

#[test]
fn refuses_a_mint_or_token_program_that_is_none() {
    let i = bare();
    let open = open(&i);
    let (tokens, stranger) = (i.slash_destination, i.world.stranger.pubkey());
    refuse_swaps(
        &i,
        &open,
        &[
            (1, tokens, InstructionError::InvalidAccountData),
            (1, stranger, InstructionError::IllegalOwner),
            (6, PROGRAM_2022_ID, InstructionError::IncorrectProgramId),
            (6, grid_jobs::ID, InstructionError::IncorrectProgramId),
            (7, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn each_mint_has_settings_and_a_vault_of_its_own() {
    let mut i = bare();
    i.world.land(&[open(&i)]);
    let (settings, vault) = (i.settings(), i.world.raw(&vault(&i)));
    let mint = other_mint(&mut i);
    let other = staking::vault_address(&mint).0;
    assert_eq!(i.world.raw(&other).data, empty_vault(&mint, &other));
    assert_eq!((i.settings(), i.world.raw(&crate::support::vault(&i))), (settings, vault));
}

/// The instruction that gives a mint an extension, before the mint itself is initialised.
type Initialize = fn(&Address, Address) -> Instruction;

/// Creates the mint `keypair_for("other mint")` of Token-2022 with an extension, and opens a token account of the
/// authority.
fn create_2022(i: &mut Incentives, extensions: &[(ExtensionType, Initialize)]) -> Mint {
    let (key, authority) = (keypair_for("other mint"), i.world.authority.insecure_clone());
    let (mint, owner) = (key.pubkey(), authority.pubkey());
    let types: Vec<_> = extensions.iter().map(|(extension, _)| *extension).collect();
    let space = ExtensionType::try_calculate_account_len::<token_state::Mint>(&types).unwrap();
    // CreateAccount of the system program is 0: lamports, space, owner.
    let data = [
        &0_u32.to_le_bytes()[..],
        &i.world.rent(space).to_le_bytes(),
        &(space as u64).to_le_bytes(),
        PROGRAM_2022_ID.as_ref(),
    ];
    let metas = vec![AccountMeta::new(owner, true), AccountMeta::new(mint, true)];
    let mut create =
        vec![Instruction::new_with_bytes(solana_sdk_ids::system_program::ID, &data.concat(), metas)];
    create.extend(extensions.iter().map(|(_, initialize)| initialize(&mint, owner)));
    create.push(token_2022::initialize_mint2(&PROGRAM_2022_ID, &mint, &owner, None, DECIMALS).unwrap());
    create.push(token::create_account(owner, owner, Mint::token_2022(mint)));
    i.world.run(&create, &[&authority, &key]);
    Mint::token_2022(mint)
}

fn open_2022(i: &Incentives, mint: Mint) -> Instruction {
    let authority = i.world.authority.pubkey();
    let destination = address::token_account(&authority, mint);
    staking::open_settings(authority, mint, destination, SLASH_CAP_BPS, SLASH_EPOCH)
}

#[test]
fn refuses_a_mint_by_which_tokens_can_be_taken_frozen_or_rerouted() {
    let harmful: [(ExtensionType, Initialize); 6] = [
        (ExtensionType::TransferFeeConfig, |mint, authority| {
            let authority = Some(&authority);
            let initialize = transfer_fee::instruction::initialize_transfer_fee_config;
            initialize(&PROGRAM_2022_ID, mint, authority, authority, 0, 0).unwrap()
        }),
        (ExtensionType::TransferHook, |mint, authority| {
            transfer_hook::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), None).unwrap()
        }),
        (ExtensionType::PermanentDelegate, |mint, authority| {
            token_2022::initialize_permanent_delegate(&PROGRAM_2022_ID, mint, &authority).unwrap()
        }),
        (ExtensionType::Pausable, |mint, authority| {
            pausable::instruction::initialize(&PROGRAM_2022_ID, mint, &authority).unwrap()
        }),
        (ExtensionType::MintCloseAuthority, |mint, authority| {
            token_2022::initialize_mint_close_authority(&PROGRAM_2022_ID, mint, Some(&authority)).unwrap()
        }),
        (ExtensionType::NonTransferable, |mint, _| {
            token_2022::initialize_non_transferable_mint(&PROGRAM_2022_ID, mint).unwrap()
        }),
    ];
    let i = bare();
    for extension in harmful {
        let mut i = i.clone();
        let mint = create_2022(&mut i, &[extension]);
        let open = open_2022(&i, mint);
        refuse(&mut i, &[open], StakingError::MintRefused);
    }
}

#[test]
fn refuses_a_mint_whose_accounts_begin_frozen() {
    let mut i = bare();
    let initialize: Initialize = |mint, _| {
        let initialize = default_account_state::instruction::initialize_default_account_state;
        initialize(&PROGRAM_2022_ID, mint, &AccountState::Initialized).unwrap()
    };
    let (key, authority) = (keypair_for("other mint"), i.world.authority.insecure_clone());
    let (mint, owner) = (key.pubkey(), authority.pubkey());
    let types = [ExtensionType::DefaultAccountState];
    let space = ExtensionType::try_calculate_account_len::<token_state::Mint>(&types).unwrap();
    i.world.network.set(
        mint,
        Account {
            lamports: i.world.rent(space),
            data: vec![0; space],
            owner: PROGRAM_2022_ID,
            ..Account::default()
        },
    );
    let begin =
        token_2022::initialize_mint2(&PROGRAM_2022_ID, &mint, &owner, Some(&owner), DECIMALS).unwrap();
    let account = token::create_account(owner, owner, Mint::token_2022(mint));
    i.world.land(&[initialize(&mint, owner), begin, account]);
    let open = open_2022(&i, Mint::token_2022(mint));
    refuse(&mut i, &[open], StakingError::MintRefused);
}

#[test]
fn a_harmless_mint_of_token_2022_is_staked_slashed_and_paid_out() {
    let harmless: [(ExtensionType, Initialize); 2] = [
        (ExtensionType::MetadataPointer, |mint, authority| {
            let initialize = metadata_pointer::instruction::initialize;
            initialize(&PROGRAM_2022_ID, mint, Some(authority), Some(*mint)).unwrap()
        }),
        (ExtensionType::InterestBearingConfig, |mint, authority| {
            let initialize = interest_bearing_mint::instruction::initialize;
            initialize(&PROGRAM_2022_ID, mint, Some(authority), 500).unwrap()
        }),
    ];
    for extensions in [&[][..], &harmless[..]] {
        let mut i = bare();
        let mint = create_2022(&mut i, extensions);
        i.world.land(&[open_2022(&i, mint)]);
        let vault = staking::vault_address(&mint.address).0;
        assert_eq!(i.world.raw(&vault).owner, PROGRAM_2022_ID);
        assert_eq!(i.world.raw(&vault).data, empty_vault(&mint.address, &vault));

        let authority = i.world.authority.pubkey();
        let tokens = address::token_account(&authority, mint);
        let fill =
            token_2022::mint_to(&PROGRAM_2022_ID, &mint.address, &tokens, &authority, &[], AMOUNT).unwrap();
        let stake = staking::stake_address(&mint.address, &authority, 0).0;
        i.world.land(&[
            fill,
            staking::stake(authority, tokens, mint, 0, AMOUNT - 1, 1_209_600),
            staking::top_up(authority, tokens, stake, mint, 1),
        ]);
        assert_eq!((i.world.tokens_in(&tokens), i.world.tokens_in(&vault)), (0, AMOUNT));
        let reason = grid_staking::SlashReason::Other;
        i.world.land(&[
            staking::slash(authority, stake, mint, tokens, 10, reason, [0; 32]),
            staking::unstake(authority, stake),
        ]);
        assert_eq!((i.world.tokens_in(&tokens), i.world.tokens_in(&vault)), (10, AMOUNT - 10));
        i.world.network.advance(1_209_600);
        next_slot(&mut i);
        i.world.land(&[staking::withdraw(authority, stake, mint, tokens), staking::close(authority, stake)]);
        assert_eq!((i.world.tokens_in(&tokens), i.world.tokens_in(&vault)), (AMOUNT, 0));
    }
}
