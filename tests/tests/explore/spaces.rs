//! The spaces. Each is explored to its last state; together they cover what the program does with jobs and devices.

use crate::space::{HOUR, Space};
use grid_jobs::MarketTerms;
use grid_tests::model::{Kind, Model, Op, Party, Place, Request};

/// A market whose deadlines are an hour each: a step of the clock is before, at or past them.
const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: 1,
    bond_atoms: 0,
    expiry_reward_atoms: 0,
    compensation_atoms: 0,
    // So little that the fee on two hours is that on one: rounding shows.
    fee_bps: 1,
    stakers_bps: 0,
    burn_bps: 0,
    max_attempts: 2,
    max_strikes: u16::MAX,
    min_timeout_seconds: HOUR as u32,
    max_timeout_seconds: 2 * HOUR as u32,
    start_window_seconds: HOUR as u32,
    heartbeat_limit_seconds: HOUR as u32,
    finish_grace_seconds: HOUR as u32,
    retention_seconds: HOUR as u32,
};
/// The same at a price and with a patience of its own.
const DEARER: MarketTerms =
    MarketTerms { price_per_second_atoms: 2, max_attempts: 1, max_timeout_seconds: HOUR as u32, ..TERMS };
/// The same with a bond, of which an atom goes to who takes a job back and one to the client; two strikes are too many.
const BONDED: MarketTerms =
    MarketTerms { bond_atoms: 2, expiry_reward_atoms: 1, compensation_atoms: 1, max_strikes: 2, ..TERMS };
/// More than anybody can spend, atoms.
const RICH: u64 = 1_000_000_000_000;
/// What a job of an hour costs at most, atoms.
const HOUR_COSTS: u64 = 3_601;
/// Time at which a space begins, Unix seconds.
const BEGIN: i64 = 1_800_000_000;

const BATCH: Request = Request { kind: Kind::Batch, timeout: TERMS.max_timeout_seconds };
const SERVICE: Request = Request { kind: Kind::Service, timeout: TERMS.max_timeout_seconds };

/// Two clients with so many tokens, two rich nodes.
fn people(devices: usize, tokens: u64) -> Model {
    let places = (0..devices).map(|device| Place { node: device % 2, market: 0 }).collect();
    let mut model = Model::new(BEGIN, 2, 1, places);
    for number in 0..2 {
        model.tokens.insert(Party::Client(number), tokens.into());
        model.tokens.insert(Party::Node(number), RICH.into());
    }
    model
}

/// An open market, and a project for each client.
fn opening(terms: MarketTerms, room: usize) -> Vec<Op> {
    vec![Op::OpenMarket(0, terms, room), Op::OpenProject(0), Op::OpenProject(1)]
}

/// The same, and everybody's tokens deposited.
fn rich(terms: MarketTerms, room: usize) -> Vec<Op> {
    let mut setup = opening(terms, room);
    setup.extend([Op::Deposit(0, RICH), Op::Deposit(1, RICH)]);
    setup
}

/// Two jobs of two projects, two devices.
fn two_by_two(name: &'static str) -> Space {
    Space {
        name,
        bare: people(2, RICH),
        setup: rich(TERMS, 2),
        jobs: vec![(0, 0), (1, 0)],
        requests: vec![BATCH, SERVICE],
        extensions: vec![TERMS.max_timeout_seconds],
        min_prices: vec![0],
        terms: vec![TERMS],
        more: |_, _| (),
        is_exact: true,
        is_tidy: true,
        knows_devices: false,
        knows_projects: false,
        counts_money: false,
        counts_strikes: false,
    }
}

/// One job, one device.
pub fn one_by_one() -> Space {
    Space { name: "one job, one device", bare: people(1, RICH), jobs: vec![(0, 0)], ..two_by_two("") }
}

/// Three jobs of two projects and three devices; there is always room in the queue.
pub fn three_by_three() -> Space {
    Space {
        name: "three jobs, three devices",
        bare: people(3, RICH),
        setup: rich(TERMS, 3),
        jobs: vec![(0, 0), (0, 1), (1, 0)],
        is_exact: false,
        ..two_by_two("")
    }
}

