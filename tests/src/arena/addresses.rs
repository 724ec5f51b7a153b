//! Who of the model is who on the machine.

use crate::{
    keypair_for,
    model::{JobKey, Model, Party},
};
use grid_client::address;
use solana_address::Address;
use solana_signer::Signer;
use std::{cell::RefCell, collections::HashMap};

/// Authorities that may hold roles.
pub const AUTHORITIES: usize = 2;
/// Keys that may be members.
pub const MEMBERS: usize = 2;

/// Everybody's addresses.
#[derive(Clone)]
pub struct Addresses {
    /// The mint.
    pub mint: Address,
    /// Its vault.
    pub vault: Address,
    /// The config.
    pub config: Address,
    /// The projects.
    pub projects: Vec<Address>,
    /// The devices.
    pub devices: Vec<Address>,
    /// The markets.
    pub markets: Vec<Address>,
    keys: HashMap<Party, Address>,
    tokens: HashMap<Party, Address>,
    members: HashMap<(usize, usize), Address>,
    jobs: RefCell<HashMap<JobKey, Address>>,
}

impl Addresses {
    /// The addresses of everybody in a model. The first authority opens all markets.
    pub fn new(model: &Model, mint: Address) -> Self {
        let keys: HashMap<Party, Address> =
            parties(model).into_iter().map(|party| (party, key(party))).collect();
        let tokens = keys.iter().map(|(party, key)| (*party, address::token_account(key, mint)));
        let opener = keys[&Party::Authority(0)];
        let markets: Vec<Address> =
            (0..model.markets.len()).map(|id| address::market(&opener, id as u64).0).collect();
        let projects: Vec<Address> = (0..model.projects.len())
            .map(|number| address::project(&mint, &keys[&Party::Client(number)]).0)
            .collect();
        let devices = model.places.iter().enumerate().map(|(number, place)| {
            let node = &keys[&Party::Node(place.node)];
            address::device(&markets[place.market], node, number as u32).0
        });
        let mut members = HashMap::new();
        for (number, project) in projects.iter().enumerate() {
            for member in 0..MEMBERS {
                let account = address::member(project, &keys[&Party::Member(member)]).0;
                members.insert((number, member), account);
            }
        }
        Self {
            vault: address::vault(&mint).0,
            config: address::config().0,
            tokens: tokens.collect(),
            devices: devices.collect(),
            mint,
            projects,
            markets,
            keys,
            members,
            jobs: RefCell::default(),
        }
    }

    /// Somebody's key.
    pub fn key(&self, party: Party) -> Address {
        self.keys[&party]
    }

    /// Somebody's associated token account.
    pub fn tokens(&self, party: Party) -> Address {
        self.tokens[&party]
    }

    /// The account of a membership.
    pub fn member(&self, project: usize, member: usize) -> Address {
        self.members[&(project, member)]
    }

    /// The account of a job.
    pub fn job(&self, job: JobKey) -> Address {
        let find = || address::job(&self.projects[job.0], job.1).0;
        *self.jobs.borrow_mut().entry(job).or_insert_with(find)
    }

    /// The accounts of all memberships that could be.
    pub fn memberships(&self) -> impl Iterator<Item = ((usize, usize), Address)> {
        self.members.iter().map(|(key, account)| (*key, *account))
    }

    /// The jobs that somebody has asked for.
    pub fn known_jobs(&self) -> Vec<JobKey> {
        self.jobs.borrow().keys().copied().collect()
    }

    /// Everybody.
    pub fn parties(&self) -> impl Iterator<Item = Party> {
        self.keys.keys().copied()
    }
}

/// Everybody who has a part in a model.
fn parties(model: &Model) -> Vec<Party> {
    let nodes = model.places.iter().map(|place| place.node + 1).max().unwrap_or(0);
    let authorities = (0..AUTHORITIES).map(Party::Authority);
    let clients = (0..model.projects.len()).map(Party::Client);
    let members = (0..MEMBERS).map(Party::Member);
    let nodes = (0..nodes).map(Party::Node);
    authorities.chain(clients).chain(members).chain(nodes).chain([Party::Stranger]).collect()
}

fn key(party: Party) -> Address {
    let name = match party {
        // The program's upgrade authority initialises the config and names itself.
        Party::Authority(0) => "upgrade authority".into(),
        Party::Authority(number) => format!("authority {number}"),
        Party::Client(number) => format!("client {number}"),
        Party::Node(number) => format!("node {number}"),
        Party::Member(number) => format!("member {number}"),
        Party::Stranger => "stranger".into(),
    };
    keypair_for(&name).pubkey()
}
