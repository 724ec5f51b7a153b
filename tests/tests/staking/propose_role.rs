//! `propose_role`

use crate::support::*;
use grid_client::staking;
use grid_staking::{Role, Settings, StakingError};
use grid_tests::{Incentives, assert_event, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

fn propose(i: &Incentives, role: Role, to: Address) -> Instruction {
    staking::propose_role(i.world.authority.pubkey(), &i.world.mint, role, to)
}

#[test]
fn writes_the_offer_and_nothing_else() {
    for role in [Role::Authority, Role::Slasher] {
        let mut i = Incentives::without_pool();
        let (settings, node, account) = (i.settings(), i.world.node.pubkey(), i.settings);
        let propose = propose(&i, role, node);
        let landed = land_changing(&mut i, &[propose], &[account]);
        let expected = match role {
            Role::Authority => Settings { pending_authority: node, ..settings },
            Role::Slasher => Settings { pending_slasher: node, ..settings },
        };
        assert_eq!(i.settings(), expected);
        assert_event!(landed, RoleProposed { mint: i.world.mint, to: node, role: role as u8 });
    }
}

#[test]
fn the_last_offer_counts_and_the_zero_address_takes_it_back() {
    for role in [Role::Authority, Role::Slasher] {
        let mut i = Incentives::without_pool();
        let (mint, node, client) = (i.world.mint, i.world.node.pubkey(), i.world.client.pubkey());
        let settings = i.settings();
        i.world.land(&[propose(&i, role, node)]);
        i.world.land(&[propose(&i, role, client)]);
        refuse(&mut i, &[staking::accept_role(node, &mint, role)], StakingError::NotOffered);
        i.world.land(&[propose(&i, role, Address::default())]);
        assert_eq!(i.settings(), settings);
        refuse(&mut i, &[staking::accept_role(client, &mint, role)], StakingError::NotOffered);
    }
}

#[test]
fn both_roles_may_be_on_offer() {
    let mut i = Incentives::without_pool();
    let (node, client) = (i.world.node.pubkey(), i.world.client.pubkey());
    i.world.land(&[propose(&i, Role::Authority, node), propose(&i, Role::Slasher, client)]);
    assert_eq!((i.settings().pending_authority, i.settings().pending_slasher), (node, client));
}

#[test]
fn refuses_anybody_but_the_authority() {
    let mut i = Incentives::without_pool();
    let (mint, node, stranger) = (i.world.mint, i.world.node.pubkey(), i.world.stranger.pubkey());
    i.world.land(&[
        propose(&i, Role::Slasher, node),
        staking::accept_role(node, &mint, Role::Slasher),
        propose(&i, Role::Authority, stranger),
    ]);
    for role in [Role::Authority, Role::Slasher] {
        let propose = propose(&i, role, stranger);
        let not = ours(StakingError::NotAuthority);
        let swaps = [node, stranger, i.world.client.pubkey()].map(|key| (0, key, not.clone()));
        refuse_swaps(&i, &propose, &swaps);
        needs_the_signature(&mut i, &propose);
    }
}

#[test]
fn refuses_a_role_that_there_is_not() {
    let mut i = Incentives::without_pool();
    for byte in [2, 255] {
        let mut propose = propose(&i, Role::Authority, i.world.node.pubkey());
        let place = propose.data.len() - 33;
        propose.data[place] = byte;
        refuse_with(&mut i, &[propose], InstructionError::InvalidInstructionData);
    }
}

#[test]
fn refuses_settings_that_are_none() {
    let (mut i, stake) = staked();
    let settings = i.settings;
    let forged = forge(&mut i, &settings, "forged", grid_jobs::ID);
    let propose = propose(&i, Role::Slasher, i.world.node.pubkey());
    refuse_swaps(
        &i,
        &propose,
        &[
            (1, forged, InstructionError::IllegalOwner),
            (1, stake, InstructionError::AccountDataTooSmall),
            (1, keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
        ],
    );
}
