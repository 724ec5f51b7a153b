//! What the stage holds of nodes in the registry, collections, access NFTs and gated markets, and how it is built.

use crate::{
    incentives::DURATION,
    keypair_for,
    matrix::{
        build::{Builder, Parties},
        sets::Pair,
        stakes::AMOUNT,
    },
    metaplex::{self, PLAIN},
    nodes::{ATTESTED_SECONDS, CLASS, SCORE, hardware, label, software},
    world::BOND,
};
use grid_client::{
    account, address,
    instruction::{self, Evidence},
    nodes, staking,
    token::{self, Mint},
};
use grid_jobs::{AccessRule, AdmissionTerms};
use grid_nodes::{CollectionRole, Measured, Node};
use grid_staking::math::weight_of;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// Slot in which the first node registers; the second does in the next one.
const REGISTERED_IN: u64 = 500;
/// First id of the nodes' stakes.
const FIRST_STAKE: u64 = 500;
/// What every attestation of the stage says of its result.
pub const BENCHMARK: [u8; 32] = [5; 32];

/// A collection of access NFTs that the nodes program made.
#[derive(Debug, Clone, Copy)]
pub struct Issuer {
    /// The collection's mint.
    pub collection: Address,
    /// Its authority; was its attestor too.
    pub authority: Address,
    /// Whom that role is offered to.
    pub next_authority: Address,
    /// Its attestor.
    pub attestor: Address,
    /// Whom that role is offered to.
    pub next_attestor: Address,
}

impl Issuer {
    fn nft(&self, index: u64) -> Address {
        nodes::access_mint_address(&self.collection, index).0
    }

    /// The NFT that the node holds.
    pub fn first(&self) -> Address {
        self.nft(0)
    }

    /// The NFT that the second node holds.
    pub fn second(&self) -> Address {
        self.nft(1)
    }

    /// The NFT that its node burned.
    pub fn burned(&self) -> Address {
        self.nft(2)
    }

    /// The attestation of a node that holds; the first attestor made it.
    pub fn attested(&self, node: &Address) -> Address {
        nodes::attestation_address(&self.collection, node, CLASS).0
    }

    /// The attestation of a node that the attestor of now made.
    pub fn attested_lately(&self, node: &Address) -> Address {
        nodes::attestation_address(&self.collection, node, CLASS + 1).0
    }

    /// The attestation of a node that has expired.
    pub fn expired(&self, node: &Address) -> Address {
        nodes::attestation_address(&self.collection, node, CLASS + 2).0
    }
}

/// Collections that were made outside.
#[derive(Debug, Clone, Copy)]
pub struct Outside {
    /// Made both, and adopted one.
    pub authority: Address,
    /// The update authority of the adopted one's metadata by now.
    pub next_authority: Address,
    /// The attestor of the adopted one.
    pub attestor: Address,
    /// The mint of the adopted one.
    pub adopted: Address,
    /// The mint of the one that was not adopted.
    pub fresh: Address,
}

/// A node's devices in a market that asks for an access NFT, an attestation and a stake.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// The node.
    pub node: Address,
    /// The market.
    pub market: Address,
    /// The market's authority.
    pub authority: Address,
    /// The project of the jobs.
    pub project: Address,
    /// The market's collection.
    pub collection: Address,
    /// Whom its NFTs admit.
    pub rule: AccessRule,
    /// Mint of the node's NFT.
    pub nft: Address,
    /// The node's stake.
    pub stake: Address,
    /// Idle, with a bond; admitted.
    pub idle: Address,
    /// Idle, with a bond; not admitted.
    pub plain: Address,
    /// Matched: the job waited.
    pub took: Pair,
    /// Matched: the device waited.
    pub met: Pair,
    /// Waits, where devices do.
    pub queued: Address,
}

impl Gate {
    /// What the market asks for.
    pub fn terms(&self, mint: &Address) -> AdmissionTerms {
        AdmissionTerms {
            access: self.rule,
            collection: self.collection,
            benchmark_class: CLASS,
            min_score: SCORE,
            stake_mint: *mint,
            min_stake_weight: weight(),
        }
    }

