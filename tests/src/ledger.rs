//! The ledger equality: what the accounts say is owed, against what the vault holds.

use crate::world::World;
use grid_client::{
    account::MarketView,
    address,
    ledger::{Ledger, decode_all},
};
use grid_jobs::{Admission, Device, Job, Market, Member, Project};
use grid_pools::Emission;
use grid_rewards::{Pool, Position};
use grid_staking::{Settings, Stake};
use solana_address::Address;

/// Asserts what must hold after every instruction: the vault holds what is owed plus `donated_atoms`, the counters
/// equal what the accounts say, every admitted device
/// has its record, and every queue's links agree.
#[track_caller]
pub fn assert_ledger(world: &World, donated_atoms: u64) {
    let accounts = world.network.svm.get_program_accounts(&grid_jobs::ID);
    let ledger = world.ledger();
    assert_eq!(
        ledger.total() + u128::from(donated_atoms),
        u128::from(world.vault_tokens()),
        "owed, and donated, against the vault: {ledger:?}"
    );
    let (jobs, members) = (decode_all::<Job>(&accounts), decode_all::<Member>(&accounts));
    for (address, job) in &jobs {
        assert_eq!(job.escrow_atoms, escrow_of(job), "escrow of job {address}");
    }
    for (address, project) in decode_all::<Project>(&accounts) {
        let open = jobs.iter().filter(|(_, job)| job.project == address).count();
        assert_eq!(project.open_jobs, open as u32, "open jobs of project {address}");
        let appointed = members.iter().filter(|(_, member)| member.project == address).count();
        assert_eq!(project.members, appointed as u32, "members of project {address}");
    }
    let devices = decode_all::<Device>(&accounts);
    let admissions = decode_all::<Admission>(&accounts);
    let is_backed_by = |device: &Device, admission: &Admission| {
        (device.market, device.access_metadata, device.node)
            == (admission.market, admission.metadata, admission.node)
    };
    for (address, admission) in &admissions {
        let backed = devices.iter().filter(|(_, device)| is_backed_by(device, admission)).count();
        assert!(backed > 0 && admission.devices == backed as u32, "devices of admission {address}");
    }
    for (address, device) in &devices {
        let mut of_device = admissions.iter().filter(|(_, admission)| is_backed_by(device, admission));
        assert_eq!(of_device.next().is_some(), device.access != 0, "admission of device {address}");
    }
    for (address, market) in decode_all::<Market>(&accounts) {
        let active = jobs.iter().filter(|(_, job)| job.market == address && !job.is_over()).count();
        assert_eq!(market.active_jobs, active as u32, "active jobs of market {address}");
        let view = MarketView::decode(&address, &world.raw(&address)).expect("it decodes");
        let mut waiting =
            view.waiting().unwrap_or_else(|| panic!("queue of market {address}: {:?}", market.queue));
        waiting.sort();
        waiting.dedup();
        assert_eq!(waiting.len(), usize::from(market.queue.waiting.get()), "an entry waits twice");
    }
}

/// Asserts that every vault holds at least what is owed from it, in all programs; and that each pool counts what its
/// positions say.
#[track_caller]
pub fn assert_solvent(world: &World) {
    let accounts_of = |program| world.network.svm.get_program_accounts(program);
    let holds = |vault: &Address, owed: u128, what: &str| {
        // Of a mint in which nothing was paid yet, there may be none.
        let held = if world.exists(vault) { u128::from(world.tokens_in(vault)) } else { 0 };
        assert!(held >= owed, "{what}: {owed} owed, {held} in the vault {vault}");
    };
    let staking = accounts_of(&grid_staking::ID);
    let stakes = decode_all::<Stake>(&staking);
    for (address, settings) in decode_all::<Settings>(&staking) {
        let of_mint = stakes.iter().filter(|(_, stake)| stake.mint == settings.mint);
        let owed = of_mint.map(|(_, stake)| u128::from(stake.left())).sum();
        holds(&settings.vault, owed, &format!("stakes of {address}"));
    }
    let rewards = accounts_of(&grid_rewards::ID);
    let positions = decode_all::<Position>(&rewards);
    for (address, pool) in decode_all::<Pool>(&rewards) {
        let parts = [pool.waiting_atoms, pool.shared_atoms, pool.earned_atoms];
        let owed = parts.into_iter().map(|part| u128::from(part.get())).sum();
        holds(&pool.vault, owed, &format!("pool {address}"));
        let own = || positions.iter().filter(|(_, position)| position.pool == address);
        let earned: u64 = own().map(|(_, position)| position.earned_atoms.get()).sum();
        assert_eq!(pool.earned_atoms, earned, "earned in pool {address}");
        let active: u64 = own().map(|(_, position)| position.active_weight.get()).sum();
        assert_eq!(pool.total_weight, active, "weight of pool {address}");
    }
    for (address, emission) in decode_all::<Emission>(&accounts_of(&grid_pools::ID)) {
        holds(&emission.vault, emission.balance_atoms.get().into(), &format!("emission {address}"));
    }
    let jobs = accounts_of(&grid_jobs::ID);
    let mut mints: Vec<Address> =
        decode_all::<Market>(&jobs).into_iter().map(|(_, market)| market.mint).collect();
    mints.sort();
    mints.dedup();
    for mint in mints {
        holds(&address::vault(&mint).0, Ledger::of(&jobs, &mint).total(), "jobs");
    }
}

/// What a job must hold: the price of its timeout and the fee on it, rounded up; nothing when it is over.
fn escrow_of(job: &Job) -> u64 {
    if job.is_over() {
        return 0;
    }
    let most = u128::from(job.price_per_second_atoms.get()) * u128::from(job.timeout_seconds.get());
    let fee = (most * u128::from(job.fee_bps.get())).div_ceil(10_000);
    u64::try_from(most + fee).expect("the bounds see to it")
}
