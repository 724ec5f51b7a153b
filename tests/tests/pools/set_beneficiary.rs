//! `set_beneficiary`

use crate::support::*;
use grid_client::{address, pools, rewards, staking};
use grid_pools::{Emission, EmissionTerms, PoolsError};
use grid_tests::{assert_event, keypair_for, world::TOKENS};
use solana_address::Address;
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn names_another_token_account_and_who_may_do_so_next() {
    let mut scene = Scene::funded(terms());
    let (emission, node, stranger) = (scene.emission, scene.node(), scene.stranger());
    let (to, before, mint) = (scene.tokens_of(&stranger), scene.now(), scene.world.mint);

    let landed = scene.land(pools::set_beneficiary(node, emission, to, stranger));

    assert_eq!(scene.now(), Emission { beneficiary: to, beneficiary_authority: stranger, ..before });
    assert_eq!((scene.held(), scene.tokens()), (FUNDS, TOKENS));
    assert_event!(
        landed,
        BeneficiaryChanged { emission: emission, beneficiary: to, beneficiary_authority: stranger }
    );
    scene.at(START + 1);
    scene.refuse(&[scene.claim()], PoolsError::WrongBeneficiary);
    scene.land(pools::claim(emission, mint, to));
    assert_eq!(scene.world.tokens_in(&to), TOKENS - FUNDS + RATE);
}

#[test]
fn hands_over_everything_that_is_not_claimed_yet() {
    let mut scene = Scene::funded(terms());
    let to = scene.tokens_of(&scene.node());
    scene.at(START + 100);
    assert_eq!(scene.claimed(), 1_000);
    scene.at(START + 200);
    scene.land(scene.set_beneficiary(to));
    scene.beneficiary = to;
    assert_eq!(scene.claimed(), 1_000);
    scene.at(END);
    assert_eq!(scene.claimed(), FUNDS - 2_000);
    assert_eq!(scene.tokens(), TOKENS + FUNDS - 1_000);
    assert_eq!(scene.world.tokens(&scene.client()), TOKENS + 1_000);
}

#[test]
fn leads_to_a_reward_pool_and_back() {
    let mut scene = Scene::funded(terms());
    let (pool, tokens) = (scene.pool, scene.beneficiary);
    scene.at(START + 1);
    let landed = scene.land(scene.set_beneficiary(pool));
    assert_event!(
        landed,
        BeneficiaryChanged {
            emission: scene.emission,
            beneficiary: pool,
            beneficiary_authority: scene.node(),
        }
    );
    assert_eq!((scene.now().pays_rewards, scene.now().beneficiary), (1, pool));
    scene.refuse(&[scene.claim()], PoolsError::WrongBeneficiary);
    scene.land(scene.claim_to_rewards());
    assert_eq!(scene.rewards_vault(), RATE);
    scene.land(scene.set_beneficiary(tokens));
    assert_eq!((scene.now().pays_rewards, scene.now().beneficiary), (0, tokens));
    scene.at(START + 2);
    scene.refuse(&[scene.claim_to_rewards()], PoolsError::WrongBeneficiary);
    assert_eq!(scene.claimed(), RATE);
    scene.assert_books(FUNDS - 2 * RATE, 2 * RATE, 0);
}

#[test]
fn works_before_the_start_after_the_end_and_after_a_stop() {
    let scene = Scene::funded(terms());
    let to = scene.tokens_of(&scene.node());
    for time in [START - 1, END, END + 1] {
        let mut scene = scene.fork(time);
        scene.land(scene.set_beneficiary(to));
        assert_eq!(scene.now().beneficiary, to);
    }
    let mut scene = scene.fork(START + 1);
    scene.land(scene.close());
    scene.land(scene.set_beneficiary(to));
    scene.beneficiary = to;
    assert_eq!(scene.claimed(), RATE);
}

#[test]
fn the_same_beneficiary_and_authority_change_nothing() {
    let mut scene = Scene::funded(terms());
    let before = scene.now();
    scene.land(scene.set_beneficiary(scene.beneficiary));
    assert_eq!(scene.now(), before);
}

#[test]
fn the_zero_authority_is_final() {
    let mut scene = Scene::funded(terms());
    let (node, emission, to) = (scene.node(), scene.emission, scene.tokens_of(&scene.node()));
    scene.land(pools::set_beneficiary(node, emission, to, Address::default()));
    assert_final(scene);
}

#[test]
fn an_emission_opened_without_an_authority_keeps_its_beneficiary() {
    assert_final(Scene::funded(EmissionTerms { beneficiary_authority: Address::default(), ..terms() }));
}

/// Asserts that nobody can name another beneficiary.
#[track_caller]
fn assert_final(mut scene: Scene) {
    let (emission, to) = (scene.emission, scene.tokens_of(&scene.stranger()));
    assert_eq!(scene.now().beneficiary_authority, Address::default());
    for by in [scene.node(), scene.client(), scene.authority(), scene.stranger()] {
        let set = pools::set_beneficiary(by, emission, to, by);
        scene.refuse(&[set], PoolsError::NotBeneficiaryAuthority);
    }
    let nobody = unsigned(pools::set_beneficiary(Address::default(), emission, to, Address::default()));
    scene.refuse_with(nobody, InstructionError::MissingRequiredSignature);
}

