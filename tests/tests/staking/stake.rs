//! `stake`

use crate::support::{self, *};
use grid_client::{address, staking, token};
use grid_staking::{
    SlashReason, Stake, StakingError, accounts, constants::MAX_STAKE_ATOMS, instruction as data,
};
use grid_tests::{Incentives, assert_event, incentives::DURATION, keypair_for, world::TOKENS};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

fn open(i: &Incentives) -> Instruction {
    support::stake(i, 0, AMOUNT, DURATION)
}

#[test]
fn locks_tokens_and_writes_the_stake() {
    let mut i = Incentives::without_pool();
    next_slot(&mut i);
    let (client, vault, mint) = (i.world.client.pubkey(), vault(&i), i.world.mint);
    let (stake, tokens) = (staking::stake_address(&mint, &client, 0).0, i.tokens_of(&client));
    let lamports = i.world.lamports(&client);

    let open = open(&i);
    let landed = land_changing(&mut i, &[open], &[stake, vault, tokens, client]);

    assert_eq!(i.stake_of(&stake), fresh(&i));
    assert_eq!(i.stake_of(&stake).opened_slot, slot(&i));
    assert_eq!((i.staking_vault(), i.world.tokens(&client)), (AMOUNT, TOKENS - AMOUNT));
    assert_eq!(i.world.lamports(&stake), i.world.rent(224));
    assert_eq!(i.world.lamports(&client), lamports - i.world.rent(224));
    assert_event!(
        landed,
        Staked {
            stake: stake,
            owner: client,
            amount_atoms: AMOUNT,
            weight: WEIGHT,
            duration_seconds: DURATION,
        }
    );
}

#[test]
fn weighs_one_to_four_times_its_amount_rounded_down() {
    let mut i = Incentives::without_pool();
    let day = 86_400;
    for (id, (amount, duration, expected)) in [
        (1, 14 * day, 1),
        (8, 14 * day, 8),
        (9, 14 * day, 10),
        (365, 14 * day, 407),
        (1_000, 100 * day, 1_821),
        (1, 365 * day - 1, 3),
        (1, 365 * day, 4),
        (1_000_000, 365 * day, 4_000_000),
        (1_000_000, 14 * day + 1, 1_115_068),
    ]
    .into_iter()
    .enumerate()
    {
        let client = i.world.client.pubkey();
        let stake = i.stake_for(client, id as u64, amount, duration);
        assert_eq!(i.stake_of(&stake).weight, expected, "{amount} for {duration}");
        assert_eq!(weight(amount, duration), expected);
    }
}

#[test]
fn takes_fourteen_days_to_a_year() {
    let mut i = Incentives::without_pool();
    for duration in [0, 1, 1_209_599, 31_536_001, u32::MAX] {
        let open = support::stake(&i, 0, AMOUNT, duration);
        refuse(&mut i, &[open], StakingError::DurationOutOfRange);
    }
    let client = i.world.client.pubkey();
    for (id, duration) in [1_209_600, 1_209_601, 31_535_999, 31_536_000].into_iter().enumerate() {
        let stake = i.stake_for(client, id as u64, AMOUNT, duration);
        assert_eq!(i.stake_of(&stake).duration_seconds, duration);
    }
}

#[test]
fn takes_one_atom_up_to_the_largest_stake() {
    let mut i = Incentives::without_pool();
    let open = support::stake(&i, 0, 0, DURATION);
    refuse(&mut i, &[open], StakingError::ZeroAmount);
    for amount in [MAX_STAKE_ATOMS + 1, u64::MAX - 1, u64::MAX] {
        let open = support::stake(&i, 0, amount, DURATION);
        refuse(&mut i, &[open], StakingError::StakeTooLarge);
    }
    let (mint, client) = (i.world.mint, i.world.client.pubkey());
    i.world.give_tokens(&mint, &client, MAX_STAKE_ATOMS);
    let one = i.stake(client, 1, 1);
    let largest = i.stake_for(client, 2, MAX_STAKE_ATOMS, 31_536_000);
    assert_eq!((i.stake_of(&one).total_atoms, i.stake_of(&one).weight), (1.into(), 1.into()));
    assert_eq!(i.stake_of(&largest).total_atoms, MAX_STAKE_ATOMS);
    assert_eq!(i.stake_of(&largest).weight, u64::MAX - 3);
    assert_eq!(i.staking_vault(), MAX_STAKE_ATOMS + 1);
    assert_eq!(i.world.tokens(&client), TOKENS - 1);
}

#[test]
fn needs_the_whole_amount_in_the_source() {
    let mut i = Incentives::without_pool();
    let over = support::stake(&i, 0, TOKENS + 1, DURATION);
    refuse_with(&mut i, &[over], TOO_LITTLE);
    i.world.land(&[support::stake(&i, 0, TOKENS, DURATION)]);
    assert_eq!((i.staking_vault(), i.world.tokens(&i.world.client.pubkey())), (TOKENS, 0));
}

