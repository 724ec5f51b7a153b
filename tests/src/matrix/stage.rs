//! A world with two of everything, in every state: each instruction finds here what it needs, and next to it what
//! must not be taken for it.

use crate::{
    World, binary, keypair_for,
    matrix::{
        Kind,
        build::{Builder, Parties},
        gates::Gates,
        sets::{Cast, Others, Set, Waiters},
        stakes::{OtherStakes, Stakes},
    },
    network::PROGRAMS,
    world::{BOND, DEFINITION, TIMEOUT},
};
use anchor_lang::{AccountDeserialize, Owner};
use grid_client::{
    account,
    instruction::{self, Listing},
    nodes, rewards,
    token::{self, Mint},
};
use grid_jobs::{Device, Job, JobKind, Market, Project};
use grid_nodes::{Attestation, Collection, Node};
use grid_pools::Emission;
use grid_rewards::Pool;
use grid_staking::{Settings, Stake};
use solana_account::Account;
use solana_address::Address;
use solana_sdk_ids::system_program;
use solana_signer::Signer;
use std::sync::LazyLock;

/// An account of the stage.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where.
    pub address: Address,
    /// What.
    pub kind: Kind,
    /// Its bytes.
    pub account: Account,
}

/// The world and its inhabitants. Unless a field says otherwise, jobs are of the client's project, devices of the
/// node, both in the world's market, and there are two of each so that one can be put in the other's place.
pub struct Stage {
    /// The client's project and the node's devices in the market where jobs wait; the stranger has nothing.
    pub world: World,
    /// The wallets.
    pub cast: Cast,
    /// The world's mint.
    pub mint: Mint,
    /// A second mint of SPL Token, with a vault, a market, projects and devices.
    pub second_mint: Mint,
    /// A mint of Token-2022, with a vault, a market, projects and devices.
    pub mint_2022: Mint,
    /// A mint without a vault and without settings. Authority and client have accounts for it.
    pub mint_without_vault: Mint,
    /// Another mint without a vault.
    pub second_mint_without_vault: Mint,
    /// A mint of Token-2022 without a vault.
    pub mint_2022_without_vault: Mint,
    /// The node's devices and the client's jobs in the world's market, one in each state.
    pub own: Set,
    /// The same states, of others.
    pub others: Others,
    /// Where devices wait: a second market of the same authority and mint.
    pub waiters: Waiters,
    /// Where devices wait as well: the second node's and the second client's, in a market of that client.
    pub other_waiters: Waiters,
    /// A market in which nobody is.
    pub empty_market: Address,
    /// A market of the second client in which nobody is.
    pub empty_market_of_another: Address,
    /// An empty project of the node.
    pub empty_project: Address,
    /// An empty project of the node in the second mint.
    pub empty_project_of_second_mint: Address,
    /// The client's stakes in the world's mint, with their positions, and the authority's emissions.
    pub stakes: Stakes,
    /// The same states, of others.
    pub other_stakes: OtherStakes,
    /// The pool in which stakes of the world's mint earn the second mint: the first owners' have.
    pub second_pool: Address,
    /// Nodes in the registry, collections, access NFTs and gated markets.
    pub gates: Gates,
    /// Idle, with a bond.
    pub idle: Address,
    /// Idle, without bond and earnings.
    pub empty: Address,
    /// Where an attacker may write what he likes.
    pub forgery: Address,
    /// A program that is none of ours: a copy of the jobs program. There is one of each other program too.
    pub attacker_program: Address,
    /// Every account of a kind that some slot could be given.
    pub pool: Vec<Entry>,
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Stage {
    /// Builds everything, by the program's own instructions.
    pub fn new() -> Self {
        let mut builder = Builder::new();
        let cast = builder.cast;
        let mut copy = |name: &str, elf: &[u8]| {
            let copy = keypair_for(&format!("attacker {name}")).pubkey();
            builder.world.network.svm.add_program(copy, elf).expect("the binary loads");
            copy
        };
        let [attacker_program, ..] = PROGRAMS.map(|(_, name)| copy(name, &binary::read(name)));
        copy("token metadata", &grid_token_metadata::elf().expect("the Token Metadata program"));

        builder.register_nodes();
        let (spl, token_2022) = (token::PROGRAM_ID, token::PROGRAM_2022_ID);
        let mint = Mint::from(builder.world.mint);
        let [second_mint, mint_without_vault, second_mint_without_vault] =
            ["second mint", "mint without vault", "second mint without vault"]
                .map(|name| builder.create_mint(name, spl));
        let [mint_2022, mint_2022_without_vault] =
            ["mint 2022", "mint 2022 without vault"].map(|name| builder.create_mint(name, token_2022));
        for mint in [mint, second_mint, mint_2022] {
            builder.give_tokens(mint);
        }
        for mint in [mint_without_vault, second_mint_without_vault, mint_2022_without_vault] {
            builder.open_accounts(mint, &[cast.authority, cast.client]);
        }
        let (stakes, other_stakes) = builder.stakes(mint, second_mint, mint_2022);
        let collections = builder.collections();
        builder.open_vault(second_mint);
        builder.open_vault(mint_2022);

        let (authority, second_client) = (cast.authority, cast.second_client);
        let market = builder.world.market;
        let market_of_devices = builder.open_market(authority, mint, 1);
        let market_of_second_mint = builder.open_market(authority, second_mint, 2);
        let market_of_2022 = builder.open_market(authority, mint_2022, 3);
        let empty_market = builder.open_market(authority, mint, 4);
        let market_of_another = builder.open_market(second_client, mint, 0);
        let devices_of_another = builder.open_market(second_client, mint, 1);
        let empty_market_of_another = builder.open_market(second_client, mint, 2);

        let ours = builder.world.project;
        let theirs = builder.open_project(second_client, mint);
        let in_second_mint = builder.open_project(cast.client, second_mint);
        let in_2022 = builder.open_project(cast.client, mint_2022);
        let empty_project = builder.open_project(cast.node, mint);
        let empty_project_of_second_mint = builder.open_project(cast.node, second_mint);
        let (member, second_member) = (cast.member, cast.second_member);
        builder.equip(ours, mint, &[member, second_member]);
        builder.equip(theirs, mint, &[member, second_member]);
        builder.equip(in_second_mint, second_mint, &[member]);
        builder.equip(in_2022, mint_2022, &[member]);

        let (node, second_node) = (cast.node, cast.second_node);
        builder.stop_a_job(Parties { node, market: market_of_devices, project: ours });
        let mut sets = [
            Parties { node: second_node, market, project: theirs },
            Parties { node, market: market_of_another, project: ours },
            Parties { node, market: market_of_second_mint, project: in_second_mint },
            Parties { node, market: market_of_2022, project: in_2022 },
            Parties { node, market, project: ours },
            Parties { node, market, project: ours },
        ]
        .map(|parties| builder.set(parties));
        let waiters = builder.waiters(Parties { node, market: market_of_devices, project: ours });
        let other_waiters =
            builder.waiters(Parties { node: second_node, market: devices_of_another, project: theirs });
        let gates = builder.gates(collections, (mint, second_mint), [ours, theirs]);
        let [idle, _] = [(); 2].map(|()| builder.open_device(node, market, BOND));
        let [empty, _] = [(); 2].map(|()| builder.open_device(node, market, 0));
        for (node, market) in [(second_node, market), (node, market_of_devices)] {
            builder.open_device(node, market, 0);
        }
        for set in &mut sets {
            builder.complete(set);
        }
        for market in [market, market_of_devices, market_of_second_mint, market_of_2022] {
            builder.act(instruction::propose_market_authority(authority, market, cast.heir));
        }
        for market in [market_of_another, devices_of_another] {
            builder.act(instruction::propose_market_authority(second_client, market, cast.second_heir));
        }

        let [second_parties, another_market, in_second_mint, in_2022, again, own] = sets;
        let mut stage = Self {
            cast,
            mint,
            second_mint,
            mint_2022,
            mint_without_vault,
            second_mint_without_vault,
            mint_2022_without_vault,
            own,
            others: Others {
                second_parties,
                another_market,
                second_mint: in_second_mint,
                token_2022: in_2022,
                again,
            },
            waiters,
            other_waiters,
            empty_market,
            empty_market_of_another,
            empty_project,
            empty_project_of_second_mint,
            stakes,
            other_stakes,
            second_pool: rewards::pool_address(&mint.address, &second_mint.address).0,
            gates,
            idle,
            empty,
            forgery: keypair_for("forgery").pubkey(),
            attacker_program,
            pool: Vec::new(),
            world: builder.world,
        };
        stage.pool = stage.collect();
        stage
    }

    fn collect(&self) -> Vec<Entry> {
        let db = &self.world.network.svm.accounts_db().inner;
        let mut pool: Vec<Entry> = db
            .iter()
            .map(|(address, account)| (*address, Account::from(account.clone())))
            .filter(|(address, _)| *address != Self::fee_payer())
            .filter_map(|(address, account)| {
                let kind = Kind::of(&address, &account)?;
                Some(Entry { address, kind, account })
            })
            .collect();
        pool.sort_by_key(|entry| (entry.kind, entry.address));
        pool
    }

    /// Who pays the fee of every transaction of the matrix: none of the cast.
    pub fn fee_payer() -> Address {
        static FEE_PAYER: LazyLock<Address> = LazyLock::new(|| keypair_for("fee payer").pubkey());
        *FEE_PAYER
    }

    /// The owners that accounts are forged to have.
    pub fn owners(&self) -> Vec<Address> {
        let foreign = [
            self.attacker_program,
            system_program::ID,
            token::PROGRAM_ID,
            token::PROGRAM_2022_ID,
            grid_token_metadata::ID,
        ];
        foreign.into_iter().chain(PROGRAMS.map(|(program, _)| program)).collect()
    }

    fn decode<T: AccountDeserialize + Owner>(&self, address: &Address) -> T {
        account::decode(address, &self.world.raw(address)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Addresses of the pool's accounts of a kind.
    pub fn all(&self, kind: Kind) -> Vec<Address> {
        self.pool.iter().filter(|entry| entry.kind == kind).map(|entry| entry.address).collect()
    }

    fn those<T: AccountDeserialize + Owner>(
        &self,
        kind: Kind,
        is_one: impl Fn(&Address, &T) -> bool,
    ) -> Vec<Address> {
        let mut found = self.all(kind);
        found.retain(|address| is_one(address, &self.decode::<T>(address)));
        found
    }

    /// The projects of which `is_one` holds.
    pub fn projects(&self, is_one: impl Fn(&Project) -> bool) -> Vec<Address> {
        self.those(Kind::Project, |_, project| is_one(project))
    }

    /// The markets of which `is_one` holds.
    pub fn markets(&self, is_one: impl Fn(&Market) -> bool) -> Vec<Address> {
        self.those(Kind::Market, |_, market| is_one(market))
    }

    /// The devices of which `is_one` holds.
    pub fn devices(&self, is_one: impl Fn(&Device) -> bool) -> Vec<Address> {
        self.those(Kind::Device, |_, device| is_one(device))
    }

    /// The jobs of which `is_one` holds.
    pub fn jobs(&self, is_one: impl Fn(&Job) -> bool) -> Vec<Address> {
        self.those(Kind::Job, |_, job| is_one(job))
    }

    /// The settings of which `is_one` holds.
    pub fn settings(&self, is_one: impl Fn(&Settings) -> bool) -> Vec<Address> {
        self.those(Kind::Settings, |_, settings| is_one(settings))
    }

    /// The stakes of which `is_one` holds.
    pub fn all_stakes(&self, is_one: impl Fn(&Stake) -> bool) -> Vec<Address> {
        self.those(Kind::Stake, |_, stake| is_one(stake))
    }

    /// The emissions of which `is_one` holds.
    pub fn emissions(&self, is_one: impl Fn(&Emission) -> bool) -> Vec<Address> {
        self.those(Kind::Emission, |_, emission| is_one(emission))
    }

    /// The collections of which `is_one` holds.
    pub fn collections(&self, is_one: impl Fn(&Collection) -> bool) -> Vec<Address> {
        self.those(Kind::Collection, |_, collection| is_one(collection))
    }

    /// The attestations of which `is_one` holds.
    pub fn attestations(&self, is_one: impl Fn(&Attestation) -> bool) -> Vec<Address> {
        self.those(Kind::Attestation, |_, attestation| is_one(attestation))
    }

    /// The slot that stands for a node's hardware.
    pub fn hardware_slot(&self, node: &Address) -> u64 {
        self.decode::<Node>(&nodes::node_address(node).0).hardware_slot.get()
    }

    /// Who waits in a market.
    pub fn waiting(&self, market: &Address) -> Vec<Address> {
        self.world.market_at(market).waiting().expect("the queue's links agree")
    }

    /// The jobs of which `is_one` holds and that wait in a market.
    pub fn waiting_jobs(&self, market: &Address, is_one: impl Fn(&Job) -> bool) -> Vec<Address> {
        let mut waiting = self.waiting(market);
        waiting.retain(|job| is_one(&self.decode(job)));
        waiting
    }

    /// The devices of which `is_one` holds and that wait in a market.
    pub fn waiting_devices(&self, market: &Address, is_one: impl Fn(&Device) -> bool) -> Vec<Address> {
        let mut waiting = self.waiting(market);
        waiting.retain(|device| is_one(&self.decode(device)));
        waiting
    }

    /// All token accounts of SPL Token, vaults too.
    pub fn spl_token_accounts(&self) -> Vec<Address> {
        let accounts = self.pool.iter().filter(|entry| Kind::Vault.reads_like(entry.kind));
        accounts.filter(|entry| entry.account.owner == token::PROGRAM_ID).map(|entry| entry.address).collect()
    }

    /// The token accounts of a mint and an owner.
    pub fn token_accounts(&self, mint: &Mint, owner: &Address) -> Vec<Address> {
        // SPL Token account: the mint, then the owner.
        self.token_accounts_where(|data| data[..64] == [mint.address.as_ref(), owner.as_ref()].concat())
    }

    /// Whatever can be paid in a mint: all its token accounts, vaults too, but for the one that pays.
    pub fn payable(&self, mint: &Mint, from: &Address) -> Vec<Address> {
        let mut found = self.token_accounts_where(|data| data[..32] == *mint.address.as_ref());
        found.retain(|account| account != from);
        found
    }

    /// Whatever an emission of a mint can pay: token accounts but its own vault, and reward pools.
    pub fn beneficiaries(&self, mint: &Mint, vault: &Address) -> Vec<Address> {
        let mut found = self.payable(mint, vault);
        found.extend(self.those(Kind::Pool, |_, pool: &Pool| pool.reward_mint == mint.address));
        found
    }

    fn token_accounts_where(&self, is_one: impl Fn(&[u8]) -> bool) -> Vec<Address> {
        let accounts = self.pool.iter().filter(|entry| Kind::Vault.reads_like(entry.kind));
        accounts.filter(|entry| is_one(&entry.account.data)).map(|entry| entry.address).collect()
    }
}

/// A listing that every market of the stage accepts.
pub fn listing(id: u64) -> Listing {
    Listing {
        id,
        kind: JobKind::Batch,
        definition: DEFINITION,
        timeout_seconds: TIMEOUT,
        max_price_per_second_atoms: u64::MAX,
    }
}
