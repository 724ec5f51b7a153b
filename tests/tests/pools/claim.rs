//! `claim`

use crate::support::*;
use grid_client::{pools, token};
use grid_pools::{Emission, EmissionTerms, PoolsError};
use grid_tests::{assert_event, keypair_for, network::GENESIS, world::TOKENS};
use solana_instruction::error::InstructionError;
use solana_sdk_ids::sysvar;
use solana_signer::Signer;

#[test]
fn pays_what_has_accrued_since_the_start() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 100);
    let before = scene.now();
    let lamports = scene.world.lamports(&scene.client());

    let landed = scene.land(scene.claim());

    assert_eq!(
        scene.now(),
        Emission { balance_atoms: (FUNDS - 1_000).into(), paid_atoms: 1_000.into(), ..before }
    );
    assert_eq!((scene.held(), scene.tokens()), (FUNDS - 1_000, TOKENS + 1_000));
    assert_eq!(scene.world.lamports(&scene.client()), lamports);
    assert_event!(
        landed,
        EmissionClaimed {
            emission: scene.emission,
            beneficiary: scene.beneficiary,
            amount_atoms: 1_000,
            balance_after_atoms: FUNDS - 1_000,
        }
    );
}

#[test]
fn nothing_is_due_until_a_second_after_the_start() {
    let scene = Scene::funded(terms());
    for time in [i64::MIN, -1, 0, 1, GENESIS, START - 1, START] {
        let mut scene = scene.fork(time);
        scene.refuse(&[scene.claim()], PoolsError::NothingDue);
    }
    assert_eq!(scene.fork(START + 1).claimed(), RATE);
    assert_eq!(scene.fork(START + 2).claimed(), 2 * RATE);
}

#[test]
fn everything_is_due_at_the_end_to_the_last_atom() {
    let scene = Scene::funded(terms());
    assert_eq!(scene.fork(END - 1).claimed(), 999 * RATE);
    for time in [END, END + 1, i64::MAX] {
        let mut scene = scene.fork(time);
        assert_eq!(scene.claimed(), FUNDS);
        scene.assert_books(0, FUNDS, 0);
        scene.refuse(&[scene.claim()], PoolsError::NothingDue);
    }
}

#[test]
fn an_endless_emission_pays_at_its_rate_until_it_is_empty() {
    let scene = Scene::funded(endless());
    assert_eq!(scene.fork(START + 4_999).claimed(), FUNDS - RATE);
    for time in [START + 5_000, START + 5_001, i64::MAX] {
        let mut scene = scene.fork(time);
        assert_eq!(scene.claimed(), FUNDS);
        scene.assert_books(0, FUNDS, 0);
    }
}

#[test]
fn what_the_last_of_a_short_balance_left_out_is_due_after_a_top_up() {
    let mut scene = Scene::empty(endless());
    scene.fund(25);
    scene.at(START + 10);
    assert_eq!(scene.claimed(), 25);
    scene.refuse(&[scene.claim()], PoolsError::NothingDue);
    scene.fund(1);
    assert_eq!(scene.claimed(), 1);
    scene.fund(1_000);
    assert_eq!(scene.claimed(), 74);
    scene.refuse(&[scene.claim()], PoolsError::NothingDue);
    scene.assert_books(926, 100, 0);
    scene.at(START + 11);
    assert_eq!(scene.claimed(), RATE);
}

#[test]
fn an_emission_funded_long_after_the_start_owes_all_of_it() {
    let mut scene = Scene::empty(terms());
    scene.at(END - 1);
    scene.refuse(&[scene.claim()], PoolsError::NothingDue);
    scene.fund(FUNDS);
    assert_eq!(scene.claimed(), 9_990);
    scene.at(END);
    assert_eq!(scene.claimed(), FUNDS - 9_990);
    scene.assert_books(0, FUNDS, 0);
}

#[test]
fn steps_add_up_to_one_leap() {
    let mut scene = Scene::funded(terms());
    let mut leap = scene.fork(END + 5);
    let steps: Vec<u64> = [1, 2, 3, 500, 998, 999, 1_000]
        .map(|seconds| {
            scene.at(START + seconds);
            scene.claimed()
        })
        .into();
    assert_eq!(steps, [10, 10, 10, 4_970, 4_980, 10, FUNDS - 9_990]);
    assert_eq!(leap.claimed(), FUNDS);
    scene.at(END + 5);
    assert_eq!((scene.now(), scene.tokens(), scene.held()), (leap.now(), leap.tokens(), leap.held()));
}