#[test]
fn an_owner_has_many_stakes_and_each_its_address() {
    let mut i = Incentives::without_pool();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let other = other_mint(&mut i);
    let stakes = [0, 1, u64::MAX].map(|id| i.stake(client, id, AMOUNT));
    let nodes = i.stake(node, 0, AMOUNT);
    let tokens = address::token_account(&client, other);
    i.world.land(&[staking::stake(client, tokens, other, 0, AMOUNT, DURATION)]);
    let elsewhere = staking::stake_address(&other, &client, 0).0;
    for (stake, owner, id, mint) in [
        (stakes[0], client, 0, i.world.mint),
        (stakes[1], client, 1, i.world.mint),
        (stakes[2], client, u64::MAX, i.world.mint),
        (nodes, node, 0, i.world.mint),
        (elsewhere, client, 0, other),
    ] {
        let bump = staking::stake_address(&mint, &owner, id).1;
        let (vault, vault_bump) = staking::vault_address(&mint);
        let expected = Stake { owner, id: id.into(), mint, bump, vault, vault_bump, ..fresh(&i) };
        assert_eq!(i.stake_of(&stake), expected);
    }
    assert_eq!(i.staking_vault(), 4 * AMOUNT);
    assert_eq!(i.world.tokens_in(&staking::vault_address(&other).0), AMOUNT);
}

#[test]
fn happens_once() {
    let mut i = Incentives::without_pool();
    let open = open(&i);
    let in_use = InstructionError::Custom(0);
    refuse_with(&mut i, &[open.clone(), open.clone()], in_use.clone());
    i.world.land(from_ref(&open));
    refuse_with(&mut i, &[open], in_use);
}

#[test]
fn a_stranger_cannot_block_it_with_lamports() {
    for lamports in [1, 890_880, 1_000_000_000] {
        let mut i = Incentives::without_pool();
        let client = i.world.client.pubkey();
        let stake = staking::stake_address(&i.world.mint, &client, 0).0;
        i.world.network.set(stake, Account { lamports, ..Account::default() });
        let before = i.world.lamports(&client);
        i.world.land(&[open(&i)]);
        assert_eq!(i.stake_of(&stake), fresh(&i));
        assert_eq!(i.staking_vault(), AMOUNT);
        assert_eq!(i.world.lamports(&client), before - i.world.rent(224).saturating_sub(lamports));
    }
}

/// The instruction with any bump, at the address that this bump gives.
fn with_bump(i: &Incentives, bump: u8) -> Option<(Address, Instruction)> {
    let (client, mint) = (i.world.client.pubkey(), i.world.mint);
    let seeds = [b"stake", mint.as_ref(), client.as_ref(), &0_u64.to_le_bytes(), &[bump]];
    let stake = Address::create_program_address(&seeds, &grid_staking::ID).ok()?;
    let open = data::Stake { id: 0, bump, amount_atoms: AMOUNT, duration_seconds: DURATION };
    let open = open.to_instruction(accounts::OpenStake {
        owner: client,
        settings: i.settings,
        stake,
        mint,
        source: i.tokens_of(&client),
        vault: vault(i),
        clock: solana_sdk_ids::sysvar::clock::ID,
        token_program: token::PROGRAM_ID,
        system_program: solana_sdk_ids::system_program::ID,
    });
    Some((stake, open))
}

#[test]
fn another_bump_gives_another_stake_that_is_the_owners_as_well() {
    let (mut i, first) = staked();
    let canonical = staking::stake_address(&i.world.mint, &i.world.client.pubkey(), 0).1;
    let (second, open) = (0..canonical).rev().find_map(|bump| with_bump(&i, bump)).unwrap();
    i.world.land(&[open]);
    assert_ne!(first, second);
    assert_eq!(i.stake_of(&second), Stake { bump: i.stake_of(&second).bump, ..fresh(&i) });
    assert_eq!(i.stake_of(&first), fresh(&i));
    assert_eq!(i.staking_vault(), 2 * AMOUNT);
    i.world.land(&[unstake(&i, second)]);
    i.world.network.advance(i64::from(DURATION));
    assert_eq!(take_out(&mut i, second), AMOUNT);
    assert_eq!(i.staking_vault(), AMOUNT);
}

#[test]
fn refuses_a_bump_that_does_not_give_the_address() {
    let mut i = Incentives::without_pool();
    let (client, mint) = (i.world.client.pubkey(), i.world.mint);
    let canonical = staking::stake_address(&mint, &client, 0).1;
    for bump in [canonical.wrapping_add(1), canonical.wrapping_sub(1)] {
        let mut open = open(&i);
        let place = open.data.len() - 13;
        assert_eq!(open.data[place], canonical);
        open.data[place] = bump;
        let signers = [i.world.client.insecure_clone()];
        let before = state(&i.world);
        let failure = grid_tests::expect_failure(i.world.attempt(&[open], &[&signers[0]]));
        assert!(failure.code().is_none(), "{failure:?}");
        assert_eq!(state(&i.world), before);
    }
}

