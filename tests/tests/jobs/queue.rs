//! A market's queue on the shipped binary, at sizes that matter.

use grid_client::{address, instruction};
use grid_jobs::{GridError, JobState, MarketTerms, NO_SLOT};
use grid_tests::{TERMS, World, assert_ledger, world::RESULT};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_signer::Signer;
use std::collections::{HashMap, VecDeque};

/// A world that sends many transactions quickly: it does not verify signatures. Strikes shut out nobody.
fn quick_world() -> World {
    let mut world = World::new();
    world.network.svm = world.network.svm.clone().with_sigverify(false);
    let terms = MarketTerms { max_strikes: u16::MAX, ..TERMS };
    world.land(&[instruction::update_market(world.authority.pubkey(), world.market, terms)]);
    world
}

/// A market and what its queue should hold.
struct Queue {
    world: World,
    model: VecDeque<Address>,
    /// How often each job was declined.
    attempts: HashMap<Address, u8>,
    next_id: u64,
}

impl Queue {
    fn new(world: World) -> Self {
        Self { world, model: VecDeque::new(), attempts: HashMap::new(), next_id: 0 }
    }

    /// Lists a job at the end.
    #[track_caller]
    fn list(&mut self) {
        let job = self.world.list(self.next_id);
        self.model.push_back(job);
        self.next_id += 1;
    }

    /// Delists the job at this place.
    #[track_caller]
    fn delist(&mut self, place: usize) {
        let job = self.model.remove(place).expect("a place of the queue");
        let (client, world) = (self.world.client.pubkey(), &mut self.world);
        world.land(&[instruction::delist(client, world.project, world.market, job, client)]);
    }

    /// Takes the first job and gives it back; the third time it is stopped.
    #[track_caller]
    fn take_and_decline(&mut self) {
        let (node, world) = (self.world.node.pubkey(), &mut self.world);
        let first = self.model[0];
        world.land(&[
            instruction::work(node, world.device, world.market, 0),
            instruction::decline(node, world.run_of(world.device, first)),
        ]);
        let attempts = self.attempts.entry(first).or_default();
        *attempts += 1;
        let is_spent = *attempts == TERMS.max_attempts;
        assert_eq!(world.job(&first).is(JobState::Stopped), is_spent);
        if is_spent {
            self.model.pop_front();
        }
    }

    /// Takes the first job, runs it for no time at all, and closes it.
    #[track_caller]
    fn take_and_finish(&mut self) {
        let first = self.model.pop_front().expect("a job waits");
        let (node, world) = (self.world.node.pubkey(), &mut self.world);
        let client = world.client.pubkey();
        world.land(&[
            instruction::work(node, world.device, world.market, 0),
            instruction::start(node, world.device, first),
            instruction::finish(node, world.run_of(world.device, first), RESULT),
            instruction::close_job(client, world.project, first, client),
        ]);
    }

    /// Asserts that the queue holds what it should.
    #[track_caller]
    fn check(&self) {
        let waiting = self.world.market().waiting().expect("the links agree");
        assert!(waiting.iter().eq(&self.model), "the queue and its model differ");
        assert_ledger(&self.world, 0);
    }
}

#[test]
fn ten_thousand_jobs_wait_leave_and_are_taken_in_order() {
    let mut queue = Queue::new(quick_world());
    queue.world.grow_market_to(10_000);
    assert_eq!(queue.world.market().slots.len(), 10_229);
    for _ in 0..10_000 {
        queue.list();
    }
    queue.check();

    let mut random = ChaCha8Rng::seed_from_u64(10_000);
    for step in 1..=10_000 {
        match random.random_range(0..10) {
            0..3 => queue.delist(random.random_range(0..queue.model.len())),
            3..5 => queue.take_and_decline(),
            5..7 => queue.take_and_finish(),
            _ => queue.list(),
        }
        if step % 1_000 == 0 {
            queue.check();
        }
    }
    queue.check();
}

#[test]
fn a_queue_filled_and_drained_twice_is_as_good_as_new() {
    let mut queue = Queue::new(quick_world());
    for round in 0..2 {
        for _ in 0..273 {
            queue.list();
        }
        queue.check();
        let market = queue.world.market();
        assert_eq!((market.header.queue.free, market.header.queue.waiting), (NO_SLOT.into(), 273.into()));
        let list = queue.world.list_instruction(queue.next_id);
        queue.world.refuse(&[list], GridError::QueueFull);
        while !queue.model.is_empty() {
            match round {
                0 => queue.take_and_finish(),
                _ => queue.delist(queue.model.len() / 2),
            }
        }
        queue.check();
    }
    assert_eq!(queue.world.market().header.queue.waiting, 0);
    assert_eq!(queue.world.project().open_jobs, 0);
}

#[test]
fn a_full_queue_takes_a_declined_job_back_only_where_one_left() {
    let mut queue = Queue::new(quick_world());
    for _ in 0..273 {
        queue.list();
    }
    for _ in 1..TERMS.max_attempts {
        queue.take_and_decline();
        queue.check();
        queue.delist(136);
        queue.list();
        queue.check();
    }
    let list = queue.world.list_instruction(queue.next_id);
    queue.world.refuse(&[list], GridError::QueueFull);
}

#[test]
fn devices_and_jobs_take_turns_in_the_same_slots() {
    let mut world = quick_world();
    let devices: Vec<Address> = (1..=20).map(|index| world.open_device(index)).collect();
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    for round in 0..5_u64 {
        for device in &devices {
            world.work(*device);
        }
        let ids = round * 40..round * 40 + 40;
        let jobs: Vec<Address> = ids.map(|id| world.list(id)).collect();
        for (device, job) in devices.iter().zip(&jobs) {
            assert_eq!(world.job(job).device, *device);
        }
        assert_eq!(world.market().waiting(), Some(jobs[20..].to_vec()));
        for (device, job) in devices.iter().zip(&jobs) {
            world.land(&[
                instruction::start(node, *device, *job),
                instruction::finish(node, world.run_of(*device, *job), RESULT),
            ]);
        }
        for (device, job) in devices.iter().zip(&jobs[20..]) {
            world.work(*device);
            assert_eq!(world.device(device).job, *job);
            world.land(&[
                instruction::start(node, *device, *job),
                instruction::finish(node, world.run_of(*device, *job), RESULT),
            ]);
        }
        assert_eq!(world.market().waiting(), Some(vec![]));
        assert_ledger(&world, 0);
    }
    let first = address::job(&world.project, 0).0;
    world.land(&[instruction::close_job(client, world.project, first, client)]);
    assert_eq!(world.project().open_jobs, 199);
}
