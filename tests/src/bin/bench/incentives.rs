//! Staking, rewards and emission pools: what is measured. Nothing of it depends on how many others stake.

use crate::{cases::take, figures::Figures};
use grid_client::{pools, rewards, staking};
use grid_pools::EmissionTerms;
use grid_staking::{Role, SlashReason};
use grid_tests::{
    Incentives,
    incentives::{DAY, DURATION, SLASH_CAP_BPS, SLASH_EPOCH},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Atoms of the stakes, and of what is brought and topped up.
const AMOUNT: u64 = 1_000_000;

/// Measures every instruction of the three programs.
pub fn measure(figures: &mut Figures) {
    settings_and_pools(figures);
    stakes(figures);
    positions(figures);
    emissions(figures);
}

fn at(figures: &mut Figures, i: &Incentives, name: &str, instruction: Instruction, signer: &Keypair) {
    take(figures, &i.world, name, 0, instruction, signer);
}

fn settings_and_pools(figures: &mut Figures) {
    let mut i = Incentives::without_pool();
    let (authority, client) = (i.world.authority.insecure_clone(), i.world.client.insecure_clone());
    let (key, mint) = (authority.pubkey(), i.world.mint);
    let other = i.world.create_mint("second mint");
    i.world.give_tokens(&other, &key, AMOUNT);
    let destination = grid_client::address::token_account(&key, other);
    let open = staking::open_settings(key, other, destination, SLASH_CAP_BPS, SLASH_EPOCH);
    at(figures, &i, "staking.open_settings", open, &authority);
    let update = staking::update_settings(key, &mint, i.slash_destination, SLASH_CAP_BPS, SLASH_EPOCH);
    at(figures, &i, "staking.update_settings", update, &authority);
    let propose = staking::propose_role(key, &mint, Role::Slasher, client.pubkey());
    at(figures, &i, "staking.propose_role", propose.clone(), &authority);
    i.world.land(&[propose]);
    at(
        figures,
        &i,
        "staking.accept_role",
        staking::accept_role(client.pubkey(), &mint, Role::Slasher),
        &client,
    );
    at(figures, &i, "rewards.open_pool", rewards::open_pool(key, &mint, mint), &authority);
}

fn stakes(figures: &mut Figures) {
    let mut i = Incentives::new();
    let (owner, slasher) = (i.world.client.insecure_clone(), i.world.authority.insecure_clone());
    let (key, mint) = (owner.pubkey(), i.world.mint);
    let tokens = i.tokens_of(&key);
    at(figures, &i, "staking.stake", staking::stake(key, tokens, mint, 0, AMOUNT, DURATION), &owner);
    let stake = i.stake(key, 0, AMOUNT);
    at(figures, &i, "staking.top_up", staking::top_up(key, tokens, stake, mint, AMOUNT), &owner);
    at(figures, &i, "staking.extend", staking::extend(key, stake, DURATION + 1), &owner);
    at(figures, &i, "staking.unstake", staking::unstake(key, stake), &owner);
    let slash = |amount| {
        let (destination, reason) = (i.slash_destination, SlashReason::WrongResult);
        staking::slash(slasher.pubkey(), stake, mint, destination, amount, reason, [7; 32])
    };
    let (slash, everything) = (slash(AMOUNT / 10), staking::withdraw(key, stake, mint, tokens));
    at(figures, &i, "staking.slash (staked)", slash.clone(), &slasher);
    i.world.land(&[staking::unstake(key, stake)]);
    at(figures, &i, "staking.restake", staking::restake(key, stake), &owner);
    i.world.network.advance(DAY);
    at(figures, &i, "staking.slash (unstaking)", slash, &slasher);
    at(figures, &i, "staking.withdraw", everything.clone(), &owner);
    i.world.network.advance(DURATION.into());
    i.world.land(&[everything]);
    i.world.network.svm.warp_to_slot(1_000);
    at(figures, &i, "staking.close", staking::close(key, stake), &owner);
}

fn positions(figures: &mut Figures) {
    let mut i = Incentives::new();
    let (owner, payer) = (i.world.client.insecure_clone(), i.world.stranger.insecure_clone());
    let (key, mint, pool) = (owner.pubkey(), i.world.mint, i.pool);
    let tokens = i.tokens_of(&key);
    let add = rewards::add(payer.pubkey(), i.tokens_of(&payer.pubkey()), pool, mint, AMOUNT);
    let stake = i.stake(key, 0, AMOUNT);
    at(figures, &i, "rewards.enter", rewards::enter(key, stake, pool), &owner);
    at(figures, &i, "rewards.add (no weight)", add.clone(), &payer);
    i.world.land(&[rewards::enter(key, stake, pool)]);
    i.world.network.advance(DAY);
    at(figures, &i, "rewards.sync (activates)", rewards::sync(stake, pool), &payer);
    i.world.land(&[rewards::sync(stake, pool)]);
    at(figures, &i, "rewards.sync (nothing new)", rewards::sync(stake, pool), &payer);
    at(figures, &i, "rewards.exit", rewards::exit(key, stake, pool), &owner);
    at(figures, &i, "rewards.add", add, &payer);
    i.add(AMOUNT);
    at(figures, &i, "rewards.sync (earned)", rewards::sync(stake, pool), &payer);
    at(figures, &i, "rewards.claim", rewards::claim(key, stake, pool, mint, tokens), &owner);
    i.slash(stake, AMOUNT / 10);
    at(figures, &i, "rewards.sync (forfeits)", rewards::sync(stake, pool), &payer);
}

fn emissions(figures: &mut Figures) {
    let mut i = Incentives::new();
    let (authority, payer) = (i.world.authority.insecure_clone(), i.world.stranger.insecure_clone());
    let (key, mint, pool) = (authority.pubkey(), i.world.mint, i.pool);
    let (tokens, source) = (i.tokens_of(&key), i.tokens_of(&payer.pubkey()));
    let terms = EmissionTerms {
        rate_per_second_atoms: 10,
        starts_at: i.world.network.time(),
        ends_at: 0,
        is_closeable: true,
        beneficiary_authority: key,
    };
    at(figures, &i, "pools.open", pools::open(key, mint, 0, tokens, terms), &authority);
    let (direct, shared) = (i.open_emission(0, tokens, terms), i.open_emission(1, pool, terms));
    let top_up = |emission| pools::top_up(payer.pubkey(), source, emission, mint, AMOUNT);
    at(figures, &i, "pools.top_up", top_up(direct), &payer);
    i.world.land(&[top_up(direct), top_up(shared)]);
    i.world.network.advance(60);
    at(figures, &i, "pools.claim", pools::claim(direct, mint, tokens), &payer);
    at(figures, &i, "pools.claim_to_rewards", pools::claim_to_rewards(shared, mint, pool), &payer);
    at(figures, &i, "pools.set_beneficiary", pools::set_beneficiary(key, direct, pool, key), &authority);
    at(figures, &i, "pools.close (something is due)", pools::close(key, direct, mint, tokens), &authority);
    i.world.land(&[pools::claim(direct, mint, tokens)]);
    at(figures, &i, "pools.close", pools::close(key, direct, mint, tokens), &authority);
}
