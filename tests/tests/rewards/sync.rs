//! `sync`

use crate::support::*;
use grid_client::{rewards, staking};
use grid_rewards::{Pool, Position, RewardsError};
use grid_tests::{Incentives, assert_event, keypair_for};
use solana_address::Address;
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

/// Active weights of 1,024 of the client and 3,072 of the node, and 4,096 atoms shared out among them.
fn ready() -> (Incentives, Address, Address) {
    let mut i = incentives();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, 256), enter(&mut i, node, 0, 768));
    wait(&mut i, DAY);
    sync(&mut i, &ours);
    sync(&mut i, &theirs);
    i.add(4_096);
    (i, ours, theirs)
}

#[test]
fn activates_weight_and_shares_out_what_waits() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = enter(&mut i, client, 0, 256);
    i.add(1_024);
    wait(&mut i, DAY);
    let (pool, position, stake_before) = (i.pool(), i.position(&stake), i.stake_of(&stake));

    let landed = sync(&mut i, &stake);

    assert_eq!(
        i.pool(),
        Pool {
            index: (1_u128 << 64).into(),
            total_weight: 1_024.into(),
            waiting_atoms: 0.into(),
            shared_atoms: 1_024.into(),
            ..pool
        }
    );
    assert_eq!(
        i.position(&stake),
        Position { active_weight: 1_024.into(), pending_weight: 0.into(), ..position }
    );
    assert_eq!(i.stake_of(&stake), stake_before);
    assert_event!(
        landed,
        PositionSynced {
            position: position_of(&i, &stake),
            active_weight: 1_024,
            pending_weight: 0,
            earned_after_atoms: 0,
        }
    );
    assert_books(&i, 0);
}

#[test]
fn credits_what_the_position_has_earned() {
    let (mut i, ours, theirs) = ready();
    let (pool, position, other) = (i.pool(), i.position(&ours), i.position(&theirs));
    let (vault, tokens) = (i.rewards_vault(), i.world.tokens(&i.world.client.pubkey()));

    let landed = sync(&mut i, &ours);

    assert_eq!(i.pool(), Pool { shared_atoms: 3_072.into(), earned_atoms: 1_024.into(), ..pool });
    assert_eq!(i.position(&ours), Position { index: pool.index, earned_atoms: 1_024.into(), ..position });
    assert_eq!(i.position(&theirs), other);
    assert_eq!((i.rewards_vault(), i.world.tokens(&i.world.client.pubkey())), (vault, tokens));
    assert_event!(
        landed,
        PositionSynced {
            position: position_of(&i, &ours),
            active_weight: 1_024,
            pending_weight: 0,
            earned_after_atoms: 1_024,
        }
    );
    sync(&mut i, &theirs);
    assert_eq!((earned(&i, &theirs), books(&i)), (3_072, (0, 0, 4_096)));
    assert_books(&i, 0);
}

#[test]
fn doing_it_again_changes_nothing() {
    let (mut i, ours, theirs) = ready();
    sync(&mut i, &ours);
    let (pool, position) = (i.pool(), i.position(&ours));
    for _ in 0..5 {
        wait(&mut i, 1);
        sync(&mut i, &ours);
    }
    let twice = [rewards::sync(ours, i.pool), rewards::sync(ours, i.pool)];
    i.world.land(&twice);
    assert_eq!((i.pool(), i.position(&ours)), (pool, position));
    sync(&mut i, &theirs);
    assert_eq!(earned(&i, &theirs), 3_072);
}

#[test]
fn needs_no_signature_and_no_token_account() {
    let (i, ours, _) = ready();
    let sync = rewards::sync(ours, i.pool);
    assert!(sync.accounts.iter().all(|meta| !meta.is_signer));
    let mut i = i;
    let before = i.world.lamports(&i.world.client.pubkey());
    i.world.run(&[sync], &[]);
    assert_eq!((earned(&i, &ours), i.world.lamports(&i.world.client.pubkey())), (1_024, before));
}

