//! `slash`

use crate::support::*;
use grid_client::{address, staking, token};
use grid_staking::{SlashReason, Stake, StakingError};
use grid_tests::{
    assert_event,
    incentives::{SLASH_CAP_BPS, SLASH_EPOCH},
    keypair_for,
    world::TOKENS,
};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn takes_tokens_and_weight_of_a_stake() {
    let (mut i, stake) = staked();
    i.world.network.advance(1_000);
    let (before, now, vault) = (i.stake_of(&stake), i.world.network.time(), vault(&i));
    let (destination, slash) = (i.slash_destination, slash(&i, stake, 100_000));
    let tokens = i.world.tokens_in(&destination);

    let landed = land_changing(&mut i, &[slash], &[stake, vault, destination]);

    // 900,000 × 407 / 365
    let weight = 1_003_561_u64;
    assert_eq!(
        i.stake_of(&stake),
        Stake {
            total_atoms: 900_000.into(),
            weight: weight.into(),
            low_weight: weight.into(),
            decreases: 1.into(),
            slash_epoch_started_at: now.into(),
            slash_allowance_atoms: 150_000.into(),
            ..before
        }
    );
    assert_eq!((i.staking_vault(), i.world.tokens_in(&destination)), (900_000, tokens + 100_000));
    assert_event!(
        landed,
        Slashed {
            stake: stake,
            evidence: [7; 32],
            amount_atoms: 100_000_u64,
            total_after_atoms: 900_000_u64,
            weight_after: weight,
            reason: 1_u8,
        }
    );
}

#[test]
fn takes_tokens_of_a_stake_that_is_unstaking_and_touches_neither_weight_nor_count() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(302_400);
    assert_eq!(take_out(&mut i, stake), 250_000);
    let (before, now, vault) = (i.stake_of(&stake), i.world.network.time(), vault(&i));
    let (destination, slash) = (i.slash_destination, slash(&i, stake, 187_500));
    let tokens = i.world.tokens_in(&destination);
    let landed = land_changing(&mut i, &[slash], &[stake, vault, destination]);
    assert_eq!(
        i.stake_of(&stake),
        Stake {
            total_atoms: 812_500.into(),
            slash_epoch_started_at: now.into(),
            slash_allowance_atoms: 0.into(),
            ..before
        }
    );
    assert_eq!((before.weight, before.decreases), (0.into(), 1.into()));
    assert_eq!((i.staking_vault(), i.world.tokens_in(&destination)), (562_500, tokens + 187_500));
    assert_event!(
        landed,
        Slashed {
            stake: stake,
            evidence: [7; 32],
            amount_atoms: 187_500_u64,
            total_after_atoms: 812_500_u64,
            weight_after: 0_u64,
            reason: 1_u8,
        }
    );
}

#[test]
fn says_why_and_upon_what_evidence() {
    let (mut i, stake) = staked();
    let (slasher, mint, destination) = (i.world.authority.pubkey(), i.world.mint, i.slash_destination);
    for (number, reason) in
        [SlashReason::Other, SlashReason::WrongResult, SlashReason::FalseHardware, SlashReason::BreachOfTrust]
            .into_iter()
            .enumerate()
    {
        let evidence = [number as u8 + 40; 32];
        let slash = staking::slash(slasher, stake, mint, destination, 1, reason, evidence);
        let landed = i.world.land(&[slash]);
        let after = i.stake_of(&stake);
        assert_event!(
            landed,
            Slashed {
                stake: stake,
                evidence: evidence,
                amount_atoms: 1_u64,
                total_after_atoms: after.total_atoms,
                weight_after: after.weight,
                reason: number as u8,
            }
        );
    }
    for byte in [4, 255] {
        let mut slash = slash(&i, stake, 1);
        let place = slash.data.len() - 33;
        assert_eq!(slash.data[place], 1);
        slash.data[place] = byte;
        refuse_with(&mut i, &[slash], InstructionError::InvalidInstructionData);
    }
}

#[test]
fn refuses_nothing() {
    for (mut i, stake) in [staked(), unstaking()] {
        let slash = slash(&i, stake, 0);
        refuse(&mut i, &[slash], StakingError::ZeroAmount);
    }
}

