//! The whole life of two stakes, their rewards and an emission, to the atom.

use grid_client::{pools, rewards, staking};
use grid_pools::EmissionTerms;
use grid_tests::{Incentives, incentives::DAY, network::GENESIS, world::TOKENS};
use solana_address::Address;
use solana_signer::Signer;

/// Funds of the emission, atoms.
const FUNDS: u64 = 5_000;

/// What the pool has: weight that earns, and atoms that wait, are shared out and are earned.
#[track_caller]
fn assert_pool(i: &Incentives, weight: u64, waiting: u64, shared: u64, earned: u64) {
    let pool = i.pool();
    assert_eq!(
        (
            pool.total_weight.get(),
            pool.waiting_atoms.get(),
            pool.shared_atoms.get(),
            pool.earned_atoms.get(),
            i.rewards_vault()
        ),
        (weight, waiting, shared, earned, waiting + shared + earned),
        "weight, waiting, shared, earned, vault"
    );
}

/// What a position has: weight that earns and weight that does not yet, and atoms that are earned.
#[track_caller]
fn assert_position(i: &Incentives, stake: &Address, active: u64, pending: u64, earned: u64) {
    let position = i.position(stake);
    let found = (position.active_weight.get(), position.pending_weight.get(), position.earned_atoms.get());
    assert_eq!(found, (active, pending, earned), "active, pending, earned");
}

/// What a stake has: tokens, those withdrawn since, and weight.
#[track_caller]
fn assert_stake(i: &Incentives, stake: &Address, total: u64, withdrawn: u64, weight: u64) {
    let found = i.stake_of(stake);
    assert_eq!(
        (found.total_atoms.get(), found.withdrawn_atoms.get(), found.weight.get()),
        (total, withdrawn, weight),
        "total, withdrawn, weight"
    );
}

