//! A world with every kind of account, and jobs in every phase.

use crate::{
    Network, Nodes, TERMS, World,
    incentives::DAY,
    keys::keypair_for,
    nodes::{CLASS, SCORE},
    world::{DEFINITION, TIMEOUT},
};
use grid_client::{
    address,
    instruction::{self, Evidence, Listing, Spender},
    pools, rewards, staking,
};
use grid_jobs::{AccessRule, AdmissionTerms, JobKind, MarketTerms};
use grid_pools::EmissionTerms;
use solana_address::Address;
use solana_signer::Signer;

/// The markets, by their ids.
pub const GATED: u64 = 0;
/// Everybody's; its queue holds jobs.
pub const OPEN: u64 = 1;
/// Everybody's; its queue holds a device.
pub const WAITING: u64 = 2;

/// Job in the gated market, runs.
pub const GATED_RUN: u64 = 1;
/// Batch job, runs on device 0 of the open market.
pub const RUNS: u64 = 10;
/// Assigned to device 1, which came second.
pub const ASSIGNED: u64 = 11;
/// Matched with device 2, which waited: that device's account still says so.
pub const MATCHED: u64 = 12;
/// Service job, runs on device 3 and has beaten.
pub const SERVICE: u64 = 13;
/// Finished by device 4.
pub const DONE: u64 = 14;
/// Listed by a member of the project; waits.
pub const BY_MEMBER: u64 = 15;
/// Listed by the owner; waits behind it.
pub const QUEUED: u64 = 16;
/// Lost its only attempt.
pub const STOPPED: u64 = 17;

/// What the project's member may spend a day, atoms.
const MEMBER_LIMIT: u64 = 1_000_000;
/// Stake of the node, rewards that were brought, and what each emission holds, atoms.
pub const STAKE: u64 = 1_000_000;

/// The world, with the open market as its market.
pub struct Stage {
    /// Machine and actors.
    pub world: World,
    /// The collection that the gated market asks for.
    collection: Address,
}

impl Stage {
    /// The stage on a network that has it already.
    pub fn on(network: Network) -> Self {
        let authority = keypair_for("upgrade authority");
        let (client, node) = (keypair_for("client"), keypair_for("node"));
        let mint = keypair_for("mint").pubkey();
        let market = address::market(&authority.pubkey(), OPEN).0;
        let world = World {
            mint,
            market,
            project: address::project(&mint, &client.pubkey()).0,
            device: address::device(&market, &node.pubkey(), 0).0,
            stranger: keypair_for("stranger"),
            network,
            authority,
            client,
            node,
        };
        let collection = grid_client::nodes::collection_mint_address(&world.authority.pubkey(), 0).0;
        Self { world, collection }
    }

    /// Builds it from nothing.
    pub fn build() -> Self {
        let (nodes, _) = Nodes::gated(AccessRule::Issued);
        let collection = nodes.collection;
        let mut stage = Self { world: Self::incentives(nodes), collection };
        stage.gated_run();
        stage.open_market();
        stage.waiting_market();
        stage.world.market = stage.market(OPEN);
        stage.world.device = stage.device(OPEN, 0);
        stage
    }

    /// A market of the authority.
    pub fn market(&self, id: u64) -> Address {
        address::market(&self.world.authority.pubkey(), id).0
    }

    /// A device of the node.
    pub fn device(&self, market: u64, index: u32) -> Address {
        address::device(&self.market(market), &self.world.node.pubkey(), index).0
    }

    /// A job of the client's project.
    pub fn job(&self, id: u64) -> Address {
        address::job(&self.world.project, id).0
    }

    /// The node's stake.
    pub fn stake(&self) -> Address {
        staking::stake_address(&self.world.mint, &self.world.node.pubkey(), 0).0
    }

    /// The reward pool.
    pub fn pool(&self) -> Address {
        rewards::pool_address(&self.world.mint, &self.world.mint).0
    }

    /// The emission: 0 to the treasury's token account, 1 to the reward pool.
    pub fn emission(&self, id: u64) -> Address {
        pools::emission_address(&self.world.authority.pubkey(), id).0
    }

    /// The mint of the node's access NFT.
    pub fn access(&self) -> Address {
        grid_client::nodes::access_mint_address(&self.collection, 0).0
    }

    /// What the node shows to the gated market: its access NFT, its stake, its attestation.
    pub fn evidence(&self) -> Evidence {
        let admission = self.world.market_at(&self.market(GATED)).header.admission;
        Evidence::of(&admission, &self.world.node.pubkey(), Some(&self.access()), Some(self.stake()))
    }

