//! `collect_fees` with shares: stakers by the real rewards program, burning, the treasury; and `set_stake_mint`.

use grid_client::{address, instruction, rewards, token};
use grid_jobs::{GridError, MarketTerms};
use grid_rewards::RewardsError;
use grid_tests::{Incentives, TERMS, World, assert_event, assert_ledger, expect_error, keypair_for};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

fn treasury() -> Address {
    keypair_for("treasury").pubkey()
}

/// A market with these shares that is owed 150 atoms; the pool of its mint exists, and the config names its stakes.
fn owed(stakers_bps: u16, burn_bps: u16) -> Incentives {
    owed_in(Incentives::new(), stakers_bps, burn_bps)
}

fn owed_in(mut i: Incentives, stakers_bps: u16, burn_bps: u16) -> Incentives {
    let (admin, mint) = (i.world.authority.pubkey(), i.world.mint);
    let terms = MarketTerms { stakers_bps, burn_bps, ..TERMS };
    i.world.give_tokens(&mint, &treasury(), 0);
    i.world.land(&[
        instruction::update_config(admin, admin, treasury()),
        instruction::set_stake_mint(admin, mint),
        instruction::update_market(admin, i.world.market, terms),
    ]);
    i.world.open_project();
    i.world.open_device(0);
    let job = i.world.run_job(1);
    i.world.network.advance(60);
    i.world.finish(i.world.device, job);
    assert_eq!(i.world.market().header.fees_owed_atoms, 150);
    i
}

fn collect(world: &World) -> Instruction {
    instruction::collect_fees(world.market, world.mint, treasury(), world.mint)
}

fn supply(world: &World) -> u64 {
    u64::from_le_bytes(world.raw(&world.mint).data[36..44].try_into().expect("8 bytes"))
}

#[test]
fn pays_stakers_burns_and_pays_the_treasury_to_the_atom() {
    let mut i = owed(5_000, 2_500);
    let (vault, supply_before) = (i.world.vault_tokens(), supply(&i.world));

    let landed = i.world.land(&[collect(&i.world)]);

    // 150 atoms: half, a quarter rounded down, and the rest.
    assert_eq!((i.pool().waiting_atoms, i.rewards_vault()), (75.into(), 75));
    assert_eq!(supply(&i.world), supply_before - 37);
    assert_eq!(i.world.tokens(&treasury()), 38);
    assert_eq!(i.world.vault_tokens(), vault - 150);
    let market = i.world.market().header;
    assert_eq!((market.fees_owed_atoms, market.treasury_owed_atoms), (0.into(), 0.into()));
    let events = grid_client::event::events_in(&landed.logs);
    let [grid_client::event::Event::RewardsAdded(added), grid_client::event::Event::FeesCollected(event)] =
        events[..]
    else {
        panic!("two events")
    };
    assert_eq!((added.pool, added.amount_atoms), (i.pool, 75.into()));
    assert_eq!((event.market, event.destination), (i.world.market, i.tokens_of(&treasury())));
    assert_eq!((event.stakers_atoms, event.burnt_atoms), (75.into(), 37.into()));
    assert_eq!((event.treasury_atoms, event.treasury_owed_after_atoms), (38.into(), 0.into()));
    assert_ledger(&i.world, 0);
    i.world.refuse(&[collect(&i.world)], GridError::NoFees);
}

#[test]
fn a_staker_earns_the_fees_of_the_market() {
    let mut i = owed(10_000, 0);
    let stake = i.stake_actively(i.world.client.pubkey(), 0, 1 << 32);
    i.world.land(&[collect(&i.world)]);
    // Shared out by a power of two times the weight, with a fraction that is lost.
    assert_eq!(i.claim(stake), 149);
    assert_eq!((i.rewards_vault(), i.pool().shared_atoms), (1, 1.into()));
    assert_ledger(&i.world, 0);
}

#[test]
fn fees_that_arrive_before_the_first_staker_wait_for_it() {
    let mut i = owed(10_000, 0);
    i.world.land(&[collect(&i.world)]);
    let stake = i.stake_actively(i.world.client.pubkey(), 0, 1_000);
    assert_eq!(i.claim(stake), 149);
}

#[test]
fn everything_can_be_burnt() {
    let mut i = owed(0, 10_000);
    let before = supply(&i.world);
    i.world.land(&[collect(&i.world)]);
    assert_eq!((supply(&i.world), i.world.tokens(&treasury())), (before - 150, 0));
    assert_ledger(&i.world, 0);
}

#[test]
fn the_treasury_gets_the_stakers_share_where_there_is_no_pool() {
    let mut i = owed_in(Incentives::without_pool(), 6_000, 1_000);
    i.world.land(&[collect(&i.world)]);
    assert_eq!(i.world.tokens(&treasury()), 135);
    assert_ledger(&i.world, 0);
}

