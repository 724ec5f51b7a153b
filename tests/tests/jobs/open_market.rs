//! `open_market`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Market, MarketTerms, NO_SLOT, Penalties, QueueLinks, QueueSlot};
use grid_tests::{TERMS, World, assert_event, assert_ledger, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// A world with config and vault, and no market.
fn without_market() -> World {
    let mut world = World::bare();
    world.initialize_config();
    world.open_vault();
    world
}

/// Anyone opens a market.
fn open(world: &World, id: u64, terms: MarketTerms) -> Instruction {
    instruction::open_market(world.stranger.pubkey(), world.mint, id, terms)
}

#[test]
fn opens_a_market_with_an_empty_queue() {
    let mut world = without_market();
    let stranger = world.stranger.pubkey();
    let (market, bump) = address::market(&stranger, 77);
    let lamports = world.lamports(&stranger);

    let landed = world.land(&[open(&world, 77, TERMS)]);

    let account = world.raw(&market);
    assert_eq!((account.owner, account.data.len()), (grid_jobs::ID, 10_240));
    assert_eq!(account.lamports, world.rent(10_240));
    assert_eq!(world.lamports(&stranger), lamports - world.rent(10_240));
    let found = world.market_at(&market);
    assert_eq!(
        found.header,
        Market {
            version: 1,
            bump,
            max_attempts: 3,
            padding: 0,
            fee_bps: 250.into(),
            queue: QueueLinks {
                head: NO_SLOT.into(),
                tail: NO_SLOT.into(),
                free: 0.into(),
                waiting: 0.into(),
                kind: 0,
                padding: 0,
            },
            id: 77.into(),
            authority: stranger,
            pending_authority: Address::default(),
            mint: world.mint,
            price_per_second_atoms: 100.into(),
            bond_atoms: 5_000.into(),
            fees_owed_atoms: 0.into(),
            active_jobs: 0.into(),
            max_strikes: 10.into(),
            padding2: [0; 2],
            min_timeout_seconds: 10.into(),
            max_timeout_seconds: 7_200.into(),
            start_window_seconds: 60.into(),
            heartbeat_limit_seconds: 120.into(),
            finish_grace_seconds: 3_600.into(),
            retention_seconds: 86_400.into(),
            entries_paused_until: 0.into(),
            penalties: Penalties { expiry_reward_atoms: 1_000.into(), compensation_atoms: 3_000.into() },
            stakers_bps: 0.into(),
            burn_bps: 0.into(),
            padding3: [0; 4],
            treasury_owed_atoms: 0.into(),
            admission: (&grid_jobs::AdmissionTerms::OPEN).into(),
            reserved: [0; 72],
        }
    );
    let free = |index: u16| QueueSlot {
        address: Address::default(),
        previous: NO_SLOT.into(),
        next: if index < 272 { index + 1 } else { NO_SLOT }.into(),
    };
    assert_eq!(found.slots, (0..273).map(free).collect::<Vec<_>>());
    assert_event!(
        landed,
        MarketOpened {
            market: market,
            authority: stranger,
            mint: world.mint,
            price_per_second_atoms: 100,
            capacity: 273,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn an_authority_has_many_markets() {
    let mut world = without_market();
    for id in [0, 1, u64::from(u32::MAX), u64::MAX] {
        world.land(&[open(&world, id, TERMS)]);
        let market = address::market(&world.stranger.pubkey(), id).0;
        assert_eq!(world.market_at(&market).header.id, id);
    }
    assert_ledger(&world, 0);
}

/// One term at its bounds: values that are in range and values that are not.
fn bounds<T: Copy>(change: fn(&mut MarketTerms, T), within: &[T], out: &[T], error: fn() -> GridError) {
    let world = without_market();
    for value in within {
        let mut terms = TERMS;
        change(&mut terms, *value);
        world.clone().land(&[open(&world, 0, terms)]);
    }
    for value in out {
        let mut terms = TERMS;
        change(&mut terms, *value);
        world.clone().refuse(&[open(&world, 0, terms)], error());
    }
}

#[test]
fn refuses_a_price_out_of_range() {
    bounds(
        |t, v| t.price_per_second_atoms = v,
        &[1, 1_000_000_000_000],
        &[0, 1_000_000_000_001, u64::MAX],
        || GridError::PriceOutOfRange,
    );
}

#[test]
fn refuses_penalties_above_the_bond() {
    bounds(
        |t, (bond, reward, compensation)| {
            (t.bond_atoms, t.expiry_reward_atoms, t.compensation_atoms) = (bond, reward, compensation)
        },
        &[
            (0, 0, 0),
            (1, 1, 0),
            (1, 0, 1),
            (u64::MAX, 0, 0),
            (u64::MAX, 1, u64::MAX - 1),
            (4_000, 1_000, 3_000),
        ],
        &[
            (0, 1, 0),
            (0, 0, 1),
            (3_999, 1_000, 3_000),
            (u64::MAX, 1, u64::MAX),
            (u64::MAX, u64::MAX, u64::MAX),
        ],
        || GridError::PenaltiesAboveBond,
    );
}

#[test]
fn refuses_a_number_of_strikes_that_shuts_everybody_out() {
    bounds(|t, v| t.max_strikes = v, &[1, 2, u16::MAX], &[0], || GridError::StrikesOutOfRange);
}

#[test]
fn refuses_a_fee_out_of_range() {
    bounds(|t, v| t.fee_bps = v, &[0, 1, 3_000], &[3_001, 10_000, u16::MAX], || GridError::FeeOutOfRange);
}

#[test]
fn refuses_attempts_out_of_range() {
    bounds(|t, v| t.max_attempts = v, &[1, 16], &[0, 17, u8::MAX], || GridError::AttemptsOutOfRange);
}

#[test]
fn refuses_timeouts_out_of_range() {
    bounds(
        |t, (least, most)| (t.min_timeout_seconds, t.max_timeout_seconds) = (least, most),
        &[(1, 1), (1, 2_592_000), (2_592_000, 2_592_000), (7, 8)],
        &[(0, 1), (0, 0), (1, 0), (2, 1), (1, 2_592_001), (2_592_001, 2_592_001), (u32::MAX, u32::MAX)],
        || GridError::TimeoutBoundsOutOfRange,
    );
}

#[test]
fn refuses_a_start_window_out_of_range() {
    bounds(
        |t, v| t.start_window_seconds = v,
        &[30, 86_400],
        &[0, 29, 86_401, u32::MAX],
        || GridError::StartWindowOutOfRange,
    );
}

#[test]
fn refuses_a_heartbeat_limit_out_of_range() {
    bounds(
        |t, v| t.heartbeat_limit_seconds = v,
        &[30, 86_400],
        &[0, 29, 86_401, u32::MAX],
        || GridError::HeartbeatLimitOutOfRange,
    );
}

#[test]
fn refuses_a_finish_grace_out_of_range() {
    bounds(
        |t, v| t.finish_grace_seconds = v,
        &[3_600, 604_800],
        &[0, 3_599, 604_801, u32::MAX],
        || GridError::FinishGraceOutOfRange,
    );
}

#[test]
fn refuses_a_retention_out_of_range() {
    bounds(
        |t, v| t.retention_seconds = v,
        &[0, 1, 7_776_000],
        &[7_776_001, u32::MAX],
        || GridError::RetentionOutOfRange,
    );
}

#[test]
fn happens_once() {
    let mut world = without_market();
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    let open = open(&world, 0, TERMS);
    world.refuse_with(&[open.clone(), open.clone()], in_use.clone());
    world.land(from_ref(&open));
    world.refuse_with(&[open], in_use);
}

#[test]
fn refuses_before_the_config_is_initialised() {
    let mut world = World::bare();
    world.open_vault();
    world.refuse_with(&[open(&world, 0, TERMS)], InstructionError::UninitializedAccount);
}

#[test]
fn refuses_another_config() {
    let mut world = without_market();
    let fake = keypair_for("fake config").pubkey();
    world.network.set(fake, world.raw(&address::config().0));
    let mut open = open(&world, 0, TERMS);
    open.accounts[1].pubkey = fake;
    world.refuse_with(&[open], InstructionError::InvalidSeeds);
}

#[test]
fn refuses_a_mint_that_is_none() {
    let mut world = without_market();
    let stranger = world.stranger.pubkey();
    for (fake, error) in [
        (keypair_for("nobody").pubkey(), InstructionError::IllegalOwner),
        (world.client.pubkey(), InstructionError::IllegalOwner),
        (address::vault(&world.mint).0, InstructionError::InvalidAccountData),
    ] {
        world.refuse_with(&[instruction::open_market(stranger, fake, 0, TERMS)], error);
    }
}

#[test]
fn refuses_an_address_that_is_not_the_markets() {
    let mut world = without_market();
    for address in [
        address::market(&world.stranger.pubkey(), 1).0,
        address::market(&world.client.pubkey(), 0).0,
        keypair_for("nobody").pubkey(),
    ] {
        let mut open = open(&world, 0, TERMS);
        open.accounts[3].pubkey = address;
        world.refuse_with(&[open], InstructionError::InvalidSeeds);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = without_market();
    world.assert_ignores_donations(&[open(&world, 0, TERMS)]);
}
