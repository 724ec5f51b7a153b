//! The ledger equality: what the accounts say is owed, against what the vault holds.

use crate::world::World;
use grid_client::{account::MarketView, ledger::decode_all};
use grid_jobs::{Job, Market, Member, Project};

/// Asserts what must hold after every instruction: the vault holds what is owed plus `donated_atoms`, the counters
/// equal what the accounts say, and every queue's links agree.
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

/// What a job must hold: the price of its timeout and the fee on it, rounded up; nothing when it is over.
fn escrow_of(job: &Job) -> u64 {
    if job.is_over() {
        return 0;
    }
    let most = u128::from(job.price_per_second_atoms.get()) * u128::from(job.timeout_seconds.get());
    let fee = (most * u128::from(job.fee_bps.get())).div_ceil(10_000);
    u64::try_from(most + fee).expect("the bounds see to it")
}
