//! What several instructions do together.

use grid_client::{
    address,
    instruction::{self, Listing},
};
use grid_jobs::{GridError, JobKind, JobState, MarketTerms};
use grid_tests::{
    TERMS, World, assert_ledger, keypair_for,
    world::{BOND, DEFINITION, DEPOSIT, RESULT},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// 100 atoms × 600 seconds and 2.5 % of it.
const ESCROW: u64 = 61_500;

fn list(world: &World, market: Address, id: u64, timeout_seconds: u32) -> Instruction {
    let listing = Listing {
        id,
        kind: JobKind::Batch,
        definition: DEFINITION,
        timeout_seconds,
        max_price_per_second_atoms: u64::MAX,
    };
    instruction::list(world.client.pubkey(), world.project, market, &listing)
}

fn decline(world: &World, device: Address, job: Address) -> Instruction {
    let node = world.node.pubkey();
    instruction::decline(node, world.run_of(device, job))
}

fn finish(world: &World, device: Address, job: Address) -> Instruction {
    let node = world.node.pubkey();
    instruction::finish(node, world.run_of(device, job), RESULT)
}

fn close_job(world: &World, job: Address) -> Instruction {
    let client = world.client.pubkey();
    instruction::close_job(client, world.project, job, client)
}

fn delist(world: &World, job: Address) -> Instruction {
    let client = world.client.pubkey();
    instruction::delist(client, world.project, world.market, job, client)
}

fn withdraw(world: &World, amount_atoms: u64) -> Instruction {
    let client = world.client.pubkey();
    let destination = address::token_account(&client, world.mint);
    instruction::withdraw(client, world.project, world.mint, destination, amount_atoms)
}

/// A world whose market charges fees that hardly ever come out even.
fn odd_world() -> World {
    let mut world = World::bare();
    world.initialize_config();
    world.open_vault();
    let terms = MarketTerms { price_per_second_atoms: 7, fee_bps: 333, min_timeout_seconds: 1, ..TERMS };
    world.open_market(0, terms);
    world.open_project();
    world.open_device(0);
    world.network.svm = world.network.svm.clone().with_sigverify(false);
    world
}

#[test]
fn two_thousand_small_jobs_gain_nobody_an_atom() {
    let mut world = odd_world();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (node, market, device) = (world.node.pubkey(), world.market, world.device);
    let before = world.ledger();
    let (mut seconds, mut fees) = (0, 0);
    for id in 0..2_000 {
        let timeout = random.random_range(1..=5);
        let run = random.random_range(0..=6_u32);
        let job = address::job(&world.project, id).0;
        world.land(&[
            list(&world, market, id, timeout),
            instruction::work(node, device, market, 0),
            instruction::start(node, device, job),
        ]);
        world.network.advance(i64::from(run));
        world.land(&[finish(&world, device, job), close_job(&world, job)]);
        let paid = u64::from(run.min(timeout)) * 7;
        seconds += paid / 7;
        fees += (paid * 333).div_ceil(10_000);
    }
    let after = world.ledger();
    assert_eq!(after.earnings, u128::from(seconds * 7));
    assert_eq!(after.fees, u128::from(fees));
    assert!(fees >= (seconds * 7 * 333).div_ceil(10_000), "as one job it would not have cost more");
    assert_eq!(before.balances - after.balances, after.earnings + after.fees);
    assert_eq!((after.escrows, after.bonds), (0, before.bonds));
    assert_eq!(after.total(), before.total());
    assert_eq!(world.device(&device).jobs_finished, 2_000);
    assert_ledger(&world, 0);
}

#[test]
fn two_thousand_listings_taken_back_cost_nothing() {
    let mut world = odd_world();
    let (before, lamports) = (world.project(), world.lamports(&world.client.pubkey()));
    for id in 0..2_000 {
        let job = address::job(&world.project, id).0;
        let timeout = 1 + (id % 7_200) as u32;
        world.land(&[list(&world, world.market, id, timeout), delist(&world, job)]);
    }
    assert_eq!(world.project(), before);
    assert_eq!(world.lamports(&world.client.pubkey()), lamports);
    assert_ledger(&world, 0);
}

#[test]
fn a_vault_is_emptied_when_all_have_left() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(90);
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    let balance = DEPOSIT - 9_225;
    world.land(&[
        finish(&world, world.device, job),
        close_job(&world, job),
        withdraw(&world, balance),
        instruction::close_project(client, world.project),
        instruction::withdraw_earnings(world.device, world.mint, node),
        instruction::withdraw_bond(node, world.device, world.mint, node, BOND),
        instruction::close_device(node, node, world.device),
    ]);
    assert_eq!(world.vault_tokens(), 225);
    assert_ledger(&world, 0);
    let (authority, mint) = (world.authority.pubkey(), world.mint);
    world.give_tokens(&mint, &authority, 0);
    world.land(&[
        instruction::collect_fees(world.market, mint, authority, Default::default()),
        instruction::close_market(authority, world.market),
    ]);
    assert_eq!((world.tokens(&authority), world.vault_tokens()), (225, 0));
    let left: Vec<Address> = world
        .network
        .svm
        .get_program_accounts(&grid_jobs::ID)
        .into_iter()
        .map(|(address, _)| address)
        .collect();
    assert_eq!(left, [address::config().0]);
}

