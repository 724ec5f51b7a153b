//! `claim_to_rewards`

use crate::support::*;
use grid_client::{
    event::{Event, events_in},
    pools, rewards,
};
use grid_pools::{Emission, EmissionTerms, PoolsError};
use grid_rewards::{Pool, RewardsError};
use grid_tests::{incentives::DAY, keypair_for, network::GENESIS, world::TOKENS};
use solana_instruction::error::InstructionError;
use solana_sdk_ids::sysvar;
use solana_signer::Signer;

#[test]
fn brings_what_is_due_to_the_reward_pool() {
    let mut scene = Scene::to_rewards(terms());
    scene.at(START + 100);
    let (before, pool) = (scene.now(), scene.pool());

    let landed = scene.land(scene.claim_to_rewards());

    assert_eq!(
        scene.now(),
        Emission { balance_atoms: (FUNDS - 1_000).into(), paid_atoms: 1_000.into(), ..before }
    );
    assert_eq!(scene.pool(), Pool { waiting_atoms: 1_000.into(), ..pool });
    assert_eq!((scene.held(), scene.rewards_vault()), (FUNDS - 1_000, 1_000));
    let [Event::RewardsAdded(added), Event::EmissionClaimed(claimed)] = events_in(&landed.logs)[..] else {
        panic!("two events were expected");
    };
    assert_eq!((added.pool, added.amount_atoms.get()), (scene.pool, 1_000));
    assert_eq!((added.total_weight.get(), added.index_after.get()), (0, 0));
    assert_eq!(added.waiting_after_atoms, 1_000);
    assert_eq!((claimed.emission, claimed.beneficiary), (scene.emission, scene.pool));
    assert_eq!((claimed.amount_atoms.get(), claimed.balance_after_atoms.get()), (1_000, FUNDS - 1_000));
}

#[test]
fn what_it_brings_is_earned_by_the_stakes() {
    let start = GENESIS + DAY;
    let mut scene = Scene::to_rewards(EmissionTerms { starts_at: start, ends_at: start + 1_000, ..terms() });
    let client = scene.client();
    let stake = scene.stake_actively(client, 0, 1_000);
    assert_eq!(scene.pool().total_weight, 1_115);
    scene.at(start + 100);
    scene.land(scene.claim_to_rewards());
    let pool = scene.pool();
    assert_eq!((pool.waiting_atoms.get(), pool.shared_atoms.get()), (0, 1_000));
    assert_eq!(pool.index, (1_000_u128 << 64) / 1_115);
    assert_eq!(scene.claim_of(stake), 999);
    scene.at(start + 1_000);
    scene.land(scene.claim_to_rewards());
    assert_eq!(scene.claim_of(stake), FUNDS - 1_001);
    scene.assert_books(0, FUNDS, 0);
    assert_eq!((scene.rewards_vault(), scene.pool().shared_atoms.get()), (2, 2), "what rounding left");
    assert_eq!(scene.world.tokens(&client), TOKENS - 1_000 + FUNDS - 2);
}

impl Scene {
    /// A stake's owner claims its rewards; how much.
    #[track_caller]
    fn claim_of(&mut self, stake: solana_address::Address) -> u64 {
        self.incentives.claim(stake)
    }
}

#[test]
fn follows_the_same_clock_as_claim() {
    let scene = Scene::to_rewards(terms());
    for time in [i64::MIN, GENESIS, START - 1, START] {
        let mut scene = scene.fork(time);
        scene.refuse(&[scene.claim_to_rewards()], PoolsError::NothingDue);
    }
    for (time, due) in [(START + 1, RATE), (END - 1, 999 * RATE), (END, FUNDS), (END + 1, FUNDS)] {
        let mut scene = scene.fork(time);
        scene.land(scene.claim_to_rewards());
        scene.assert_books(FUNDS - due, due, 0);
        assert_eq!(scene.rewards_vault(), due);
        scene.refuse(&[scene.claim_to_rewards()], PoolsError::NothingDue);
    }
}

#[test]
fn nobody_has_to_sign() {
    let mut scene = Scene::to_rewards(terms());
    scene.at(START + 1);
    let claim = scene.claim_to_rewards();
    assert!(claim.accounts.iter().all(|account| !account.is_signer));
    scene.world.run(&[claim], &[]);
    assert_eq!(scene.rewards_vault(), RATE);
}

