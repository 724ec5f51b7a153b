//! The vault: its bytes, donations, and what is left when everybody has gone.

use crate::support::*;
use grid_client::{staking, token};
use grid_staking::Role;
use grid_tests::{
    Incentives,
    incentives::{DURATION, SLASH_EPOCH},
    world::TOKENS,
};
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_signer::Signer;

/// Every instruction once or more, in an order in which each succeeds, with the seconds that pass before it.
fn life(i: &Incentives) -> Vec<(i64, Instruction)> {
    let (mint, client, node) = (i.world.mint, i.world.client.pubkey(), i.world.node.pubkey());
    let authority = i.world.authority.pubkey();
    let one = staking::stake_address(&mint, &client, 0).0;
    let two = staking::stake_address(&mint, &node, 0).0;
    let nodes = i.tokens_of(&node);
    vec![
        (0, stake(i, 0, AMOUNT, DURATION)),
        (1, staking::stake(node, nodes, mint, 0, 333_333, 31_536_000)),
        (1, top_up(i, one, 77)),
        (1, staking::extend(client, one, DURATION + 1)),
        (1, slash(i, one, 1_001)),
        (1, unstake(i, one)),
        (302_400, withdraw(i, one)),
        (1, slash(i, one, 1_001)),
        (1, restake(i, one)),
        (1, update(i, 10_000, SLASH_EPOCH)),
        (1, staking::propose_role(authority, &mint, Role::Slasher, authority)),
        (1, staking::accept_role(authority, &mint, Role::Slasher)),
        (1, staking::unstake(node, two)),
        (1, unstake(i, one)),
        (15_768_000, staking::withdraw(node, two, mint, nodes)),
        (1, slash(i, two, u64::MAX)),
        (1, withdraw(i, one)),
        (1, close(i, one)),
        (1, staking::close(node, two)),
    ]
}

/// Bytes of the vault: its mint, itself as the owner, an amount, no delegate, initialized, no close authority.
fn bytes_of_vault(i: &Incentives, amount: u64) -> Vec<u8> {
    let mut data = vec![0; 165];
    data[..32].copy_from_slice(i.world.mint.as_ref());
    data[32..64].copy_from_slice(vault(i).as_ref());
    data[64..72].copy_from_slice(&amount.to_le_bytes());
    data[108] = 1;
    data
}

#[test]
fn owns_itself_and_has_neither_delegate_nor_close_authority() {
    let mut i = Incentives::without_pool();
    let vault = vault(&i);
    assert_eq!(i.world.raw(&vault).data, bytes_of_vault(&i, 0));
    for (seconds, instruction) in life(&i) {
        i.world.network.advance(seconds);
        next_slot(&mut i);
        i.world.land(&[instruction]);
        let account = i.world.raw(&vault);
        assert_eq!(account.data, bytes_of_vault(&i, i.staking_vault()));
        assert_eq!((account.owner, account.lamports), (token::PROGRAM_ID, i.world.rent(165)));
    }
}

#[test]
fn donations_before_and_after_each_instruction_change_nothing() {
    let mut plain = Incentives::without_pool();
    let mut donated = plain.clone();
    let mut donations = 0;
    for (seconds, instruction) in life(&plain) {
        for i in [&mut plain, &mut donated] {
            i.world.network.advance(seconds);
            next_slot(i);
        }
        donate(&mut donated, 1);
        let logs = plain.world.land(std::slice::from_ref(&instruction)).logs;
        assert_eq!(donated.world.land(&[instruction]).logs, logs);
        donate(&mut donated, 1);
        donations += 2;
        assert_eq!(donated.staking_vault(), plain.staking_vault() + donations);
        let (mut left, mut right) = (state(&plain.world), state(&donated.world));
        let donor = plain.tokens_of(&plain.world.stranger.pubkey());
        for address in [vault(&plain), donor] {
            left.remove(&address);
            right.remove(&address);
        }
        let differ: Vec<_> = left.iter().filter(|(a, b)| right.get(*a) != Some(b)).collect();
        assert!(differ.is_empty() && left.len() == right.len(), "{differ:?}");
    }
    assert_eq!((plain.staking_vault(), donated.staking_vault()), (0, donations));
}

#[test]
fn holds_what_the_stakes_say_after_every_instruction() {
    let mut i = Incentives::without_pool();
    let (client, node, mint) = (i.world.client.pubkey(), i.world.node.pubkey(), i.world.mint);
    donate(&mut i, 5);
    for (seconds, instruction) in life(&i) {
        i.world.network.advance(seconds);
        next_slot(&mut i);
        i.world.land(&[instruction]);
        let stakes = [client, node].map(|owner| staking::stake_address(&mint, &owner, 0).0);
        let owed: u64 =
            stakes.iter().filter(|stake| i.world.exists(stake)).map(|stake| i.stake_of(stake).left()).sum();
        assert_eq!(i.staking_vault(), owed + 5);
        let moved = i.world.tokens(&client) + i.world.tokens(&node) + i.world.tokens_in(&i.slash_destination);
        assert_eq!(moved + owed, 3 * TOKENS);
    }
    assert_eq!(i.staking_vault(), 5);
}

#[test]
fn nobody_takes_it_or_its_tokens_by_the_token_program() {
    let (mut i, _) = staked();
    let (vault, mint) = (vault(&i), i.world.mint);
    for actor in [i.world.client.pubkey(), i.world.stranger.pubkey(), i.world.authority.pubkey()] {
        let tokens = i.tokens_of(&actor);
        let call = |data: &[u8], accounts: &[solana_address::Address]| {
            let mut metas: Vec<_> = accounts.iter().map(|key| AccountMeta::new(*key, false)).collect();
            metas.push(AccountMeta::new_readonly(actor, true));
            Instruction::new_with_bytes(token::PROGRAM_ID, data, metas)
        };
        let one = 1_u64.to_le_bytes();
        // Transfer 3, Approve 4, SetAuthority 6 of the owner 2 and of the close authority 3, Burn 8, CloseAccount 9.
        let owner = |kind: u8| [&[6, kind, 1][..], actor.as_ref()].concat();
        for attack in [
            token::transfer(vault, tokens, actor, 1),
            call(&[&[4][..], &one].concat(), &[vault, actor]),
            call(&owner(2), &[vault]),
            call(&owner(3), &[vault]),
            call(&[&[8][..], &one].concat(), &[vault, mint]),
        ] {
            refuse_with(&mut i, &[attack], OTHER_OWNER);
        }
        // NonNativeHasBalance of the token program.
        let close = call(&[9], &[vault, tokens]);
        refuse_with(&mut i, std::slice::from_ref(&close), InstructionError::Custom(11));
        let mut empty = Incentives::without_pool();
        refuse_with(&mut empty, &[close], OTHER_OWNER);
    }
}
