//! The operations: drawn at random, told to the model, and built as transactions.

use crate::{
    arena::Addresses,
    model::{
        DEVICES, DevicePhase, IDS, JobKey, JobPhase, MARKETS, Model, NODES, PROJECTS, Refusal, market_of,
        node_of,
    },
};
use grid_client::{
    instruction::{self, Listing},
    token,
};
use grid_tests::world::{DEFINITION, RESULT};
use rand::{Rng, seq::IteratorRandom};
use solana_instruction::Instruction;

/// An operation that anyone could send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `open_project`
    OpenProject(usize),
    /// `close_project`
    CloseProject(usize),
    /// `deposit`
    Deposit(usize, u64),
    /// `withdraw`
    Withdraw(usize, u64),
    /// `open_device`
    OpenDevice(usize),
    /// `close_device`
    CloseDevice(usize),
    /// `fund_bond`
    FundBond(usize, u64),
    /// `withdraw_bond`
    WithdrawBond(usize, u64),
    /// `withdraw_earnings`
    WithdrawEarnings(usize),
    /// `list`: job, market, timeout, highest price
    List(JobKey, usize, u32, u64),
    /// `delist`
    Delist(JobKey),
    /// `work`: device, lowest price
    Work(usize, u64),
    /// `leave`
    Leave(usize),
    /// `start`
    Start(usize, JobKey),
    /// `decline`
    Decline(usize, JobKey),
    /// `finish`: device, job, whether there is a result
    Finish(usize, JobKey, bool),
    /// `close_job`: job, whether by the owner
    CloseJob(JobKey, bool),
    /// `grow_market`
    Grow(usize),
    /// Tokens sent to the vault, from a node.
    Donate(usize, u64),
    /// The clock is set.
    Clock(i64),
}

/// An amount of any magnitude, now and then the whole or one more.
fn amount(most: u64, random: &mut impl Rng) -> u64 {
    match random.random_range(0..12) {
        0 => 0,
        1 => 1,
        2..5 => most,
        5 => most.saturating_add(1),
        6 => u64::MAX,
        _ => random.random::<u64>() >> random.random_range(0..64),
    }
}

/// Draws an operation; more often than not one that makes sense.
pub fn random(model: &Model, random: &mut impl Rng) -> Op {
    let project = random.random_range(0..PROJECTS);
    let device = random.random_range(0..DEVICES);
    let market = random.random_range(0..MARKETS);
    let any_job = (project, random.random_range(0..IDS));
    let open_job = model.jobs.keys().copied().choose(random).unwrap_or(any_job);
    // A device and a job that have to do with each other, if there are any.
    let pairs = model.jobs.iter().filter_map(|(key, job)| match job.phase {
        JobPhase::Matched(device, _) | JobPhase::Running(device, _) => Some((device, *key)),
        _ => None,
    });
    let pair = match random.random_range(0..8) {
        0 => (device, open_job),
        1 => (device, any_job),
        _ => pairs.choose(random).unwrap_or((device, open_job)),
    };
    let job = if random.random_range(0..8) == 0 { any_job } else { open_job };
    match random.random_range(0..100) {
        0 => Op::OpenProject(project),
        1..3 => Op::CloseProject(project),
        3..7 => Op::Deposit(project, amount(model.client_tokens[project] / 4, random)),
        7..10 => Op::Withdraw(
            project,
            amount(model.projects[project].unwrap_or(9) / random.random_range(1..4), random),
        ),
        10..13 => Op::OpenDevice(device),
        13..15 => Op::CloseDevice(device),
        15..20 => {
            let needed = model.markets[market_of(device)].terms.bond_atoms;
            Op::FundBond(device, amount(needed, random))
        }
        20..22 => {
            let bond = model.devices[device].map_or(0, |device| device.bond);
            Op::WithdrawBond(device, amount(bond, random))
        }
        22..26 => Op::WithdrawEarnings(device),
        26..44 => {
            let terms = &model.markets[market].terms;
            let timeout = match random.random_range(0..10) {
                0 => terms.min_timeout_seconds - 1,
                1 => terms.min_timeout_seconds,
                2 => terms.max_timeout_seconds,
                3 => terms.max_timeout_seconds + 1,
                _ => random.random_range(terms.min_timeout_seconds..=terms.max_timeout_seconds),
            };
            let max_price = match random.random_range(0..10) {
                0 => terms.price_per_second_atoms - 1,
                1..5 => terms.price_per_second_atoms,
                _ => u64::MAX,
            };
            Op::List(any_job, market, timeout, max_price)
        }
        44..48 => Op::Delist(job),
        48..62 => {
            let price = model.markets[market_of(device)].terms.price_per_second_atoms;
            let min_price = match random.random_range(0..10) {
                0 => price + 1,
                1..4 => price,
                _ => 0,
            };
            Op::Work(device, min_price)
        }
        62..64 => Op::Leave(device),
        64..72 => Op::Start(pair.0, pair.1),
        72..76 => Op::Decline(pair.0, pair.1),
        76..86 => Op::Finish(pair.0, pair.1, random.random_range(0..10) > 0),
        86..92 => Op::CloseJob(job, random.random()),
        92 if random.random_range(0..12) == 0 => Op::Grow(market),
        92..94 => Op::Donate(random.random_range(0..NODES), random.random_range(1..3)),
        _ => Op::Clock(jump(random)),
    }
}

