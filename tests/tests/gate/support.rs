//! What several files need.

use grid_client::{
    account, address,
    instruction::{self, Evidence},
    nodes, staking, token,
};
use grid_jobs::{AccessRule, AdmissionTerms, GridError};
use grid_nodes::{Hardware, Software};
use grid_staking::{SlashReason, Stake};
use grid_tests::{
    Nodes, World,
    incentives::{DURATION, SLASH_CAP_BPS, SLASH_EPOCH},
    keypair_for,
    metaplex::{self, Make, PLAIN},
    nodes::{CLASS, SCORE, hardware, software},
    world::{BOND, RESULT},
};
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// Stake of each node, atoms.
pub const STAKE: u64 = 1_000_000;
/// Seconds that the jobs run, and what that pays at 100 atoms per second.
pub const RUN_SECONDS: i64 = 60;
/// See [`RUN_SECONDS`].
pub const RUN_PAYS: u64 = 6_000;

/// Where the access NFTs come from, and whom the market admits by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Issued by grid-nodes; the market admits the node that each was issued to.
    Issued,
    /// Issued by grid-nodes; the market admits whoever holds one.
    Held,
    /// Of a sized collection that was made elsewhere; the market admits whoever holds one.
    Sized,
    /// The same, of a collection that does not count its NFTs.
    Unsized,
}

/// All sources.
pub const SOURCES: [Source; 4] = [Source::Issued, Source::Held, Source::Sized, Source::Unsized];

impl Source {
    /// The market's rule.
    pub fn rule(self) -> AccessRule {
        match self {
            Self::Issued => AccessRule::Issued,
            _ => AccessRule::Holder,
        }
    }

    /// Whether grid-nodes issues the NFTs.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Issued | Self::Held)
    }
}

/// A node, its first device in the world's market, and the mint of its access NFT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party {
    /// The node's key.
    pub node: Address,
    /// The device.
    pub device: Address,
    /// The NFT's mint.
    pub mint: Address,
}

/// A market that asks for a stake, an access NFT and an attestation, and two nodes with a device each that have all of it:
/// no atom, no point and no second more than is asked for.
#[derive(Clone)]
pub struct Gate {
    /// World and collection.
    pub nodes: Nodes,
    /// The world's node.
    pub first: Party,
    /// The stranger.
    pub second: Party,
    /// Where the NFTs come from.
    pub source: Source,
}

impl Gate {
    /// Both devices are admitted.
    pub fn new(source: Source) -> Self {
        let mut gate = Self::before(source);
        for party in [gate.first, gate.second] {
            let admit = gate.admit(party);
            gate.nodes.world.land(&[admit]);
        }
        gate
    }

    /// Neither device is admitted yet.
    pub fn before(source: Source) -> Self {
        let mut nodes = Nodes::new();
        open_staking(&mut nodes.world);
        let (node, other) = (nodes.world.node.pubkey(), nodes.world.stranger.pubkey());
        nodes.world.land(&[nodes::register_node(other, hardware(), software())]);
        if !source.is_ours() {
            nodes.collection = adopt(&mut nodes.world, "outside", source == Source::Sized);
        }
        let device = open_device_of(&mut nodes.world, other, 0);
        for key in [node, other] {
            nodes.attest(key);
            stake(&mut nodes.world, key, STAKE);
        }
        let [mint, other_mint] = [(node, "access 1"), (other, "access 2")]
            .map(|(holder, name)| give_access(&mut nodes, source, name, holder));
        let first = Party { node, device: nodes.world.device, mint };
        let second = Party { node: other, device, mint: other_mint };
        let mut gate = Self { nodes, first, second, source };
        let terms = gate.terms();
        gate.nodes.set_admission(terms);
        gate
    }

    /// What the market asks for.
    pub fn terms(&self) -> AdmissionTerms {
        AdmissionTerms {
            access: self.source.rule(),
            collection: self.nodes.collection,
            benchmark_class: CLASS,
            min_score: SCORE,
            stake_mint: self.nodes.world.mint,
            min_stake_weight: self.stake(self.first).weight.get(),
        }
    }

    /// The terms that ask only for an access NFT.
    pub fn access_terms(&self) -> AdmissionTerms {
        let (access, collection) = (self.source.rule(), self.nodes.collection);
        AdmissionTerms { access, collection, ..AdmissionTerms::OPEN }
    }

    /// Issues another NFT of the collection, or makes one and verifies it.
    pub fn give_access(&mut self, name: &str, holder: Address) -> Address {
        give_access(&mut self.nodes, self.source, name, holder)
    }

    /// What a node shows for what its market asks now.
    pub fn evidence(&self, party: Party) -> Evidence {
        let rule = self.nodes.world.market().header.admission;
        Evidence::of(&rule, &party.node, Some(&party.mint), Some(self.stake_address(party)))
    }

    /// The node's device is admitted with its NFT.
    pub fn admit(&self, party: Party) -> Instruction {
        let Party { node, device, mint } = party;
        instruction::admit_device(node, device, self.nodes.world.market, &mint, self.source.rule())
    }

