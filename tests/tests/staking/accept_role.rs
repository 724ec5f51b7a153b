//! `accept_role`

use crate::support::*;
use grid_client::staking;
use grid_staking::{Role, Settings, StakingError};
use grid_tests::{Incentives, assert_event, incentives::SLASH_EPOCH, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// Settings whose role is on offer to the node.
fn offered(role: Role) -> Incentives {
    let (mut i, _) = staked();
    let (authority, node) = (i.world.authority.pubkey(), i.world.node.pubkey());
    i.world.land(&[staking::propose_role(authority, &i.world.mint, role, node)]);
    i
}

fn accept(i: &Incentives, role: Role) -> Instruction {
    staking::accept_role(i.world.node.pubkey(), &i.world.mint, role)
}

#[test]
fn hands_the_role_over_and_nothing_else() {
    for role in [Role::Authority, Role::Slasher] {
        let mut i = offered(role);
        let (settings, node, account) = (i.settings(), i.world.node.pubkey(), i.settings);
        let (accept, nobody) = (accept(&i, role), Address::default());
        let landed = land_changing(&mut i, &[accept], &[account]);
        let expected = match role {
            Role::Authority => Settings { authority: node, pending_authority: nobody, ..settings },
            Role::Slasher => Settings { slasher: node, pending_slasher: nobody, ..settings },
        };
        assert_eq!(i.settings(), expected);
        assert_event!(landed, RoleChanged { mint: i.world.mint, holder: node, role: role as u8 });
    }
}

#[test]
fn the_old_holder_keeps_the_role_until_then_and_loses_it_then() {
    let mut i = offered(Role::Authority);
    i.world.land(&[update(&i, 1, SLASH_EPOCH)]);
    i.world.land(&[accept(&i, Role::Authority)]);
    let mut update = update(&i, 2, SLASH_EPOCH);
    refuse(&mut i, from_ref(&update), StakingError::NotAuthority);
    update.accounts[0].pubkey = i.world.node.pubkey();
    i.world.land(&[update]);
    assert_eq!(i.settings().slash_cap_bps, 2);

    let mut i = offered(Role::Slasher);
    let stake = staking::stake_address(&i.world.mint, &i.world.client.pubkey(), 0).0;
    i.slash(stake, 1);
    let mut slash = slash(&i, stake, 1);
    slash.accounts[0].pubkey = i.world.node.pubkey();
    refuse(&mut i, from_ref(&slash), StakingError::NotSlasher);
    i.world.land(&[accept(&i, Role::Slasher)]);
    i.world.land(from_ref(&slash));
    slash.accounts[0].pubkey = i.world.authority.pubkey();
    refuse(&mut i, &[slash], StakingError::NotSlasher);
    assert_eq!(i.stake_of(&stake).total_atoms, AMOUNT - 2);
}

#[test]
fn the_authority_offers_it_to_itself() {
    let mut i = Incentives::without_pool();
    let (settings, authority, mint) = (i.settings(), i.world.authority.pubkey(), i.world.mint);
    for role in [Role::Authority, Role::Slasher] {
        i.world.land(&[
            staking::propose_role(authority, &mint, role, authority),
            staking::accept_role(authority, &mint, role),
        ]);
        assert_eq!(i.settings(), settings);
    }
}

#[test]
fn refuses_everybody_else_and_the_other_role() {
    for (role, other) in [(Role::Authority, Role::Slasher), (Role::Slasher, Role::Authority)] {
        let mut i = offered(role);
        let (accept, wrong) = (accept(&i, role), self::accept(&i, other));
        let not = ours(StakingError::NotOffered);
        let swaps = [i.world.authority.pubkey(), i.world.client.pubkey(), i.world.stranger.pubkey()]
            .map(|key| (0, key, not.clone()));
        refuse_swaps(&i, &accept, &swaps);
        refuse(&mut i, &[wrong], StakingError::NotOffered);
        needs_the_signature(&mut i, &accept);
    }
}

#[test]
fn happens_once() {
    for role in [Role::Authority, Role::Slasher] {
        let mut i = offered(role);
        let accept = accept(&i, role);
        refuse(&mut i, &[accept.clone(), accept.clone()], StakingError::NotOffered);
        i.world.land(from_ref(&accept));
        refuse(&mut i, &[accept], StakingError::NotOffered);
    }
}

#[test]
fn refuses_the_settings_of_another_mint() {
    let mut i = offered(Role::Slasher);
    let other = other_mint(&mut i);
    let accept = staking::accept_role(i.world.node.pubkey(), &other, Role::Slasher);
    refuse(&mut i, &[accept], StakingError::NotOffered);
}

#[test]
fn refuses_a_role_that_there_is_not_and_settings_that_are_none() {
    let mut i = offered(Role::Slasher);
    let settings = i.settings;
    let forged = forge(&mut i, &settings, "forged", grid_jobs::ID);
    let accept = accept(&i, Role::Slasher);
    let stake = staking::stake_address(&i.world.mint, &i.world.client.pubkey(), 0).0;
    refuse_swaps(
        &i,
        &accept,
        &[
            (1, forged, InstructionError::IllegalOwner),
            (1, stake, InstructionError::AccountDataTooSmall),
            (1, keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
        ],
    );
    for byte in [2, 255] {
        let mut accept = accept.clone();
        *accept.data.last_mut().unwrap() = byte;
        refuse_with(&mut i, &[accept], InstructionError::InvalidInstructionData);
    }
}
