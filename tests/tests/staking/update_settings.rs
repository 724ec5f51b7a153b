//! `update_settings`

use crate::support::*;
use grid_client::{address, staking};
use grid_staking::{Role, Settings, StakingError};
use grid_tests::{
    Incentives, assert_event,
    incentives::{SLASH_CAP_BPS, SLASH_EPOCH},
    keypair_for,
};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn sets_cap_epoch_and_destination_and_nothing_else() {
    let (mut i, _) = staked();
    let (authority, mint, settings) = (i.world.authority.pubkey(), i.world.mint, i.settings());
    let tokens = i.tokens_of(&i.world.node.pubkey());

    let update = staking::update_settings(authority, &mint, tokens, 77, 5_000);
    let account = i.settings;
    let landed = land_changing(&mut i, &[update], &[account]);

    assert_eq!(
        i.settings(),
        Settings {
            slash_cap_bps: 77.into(),
            slash_epoch_seconds: 5_000.into(),
            slash_destination: tokens,
            ..settings
        }
    );
    assert_event!(
        landed,
        SettingsUpdated {
            mint: mint,
            slash_destination: tokens,
            slash_epoch_seconds: 5_000,
            slash_cap_bps: 77,
        }
    );
}

#[test]
fn takes_caps_and_epochs_up_to_their_bounds() {
    let mut i = Incentives::without_pool();
    for (cap_bps, epoch) in [(0, 3_600), (1, 3_601), (9_999, 2_591_999), (10_000, 2_592_000)] {
        i.world.land(&[update(&i, cap_bps, epoch)]);
        assert_eq!(
            (i.settings().slash_cap_bps.get(), i.settings().slash_epoch_seconds.get()),
            (cap_bps, epoch)
        );
    }
}

#[test]
fn refuses_caps_and_epochs_beyond_them() {
    let mut i = Incentives::without_pool();
    for cap_bps in [10_001, u16::MAX] {
        let update = update(&i, cap_bps, SLASH_EPOCH);
        refuse(&mut i, &[update], StakingError::SlashCapOutOfRange);
    }
    for epoch in [0, 1, 3_599, 2_592_001, u32::MAX] {
        let update = update(&i, SLASH_CAP_BPS, epoch);
        refuse(&mut i, &[update], StakingError::SlashEpochOutOfRange);
    }
}

#[test]
fn refuses_anybody_but_the_authority() {
    let mut i = Incentives::without_pool();
    let (authority, mint, node) = (i.world.authority.pubkey(), i.world.mint, i.world.node.pubkey());
    i.world.land(&[
        staking::propose_role(authority, &mint, Role::Slasher, node),
        staking::accept_role(node, &mint, Role::Slasher),
        staking::propose_role(authority, &mint, Role::Authority, i.world.client.pubkey()),
    ]);
    let update = update(&i, 1, SLASH_EPOCH);
    let not = ours(StakingError::NotAuthority);
    let swaps = [node, i.world.client.pubkey(), i.world.stranger.pubkey()].map(|key| (0, key, not.clone()));
    refuse_swaps(&i, &update, &swaps);
    needs_the_signature(&mut i, &update);
}

#[test]
fn the_authority_of_one_mint_is_none_of_another() {
    let mut i = Incentives::without_pool();
    let other = other_mint(&mut i);
    let (authority, client) = (i.world.authority.pubkey(), i.world.client.pubkey());
    i.world.land(&[
        staking::propose_role(authority, &other, Role::Authority, client),
        staking::accept_role(client, &other, Role::Authority),
    ]);
    let mut update = update(&i, 1, SLASH_EPOCH);
    update.accounts[0].pubkey = client;
    refuse(&mut i, &[update], StakingError::NotAuthority);
    let tokens = address::token_account(&client, other);
    i.world.land(&[staking::update_settings(client, &other, tokens, 1, SLASH_EPOCH)]);
    assert_eq!(i.settings().slash_cap_bps, SLASH_CAP_BPS);
}

