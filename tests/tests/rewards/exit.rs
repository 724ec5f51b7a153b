//! `exit`

use crate::support::*;
use grid_client::{rewards, staking};
use grid_rewards::{Pool, Position, RewardsError};
use grid_tests::{Incentives, assert_event, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

/// Active weights of 1,024 of the client and 3,072 of the node.
fn ready() -> (Incentives, Address, Address) {
    let mut i = incentives();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, 256), enter(&mut i, node, 0, 768));
    wait(&mut i, DAY);
    sync(&mut i, &ours);
    sync(&mut i, &theirs);
    (i, ours, theirs)
}

/// The owner of a position exits.
fn exit(i: &Incentives, stake: Address) -> Instruction {
    rewards::exit(i.position(&stake).owner, stake, i.pool)
}

#[test]
fn closes_the_position_and_returns_its_rent() {
    let (mut i, ours, theirs) = ready();
    let client = i.world.client.pubkey();
    let (pool, other, stake) = (i.pool(), i.position(&theirs), i.stake_of(&ours));
    let (lamports, tokens, position) =
        (i.world.lamports(&client), i.world.tokens(&client), position_of(&i, &ours));

    let landed = i.world.land(&[exit(&i, ours)]);

    assert!(!i.world.exists(&position));
    assert_eq!(i.pool(), Pool { total_weight: 3_072.into(), ..pool });
    assert_eq!((i.position(&theirs), i.stake_of(&ours)), (other, stake));
    assert_eq!(i.world.lamports(&client), lamports + i.world.rent(Position::SPACE));
    assert_eq!(i.world.tokens(&client), tokens);
    assert_event!(landed, PositionClosed { position: position });
    assert_books(&i, 0);
}

#[test]
fn the_rest_shares_what_comes_after() {
    let (mut i, ours, theirs) = ready();
    i.world.land(&[exit(&i, ours)]);
    i.add(3_072);
    assert_eq!(i.claim(theirs), 3_072);
    assert_books(&i, 0);
}

#[test]
fn refuses_while_earnings_are_left() {
    let (mut i, ours, _) = ready();
    i.add(4_096);
    i.world.refuse(&[exit(&i, ours)], RewardsError::EarningsLeft);
    sync(&mut i, &ours);
    i.world.refuse(&[exit(&i, ours)], RewardsError::EarningsLeft);
    let out = [claim(&i, ours), exit(&i, ours)];
    i.world.land(&out);
    assert_eq!(books(&i), (0, 3_072, 0));
    assert_books(&i, 0);
}

#[test]
fn a_single_atom_keeps_the_position_open() {
    let (mut i, ours, _) = ready();
    i.add(3);
    let mut without = i.clone();
    without.world.land(&[exit(&i, ours)]);
    assert_books(&without, 0);
    i.add(1);
    i.world.refuse(&[exit(&i, ours)], RewardsError::EarningsLeft);
}

#[test]
fn weight_that_is_pending_goes_as_well() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = enter(&mut i, client, 0, 256);
    let pool = i.pool();
    for seconds in [0, DAY - 1, DAY] {
        let mut i = i.clone();
        wait(&mut i, seconds);
        i.world.land(&[exit(&i, stake)]);
        assert_eq!(i.pool(), pool);
    }
}

#[test]
fn what_arrived_for_nobody_keeps_waiting() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = enter(&mut i, client, 0, 256);
    i.add(1_000);
    i.world.land(&[exit(&i, stake)]);
    assert_eq!(books(&i), (1_000, 0, 0));
    assert_books(&i, 0);
}

#[test]
fn leaving_at_the_first_look_after_a_day_leaves_what_waits_behind() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = enter(&mut i, client, 0, 256);
    i.add(1_000);
    wait(&mut i, DAY);
    i.world.land(&[exit(&i, stake)]);
    assert_eq!((books(&i), i.pool().total_weight.get()), ((1_000, 0, 0), 0));
    let stake = active(&mut i, client, 1, 256);
    assert_eq!(i.claim(stake), 1_000);
    assert_books(&i, 0);
}

#[test]
fn forfeits_what_the_stake_did_not_hold_weight_for() {
    let (mut i, ours, theirs) = ready();
    let client = i.world.client.pubkey();
    i.add(4_096);
    i.world.land(&[staking::unstake(client, ours), rewards::exit(client, ours, i.pool)]);
    assert_eq!(books(&i), (0, 4_096, 0));
    assert_eq!(i.claim(theirs), 4_095);
    assert_eq!(books(&i), (0, 1, 0));
    assert_books(&i, 0);
}

#[test]
fn works_after_the_stake_is_closed() {
    let (mut i, ours, theirs) = ready();
    let client = i.world.client.pubkey();
    close(&mut i, client, ours);
    let lamports = i.world.lamports(&client);
    i.world.land(&[exit(&i, ours)]);
    assert_eq!(i.world.lamports(&client), lamports + i.world.rent(Position::SPACE));
    assert_eq!(i.pool().total_weight, 3_072);
    i.add(3_072);
    assert_eq!(i.claim(theirs), 3_072);
    assert_books(&i, 0);
}

#[test]
fn happens_once() {
    let (mut i, ours, _) = ready();
    let exit = exit(&i, ours);
    i.world.refuse_with(&[exit.clone(), exit.clone()], InstructionError::AccountDataTooSmall);
    i.world.land(std::slice::from_ref(&exit));
    i.world.refuse_with(&[exit], InstructionError::AccountDataTooSmall);
}

#[test]
fn refuses_a_stranger() {
    let (mut i, ours, _) = ready();
    for key in [i.world.stranger.pubkey(), i.world.node.pubkey(), i.world.authority.pubkey()] {
        let mut exit = exit(&i, ours);
        exit.accounts[0].pubkey = key;
        i.world.refuse(&[exit], RewardsError::NotPositionOwner);
    }
}

#[test]
fn refuses_without_the_owners_signature() {
    let (mut i, ours, _) = ready();
    let mut exit = exit(&i, ours);
    exit.accounts[0].is_signer = false;
    i.world.refuse_with(&[exit], InstructionError::MissingRequiredSignature);
}

#[test]
fn refuses_another_pool() {
    let (mut i, ours, _) = ready();
    let side = side(&mut i);
    let mut exit = exit(&i, ours);
    exit.accounts[1].pubkey = side.pool;
    i.world.refuse(&[exit], RewardsError::WrongPool);
}

#[test]
fn refuses_another_stake() {
    let (mut i, ours, theirs) = ready();
    for fake in [theirs, keypair_for("nobody").pubkey(), i.settings] {
        let mut exit = exit(&i, ours);
        exit.accounts[3].pubkey = fake;
        i.world.refuse(&[exit], RewardsError::WrongStake);
    }
}

#[test]
fn refuses_a_clock_that_is_none() {
    let (mut i, ours, _) = ready();
    let mut exit = exit(&i, ours);
    exit.accounts[4].pubkey = keypair_for("nobody").pubkey();
    // ConstraintAddress of Anchor.
    i.world.refuse_with(&[exit], InstructionError::Custom(2012));
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (mut i, ours, theirs) = ready();
    donate(&mut i, 3);
    let out = [exit(&i, ours), exit(&i, theirs)];
    i.world.land(&out);
    assert_eq!((books(&i), i.rewards_vault()), ((0, 0, 0), 3));
}
