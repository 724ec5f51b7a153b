//! `open_pool`

use crate::support::*;
use grid_client::{address, rewards, token};
use grid_rewards::{Pool, RewardsError};
use grid_tests::{Incentives, assert_event, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use spl_token_2022_interface::{
    extension::{ExtensionType, transfer_fee},
    instruction as token_2022,
};
use std::slice::from_ref;

/// The stranger opens the pool in which stakes of the world's mint earn it.
fn open(i: &Incentives) -> Instruction {
    rewards::open_pool(i.world.stranger.pubkey(), &i.world.mint, i.world.mint)
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
fn opens_an_empty_pool_with_a_vault_of_its_own_authority() {
    let mut i = Incentives::without_pool();
    let (mint, stranger) = (i.world.mint, i.world.stranger.pubkey());
    let (pool, bump) = rewards::pool_address(&mint, &mint);
    let (vault, vault_bump) = rewards::vault_address(&pool);
    let (lamports, settings, mint_before) = (i.world.lamports(&stranger), i.settings(), i.world.raw(&mint));

    let landed = i.world.land(&[open(&i)]);

    assert_eq!(
        i.pool(),
        Pool {
            version: 1,
            bump,
            vault_bump,
            padding: [0; 5],
            stake_mint: mint,
            reward_mint: mint,
            vault,
            index: 0.into(),
            total_weight: 0.into(),
            waiting_atoms: 0.into(),
            shared_atoms: 0.into(),
            earned_atoms: 0.into(),
            reserved: [0; 32],
        }
    );
    let (account, vault_account) = (i.world.raw(&pool), i.world.raw(&vault));
    assert_eq!((account.owner, account.lamports), (grid_rewards::ID, i.world.rent(Pool::SPACE)));
    assert_eq!((vault_account.owner, vault_account.lamports), (token::PROGRAM_ID, i.world.rent(165)));
    assert_eq!(vault_account.data, empty_vault(&mint, &vault));
    assert_eq!(i.world.lamports(&stranger), lamports - i.world.rent(Pool::SPACE) - i.world.rent(165));
    assert_eq!((i.settings(), i.world.raw(&mint)), (settings, mint_before));
    assert_event!(landed, PoolOpened { pool: pool, stake_mint: mint, reward_mint: mint, vault: vault });
    assert_books(&i, 0);
}

#[test]
fn anyone_may_pay() {
    for payer in 0..4 {
        let mut i = Incentives::without_pool();
        let world = &i.world;
        let payer = [&world.authority, &world.client, &world.node, &world.stranger][payer].pubkey();
        let mint = i.world.mint;
        i.world.land(&[rewards::open_pool(payer, &mint, mint)]);
        assert_eq!(i.pool().total_weight, 0);
    }
}

#[test]
fn a_stake_earns_each_reward_mint_in_a_pool_of_its_own() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stranger = i.world.stranger.pubkey();
    let stake = active(&mut i, client, 0, 256);
    let side = side(&mut i);
    i.world.land(&[rewards::enter(client, stake, side.pool)]);
    wait(&mut i, DAY);
    let source = address::token_account(&stranger, side.mint);
    i.world.land(&[
        rewards::sync(stake, side.pool),
        rewards::add(stranger, source, side.pool, side.mint, 1_000),
    ]);
    i.add(10);
    assert_eq!(i.claim(stake), 10);
    let destination = address::token_account(&client, side.mint);
    let before = i.world.tokens_in(&destination);
    i.world.land(&[rewards::claim(client, stake, side.pool, side.mint, destination)]);
    assert_eq!(i.world.tokens_in(&destination) - before, 1_000);
    assert_books(&i, 0);
    i.pool = side.pool;
    assert_eq!((i.pool().reward_mint, i.pool().stake_mint), (side.mint, i.world.mint));
    assert_books(&i, 0);
}

#[test]
fn takes_a_mint_of_token_2022() {
    let mut i = incentives();
    let mint = create_mint_2022(&mut i, "token-2022 mint", None);
    let (authority, client, stake_mint) = (i.world.authority.pubkey(), i.world.client.pubkey(), i.world.mint);
    let [source, destination] = [authority, client].map(|wallet| address::token_account(&wallet, mint));
    let mint_to = token_2022::mint_to(&mint.program, &mint.address, &source, &authority, &[], 1_000).unwrap();
    i.world.land(&[
        token::create_account(authority, authority, mint),
        token::create_account(authority, client, mint),
        mint_to,
        rewards::open_pool(authority, &stake_mint, mint),
    ]);
    i.pool = rewards::pool_address(&stake_mint, &mint.address).0;
    let stake = active(&mut i, client, 0, 256);
    i.world.land(&[rewards::add(authority, source, i.pool, mint, 1_000)]);
    assert_eq!(i.rewards_vault(), 1_000);
    assert_eq!(i.world.raw(&rewards::vault_address(&i.pool).0).owner, token::PROGRAM_2022_ID);
    i.world.land(&[rewards::claim(client, stake, i.pool, mint, destination)]);
    assert_eq!((i.world.tokens_in(&source), i.world.tokens_in(&destination)), (0, 1_000));
    assert_books(&i, 0);
}

#[test]
fn refuses_a_mint_whose_tokens_can_be_taken_or_taxed() {
    let mut i = Incentives::without_pool();
    let delegate = create_mint_2022(
        &mut i,
        "delegate",
        Some((ExtensionType::PermanentDelegate, |mint, authority| {
            token_2022::initialize_permanent_delegate(&token::PROGRAM_2022_ID, mint, authority).unwrap()
        })),
    );
    let fee = create_mint_2022(
        &mut i,
        "fee",
        Some((ExtensionType::TransferFeeConfig, |mint, authority| {
            let authority = Some(authority);
            let program = &token::PROGRAM_2022_ID;
            transfer_fee::instruction::initialize_transfer_fee_config(
                program, mint, authority, authority, 0, 0,
            )
            .unwrap()
        })),
    );
    for mint in [delegate, fee] {
        let (stranger, stake_mint) = (i.world.stranger.pubkey(), i.world.mint);
        i.world.refuse(&[rewards::open_pool(stranger, &stake_mint, mint)], RewardsError::MintRefused);
    }
}

#[test]
fn happens_once() {
    let mut i = Incentives::without_pool();
    let open = open(&i);
    // AccountAlreadyInUse of the system program.
    i.world.refuse_with(&[open.clone(), open.clone()], InstructionError::Custom(0));
    i.world.land(from_ref(&open));
    i.world.refuse_with(&[open], InstructionError::Custom(0));
}

#[test]
fn opens_at_addresses_to_which_somebody_sent_lamports() {
    let mut i = Incentives::without_pool();
    let (vault, pool) = (rewards::vault_address(&i.pool).0, i.pool);
    for address in [vault, pool] {
        i.world.network.svm.airdrop(&address, 1_000_000).unwrap();
    }
    i.world.land(&[open(&i)]);
    assert_eq!(i.world.lamports(&vault), i.world.rent(165));
    assert_eq!(i.world.lamports(&pool), i.world.rent(Pool::SPACE));
    assert_books(&i, 0);
}

#[test]
fn refuses_a_stake_mint_without_settings() {
    let mut i = Incentives::without_pool();
    let (other, stranger) = (i.world.create_mint("other mint"), i.world.stranger.pubkey());
    let mint = i.world.mint;
    let open = rewards::open_pool(stranger, &other, mint);
    i.world.refuse_with(&[open], InstructionError::UninitializedAccount);
}

#[test]
fn refuses_an_account_that_is_no_settings() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = i.stake(client, 0, 100);
    let (config, pool) = (grid_client::address::config().0, i.pool);
    for (fake, error) in [
        (stake, InstructionError::AccountDataTooSmall),
        (config, InstructionError::IllegalOwner),
        // ConstraintDuplicateMutableAccount of Anchor.
        (pool, InstructionError::Custom(2040)),
    ] {
        let mut open = open(&i);
        open.accounts[1].pubkey = fake;
        i.world.refuse_with(&[open], error);
    }
}