#[test]
fn refuses_everybody_but_the_beneficiary_authority() {
    let mut scene = Scene::funded(terms());
    let (emission, to) = (scene.emission, scene.tokens_of(&scene.stranger()));
    for by in [scene.client(), scene.authority(), scene.stranger()] {
        let set = pools::set_beneficiary(by, emission, to, by);
        scene.refuse(&[set], PoolsError::NotBeneficiaryAuthority);
    }
    let set = unsigned(scene.set_beneficiary(to));
    scene.refuse_with(set, InstructionError::MissingRequiredSignature);
}

#[test]
fn the_one_who_handed_over_may_no_more() {
    let mut scene = Scene::funded(terms());
    let (emission, node, client) = (scene.emission, scene.node(), scene.client());
    let to = scene.tokens_of(&node);
    scene.land(pools::set_beneficiary(node, emission, to, client));
    scene.refuse(&[scene.set_beneficiary(to)], PoolsError::NotBeneficiaryAuthority);
    scene.land(pools::set_beneficiary(client, emission, scene.beneficiary, client));
    assert_eq!(scene.now().beneficiary, scene.beneficiary);
}

#[test]
fn refuses_the_authority_of_another_emission() {
    let mut scene = Scene::funded(terms());
    let (client, beneficiary) = (scene.client(), scene.beneficiary);
    let theirs =
        scene.open_emission(9, beneficiary, EmissionTerms { beneficiary_authority: client, ..terms() });
    let to = scene.tokens_of(&scene.stranger());
    scene.refuse(
        &[pools::set_beneficiary(client, scene.emission, to, client)],
        PoolsError::NotBeneficiaryAuthority,
    );
    scene.land(pools::set_beneficiary(client, theirs, to, client));
    assert_eq!(scene.now().beneficiary, beneficiary);
}

#[test]
fn refuses_what_is_neither_token_account_nor_reward_pool_of_the_mint() {
    let mut scene = Scene::funded(terms());
    let (pool, other) = scene.pool_of_another_mint();
    let stake = scene.staked();
    let (client, of_mint) = (scene.client(), scene.pool);
    scene.land(rewards::enter(client, stake, of_mint));
    for wrong in [
        scene.vault,
        address::token_account(&client, other),
        pool,
        rewards::position_address(&of_mint, &stake).0,
        stake,
        staking::settings_address(&scene.world.mint).0,
        scene.world.mint,
        client,
        Address::default(),
        keypair_for("nobody").pubkey(),
    ] {
        scene.refuse(&[scene.set_beneficiary(wrong)], PoolsError::WrongBeneficiary);
    }
}

#[test]
fn refuses_an_account_of_the_right_bytes_that_no_token_program_owns() {
    let mut scene = Scene::funded(terms());
    let forged = keypair_for("forged").pubkey();
    for (copied, owner) in [
        (scene.beneficiary, scene.stranger()),
        (scene.beneficiary, grid_rewards::ID),
        (scene.beneficiary, grid_pools::ID),
        (scene.pool, grid_pools::ID),
        (scene.pool, grid_client::token::PROGRAM_ID),
    ] {
        let mut account = scene.world.raw(&copied);
        account.owner = owner;
        scene.world.network.set(forged, account);
        scene.refuse(&[scene.set_beneficiary(forged)], PoolsError::WrongBeneficiary);
    }
}

#[test]
fn gets_an_emission_away_from_a_beneficiary_that_is_frozen_or_closed() {
    let scene = Scene::funded(terms());
    let (mut frozen, mut closed) = (scene.fork(START + 100), scene.fork(START + 100));
    frozen.set_frozen(scene.beneficiary, true);
    closed.close_beneficiary();
    for (mut scene, error) in [(frozen, FROZEN), (closed, InstructionError::InvalidAccountData)] {
        scene.refuse_with(scene.claim(), error);
        let to = scene.tokens_of(&scene.authority());
        scene.land(scene.set_beneficiary(to));
        scene.beneficiary = to;
        assert_eq!(scene.claimed(), 1_000);
        scene.land(scene.close());
        scene.assert_gone();
        assert_eq!(scene.world.tokens(&scene.authority()), TOKENS + FUNDS);
    }
}

#[test]
fn a_frozen_account_can_be_named() {
    let mut scene = Scene::funded(terms());
    let to = scene.tokens_of(&scene.node());
    scene.set_frozen(to, true);
    scene.land(scene.set_beneficiary(to));
    scene.at(END);
    scene.beneficiary = to;
    scene.refuse_with(scene.claim(), FROZEN);
    scene.set_frozen(to, false);
    assert_eq!(scene.claimed(), FUNDS);
}
