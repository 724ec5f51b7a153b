//! A whole grid, as a scripted scenario: a market and a collection for each of 13 classes of GPUs, 112 nodes with GPUs of 22
//! models, all of them attested, issued an access NFT and admitted; jobs in every market; and at the end nobody is left.

use crate::support::next_slot;
use grid_client::{
    address,
    instruction::{self, Evidence, Listing, Run},
    ledger::decode_all,
    nodes, token,
};
use grid_jobs::{AccessRule, Admission, AdmissionTerms, GridError, JobKind, JobState, MarketTerms};
use grid_nodes::{Collection, Hardware, Measured, Software};
use grid_tests::{
    TERMS, World, assert_ledger, assert_solvent, expect_error, keypair_for, metaplex,
    nodes::{hardware, label, software},
    world::{BOND, DEFINITION, RESULT, TOKENS},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::BTreeMap;

/// A GPU: model, memory in MiB, compute capability.
type Gpu = (&'static str, u32, (u8, u8));

/// Classes of GPUs, each with the models in it.
const CLASSES: [(&str, &[Gpu]); 13] = [
    ("RTX 3060", &[("RTX 3060", 12_288, (8, 6)), ("RTX 3060 Ti", 8_192, (8, 6))]),
    ("RTX 3070", &[("RTX 3070", 8_192, (8, 6)), ("RTX 3070 Ti", 8_192, (8, 6))]),
    ("RTX 3080", &[("RTX 3080", 10_240, (8, 6)), ("RTX 3080 Ti", 12_288, (8, 6))]),
    ("RTX 3090", &[("RTX 3090", 24_576, (8, 6)), ("RTX 3090 Ti", 24_564, (8, 6))]),
    ("RTX 4060", &[("RTX 4060", 8_188, (8, 9)), ("RTX 4060 Ti", 16_380, (8, 9))]),
    ("RTX 4070", &[("RTX 4070", 12_282, (8, 9)), ("RTX 4070 Ti", 12_282, (8, 9))]),
    ("RTX 4080", &[("RTX 4080", 16_376, (8, 9))]),
    ("RTX 4090", &[("RTX 4090", 24_564, (8, 9))]),
    ("RTX 5090", &[("RTX 5090", 32_607, (12, 0))]),
    ("RTX A6000", &[("RTX A6000", 49_140, (8, 6)), ("RTX 6000 Ada", 49_140, (8, 9))]),
    ("L40S", &[("L40S", 46_068, (8, 9))]),
    ("A100", &[("A100-PCIE-40GB", 40_960, (8, 0)), ("A100-SXM4-80GB", 81_920, (8, 0))]),
    ("H100", &[("H100 PCIe", 81_559, (9, 0)), ("H100 80GB HBM3", 81_559, (9, 0))]),
];
/// Nodes.
const NODES: usize = 112;
/// Models of GPUs.
const MODELS: usize = 22;
/// Every so many nodes one has a second machine class: it is in the next market too.
const TWO_MARKETS: usize = 4;
/// How long each job runs, seconds.
const RUN_SECONDS: i64 = 60;
/// Jobs of a round are listed for this time at most, seconds.
const TIMEOUT: u32 = 600;

/// Terms of a class's market: each has a price of its own.
fn terms(class: usize) -> MarketTerms {
    MarketTerms { price_per_second_atoms: 100 + 40 * class as u64, ..TERMS }
}

/// Benchmark class of a class of GPUs.
fn benchmark(class: usize) -> u16 {
    class as u16 + 1
}

/// Least score in a class of GPUs.
fn min_score(class: usize) -> u64 {
    1_000 * (class as u64 + 1)
}

/// A node and its machine.
struct Node {
    key: Keypair,
    gpu: Gpu,
    class: usize,
}

/// A device of a node in a market, and the NFT that it is admitted with.
#[derive(Debug, Clone, Copy)]
struct Seat {
    node: usize,
    class: usize,
    device: Address,
    mint: Address,
}

/// The grid.
struct Grid {
    world: World,
    nodes: Vec<Node>,
    seats: Vec<Seat>,
    markets: Vec<Address>,
    collections: Vec<Address>,
    next_job: u64,
}

impl Grid {
    /// Markets that ask for an access NFT and an attestation of their class, and nodes with lamports and tokens.
    fn new() -> Self {
        let mut world = World::bare();
        world.network.svm = world.network.svm.clone().with_sigverify(false);
        world.initialize_config();
        world.open_vault();
        world.open_project();
        let (authority, mint) = (world.authority.pubkey(), world.mint);
        world.land(&[token::create_account(authority, authority, mint)]);
        let (mut markets, mut collections) = (Vec::new(), Vec::new());
        for (class, (name, _)) in CLASSES.iter().enumerate() {
            let id = class as u64;
            let create = nodes::create_collection(authority, id, label(&format!("Grid {name}")));
            world.land(&[nodes::compute_limit(nodes::NFT_COMPUTE_UNITS), create]);
            let collection = nodes::collection_mint_address(&authority, id).0;
            let market = world.open_market(id, terms(class));
            let asked = AdmissionTerms {
                access: AccessRule::Issued,
                collection,
                benchmark_class: benchmark(class),
                min_score: min_score(class),
                ..AdmissionTerms::OPEN
            };
            world.land(&[instruction::set_admission(authority, market, asked)]);
            markets.push(market);
            collections.push(collection);
        }
        let models: Vec<(usize, Gpu)> = CLASSES
            .iter()
            .enumerate()
            .flat_map(|(class, (_, models))| models.iter().map(move |model| (class, *model)))
            .collect();
        assert_eq!(models.len(), MODELS);
        let nodes = (0..NODES).map(|number| {
            let (class, gpu) = models[number % MODELS];
            Node { key: keypair_for(&format!("grid node {number}")), gpu, class }
        });
        let nodes: Vec<Node> = nodes.collect();
        for node in &nodes {
            world.network.fund(&node.key.pubkey());
            world.give_tokens(&mint, &node.key.pubkey(), 2 * BOND);
        }
        Self { world, nodes, seats: Vec::new(), markets, collections, next_job: 0 }
    }

    /// Every node registers, and gets a seat in the market of its class; some get a second one, in the next market.
    fn seat_everybody(&mut self) {
        for number in 0..NODES {
            let node = &self.nodes[number];
            let register = nodes::register_node(node.key.pubkey(), machine(node.gpu), software_of(number));
            self.world.run(&[register], &[&node.key]);
            let class = node.class;
            self.seat(number, class);
            if number % TWO_MARKETS == 0 {
                self.seat(number, (class + 1) % CLASSES.len());
            }
        }
    }

    /// The authority attests a node and issues it an NFT; the node opens a device, has it admitted and offers it.
    fn seat(&mut self, node: usize, class: usize) {
        let (authority, mint) = (self.world.authority.pubkey(), self.world.mint);
        let (signer, collection) = (self.nodes[node].key.insecure_clone(), self.collections[class]);
        let (key, market) = (signer.pubkey(), self.markets[class]);
        let index = self.seats.iter().filter(|seat| seat.class == class).count() as u64;
        let measured = Measured {
            class: benchmark(class),
            score: min_score(class) + node as u64,
            result: [5; 32],
            expires_at: self.world.network.time() + 30 * 86_400,
            hardware_slot: self.node(&key).hardware_slot.get(),
        };
        self.world.land(&[nodes::attest(authority, &collection, &key, &measured)]);
        let issue = nodes::issue_access(authority, &collection, key, index, label("Grid access"));
        self.world.land(&[nodes::compute_limit(nodes::NFT_COMPUTE_UNITS), issue]);
        let device = address::device(&market, &key, 0).0;
        let seat = Seat { node, class, device, mint: nodes::access_mint_address(&collection, index).0 };
        let source = address::token_account(&key, mint);
        let open = instruction::open_device(key, market, 0, key);
        let fund = instruction::fund_bond(key, source, device, mint, BOND);
        let admit = instruction::admit_device(key, device, market, &seat.mint, AccessRule::Issued);
        self.world.run(&[open, fund], &[&signer]);
        self.world.run(&[admit, self.work(seat)], &[&signer]);
        self.seats.push(seat);
    }

    fn key(&self, seat: Seat) -> &Keypair {
        &self.nodes[seat.node].key
    }

    fn node(&self, key: &Address) -> grid_nodes::Node {
        let record = nodes::node_address(key).0;
        grid_client::account::decode(&record, &self.world.raw(&record)).expect("a node's record")
    }

    fn evidence(&self, seat: Seat) -> Evidence {
        let rule = self.world.market_at(&self.markets[seat.class]).header.admission;
        Evidence::of(&rule, &self.key(seat).pubkey(), Some(&seat.mint), None)
    }

    fn work(&self, seat: Seat) -> Instruction {
        let market = self.markets[seat.class];
        instruction::work_gated(self.key(seat).pubkey(), seat.device, market, 0, self.evidence(seat))
    }

    fn start(&self, seat: Seat, job: Address) -> Instruction {
        let (key, market) = (self.key(seat).pubkey(), self.markets[seat.class]);
        instruction::start_gated(key, seat.device, job, market, self.evidence(seat))
    }

    fn run_of(&self, seat: Seat, job: Address) -> Run {
        let (market, project) = (self.markets[seat.class], self.world.project);
        Run { device: seat.device, job, market, project }
    }

    /// Lists the next job in a market.
    fn list(&mut self, class: usize) -> Address {
        let id = self.next_job;
        self.next_job += 1;
        let listing = Listing {
            id,
            kind: JobKind::Batch,
            definition: DEFINITION,
            timeout_seconds: TIMEOUT,
            max_price_per_second_atoms: terms(class).price_per_second_atoms,
        };
        let (client, project) = (self.world.client.pubkey(), self.world.project);
        self.world.land(&[instruction::list(client, project, self.markets[class], &listing)]);
        address::job(&project, id).0
    }

    /// The job of each seat, with what its devices and jobs say about the match.
    fn matches(&self, jobs: &[Address]) -> Vec<(Seat, Address)> {
        let by_device: BTreeMap<Address, Address> =
            self.seats.iter().map(|seat| (self.world.device(&seat.device).job, seat.device)).collect();
        let found = jobs.iter().map(|job| {
            let named = self.world.job(job).device;
            let device = if named == Address::default() { by_device[job] } else { named };
            (*self.seats.iter().find(|seat| seat.device == device).expect("a seat"), *job)
        });
        found.collect()
    }

    /// Every match starts, runs and is paid to its node; each of them in the market of the node's class.
    fn run_all(&mut self, jobs: &[Address]) {
        let matches = self.matches(jobs);
        assert_eq!(matches.len(), self.seats.len(), "every seat has a job");
        for (seat, job) in &matches {
            let start = self.start(*seat, *job);
            let signer = self.key(*seat).insecure_clone();
            self.world.run(&[start], &[&signer]);
        }
        self.world.network.advance(RUN_SECONDS);
        for (seat, job) in &matches {
            let (signer, mint) = (self.key(*seat).insecure_clone(), self.world.mint);
            let (key, pays) =
                (signer.pubkey(), RUN_SECONDS as u64 * terms(seat.class).price_per_second_atoms);
            let before = self.world.tokens(&key);
            let finish = instruction::finish(key, self.run_of(*seat, *job), RESULT);
            self.world.run(&[finish, instruction::withdraw_earnings(seat.device, mint, key)], &[&signer]);
            let found = self.world.job(job);
            assert!(found.is(JobState::Done));
            assert_eq!(found.market, self.markets[seat.class]);
            assert_eq!(self.world.tokens(&key), before + pays);
        }
    }

    /// Asserts that a node that is not in the next market gets nothing there, whatever of its own it shows.
    fn assert_kept_out(&mut self, seat: Seat) {
        let other = (seat.class + 1) % CLASSES.len();
        let (market, mint) = (self.markets[other], self.world.mint);
        let signer = self.key(seat).insecure_clone();
        let key = signer.pubkey();
        let device = address::device(&market, &key, 0).0;
        let source = address::token_account(&key, mint);
        let open = instruction::open_device(key, market, 0, key);
        self.world.run(&[open, instruction::fund_bond(key, source, device, mint, BOND)], &[&signer]);
        let admit = instruction::admit_device(key, device, market, &seat.mint, AccessRule::Issued);
        let own = instruction::work_gated(key, device, market, 0, self.evidence(seat));
        let theirs = Seat { class: other, device, ..seat };
        let bare = instruction::work(key, device, market, 0);
        for (attempt, error) in [
            (admit, GridError::AccessNotVerified),
            (own, GridError::DeviceNotAdmitted),
            (self.work(theirs), GridError::DeviceNotAdmitted),
            (bare, GridError::AdmissionAsked),
        ] {
            expect_error(self.world.attempt(&[attempt], &[&signer]), error);
        }
        // Nor does its own device take what waits in the other market.
        let mut astray = self.work(seat);
        astray.accounts[2].pubkey = market;
        expect_error(self.world.attempt(&[astray], &[&signer]), GridError::WrongMarket);
        let bond = instruction::withdraw_bond(key, device, mint, key, BOND);
        self.world.run(&[bond, instruction::close_device(key, key, device)], &[&signer]);
    }

    /// Everybody leaves: nodes, client, authority.
    fn close_down(&mut self) {
        let (authority, client) = (self.world.authority.pubkey(), self.world.client.pubkey());
        let (mint, project) = (self.world.mint, self.world.project);
        for seat in self.seats.clone() {
            let (signer, market) = (self.key(seat).insecure_clone(), self.markets[seat.class]);
            let (key, collection) = (signer.pubkey(), self.collections[seat.class]);
            let leave = [
                instruction::dismiss_device(key, seat.device, market, &seat.mint),
                instruction::withdraw_bond(key, seat.device, mint, key, BOND),
                instruction::close_device(key, key, seat.device),
            ];
            self.world.run(&leave, &[&signer]);
            let attestation = nodes::attestation_address(&collection, &key, benchmark(seat.class)).0;
            self.world.land(&[
                nodes::revoke_attestation(authority, &collection, attestation, authority),
                nodes::revoke_access(authority, &collection, &seat.mint, authority),
            ]);
        }
        next_slot(&mut self.world);
        for node in &self.nodes {
            self.world.run(&[nodes::close_node(node.key.pubkey())], &[&node.key]);
        }
        for id in 0..self.next_job {
            let job = address::job(&project, id).0;
            self.world.land(&[instruction::close_job(client, project, job, client)]);
        }
        let (balance, tokens) = (self.world.project().balance.get(), address::token_account(&client, mint));
        self.world.land(&[
            instruction::withdraw(client, project, mint, tokens, balance),
            instruction::close_project(client, project),
        ]);
        for market in self.markets.clone() {
            self.world.run(&[instruction::collect_fees(market, mint, authority, Default::default())], &[]);
            self.world.land(&[instruction::close_market(authority, market)]);
        }
    }
}

/// The machine around a GPU.
fn machine((model, vram_mib, (compute_major, compute_minor)): Gpu) -> Hardware {
    Hardware {
        gpu_model: format!("NVIDIA {model}"),
        gpu_count: 1,
        vram_mib,
        compute_major,
        compute_minor,
        ..hardware()
    }
}

fn software_of(node: usize) -> Software {
    Software { endpoint: format!("https://node-{node}.example:8443"), ..software() }
}

#[test]
fn thirteen_markets_and_a_hundred_and_twelve_nodes_work_and_go_home() {
    let mut grid = Grid::new();
    let client = grid.world.client.pubkey();
    let lamports = |world: &World, nodes: &[Node]| -> Vec<u64> {
        nodes.iter().map(|node| world.lamports(&node.key.pubkey())).collect()
    };
    let nodes_had = lamports(&grid.world, &grid.nodes);

    grid.seat_everybody();
    let seats = grid.seats.clone();
    assert_eq!(seats.len(), NODES + NODES / TWO_MARKETS);
    for (class, collection) in grid.collections.iter().enumerate() {
        let members = seats.iter().filter(|seat| seat.class == class);
        let waiting = grid.world.market_at(&grid.markets[class]).waiting().expect("a queue");
        assert_eq!(waiting, members.map(|seat| seat.device).collect::<Vec<_>>());
        assert!(waiting.len() >= 5, "class {class} has {} nodes", waiting.len());
        assert_eq!(metaplex::size(&grid.world.network, collection), waiting.len() as u64);
    }
    assert_ledger(&grid.world, 0);

    // Nobody takes work of a market that it has no NFT for; jobs wait there or not.
    for class in 0..CLASSES.len() {
        let only = seats.iter().find(|seat| seat.class == class && seat.node % TWO_MARKETS != 0);
        grid.assert_kept_out(*only.expect("a node of one market"));
    }

    // First round: the devices wait, then the jobs come. Second round: the jobs wait, then the devices come.
    let first: Vec<Address> = seats.iter().map(|seat| grid.list(seat.class)).collect();
    grid.run_all(&first);
    assert_ledger(&grid.world, 0);
    let second: Vec<Address> = seats.iter().map(|seat| grid.list(seat.class)).collect();
    for class in 0..CLASSES.len() {
        let only = seats.iter().find(|seat| seat.class == class && seat.node % TWO_MARKETS != 0);
        grid.assert_kept_out(*only.expect("a node of one market"));
    }
    for seat in seats.iter().rev() {
        let (work, signer) = (grid.work(*seat), grid.key(*seat).insecure_clone());
        grid.world.run(&[work], &[&signer]);
    }
    grid.run_all(&second);
    assert_ledger(&grid.world, 0);
    assert_solvent(&grid.world);

    let spent: u64 = seats
        .iter()
        .map(|seat| {
            let paid = RUN_SECONDS as u64 * terms(seat.class).price_per_second_atoms;
            2 * (paid + (paid * 250).div_ceil(10_000))
        })
        .sum();
    grid.close_down();

    let world = &grid.world;
    assert_eq!(world.vault_tokens(), 0, "nobody is owed anything");
    assert_eq!(world.tokens(&client), TOKENS - spent);
    assert_eq!(lamports(world, &grid.nodes), nodes_had, "all rent came back to the nodes");
    let idle = world.lamports(&world.stranger.pubkey());
    assert_eq!(world.lamports(&client), idle, "and to the client: it has what who did nothing has");
    let earned: u64 = grid.nodes.iter().map(|node| world.tokens(&node.key.pubkey()) - 2 * BOND).sum();
    assert_eq!(earned + world.tokens(&world.authority.pubkey()), spent, "pay and fees");
    let jobs = world.network.svm.get_program_accounts(&grid_jobs::ID);
    assert_eq!(decode_all::<Admission>(&jobs).len(), 0);
    assert_eq!(jobs.len(), 1, "the config is left, and nothing else");
    let registry = world.network.svm.get_program_accounts(&grid_nodes::ID);
    let left = registry.iter().filter(|(_, account)| account.lamports > 0).count();
    let collections = decode_all::<Collection>(&registry);
    assert_eq!((left, collections.len()), (CLASSES.len(), CLASSES.len()), "the collections are left");
    for collection in &grid.collections {
        assert_eq!(metaplex::size(&world.network, collection), 0);
    }
}
