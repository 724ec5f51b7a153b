//! A market at the head of whose queue nobody is at home.

use crate::support::*;
use grid_client::{
    address,
    event::{Event, events_in},
    instruction,
};
use grid_jobs::{GridError, JobState};
use grid_tests::{
    World, assert_ledger,
    world::{BOND, DEPOSIT},
};
use litesvm::types::TransactionMetadata;
use solana_address::Address;
use solana_signer::Signer;
use std::collections::BTreeMap;

/// Devices that never start a job.
const DEAD: u32 = 1_000;

/// Compute units of the steps of each sort, in order.
#[derive(Default)]
struct Costs(BTreeMap<&'static str, Vec<u64>>);

impl Costs {
    fn note(&mut self, sort: &'static str, landed: &TransactionMetadata) {
        self.0.entry(sort).or_default().push(landed.compute_units_consumed);
    }

    /// Asserts that no step of a sort cost more than 2 % more than another of that sort.
    #[track_caller]
    fn assert_constant(&self, sort: &str, steps: usize) {
        let costs = &self.0[sort];
        assert_eq!(costs.len(), steps, "{sort}");
        let (least, most) = (costs.iter().min().unwrap(), costs.iter().max().unwrap());
        assert!(most * 100 <= least * 102, "{sort}: {least} to {most} compute units");
    }
}

/// A world where a thousand dead devices wait, and behind them the world's own.
fn waiting() -> (World, Vec<Address>) {
    let mut world = World::new();
    world.network.svm = world.network.svm.clone().with_sigverify(false);
    world.grow_market_to(DEAD as usize + 1);
    let dead: Vec<Address> = (1..=DEAD).map(|index| world.open_device(index)).collect();
    dead.iter().chain([&world.device.clone()]).for_each(|device| world.work(*device));
    (world, dead)
}

#[test]
fn anyone_takes_the_jobs_back_one_by_one_until_a_device_lives() {
    let (mut world, dead) = waiting();
    let (client, reward_project) = (world.client.pubkey(), world.open_strangers_project());
    let mut costs = Costs::default();
    let job = address::job(&world.project, 1).0;
    for device in &dead {
        if !world.exists(&job) {
            assert_eq!(world.project().balance, DEPOSIT, "what was reserved is refunded");
            let list = world.list_instruction(1);
            costs.note("listed", &world.land(&[list]));
        }
        assert_eq!(world.job(&job).device, *device, "in the order of the queue");
        world.network.advance(61);
        let expire = instruction::expire_assignment(run_on(&world, *device, job), Some(reward_project));
        let landed = world.run(&[expire], &[]);
        let [Event::JobTakenBack(event)] = events_in(&landed.logs)[..] else { panic!("one event") };
        assert_eq!(event.reward_atoms, 1_000);
        if event.job_state == JobState::Stopped as u8 {
            costs.note("stopped", &landed);
            let close = instruction::close_job(client, world.project, job, client);
            world.land(&[close]);
        } else {
            costs.note("met the next", &landed);
        }
    }
    for (sort, steps) in [("listed", 334), ("met the next", 667), ("stopped", 333)] {
        costs.assert_constant(sort, steps);
    }
    assert_eq!(world.project_at(&reward_project).balance, u64::from(DEAD) * 1_000);
    for device in &dead {
        let device = world.device(device);
        assert_eq!((device.bond_atoms.get(), device.strikes.get()), (BOND - 1_000, 1));
    }

    assert_eq!(world.job(&job).device, world.device, "the one that lives");
    world.start(world.device, job);
    world.network.advance(600);
    world.finish(world.device, job);
    assert_eq!(world.device(&world.device).earnings_atoms, 60_000);
    let market = world.market();
    assert_eq!((market.waiting(), market.header.active_jobs), (Some(vec![]), 0.into()));
    assert_ledger(&world, 0);
}

#[test]
fn dead_devices_may_be_passed_by() {
    let (mut world, dead) = waiting();
    let spender = instruction::Spender::Owner(world.client.pubkey());
    let direct = |world: &World, id, device| {
        let listing = listing(id, grid_jobs::JobKind::Batch);
        instruction::list_direct(spender, world.project, world.market, device, &listing)
    };
    let list = direct(&world, 1, world.device);
    world.land(&[list]);
    world.start(world.device, address::job(&world.project, 1).0);
    assert_eq!(world.market().waiting(), Some(dead));
    let again = direct(&world, 2, world.device);
    world.refuse(&[again], GridError::DeviceNotQueued);
    assert_ledger(&world, 0);
}
