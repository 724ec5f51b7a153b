//! `update_market`

use grid_client::{
    address,
    instruction::{self, Spender},
};
use grid_jobs::{GridError, Job, JobState, Market, MarketTerms, Penalties};
use grid_tests::{
    TERMS, World, assert_event, assert_ledger,
    world::{BOND, DEPOSIT},
};
use solana_instruction::Instruction;
use solana_signer::Signer;

/// Terms of which none is the one of the world's market.
const OTHER: MarketTerms = MarketTerms {
    price_per_second_atoms: 7,
    bond_atoms: 9_000,
    expiry_reward_atoms: 2_000,
    compensation_atoms: 4_000,
    fee_bps: 333,
    stakers_bps: 6_000,
    burn_bps: 4_000,
    max_attempts: 5,
    max_strikes: 2,
    min_timeout_seconds: 20,
    max_timeout_seconds: 900,
    start_window_seconds: 90,
    heartbeat_limit_seconds: 45,
    finish_grace_seconds: 4_000,
    retention_seconds: 5,
};

fn update(world: &World, terms: MarketTerms) -> Instruction {
    instruction::update_market(world.authority.pubkey(), world.market, terms)
}

#[test]
fn sets_every_term_and_nothing_else() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    world.list(2);
    let (market, lamports) = (world.market(), world.lamports(&world.market));
    let (project, device, vault) =
        (world.raw(&world.project), world.raw(&world.device), world.vault_tokens());

    let landed = world.land(&[update(&world, OTHER)]);

    let penalties = Penalties { expiry_reward_atoms: 2_000.into(), compensation_atoms: 4_000.into() };
    assert_eq!(
        world.market().header,
        Market {
            price_per_second_atoms: 7.into(),
            bond_atoms: 9_000.into(),
            penalties,
            fee_bps: 333.into(),
            stakers_bps: 6_000.into(),
            burn_bps: 4_000.into(),
            max_attempts: 5,
            max_strikes: 2.into(),
            min_timeout_seconds: 20.into(),
            max_timeout_seconds: 900.into(),
            start_window_seconds: 90.into(),
            heartbeat_limit_seconds: 45.into(),
            finish_grace_seconds: 4_000.into(),
            retention_seconds: 5.into(),
            ..market.header
        }
    );
    assert_eq!((world.market().slots, world.lamports(&world.market)), (market.slots, lamports));
    assert_eq!((world.raw(&world.project), world.raw(&world.device)), (project, device));
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(
        landed,
        MarketUpdated {
            market: world.market,
            price_per_second_atoms: 7,
            bond_atoms: 9_000,
            penalties: penalties,
            fee_bps: 333,
            stakers_bps: 6_000,
            burn_bps: 4_000,
            max_strikes: 2,
            max_attempts: 5u8,
            padding: [0; 3],
            min_timeout_seconds: 20,
            max_timeout_seconds: 900,
            start_window_seconds: 90,
            heartbeat_limit_seconds: 45,
            finish_grace_seconds: 4_000,
            retention_seconds: 5,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn a_listed_job_keeps_its_terms_to_its_end() {
    let mut world = World::new();
    let job = world.list(1);
    let listed = world.job(&job);
    world.work(world.device);
    world.land(&[update(&world, OTHER)]);
    assert_eq!(world.job(&job), listed);
    let decline = instruction::decline(world.node.pubkey(), world.run_of(world.device, job));
    world.land(&[decline]);
    assert_eq!(world.job(&job), Job { attempts: 1, ..listed }, "even when it queues again");

    let source = address::token_account(&world.node.pubkey(), world.mint);
    let node = world.node.pubkey();
    world.land(&[instruction::fund_bond(node, source, world.device, world.mint, 4_000)]);
    world.work(world.device);
    world.start(world.device, job);
    let owner = Spender::Owner(world.client.pubkey());
    world.land(&[instruction::extend(owner, world.project, job, 7_200)]);
    world.network.advance(10);
    world.finish(world.device, job);
    assert_eq!(world.device(&world.device).earnings_atoms, 1_000);
    assert_eq!(world.market().header.fees_owed_atoms, 25);
    assert_eq!(world.project().balance, DEPOSIT - 1_025);
    assert_ledger(&world, 0);
}

#[test]
fn the_next_job_gets_the_new_terms() {
    let mut world = World::new();
    let old = world.list(1);
    world.land(&[update(&world, OTHER)]);
    let (new, old) = (world.list(2), world.job(&old));
    assert_eq!(
        world.job(&new),
        Job {
            bump: address::job(&world.project, 2).1,
            id: 2.into(),
            slot: 1.into(),
            price_per_second_atoms: 7.into(),
            escrow_atoms: 4_340.into(),
            fee_bps: 333.into(),
            max_attempts: 5,
            max_timeout_seconds: 900.into(),
            start_window_seconds: 90.into(),
            heartbeat_limit_seconds: 45.into(),
            finish_grace_seconds: 4_000.into(),
            retention_seconds: 5.into(),
            ..old
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn a_queued_device_keeps_the_penalties_and_the_bond_that_it_offered_itself_at() {
    let mut world = World::new();
    world.work(world.device);
    world.land(&[update(&world, OTHER)]);
    let job = world.list(1);
    assert_eq!(world.job(&job).device, world.device, "its bond is below the new one");
    world.network.advance(91);
    let (project, run) = (world.project(), world.run_of(world.device, job));
    world.land(&[instruction::expire_assignment(run, None)]);
    assert_eq!(world.device(&world.device).bond_atoms, BOND - 1_000);
    assert_eq!(world.project().balance, project.balance.get() + 1_000);
    assert_ledger(&world, 0);
}

#[test]
fn a_running_device_keeps_the_penalties_that_it_offered_itself_at() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.land(&[update(&world, OTHER)]);
    world.network.advance(121);
    let (project, run) = (world.project(), world.run_of(world.device, job));
    world.land(&[instruction::expire_run(run, None)]);
    assert!(world.job(&job).is(JobState::Queued));
    assert_eq!(world.device(&world.device).bond_atoms, BOND - 4_000);
    assert_eq!(world.project().balance, project.balance.get() + 4_000);
    assert_ledger(&world, 0);
}

#[test]
fn an_idle_device_meets_the_new_terms_when_it_offers_itself() {
    let mut world = World::new();
    let (node, device, market) = (world.node.pubkey(), world.device, world.market);
    world.land(&[update(&world, OTHER)]);
    world.refuse(&[instruction::work(node, device, market, 0)], GridError::InsufficientBond);
    let source = address::token_account(&node, world.mint);
    world.land(&[instruction::fund_bond(node, source, device, world.mint, 9_000 - BOND)]);
    world.refuse(&[instruction::work(node, device, market, 8)], GridError::PriceBelowMinimum);
    world.land(&[instruction::work(node, device, market, 7)]);
}

#[test]
fn the_last_terms_count() {
    let mut world = World::new();
    let before = world.market();
    world.land(&[update(&world, OTHER), update(&world, TERMS)]);
    assert_eq!(world.market(), before);
}

#[test]
fn refuses_terms_out_of_range_by_name() {
    type Change = fn(&mut MarketTerms);
    let absurd: [(Change, GridError); 17] = [
        (|t| t.price_per_second_atoms = 0, GridError::PriceOutOfRange),
        (|t| t.price_per_second_atoms = 1_000_000_000_001, GridError::PriceOutOfRange),
        (|t| t.bond_atoms = 3_999, GridError::PenaltiesAboveBond),
        (|t| t.expiry_reward_atoms = 2_001, GridError::PenaltiesAboveBond),
        (|t| t.compensation_atoms = u64::MAX, GridError::PenaltiesAboveBond),
        (|t| t.fee_bps = 3_001, GridError::FeeOutOfRange),
        (|t| (t.stakers_bps, t.burn_bps) = (10_000, 1), GridError::FeeSharesOutOfRange),
        (|t| t.burn_bps = u16::MAX, GridError::FeeSharesOutOfRange),
        (|t| t.max_strikes = 0, GridError::StrikesOutOfRange),
        (|t| t.max_attempts = 0, GridError::AttemptsOutOfRange),
        (|t| t.max_attempts = 17, GridError::AttemptsOutOfRange),
        (|t| t.min_timeout_seconds = 7_201, GridError::TimeoutBoundsOutOfRange),
        (|t| t.max_timeout_seconds = 2_592_001, GridError::TimeoutBoundsOutOfRange),
        (|t| t.start_window_seconds = 29, GridError::StartWindowOutOfRange),
        (|t| t.heartbeat_limit_seconds = 86_401, GridError::HeartbeatLimitOutOfRange),
        (|t| t.finish_grace_seconds = 3_599, GridError::FinishGraceOutOfRange),
        (|t| t.retention_seconds = 7_776_001, GridError::RetentionOutOfRange),
    ];
    let mut world = World::new();
    for (change, error) in absurd {
        let mut terms = TERMS;
        change(&mut terms);
        world.refuse(&[update(&world, terms)], error);
    }
}

#[test]
fn refuses_who_is_not_the_markets_authority() {
    let mut world = World::new();
    let stranger = world.stranger.pubkey();
    world.land(&[instruction::open_market(stranger, world.mint, 0, TERMS)]);
    for other in [stranger, world.client.pubkey(), world.node.pubkey()] {
        let update = instruction::update_market(other, world.market, OTHER);
        world.refuse(&[update], GridError::NotMarketAuthority);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[update(&world, OTHER)]);
}