#[test]
fn ignores_tokens_sent_to_either_vault() {
    let mut scene = Scene::to_rewards(terms());
    let (stranger, rewards_vault) = (scene.stranger(), rewards::vault_address(&scene.pool).0);
    scene.donate(3);
    let source = scene.tokens_of(&stranger);
    scene.land(grid_client::token::transfer(source, rewards_vault, stranger, 4));
    scene.at(END);
    scene.land(scene.claim_to_rewards());
    scene.assert_books(0, FUNDS, 3);
    assert_eq!((scene.rewards_vault(), scene.pool().waiting_atoms.get()), (FUNDS + 4, FUNDS));
}

#[test]
fn a_full_reward_pool_keeps_the_tokens_in_the_emission() {
    let mut scene = Scene::to_rewards(terms());
    let pool = scene.pool;
    scene.world.edit::<Pool>(pool, |p| p.waiting_atoms = (u64::MAX - 9).into());
    scene.at(START + 1);
    scene.refuse(&[scene.claim_to_rewards()], RewardsError::Overflow);
    scene.assert_books(FUNDS, 0, 0);
}

#[test]
fn refuses_a_token_account_by_name() {
    let mut scene = Scene::funded(terms());
    scene.at(END);
    let claim = pools::claim_to_rewards(scene.emission, scene.world.mint, scene.beneficiary);
    scene.refuse(&[claim], PoolsError::BeneficiaryIsTokenAccount);
    let with_vault = with_account(scene.claim_to_rewards(), 3, scene.beneficiary);
    scene.refuse(&[with_vault], PoolsError::BeneficiaryIsTokenAccount);
}

#[test]
fn refuses_another_pool() {
    let mut scene = Scene::to_rewards(terms());
    let (other, _) = scene.pool_of_another_mint();
    scene.at(END);
    let mint = scene.world.mint;
    scene.refuse(&[pools::claim_to_rewards(scene.emission, mint, other)], PoolsError::WrongBeneficiary);
    for wrong in [other, scene.beneficiary, keypair_for("nobody").pubkey()] {
        let wrong = if wrong == scene.pool { other } else { wrong };
        scene.refuse(&[with_account(scene.claim_to_rewards(), 3, wrong)], PoolsError::WrongBeneficiary);
    }
}

#[test]
fn refuses_a_forged_rewards_vault() {
    let mut scene = Scene::to_rewards(terms());
    let (other, _) = scene.pool_of_another_mint();
    let another = scene.another_emission().1;
    scene.at(END);
    for forged in [
        rewards::vault_address(&other).0,
        another,
        scene.tokens_of(&scene.stranger()),
        keypair_for("nobody").pubkey(),
    ] {
        let claim = with_account(scene.claim_to_rewards(), 4, forged);
        scene.refuse(&[claim], RewardsError::WrongVault);
    }
    let own = with_account(scene.claim_to_rewards(), 4, scene.vault);
    scene.refuse_with(own, DUPLICATE_MUTABLE);
}

#[test]
fn refuses_another_rewards_program() {
    let mut scene = Scene::to_rewards(terms());
    scene.at(END);
    for forged in [grid_pools::ID, grid_staking::ID, scene.stranger()] {
        scene.refuse_with(with_account(scene.claim_to_rewards(), 6, forged), CONSTRAINT_ADDRESS);
    }
}

#[test]
fn refuses_another_mint_vault_or_clock() {
    let mut scene = Scene::to_rewards(terms());
    let other = scene.world.open_mint("other mint");
    let another = scene.another_emission().1;
    scene.at(END);
    scene.refuse(&[with_account(scene.claim_to_rewards(), 1, other)], PoolsError::WrongMint);
    scene.refuse(&[with_account(scene.claim_to_rewards(), 2, another)], PoolsError::WrongVault);
    scene.refuse_with(with_account(scene.claim_to_rewards(), 5, sysvar::rent::ID), CONSTRAINT_ADDRESS);
}

#[test]
fn another_token_program_moves_nothing() {
    let mut scene = Scene::to_rewards(terms());
    scene.at(END);
    let claim = with_account(scene.claim_to_rewards(), 7, grid_client::token::PROGRAM_2022_ID);
    scene.refuse_with(claim, InstructionError::IncorrectProgramId);
}
