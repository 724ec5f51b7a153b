//! `set_member`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Member, Project};
use grid_tests::{World, assert_event, assert_ledger, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// The longest period: 366 days, seconds.
const LONGEST: u32 = 31_622_400;

/// The client makes the stranger a member of its project.
fn set(world: &World, limit_atoms: u64, period_seconds: u32) -> Instruction {
    let stranger = world.stranger.pubkey();
    instruction::set_member(world.client.pubkey(), world.project, stranger, limit_atoms, period_seconds)
}

#[test]
fn appoints_a_member() {
    let mut world = World::new();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let (member, bump) = address::member(&world.project, &stranger);
    let (project, vault, lamports) = (world.project(), world.vault_tokens(), world.lamports(&client));

    let landed = world.land(&[set(&world, 1_000, 60)]);

    let account = world.raw(&member);
    assert_eq!((account.owner, account.data.len()), (grid_jobs::ID, 136));
    assert_eq!(account.lamports, world.rent(136));
    assert_eq!(world.lamports(&client), lamports - world.rent(136));
    assert_eq!(
        world.member(&stranger),
        Member {
            version: 1,
            bump,
            padding: [0; 2],
            period_seconds: 60.into(),
            project: world.project,
            key: stranger,
            limit_atoms: 1_000.into(),
            spent_atoms: 0.into(),
            period_started_at: 0.into(),
            reserved: [0; 32],
        }
    );
    assert_eq!(world.project(), Project { members: 1.into(), ..project });
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(
        landed,
        MemberSet { project: world.project, key: stranger, limit_atoms: 1_000, period_seconds: 60 }
    );
    assert_ledger(&world, 0);
}

#[test]
fn changes_the_limit_and_forgives_nothing() {
    let mut world = World::new();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[set(&world, 1_000, 60)]);
    let member = address::member(&world.project, &stranger).0;
    world.edit::<Member>(member, |m| {
        m.spent_atoms = 900.into();
        m.period_started_at = 7.into();
    });
    let (before, project, lamports) = (world.member(&stranger), world.project(), world.lamports(&client));

    let landed = world.land(&[set(&world, 5, 61)]);

    assert_eq!(
        world.member(&stranger),
        Member { limit_atoms: 5.into(), period_seconds: 61.into(), ..before }
    );
    assert_eq!((world.project(), world.lamports(&client)), (project, lamports));
    assert_event!(
        landed,
        MemberSet { project: world.project, key: stranger, limit_atoms: 5, period_seconds: 61 }
    );
    assert_ledger(&world, 0);
}

#[test]
fn takes_any_limit() {
    let world = World::new();
    for limit in [0, 1, u64::MAX] {
        let mut world = world.clone();
        world.land(&[set(&world, limit, 60)]);
        assert_eq!(world.member(&world.stranger.pubkey()).limit_atoms, limit);
    }
}

#[test]
fn refuses_a_period_out_of_range() {
    let mut world = World::new();
    for appointed in [false, true] {
        for period in [0, LONGEST + 1, u32::MAX] {
            world.refuse(&[set(&world, 1, period)], GridError::MemberPeriodOutOfRange);
        }
        for period in [1, LONGEST - 1, LONGEST] {
            world.clone().land(&[set(&world, 1, period)]);
        }
        if !appointed {
            world.land(&[set(&world, 1, 1)]);
        }
    }
}

#[test]
fn a_project_has_any_number_of_members_and_a_key_any_number_of_projects() {
    let mut world = World::new();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let other = world.open_strangers_project();
    world.land(&[
        set(&world, 1, 1),
        instruction::set_member(client, world.project, world.node.pubkey(), 2, 2),
        instruction::set_member(client, world.project, client, 3, 3),
        instruction::set_member(stranger, other, world.node.pubkey(), 4, 4),
    ]);
    assert_eq!((world.project().members, world.project_at(&other).members), (3.into(), 1.into()));
    assert_ledger(&world, 0);
}

#[test]
fn counts_a_member_once() {
    let mut world = World::new();
    world.land(&[set(&world, 1, 1), set(&world, 2, 2)]);
    world.land(&[set(&world, 3, 3)]);
    assert_eq!(world.project().members, 1);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_the_zero_address() {
    let mut world = World::new();
    let set = instruction::set_member(world.client.pubkey(), world.project, Address::default(), 1, 1);
    world.refuse(&[set], GridError::ZeroAddress);
}

#[test]
fn refuses_who_is_not_the_owner() {
    let mut world = World::new();
    let stranger = world.stranger.pubkey();
    let raise = instruction::set_member(stranger, world.project, stranger, u64::MAX, 1);
    world.refuse(from_ref(&raise), GridError::NotProjectOwner);
    world.land(&[set(&world, 1, 1)]);
    world.refuse(&[raise], GridError::NotProjectOwner);
    let appoint = instruction::set_member(stranger, world.project, world.node.pubkey(), 1, 1);
    world.refuse(&[appoint], GridError::NotProjectOwner);
}

#[test]
fn refuses_an_address_that_is_not_the_members() {
    let mut world = World::new();
    let (client, node, stranger) = (world.client.pubkey(), world.node.pubkey(), world.stranger.pubkey());
    let other = world.open_strangers_project();
    world.land(&[instruction::set_member(client, world.project, node, 1, 1)]);
    for address in [
        address::member(&world.project, &node).0,
        address::member(&world.project, &client).0,
        address::member(&other, &stranger).0,
        keypair_for("nobody").pubkey(),
    ] {
        let mut set = set(&world, 1, 1);
        set.accounts[2].pubkey = address;
        world.refuse_with(&[set], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_a_count_that_does_not_fit() {
    let mut world = World::new();
    world.edit::<Project>(world.project, |p| p.members = u32::MAX.into());
    world.refuse(&[set(&world, 1, 1)], GridError::Overflow);
    world.edit::<Project>(world.project, |p| p.members = (u32::MAX - 1).into());
    world.land(&[set(&world, 1, 1)]);
    assert_eq!(world.project().members, u32::MAX);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[set(&world, 1, 1)]);
}
