//! A world in which a market asks for something: a collection of access NFTs, nodes in the registry, attestations.

use crate::{
    World,
    incentives::{DURATION, SLASH_CAP_BPS, SLASH_EPOCH},
    metaplex,
};
use anchor_lang::{AccountDeserialize, Owner};
use grid_client::{
    account,
    instruction::{self, Evidence},
    nodes::{self, Label},
    staking,
};
use grid_jobs::{AccessRule, Admission, AdmissionTerms};
use grid_nodes::{Access, Attestation, Collection, Hardware, Measured, Node, Software};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// Benchmark class of the attestations.
pub const CLASS: u16 = 7;
/// Score of the attestations.
pub const SCORE: u64 = 1_000;
/// Life of the attestations, seconds.
pub const ATTESTED_SECONDS: i64 = 30 * 86_400;

/// The world of [`World::new`], with a collection of the world's authority, and the node in the registry.
#[derive(Clone)]
pub struct Nodes {
    /// Machine and actors. The authority is authority and attestor of the collection.
    pub world: World,
    /// The collection's mint.
    pub collection: Address,
    /// The index of the next access NFT.
    next_index: u64,
}

impl Default for Nodes {
    fn default() -> Self {
        Self::new()
    }
}

impl Nodes {
    /// The market asks for nothing yet.
    pub fn new() -> Self {
        let mut world = World::new();
        let (authority, node) = (world.authority.pubkey(), world.node.pubkey());
        let create = nodes::create_collection(authority, 0, label("Grid RTX 4090"));
        world.land(&[nodes::compute_limit(nodes::NFT_COMPUTE_UNITS), create]);
        world.land(&[nodes::register_node(node, hardware(), software())]);
        let collection = nodes::collection_mint_address(&authority, 0).0;
        Self { world, collection, next_index: 0 }
    }

    /// A world whose market asks for an access NFT by `rule`, and whose node has one and an admitted device: the NFT's mint.
    pub fn gated(rule: AccessRule) -> (Self, Address) {
        let mut nodes = Self::new();
        nodes.set_admission(AdmissionTerms { access: rule, ..nodes.access_terms() });
        let mint = nodes.issue(nodes.world.node.pubkey());
        nodes.admit(&mint, rule);
        (nodes, mint)
    }

    /// Asks for an access NFT of the collection, by the node that it was issued to.
    pub fn access_terms(&self) -> AdmissionTerms {
        AdmissionTerms { access: AccessRule::Issued, collection: self.collection, ..AdmissionTerms::OPEN }
    }

    /// Asks for an attestation in [`CLASS`], of at least [`SCORE`].
    pub fn attestation_terms(&self) -> AdmissionTerms {
        AdmissionTerms {
            benchmark_class: CLASS,
            min_score: SCORE,
            collection: self.collection,
            ..AdmissionTerms::OPEN
        }
    }

    /// Asks for a stake of the world's mint of this weight.
    pub fn stake_terms(&self, min_stake_weight: u64) -> AdmissionTerms {
        AdmissionTerms { stake_mint: self.world.mint, min_stake_weight, ..AdmissionTerms::OPEN }
    }

    /// Sets whom the world's market admits.
    #[track_caller]
    pub fn set_admission(&mut self, terms: AdmissionTerms) {
        let set = instruction::set_admission(self.world.authority.pubkey(), self.world.market, terms);
        self.world.land(&[set]);
    }

    /// Issues an access NFT to a registered node; its mint.
    #[track_caller]
    pub fn issue(&mut self, node: Address) -> Address {
        let issue = self.issue_instruction(node);
        self.world.land(&[nodes::compute_limit(nodes::NFT_COMPUTE_UNITS), issue]);
        self.next_index += 1;
        nodes::access_mint_address(&self.collection, self.next_index - 1).0
    }

    /// The instruction that issues the next access NFT.
    pub fn issue_instruction(&self, node: Address) -> Instruction {
        let authority = self.world.authority.pubkey();
        nodes::issue_access(authority, &self.collection, node, self.next_index, label("Grid access"))
    }

    /// Admits the world's device with the NFT of `mint`.
    #[track_caller]
    pub fn admit(&mut self, mint: &Address, rule: AccessRule) {
        let (node, device, market) = (self.world.node.pubkey(), self.world.device, self.world.market);
        self.world.land(&[instruction::admit_device(node, device, market, mint, rule)]);
    }

    /// Attests the hardware that a node has now, with [`SCORE`] in [`CLASS`].
    #[track_caller]
    pub fn attest(&mut self, node: Address) -> Address {
        let attest = self.attest_instruction(node, SCORE, ATTESTED_SECONDS);
        self.world.land(&[attest]);
        nodes::attestation_address(&self.collection, &node, CLASS).0
    }

