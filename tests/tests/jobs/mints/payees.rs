//! A payee's token account in every unusable state, with both token programs: nobody else is held up, and every job
//! comes to its end.

use super::*;
use grid_jobs::{GridError, JobKind, JobState, MarketTerms};
use grid_tests::{assert_ledger, world::RESULT};
use solana_instruction::error::InstructionError;
use spl_token_2022_interface::{extension::memo_transfer, instruction::AuthorityType};

/// A world whose device has `keypair_for("payee")` as its payee and earned 6,000 atoms; the payee has no token account.
/// The node's other device pays the node.
fn with_payee(mut world: World, mint: Mint) -> (World, Mint) {
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    let (node, market) = (world.node.pubkey(), world.market);
    let (other, source) = (address::device(&market, &node, 1).0, address::token_account(&node, mint));
    world.land(&[
        instruction::set_payee(node, world.device, payee()),
        instruction::open_device(node, market, 1, node),
        instruction::fund_bond(node, source, other, mint, BOND),
    ]);
    (world, mint)
}

fn payee() -> Address {
    keypair_for("payee").pubkey()
}

/// The worlds of [`with_payee`] of both token programs.
fn both() -> [(World, Mint); 2] {
    let spl = World::new();
    let mint = spl.mint.into();
    let (token_2022, extended) = world_of(&[]);
    [with_payee(spl, mint), with_payee(token_2022, extended)]
}

fn account(mint: Mint) -> Address {
    address::token_account(&payee(), mint)
}

/// Creates the payee's token account.
fn create(world: &mut World, mint: Mint) {
    world.land(&[token::create_account(world.stranger.pubkey(), payee(), mint)]);
}

/// What pays the payee.
fn payments(world: &World, mint: Mint) -> [Instruction; 2] {
    [
        instruction::withdraw_earnings(world.device, mint, payee()),
        instruction::withdraw_bond(world.node.pubkey(), world.device, mint, payee(), BOND),
    ]
}

/// Asserts that the payee is paid once its account is as it should be.
#[track_caller]
fn assert_paid(world: &mut World, mint: Mint) {
    world.land(&payments(world, mint));
    assert_eq!(tokens(world, mint, &payee()), 6_000 + BOND);
    assert_ledger(world, 0);
}

/// Asserts that the payee can't be paid, for this reason, and that nothing else is held up by it.
#[track_caller]
fn assert_blocks_nobody_else(world: &World, mint: Mint, error: &InstructionError) {
    let mut world = world.clone();
    for payment in payments(&world, mint) {
        world.refuse_with(&[payment], error.clone());
    }
    for index in [0, 1] {
        assert_jobs_end(&world, address::device(&world.market, &world.node.pubkey(), index).0);
    }
    assert_client_leaves(&world, mint);
}

/// Asserts that jobs of a device reach each of their ends.
#[track_caller]
pub fn assert_jobs_end(world: &World, device: Address) {
    let node = world.node.pubkey();
    for kind in [JobKind::Batch, JobKind::Service] {
        let mut world = world.clone();
        let list = |world: &mut World, id| {
            let mut list = world.list_instruction(id);
            list.data[17] = kind as u8;
            world.land(&[list]);
            address::job(&world.project, id).0
        };
        let run = |world: &mut World, id| {
            let job = list(world, id);
            world.land(&[
                instruction::work(node, device, world.market, 0),
                instruction::start(node, device, job),
            ]);
            world.network.advance(60);
            job
        };

        let finished = run(&mut world, 101);
        world.land(&[instruction::finish(node, world.run_of(device, finished), RESULT)]);
        assert!(world.job(&finished).is(JobState::Done));

        let ended = run(&mut world, 102);
        world.land(&[instruction::end(world.client.pubkey(), world.run_of(device, ended))]);
        world.land(&[instruction::post_result(node, device, ended, RESULT)]);
        assert!(world.job(&ended).is(JobState::Done));

        let lost = run(&mut world, 103);
        let given_up = world.run_of(device, lost);
        let work = instruction::work(node, device, world.market, 0);
        world.land(&[instruction::quit(node, given_up), work.clone()]);
        world.network.advance(61);
        world.land(&[instruction::expire_assignment(given_up, None)]);
        assert_eq!(world.job(&lost).attempts, 2);
        // What is left of the bond is to be enough.
        let terms = MarketTerms { bond_atoms: 4_000, ..TERMS };
        let lower = instruction::update_market(world.authority.pubkey(), world.market, terms);
        world.land(&[lower, work, instruction::start(node, device, lost)]);
        world.network.advance(121);
        world.land(&[instruction::expire_run(given_up, None)]);
        assert!(world.job(&lost).is(JobState::Stopped));
        assert_ledger(&world, 0);
    }
}

