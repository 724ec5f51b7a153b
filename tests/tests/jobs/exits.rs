//! What no pause may refuse: every way out, and everything that helps somebody on its way.

use grid_client::{
    address,
    instruction::{self, Spender},
};
use grid_tests::{
    TERMS, World, assert_ledger, keypair_for,
    world::{BOND, RESULT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// 30 days and a second: a notice has passed.
const NOTICE: i64 = 30 * 86_400 + 1;

/// A way out: its name, a world in which it is open, and how to take it.
type Exit = (&'static str, World, Instruction);

/// Asserts that every way out is open in the moment after an instruction has paused something.
#[track_caller]
pub fn assert_open_during(pause: impl Fn(&World) -> Instruction) {
    let exits = [of_matches(), of_runs(), of_waiting(), of_the_idle(), of_the_empty()].concat();
    for (name, mut world, exit) in exits {
        println!("{name}"); // The last one is the one that failed.
        world.land(&[pause(&world)]);
        world.land(&[exit]);
        assert_ledger(&world, 0);
    }
}

/// A world whose job 1 is matched with its device.
fn matched() -> (World, Address) {
    let mut world = World::new();
    let job = world.list(1);
    world.work(world.device);
    (world, job)
}

fn of_matches() -> Vec<Exit> {
    let (world, job) = matched();
    let (node, run) = (world.node.pubkey(), world.run_of(world.device, job));
    let mut late = world.clone();
    late.network.advance(61);
    vec![
        ("start", world.clone(), instruction::start(node, world.device, job)),
        ("decline", world, instruction::decline(node, run)),
        ("expire_assignment", late, instruction::expire_assignment(run, None)),
    ]
}

fn of_runs() -> Vec<Exit> {
    let mut world = World::new();
    let job = world.run_job(1);
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    let (device, project) = (world.device, world.project);
    let run = world.run_of(device, job);
    let mut silent = world.clone();
    silent.network.advance(121);
    let mut ended = world.clone();
    ended.land(&[instruction::end(client, run)]);
    vec![
        ("heartbeat", world.clone(), instruction::heartbeat(node, device, job)),
        ("extend", world.clone(), instruction::extend(Spender::Owner(client), project, job, 601)),
        ("finish", world.clone(), instruction::finish(node, run, RESULT)),
        ("end", world.clone(), instruction::end(client, run)),
        ("quit", world, instruction::quit(node, run)),
        ("expire_run", silent, instruction::expire_run(run, None)),
        ("post_result", ended.clone(), instruction::post_result(node, device, job, RESULT)),
        ("close_job", ended, instruction::close_job(client, project, job, client)),
    ]
}

fn of_waiting() -> Vec<Exit> {
    let mut world = World::new();
    let job = world.list(1);
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    let (market, project, device) = (world.market, world.project, world.device);
    let mut noticed = world.clone();
    noticed.land(&[instruction::notify_job(job)]);
    noticed.network.advance(NOTICE);
    let mut waiting = World::new();
    waiting.work(device);
    let mut absent = waiting.clone();
    absent.land(&[instruction::notify_device(device)]);
    absent.network.advance(NOTICE);
    vec![
        ("notify_job", world.clone(), instruction::notify_job(job)),
        ("delist", world, instruction::delist(client, project, market, job, client)),
        ("delist after a notice", noticed, instruction::delist(node, project, market, job, client)),
        ("notify_device", waiting.clone(), instruction::notify_device(device)),
        ("leave", waiting, instruction::leave(node, device, market)),
        ("leave after a notice", absent, instruction::leave(client, device, market)),
    ]
}

fn of_the_idle() -> Vec<Exit> {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    let (authority, client, node) = (world.authority.pubkey(), world.client.pubkey(), world.node.pubkey());
    let (market, project, device, mint) = (world.market, world.project, world.device, world.mint);
    world.give_tokens(&mint, &authority, 0);
    world.land(&[instruction::set_member(client, project, node, 1, 1)]);
    let destination = address::token_account(&client, mint);
    let payee = keypair_for("payee").pubkey();
    let mut absent = world.clone();
    absent.land(&[instruction::notify_device(device)]);
    absent.network.advance(NOTICE);
    vec![
        ("withdraw", world.clone(), instruction::withdraw(client, project, mint, destination, 1)),
        ("withdraw_earnings", world.clone(), instruction::withdraw_earnings(device, mint, node)),
        ("withdraw_bond", world.clone(), instruction::withdraw_bond(node, device, mint, node, BOND)),
        ("the same after a notice", absent, instruction::withdraw_bond(client, device, mint, node, 1)),
        (
            "collect_fees",
            world.clone(),
            instruction::collect_fees(market, mint, authority, Default::default()),
        ),
        ("set_payee", world.clone(), instruction::set_payee(node, device, payee)),
        ("close_member", world.clone(), instruction::close_member(node, client, project, node)),
        ("update_market", world.clone(), instruction::update_market(authority, market, TERMS)),
        ("grow_market", world, instruction::grow_market(authority, market)),
    ]
}

fn of_the_empty() -> Vec<Exit> {
    let mut world = World::new();
    let (authority, client, node) = (world.authority.pubkey(), world.client.pubkey(), world.node.pubkey());
    let (market, project, device, mint) = (world.market, world.project, world.device, world.mint);
    let destination = address::token_account(&client, mint);
    let balance = world.project().balance.get();
    world.land(&[
        instruction::withdraw_bond(node, device, mint, node, BOND),
        instruction::withdraw(client, project, mint, destination, balance),
    ]);
    vec![
        ("close_device", world.clone(), instruction::close_device(node, node, device)),
        ("close_project", world.clone(), instruction::close_project(client, project)),
        ("close_market", world, instruction::close_market(authority, market)),
    ]
}