    /// All that the node can show.
    pub fn evidence(&self) -> Evidence {
        Evidence {
            stake: Some(self.stake),
            access_token: Some(address::token_account(&self.node, self.nft)),
            access_metadata: Some(nodes::metadata_address(&self.nft)),
            attestation: Some(nodes::attestation_address(&self.collection, &self.node, CLASS).0),
            node_record: Some(nodes::node_address(&self.node).0),
        }
    }

    /// A device of the node is admitted.
    pub fn admit(&self, device: Address) -> Instruction {
        instruction::admit_device(self.node, device, self.market, &self.nft, self.rule)
    }

    /// A device of the node is dismissed by it.
    pub fn dismiss(&self, device: Address) -> Instruction {
        instruction::dismiss_device(self.node, device, self.market, &self.nft)
    }
}

/// A node's devices that were admitted with an NFT which somebody else holds by now.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    /// The node, the market and the NFT.
    pub gate: Gate,
    /// The token account that holds the NFT.
    pub holder: Address,
}

/// All of that.
#[derive(Debug, Clone, Copy)]
pub struct Gates {
    /// Collections that the nodes program made: the authority's and the second client's.
    pub issuers: [Issuer; 2],
    /// Collections that were made outside: the client's and the second client's.
    pub outside: [Outside; 2],
    /// The node's devices in a market of the authority in which jobs wait, and which asks for the node that an NFT was
    /// issued to.
    pub own: Gate,
    /// The second node's in the same market.
    pub second_node: Gate,
    /// The node's devices in a market of the second client in which devices wait, and which asks for the NFT's holder.
    pub far: Gate,
    /// The second node's in the same market.
    pub far_second: Gate,
    /// Each node's only device in a market of the authority in which nobody waits, and which asks for an NFT alone.
    pub lone: [Gate; 2],
    /// Devices of both nodes in the far market whose NFT is somebody else's.
    pub moved: [Moved; 2],
}

/// Weight of the nodes' stakes, and what the markets ask for.
pub fn weight() -> u64 {
    weight_of(AMOUNT, DURATION).expect("it fits")
}

/// An attestation of a class, of the hardware that was told in a slot.
pub fn measured(class: u16, expires_at: i64, hardware_slot: u64) -> Measured {
    Measured { class, score: SCORE, result: BENCHMARK, expires_at, hardware_slot }
}

impl Builder {
    /// Enters both nodes into the registry, long before anything else happens.
    pub fn register_nodes(&mut self) {
        for (node, slot) in [self.cast.node, self.cast.second_node].into_iter().zip(REGISTERED_IN..) {
            self.world.network.svm.warp_to_slot(slot);
            self.act(nodes::register_node(node, hardware(), software()));
        }
    }

    /// Collections and attestations.
    pub fn collections(&mut self) -> ([Issuer; 2], [Outside; 2]) {
        let cast = self.cast;
        let issuers = [
            Issuer {
                collection: nodes::collection_mint_address(&cast.authority, 0).0,
                authority: cast.authority,
                next_authority: cast.heir,
                attestor: cast.admin,
                next_attestor: cast.next_admin,
            },
            Issuer {
                collection: nodes::collection_mint_address(&cast.second_client, 0).0,
                authority: cast.second_client,
                next_authority: cast.second_heir,
                attestor: cast.pauser,
                next_attestor: cast.heir,
            },
        ];
        issuers.iter().for_each(|issuer| self.open_collection(issuer));
        let outside = [
            ("client", cast.treasury, cast.admin, ["adopted", "fresh"]),
            ("second client", cast.heir, cast.pauser, ["second adopted", "second fresh"]),
        ];
        let outside = outside.map(|(owner, next_authority, attestor, names)| {
            let (key, network) = (keypair_for(owner), &mut self.world.network);
            let authority = key.pubkey();
            let [adopted, fresh] = names.map(|name| metaplex::make(network, &key, name, &authority, PLAIN));
            let outside = Outside { authority, next_authority, attestor, adopted, fresh };
            self.adopt(&outside);
            outside
        });
        (issuers, outside)
    }