#[test]
fn the_treasury_gets_the_stakers_share_when_no_stakes_are_configured() {
    let mut i = owed(10_000, 0);
    let admin = i.world.authority.pubkey();
    i.world.land(&[instruction::set_stake_mint(admin, Address::default())]);
    i.world.refuse(&[collect(&i.world)], GridError::WrongRewardPool);
    let none = Address::default();
    let collect = instruction::collect_fees(i.world.market, i.world.mint, treasury(), none);
    i.world.land(&[collect]);
    assert_eq!((i.world.tokens(&treasury()), i.rewards_vault()), (150, 0));
}

#[test]
fn lamports_at_the_pools_address_are_no_pool() {
    let mut i = owed_in(Incentives::without_pool(), 10_000, 0);
    i.world.network.fund(&i.pool);
    i.world.land(&[collect(&i.world)]);
    assert_eq!(i.world.tokens(&treasury()), 150);
}

#[test]
fn a_frozen_treasury_holds_up_neither_stakers_nor_burning() {
    let mut i = owed(5_000, 2_500);
    let account = i.tokens_of(&treasury());
    let thawed = i.world.raw(&account);
    let mut frozen = thawed.clone();
    frozen.data[108] = 2; // Frozen
    i.world.network.set(account, frozen);
    i.world.land(&[collect(&i.world)]);
    assert_eq!((i.rewards_vault(), i.world.market().header.treasury_owed_atoms), (75, 38.into()));
    i.world.refuse(&[collect(&i.world)], GridError::TreasuryNotPayable);
    let authority = i.world.authority.pubkey();
    let close = instruction::close_market(authority, i.world.market);
    i.world.refuse(&[close], GridError::MarketNotEmpty);

    // New fees are shared by themselves; what the treasury was owed is not shared again.
    let job = i.world.run_job(2);
    i.world.network.advance(60);
    i.world.finish(i.world.device, job);
    i.world.network.set(account, thawed);
    i.world.land(&[collect(&i.world)]);
    assert_eq!((i.rewards_vault(), i.world.tokens(&treasury())), (150, 76));
    assert_eq!(i.world.market().header.treasury_owed_atoms, 0);
    assert_ledger(&i.world, 0);
}

#[test]
fn refuses_another_pool() {
    let mut i = owed(10_000, 0);
    let (mint, stranger) = (i.world.mint, i.world.stranger.pubkey());
    let other_mint = i.world.create_mint("other mint");
    i.world.land(&[rewards::open_pool(stranger, &mint, other_mint)]);
    for fake in [
        rewards::pool_address(&mint, &other_mint).0,
        rewards::pool_address(&other_mint, &mint).0,
        rewards::vault_address(&i.pool).0,
        stranger,
    ] {
        let mut collect = collect(&i.world);
        collect.accounts[4].pubkey = fake;
        if fake == rewards::vault_address(&i.pool).0 {
            collect.accounts[5].pubkey = i.pool;
        }
        i.world.refuse(&[collect], GridError::WrongRewardPool);
    }
}

#[test]
fn refuses_another_vault_of_the_pool() {
    let mut i = owed(10_000, 0);
    let (mint, stranger) = (i.world.mint, i.world.stranger.pubkey());
    for fake in
        [address::token_account(&stranger, mint), address::token_account(&i.world.node.pubkey(), mint)]
    {
        let mut collect = collect(&i.world);
        collect.accounts[5].pubkey = fake;
        expect_error(i.world.attempt(&[collect], &[]), RewardsError::WrongVault);
    }
    assert_eq!(i.world.market().header.fees_owed_atoms, 150);
}

#[test]
fn refuses_another_program_in_the_place_of_rewards() {
    let mut i = owed(10_000, 0);
    for fake in [token::PROGRAM_ID, grid_jobs::ID, grid_staking::ID] {
        let mut collect = collect(&i.world);
        collect.accounts[7].pubkey = fake;
        // ConstraintAddress of Anchor.
        i.world.refuse_with(&[collect], solana_instruction::error::InstructionError::Custom(2012));
    }
}

#[test]
fn the_admin_names_the_stakes() {
    let mut world = World::new();
    let (admin, mint) = (world.authority.pubkey(), world.mint);
    let before = world.config();
    let landed = world.land(&[instruction::set_stake_mint(admin, mint)]);
    assert_eq!(world.config(), grid_jobs::Config { stake_mint: mint, ..before });
    assert_event!(landed, StakeMintChanged { stake_mint: mint });
    for other in [world.stranger.pubkey(), world.client.pubkey(), world.node.pubkey()] {
        world.refuse(&[instruction::set_stake_mint(other, mint)], GridError::NotAdmin);
    }
}