/// The same in a queue of one: jobs are stopped for lack of room.
pub fn queue_of_one() -> Space {
    Space { name: "a queue of one", setup: rich(TERMS, 1), ..three_by_three() }
}

/// Notices to the second they end, and payouts one by one.
pub fn payouts() -> Space {
    Space {
        name: "notices and payouts",
        is_tidy: false,
        more: |model, ops| {
            ops.extend((0..model.devices.len()).map(Op::WithdrawEarnings));
            ops.push(Op::CollectFees(0));
        },
        ..two_by_two("")
    }
}

/// Bonds that penalties eat and nodes fill up, rewards for another project, strikes that shut out.
pub fn bonds() -> Space {
    Space {
        name: "bonds and strikes",
        setup: rich(BONDED, 2),
        terms: vec![BONDED],
        is_exact: false,
        counts_strikes: true,
        more: |model, ops| {
            for (number, device) in model.devices.iter().enumerate() {
                let bond = device.as_ref().map_or(0, |device| device.bond as u64);
                ops.extend((bond < 2).then(|| Op::FundBond(number, 2 - bond)));
                ops.push(Op::WithdrawBond(model.node_of(number), number, bond));
                ops.push(Op::WithdrawBond(Party::Stranger, number, bond));
                for job in model.jobs.keys() {
                    ops.push(Op::ExpireAssignment(number, *job, Some(1 - job.0)));
                    ops.push(Op::ExpireRun(number, *job, Some(1 - job.0)));
                }
            }
        },
        ..two_by_two("")
    }
}

/// An authority that changes its terms while nodes ask for their price.
pub fn changes() -> Space {
    Space {
        name: "changing terms",
        requests: vec![Request { timeout: HOUR as u32, ..SERVICE }],
        min_prices: vec![1, 2],
        terms: vec![TERMS, DEARER],
        is_exact: false,
        more: |model, ops| {
            let terms = model.markets[0].as_ref().map(|market| market.terms);
            let other = if terms == Some(TERMS) { DEARER } else { TERMS };
            ops.push(Op::UpdateMarket(Party::Authority(0), 0, other));
        },
        ..two_by_two("")
    }
}

/// Clients that can't pay for everything, and move their tokens in and out.
pub fn poverty() -> Space {
    Space {
        name: "poor clients",
        bare: people(1, 2 * HOUR_COSTS),
        setup: opening(TERMS, 2),
        jobs: vec![(0, 0), (0, 1), (1, 0)],
        requests: vec![Request { timeout: HOUR as u32, ..SERVICE }],
        knows_projects: true,
        counts_money: true,
        is_exact: false,
        more: |_, ops| {
            for client in 0..2 {
                ops.extend([Op::Deposit(client, HOUR_COSTS), Op::Withdraw(client, HOUR_COSTS)]);
            }
        },
        ..two_by_two("")
    }
}

/// A member with a limit, pauses of the market, and results that come after the end.
pub fn members() -> Space {
    Space {
        name: "members, pauses and late results",
        bare: people(1, RICH),
        knows_devices: true,
        knows_projects: true,
        is_exact: false,
        requests: vec![SERVICE],
        more: |model, ops| {
            let (owner, member, pauser) = (Party::Client(0), Party::Member(0), Party::Authority(0));
            ops.push(Op::SetMember(0, 0, 2 * HOUR_COSTS, HOUR as u32));
            ops.extend([Op::CloseMember(owner, 0, 0), Op::CloseMember(member, 0, 0)]);
            ops.extend([Op::PauseMarket(pauser, 0, HOUR as u32), Op::PauseMarket(pauser, 0, 0)]);
            ops.push(Op::ListMany(member, (0, 0), 0, vec![SERVICE], u64::MAX));
            ops.push(Op::Extend(member, (0, 0), SERVICE.timeout));
            ops.push(Op::Delist(member, (0, 0)));
            for device in 0..model.devices.len() {
                ops.push(Op::End(member, device, (0, 0)));
                ops.extend(model.jobs.keys().map(|job| Op::PostResult(device, *job, true)));
            }
        },
        ..two_by_two("")
    }
}