    fn open_collection(&mut self, issuer: &Issuer) {
        let Issuer { collection, authority, .. } = *issuer;
        self.act(nodes::create_collection(authority, 0, label("Grid access")));
        let now = self.world.network.time();
        let each = [self.cast.node, self.cast.second_node];
        for node in each {
            self.attest(authority, &collection, node, CLASS, now + ATTESTED_SECONDS);
        }
        for (role, holder, next) in [
            (CollectionRole::Attestor, issuer.attestor, issuer.next_attestor),
            (CollectionRole::Authority, authority, issuer.next_authority),
        ] {
            if holder != authority {
                self.act(nodes::propose_collection_role(authority, &collection, role, holder));
                self.act(nodes::accept_collection_role(holder, &collection, role));
            }
            self.act(nodes::propose_collection_role(authority, &collection, role, next));
        }
        for node in each {
            self.attest(issuer.attestor, &collection, node, CLASS + 1, now + ATTESTED_SECONDS);
            self.attest(issuer.attestor, &collection, node, CLASS + 2, now + 1);
        }
        for (index, node) in [each[0], each[1], each[0]].into_iter().enumerate() {
            self.issue(issuer, node, index as u64);
        }
        self.act(metaplex::burn(&each[0], &issuer.burned(), Some(&collection)));
    }

    fn attest(
        &mut self,
        attestor: Address,
        collection: &Address,
        node: Address,
        class: u16,
        expires_at: i64,
    ) {
        let measured = measured(class, expires_at, self.hardware_slot(&node));
        self.act(nodes::attest(attestor, collection, &node, &measured));
    }

    fn hardware_slot(&self, node: &Address) -> u64 {
        let record = nodes::node_address(node).0;
        let decoded = account::decode::<Node>(&record, &self.world.raw(&record));
        decoded.expect("a node's record").hardware_slot.get()
    }

    fn issue(&mut self, issuer: &Issuer, node: Address, index: u64) {
        let Issuer { authority, collection, .. } = issuer;
        self.act(nodes::issue_access(*authority, collection, node, index, label("Grid access")));
    }

    fn adopt(&mut self, outside: &Outside) {
        let Outside { authority, next_authority, attestor, adopted, .. } = *outside;
        self.act(nodes::adopt_collection(authority, adopted));
        self.act(nodes::propose_collection_role(authority, &adopted, CollectionRole::Attestor, attestor));
        self.act(nodes::accept_collection_role(attestor, &adopted, CollectionRole::Attestor));
        self.act(metaplex::set_update_authority(&authority, &adopted, &next_authority));
    }