#[test]
fn two_stakes_share_rewards_and_an_emission_and_leave_with_everything() {
    let mut i = Incentives::new();
    let (client, node, stranger) =
        (i.world.client.pubkey(), i.world.node.pubkey(), i.world.stranger.pubkey());
    let (authority, mint, pool) = (i.world.authority.pubkey(), i.world.mint, i.pool);
    let (clients, nodes) = (i.tokens_of(&client), i.tokens_of(&node));
    let lamports = [client, node, authority].map(|wallet| i.world.lamports(&wallet));

    let terms = EmissionTerms {
        rate_per_second_atoms: 10,
        starts_at: GENESIS + 2 * DAY,
        ends_at: GENESIS + 2 * DAY + 100,
        is_closeable: false,
        beneficiary_authority: Address::default(),
    };
    let emission = i.open_emission(0, pool, terms);
    let emission_vault = pools::vault_address(&emission).0;
    i.world.land(&[pools::top_up(stranger, i.tokens_of(&stranger), emission, mint, FUNDS)]);

    // Rewards that come before any weight earns wait for the first that does.
    let first = i.stake(client, 0, 1_000);
    let second = i.stake(node, 0, 3_000);
    i.world.land(&[rewards::enter(client, first, pool), rewards::enter(node, second, pool)]);
    assert_stake(&i, &first, 1_000, 0, 1_115);
    assert_stake(&i, &second, 3_000, 0, 3_345);
    assert_position(&i, &first, 0, 1_115, 0);
    assert_position(&i, &second, 0, 3_345, 0);
    i.add(500);
    assert_pool(&i, 0, 500, 0, 0);

    i.world.network.advance(DAY);
    i.world.land(&[rewards::sync(first, pool), rewards::sync(second, pool)]);
    assert_pool(&i, 4_460, 0, 500, 0);
    assert_position(&i, &first, 1_115, 0, 0);
    assert_position(&i, &second, 3_345, 0, 0);
    assert_eq!(i.claim(first), 499);
    assert_pool(&i, 4_460, 0, 1, 0);

    // An atom for each unit of weight; what is added to a stake earns after a day.
    i.add(4_460);
    assert_pool(&i, 4_460, 0, 4_461, 0);
    i.world.land(&[staking::extend(client, first, 100 * 86_400)]);
    assert_stake(&i, &first, 1_000, 0, 1_821);
    i.world.land(&[staking::top_up(client, clients, first, mint, 500)]);
    assert_stake(&i, &first, 1_500, 0, 2_732);
    assert_eq!(i.claim(first), 1_115);
    assert_pool(&i, 4_460, 0, 3_346, 0);
    assert_position(&i, &first, 1_115, 1_617, 0);
    assert_eq!(i.staking_vault(), 4_500);

    // A slashed stake earns by the weight that it kept; the rest is shared out anew.
    i.slash(second, 750);
    assert_stake(&i, &second, 2_250, 0, 2_508);
    assert_eq!((i.staking_vault(), i.world.tokens(&authority)), (3_750, TOKENS + 750));
    assert_eq!(i.claim(second), 2_508);
    assert_pool(&i, 3_623, 0, 838, 0);
    assert_position(&i, &second, 2_508, 0, 0);

    i.world.network.advance(DAY);
    i.world.land(&[rewards::sync(first, pool), rewards::sync(second, pool)]);
    assert_pool(&i, 5_240, 0, 2, 836);
    assert_position(&i, &first, 2_732, 0, 257);
    assert_position(&i, &second, 2_508, 0, 579);

    // The emission pays everything at its end.
    i.world.network.advance(100);
    assert_eq!(i.world.tokens_in(&emission_vault), FUNDS);
    i.world.land(&[pools::claim_to_rewards(emission, mint, pool)]);
    assert_pool(&i, 5_240, 0, 5_002, 836);
    assert_eq!(i.emission(&emission).paid_atoms, FUNDS);
    i.world.land(&[pools::close(authority, emission, mint, i.tokens_of(&authority))]);
    assert!(!i.world.exists(&emission) && !i.world.exists(&emission_vault));

    // A stake that left earns nothing for the time since the last look at it; its share goes to the others.
    i.world.land(&[staking::unstake(node, second), rewards::sync(second, pool)]);
    assert_stake(&i, &second, 2_250, 0, 0);
    assert_position(&i, &second, 0, 0, 579);
    assert_pool(&i, 2_732, 0, 5_002, 836);
    assert_eq!(i.claim(second), 579);
    assert_eq!(i.claim(first), 5_256);
    assert_pool(&i, 2_732, 0, 3, 0);

    i.world.land(&[staking::unstake(client, first)]);
    i.world.land(&[rewards::exit(node, second, pool), rewards::exit(client, first, pool)]);
    assert_pool(&i, 0, 3, 0, 0);

    // Tokens come free evenly: those of the node within 14 days, those of the client within 100.
    i.world.network.advance(7 * DAY);
    i.world.land(&[
        staking::withdraw(node, second, mint, nodes),
        staking::withdraw(client, first, mint, clients),
    ]);
    assert_stake(&i, &second, 2_250, 1_125, 0);
    assert_stake(&i, &first, 1_500, 105, 0);
    assert_eq!(i.staking_vault(), 1_125 + 1_395);
    i.world.network.advance(7 * DAY);
    i.world.land(&[staking::withdraw(node, second, mint, nodes)]);
    assert_eq!(i.staking_vault(), 1_395);
    i.world.network.advance(86 * DAY);
    i.world.land(&[staking::withdraw(client, first, mint, clients)]);
    assert_eq!(i.staking_vault(), 0);
    i.world.network.svm.warp_to_slot(i.stake_of(&first).opened_slot.get() + 1);
    i.world.land(&[staking::close(client, first), staking::close(node, second)]);
    assert!(!i.world.exists(&first) && !i.world.exists(&second));

    assert_eq!(i.world.tokens(&client), TOKENS + 499 + 1_115 + 5_256);
    assert_eq!(i.world.tokens(&node), TOKENS - 750 + 2_508 + 579);
    assert_eq!(i.world.tokens(&authority), TOKENS + 750);
    assert_eq!(i.world.tokens(&stranger), TOKENS - FUNDS - 500 - 4_460);
    assert_eq!((i.staking_vault(), i.rewards_vault()), (0, 3));
    assert_eq!([client, node, authority].map(|wallet| i.world.lamports(&wallet)), lamports);
}
