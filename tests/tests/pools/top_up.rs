//! `top_up`

use crate::support::*;
use grid_client::{address, pools, token};
use grid_pools::{Emission, PoolsError};
use grid_tests::{assert_event, keypair_for, network::GENESIS, world::TOKENS};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn moves_tokens_into_the_vault() {
    let mut scene = Scene::empty(terms());
    let (before, stranger) = (scene.now(), scene.stranger());
    let lamports = scene.world.lamports(&stranger);

    let landed = scene.land(scene.top_up(7));

    assert_eq!(scene.now(), Emission { balance_atoms: 7.into(), ..before });
    assert_eq!(scene.held(), 7);
    assert_eq!(scene.world.tokens(&stranger), TOKENS - 7);
    assert_eq!(scene.tokens(), TOKENS);
    assert_eq!(scene.world.lamports(&stranger), lamports);
    assert_event!(
        landed,
        EmissionFunded { emission: scene.emission, amount_atoms: 7, balance_after_atoms: 7 }
    );
}

#[test]
fn anyone_pays_and_what_they_pay_adds_up() {
    let mut scene = Scene::empty(terms());
    let (emission, mint) = (scene.emission, scene.world.mint);
    let mut total = 0;
    for (payer, amount) in
        [(scene.authority(), 1), (scene.client(), 20), (scene.node(), 300), (scene.stranger(), TOKENS)]
    {
        let source = scene.tokens_of(&payer);
        let landed = scene.land(pools::top_up(payer, source, emission, mint, amount));
        total += amount;
        scene.assert_books(total, 0, 0);
        assert_eq!(scene.world.tokens(&payer), TOKENS - amount);
        assert_event!(
            landed,
            EmissionFunded { emission: emission, amount_atoms: amount, balance_after_atoms: total }
        );
    }
}

#[test]
fn refuses_nothing_and_more_than_the_source_has() {
    let mut scene = Scene::empty(terms());
    scene.refuse(&[scene.top_up(0)], PoolsError::ZeroAmount);
    scene.refuse_with(scene.top_up(TOKENS + 1), INSUFFICIENT_FUNDS);
    scene.refuse_with(scene.top_up(u64::MAX), INSUFFICIENT_FUNDS);
    scene.land(scene.top_up(TOKENS));
    scene.assert_books(TOKENS, 0, 0);
}

#[test]
fn comes_before_the_start_and_until_the_second_before_the_end() {
    let scene = Scene::empty(terms());
    for time in [1, GENESIS, START - 1, START, START + 1, END - 1] {
        let mut scene = scene.fork(time);
        scene.land(scene.top_up(5));
        scene.assert_books(5, 0, 0);
    }
    for time in [END, END + 1, i64::MAX] {
        let mut scene = scene.fork(time);
        scene.refuse(&[scene.top_up(5)], PoolsError::EmissionOver);
    }
}

#[test]
fn an_endless_emission_takes_tokens_for_ever() {
    let scene = Scene::empty(endless());
    for time in [GENESIS, END, i64::MAX] {
        let mut scene = scene.fork(time);
        scene.land(scene.top_up(5));
        scene.assert_books(5, 0, 0);
    }
}

#[test]
fn refuses_an_emission_that_was_stopped() {
    for terms in [terms(), endless()] {
        let mut scene = Scene::funded(terms);
        scene.at(START + 1);
        scene.land(scene.close());
        scene.refuse(&[scene.top_up(1)], PoolsError::EmissionOver);
        scene.assert_books(10, 0, 0);
    }
}

#[test]
fn refuses_a_balance_beyond_64_bits() {
    let mut scene = Scene::empty(terms());
    let emission = scene.emission;
    scene.world.edit::<Emission>(emission, |e| e.balance_atoms = (u64::MAX - 4).into());
    scene.refuse(&[scene.top_up(5)], PoolsError::Overflow);
    scene.land(scene.top_up(4));
    assert_eq!(scene.now().balance_atoms, u64::MAX);
}

#[test]
fn refuses_what_could_not_be_paid_out_any_more() {
    let mut scene = Scene::empty(terms());
    let emission = scene.emission;
    scene.world.edit::<Emission>(emission, |e| e.paid_atoms = (u64::MAX - 4).into());
    scene.refuse(&[scene.top_up(5)], PoolsError::Overflow);
    scene.land(scene.top_up(4));
    scene.at(END);
    assert_eq!(scene.claimed(), 4);
}

#[test]
fn refuses_a_source_of_somebody_else() {
    let mut scene = Scene::empty(terms());
    let clients = with_account(scene.top_up(1), 3, scene.beneficiary);
    scene.refuse_with(clients, OWNER_MISMATCH);
}

#[test]
fn refuses_a_source_of_another_mint_and_no_source_at_all() {
    let mut scene = Scene::empty(terms());
    let other = scene.world.open_mint("other mint");
    let source = address::token_account(&scene.stranger(), other);
    scene.refuse_with(with_account(scene.top_up(1), 3, source), MINT_MISMATCH);
    for source in [keypair_for("nobody").pubkey(), scene.client(), scene.pool] {
        let top_up = with_account(scene.top_up(1), 3, source);
        scene.refuse_with(top_up, InstructionError::InvalidAccountData);
    }
}

#[test]
fn refuses_the_vault_as_the_source() {
    let mut scene = Scene::funded(terms());
    let top_up = with_account(scene.top_up(1), 3, scene.vault);
    scene.refuse_with(top_up, DUPLICATE_MUTABLE);
}

#[test]
fn refuses_another_mint() {
    let mut scene = Scene::empty(terms());
    let other = scene.world.open_mint("other mint");
    let source = address::token_account(&scene.stranger(), other);
    let top_up = pools::top_up(scene.stranger(), source, scene.emission, other, 1);
    scene.refuse(&[top_up], PoolsError::WrongMint);
}

#[test]
fn refuses_another_vault() {
    let mut scene = Scene::empty(terms());
    let other = scene.another_emission().1;
    for vault in [other, scene.beneficiary, keypair_for("nobody").pubkey()] {
        scene.refuse(&[with_account(scene.top_up(1), 4, vault)], PoolsError::WrongVault);
    }
}

#[test]
fn refuses_a_payer_that_does_not_sign() {
    let mut scene = Scene::empty(terms());
    scene.refuse_with(unsigned(scene.top_up(1)), InstructionError::MissingRequiredSignature);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let mut scene = Scene::empty(terms());
    scene.donate(3);
    let landed = scene.land(scene.top_up(7));
    scene.assert_books(7, 0, 3);
    assert_event!(
        landed,
        EmissionFunded { emission: scene.emission, amount_atoms: 7, balance_after_atoms: 7 }
    );
    let stranger = scene.stranger();
    let transfer = token::transfer(scene.vault, scene.tokens_of(&stranger), stranger, 3);
    scene.refuse_with(transfer, OWNER_MISMATCH);
}
