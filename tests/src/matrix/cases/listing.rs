//! Listing and lengthening jobs.

use super::{case, system_program};
use crate::{
    matrix::{Case, Kind, Sample, Slot, Stage, sets::Waiters, stage::listing},
    world::{DEFINITION, TIMEOUT},
};
use grid_client::instruction::{self, Request, Spender};
use grid_jobs::JobKind;
use solana_address::Address;

const ID: u64 = 0x0102_0304_0506_0708;
/// Where `list`'s and `list_direct`'s data holds the bump: behind discriminator and id.
const BUMP_AT: usize = 16;
/// Where `list_many`'s data holds the first bump: behind discriminator, id, price and the number of jobs.
const FIRST_BUMP_AT: usize = 28;
/// Bytes of a request in `list_many`'s data.
const REQUEST_BYTES: usize = 38;
const REQUESTS: [Request; 2] =
    [(JobKind::Batch, TIMEOUT, DEFINITION), (JobKind::Service, 2 * TIMEOUT, [0xd1; 32])];

pub(super) const CASES: &[Case] = &[
    case("list", "queues", list_queues),
    case("list", "meets a device", list_meets_a_device),
    case("list_many", "by the owner", list_many_by_the_owner),
    case("list_many", "by a member", list_many_by_a_member),
    case("list_many", "meets devices", list_many_meets_devices),
    case("list_direct", "by the owner", list_direct_by_the_owner),
    case("list_direct", "by a member", list_direct_by_a_member),
    case("extend", "by the owner", extend_by_the_owner),
    case("extend", "by a member", extend_by_a_member),
];

/// Jobs wait.
fn list_queues(stage: &Stage) -> Sample {
    let own = stage.own;
    let sample = list(stage, own.market);
    let job = sample.address(3);
    sample.undone_by([instruction::delist(own.owner, own.project, own.market, job, own.owner)])
}

/// Devices wait.
fn list_meets_a_device(stage: &Stage) -> Sample {
    list(stage, stage.waiters.market)
}

fn list(stage: &Stage, market: Address) -> Sample {
    let own = stage.own;
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("project", Kind::Project),
        Slot::new("market", Kind::Market).or(markets_of_the_mint(stage)),
        new_job("job", &own.project, ID, BUMP_AT),
        system_program(),
    ];
    let mut sample =
        Sample::new(stage, instruction::list(own.owner, own.project, market, &listing(ID)), slots);
    for set in stage.others.all() {
        let twin = instruction::list(set.owner, set.project, set.market, &listing(ID + 1));
        let groups: &[&[usize]] = if set.mint == stage.mint { &[&[2]] } else { &[] };
        sample = sample.or_as_well_by(twin, groups);
    }
    sample
}

fn markets_of_the_mint(stage: &Stage) -> Vec<Address> {
    stage.markets(|market| market.mint == stage.mint.address)
}

fn new_job(name: &'static str, project: &Address, id: u64, bump_at: usize) -> Slot {
    let seeds = [&b"job"[..], project.as_ref(), &id.to_le_bytes()];
    Slot::new(name, Kind::New).with_seeds(&seeds).with_bump_at(bump_at)
}

/// No membership is needed; whoever's it is, it changes nothing.
fn no_member(stage: &Stage) -> Slot {
    Slot::empty("member", Kind::Member).or(stage.all(Kind::Member))
}

fn membership() -> Slot {
    Slot::new("member", Kind::Member).filled()
}

fn by_owner(owner: Address, _: Address) -> Spender {
    Spender::Owner(owner)
}

fn by_member(_: Address, member: Address) -> Spender {
    Spender::Member(member)
}

fn list_many_by_the_owner(stage: &Stage) -> Sample {
    let own = stage.own;
    let client = Slot::new("client", Kind::Wallet);
    let sample = list_many(stage, by_owner, client, no_member(stage), own.market);
    // The last that came leaves first: then the free slots are in the order in which they were.
    let undo = [sample.address(6), sample.address(5)]
        .map(|job| instruction::delist(own.owner, own.project, own.market, job, own.owner));
    sample.undone_by(undo)
}