#[test]
fn one_key_may_be_client_and_node() {
    let mut world = World::new();
    let node = world.node.pubkey();
    let (project, mint, market) = (address::project(&world.mint, &node).0, world.mint, world.market);
    let (tokens, job) = (address::token_account(&node, mint), address::job(&project, 1).0);
    let before = (world.tokens(&node), world.lamports(&node));
    let listing = Listing {
        id: 1,
        kind: JobKind::Batch,
        definition: DEFINITION,
        timeout_seconds: 600,
        max_price_per_second_atoms: 100,
    };
    world.land(&[
        instruction::open_project(node, mint),
        instruction::deposit(node, tokens, project, mint, ESCROW),
        instruction::list(node, project, market, &listing),
        instruction::work(node, world.device, market, 100),
        instruction::start(node, world.device, job),
    ]);
    world.network.advance(600);
    world.land(&[
        instruction::finish(node, instruction::Run { device: world.device, job, market, project }, RESULT),
        instruction::close_job(node, project, job, node),
        instruction::close_project(node, project),
        instruction::withdraw_earnings(world.device, mint, node),
    ]);
    assert_eq!(world.lamports(&node), before.1);
    assert_eq!(world.tokens(&node), before.0 - 1_500, "the fee is the price of a job with oneself");
    assert_ledger(&world, 0);
}

/// A world whose node opened device 1 with a payee that is not itself; the device earned 6,000 atoms.
fn with_payee() -> (World, Address, Address) {
    let mut world = World::new();
    let (node, payee) = (world.node.pubkey(), keypair_for("payee").pubkey());
    let device = address::device(&world.market, &node, 1).0;
    let source = address::token_account(&node, world.mint);
    let job = address::job(&world.project, 1).0;
    world.land(&[
        instruction::open_device(node, world.market, 1, payee),
        instruction::fund_bond(node, source, device, world.mint, BOND),
    ]);
    world.land(&[
        world.list_instruction(1),
        instruction::work(node, device, world.market, 0),
        instruction::start(node, device, job),
    ]);
    world.network.advance(60);
    world.finish(device, job);
    (world, device, payee)
}

#[test]
fn a_nodes_key_can_not_redirect_what_its_payee_is_owed() {
    let (mut world, device, payee) = with_payee();
    let (node, mint) = (world.node.pubkey(), world.mint);
    world.give_tokens(&mint, &payee, 0);
    for other in [node, world.stranger.pubkey()] {
        let earnings = instruction::withdraw_earnings(device, mint, other);
        world.refuse(&[earnings], GridError::WrongPayeeAccount);
        let bond = instruction::withdraw_bond(node, device, mint, other, BOND);
        world.refuse(&[bond], GridError::WrongPayeeAccount);
    }
    let tokens = world.tokens(&node);
    world.land(&[
        instruction::withdraw_earnings(device, mint, payee),
        instruction::withdraw_bond(node, device, mint, payee, BOND),
    ]);
    assert_eq!(world.tokens(&payee), 6_000 + BOND);
    assert_eq!(world.tokens(&node), tokens);
    assert_ledger(&world, 0);
}