#[test]
fn pays_an_atom_a_second_at_the_lowest_rate() {
    let scene = Scene::funded(EmissionTerms { rate_per_second_atoms: 1, ..terms() });
    for (time, due) in [(START + 1, 1), (START + 2, 2), (END - 1, 999), (END, FUNDS)] {
        assert_eq!(scene.fork(time).claimed(), due);
    }
}

#[test]
fn pays_everything_after_a_second_at_the_highest_rate() {
    for terms in [terms(), endless()] {
        let scene = Scene::funded(EmissionTerms { rate_per_second_atoms: u64::MAX, ..terms });
        scene.fork(START).refuse(&[scene.claim()], PoolsError::NothingDue);
        for time in [START + 1, START + 2, END - 1, END, i64::MAX] {
            assert_eq!(scene.fork(time).claimed(), FUNDS);
        }
    }
}

#[test]
fn at_the_highest_rate_a_later_top_up_is_due_at_once() {
    let mut scene = Scene::funded(EmissionTerms { rate_per_second_atoms: u64::MAX, ..endless() });
    scene.at(START + 1);
    assert_eq!(scene.claimed(), FUNDS);
    scene.fund(7);
    assert_eq!(scene.claimed(), 7);
    scene.assert_books(0, FUNDS + 7, 0);
}

#[test]
fn happens_once_a_second() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 1);
    let claim = scene.claim();
    scene.refuse(&[claim.clone(), claim.clone()], PoolsError::NothingDue);
    scene.land(claim.clone());
    scene.refuse(&[claim], PoolsError::NothingDue);
    scene.at(START + 2);
    assert_eq!(scene.claimed(), RATE);
}

#[test]
fn a_clock_that_goes_back_pays_nothing_and_loses_nothing() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 100);
    assert_eq!(scene.claimed(), 1_000);
    for time in [START + 99, START, START - 1, -1] {
        scene.at(time);
        scene.refuse(&[scene.claim()], PoolsError::NothingDue);
    }
    scene.at(START + 101);
    assert_eq!(scene.claimed(), RATE);
    scene.at(END);
    assert_eq!(scene.claimed(), FUNDS - 1_010);
}

#[test]
fn nobody_has_to_sign() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 1);
    let claim = scene.claim();
    assert!(claim.accounts.iter().all(|account| !account.is_signer));
    scene.world.run(&[claim], &[]);
    scene.assert_books(FUNDS - RATE, RATE, 0);
}

#[test]
fn books_exactly_what_it_transfers() {
    let mut scene = Scene::empty(endless());
    scene.donate(3);
    let mut funded = 0;
    for (step, amount) in [1, 999, 10, 4_321, 2, 77].into_iter().enumerate() {
        scene.fund(amount);
        funded += amount;
        scene.at(START + 37 * (step as i64 + 1));
        scene.claimed();
        let emission = scene.now();
        assert_eq!(emission.balance_atoms.get() + emission.paid_atoms.get(), funded);
        assert_eq!(scene.held(), emission.balance_atoms.get() + 3);
        assert_eq!(scene.tokens(), TOKENS + emission.paid_atoms.get());
    }
    scene.assert_books(3_190, 2_220, 3);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let mut scene = Scene::funded(terms());
    scene.donate(5);
    scene.at(START + 3);
    assert_eq!(scene.claimed(), 30);
    scene.at(END);
    assert_eq!(scene.claimed(), FUNDS - 30);
    scene.assert_books(0, FUNDS, 5);
    scene.refuse(&[scene.claim()], PoolsError::NothingDue);
}

#[test]
fn refuses_a_reward_pool_by_name() {
    let mut scene = Scene::to_rewards(terms());
    scene.at(END);
    let claim = pools::claim(scene.emission, scene.world.mint, scene.pool);
    scene.refuse(&[claim], PoolsError::BeneficiaryIsRewardPool);
}

#[test]
fn refuses_another_beneficiary() {
    let mut scene = Scene::funded(terms());
    scene.at(END);
    for other in
        [scene.tokens_of(&scene.stranger()), scene.pool, scene.client(), keypair_for("nobody").pubkey()]
    {
        scene.refuse(&[with_account(scene.claim(), 3, other)], PoolsError::WrongBeneficiary);
    }
    let to_vault = with_account(scene.claim(), 3, scene.vault);
    scene.refuse_with(to_vault, DUPLICATE_MUTABLE);
}

#[test]
fn refuses_another_mint() {
    let mut scene = Scene::funded(terms());
    scene.at(END);
    let other = scene.world.open_mint("other mint");
    scene.refuse(&[with_account(scene.claim(), 1, other)], PoolsError::WrongMint);
}