/// Seconds by which the clock moves: none, some, days, a year, or back.
fn jump(random: &mut impl Rng) -> i64 {
    match random.random_range(0..10) {
        0 => 0,
        1 => 365 * 86_400,
        2 => -random.random_range(1..86_400),
        3 => random.random_range(86_400..40 * 86_400),
        4..7 => random.random_range(1..100),
        _ => random.random_range(100..20_000),
    }
}

impl Op {
    /// Its name, without arguments.
    pub fn name(self) -> String {
        let text = format!("{self:?}");
        text.split('(').next().unwrap_or(&text).to_owned()
    }

    /// What the model makes of it.
    pub fn apply(self, model: &mut Model) -> Result<(), Refusal> {
        match self {
            Self::OpenProject(project) => model.open_project(project),
            Self::CloseProject(project) => model.close_project(project),
            Self::Deposit(project, amount) => model.deposit(project, amount),
            Self::Withdraw(project, amount) => model.withdraw(project, amount),
            Self::OpenDevice(device) => model.open_device(device),
            Self::CloseDevice(device) => model.close_device(device),
            Self::FundBond(device, amount) => model.fund_bond(device, amount),
            Self::WithdrawBond(device, amount) => model.withdraw_bond(device, amount),
            Self::WithdrawEarnings(device) => model.withdraw_earnings(device),
            Self::List(job, market, timeout, max_price) => model.list(job, market, timeout, max_price),
            Self::Delist(job) => model.delist(job),
            Self::Work(device, min_price) => model.work(device, min_price),
            Self::Leave(device) => model.leave(device),
            Self::Start(device, job) => model.start(device, job),
            Self::Decline(device, job) => model.decline(device, job),
            Self::Finish(device, job, has_result) => model.finish(device, job, has_result),
            Self::CloseJob(job, by_owner) => model.close_job(job, by_owner),
            Self::Grow(_) => Ok(()),
            Self::Donate(node, amount) => {
                let left = model.node_tokens[node].checked_sub(amount);
                model.node_tokens[node] = left.ok_or(Refusal::Other)?;
                model.donated += amount;
                Ok(())
            }
            Self::Clock(seconds) => {
                model.now += seconds;
                Ok(())
            }
        }
    }