    /// The nodes' stakes, and markets that ask for something, with devices in every state.
    pub fn gates(
        &mut self,
        (issuers, outside): ([Issuer; 2], [Outside; 2]),
        (mint, second_mint): (Mint, Mint),
        [ours, theirs]: [Address; 2],
    ) -> Gates {
        let cast = self.cast;
        self.stake_nodes(mint, second_mint);
        let [near, far] = [(cast.authority, 5), (cast.second_client, 3)]
            .map(|(authority, id)| self.open_market(authority, mint, id));
        let alone = self.open_market(cast.authority, mint, 6);
        let [own, other] = issuers;
        let gate = |parties: Parties, issuer: &Issuer, rule, nft| Gate {
            node: parties.node,
            market: parties.market,
            authority: issuer.authority,
            project: parties.project,
            collection: issuer.collection,
            rule,
            nft,
            stake: stake(&parties.node, mint, 0),
            idle: Address::default(),
            plain: Address::default(),
            took: Pair::default(),
            met: Pair::default(),
            queued: Address::default(),
        };
        let of = |node, market, project| Parties { node, market, project };
        let (node, second, issued, held) =
            (cast.node, cast.second_node, AccessRule::Issued, AccessRule::Holder);
        let mut gates = Gates {
            issuers,
            outside,
            own: gate(of(node, near, ours), &own, issued, own.first()),
            second_node: gate(of(second, near, theirs), &own, issued, own.second()),
            far: gate(of(node, far, ours), &other, held, other.first()),
            far_second: gate(of(second, far, theirs), &other, held, other.second()),
            lone: [
                gate(of(node, alone, ours), &own, issued, own.first()),
                gate(of(second, alone, theirs), &own, issued, own.second()),
            ],
            moved: [(node, 3, cast.stranger), (second, 4, cast.client)].map(|(node, index, to)| {
                let nft = other.nft(index);
                let holder = address::token_account(&to, nft);
                Moved { gate: gate(of(node, far, ours), &other, held, nft), holder }
            }),
        };
        for gate in [&gates.own, &gates.far] {
            let terms = gate.terms(&mint.address);
            self.act(instruction::set_admission(gate.authority, gate.market, terms));
        }
        let only_access =
            AdmissionTerms { access: issued, collection: own.collection, ..AdmissionTerms::OPEN };
        self.act(instruction::set_admission(own.authority, alone, only_access));
        for gate in [&mut gates.own, &mut gates.second_node, &mut gates.far, &mut gates.far_second] {
            gate.met = self.gated_pair(gate, true);
            gate.took = self.gated_pair(gate, false);
            gate.idle = self.admitted(gate);
            gate.plain = self.open_device(gate.node, gate.market, BOND);
        }
        for project in [ours, theirs] {
            self.list(project, near);
        }
        for gate in &mut gates.lone {
            gate.idle = self.admitted(gate);
        }
        for gate in [&mut gates.far, &mut gates.far_second] {
            gate.queued = self.queued(gate);
        }
        for (moved, index) in gates.moved.iter_mut().zip(3..) {
            self.issue(&other, moved.gate.node, index);
            moved.gate.idle = self.admitted(&moved.gate);
            moved.gate.queued = self.queued(&moved.gate);
        }
        for (moved, to) in gates.moved.iter().zip([cast.stranger, cast.client]) {
            let Gate { node, nft, .. } = moved.gate;
            self.act(token::create_account(cast.authority, to, nft));
            self.act(token::transfer(address::token_account(&node, nft), moved.holder, node, 1));
        }
        gates
    }

    /// Two that are heavy enough, one that is too light, one that is being released, one of another mint.
    fn stake_nodes(&mut self, mint: Mint, second_mint: Mint) {
        for node in [self.cast.node, self.cast.second_node] {
            for (number, mint, amount) in [
                (0, mint, AMOUNT),
                (1, mint, AMOUNT),
                (2, mint, AMOUNT / 2),
                (3, mint, AMOUNT),
                (0, second_mint, AMOUNT),
            ] {
                let source = address::token_account(&node, mint);
                self.act(staking::stake(node, source, mint, FIRST_STAKE + number, amount, DURATION));
            }
            self.act(staking::unstake(node, stake(&node, mint, 3)));
        }
    }

    fn admitted(&mut self, gate: &Gate) -> Address {
        let device = self.open_device(gate.node, gate.market, BOND);
        self.act(gate.admit(device));
        device
    }

    fn queued(&mut self, gate: &Gate) -> Address {
        let device = self.admitted(gate);
        self.act(instruction::work_gated(gate.node, device, gate.market, 0, gate.evidence()));
        device
    }

    fn gated_pair(&mut self, gate: &Gate, device_waits: bool) -> Pair {
        let device = self.admitted(gate);
        let work = instruction::work_gated(gate.node, device, gate.market, 0, gate.evidence());
        if device_waits {
            self.act(work);
            return Pair { device, job: self.list(gate.project, gate.market) };
        }
        let job = self.list(gate.project, gate.market);
        self.act(work);
        Pair { device, job }
    }
}

fn stake(node: &Address, mint: Mint, number: u64) -> Address {
    staking::stake_address(&mint.address, node, FIRST_STAKE + number).0
}