/// The owner can sign in a member's place, and is not counted to its limit then.
fn list_many_by_a_member(stage: &Stage) -> Sample {
    let own = stage.own;
    let client = Slot::new("client", Kind::Wallet).or(vec![own.owner]);
    list_many(stage, by_member, client, membership(), own.market)
}

/// By the owner, where devices wait.
fn list_many_meets_devices(stage: &Stage) -> Sample {
    let client = Slot::new("client", Kind::Wallet);
    list_many(stage, by_owner, client, no_member(stage), stage.waiters.market)
}

fn list_many(
    stage: &Stage,
    spender: fn(Address, Address) -> Spender,
    client: Slot,
    member: Slot,
    market: Address,
) -> Sample {
    let own = stage.own;
    let slots = [
        client,
        Slot::new("project", Kind::Project),
        Slot::new("market", Kind::Market).or(markets_of_the_mint(stage)),
        member,
        system_program(),
        new_job("job 0", &own.project, ID, FIRST_BUMP_AT),
        new_job("job 1", &own.project, ID + 1, FIRST_BUMP_AT + REQUEST_BYTES),
    ];
    let list = |owner, member, project, market, id| {
        instruction::list_many(spender(owner, member), project, market, id, u64::MAX, &REQUESTS)
    };
    let own_list = list(own.owner, own.member, own.project, market, ID);
    let mut sample = Sample::new(stage, own_list, slots).with_remaining(REQUESTS.len());
    for set in stage.others.all() {
        let twin = list(set.owner, set.member, set.project, set.market, ID + 2);
        let groups: &[&[usize]] = if set.mint == stage.mint { &[&[2]] } else { &[] };
        sample = sample.or_as_well_by(twin, groups);
    }
    sample
}

fn list_direct_by_the_owner(stage: &Stage) -> Sample {
    let client = Slot::new("client", Kind::Wallet);
    list_direct(stage, by_owner, client, no_member(stage))
}

/// The owner can sign in a member's place, and is not counted to its limit then.
fn list_direct_by_a_member(stage: &Stage) -> Sample {
    let client = Slot::new("client", Kind::Wallet).or(vec![stage.own.owner]);
    list_direct(stage, by_member, client, membership())
}

fn list_direct(
    stage: &Stage,
    spender: fn(Address, Address) -> Spender,
    client: Slot,
    member: Slot,
) -> Sample {
    let (own, other) = (stage.waiters, stage.other_waiters);
    let slots = [
        client,
        Slot::new("project", Kind::Project),
        Slot::new("market", Kind::Market),
        Slot::new("device", Kind::Device).or(stage.waiting(&own.market)),
        new_job("job", &own.project, ID, BUMP_AT),
        member,
        system_program(),
    ];
    let list = |of: Waiters, id| {
        let spender = spender(of.owner, of.member);
        instruction::list_direct(spender, of.project, of.market, of.device, &listing(id))
    };
    Sample::new(stage, list(own, ID), slots).or_as_well_by(list(other, ID + 1), &[&[2, 3]])
}

fn extend_by_the_owner(stage: &Stage) -> Sample {
    let client = Slot::new("client", Kind::Wallet);
    extend(stage, client, no_member(stage), by_owner)
}

/// The owner can sign in a member's place, and is not counted to its limit then.
fn extend_by_a_member(stage: &Stage) -> Sample {
    let client = Slot::new("client", Kind::Wallet).or(vec![stage.own.owner]);
    extend(stage, client, membership(), by_member)
}

fn extend(stage: &Stage, client: Slot, member: Slot, spender: fn(Address, Address) -> Spender) -> Sample {
    let own = stage.own;
    let others = stage.jobs(|job| job.project == own.project && !job.is_over());
    let slots = [client, Slot::new("project", Kind::Project), Slot::new("job", Kind::Job).or(others), member];
    let extend =
        |owner, member, project, job| instruction::extend(spender(owner, member), project, job, 2 * TIMEOUT);
    let own_extend = extend(own.owner, own.member, own.project, own.running.job);
    let mut sample = Sample::new(stage, own_extend, slots);
    for set in stage.others.all() {
        let twin = extend(set.owner, set.member, set.project, set.running.job);
        sample = sample.or_as_well(twin);
    }
    // Another member of the same project.
    let second = extend(own.owner, stage.cast.second_member, own.project, own.running.job);
    sample.or_as_well(second)
}