/// Asserts that the client closes its job, withdraws everything and closes its project.
#[track_caller]
fn assert_client_leaves(world: &World, mint: Mint) {
    let mut world = world.clone();
    let (client, project) = (world.client.pubkey(), world.project);
    let (first, wallet) = (address::job(&project, 1).0, address::token_account(&client, mint));
    let balance = world.project().balance.get();
    world.land(&[
        instruction::close_job(client, project, first, client),
        instruction::withdraw(client, project, mint, wallet, balance),
        instruction::close_project(client, project),
    ]);
    assert_ledger(&world, 0);
}

#[test]
fn one_that_does_not_exist() {
    for (mut world, mint) in both() {
        assert_blocks_nobody_else(&world, mint, &InstructionError::IllegalOwner);
        create(&mut world, mint);
        assert_paid(&mut world, mint);
    }
}

#[test]
fn one_that_was_closed() {
    for (mut world, mint) in both() {
        create(&mut world, mint);
        let (account, payee) = (account(mint), payee());
        let mut close = token_2022::close_account(&PROGRAM_2022_ID, &account, &payee, &payee, &[]).unwrap();
        close.program_id = mint.program;
        world.run(&[close], &[&keypair_for("payee")]);
        assert_blocks_nobody_else(&world, mint, &InstructionError::IllegalOwner);
        create(&mut world, mint);
        assert_paid(&mut world, mint);
    }
}

#[test]
fn one_that_is_frozen() {
    for (mut world, mint) in both() {
        create(&mut world, mint);
        let set_state = |world: &mut World, state: AccountState| {
            let mut changed = world.raw(&account(mint));
            changed.data[108] = state as u8;
            world.network.set(account(mint), changed);
        };
        set_state(&mut world, AccountState::Frozen);
        // AccountFrozen of both token programs.
        assert_blocks_nobody_else(&world, mint, &InstructionError::Custom(17));
        set_state(&mut world, AccountState::Initialized);
        assert_paid(&mut world, mint);
    }
}

#[test]
fn one_that_was_given_away() {
    let [(mut world, mint), (mut extended, mint_2022)] = both();
    let give_away = |mint: Mint, from: Address, to: Address| {
        let (account, kind) = (account(mint), AuthorityType::AccountOwner);
        let mut give =
            token_2022::set_authority(&PROGRAM_2022_ID, &account, Some(&to), kind, &from, &[]).unwrap();
        give.program_id = mint.program;
        give
    };
    let error = InstructionError::Custom(6_000 + GridError::WrongPayeeAccount as u32);
    let stranger = world.stranger.pubkey();
    create(&mut world, mint);
    world.run(&[give_away(mint, payee(), stranger)], &[&keypair_for("payee")]);
    assert_blocks_nobody_else(&world, mint, &error);
    world.land(&[give_away(mint, stranger, payee())]);
    assert_paid(&mut world, mint);

    // Token-2022 makes associated token accounts that can't be given away: ImmutableOwner.
    create(&mut extended, mint_2022);
    let refused =
        extended.attempt(&[give_away(mint_2022, payee(), stranger)], &[&keypair_for("payee")]).unwrap_err();
    assert_eq!(refused.code(), Some(34));
    let kept = extended.raw(&account(mint_2022));
    let mut given = kept.clone();
    given.data[32..64].copy_from_slice(stranger.as_ref());
    extended.network.set(account(mint_2022), given);
    assert_blocks_nobody_else(&extended, mint_2022, &error);
    extended.network.set(account(mint_2022), kept);
    assert_paid(&mut extended, mint_2022);
}

#[test]
fn one_that_demands_a_memo() {
    let [_, (mut world, mint)] = both();
    create(&mut world, mint);
    let (account, payee) = (account(mint), payee());
    let stranger = world.stranger.pubkey();
    let extend = token_2022::reallocate(
        &PROGRAM_2022_ID,
        &account,
        &stranger,
        &payee,
        &[],
        &[ExtensionType::MemoTransfer],
    );
    let demand =
        memo_transfer::instruction::enable_required_transfer_memos(&PROGRAM_2022_ID, &account, &payee, &[]);
    let signers = [&world.stranger.insecure_clone(), &keypair_for("payee")];
    world.run(&[extend.unwrap(), demand.unwrap()], &signers);
    // NoMemo of Token-2022.
    assert_blocks_nobody_else(&world, mint, &InstructionError::Custom(36));
    let relent =
        memo_transfer::instruction::disable_required_transfer_memos(&PROGRAM_2022_ID, &account, &payee, &[]);
    world.run(&[relent.unwrap()], &[&keypair_for("payee")]);
    assert_paid(&mut world, mint);
}
