//! The operations as instructions.

use crate::{
    arena::Addresses,
    model::{JobKey, Kind, Model, Op, Party, Request},
    world::{DEFINITION, RESULT},
};
use grid_client::{
    instruction::{self, Listing, Run, Spender},
    token,
};
use grid_jobs::JobKind;
use solana_instruction::Instruction;

/// The instruction of an operation; `None` for the clock.
pub fn instruction(op: &Op, model: &Model, at: &Addresses) -> Option<Instruction> {
    project(op, at)
        .or_else(|| device(op, model, at))
        .or_else(|| job(op, model, at))
        .or_else(|| run(op, model, at))
        .or_else(|| market(op, model, at))
        .or_else(|| admin(op, at))
}

fn project(op: &Op, at: &Addresses) -> Option<Instruction> {
    let owner = |project: usize| at.key(Party::Client(project));
    let tokens = |project: usize| at.tokens(Party::Client(project));
    Some(match *op {
        Op::OpenProject(p) => instruction::open_project(owner(p), at.mint),
        Op::CloseProject(p) => instruction::close_project(owner(p), at.projects[p]),
        Op::Deposit(p, amount) => instruction::deposit(owner(p), tokens(p), at.projects[p], at.mint, amount),
        Op::Withdraw(p, amount) => {
            instruction::withdraw(owner(p), at.projects[p], at.mint, tokens(p), amount)
        }
        Op::SetMember(p, member, limit, period) => {
            instruction::set_member(owner(p), at.projects[p], at.key(Party::Member(member)), limit, period)
        }
        Op::CloseMember(by, p, member) => {
            let key = at.key(Party::Member(member));
            instruction::close_member(at.key(by), owner(p), at.projects[p], key)
        }
        _ => return None,
    })
}

fn device(op: &Op, model: &Model, at: &Addresses) -> Option<Instruction> {
    let node = |device: usize| at.key(model.node_of(device));
    let market = |device: usize| at.markets[model.places[device].market];
    let payee = |device: usize| {
        let open = model.devices[device].as_ref();
        at.key(open.map_or(model.node_of(device), |device| device.payee))
    };
    Some(match *op {
        Op::OpenDevice(d) => instruction::open_device(node(d), market(d), d as u32, node(d)),
        Op::SetPayee(by, d, to) => instruction::set_payee(at.key(by), at.devices[d], at.key(to)),
        Op::CloseDevice(by, d) => instruction::close_device(at.key(by), node(d), at.devices[d]),
        Op::FundBond(d, amount) => {
            let source = at.tokens(model.node_of(d));
            instruction::fund_bond(node(d), source, at.devices[d], at.mint, amount)
        }
        Op::WithdrawBond(by, d, amount) => {
            instruction::withdraw_bond(at.key(by), at.devices[d], at.mint, payee(d), amount)
        }
        Op::WithdrawEarnings(d) => instruction::withdraw_earnings(at.devices[d], at.mint, payee(d)),
        Op::NotifyDevice(d) => instruction::notify_device(at.devices[d]),
        Op::Work(d, min_price) => instruction::work(node(d), at.devices[d], market(d), min_price),
        Op::Leave(by, d) => instruction::leave(at.key(by), at.devices[d], market(d)),
        _ => return None,
    })
}

fn job(op: &Op, model: &Model, at: &Addresses) -> Option<Instruction> {
    let lister = |job: JobKey| at.key(model.jobs.get(&job).map_or(Party::Client(job.0), |job| job.lister));
    let market = |job: JobKey| at.markets[model.jobs.get(&job).map_or(0, |job| job.market)];
    Some(match *op {
        Op::List(job, market, request, max_price) => {
            let owner = at.key(Party::Client(job.0));
            instruction::list(
                owner,
                at.projects[job.0],
                at.markets[market],
                &listing(job, request, max_price),
            )
        }
        Op::ListMany(by, (p, first), market, ref requests, max_price) => {
            let requests: Vec<instruction::Request> =
                requests.iter().map(|request| (kind(request.kind), request.timeout, DEFINITION)).collect();
            let (spender, market) = (spender(by, at), at.markets[market]);
            instruction::list_many(spender, at.projects[p], market, first, max_price, &requests)
        }
        Op::ListDirect(by, job, market, device, request, max_price) => {
            let (project, market, device) = (at.projects[job.0], at.markets[market], at.devices[device]);
            let listing = listing(job, request, max_price);
            instruction::list_direct(spender(by, at), project, market, device, &listing)
        }
        Op::Extend(by, job, timeout) => {
            instruction::extend(spender(by, at), at.projects[job.0], at.job(job), timeout)
        }
        Op::Delist(by, job) => {
            instruction::delist(at.key(by), at.projects[job.0], market(job), at.job(job), lister(job))
        }
        Op::NotifyJob(job) => instruction::notify_job(at.job(job)),
        Op::CloseJob(by, job) => {
            instruction::close_job(at.key(by), at.projects[job.0], at.job(job), lister(job))
        }
        _ => return None,
    })
}

