//! What the program should do, as plainly as it can be said.
//!
//! Accounts are structs, addresses are numbers, queues are queues, money is 128 bits wide. Every instruction is a
//! method that either does all it should or says why not, with the very error that the program gives; a refusal
//! changes nothing. Nothing here is taken from the program but the names of its errors and of a market's terms.

pub mod admin;
pub mod device;
pub mod invariants;
pub mod job;
pub mod ledger;
pub mod list;
pub mod market;
pub mod member;
pub mod op;
pub mod pause;
pub mod project;
pub mod run;
pub mod take_back;

pub use {
    admin::Config,
    device::{Device, DevicePhase},
    job::{Job, JobKey, JobPhase, Kind, Record},
    ledger::{Atoms, Deposit},
    list::Request,
    market::Market,
    member::Member,
    op::Op,
    project::Project,
};

use grid_jobs::GridError;
use std::{collections::BTreeMap, sync::Arc};

/// Somebody with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Could be admin, pauser, treasury or the authority of markets.
    Authority(usize),
    /// Owns the project of the same number.
    Client(usize),
    /// Owns devices.
    Node(usize),
    /// Could be appointed as a member of any project.
    Member(usize),
    /// Has nothing to do with anybody.
    Stranger,
}

/// Why an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// With an error of the jobs program.
    Grid(GridError),
    /// Because an account is missing or there already, or the SPL Token program refuses.
    Other,
}

impl From<GridError> for Refusal {
    fn from(error: GridError) -> Self {
        Self::Grid(error)
    }
}

/// Where a device is opened: what its address is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its node.
    pub node: usize,
    /// Its market.
    pub market: usize,
}

/// Everything, in one mint. Copies share the accounts in which they agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The clock, Unix seconds.
    pub now: i64,
    /// Who administers.
    pub config: Config,
    /// The projects; `None` while the account is not open.
    pub projects: Vec<Option<Project>>,
    /// Members by project and member.
    pub members: BTreeMap<(usize, usize), Member>,
    /// Where each device is, or would be, opened.
    pub places: Arc<[Place]>,
    /// The devices; `None` while the account is not open.
    pub devices: Vec<Option<Arc<Device>>>,
    /// The markets; `None` while the account is not open.
    pub markets: Vec<Option<Arc<Market>>>,
    /// Jobs whose accounts are open.
    pub jobs: BTreeMap<JobKey, Arc<Job>>,
    /// Tokens in everybody's hands, atoms.
    pub tokens: BTreeMap<Party, Atoms>,
    /// Tokens in the vault, atoms.
    pub vault: Atoms,
    /// Those of them that were sent past the program, atoms.
    pub donated: Atoms,
    /// For how many open accounts of which type somebody paid the rent.
    pub rents: BTreeMap<(Party, Deposit), u32>,
}

impl Model {
    /// A config and nothing else: room for as many projects, and for devices at these places, and markets to be opened.
    pub fn new(now: i64, projects: usize, markets: usize, places: Vec<Place>) -> Self {
        Self {
            now,
            config: Config::default(),
            projects: vec![None; projects],
            members: BTreeMap::new(),
            devices: vec![None; places.len()],
            places: places.into(),
            markets: vec![None; markets],
            jobs: BTreeMap::new(),
            tokens: BTreeMap::new(),
            vault: 0,
            donated: 0,
            rents: BTreeMap::new(),
        }
    }

    /// Does what fails half way on a copy, so that a refusal changes nothing.
    fn whole_or_nothing(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut copy = self.clone();
        change(&mut copy)?;
        *self = copy;
        Ok(())
    }
}

/// An error of the program, unless a condition holds.
fn require(holds: bool, error: GridError) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(error.into()) }
}
