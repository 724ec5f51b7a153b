//! How the stage is built, by the program's own instructions.

use crate::{
    TERMS, World, keypair_for,
    matrix::{
        chain, mints,
        sets::{Cast, Pair, Set, Waiters},
        stage::{Stage, listing},
    },
    world::{BOND, DECIMALS, DEFINITION, DEPOSIT, RESULT, TIMEOUT, TOKENS},
};
use grid_client::{
    account, address,
    instruction::{self, Spender},
    token::{self, Mint},
};
use grid_jobs::{JobKind, JobState, Project};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// Seconds that every job of the stage ran which is over or gave a sign of life.
const RUN_SECONDS: i64 = 10;
/// First id of the jobs that fill a queue for a moment.
const FILLING: u64 = 1_000_000;
/// Length of the members' periods, seconds.
const PERIOD: u32 = 86_400;

/// How far a device and a job get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The job waited, the device took it.
    Took,
    /// The device waited, the job met it.
    Met,
    /// It runs.
    Running,
    /// It is done; the device has earnings.
    Done,
    /// The client ended it; the device has earnings.
    Ended,
}

/// Whose devices and jobs, and where.
#[derive(Debug, Clone, Copy)]
pub struct Parties {
    /// The node of the devices.
    pub node: Address,
    /// The market.
    pub market: Address,
    /// The project of the jobs.
    pub project: Address,
}

/// A world that grows to a stage.
pub struct Builder {
    /// The world.
    pub world: World,
    /// The wallets.
    pub cast: Cast,
    next_index: u32,
    next_id: u64,
}

impl Builder {
    /// A world with funded wallets and the roles of the config given to them.
    pub fn new() -> Self {
        let (mut world, cast) = (World::new(), Cast::new());
        for wallet in cast.all() {
            world.network.fund(&wallet);
        }
        chain::trust_signatures(&mut world.network.svm);
        let mut builder = Self { world, cast, next_index: 1, next_id: 1 };
        builder.act(instruction::propose_admin(cast.authority, cast.admin));
        builder.act(instruction::accept_admin(cast.admin));
        builder.act(instruction::update_config(cast.admin, cast.pauser, cast.treasury));
        builder.act(instruction::propose_admin(cast.admin, cast.next_admin));
        builder
    }

    /// Sends an instruction that must succeed, signed by whoever it names.
    #[track_caller]
    pub fn act(&mut self, instruction: Instruction) {
        let payer = Stage::fee_payer();
        if let Err(failure) = chain::send(&mut self.world.network.svm, &payer, &[instruction]) {
            panic!("{}\n{}", failure.error, failure.logs.join("\n"));
        }
    }

    fn act_all(&mut self, instructions: Vec<Instruction>) {
        for instruction in instructions {
            self.act(instruction);
        }
    }

    /// Creates the mint `keypair_for(name)` of a token program.
    pub fn create_mint(&mut self, name: &str, program: Address) -> Mint {
        let mint = Mint { address: keypair_for(name).pubkey(), program };
        let rent = self.world.rent(token::MINT_SPACE as usize);
        self.act_all(mints::create_mint(self.cast.authority, mint, DECIMALS, rent));
        mint
    }

    /// Opens the vault of a mint.
    pub fn open_vault(&mut self, mint: Mint) {
        self.act(instruction::open_vault(self.cast.client, mint));
    }

    /// Gives tokens of a mint to everybody; to client and node twice, the second time apart from the associated account.
    pub fn give_tokens(&mut self, mint: Mint) {
        let authority = self.cast.authority;
        for wallet in self.cast.all() {
            self.act_all(mints::give(authority, mint, wallet, TOKENS));
        }
        let rent = self.world.rent(token::ACCOUNT_SPACE as usize);
        for wallet in [self.cast.client, self.cast.node] {
            let account = keypair_for(&format!("{wallet} {}", mint.address)).pubkey();
            self.act_all(mints::give_apart(authority, mint, wallet, account, rent, TOKENS));
        }
    }

    /// Creates the associated token accounts of wallets, and leaves them empty.
    pub fn open_accounts(&mut self, mint: Mint, wallets: &[Address]) {
        for wallet in wallets {
            self.act(token::create_account(self.cast.authority, *wallet, mint));
        }
    }

    /// Opens a market.
    pub fn open_market(&mut self, authority: Address, mint: Mint, id: u64) -> Address {
        self.act(instruction::open_market(authority, mint, id, TERMS));
        address::market(&authority, id).0
    }

    /// Opens a project.
    pub fn open_project(&mut self, owner: Address, mint: Mint) -> Address {
        self.act(instruction::open_project(owner, mint));
        address::project(&mint.address, &owner).0
    }

    /// Fills a project and appoints members.
    pub fn equip(&mut self, project: Address, mint: Mint, members: &[Address]) {
        let owner = self.owner_of(&project);
        let source = address::token_account(&owner, mint);
        self.act(instruction::deposit(owner, source, project, mint, DEPOSIT));
        for member in members {
            self.act(instruction::set_member(owner, project, *member, DEPOSIT, PERIOD));
        }
    }

    /// Who owns a project.
    pub fn owner_of(&self, project: &Address) -> Address {
        let decoded = account::decode::<Project>(project, &self.world.raw(project));
        decoded.expect("a project").owner
    }

    fn mint_of(&self, market: &Address) -> Mint {
        let address = self.world.market_at(market).header.mint;
        Mint { address, program: self.world.raw(&address).owner }
    }