    /// An attested node with a stake that earns, emissions, and a market that asks for all of it.
    fn incentives(mut nodes: Nodes) -> World {
        let (node, authority) = (nodes.world.node.pubkey(), nodes.world.authority.pubkey());
        let (mint, stranger) = (nodes.world.mint, nodes.world.stranger.pubkey());
        nodes.open_staking();
        let stake = nodes.stake(node, STAKE);
        let pool = rewards::pool_address(&mint, &mint).0;
        nodes.world.land(&[rewards::open_pool(stranger, &mint, mint), rewards::enter(node, stake, pool)]);
        nodes.world.network.advance(DAY);
        let source = address::token_account(&stranger, mint);
        nodes.world.land(&[
            rewards::sync(stake, pool),
            rewards::add(stranger, source, pool, mint, STAKE),
            rewards::sync(stake, pool),
        ]);
        nodes.world.give_tokens(&mint, &authority, 10 * STAKE);
        let treasury = address::token_account(&authority, mint);
        let terms = EmissionTerms {
            rate_per_second_atoms: 10,
            starts_at: nodes.world.network.time(),
            ends_at: 0,
            is_closeable: true,
            beneficiary_authority: authority,
        };
        for (id, beneficiary) in [(0, treasury), (1, pool)] {
            let emission = pools::emission_address(&authority, id).0;
            let top_up = pools::top_up(authority, treasury, emission, mint, STAKE);
            nodes.world.land(&[pools::open(authority, mint, id, beneficiary, terms), top_up]);
        }
        nodes.attest(node);
        nodes.set_admission(AdmissionTerms {
            benchmark_class: CLASS,
            min_score: SCORE,
            stake_mint: mint,
            min_stake_weight: 1,
            ..nodes.access_terms()
        });
        let config = [
            instruction::update_config(authority, authority, authority),
            instruction::set_stake_mint(authority, mint),
        ];
        nodes.world.land(&config);
        nodes.world
    }

    fn gated_run(&mut self) {
        let (node, evidence) = (self.world.node.pubkey(), self.evidence());
        let (market, device) = (self.market(GATED), self.device(GATED, 0));
        let job = self.world.list(GATED_RUN);
        self.world.land(&[instruction::work_gated(node, device, market, 0, evidence)]);
        self.world.land(&[instruction::start_gated(node, device, job, market, evidence)]);
    }

    fn open_market(&mut self) {
        let shares = MarketTerms { stakers_bps: 4_000, burn_bps: 1_000, ..TERMS };
        self.world.market = self.world.open_market(OPEN, shares);
        let devices: Vec<Address> = (0..5).map(|index| self.world.open_device(index)).collect();
        let [runs, assigned, matched, service, done] = devices[..] else { unreachable!("five devices") };

        self.world.list(DONE);
        self.world.work(done);
        self.world.start(done, self.job(DONE));
        self.world.network.advance(40);
        self.world.finish(done, self.job(DONE));

        self.world.list(RUNS);
        self.world.work(runs);
        self.world.start(runs, self.job(RUNS));
        self.world.list(ASSIGNED);
        self.world.work(assigned);
        self.world.work(matched);
        self.world.list(MATCHED);

        let (client, node) = (self.world.client.pubkey(), self.world.node.pubkey());
        let (project, market) = (self.world.project, self.world.market);
        let listing = Listing {
            id: SERVICE,
            kind: JobKind::Service,
            definition: DEFINITION,
            timeout_seconds: TIMEOUT,
            max_price_per_second_atoms: u64::MAX,
        };
        self.world.land(&[instruction::list(client, project, market, &listing)]);
        self.world.work(service);
        self.world.start(service, self.job(SERVICE));
        self.world.network.advance(20);
        self.world.land(&[instruction::heartbeat(node, service, self.job(SERVICE))]);
        self.world.network.advance(5);

        let member = self.world.stranger.pubkey();
        let request = [(JobKind::Batch, TIMEOUT, DEFINITION)];
        let by_member = Spender::Member(member);
        self.world.land(&[
            instruction::set_member(client, project, member, MEMBER_LIMIT, 86_400),
            instruction::list_many(by_member, project, market, BY_MEMBER, u64::MAX, &request),
        ]);
        self.world.list(QUEUED);
    }

    fn waiting_market(&mut self) {
        let node = self.world.node.pubkey();
        self.world.market = self.world.open_market(WAITING, MarketTerms { max_attempts: 1, ..TERMS });
        let device = self.world.open_device(0);
        let job = self.world.list(STOPPED);
        self.world.work(device);
        self.world.land(&[instruction::decline(node, self.world.run_of(device, job))]);
        self.world.work(device);
    }
}