    /// The node ends that.
    pub fn dismiss(&self, party: Party) -> Instruction {
        instruction::dismiss_device(party.node, party.device, self.nodes.world.market, &party.mint)
    }

    /// The node's device offers itself.
    pub fn work(&self, party: Party) -> Instruction {
        self.work_with(party, self.evidence(party))
    }

    /// The node's device offers itself and shows `evidence`.
    pub fn work_with(&self, party: Party, evidence: Evidence) -> Instruction {
        instruction::work_gated(party.node, party.device, self.nodes.world.market, 0, evidence)
    }

    /// The node's device starts a job.
    pub fn start(&self, party: Party, job: Address) -> Instruction {
        self.start_with(party, job, self.evidence(party))
    }

    /// The node's device starts a job and shows `evidence`.
    pub fn start_with(&self, party: Party, job: Address, evidence: Evidence) -> Instruction {
        instruction::start_gated(party.node, party.device, job, self.nodes.world.market, evidence)
    }

    /// The node's device, which must be offered and get the only job, runs it and is paid.
    #[track_caller]
    pub fn run_and_pay(&mut self, party: Party, job: Address) {
        let start = self.start(party, job);
        self.nodes.world.land(&[start]);
        finish_and_pay(&mut self.nodes.world, party, job);
    }

    /// The stake of a node.
    pub fn stake(&self, party: Party) -> Stake {
        let address = self.stake_address(party);
        account::decode(&address, &self.nodes.world.raw(&address)).expect("a stake")
    }

    /// Where the stake of a node is.
    pub fn stake_address(&self, party: Party) -> Address {
        staking::stake_address(&self.nodes.world.mint, &party.node, 0).0
    }

    /// Moves the NFT of `mint` from one actor's wallet to another's.
    pub fn move_access(&mut self, mint: Address, from: Address, to: Address) {
        move_token(&mut self.nodes.world, mint, from, to);
    }

    /// Burns a node's NFT; Token Metadata wants to see the collection that it is verified in.
    pub fn burn(&mut self, party: Party) {
        let found = metaplex::metadata(&self.nodes.world.network, &party.mint).collection;
        let verified = found.filter(|found| found.verified).map(|found| found.key);
        let burn = metaplex::burn(&party.node, &party.mint, verified.as_ref());
        self.nodes.world.land(&[burn]);
    }

    /// Takes a node's NFT out of the collection.
    pub fn unverify(&mut self, party: Party) {
        let (authority, collection) = (self.nodes.world.authority.pubkey(), self.nodes.collection);
        let unverify = match self.source {
            Source::Issued | Source::Held => {
                nodes::revoke_access(authority, &collection, &party.mint, authority)
            }
            Source::Sized => metaplex::unverify_sized(&authority, &party.mint, &collection),
            Source::Unsized => metaplex::unverify(&authority, &party.mint, &collection),
        };
        self.nodes.world.land(&[unverify]);
    }

    /// Slashes a node's stake.
    pub fn slash(&mut self, party: Party, amount: u64) {
        let stake = self.stake_address(party);
        let world = &mut self.nodes.world;
        let (slasher, mint) = (world.authority.pubkey(), world.mint);
        let destination = address::token_account(&slasher, mint);
        let reason = SlashReason::WrongResult;
        world.land(&[staking::slash(slasher, stake, mint, destination, amount, reason, [7; 32])]);
    }

    /// Lists job `id`, for which the first device is matched; the job.
    #[track_caller]
    pub fn match_first(&mut self, id: u64) -> Address {
        let work = self.work(self.first);
        self.nodes.world.land(&[work]);
        self.nodes.world.list(id)
    }

    /// Asserts that `work_gated` of the idle first device is refused, and `start_gated` of it when it is matched, after
    /// `change`, with the evidence that `change` returns.
    #[track_caller]
    pub fn refuses(&self, error: GridError, change: impl Fn(&mut Self) -> Evidence) {
        let mut idle = self.clone();
        let evidence = change(&mut idle);
        let work = idle.work_with(idle.first, evidence);
        idle.nodes.world.refuse(&[work], error);
        let mut matched = self.clone();
        let job = matched.match_first(1);
        let evidence = change(&mut matched);
        let start = matched.start_with(matched.first, job, evidence);
        matched.nodes.world.refuse(&[start], error);
    }

    /// Asserts that `work_gated` and `start_gated` of the first device take the evidence that `change` returns.
    #[track_caller]
    pub fn takes(&self, change: impl Fn(&mut Self) -> Evidence) {
        let mut gate = self.clone();
        let evidence = change(&mut gate);
        let work = gate.work_with(gate.first, evidence);
        gate.nodes.world.land(&[work]);
        let job = gate.nodes.world.list(1);
        let start = gate.start_with(gate.first, job, evidence);
        gate.nodes.world.land(&[start]);
    }

    /// Asserts that the first device, with the right evidence, is refused after `change`.
    #[track_caller]
    pub fn refuses_after(&self, error: GridError, change: impl Fn(&mut Self)) {
        self.refuses(error, |gate| {
            let evidence = gate.evidence(gate.first);
            change(gate);
            evidence
        });
    }
}