    /// The instruction; `None` for the clock.
    pub fn instruction(self, model: &Model, at: &Addresses) -> Option<Instruction> {
        let (mint, owners, nodes) = (at.mint, &at.clients, &at.nodes);
        let market_of_job = |job: &JobKey, device: usize| {
            let listed = model.jobs.get(job).map(|job| job.market);
            at.markets[listed.unwrap_or(market_of(device))]
        };
        Some(match self {
            Self::OpenProject(p) => instruction::open_project(owners[p], mint),
            Self::CloseProject(p) => instruction::close_project(owners[p], at.projects[p]),
            Self::Deposit(p, amount) => {
                let source = at.tokens(&owners[p]);
                instruction::deposit(owners[p], source, at.projects[p], mint, amount)
            }
            Self::Withdraw(p, amount) => {
                let destination = at.tokens(&owners[p]);
                instruction::withdraw(owners[p], at.projects[p], mint, destination, amount)
            }
            Self::OpenDevice(d) => {
                let (node, market) = (nodes[node_of(d)], at.markets[market_of(d)]);
                instruction::open_device(node, market, d as u32, node)
            }
            Self::CloseDevice(d) => {
                instruction::close_device(nodes[node_of(d)], at.devices[d], at.markets[market_of(d)])
            }
            Self::FundBond(d, amount) => {
                let node = nodes[node_of(d)];
                instruction::fund_bond(node, at.tokens(&node), at.devices[d], mint, amount)
            }
            Self::WithdrawBond(d, amount) => {
                let node = nodes[node_of(d)];
                instruction::withdraw_bond(node, at.devices[d], mint, node, amount)
            }
            Self::WithdrawEarnings(d) => {
                instruction::withdraw_earnings(at.devices[d], mint, nodes[node_of(d)])
            }
            Self::List((p, id), market, timeout_seconds, max_price_per_second_atoms) => {
                let listing =
                    Listing { id, definition: DEFINITION, timeout_seconds, max_price_per_second_atoms };
                instruction::list(owners[p], at.projects[p], at.markets[market], &listing)
            }
            Self::Delist(job) => {
                let (owner, project) = (owners[job.0], at.projects[job.0]);
                instruction::delist(owner, project, market_of_job(&job, 0), at.job(job), owner)
            }
            Self::Work(d, min_price) => {
                let market = at.markets[market_of(d)];
                instruction::work(nodes[node_of(d)], at.devices[d], market, min_price)
            }
            Self::Leave(d) => instruction::leave(nodes[node_of(d)], at.devices[d], at.markets[market_of(d)]),
            Self::Start(d, job) => instruction::start(nodes[node_of(d)], at.devices[d], at.job(job)),
            Self::Decline(d, job) => {
                let (market, project) = (market_of_job(&job, d), at.projects[job.0]);
                instruction::decline(nodes[node_of(d)], at.devices[d], at.job(job), market, project)
            }
            Self::Finish(d, job, has_result) => {
                let (market, project) = (market_of_job(&job, d), at.projects[job.0]);
                let result = if has_result { RESULT } else { [0; 32] };
                let node = nodes[node_of(d)];
                instruction::finish(node, at.devices[d], at.job(job), market, project, result)
            }
            Self::CloseJob(job, by_owner) => {
                let closer = if by_owner { owners[job.0] } else { at.stranger };
                instruction::close_job(closer, at.projects[job.0], at.job(job), owners[job.0])
            }
            Self::Grow(market) => instruction::grow_market(at.stranger, at.markets[market]),
            Self::Donate(node, amount) => {
                let source = at.tokens(&nodes[node]);
                token::transfer(source, at.vault, nodes[node], amount)
            }
            Self::Clock(_) => return None,
        })
    }
}

/// The operations that bring everything home: each time the next one that can be done.
pub fn homeward(model: &Model) -> Option<Op> {
    for (number, device) in model.devices.iter().enumerate() {
        let Some(device) = device else { continue };
        match device.phase {
            DevicePhase::Queued => return Some(Op::Leave(number)),
            DevicePhase::Matched(job, _) => return Some(Op::Decline(number, job)),
            DevicePhase::Running(job) => return Some(Op::Finish(number, job, true)),
            DevicePhase::Idle => {}
        }
    }
    if let Some((key, job)) = model.jobs.first_key_value() {
        return Some(match job.phase {
            JobPhase::Over(..) => Op::CloseJob(*key, true),
            _ => Op::Delist(*key),
        });
    }
    for (number, device) in model.devices.iter().enumerate() {
        match device {
            Some(device) if device.earnings > 0 => return Some(Op::WithdrawEarnings(number)),
            Some(device) if device.bond > 0 => return Some(Op::WithdrawBond(number, device.bond)),
            Some(_) => return Some(Op::CloseDevice(number)),
            None => {}
        }
    }
    model.projects.iter().enumerate().find_map(|(number, balance)| match balance {
        Some(0) => Some(Op::CloseProject(number)),
        Some(balance) => Some(Op::Withdraw(number, *balance)),
        None => None,
    })
}