    /// The instruction that attests the hardware that a node has now, for some seconds.
    pub fn attest_instruction(&self, node: Address, score: u64, seconds: i64) -> Instruction {
        let measured = Measured {
            class: CLASS,
            score,
            result: [5; 32],
            expires_at: self.world.network.time() + seconds,
            hardware_slot: self.node(&node).hardware_slot.get(),
        };
        nodes::attest(self.world.authority.pubkey(), &self.collection, &node, &measured)
    }

    /// Makes the world's mint stakeable.
    #[track_caller]
    pub fn open_staking(&mut self) {
        let (authority, mint) = (self.world.authority.pubkey(), self.world.mint);
        self.world.give_tokens(&mint, &authority, 1);
        let destination = grid_client::address::token_account(&authority, mint);
        self.world.land(&[staking::open_settings(authority, mint, destination, SLASH_CAP_BPS, SLASH_EPOCH)]);
    }

    /// Stakes atoms of the world's mint for [`DURATION`], as the owner's stake number 0.
    #[track_caller]
    pub fn stake(&mut self, owner: Address, amount: u64) -> Address {
        let mint = self.world.mint;
        let source = grid_client::address::token_account(&owner, mint);
        self.world.land(&[staking::stake(owner, source, mint, 0, amount, DURATION)]);
        staking::stake_address(&mint, &owner, 0).0
    }

    /// What the world's node shows for what its market asks now: the NFT of `mint`, its stake number 0, its attestation.
    pub fn evidence(&self, mint: Option<&Address>) -> Evidence {
        let rule = self.world.market().header.admission;
        let node = self.world.node.pubkey();
        let stake = staking::stake_address(&self.world.mint, &node, 0).0;
        Evidence::of(&rule, &node, mint, Some(stake))
    }

    /// The world's device offers itself, and shows `evidence`.
    pub fn work(&self, evidence: Evidence) -> Instruction {
        let world = &self.world;
        instruction::work_gated(world.node.pubkey(), world.device, world.market, 0, evidence)
    }

    /// The world's device starts a job, and shows `evidence`.
    pub fn start(&self, job: Address, evidence: Evidence) -> Instruction {
        let world = &self.world;
        instruction::start_gated(world.node.pubkey(), world.device, job, world.market, evidence)
    }

    /// The record of a node.
    #[track_caller]
    pub fn node(&self, node: &Address) -> Node {
        self.read(&nodes::node_address(node).0)
    }

    /// The collection's record.
    #[track_caller]
    pub fn collection(&self) -> Collection {
        self.read(&nodes::collection_address(&self.collection).0)
    }

    /// An attestation.
    #[track_caller]
    pub fn attestation(&self, attestation: &Address) -> Attestation {
        self.read(attestation)
    }

    /// The record of an access NFT.
    #[track_caller]
    pub fn access(&self, mint: &Address) -> Access {
        self.read(&nodes::access_address(mint).0)
    }

    /// The record of an access NFT in the world's market.
    #[track_caller]
    pub fn admission(&self, mint: &Address) -> Admission {
        self.read(&grid_client::address::admission(&self.world.market, mint).0)
    }

    /// How many NFTs the collection counts.
    #[track_caller]
    pub fn size(&self) -> u64 {
        metaplex::size(&self.world.network, &self.collection)
    }

    #[track_caller]
    fn read<T: AccountDeserialize + Owner>(&self, address: &Address) -> T {
        account::decode(address, &self.world.raw(address)).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// What an NFT of the world shows of itself.
pub fn label(name: &str) -> Label {
    let (symbol, uri) = ("GRID".to_owned(), "https://grid.example/access.json".to_owned());
    Label { name: name.to_owned(), symbol, uri }
}

/// A machine with two GPUs.
pub fn hardware() -> Hardware {
    Hardware {
        gpu_model: "NVIDIA GeForce RTX 4090".to_owned(),
        gpu_count: 2,
        vram_mib: 24_564,
        compute_major: 8,
        compute_minor: 9,
        cpu_model: "AMD EPYC 7543 32-Core Processor".to_owned(),
        cpu_cores: 32,
        ram_mib: 262_144,
        disk_gib: 2_000,
    }
}

/// What it runs.
pub fn software() -> Software {
    Software {
        driver: [570, 86, 15],
        cuda: [12, 8],
        version: [0, 1, 0],
        country: 276,
        endpoint: "https://node.example:8443".to_owned(),
    }
}
