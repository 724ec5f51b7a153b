//! Ten thousand devices in a market's queue, against a plain queue: filled, thinned out, drained and filled again.

use crate::support::*;
use grid_client::{
    address,
    instruction::{self, Spender},
};
use grid_jobs::{GridError, JobKind, MarketTerms, NO_SLOT};
use grid_tests::{TERMS, World, assert_ledger, world::RESULT};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::collections::VecDeque;

/// Entries that the market of the test has room for: what it holds when it has grown to 10,000 and more.
const CAPACITY: usize = 10_229;

/// A market, who should wait in it, and who is idle.
struct Model {
    world: World,
    waiting: VecDeque<Address>,
    idle: Vec<Address>,
    random: ChaCha8Rng,
}

impl Model {
    /// A market full of devices, which need no bond.
    fn full() -> Self {
        let mut world = World::new();
        world.network.svm = world.network.svm.clone().with_sigverify(false);
        let free = MarketTerms { bond_atoms: 0, expiry_reward_atoms: 0, compensation_atoms: 0, ..TERMS };
        update_market(&mut world, free);
        world.grow_market_to(10_000);
        assert_eq!(world.market().slots.len(), CAPACITY);
        let (node, market) = (world.node.pubkey(), world.market);
        let devices: Vec<u32> = (1..=CAPACITY as u32).collect();
        let mut waiting = VecDeque::new();
        for some in devices.chunks(8) {
            let open_and_work = some.iter().flat_map(|index| {
                let device = address::device(&market, &node, *index).0;
                waiting.push_back(device);
                [
                    instruction::open_device(node, market, *index, node),
                    instruction::work(node, device, market, 0),
                ]
            });
            let instructions: Vec<Instruction> = open_and_work.collect();
            world.land(&instructions);
        }
        Self { world, waiting, idle: Vec::new(), random: ChaCha8Rng::seed_from_u64(10_229) }
    }

    /// Asserts that those who should wait do, in their order.
    #[track_caller]
    fn check(&self) {
        let market = self.world.market();
        let waiting = market.waiting().expect("the links agree");
        assert!(waiting.iter().eq(&self.waiting), "the queue and its model differ");
        let is_full = self.waiting.len() == CAPACITY;
        assert_eq!(market.header.queue.free == NO_SLOT, is_full);
        assert_ledger(&self.world, 0);
    }

    /// Runs job 0 on a device that it was matched with, for no time, and closes it.
    fn run(&self, device: Address) -> [Instruction; 3] {
        let (node, client) = (self.world.node.pubkey(), self.world.client.pubkey());
        let run = run_on(&self.world, device, address::job(&self.world.project, 0).0);
        [
            instruction::start(node, device, run.job),
            instruction::finish(node, run, RESULT),
            instruction::close_job(client, run.project, run.job, client),
        ]
    }

    /// The first of the queue gets a job.
    fn list(&mut self) {
        let device = self.waiting.pop_front().expect("a device waits");
        let list = self.world.list_instruction(0);
        self.world.land(&[&[list][..], &self.run(device)].concat());
        self.idle.push(device);
    }

    /// The device at a place of the queue gets a job.
    fn list_direct(&mut self, place: usize) {
        let device = self.waiting.remove(place).expect("a place of the queue");
        let (owner, world) = (Spender::Owner(self.world.client.pubkey()), &self.world);
        let request = listing(0, JobKind::Batch);
        let list = instruction::list_direct(owner, world.project, world.market, device, &request);
        let run = self.run(device);
        self.world.land(&[&[list][..], &run].concat());
        self.idle.push(device);
    }

    /// The device at a place of the queue leaves.
    fn leave(&mut self, place: usize) {
        let device = self.waiting.remove(place).expect("a place of the queue");
        let world = &mut self.world;
        world.land(&[instruction::leave(world.node.pubkey(), device, world.market)]);
        self.idle.push(device);
    }

    /// Idle devices join the queue behind the last, those that left first foremost.
    fn work(&mut self, count: usize) {
        let world = &mut self.world;
        let (node, market) = (world.node.pubkey(), world.market);
        let joining: Vec<Address> = self.idle.drain(..count).collect();
        let offers = joining.iter().map(|device| instruction::work(node, *device, market, 0));
        world.land(&offers.collect::<Vec<_>>());
        self.waiting.extend(joining);
    }
}

#[test]
fn ten_thousand_devices_leave_are_taken_and_return_in_order() {
    let mut model = Model::full();
    model.check();
    let offer = instruction::work(model.world.node.pubkey(), model.world.device, model.world.market, 0);
    model.world.refuse(std::slice::from_ref(&offer), GridError::QueueFull);

    for step in 1..=4_000 {
        let place = model.random.random_range(0..model.waiting.len());
        match model.random.random_range(0..8) {
            0..3 => model.leave(place),
            3..5 => model.list_direct(place),
            5 => model.list(),
            _ if !model.idle.is_empty() => model.work(1),
            _ => model.leave(place),
        }
        if step % 1_000 == 0 {
            model.check();
        }
    }
    while !model.waiting.is_empty() {
        match model.waiting.len() % 3 {
            0 => model.list(),
            1 => model.list_direct(model.waiting.len() - 1),
            _ => model.leave(model.waiting.len() / 2),
        }
    }
    model.check();

    while !model.idle.is_empty() {
        model.work(model.idle.len().min(15));
    }
    assert_eq!(model.waiting.len(), CAPACITY, "each slot is used again");
    model.check();
    model.world.refuse(&[offer], GridError::QueueFull);
    model.list();
    model.check();
}
