//! The whole life of a stake and its rewards.

use grid_client::{pools, rewards, staking};
use grid_pools::EmissionTerms;
use grid_tests::{Incentives, incentives::DAY};
use solana_address::Address;
use solana_signer::Signer;

#[test]
fn a_stake_earns_and_leaves_with_everything() {
    let mut i = Incentives::new();
    let (client, mint) = (i.world.client.pubkey(), i.world.mint);
    let tokens = i.tokens_of(&client);
    let before = i.world.tokens_in(&tokens);
    let stake = i.stake_actively(client, 0, 1_000);
    i.add(500);
    println!("{:?}", i.pool());
    assert_eq!(i.claim(stake), 499);
    let landed = i.world.land(&[staking::extend(client, stake, 100 * 86_400)]);
    println!("extend {}", landed.compute_units_consumed);
    let landed = i.world.land(&[staking::top_up(client, tokens, stake, mint, 500)]);
    println!("top_up {}", landed.compute_units_consumed);
    let landed = i.world.land(&[rewards::sync(stake, i.pool)]);
    println!("sync {}", landed.compute_units_consumed);
    println!("add {}", i.add(1_000).compute_units_consumed);
    println!("slash {}", i.slash(stake, 100).compute_units_consumed);
    let landed = i.world.land(&[staking::unstake(client, stake)]);
    println!("unstake {}", landed.compute_units_consumed);
    i.world.network.advance(20 * DAY);
    let landed = i.world.land(&[staking::withdraw(client, stake, mint, tokens)]);
    println!("withdraw {}", landed.compute_units_consumed);
    i.world.network.advance(200 * DAY);
    i.world.land(&[staking::withdraw(client, stake, mint, tokens)]);
    i.world.network.svm.warp_to_slot(1_000);
    i.world.land(&[staking::close(client, stake)]);
    i.world.land(&[rewards::sync(stake, i.pool), rewards::exit(client, stake, i.pool)]);
    assert_eq!(i.staking_vault(), 0);
    println!("{:?} {}", i.pool(), i.world.tokens_in(&tokens) - before);

    let terms = EmissionTerms {
        rate_per_second_atoms: 10,
        starts_at: i.world.network.time(),
        ends_at: 0,
        is_closeable: true,
        beneficiary_authority: Address::default(),
    };
    let emission = i.open_emission(0, i.pool, terms);
    let stranger = i.world.stranger.pubkey();
    i.world.land(&[pools::top_up(stranger, i.tokens_of(&stranger), emission, mint, 10_000)]);
    i.world.network.advance(100);
    let landed = i.world.land(&[pools::claim_to_rewards(emission, mint, i.pool)]);
    println!("claim_to_rewards {}", landed.compute_units_consumed);
    let emission = i.open_emission(1, tokens, terms);
    i.world.land(&[pools::top_up(stranger, i.tokens_of(&stranger), emission, mint, 10_000)]);
    let landed = i.world.land(&[pools::claim(emission, mint, tokens)]);
    println!("pool claim {}", landed.compute_units_consumed);
    let authority = i.world.authority.pubkey();
    i.world.land(&[pools::close(authority, emission, mint, tokens)]);
    assert!(i.world.network.find(&emission).is_none());
}