fn run(op: &Op, model: &Model, at: &Addresses) -> Option<Instruction> {
    let node = |device: usize| at.key(model.node_of(device));
    let run = |device: usize, job: JobKey| {
        let market = model.jobs.get(&job).map_or(model.places[device].market, |job| job.market);
        let (device, project) = (at.devices[device], at.projects[job.0]);
        Run { device, job: at.job(job), market: at.markets[market], project }
    };
    let hash = |is_one: bool| if is_one { RESULT } else { [0; 32] };
    let project = |number: usize| at.projects[number];
    Some(match *op {
        Op::Start(d, job) => instruction::start(node(d), at.devices[d], at.job(job)),
        Op::Heartbeat(d, job) => instruction::heartbeat(node(d), at.devices[d], at.job(job)),
        Op::Finish(d, job, has_result) => instruction::finish(node(d), run(d, job), hash(has_result)),
        Op::End(by, d, job) => instruction::end(at.key(by), run(d, job)),
        Op::PostResult(d, job, is_result) => {
            instruction::post_result(node(d), at.devices[d], at.job(job), hash(is_result))
        }
        Op::Decline(d, job) => instruction::decline(node(d), run(d, job)),
        Op::Quit(d, job) => instruction::quit(node(d), run(d, job)),
        Op::ExpireAssignment(d, job, reward) => {
            instruction::expire_assignment(run(d, job), reward.map(project))
        }
        Op::ExpireRun(d, job, reward) => instruction::expire_run(run(d, job), reward.map(project)),
        _ => return None,
    })
}

fn market(op: &Op, model: &Model, at: &Addresses) -> Option<Instruction> {
    Some(match *op {
        Op::OpenMarket(m, terms, _) => {
            instruction::open_market(at.key(Party::Authority(0)), at.mint, m as u64, terms)
        }
        Op::GrowMarket(m) => instruction::grow_market(at.key(Party::Stranger), at.markets[m]),
        Op::UpdateMarket(by, m, terms) => instruction::update_market(at.key(by), at.markets[m], terms),
        Op::PauseMarket(by, m, seconds) => instruction::pause_market(at.key(by), at.markets[m], seconds),
        Op::ProposeMarketAuthority(by, m, to) => {
            instruction::propose_market_authority(at.key(by), at.markets[m], at.key(to))
        }
        Op::AcceptMarketAuthority(by, m) => instruction::accept_market_authority(at.key(by), at.markets[m]),
        Op::CloseMarket(by, m) => instruction::close_market(at.key(by), at.markets[m]),
        Op::CollectFees(m) => instruction::collect_fees(
            at.markets[m],
            at.mint,
            at.key(model.config.treasury),
            Default::default(),
        ),
        _ => return None,
    })
}

fn admin(op: &Op, at: &Addresses) -> Option<Instruction> {
    Some(match *op {
        Op::UpdateConfig(by, pauser, treasury) => {
            instruction::update_config(at.key(by), at.key(pauser), at.key(treasury))
        }
        Op::PauseDeposits(by, seconds) => instruction::pause_deposits(at.key(by), seconds),
        Op::ProposeAdmin(by, to) => instruction::propose_admin(at.key(by), at.key(to)),
        Op::AcceptAdmin(by) => instruction::accept_admin(at.key(by)),
        Op::Donate(from, amount) => token::transfer(at.tokens(from), at.vault, at.key(from), amount),
        _ => return None,
    })
}

fn spender(by: Party, at: &Addresses) -> Spender {
    match by {
        Party::Member(_) => Spender::Member(at.key(by)),
        _ => Spender::Owner(at.key(by)),
    }
}

fn listing((_, id): JobKey, request: Request, max_price_per_second_atoms: u64) -> Listing {
    Listing {
        id,
        kind: kind(request.kind),
        definition: DEFINITION,
        timeout_seconds: request.timeout,
        max_price_per_second_atoms,
    }
}

fn kind(kind: Kind) -> JobKind {
    match kind {
        Kind::Batch => JobKind::Batch,
        Kind::Service => JobKind::Service,
    }
}