#[test]
fn refuses_another_vault() {
    let mut scene = Scene::funded(terms());
    let other = scene.another_emission().1;
    scene.at(END);
    for vault in [other, scene.tokens_of(&scene.stranger()), keypair_for("nobody").pubkey()] {
        scene.refuse(&[with_account(scene.claim(), 2, vault)], PoolsError::WrongVault);
    }
}

#[test]
fn refuses_another_clock() {
    let mut scene = Scene::funded(terms());
    scene.at(END);
    for other in [sysvar::rent::ID, scene.pool, keypair_for("nobody").pubkey()] {
        scene.refuse_with(with_account(scene.claim(), 4, other), CONSTRAINT_ADDRESS);
    }
}

#[test]
fn a_frozen_beneficiary_blocks_its_own_claims_alone() {
    let mut scene = Scene::funded(terms());
    let beneficiary = scene.beneficiary;
    scene.at(START + 100).set_frozen(beneficiary, true);
    scene.refuse_with(scene.claim(), FROZEN);
    scene.fund(5);
    scene.donate(2);
    scene.assert_books(FUNDS + 5, 0, 2);
    scene.land(scene.close());
    scene.assert_books(1_000, 0, 2);
    assert_eq!(scene.world.tokens(&scene.authority()), TOKENS + FUNDS + 5 - 1_000);
    scene.refuse_with(scene.claim(), FROZEN);
    scene.set_frozen(beneficiary, false);
    assert_eq!(scene.claimed(), 1_000);
    scene.land(scene.close());
    scene.assert_gone();
}

#[test]
fn a_closed_beneficiary_blocks_its_own_claims_until_it_is_open_again() {
    let mut scene = Scene::funded(terms());
    let (client, authority, mint) = (scene.client(), scene.authority(), scene.world.mint);
    scene.close_beneficiary();
    scene.at(START + 100);
    scene.refuse_with(scene.claim(), InstructionError::InvalidAccountData);
    scene.fund(5);
    scene.land(scene.close());
    scene.assert_books(1_000, 0, 0);
    assert_eq!(scene.world.tokens(&authority), TOKENS + FUNDS + 5 - 1_000);
    scene.refuse_with(scene.claim(), InstructionError::InvalidAccountData);
    scene.land(token::create_account(authority, client, mint));
    assert_eq!((scene.claimed(), scene.tokens()), (1_000, 1_000));
}

#[test]
fn a_beneficiary_with_another_owner_is_paid_as_before() {
    let mut scene = Scene::funded(terms());
    let (client, stranger) = (scene.client(), scene.stranger());
    scene.land(set_owner(scene.beneficiary, client, stranger));
    assert_eq!(scene.world.raw(&scene.beneficiary).data[32..64], *stranger.as_ref());
    scene.at(START + 100);
    assert_eq!(scene.claimed(), 1_000);
    let to = scene.tokens_of(&stranger);
    scene.land(token::transfer(scene.beneficiary, to, stranger, TOKENS + 1_000));
    assert_eq!(scene.tokens(), 0);
}

#[test]
fn a_beneficiary_that_became_an_account_of_another_mint_is_not_paid() {
    let mut scene = Scene::funded(terms());
    let other = scene.world.open_mint("other mint");
    let client = scene.client();
    let elsewhere = scene.world.raw(&grid_client::address::token_account(&client, other));
    let (beneficiary, node) = (scene.beneficiary, scene.tokens_of(&scene.node()));
    scene.world.network.set(beneficiary, elsewhere);
    scene.at(START + 100);
    scene.refuse_with(scene.claim(), MINT_MISMATCH);
    scene.land(scene.set_beneficiary(node));
    scene.beneficiary = node;
    assert_eq!(scene.claimed(), 1_000);
}

#[test]
fn more_than_64_bits_over_a_whole_life_come_out_or_do_not_come_in() {
    let half = 1 << 63;
    for end in [0, END] {
        let highest = EmissionTerms { rate_per_second_atoms: u64::MAX, ends_at: end, ..terms() };
        let mut scene = Scene::empty(highest);
        let (client, mint) = (scene.client(), scene.world.mint);
        scene.world.give_tokens(&mint, &client, half);
        let tokens = scene.tokens();
        scene.at(START + 1);
        let top_up = pools::top_up(client, scene.beneficiary, scene.emission, mint, half);
        scene.land(top_up.clone());
        assert_eq!(scene.claimed(), half);
        if scene.world.attempt(&[top_up], &[&keypair_for("client")]).is_ok() {
            scene.at(END);
            assert_eq!(scene.claimed(), half);
        }
        assert_eq!((scene.tokens(), scene.held()), (tokens, 0));
    }
}