#[test]
fn takes_up_to_the_cap_of_the_epoch() {
    let (mut i, stake) = staked();
    for amount in [250_001, AMOUNT, AMOUNT + 1, u64::MAX] {
        let over = slash(&i, stake, amount);
        refuse(&mut i, &[over], StakingError::SlashCapExceeded);
    }
    i.slash(stake, 249_999);
    let over = slash(&i, stake, 2);
    refuse(&mut i, &[over], StakingError::SlashCapExceeded);
    i.slash(stake, 1);
    let over = slash(&i, stake, 1);
    refuse(&mut i, &[over], StakingError::SlashCapExceeded);
    assert_eq!((i.stake_of(&stake).total_atoms, i.staking_vault()), (750_000.into(), 750_000));
}

#[test]
fn each_in_the_same_transaction_counts_towards_the_cap() {
    let (mut i, stake) = staked();
    let half = slash(&i, stake, 125_000);
    let one = slash(&i, stake, 1);
    refuse(&mut i, &[half.clone(), half.clone(), one], StakingError::SlashCapExceeded);
    i.world.land(&[half.clone(), half]);
    assert_eq!(i.staking_vault(), 750_000);
}

#[test]
fn each_stake_has_a_cap_of_its_own() {
    let (mut i, stake) = staked();
    let client = i.world.client.pubkey();
    let second = i.stake(client, 1, AMOUNT);
    i.slash(stake, 250_000);
    i.slash(second, 250_000);
    assert_eq!(
        (i.stake_of(&stake).total_atoms, i.stake_of(&second).total_atoms),
        (750_000.into(), 750_000.into())
    );
}

#[test]
fn rounds_the_cap_up_so_that_the_smallest_stake_can_be_slashed() {
    let (mut i, _) = staked();
    let client = i.world.client.pubkey();
    i.world.land(&[update(&i, 1, SLASH_EPOCH)]);
    for (id, (amount, most)) in
        [(1, 1), (9_999, 1), (10_000, 1), (10_001, 2), (20_000, 2)].into_iter().enumerate()
    {
        let stake = i.stake(client, id as u64 + 1, amount);
        if amount > most {
            let over = slash(&i, stake, most + 1);
            refuse(&mut i, &[over], StakingError::SlashCapExceeded);
        }
        i.slash(stake, most);
        assert_eq!(i.stake_of(&stake).total_atoms, amount - most);
        let over = slash(&i, stake, 1);
        let error = if amount == most { StakingError::NothingLeft } else { StakingError::SlashCapExceeded };
        refuse(&mut i, &[over], error);
    }
}

#[test]
fn a_cap_of_zero_forbids_it() {
    let (mut i, stake) = staked();
    i.world.land(&[update(&i, 0, SLASH_EPOCH)]);
    let slash = slash(&i, stake, 1);
    refuse(&mut i, &[slash], StakingError::SlashCapExceeded);
}

#[test]
fn refuses_anybody_but_the_slasher() {
    let (mut i, stake) = staked();
    let slash = slash(&i, stake, 1);
    let not = ours(StakingError::NotSlasher);
    let others = [i.world.client.pubkey(), i.world.node.pubkey(), i.world.stranger.pubkey()];
    refuse_swaps(&i, &slash, &others.map(|key| (0, key, not.clone())));
    needs_the_signature(&mut i, &slash);
    let node = i.world.node.pubkey();
    let (authority, mint) = (i.world.authority.pubkey(), i.world.mint);
    i.world.land(&[
        staking::propose_role(authority, &mint, grid_staking::Role::Slasher, node),
        staking::accept_role(node, &mint, grid_staking::Role::Slasher),
    ]);
    refuse(&mut i, &[slash], StakingError::NotSlasher);
}

