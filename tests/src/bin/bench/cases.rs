//! What is measured.

use crate::figures::{Figure, Figures};
use grid_client::{address, instruction};
use grid_tests::{
    World, binary, keypair_for,
    world::{DEPOSIT, RESULT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Room that the market has, so that no case meets a full queue.
const CAPACITY: usize = 10_224;

/// Measures every instruction at every length of the queue.
pub fn measure(depths: &[usize]) -> Figures {
    let mut figures = Figures::default();
    figures.binaries.insert("grid_jobs".into(), binary::read("grid_jobs").len() as u64);
    once(&mut figures);
    let mut world = World::new();
    let extra = world.open_device(1);
    world.grow_market_to(CAPACITY);
    for &depth in depths {
        eprintln!("measuring with {depth} in the queue …");
        jobs_wait(&mut figures, &world, depth);
        devices_wait(&mut figures, &world, extra, depth);
    }
    figures
}

/// One measurement: the transaction is sent to a copy of the world, its signer pays the fee.
fn take(
    figures: &mut Figures,
    world: &World,
    name: &str,
    depth: usize,
    instruction: Instruction,
    signer: &Keypair,
) {
    let mut network = world.network.clone();
    let transaction = Transaction::new_signed_with_payer(
        std::slice::from_ref(&instruction),
        Some(&signer.pubkey()),
        &[signer],
        network.svm.latest_blockhash(),
    );
    // Legacy wire format: a length byte and 64 bytes for each signature, then the message.
    let bytes = 1 + 64 * transaction.signatures.len() + transaction.message_data().len();
    let landed =
        network.send_paid_by(&signer.pubkey(), &[instruction], &[signer]).unwrap_or_else(|failure| {
            panic!("{name} at {depth}: {}\n{}", failure.error, failure.logs.join("\n"))
        });
    let figure = Figure {
        compute_units: landed.compute_units_consumed,
        signatures: transaction.signatures.len() as u64,
        bytes: bytes as u64,
    };
    figures.instructions.entry(name.into()).or_default().insert(depth, figure);
}

/// Instructions that have nothing to do with the queue's length.
fn once(figures: &mut Figures) {
    let mut world = World::bare();
    let (authority, client, node) =
        (world.authority.insecure_clone(), world.client.insecure_clone(), world.node.insecure_clone());
    let (admin, owner, operator) = (authority.pubkey(), client.pubkey(), node.pubkey());
    let (mint, market, project, device) = (world.mint, world.market, world.project, world.device);
    let clients_tokens = address::token_account(&owner, &mint);
    let nodes_tokens = address::token_account(&operator, &mint);

    take(figures, &world, "initialize_config", 0, instruction::initialize_config(admin, admin), &authority);
    world.initialize_config();
    take(figures, &world, "open_vault", 0, instruction::open_vault(admin, mint), &authority);
    world.open_vault();
    take(
        figures,
        &world,
        "open_market",
        0,
        instruction::open_market(admin, mint, 0, grid_tests::TERMS),
        &authority,
    );
    world.open_market(0, grid_tests::TERMS);
    take(figures, &world, "grow_market", 0, instruction::grow_market(admin, market), &authority);
    take(figures, &world, "open_project", 0, instruction::open_project(owner, mint), &client);
    world.open_project();
    take(
        figures,
        &world,
        "deposit",
        0,
        instruction::deposit(owner, clients_tokens, project, mint, 1_000),
        &client,
    );
    take(
        figures,
        &world,
        "withdraw",
        0,
        instruction::withdraw(owner, project, mint, clients_tokens, 1_000),
        &client,
    );
    take(figures, &world, "open_device", 0, instruction::open_device(operator, market, 0, operator), &node);
    world.open_device(0);
    take(
        figures,
        &world,
        "fund_bond",
        0,
        instruction::fund_bond(operator, nodes_tokens, device, mint, 1_000),
        &node,
    );
    take(
        figures,
        &world,
        "withdraw_bond",
        0,
        instruction::withdraw_bond(operator, device, mint, operator, 1_000),
        &node,
    );

    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(device, job);
    take(
        figures,
        &world,
        "withdraw_earnings",
        0,
        instruction::withdraw_earnings(device, mint, operator),
        &node,
    );
    take(figures, &world, "close_job", 0, instruction::close_job(owner, project, job, owner), &client);

    let mut empty = world.clone();
    empty.run(&[instruction::close_job(owner, project, job, owner)], &[&client]);
    let balance = empty.project().balance.get();
    empty.run(&[instruction::withdraw(owner, project, mint, clients_tokens, balance)], &[&client]);
    take(figures, &empty, "close_project", 0, instruction::close_project(owner, project), &client);
    empty.run(
        &[
            instruction::withdraw_earnings(device, mint, operator),
            instruction::withdraw_bond(operator, device, mint, operator, grid_tests::world::BOND),
        ],
        &[&node],
    );
    take(figures, &empty, "close_device", 0, instruction::close_device(operator, device, market), &node);
}

/// With `depth` jobs in the queue.
fn jobs_wait(figures: &mut Figures, world: &World, depth: usize) {
    let mut world = world.clone();
    let (client, node) = (world.client.insecure_clone(), world.node.insecure_clone());
    let (owner, operator) = (client.pubkey(), node.pubkey());
    let (market, project, device) = (world.market, world.project, world.device);
    top_up(&mut world);
    let first = 1_000_000;
    fill_with_jobs(&mut world, first, depth);
    take(figures, &world, "list (queues)", depth, world.list_instruction(1), &client);

    // What needs a job in the queue gets one more, at the end or, when there are others, in the middle.
    let job = world.list(1);
    let middle = if depth == 0 { job } else { address::job(&project, first + depth as u64 / 2).0 };
    let delist = instruction::delist(owner, project, market, middle, owner);
    let name = if depth == 0 { "delist (alone)" } else { "delist (between two)" };
    take(figures, &world, name, depth, delist, &client);

    let head = world.market().waiting().expect("links agree")[0];
    take(figures, &world, "work (meets a job)", depth, instruction::work(operator, device, market, 0), &node);
    world.work(device);
    take(figures, &world, "start (met by work)", depth, instruction::start(operator, device, head), &node);
    let decline = instruction::decline(operator, device, head, market, project);
    take(figures, &world, "decline (requeues)", depth, decline, &node);
    world.start(device, head);
    world.network.advance(60);
    let finish = instruction::finish(operator, device, head, market, project, RESULT);
    take(figures, &world, "finish", depth, finish, &node);
}

/// With `depth` devices in the queue.
fn devices_wait(figures: &mut Figures, world: &World, extra: Address, depth: usize) {
    let mut world = world.clone();
    let (client, node) = (world.client.insecure_clone(), world.node.insecure_clone());
    let operator = node.pubkey();
    let (market, project, device) = (world.market, world.project, world.device);
    fill_with_devices(&mut world, depth);
    take(figures, &world, "work (queues)", depth, instruction::work(operator, device, market, 0), &node);

    world.work(device);
    let middle =
        if depth == 0 { device } else { address::device(&market, &operator, 2 + depth as u32 / 2).0 };
    let name = if depth == 0 { "leave (alone)" } else { "leave (between two)" };
    take(figures, &world, name, depth, instruction::leave(operator, middle, market), &node);
    world.work(extra);
    take(figures, &world, "list (meets a device)", depth, world.list_instruction(1), &client);
    let head = world.market().waiting().expect("links agree")[0];
    let job = world.list(1);
    take(figures, &world, "start (met by list)", depth, instruction::start(operator, head, job), &node);
    let decline = instruction::decline(operator, head, job, market, project);
    take(figures, &world, "decline (meets a device)", depth, decline, &node);
}

/// Gives the project the tokens for the longest queue.
fn top_up(world: &mut World) {
    let client = world.client.insecure_clone();
    let source = address::token_account(&client.pubkey(), &world.mint);
    let amount = world.tokens(&client.pubkey()) - DEPOSIT;
    world
        .run(&[instruction::deposit(client.pubkey(), source, world.project, world.mint, amount)], &[&client]);
}

fn fill_with_jobs(world: &mut World, first: u64, count: usize) {
    let client = world.client.insecure_clone();
    let ids: Vec<u64> = (0..count as u64).map(|n| first + n).collect();
    for ids in ids.chunks(5) {
        let lists: Vec<Instruction> = ids.iter().map(|id| world.list_instruction(*id)).collect();
        world.run(&lists, &[&client]);
    }
}

fn fill_with_devices(world: &mut World, count: usize) {
    // A node of its own pays the rent of so many accounts.
    let node = world.node.insecure_clone();
    world.network.fund(&node.pubkey());
    let funder = keypair_for("stranger");
    let source = address::token_account(&funder.pubkey(), &world.mint);
    let (key, market, mint) = (node.pubkey(), world.market, world.mint);
    for index in 2..2 + count as u32 {
        let device = address::device(&market, &key, index).0;
        let instructions = [
            instruction::open_device(key, market, index, key),
            instruction::fund_bond(funder.pubkey(), source, device, mint, grid_tests::world::BOND),
            instruction::work(key, device, market, 0),
        ];
        world.run(&instructions, &[&node, &funder]);
    }
}