#[test]
fn a_job_created_again_is_not_the_one_that_a_device_ran() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.finish(world.device, job);
    let again = [close_job(&world, job), world.list_instruction(1)];
    let mut next = world.clone();
    world.land(&again);
    next.land(&again[..1]);
    next.land(&again[1..]);
    assert_eq!(world.state(), next.state(), "the same transaction, or the next one");
    let start = instruction::start(world.node.pubkey(), world.device, job);
    world.refuse(&[start], GridError::NotMatched);
    world.refuse(&[decline(&world, world.device, job)], GridError::NotMatched);
    world.refuse(&[finish(&world, world.device, job)], GridError::JobNotRunning);
    world.refuse(&[close_job(&world, job)], GridError::JobNotOver);
    assert_eq!(world.market().waiting(), Some(vec![job]));
    world.work(world.device);
    world.start(world.device, job);
    assert_ledger(&world, 0);
}

#[test]
fn a_job_created_again_is_not_the_one_that_was_stopped() {
    let mut world = World::new();
    let job = world.list(1);
    world.work(world.device);
    world.fill_with_jobs(2);
    world.land(&[decline(&world, world.device, job)]);
    let other = address::job(&world.project, 2).0;
    world.land(&[delist(&world, other), close_job(&world, job), world.list_instruction(1)]);
    let start = instruction::start(world.node.pubkey(), world.device, job);
    world.refuse(&[start], GridError::NotMatched);
    world.refuse(&[decline(&world, world.device, job)], GridError::NotMatched);
    assert_eq!(world.market().waiting().unwrap().last(), Some(&job));
    assert_ledger(&world, 0);
}

#[test]
fn a_job_created_again_leaves_its_old_slot_to_who_has_it_now() {
    let mut world = World::new();
    let (first, second) = (world.list(1), address::job(&world.project, 2).0);
    world.land(&[delist(&world, first), world.list_instruction(2), world.list_instruction(1)]);
    assert_eq!((world.job(&second).slot, world.job(&first).slot), (0.into(), 1.into()));
    world.land(&[delist(&world, first)]);
    assert_eq!(world.market().waiting(), Some(vec![second]));
    world.list(1);
    world.land(&[delist(&world, second), delist(&world, first)]);
    assert_eq!(world.market().waiting(), Some(vec![]));
    assert_ledger(&world, 0);
}

#[test]
fn a_closed_job_is_not_revived_by_lamports() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.finish(world.device, job);
    let (client, rent) = (world.client.pubkey(), world.rent(328));
    let transfer = Instruction::new_with_bytes(
        solana_sdk_ids::system_program::ID,
        &[&2_u32.to_le_bytes()[..], &rent.to_le_bytes()].concat(), // Transfer
        vec![AccountMeta::new(client, true), AccountMeta::new(job, false)],
    );
    let close = close_job(&world, job);
    world.refuse_with(
        &[close.clone(), transfer.clone(), close.clone()],
        InstructionError::AccountDataTooSmall,
    );
    world.land(&[close.clone(), transfer]);
    let account = world.raw(&job);
    assert_eq!(
        (account.owner, account.data.len(), account.lamports),
        (solana_sdk_ids::system_program::ID, 0, rent)
    );
    world.refuse_with(&[close], InstructionError::AccountDataTooSmall);
    world.list(1);
    assert_ledger(&world, 0);
}

#[test]
fn a_device_created_again_is_not_the_one_that_waited() {
    let mut world = World::new();
    let node = world.node.pubkey();
    world.work(world.device);
    let again = [
        instruction::leave(node, world.device, world.market),
        instruction::withdraw_bond(node, world.device, world.mint, node, BOND),
        instruction::close_device(node, node, world.device),
        instruction::open_device(node, world.market, 0, node),
    ];
    world.land(&again);
    let leave = instruction::leave(node, world.device, world.market);
    world.refuse(&[leave], GridError::DeviceNotQueued);
    let job = world.list(1);
    assert_eq!(world.market().waiting(), Some(vec![job]));
    assert_ledger(&world, 0);
}