#[test]
fn rounds_what_is_credited_down() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stakes: Vec<Address> = (0..3).map(|id| enter(&mut i, client, id, 1)).collect();
    wait(&mut i, DAY);
    stakes.iter().for_each(|stake| drop(sync(&mut i, stake)));
    i.add(10);
    stakes.iter().for_each(|stake| drop(sync(&mut i, stake)));
    for stake in &stakes {
        assert_eq!(earned(&i, stake), 3);
    }
    assert_eq!(books(&i), (0, 1, 9));
    assert_books(&i, 0);
}

#[test]
fn refuses_another_pool() {
    let (mut i, ours, _) = ready();
    let side = side(&mut i);
    let mut sync = rewards::sync(ours, i.pool);
    sync.accounts[0].pubkey = side.pool;
    i.world.refuse(&[sync], RewardsError::WrongPool);
}

#[test]
fn refuses_another_stake() {
    let (mut i, ours, theirs) = ready();
    for fake in [theirs, keypair_for("nobody").pubkey(), i.settings] {
        let mut sync = rewards::sync(ours, i.pool);
        sync.accounts[2].pubkey = fake;
        i.world.refuse(&[sync], RewardsError::WrongStake);
    }
}

#[test]
fn refuses_an_account_that_is_no_position() {
    let (mut i, ours, _) = ready();
    let without = i.stake(i.world.client.pubkey(), 9, 100);
    for (fake, error) in [
        // ConstraintDuplicateMutableAccount of Anchor.
        (ours, InstructionError::Custom(2040)),
        (position_of(&i, &without), InstructionError::AccountDataTooSmall),
        (keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
    ] {
        let mut sync = rewards::sync(ours, i.pool);
        sync.accounts[1].pubkey = fake;
        i.world.refuse_with(&[sync], error);
    }
    let side = side(&mut i);
    let mut sync = rewards::sync(ours, i.pool);
    sync.accounts[1].pubkey = side.pool;
    i.world.refuse_with(&[sync], InstructionError::AccountDataTooSmall);
}

#[test]
fn refuses_an_account_that_is_no_pool() {
    let (mut i, ours, theirs) = ready();
    for (fake, error) in [
        (position_of(&i, &theirs), InstructionError::InvalidAccountData),
        // ConstraintDuplicateMutableAccount of Anchor.
        (ours, InstructionError::Custom(2040)),
        (keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
    ] {
        let mut sync = rewards::sync(ours, i.pool);
        sync.accounts[0].pubkey = fake;
        i.world.refuse_with(&[sync], error);
    }
}

#[test]
fn refuses_a_clock_that_is_none() {
    let (mut i, ours, _) = ready();
    for fake in [keypair_for("nobody").pubkey(), i.settings, solana_sdk_ids::sysvar::rent::ID] {
        let mut sync = rewards::sync(ours, i.pool);
        sync.accounts[3].pubkey = fake;
        // ConstraintAddress of Anchor.
        i.world.refuse_with(&[sync], InstructionError::Custom(2012));
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (mut i, ours, theirs) = ready();
    donate(&mut i, 1_000);
    sync(&mut i, &ours);
    sync(&mut i, &theirs);
    assert_eq!(books(&i), (0, 0, 4_096));
    assert_books(&i, 1_000);
}

#[test]
fn works_while_the_stake_is_released_and_after_it_is_closed() {
    let (mut i, ours, theirs) = ready();
    let client = i.world.client.pubkey();
    sync(&mut i, &ours);
    i.world.land(&[staking::unstake(client, ours)]);
    sync(&mut i, &ours);
    assert_eq!((weights(&i, &ours), i.pool().total_weight.get()), ((0, 0), 3_072));
    wait(&mut i, YEAR.into());
    next_slot(&mut i);
    let (mint, tokens) = (i.world.mint, i.tokens_of(&client));
    i.world.land(&[staking::withdraw(client, ours, mint, tokens), staking::close(client, ours)]);
    i.add(3_072);
    sync(&mut i, &ours);
    assert_eq!(earned(&i, &ours), 1_024);
    let position = i.position(&ours);
    assert_eq!((position.opened_slot.get(), position.decreases.get()), (0, 0));
    sync(&mut i, &theirs);
    assert_eq!(earned(&i, &theirs), 6_144);
    assert_books(&i, 0);
}
