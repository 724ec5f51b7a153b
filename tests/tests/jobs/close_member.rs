//! `close_member`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Project};
use grid_tests::{World, assert_event, assert_ledger};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// A world whose project has the stranger and the node as members.
fn with_members() -> World {
    let mut world = World::new();
    let (client, project) = (world.client.pubkey(), world.project);
    for key in [world.stranger.pubkey(), world.node.pubkey()] {
        world.land(&[instruction::set_member(client, project, key, 1_000, 60)]);
    }
    world
}

/// Ends the stranger's membership.
fn close(world: &World, signer: Address) -> Instruction {
    instruction::close_member(signer, world.client.pubkey(), world.project, world.stranger.pubkey())
}

#[test]
fn gives_the_rent_to_the_owner_whoever_of_the_two_signs() {
    let world = with_members();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    for signer in [client, stranger] {
        let mut world = world.clone();
        let (project, vault) = (world.project(), world.vault_tokens());
        let lamports = (world.lamports(&client), world.lamports(&stranger));

        let landed = world.land(&[close(&world, signer)]);

        assert!(!world.exists(&address::member(&world.project, &stranger).0));
        assert_eq!(world.lamports(&client), lamports.0 + world.rent(136));
        assert_eq!(world.lamports(&stranger), lamports.1);
        assert_eq!(world.project(), Project { members: 1.into(), ..project });
        assert_eq!(world.vault_tokens(), vault);
        assert_event!(landed, MemberClosed { project: world.project, key: stranger });
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_anybody_else() {
    let mut world = with_members();
    for other in [world.node.pubkey(), world.authority.pubkey()] {
        world.refuse(&[close(&world, other)], GridError::NotMember);
    }
}

#[test]
fn refuses_to_pay_the_rent_to_another() {
    let mut world = with_members();
    let stranger = world.stranger.pubkey();
    let mut close = close(&world, stranger);
    close.accounts[1].pubkey = stranger;
    world.refuse(&[close], GridError::NotProjectOwner);
}

#[test]
fn refuses_a_member_of_another_project() {
    let mut world = with_members();
    let (stranger, node) = (world.stranger.pubkey(), world.node.pubkey());
    let other = world.open_strangers_project();
    world.land(&[instruction::set_member(stranger, other, node, 1, 1)]);
    let mut close = instruction::close_member(stranger, stranger, other, node);
    close.accounts[3].pubkey = address::member(&world.project, &node).0;
    world.refuse(&[close], GridError::WrongProject);
}

#[test]
fn refuses_a_count_below_zero() {
    let mut world = with_members();
    world.edit::<Project>(world.project, |p| p.members = 0.into());
    world.refuse(&[close(&world, world.client.pubkey())], GridError::Overflow);
}

#[test]
fn happens_once() {
    let mut world = with_members();
    let close = close(&world, world.client.pubkey());
    world.refuse_with(&[close.clone(), close.clone()], InstructionError::AccountDataTooSmall);
    world.land(from_ref(&close));
    world.refuse_with(&[close], InstructionError::AccountDataTooSmall);
    assert_eq!(world.project().members, 1);
}

#[test]
fn who_is_appointed_anew_begins_anew() {
    let mut world = with_members();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let fresh = world.member(&stranger);
    let set = instruction::set_member(client, world.project, stranger, 1_000, 60);
    world.edit::<grid_jobs::Member>(address::member(&world.project, &stranger).0, |m| {
        m.spent_atoms = 900.into();
        m.period_started_at = 7.into();
    });
    let mut next = world.clone();
    world.land(&[close(&world, stranger), set.clone()]);
    assert_eq!(world.member(&stranger), fresh, "in the same transaction");
    next.land(&[close(&next, stranger)]);
    next.land(&[set]);
    assert_eq!(next.member(&stranger), fresh, "in the next one");
    assert_ledger(&world, 0);
    assert_ledger(&next, 0);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = with_members();
    world.assert_ignores_donations(&[close(&world, world.client.pubkey())]);
}