#[test]
fn refuses_a_destination_that_is_no_token_account_of_the_mint() {
    let (mut i, stake) = staked();
    let (other, stranger) = (other_mint(&mut i), i.world.stranger.pubkey());
    let (mint, vault) = (i.world.mint, vault(&i));
    let forged = forge(&mut i, &address::token_account(&stranger, mint), "forged", grid_jobs::ID);
    let update = update(&i, SLASH_CAP_BPS, SLASH_EPOCH);
    let wrong = ours(StakingError::WrongSlashDestination);
    refuse_swaps(
        &i,
        &update,
        &[
            (2, vault, wrong.clone()),
            (2, address::token_account(&stranger, other), wrong.clone()),
            (2, staking::vault_address(&other).0, wrong),
            (2, mint, InstructionError::InvalidAccountData),
            (2, stake, InstructionError::IllegalOwner),
            (2, stranger, InstructionError::IllegalOwner),
            (2, forged, InstructionError::IllegalOwner),
            (2, keypair_for("nobody").pubkey(), InstructionError::IllegalOwner),
        ],
    );
}

#[test]
fn refuses_settings_that_are_none() {
    let (mut i, stake) = staked();
    let settings = i.settings;
    let forged = forge(&mut i, &settings, "forged", grid_jobs::ID);
    let update = update(&i, SLASH_CAP_BPS, SLASH_EPOCH);
    refuse_swaps(
        &i,
        &update,
        &[
            (1, forged, InstructionError::IllegalOwner),
            (1, stake, InstructionError::AccountDataTooSmall),
            (1, keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
        ],
    );
}

#[test]
fn a_running_epoch_keeps_its_allowance_and_the_next_has_the_new_one() {
    let (mut i, stake) = staked();
    i.slash(stake, 100_000);
    i.world.land(&[update(&i, 10_000, SLASH_EPOCH)]);
    let over = slash(&i, stake, 150_001);
    refuse(&mut i, &[over], StakingError::SlashCapExceeded);
    i.slash(stake, 150_000);
    i.world.network.advance(i64::from(SLASH_EPOCH));
    i.slash(stake, 750_000);
    assert_eq!(i.stake_of(&stake).total_atoms, 0);
}

#[test]
fn a_running_epoch_ends_by_the_new_length() {
    for (epoch, later) in [(3_600, 3_600), (172_800, 172_800)] {
        let (mut i, stake) = staked();
        i.slash(stake, 250_000);
        i.world.land(&[update(&i, SLASH_CAP_BPS, epoch)]);
        i.world.network.advance(later - 1);
        let early = slash(&i, stake, 1);
        refuse(&mut i, &[early], StakingError::SlashCapExceeded);
        i.world.network.advance(1);
        i.slash(stake, 187_500);
        assert_eq!(i.stake_of(&stake).total_atoms, 562_500);
    }
}

#[test]
fn the_next_slash_goes_to_the_new_destination() {
    let (mut i, stake) = staked();
    let old = slash(&i, stake, 10);
    let node = i.world.node.pubkey();
    let tokens = i.tokens_of(&node);
    let authority = i.world.authority.pubkey();
    let update = staking::update_settings(authority, &i.world.mint, tokens, SLASH_CAP_BPS, SLASH_EPOCH);
    i.world.land(&[update]);
    refuse(&mut i, &[old], StakingError::WrongSlashDestination);
    let before = i.world.tokens(&node);
    i.slash_destination = tokens;
    i.slash(stake, 10);
    assert_eq!(i.world.tokens(&node), before + 10);
}

#[test]
fn twice_the_same_changes_nothing() {
    let mut i = Incentives::without_pool();
    let update = update(&i, 1, 3_600);
    i.world.land(std::slice::from_ref(&update));
    land_changing(&mut i, &[update], &[]);
}