#[test]
fn a_declined_job_is_paid_to_the_device_that_ran_it() {
    let mut world = World::new();
    let second = world.open_device(1);
    let job = world.list(1);
    world.work(world.device);
    world.work(second);
    world.land(&[decline(&world, world.device, job)]);
    let node = world.node.pubkey();
    world.refuse(&[instruction::start(node, world.device, job)], GridError::NotMatched);
    world.work(world.device);
    world.refuse(&[instruction::start(node, world.device, job)], GridError::NotMatched);
    world.start(second, job);
    world.network.advance(60);
    world.refuse(&[finish(&world, world.device, job)], GridError::JobNotRunning);
    world.finish(second, job);
    assert_eq!(world.device(&second).earnings_atoms, 6_000);
    assert_eq!(world.device(&world.device).earnings_atoms, 0);
    assert_eq!(world.market().waiting(), Some(vec![world.device]));
    assert_ledger(&world, 0);
}

#[test]
fn two_devices_hand_a_job_to_each_other_until_its_attempts_are_used_up() {
    let mut world = World::new();
    let (authority, market) = (world.authority.pubkey(), world.market);
    let terms = MarketTerms { max_attempts: 16, ..TERMS };
    world.land(&[instruction::update_market(authority, market, terms)]);
    let devices = [world.device, world.open_device(1)];
    let job = world.list(1);
    world.work(devices[0]);
    for turn in 1..16 {
        let (holder, other) = (devices[(turn + 1) % 2], devices[turn % 2]);
        world.work(other);
        world.land(&[decline(&world, holder, job)]);
        assert_eq!(world.job(&job).device, other);
    }
    world.land(&[decline(&world, devices[1], job)]);
    assert!(world.job(&job).is(JobState::Stopped));
    assert_eq!(world.project().balance, DEPOSIT);
    assert_eq!(devices.map(|device| world.device(&device).strikes.get()), [8, 8]);
    assert_ledger(&world, 0);
}

#[test]
fn a_job_declined_into_a_full_queue_is_refunded_and_closed() {
    let mut world = World::new();
    let (client, lamports) = (world.client.pubkey(), world.lamports(&world.client.pubkey()));
    let job = world.list(1);
    world.work(world.device);
    world.fill_with_jobs(2);
    world.land(&[decline(&world, world.device, job)]);
    assert!(world.job(&job).is(JobState::Stopped));
    assert_eq!(world.project().balance, DEPOSIT - 273 * ESCROW);
    world.land(&[close_job(&world, job)]);
    for id in 2..=274 {
        let job = address::job(&world.project, id).0;
        world.land(&[delist(&world, job)]);
    }
    assert_eq!(world.project().balance, DEPOSIT);
    assert_eq!(world.project().open_jobs, 0);
    assert_eq!(world.market().header.active_jobs, 0);
    assert_eq!(world.lamports(&client), lamports);
    assert_ledger(&world, 0);
}

#[test]
fn a_full_queue_of_devices_hinders_no_exit() {
    let mut world = World::new();
    let running = world.run_job(1);
    for index in 1..=273 {
        let device = world.open_device(index);
        world.work(device);
    }
    let work = instruction::work(world.node.pubkey(), world.device, world.market, 0);
    world.finish(world.device, running);
    world.refuse(&[work], GridError::QueueFull);
    let first = world.list(2);
    let taken = world.job(&first).device;
    world.land(&[decline(&world, taken, first)]);
    assert_eq!(world.market().header.queue.waiting, 271);
    assert_ledger(&world, 0);
}

#[test]
fn a_life_with_a_clock_that_runs_backwards() {
    let mut world = World::new();
    let job = world.list(1);
    let back = |world: &mut World| world.network.advance(-100);
    back(&mut world);
    world.work(world.device);
    back(&mut world);
    world.land(&[decline(&world, world.device, job)]);
    back(&mut world);
    world.work(world.device);
    back(&mut world);
    world.start(world.device, job);
    back(&mut world);
    world.finish(world.device, job);
    assert_eq!(world.device(&world.device).earnings_atoms, 0);
    assert_eq!(world.project().balance, DEPOSIT);
    back(&mut world);
    world.land(&[close_job(&world, job)]);
    assert_ledger(&world, 0);
}

#[test]
fn a_life_before_the_epoch_and_at_the_end_of_time() {
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let mut world = World::new();
        world.network.set_time(now);
        let job = world.run_job(1);
        world.finish(world.device, job);
        assert_eq!(world.project().balance, DEPOSIT);
        world.land(&[close_job(&world, job)]);
        assert_ledger(&world, 0);
    }
}