#[test]
fn refuses_another_address_for_the_pool_or_the_vault() {
    let mut i = Incentives::without_pool();
    let mint = i.world.mint;
    let nobody = keypair_for("nobody").pubkey();
    let other_pool = rewards::pool_address(&mint, &nobody).0;
    for pool in [other_pool, nobody] {
        let mut open = open(&i);
        open.accounts[3].pubkey = pool;
        i.world.refuse_with(&[open], InstructionError::InvalidSeeds);
    }
    let other_vault = rewards::vault_address(&other_pool).0;
    for vault in [other_vault, nobody, address::vault(&mint).0] {
        let mut open = open(&i);
        open.accounts[4].pubkey = vault;
        i.world.refuse_with(&[open], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_a_mint_that_is_none() {
    let mut i = Incentives::without_pool();
    let tokens = i.tokens_of(&i.world.stranger.pubkey());
    let stranger = i.world.stranger.pubkey();
    let mint = i.world.mint;
    for (fake, error) in [
        (keypair_for("nobody").pubkey(), InstructionError::IllegalOwner),
        // ConstraintDuplicateMutableAccount of Anchor: it pays the rent.
        (stranger, InstructionError::Custom(2040)),
        (tokens, InstructionError::InvalidAccountData),
    ] {
        i.world.refuse_with(&[rewards::open_pool(stranger, &mint, fake)], error);
    }
}

#[test]
fn refuses_another_program_for_the_token_program() {
    let mut i = Incentives::without_pool();
    for program in [token::PROGRAM_2022_ID, solana_sdk_ids::system_program::ID, grid_rewards::ID] {
        let mut open = open(&i);
        open.accounts[5].pubkey = program;
        i.world.refuse_with(&[open], InstructionError::IncorrectProgramId);
    }
}
