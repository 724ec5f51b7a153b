//! Two busy markets whose nodes all fall silent for ever: a stranger takes every account and every deposit home. Only
//! clients withdraw their own balances and close what is theirs, and the authority closes the markets at the end.

use crate::support::{KINDS, STAGES, Stage};
use grid_client::{
    account::{DevicePhase, JobPhase, device_phase, job_phase},
    address,
    instruction::{self, Run, Spender},
    ledger::decode_all,
};
use grid_jobs::{Device, Job, JobKind, JobState, Market, Project};
use grid_tests::{
    TERMS, World, assert_ledger, keypair_for,
    world::{BOND, DEFINITION, RESULT, TOKENS},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{collections::BTreeMap, slice::from_ref};

/// Tokens that lie in the vault and that nobody owns.
const DUST: u64 = 777;
/// What each client deposits.
const DEPOSIT: u64 = 1_000_000_000;
/// What the stranger waits between two rounds: longer than a notice, seconds.
const ROUND: i64 = 31 * 24 * 60 * 60;
/// Rounds in which all must be at home: a job may be lost twice more, and every exit has its notice.
const ROUNDS: usize = 8;

/// Accounts of one type, each with its address.
type Found<T> = Vec<(Address, T)>;

/// The actors besides those of the world.
struct Actors {
    clients: Vec<Keypair>,
    nodes: Vec<Keypair>,
    members: Vec<Keypair>,
}

impl Actors {
    fn new() -> Self {
        let named = |role: &str| (0..3).map(|n| keypair_for(&format!("{role} {n}"))).collect();
        Self { clients: named("client"), nodes: named("node"), members: named("member") }
    }

    fn all(&self) -> impl Iterator<Item = &Keypair> {
        self.clients.iter().chain(&self.nodes).chain(&self.members)
    }

    /// The key pair of an actor.
    #[track_caller]
    fn pair(&self, key: &Address) -> &Keypair {
        self.all().find(|actor| actor.pubkey() == *key).expect("an actor")
    }
}

/// A busy world in the making.
struct Busy {
    world: World,
    actors: Actors,
    markets: [Address; 2],
    next_device: u32,
    next_job: u64,
}

impl Busy {
    /// Actors with lamports and tokens, config, vault and dust: all that stays when the rest is gone.
    fn before() -> Self {
        let (mut world, actors) = (World::bare(), Actors::new());
        world.initialize_config();
        world.open_vault();
        let (mint, authority) = (world.mint, world.authority.pubkey());
        for actor in actors.all() {
            world.network.fund(&actor.pubkey());
            world.give_tokens(&mint, &actor.pubkey(), TOKENS);
        }
        world.give_tokens(&mint, &authority, 0);
        world.donate(DUST);
        let markets = [0, 1].map(|id| address::market(&authority, id).0);
        Self { world, actors, markets, next_device: 0, next_job: 0 }
    }

    /// Markets, projects with members, jobs of both kinds at every stage, and devices that are idle, matched and
    /// running; at the end jobs wait in one market and devices in the other.
    fn fill(&mut self) {
        let (authority, mint) = (self.world.authority.pubkey(), self.world.mint);
        for (id, market) in self.markets.into_iter().enumerate() {
            self.world.open_market(id as u64, TERMS);
            self.world.land(&[instruction::grow_market(authority, market)]);
        }
        for (client, member) in self.actors.clients.iter().zip(&self.actors.members) {
            let key = client.pubkey();
            let project = address::project(&mint, &key).0;
            let source = address::token_account(&key, mint);
            let open = instruction::open_project(key, mint);
            let deposit = instruction::deposit(key, source, project, mint, DEPOSIT);
            let appoint = instruction::set_member(key, project, member.pubkey(), u64::MAX, 60);
            self.world.run(&[open, deposit, appoint], &[client]);
        }
        for market in self.markets {
            for stage in STAGES.into_iter().filter(|stage| *stage != Stage::Queued) {
                for kind in [KINDS, KINDS].concat() {
                    self.bring_to(stage, kind, market);
                }
            }
        }
        for kind in KINDS.into_iter().cycle().take(12) {
            self.list(kind, self.markets[0]);
        }
        for _ in 0..8 {
            let device = self.open_device(self.markets[1]);
            self.work(device);
        }
        for market in self.markets {
            self.open_device(market);
        }
    }

    /// Opens a device of the next node.
    fn open_device(&mut self, market: Address) -> Address {
        let (index, mint) = (self.next_device, self.world.mint);
        self.next_device += 1;
        let node = &self.actors.nodes[index as usize % 3];
        let key = node.pubkey();
        let device = address::device(&market, &key, index).0;
        let source = address::token_account(&key, mint);
        let open = instruction::open_device(key, market, index, key);
        let fund = instruction::fund_bond(key, source, device, mint, BOND);
        self.world.run(&[open, fund], &[node]);
        device
    }

    /// Lists a job of the next project, every second one by its member.
    fn list(&mut self, kind: JobKind, market: Address) -> (Address, Address) {
        let id = self.next_job;
        self.next_job += 1;
        let client = &self.actors.clients[id as usize % 3];
        let member = &self.actors.members[id as usize % 3];
        let project = address::project(&self.world.mint, &client.pubkey()).0;
        let (spender, signer) = match id % 2 {
            0 => (Spender::Owner(client.pubkey()), client),
            _ => (Spender::Member(member.pubkey()), member),
        };
        let request = (kind, 600 + id as u32, DEFINITION);
        let list = instruction::list_many(spender, project, market, id, u64::MAX, &[request]);
        self.world.run(&[list], &[signer]);
        (address::job(&project, id).0, project)
    }

    /// Sends what the node of a device signs.
    fn as_node(&mut self, device: Address, instructions: &[Instruction]) {
        let node = self.world.device(&device).node;
        self.world.run(instructions, &[self.actors.pair(&node)]);
    }

    fn work(&mut self, device: Address) {
        let Device { node, market, .. } = self.world.device(&device);
        self.as_node(device, &[instruction::work(node, device, market, 0)]);
    }

    /// Lists a job in a market where nobody waits, and brings it to a stage with a device of its own.
    fn bring_to(&mut self, stage: Stage, kind: JobKind, market: Address) {
        let device = self.open_device(market);
        let node = self.world.device(&device).node;
        if stage == Stage::MatchedByJob {
            self.work(device);
            self.list(kind, market);
            return;
        }
        let (job, project) = self.list(kind, market);
        self.work(device);
        if stage == Stage::MatchedByDevice {
            return;
        }
        let run = Run { device, job, market, project };
        let start = instruction::start(node, device, job);
        self.as_node(device, from_ref(&start));
        self.world.network.advance(37);
        self.as_node(device, &[instruction::heartbeat(node, device, job)]);
        self.world.network.advance(11);
        match stage {
            Stage::Finished => self.as_node(device, &[instruction::finish(node, run, RESULT)]),
            Stage::Ended => {
                let client = self.world.project_at(&project).owner;
                self.world.run(&[instruction::end(client, run)], &[self.actors.pair(&client)]);
            }
            Stage::Stopped => {
                let work = instruction::work(node, device, market, 0);
                let quit = instruction::quit(node, run);
                let again = [quit.clone(), work, start];
                self.as_node(device, &[&again[..], &again[..], &[quit]].concat());
            }
            _ => (),
        }
    }

    /// All jobs and devices.
    fn accounts(&self) -> (Found<Job>, Found<Device>) {
        let accounts = self.world.network.svm.get_program_accounts(&grid_jobs::ID);
        (decode_all(&accounts), decode_all(&accounts))
    }

    /// What a stranger can do for a job now, or once it has waited.
    fn for_job(&self, at: &Address, job: &Job, devices: &[(Address, Device)]) -> Instruction {
        let stranger = self.world.stranger.pubkey();
        let run = |device| Run { device, job: *at, market: job.market, project: job.project };
        let matched = || {
            let of_device = || devices.iter().find(|(_, device)| device.job == *at).expect("its device").0;
            if job.is(JobState::Assigned) { job.device } else { of_device() }
        };
        match job_phase(at, job, &self.world.market_at(&job.market)) {
            JobPhase::Queued if job.noticed_at == 0 => instruction::notify_job(*at),
            JobPhase::Queued => instruction::delist(stranger, job.project, job.market, *at, job.rent_payer),
            JobPhase::Matched => instruction::expire_assignment(run(matched()), None),
            JobPhase::Running => instruction::expire_run(run(job.device), None),
            JobPhase::Done | JobPhase::Stopped => {
                instruction::close_job(stranger, job.project, *at, job.rent_payer)
            }
        }
    }

    /// What a stranger can do for a device that is in no match and no run.
    fn for_device(&self, at: &Address, device: &Device) -> Vec<Instruction> {
        let (stranger, mint) = (self.world.stranger.pubkey(), self.world.mint);
        match device_phase(at, device, &self.world.market_at(&device.market)) {
            DevicePhase::Idle | DevicePhase::Queued if device.noticed_at == 0 => {
                vec![instruction::notify_device(*at)]
            }
            DevicePhase::Queued => vec![instruction::leave(stranger, *at, device.market)],
            DevicePhase::Idle => {
                let bond = device.bond_atoms.get();
                let earnings = instruction::withdraw_earnings(*at, mint, device.payee);
                let bond_home = instruction::withdraw_bond(stranger, *at, mint, device.payee, bond);
                let close = instruction::close_device(stranger, device.node, *at);
                let mut all = vec![close];
                if bond > 0 {
                    all.insert(0, bond_home);
                }
                if device.earnings_atoms != 0 {
                    all.insert(0, earnings);
                }
                all
            }
            _ => Vec::new(),
        }
    }

    /// Does for every account what can be done now; returns how many transactions landed.
    fn round(&mut self) -> usize {
        let (jobs, devices) = self.accounts();
        let mut all: Vec<Vec<Instruction>> =
            jobs.iter().map(|(at, job)| vec![self.for_job(at, job, &devices)]).collect();
        all.extend(devices.iter().map(|(at, device)| self.for_device(at, device)));
        let stranger = self.world.stranger.insecure_clone();
        let mut landed = 0;
        for instructions in all.iter().filter(|instructions| !instructions.is_empty()) {
            let metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
            let signers: Vec<Address> = metas.filter(|meta| meta.is_signer).map(|meta| meta.pubkey).collect();
            assert!(signers.iter().all(|signer| *signer == stranger.pubkey()), "only the stranger signs");
            let signing: &[&Keypair] = if signers.is_empty() { &[] } else { &[&stranger] };
            landed += usize::from(self.world.attempt(instructions, signing).is_ok());
        }
        landed
    }

    /// Lamports of all actors, and tokens outside the vault.
    fn wealth(&self) -> (BTreeMap<Address, u64>, u64) {
        let world = &self.world;
        let actors =
            [world.authority.pubkey(), world.stranger.pubkey(), world.client.pubkey(), world.node.pubkey()];
        let all: Vec<Address> = self.actors.all().map(Signer::pubkey).chain(actors).collect();
        let tokens = all.iter().map(|actor| world.tokens(actor)).sum();
        (all.iter().map(|actor| (*actor, world.lamports(actor))).collect(), tokens)
    }
}

#[test]
fn an_empty_market_closes() {
    let mut busy = Busy::before();
    let before = busy.wealth();
    let authority = busy.world.authority.pubkey();
    busy.world.open_market(0, TERMS);
    busy.world.land(&[instruction::close_market(authority, busy.markets[0])]);
    assert!(!busy.world.exists(&busy.markets[0]));
    assert_eq!(busy.wealth(), before);
}

#[test]
fn a_stranger_takes_everything_home_when_all_nodes_fall_silent() {
    let mut busy = Busy::before();
    let before = busy.wealth();
    busy.fill();
    assert_ledger(&busy.world, DUST);
    assert_is_busy(&busy);

    let mut rounds = 0;
    while busy.accounts() != (vec![], vec![]) {
        busy.world.network.advance(ROUND);
        assert!(busy.round() > 0, "every round brings somebody home");
        assert_ledger(&busy.world, DUST);
        rounds += 1;
        assert!(rounds <= ROUNDS, "some account stays for ever");
    }

    let (mint, authority) = (busy.world.mint, busy.world.authority.pubkey());
    for market in busy.markets {
        assert!(busy.world.market_at(&market).header.fees_owed_atoms.get() > 0);
        busy.world.run(&[instruction::collect_fees(market, mint, authority, Default::default())], &[]);
    }
    for (client, member) in busy.actors.clients.iter().zip(&busy.actors.members) {
        let key = client.pubkey();
        let project = address::project(&mint, &key).0;
        let found = busy.world.project_at(&project);
        assert_eq!((found.open_jobs, found.members), (0.into(), 1.into()));
        let home = address::token_account(&key, mint);
        let withdraw = instruction::withdraw(key, project, mint, home, found.balance.get());
        let dismiss = instruction::close_member(key, key, project, member.pubkey());
        let close = instruction::close_project(key, project);
        busy.world.run(&[withdraw, dismiss, close], &[client]);
    }
    for market in busy.markets {
        busy.world.land(&[instruction::close_market(authority, market)]);
    }

    let accounts = busy.world.network.svm.get_program_accounts(&grid_jobs::ID);
    let left: Vec<Address> =
        accounts.into_iter().filter(|(_, account)| account.lamports > 0).map(|(at, _)| at).collect();
    assert_eq!(left, [address::config().0], "nothing of the program stays but its config");
    assert_eq!(busy.world.vault_tokens(), DUST);
    assert_eq!(
        busy.wealth(),
        before,
        "every lamport is back with who paid it, and every token outside the vault"
    );
}

/// Asserts that there is somebody in each situation to be brought home from.
#[track_caller]
fn assert_is_busy(busy: &Busy) {
    let (jobs, devices) = busy.accounts();
    let markets: BTreeMap<Address, _> =
        busy.markets.iter().map(|at| (*at, busy.world.market_at(at))).collect();
    let jobs_at = |kind: JobKind, phase: JobPhase| {
        let is = |(at, job): &&(Address, Job)| {
            job.kind == kind as u8 && job_phase(at, job, &markets[&job.market]) == phase
        };
        jobs.iter().filter(is).count()
    };
    for kind in KINDS {
        let phases =
            [JobPhase::Queued, JobPhase::Matched, JobPhase::Running, JobPhase::Done, JobPhase::Stopped];
        assert_eq!(phases.map(|phase| jobs_at(kind, phase)), [6, 8, 4, 8, 4]);
    }
    let devices_at = |phase: DevicePhase| {
        let is =
            |(at, device): &&(Address, Device)| device_phase(at, device, &markets[&device.market]) == phase;
        devices.iter().filter(is).count()
    };
    let phases = [
        DevicePhase::Idle,
        DevicePhase::Queued,
        DevicePhase::Assigned,
        DevicePhase::TakenByJob,
        DevicePhase::Running,
    ];
    assert_eq!(phases.map(devices_at), [26, 8, 8, 8, 8]);
    assert!(devices.iter().any(|(_, device)| device.earnings_atoms != 0));
    let accounts = busy.world.network.svm.get_program_accounts(&grid_jobs::ID);
    assert_eq!(decode_all::<Project>(&accounts).len(), 3);
    assert!(decode_all::<Market>(&accounts).iter().all(|(_, market)| market.fees_owed_atoms != 0));
}