#[test]
fn refuses_accounts_of_another_mint_and_those_that_are_none() {
    let (mut i, stake) = staked();
    let other = other_mint(&mut i);
    let (authority, client) = (i.world.authority.pubkey(), i.world.client.pubkey());
    let (mint, settings) = (i.world.mint, i.settings);
    let elsewhere = staking::stake_address(&other, &client, 0).0;
    let source = address::token_account(&client, other);
    i.world.land(&[staking::stake(client, source, other, 0, AMOUNT, 1_209_600)]);
    let forged = forge(&mut i, &settings, "forged", grid_jobs::ID);
    let forged_stake = forge(&mut i, &stake, "forged stake", grid_jobs::ID);
    let clock = solana_sdk_ids::sysvar::clock::ID;
    let forged_clock = forge(&mut i, &clock, "forged clock", solana_sdk_ids::sysvar::ID);
    let slash = slash(&i, stake, 1);
    let wrong_mint = ours(StakingError::WrongMint);
    let wrong_vault = ours(StakingError::WrongVault);
    let wrong_destination = ours(StakingError::WrongSlashDestination);
    let (own, vault) = (i.slash_destination, vault(&i));
    refuse_swaps(
        &i,
        &slash,
        &[
            (1, staking::settings_address(&other).0, wrong_mint.clone()),
            (1, forged, InstructionError::IllegalOwner),
            (1, stake, TWICE),
            (2, elsewhere, wrong_mint),
            (2, forged_stake, InstructionError::IllegalOwner),
            (2, settings, TWICE),
            (3, other, OTHER_MINT),
            (4, staking::vault_address(&other).0, wrong_vault.clone()),
            (4, address::vault(&mint).0, wrong_vault),
            (4, own, TWICE),
            (5, address::token_account(&authority, other), wrong_destination.clone()),
            (5, i.tokens_of(&client), wrong_destination.clone()),
            (5, i.tokens_of(&i.world.stranger.pubkey()), wrong_destination),
            (5, vault, TWICE),
            (6, solana_sdk_ids::sysvar::rent::ID, OTHER_ADDRESS),
            (6, forged_clock, OTHER_ADDRESS),
            (7, token::PROGRAM_2022_ID, InstructionError::IncorrectProgramId),
            (7, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn refuses_everything_of_another_mint_together() {
    let (mut i, stake) = staked();
    let other = other_mint(&mut i);
    let authority = i.world.authority.pubkey();
    let destination = address::token_account(&authority, other);
    let slash = staking::slash(authority, stake, other, destination, 1, SlashReason::Other, [0; 32]);
    refuse(&mut i, &[slash], StakingError::WrongMint);
}

#[test]
fn cannot_pay_the_vault_even_if_the_settings_name_it() {
    let (mut i, stake) = staked();
    let vault = vault(&i);
    edit_settings(&mut i, |settings| settings.slash_destination = vault);
    i.slash_destination = vault;
    let slash = slash(&i, stake, 1);
    refuse_with(&mut i, &[slash], TWICE);
}

#[test]
fn refuses_a_stake_that_does_not_exist_any_more() {
    let (mut i, stake) = staked();
    i.world.land(&[update(&i, 10_000, 3_600)]);
    i.slash(stake, AMOUNT);
    next_slot(&mut i);
    i.world.land(&[close(&i, stake)]);
    let slash = slash(&i, stake, 1);
    refuse_with(&mut i, &[slash], InstructionError::AccountDataTooSmall);
}

#[test]
fn a_destination_that_was_closed_stops_slashing_and_nothing_else() {
    let (mut i, stake) = staked();
    let (authority, mint) = (i.world.authority.pubkey(), i.world.mint);
    let gone = keypair_for("nobody").pubkey();
    edit_settings(&mut i, |settings| settings.slash_destination = gone);
    let own = std::mem::replace(&mut i.slash_destination, gone);
    let slash = slash(&i, stake, 1);
    refuse_with(&mut i, &[slash], InstructionError::InvalidAccountData);
    i.world.land(&[unstake(&i, stake)]);
    i.world.network.advance(1_209_600);
    assert_eq!(take_out(&mut i, stake), AMOUNT);
    i.world.land(&[staking::update_settings(authority, &mint, own, SLASH_CAP_BPS, SLASH_EPOCH)]);
    assert_eq!(i.world.tokens(&i.world.client.pubkey()), TOKENS);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    for (i, stake) in [staked(), unstaking()] {
        ignores_donations(&i, slash(&i, stake, 5));
    }
}
