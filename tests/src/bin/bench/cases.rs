//! What is measured, of the jobs program.

use crate::{
    figures::{Figure, Figures},
    gate, incentives,
};
use grid_client::{
    address,
    instruction::{self, Listing, Run, Spender},
};
use grid_jobs::JobKind;
use grid_tests::{
    World, binary, keypair_for,
    network::PROGRAMS,
    world::{DEFINITION, DEPOSIT, RESULT, TIMEOUT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Room that the market has, so that no case meets a full queue.
const CAPACITY: usize = 10_224;
/// Jobs in a long `list_many`.
pub const MANY: usize = 7;

/// Measures every instruction at every length of the queue.
pub fn measure(depths: &[usize]) -> Figures {
    let mut figures = Figures::default();
    for (_, name) in PROGRAMS {
        figures.binaries.insert(name.into(), binary::read(name).len() as u64);
    }
    once(&mut figures);
    incentives::measure(&mut figures);
    gate::measure(&mut figures);
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
pub fn take(
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
    let header = &transaction.message.header;
    let read_only =
        usize::from(header.num_readonly_signed_accounts) + usize::from(header.num_readonly_unsigned_accounts);
    let writable = transaction.message.account_keys.len() - read_only;
    let data = transaction.message.instructions[0].data.len();
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
        writable_accounts: writable as u64,
        data_bytes: data as u64,
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
    let clients_tokens = address::token_account(&owner, mint);
    let nodes_tokens = address::token_account(&operator, mint);

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

    administration(figures, &world);
    let job = world.run_job(1);
    world.network.advance(60);
    let mut ended = world.clone();
    let run = Run { device, job, market, project };
    ended.run(&[instruction::end(owner, run)], &[&client]);
    take(figures, &ended, "post_result", 0, instruction::post_result(operator, device, job, RESULT), &node);
    world.finish(device, job);
    take(figures, &world, "notify_device", 0, instruction::notify_device(device), &node);
    take(figures, &world, "set_payee", 0, instruction::set_payee(operator, device, owner), &node);
    let treasury = world.config().treasury;
    world.give_tokens(&mint, &treasury, 0);
    take(
        figures,
        &world,
        "collect_fees",
        0,
        instruction::collect_fees(market, mint, treasury, Default::default()),
        &node,
    );
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
    take(figures, &empty, "close_device", 0, instruction::close_device(operator, operator, device), &node);
}

/// What owners and authorities do now and then.
fn administration(figures: &mut Figures, world: &World) {
    let mut world = world.clone();
    let (authority, client) = (world.authority.insecure_clone(), world.client.insecure_clone());
    let (admin, owner) = (authority.pubkey(), client.pubkey());
    let (market, project, key) = (world.market, world.project, world.node.pubkey());
    let mut take = |world: &World, name: &str, instruction: Instruction, signer: &Keypair| {
        take(figures, world, name, 0, instruction, signer);
    };
    let appoint = instruction::set_member(owner, project, key, 1_000, 60);
    take(&world, "set_member (new)", appoint.clone(), &client);
    world.run(std::slice::from_ref(&appoint), &[&client]);
    take(&world, "set_member (change)", appoint, &client);
    take(&world, "close_member", instruction::close_member(owner, owner, project, key), &client);
    take(&world, "update_market", instruction::update_market(admin, market, grid_tests::TERMS), &authority);
    take(&world, "pause_market", instruction::pause_market(admin, market, 60), &authority);
    take(&world, "pause_deposits", instruction::pause_deposits(admin, 60), &authority);
    take(&world, "update_config", instruction::update_config(admin, owner, owner), &authority);
    take(&world, "close_market", instruction::close_market(admin, market), &authority);
    let offers = [
        instruction::propose_market_authority(admin, market, owner),
        instruction::propose_admin(admin, owner),
    ];
    take(&world, "propose_market_authority", offers[0].clone(), &authority);
    take(&world, "propose_admin", offers[1].clone(), &authority);
    world.run(&offers, &[&authority]);
    take(&world, "accept_market_authority", instruction::accept_market_authority(owner, market), &client);
    take(&world, "accept_admin", instruction::accept_admin(owner), &client);
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
    let (owner_spends, longer) = (Spender::Owner(owner), grid_tests::TERMS.max_timeout_seconds);
    take(figures, &world, "extend", depth, instruction::extend(owner_spends, project, job, longer), &client);
    let stranger = world.stranger.insecure_clone();
    take(figures, &world, "notify_job", depth, instruction::notify_job(job), &stranger);
    for count in [1, MANY] {
        let requests = vec![(JobKind::Batch, TIMEOUT, DEFINITION); count];
        let many = instruction::list_many(owner_spends, project, market, 2_000_000, u64::MAX, &requests);
        take(figures, &world, &format!("list_many ({count} queue)"), depth, many, &client);
    }

    let head = world.market().waiting().expect("links agree")[0];
    take(figures, &world, "work (meets a job)", depth, instruction::work(operator, device, market, 0), &node);
    world.work(device);
    take(figures, &world, "start (met by work)", depth, instruction::start(operator, device, head), &node);
    let run = Run { device, job: head, market, project };
    let decline = instruction::decline(operator, run);
    take(figures, &world, "decline (requeues)", depth, decline, &node);
    let mut late = world.clone();
    late.network.advance(i64::from(grid_tests::TERMS.start_window_seconds) + 1);
    let expire = instruction::expire_assignment(run, None);
    take(figures, &late, "expire_assignment (requeues)", depth, expire, &stranger);
    world.start(device, head);
    let heartbeat = instruction::heartbeat(operator, device, head);
    take(figures, &world, "heartbeat", depth, heartbeat, &node);
    take(figures, &world, "quit (requeues)", depth, instruction::quit(operator, run), &node);
    take(figures, &world, "end", depth, instruction::end(owner, run), &client);
    let mut silent = world.clone();
    silent.network.advance(i64::from(grid_tests::TERMS.heartbeat_limit_seconds) + 1);
    let reward = silent.open_strangers_project();
    for (name, reward_project) in
        [("expire_run (requeues)", None), ("expire_run (requeues, reward to another)", Some(reward))]
    {
        let expire = instruction::expire_run(run, reward_project);
        take(figures, &silent, name, depth, expire, &stranger);
    }
    world.network.advance(60);
    let finish = instruction::finish(operator, Run { device, job: head, market, project }, RESULT);
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
    let listing = Listing {
        id: 1,
        kind: JobKind::Batch,
        definition: DEFINITION,
        timeout_seconds: TIMEOUT,
        max_price_per_second_atoms: u64::MAX,
    };
    let spender = Spender::Owner(client.pubkey());
    let direct = instruction::list_direct(spender, project, market, middle, &listing);
    take(figures, &world, "list_direct", depth, direct, &client);
    let head = world.market().waiting().expect("links agree")[0];
    let job = world.list(1);
    take(figures, &world, "start (met by list)", depth, instruction::start(operator, head, job), &node);
    let run = Run { device: head, job, market, project };
    take(figures, &world, "decline (meets a device)", depth, instruction::decline(operator, run), &node);
    let stranger = world.stranger.insecure_clone();
    let mut late = world.clone();
    late.network.advance(i64::from(grid_tests::TERMS.start_window_seconds) + 1);
    let expire = instruction::expire_assignment(run, None);
    take(figures, &late, "expire_assignment (meets a device)", depth, expire, &stranger);
    world.start(head, job);
    world.network.advance(i64::from(grid_tests::TERMS.heartbeat_limit_seconds) + 1);
    let expire = instruction::expire_run(run, None);
    take(figures, &world, "expire_run (meets a device)", depth, expire, &stranger);
}

/// Gives the project the tokens for the longest queue.
fn top_up(world: &mut World) {
    let client = world.client.insecure_clone();
    let source = address::token_account(&client.pubkey(), world.mint);
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
    let source = address::token_account(&funder.pubkey(), world.mint);
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