/// The node of the running job finishes it after [`RUN_SECONDS`] and is paid.
#[track_caller]
pub fn finish_and_pay(world: &mut World, party: Party, job: Address) {
    world.network.advance(RUN_SECONDS);
    let finish = instruction::finish(party.node, world.run_of(party.device, job), RESULT);
    world.land(&[finish]);
    assert_eq!(world.device(&party.device).earnings_atoms, RUN_PAYS);
    let before = world.tokens(&party.node);
    world.run(&[instruction::withdraw_earnings(party.device, world.mint, party.node)], &[]);
    assert_eq!(world.tokens(&party.node), before + RUN_PAYS);
}

/// Moves the one token of `mint` between the associated token accounts of two actors.
pub fn move_token(world: &mut World, mint: Address, from: Address, to: Address) {
    let create = token::create_account(from, to, mint);
    let (source, destination) = (address::token_account(&from, mint), address::token_account(&to, mint));
    world.land(&[create, token::transfer(source, destination, from, 1)]);
}

/// Makes the world's mint stakeable; the authority's account gets what is slashed.
pub fn open_staking(world: &mut World) {
    let (authority, mint) = (world.authority.pubkey(), world.mint);
    world.give_tokens(&mint, &authority, 1);
    let destination = address::token_account(&authority, mint);
    world.land(&[staking::open_settings(authority, mint, destination, SLASH_CAP_BPS, SLASH_EPOCH)]);
}

/// Stakes tokens of the world's mint: stake 0 of an actor.
pub fn stake(world: &mut World, owner: Address, amount: u64) {
    let source = address::token_account(&owner, world.mint);
    world.land(&[staking::stake(owner, source, world.mint, 0, amount, DURATION)]);
}

/// Opens a device of an actor in the world's market, with a bond.
pub fn open_device_of(world: &mut World, node: Address, index: u32) -> Address {
    let device = address::device(&world.market, &node, index).0;
    let source = address::token_account(&node, world.mint);
    let open = instruction::open_device(node, world.market, index, node);
    world.land(&[open, instruction::fund_bond(node, source, device, world.mint, BOND)]);
    device
}

/// An NFT made by the authority with Token Metadata, for an actor.
pub fn make(world: &mut World, name: &str, holder: &Address, how: Make) -> Address {
    let authority = world.authority.insecure_clone();
    metaplex::make(&mut world.network, &authority, name, holder, how)
}

/// A collection that the authority made with Token Metadata.
pub fn make_collection(world: &mut World, name: &str, is_sized_collection: bool) -> Address {
    let authority = world.authority.pubkey();
    make(world, name, &authority, Make { is_sized_collection, ..PLAIN })
}

/// The same, entered into grid-nodes.
pub fn adopt(world: &mut World, name: &str, is_sized: bool) -> Address {
    let (collection, authority) = (make_collection(world, name, is_sized), world.authority.pubkey());
    world.land(&[nodes::adopt_collection(authority, collection)]);
    collection
}

/// Makes an NFT of an outside collection and verifies it.
pub fn make_member(
    world: &mut World,
    name: &str,
    holder: &Address,
    collection: Address,
    is_sized: bool,
    how: Make,
) -> Address {
    let mint = make(world, name, holder, Make { collection: Some(collection), ..how });
    let authority = world.authority.pubkey();
    world.land(&[match is_sized {
        true => metaplex::verify_sized(&authority, &mint, &collection),
        false => metaplex::verify(&authority, &mint, &collection),
    }]);
    mint
}

fn give_access(nodes: &mut Nodes, source: Source, name: &str, holder: Address) -> Address {
    let collection = nodes.collection;
    match source {
        Source::Issued | Source::Held => nodes.issue(holder),
        Source::Sized => make_member(&mut nodes.world, name, &holder, collection, true, PLAIN),
        Source::Unsized => make_member(&mut nodes.world, name, &holder, collection, false, PLAIN),
    }
}

/// Moves the clock to the next slot: hardware is told once in a slot.
pub fn next_slot(world: &mut World) {
    let mut clock = world.network.svm.get_sysvar::<Clock>();
    clock.slot += 1;
    world.network.svm.set_sysvar(&clock);
}

/// The node tells other hardware, in the next slot.
pub fn change_hardware(world: &mut World, node: Address) {
    next_slot(world);
    let hardware = Hardware { gpu_count: hardware().gpu_count + 1, ..hardware() };
    world.land(&[nodes::update_node(node, hardware, software())]);
}

/// What a node runs, in another version than before.
pub fn other_software() -> Software {
    Software { version: [0, 2, 0], ..software() }
}

/// Writes a copy of an account under another owner, at an address of its own; the address.
pub fn forge(world: &mut World, of: &Address, owner: Address) -> Address {
    let address = keypair_for(&format!("forgery of {of} by {owner}")).pubkey();
    let account = Account { owner, ..world.raw(of) };
    world.network.set(address, account);
    address
}

/// An account's owner is another from now on, its bytes are the same.
pub fn disown(world: &mut World, address: Address, owner: Address) {
    let account = Account { owner, ..world.raw(&address) };
    world.network.set(address, account);
}