#[test]
fn the_dearest_job_of_all_does_not_overflow() {
    let mut world = World::bare();
    world.initialize_config();
    world.open_vault();
    let terms = MarketTerms {
        price_per_second_atoms: 1_000_000_000_000,
        fee_bps: 3_000,
        max_timeout_seconds: 2_592_000,
        ..TERMS
    };
    world.open_market(0, terms);
    world.open_project();
    world.open_device(0);
    let (client, node, mint) = (world.client.pubkey(), world.node.pubkey(), world.mint);
    let dearest = 3_369_600_000_000_000_000;
    world.give_tokens(&mint, &client, dearest);
    let source = address::token_account(&client, mint);
    let job = address::job(&world.project, 1).0;
    world.land(&[
        instruction::deposit(client, source, world.project, mint, dearest - DEPOSIT),
        list(&world, world.market, 1, 2_592_000),
    ]);
    assert_eq!(world.project().balance, 0);
    assert_eq!(world.job(&job).escrow_atoms, dearest);
    world.work(world.device);
    world.start(world.device, job);
    for (seconds, paid) in [
        (1, 1_000_000_000_000),
        (2_591_999, 2_591_999_000_000_000_000),
        (2_592_000, 2_592_000_000_000_000_000),
        (2_592_001, 2_592_000_000_000_000_000),
    ] {
        let mut world = world.clone();
        world.network.advance(seconds);
        world.finish(world.device, job);
        let fee: u64 = paid / 10 * 3;
        assert_eq!(world.device(&world.device).earnings_atoms, paid);
        assert_eq!(world.market().header.fees_owed_atoms, fee);
        assert_eq!(world.project().balance, dearest - paid - fee);
        assert_ledger(&world, 0);
        world.land(&[instruction::withdraw_earnings(world.device, mint, node)]);
        assert_ledger(&world, 0);
    }
}

/// Asserts that `create` makes account `address` of `space` bytes whatever lamports were sent there before, and takes
/// only what is missing from `payer`.
#[track_caller]
fn assert_takes_prefunded(
    world: &World,
    address: Address,
    space: usize,
    payer: Address,
    create: &[Instruction],
) {
    let mut plain = world.clone();
    plain.land(create);
    let (expected, rent) = (plain.raw(&address), world.rent(space));
    let cost = world.lamports(&payer) - plain.lamports(&payer);
    assert_eq!(expected.lamports, rent);
    for sent in [1, rent - 1, rent, rent + 1, 5 * rent] {
        let mut world = world.clone();
        let before = world.lamports(&payer);
        let account = Account { lamports: sent, rent_epoch: u64::MAX, ..Account::default() };
        world.network.set(address, account);
        world.land(create);
        let lamports = rent.max(sent);
        assert_eq!(world.raw(&address), Account { lamports, ..expected.clone() });
        assert_eq!(before - world.lamports(&payer), cost - sent.min(rent), "{sent} lamports sent");
    }
}

#[test]
fn lamports_sent_beforehand_stop_no_account_from_being_created() {
    let mut world = World::bare();
    let (authority, client, node) = (world.authority.pubkey(), world.client.pubkey(), world.node.pubkey());
    let (mint, market, project, device) = (world.mint, world.market, world.project, world.device);

    let create = instruction::initialize_config(authority, authority);
    assert_takes_prefunded(&world, address::config().0, 208, authority, from_ref(&create));
    world.land(&[create]);

    let create = instruction::open_vault(authority, mint);
    assert_takes_prefunded(&world, address::vault(&mint).0, 165, authority, from_ref(&create));
    world.land(&[create]);

    let create = instruction::open_market(authority, mint, 0, TERMS);
    assert_takes_prefunded(&world, market, 10_240, authority, from_ref(&create));
    world.land(&[create]);

    let create = instruction::open_project(client, mint);
    assert_takes_prefunded(&world, project, 152, client, &[create]);
    world.open_project();

    let create = instruction::open_device(node, market, 0, node);
    assert_takes_prefunded(&world, device, 288, node, &[create]);

    let job = address::job(&project, 1).0;
    assert_takes_prefunded(&world, job, 328, client, &[world.list_instruction(1)]);

    let member = address::member(&project, &node).0;
    let create = instruction::set_member(client, project, node, 1, 1);
    assert_takes_prefunded(&world, member, 136, client, &[create]);
}