#[test]
fn refuses_the_address_of_another_stake() {
    let i = Incentives::without_pool();
    let (client, node, mint) = (i.world.client.pubkey(), i.world.node.pubkey(), i.world.mint);
    let open = open(&i);
    let unsigned = InstructionError::PrivilegeEscalation;
    refuse_swaps(
        &i,
        &open,
        &[
            (2, staking::stake_address(&mint, &client, 1).0, unsigned.clone()),
            (2, staking::stake_address(&mint, &node, 0).0, unsigned.clone()),
            (2, keypair_for("nobody").pubkey(), unsigned),
        ],
    );
}

#[test]
fn nobody_stakes_in_the_name_or_with_the_tokens_of_another() {
    let mut i = Incentives::without_pool();
    let (node, client) = (i.world.node.pubkey(), i.world.client.pubkey());
    let open = open(&i);
    needs_the_signature(&mut i, &open);
    // The bump gives no address off the curve for the node's seeds: the runtime ends the program.
    refuse_swaps(&i, &open, &[(0, node, InstructionError::ProgramFailedToComplete)]);
    let with_tokens_of_client = staking::stake(node, i.tokens_of(&client), i.world.mint, 0, AMOUNT, DURATION);
    refuse_with(&mut i, &[with_tokens_of_client], OTHER_OWNER);
}

#[test]
fn refuses_settings_mint_source_and_vault_of_another_mint() {
    let (mut i, stake) = staked();
    let other = other_mint(&mut i);
    let (client, mint, settings) = (i.world.client.pubkey(), i.world.mint, i.settings);
    let forged = forge(&mut i, &settings, "forged", grid_jobs::ID);
    let open = support::stake(&i, 1, AMOUNT, DURATION);
    let clock = solana_sdk_ids::sysvar::clock::ID;
    let forged_clock = forge(&mut i, &clock, "forged clock", solana_sdk_ids::sysvar::ID);
    let wrong_vault = ours(StakingError::WrongVault);
    let (own, vault) = (i.tokens_of(&client), vault(&i));
    refuse_swaps(
        &i,
        &open,
        &[
            (1, staking::settings_address(&other).0, wrong_vault.clone()),
            (1, forged, InstructionError::IllegalOwner),
            (1, stake, InstructionError::AccountDataTooSmall),
            (3, other, OTHER_MINT),
            (4, address::token_account(&client, other), OTHER_MINT),
            (4, vault, TWICE),
            (4, keypair_for("nobody").pubkey(), InstructionError::InvalidAccountData),
            (5, staking::vault_address(&other).0, wrong_vault.clone()),
            (5, address::vault(&mint).0, wrong_vault),
            (5, own, TWICE),
            (6, solana_sdk_ids::sysvar::rent::ID, OTHER_ADDRESS),
            (6, forged_clock, OTHER_ADDRESS),
            (7, token::PROGRAM_2022_ID, InstructionError::IncorrectProgramId),
            (7, grid_jobs::ID, InstructionError::IncorrectProgramId),
            (8, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn a_delegate_of_the_source_is_not_enough_for_anothers_tokens() {
    let mut i = Incentives::without_pool();
    let (client, node, mint) = (i.world.client.pubkey(), i.world.node.pubkey(), i.world.mint);
    // Approve of the token program is 4.
    let approve = Instruction::new_with_bytes(
        token::PROGRAM_ID,
        &[&[4][..], &5_u64.to_le_bytes()].concat(),
        vec![
            solana_instruction::AccountMeta::new(i.tokens_of(&client), false),
            solana_instruction::AccountMeta::new_readonly(node, false),
            solana_instruction::AccountMeta::new_readonly(client, true),
        ],
    );
    i.world.land(&[approve]);
    let open = |amount| staking::stake(node, i.tokens_of(&client), mint, 0, amount, DURATION);
    let (six, five) = (open(6), open(5));
    refuse_with(&mut i, &[six], TOO_LITTLE);
    i.world.land(&[five]);
    assert_eq!((i.world.tokens(&client), i.staking_vault()), (TOKENS - 5, 5));
    assert_eq!(i.stake_of(&staking::stake_address(&mint, &node, 0).0).owner, node);
}

#[test]
fn the_address_of_a_closed_stake_serves_a_new_one() {
    let (mut i, stake) = staked();
    i.world.land(&[update(&i, 10_000, 3_600)]);
    let client = i.world.client.pubkey();
    i.slash(stake, AMOUNT);
    next_slot(&mut i);
    let again = [close(&i, stake), support::stake(&i, 0, AMOUNT, DURATION)];
    i.world.land(&again);
    assert_eq!(i.stake_of(&stake), Stake { opened_slot: slot(&i).into(), ..fresh(&i) });
    assert_eq!((i.staking_vault(), i.world.tokens(&client)), (AMOUNT, TOKENS - 2 * AMOUNT));
    let slasher = i.world.authority.pubkey();
    let (mint, destination) = (i.world.mint, i.slash_destination);
    let all = staking::slash(slasher, stake, mint, destination, AMOUNT, SlashReason::Other, [0; 32]);
    let close = close(&i, stake);
    refuse(&mut i, &[all, close], StakingError::ClosedTooSoon);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let i = Incentives::without_pool();
    ignores_donations(&i, open(&i));
}