    /// Opens a device; it gets a bond, unless that is zero, and is its node's payee's.
    pub fn open_device(&mut self, node: Address, market: Address, bond_atoms: u64) -> Address {
        self.next_index += 1;
        let mint = self.mint_of(&market);
        let device = address::device(&market, &node, self.next_index).0;
        self.act(instruction::open_device(node, market, self.next_index, self.cast.payee_of(node)));
        if bond_atoms > 0 {
            let source = address::token_account(&node, mint);
            self.act(instruction::fund_bond(node, source, device, mint, bond_atoms));
        }
        device
    }

    /// Lists a job, signed by the project's owner.
    pub fn list(&mut self, project: Address, market: Address) -> Address {
        self.next_id += 1;
        self.list_as(self.next_id, project, market)
    }

    fn list_as(&mut self, id: u64, project: Address, market: Address) -> Address {
        let owner = self.owner_of(&project);
        self.act(instruction::list(owner, project, market, &listing(id)));
        address::job(&project, id).0
    }

    /// Lists a job of a kind, signed by the project's member.
    pub fn list_by_member(&mut self, project: Address, market: Address, kind: JobKind) -> Address {
        self.next_id += 1;
        let member = Spender::Member(self.cast.member_of(self.owner_of(&project)));
        let request = (kind, TIMEOUT, DEFINITION);
        let list = instruction::list_many(member, project, market, self.next_id, u64::MAX, &[request]);
        self.act(list);
        address::job(&project, self.next_id).0
    }

    fn pair(&mut self, parties: Parties, until: Until) -> Pair {
        let Parties { node, market, project } = parties;
        let device = self.open_device(node, market, BOND);
        let work = instruction::work(node, device, market, 0);
        if until == Until::Met {
            self.act(work);
            let job = self.list(project, market);
            return Pair { device, job };
        }
        let job = self.list(project, market);
        self.act(work);
        let pair = Pair { device, job };
        if until == Until::Took {
            return pair;
        }
        self.act(instruction::start(node, device, job));
        if matches!(until, Until::Done | Until::Ended) {
            let run = pair.run(market, project);
            self.world.network.advance(RUN_SECONDS);
            self.act(match until {
                Until::Done => instruction::finish(node, run, RESULT),
                _ => instruction::end(self.owner_of(&project), run),
            });
        }
        pair
    }

    fn service(&mut self, parties: Parties) -> Pair {
        let Parties { node, market, project } = parties;
        let device = self.open_device(node, market, BOND);
        let job = self.list_by_member(project, market, JobKind::Service);
        self.act(instruction::work(node, device, market, 0));
        self.act(instruction::start(node, device, job));
        self.world.network.advance(RUN_SECONDS);
        self.act(instruction::heartbeat(node, device, job));
        Pair { device, job }
    }

    /// A set without those who wait and have notice.
    pub fn set(&mut self, parties: Parties) -> Set {
        let Parties { node, market, project } = parties;
        let owner = self.owner_of(&project);
        Set {
            node,
            payee: self.cast.payee_of(node),
            market,
            authority: self.world.market_at(&market).header.authority,
            project,
            owner,
            member: self.cast.member_of(owner),
            mint: self.mint_of(&market),
            done: self.pair(parties, Until::Done),
            ended: self.pair(parties, Until::Ended),
            service: self.service(parties),
            took: self.pair(parties, Until::Took),
            met: self.pair(parties, Until::Met),
            running: self.pair(parties, Until::Running),
            waiting_job: Address::default(),
            members_job: Address::default(),
            noticed_job: Address::default(),
            noticed_idle: Address::default(),
            noticed_empty: Address::default(),
        }
    }

    /// Adds those who wait and have notice. Whoever offers a device to the market after this, meets them.
    pub fn complete(&mut self, set: &mut Set) {
        let Set { node, market, project, .. } = *set;
        set.waiting_job = self.list(project, market);
        set.members_job = self.list_by_member(project, market, JobKind::Batch);
        set.noticed_job = self.list(project, market);
        set.noticed_idle = self.open_device(node, market, BOND);
        set.noticed_empty = self.open_device(node, market, 0);
        self.act(instruction::notify_job(set.noticed_job));
        self.act(instruction::notify_device(set.noticed_idle));
        self.act(instruction::notify_device(set.noticed_empty));
    }

    /// A market where devices wait.
    pub fn waiters(&mut self, parties: Parties) -> Waiters {
        let Parties { node, market, project } = parties;
        let (met, running) = (self.pair(parties, Until::Met), self.pair(parties, Until::Running));
        let [idle, device, noticed] = [(); 3].map(|()| self.open_device(node, market, BOND));
        for waiting in [device, noticed] {
            self.act(instruction::work(node, waiting, market, 0));
        }
        self.act(instruction::notify_device(noticed));
        let owner = self.owner_of(&project);
        let member = self.cast.member_of(owner);
        Waiters { node, market, project, owner, member, met, running, idle, device, noticed }
    }

    /// Declines a job while the queue is full, and empties the queue.
    pub fn stop_a_job(&mut self, parties: Parties) {
        let Parties { node, market, project } = parties;
        let owner = self.owner_of(&project);
        let pair = self.pair(parties, Until::Took);
        let room = self.world.market_at(&market).slots.len() as u64;
        for id in FILLING..FILLING + room {
            self.list_as(id, project, market);
        }
        self.act(instruction::decline(node, pair.run(market, project)));
        assert!(self.world.job(&pair.job).is(JobState::Stopped));
        for id in FILLING..FILLING + room {
            let job = address::job(&project, id).0;
            self.act(instruction::delist(owner, project, market, job, owner));
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
