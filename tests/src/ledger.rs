//! The ledger equality: what the accounts say is owed, against what the vault holds.

use crate::world::World;
use anchor_lang::{AccountDeserialize, Discriminator};
use grid_client::account::MarketView;
use grid_jobs::{Device, Job, Market, Project};
use solana_address::Address;

/// What the accounts of a mint owe, atoms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Σ project.balance
    pub balances: u128,
    /// Σ job.escrow
    pub escrows: u128,
    /// Σ device.earnings
    pub earnings: u128,
    /// Σ device.bond
    pub bonds: u128,
    /// Σ market.fees_owed
    pub fees: u128,
}

impl Ledger {
    /// Adds up all accounts of the jobs program that belong to `mint`.
    pub fn of(world: &World, mint: &Address) -> Self {
        let accounts = world.network.svm.get_program_accounts(&grid_jobs::ID);
        let markets: Vec<(Address, Market)> = all(&accounts);
        let mut ledger = Self::default();
        for (_, project) in all::<Project>(&accounts).iter().filter(|(_, p)| p.mint == *mint) {
            ledger.balances += u128::from(project.balance.get());
        }
        for (_, job) in all::<Job>(&accounts) {
            let market = markets.iter().find(|(address, _)| *address == job.market);
            if market.is_some_and(|(_, market)| market.mint == *mint) {
                ledger.escrows += u128::from(job.escrow_atoms.get());
            }
        }
        for (_, device) in all::<Device>(&accounts).iter().filter(|(_, d)| d.mint == *mint) {
            ledger.earnings += u128::from(device.earnings_atoms.get());
            ledger.bonds += u128::from(device.bond_atoms.get());
        }
        for (_, market) in markets.iter().filter(|(_, m)| m.mint == *mint) {
            ledger.fees += u128::from(market.fees_owed_atoms.get());
        }
        ledger
    }

    /// All that is owed.
    pub fn total(&self) -> u128 {
        self.balances + self.escrows + self.earnings + self.bonds + self.fees
    }
}

fn all<T: AccountDeserialize + Discriminator>(
    accounts: &[(Address, solana_account::Account)],
) -> Vec<(Address, T)> {
    accounts
        .iter()
        .filter(|(_, account)| account.data.starts_with(T::DISCRIMINATOR))
        .map(|(address, account)| (*address, T::try_deserialize(&mut &account.data[..]).expect("it decodes")))
        .collect()
}

/// Asserts what must hold after every instruction: the vault holds what is owed plus `donated_atoms`, the counters
/// equal what the accounts say, and every queue's links agree.
#[track_caller]
pub fn assert_ledger(world: &World, donated_atoms: u64) {
    let ledger = Ledger::of(world, &world.mint);
    assert_eq!(
        ledger.total() + u128::from(donated_atoms),
        u128::from(world.vault_tokens()),
        "owed, and donated, against the vault: {ledger:?}"
    );
    let accounts = world.network.svm.get_program_accounts(&grid_jobs::ID);
    let (jobs, devices) = (all::<Job>(&accounts), all::<Device>(&accounts));
    for (address, project) in all::<Project>(&accounts) {
        let open = jobs.iter().filter(|(_, job)| job.project == address).count();
        assert_eq!(project.open_jobs, open as u32, "open jobs of project {address}");
    }
    for (address, market) in all::<Market>(&accounts) {
        let active = jobs.iter().filter(|(_, job)| job.market == address && !job.is_over()).count();
        let open = devices.iter().filter(|(_, device)| device.market == address).count();
        assert_eq!(market.active_jobs, active as u32, "active jobs of market {address}");
        assert_eq!(market.open_devices, open as u32, "open devices of market {address}");
        let view = MarketView::decode(&address, &world.raw(&address)).expect("it decodes");
        let mut waiting =
            view.waiting().unwrap_or_else(|| panic!("queue of market {address}: {:?}", market.queue));
        waiting.sort();
        waiting.dedup();
        assert_eq!(waiting.len(), usize::from(market.queue.waiting.get()), "an entry waits twice");
    }
}
