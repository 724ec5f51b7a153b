//! What `work_gated` and `start_gated` take and refuse as a stake.

use crate::support::*;
use grid_client::{address, instruction::Evidence, staking};
use grid_jobs::{AdmissionTerms, GridError};
use grid_staking::Stake;
use grid_tests::{
    incentives::{DURATION, SLASH_CAP_BPS, SLASH_EPOCH},
    keypair_for,
};
use solana_address::Address;
use solana_signer::Signer;

fn shows(stake: Address) -> impl Fn(&mut Gate) -> Evidence {
    move |gate| Evidence { stake: Some(stake), ..gate.evidence(gate.first) }
}

#[test]
fn is_needed() {
    let gate = Gate::new(Source::Issued);
    gate.refuses(GridError::WrongStake, |gate| Evidence { stake: None, ..gate.evidence(gate.first) });
}

#[test]
fn of_another_owner_is_the_wrong_one() {
    let gate = Gate::new(Source::Issued);
    gate.refuses(GridError::WrongStake, shows(gate.stake_address(gate.second)));
}

#[test]
fn of_another_mint_is_the_wrong_one() {
    let mut gate = Gate::new(Source::Issued);
    let world = &mut gate.nodes.world;
    let (mint, authority, node) =
        (world.open_mint("other mint"), world.authority.pubkey(), world.node.pubkey());
    world.give_tokens(&mint, &authority, 1);
    let destination = address::token_account(&authority, mint);
    let source = address::token_account(&node, mint);
    world.land(&[staking::open_settings(authority, mint, destination, SLASH_CAP_BPS, SLASH_EPOCH)]);
    world.land(&[staking::stake(node, source, mint, 0, 1_000 * STAKE, DURATION)]);
    gate.refuses(GridError::WrongStake, shows(staking::stake_address(&mint, &node, 0).0));
}

#[test]
fn weighs_as_much_as_the_market_asks_for_and_no_atom_less() {
    let gate = Gate::new(Source::Issued);
    for (weight, least, is_fine) in [
        (0, 1, false),
        (1, 1, true),
        (255, 256, false),
        (256, 255, true),
        (256, 256, true),
        (65_535, 65_536, false),
        (65_536, 65_535, true),
        (u64::MAX - 1, u64::MAX, false),
        (u64::MAX, u64::MAX, true),
        (1 << 56, 255, true),
        (255, 1 << 56, false),
    ] {
        let set = |gate: &mut Gate| {
            let stake = gate.stake_address(gate.first);
            let terms = AdmissionTerms { min_stake_weight: least, ..gate.terms() };
            gate.nodes.set_admission(terms);
            gate.nodes.world.edit::<Stake>(stake, |stake| stake.weight = weight.into());
            gate.evidence(gate.first)
        };
        match is_fine {
            true => gate.takes(set),
            false => gate.refuses(GridError::StakeTooLight, set),
        }
    }
}

#[test]
fn a_stake_of_one_atom_less_is_too_light() {
    let mut gate = Gate::new(Source::Issued);
    let world = &mut gate.nodes.world;
    let (node, mint) = (world.node.pubkey(), world.mint);
    let source = address::token_account(&node, mint);
    for (id, atoms) in [(1, STAKE - 1), (2, STAKE)] {
        world.land(&[staking::stake(node, source, mint, id, atoms, DURATION)]);
    }
    let [light, enough] = [1, 2].map(|id| staking::stake_address(&mint, &node, id).0);
    gate.refuses(GridError::StakeTooLight, shows(light));
    gate.takes(shows(enough));
}

#[test]
fn two_light_stakes_do_not_add_up() {
    let mut gate = Gate::new(Source::Issued);
    let world = &mut gate.nodes.world;
    let (node, mint) = (world.node.pubkey(), world.mint);
    let source = address::token_account(&node, mint);
    for id in [1, 2] {
        world.land(&[staking::stake(node, source, mint, id, STAKE / 2 + 1, DURATION)]);
    }
    for id in [1, 2] {
        let stake = staking::stake_address(&mint, &node, id).0;
        gate.refuses(GridError::StakeTooLight, shows(stake));
    }
}

#[test]
fn forged_is_the_wrong_one() {
    let gate = Gate::new(Source::Issued);
    for owner in [grid_jobs::ID, grid_nodes::ID, grid_rewards::ID, solana_sdk_ids::system_program::ID] {
        gate.refuses(GridError::WrongStake, |gate| {
            let stake = gate.stake_address(gate.first);
            let forged = forge(&mut gate.nodes.world, &stake, owner);
            Evidence { stake: Some(forged), ..gate.evidence(gate.first) }
        });
        gate.refuses_after(GridError::WrongStake, |gate| {
            let stake = gate.stake_address(gate.first);
            disown(&mut gate.nodes.world, stake, owner);
        });
    }
}

#[test]
fn other_accounts_are_no_stakes() {
    let gate = Gate::new(Source::Issued);
    let world = &gate.nodes.world;
    let settings = staking::settings_address(&world.mint).0;
    let vault = staking::vault_address(&world.mint).0;
    let nobody = keypair_for("nobody").pubkey();
    for account in [settings, vault, gate.second.device, world.mint, gate.first.node, nobody] {
        gate.refuses(GridError::WrongStake, shows(account));
    }
}

#[test]
fn one_stake_serves_all_devices_of_its_owner() {
    let mut gate = Gate::new(Source::Issued);
    let device = gate.nodes.world.open_device(1);
    let again = Party { device, ..gate.first };
    let steps = [gate.admit(again), gate.work(gate.first), gate.work(again)];
    gate.nodes.world.land(&steps);
    for (id, party) in [(1, gate.first), (2, again)] {
        let job = gate.nodes.world.list(id);
        gate.run_and_pay(party, job);
    }
}
