//! Operations drawn at random; more often than not one that makes sense.

use crate::cast::{self, IDS, MARKETS, NODES, PROJECTS};
use grid_jobs::MarketTerms;
use grid_tests::{
    arena::{AUTHORITIES, MEMBERS},
    model::{JobKey, JobPhase, Kind, Market, Model, Op, Party, Request, pause::NOTICE},
};
use rand::{
    Rng,
    seq::{IndexedRandom, IteratorRandom},
};

/// Draws an operation.
pub fn random(model: &Model, random: &mut impl Rng) -> Op {
    match random.random_range(0..100) {
        0..10 => project(model, random),
        10..22 => device(model, random),
        22..36 => list(model, random),
        36..50 => work(model, random),
        50..86 => run(model, random),
        86..92 => govern(model, random),
        92..94 => Op::Donate(Party::Node(random.random_range(0..NODES)), random.random_range(1..3)),
        _ => Op::Clock(jump(model, random)),
    }
}

fn project(model: &Model, random: &mut impl Rng) -> Op {
    let project = random.random_range(0..PROJECTS);
    let balance = model.projects[project].as_ref().map_or(9, |project| project.balance as u64);
    let member = random.random_range(0..MEMBERS);
    match random.random_range(0..12) {
        0 => Op::OpenProject(project),
        1 => Op::CloseProject(project),
        2..6 => Op::Deposit(project, amount(model.tokens_of(Party::Client(project)) as u64 / 4, random)),
        6..9 => Op::Withdraw(project, amount(balance / random.random_range(1..4), random)),
        9..11 => {
            let period = *[0, 1, 60, 86_400, 366 * 86_400, 366 * 86_400 + 1].choose(random).unwrap_or(&1);
            Op::SetMember(project, member, amount(balance, random), period)
        }
        _ => Op::CloseMember(client_or_another(project, member, random), project, member),
    }
}

fn device(model: &Model, random: &mut impl Rng) -> Op {
    let device = random.random_range(0..model.devices.len());
    let bond = model.devices[device].as_ref().map_or(0, |device| device.bond as u64);
    let by = node_or_stranger(model, device, random);
    match random.random_range(0..15) {
        0..2 => Op::OpenDevice(device),
        2 => Op::CloseDevice(by, device),
        3..8 => {
            let needed = terms(model, model.places[device].market).bond_atoms;
            Op::FundBond(device, amount(needed, random))
        }
        8 => Op::WithdrawBond(by, device, amount(bond, random)),
        9..12 => Op::WithdrawEarnings(device),
        12 => {
            let payee = model.devices[device].as_ref().map_or(by, |device| device.payee);
            let to = [model.node_of(device), Party::Stranger, Party::Member(0)];
            let signer = if random.random_bool(0.8) { payee } else { by };
            Op::SetPayee(signer, device, *to.choose(random).unwrap_or(&by))
        }
        _ => Op::NotifyDevice(device),
    }
}

fn list(model: &Model, random: &mut impl Rng) -> Op {
    let market = random.random_range(0..MARKETS);
    // Mostly an id that is free.
    let drawn = [any_job(random), any_job(random), any_job(random)];
    let free = drawn.into_iter().find(|job| !model.jobs.contains_key(job));
    let (project, id) = free.unwrap_or(drawn[0]);
    let terms = terms(model, market);
    let max_price = match random.random_range(0..10) {
        0 => terms.price_per_second_atoms - 1,
        1..5 => terms.price_per_second_atoms,
        _ => u64::MAX,
    };
    let by = spender(model, project, random);
    match random.random_range(0..10) {
        0..6 => Op::List((project, id), market, request(&terms, random), max_price),
        6..8 => {
            let requests = (0..random.random_range(0..4)).map(|_| request(&terms, random)).collect();
            Op::ListMany(by, (project, id), market, requests, max_price)
        }
        _ => {
            let waiting =
                model.markets[market].as_deref().and_then(|market| market.devices.iter().choose(random));
            let device = waiting.copied().unwrap_or(random.random_range(0..model.devices.len()));
            Op::ListDirect(by, (project, id), market, device, request(&terms, random), max_price)
        }
    }
}

fn request(terms: &MarketTerms, random: &mut impl Rng) -> Request {
    let (least, most) = (terms.min_timeout_seconds, terms.max_timeout_seconds);
    let timeout = match random.random_range(0..12) {
        0 => least - 1,
        1 => least,
        2 => most,
        3 => most + 1,
        _ => random.random_range(least..=most),
    };
    Request { kind: if random.random() { Kind::Batch } else { Kind::Service }, timeout }
}

fn work(model: &Model, random: &mut impl Rng) -> Op {
    let device = random.random_range(0..model.devices.len());
    if random.random_range(0..8) == 0 {
        return Op::Leave(node_or_stranger(model, device, random), device);
    }
    let price = terms(model, model.places[device].market).price_per_second_atoms;
    let min_price = match random.random_range(0..10) {
        0 => price + 1,
        1..4 => price,
        _ => 0,
    };
    Op::Work(device, min_price)
}

fn run(model: &Model, random: &mut impl Rng) -> Op {
    let open = model.jobs.keys().copied().choose(random).unwrap_or(any_job(random));
    let job = if random.random_range(0..8) == 0 { any_job(random) } else { open };
    let device = random.random_range(0..model.devices.len());
    // A device and a job that have to do with each other, if there are any.
    let pairs = model.jobs.iter().filter_map(|(key, job)| Some((job.device()?, *key)));
    let (device, paired) = match random.random_range(0..8) {
        0 => (device, job),
        _ => pairs.choose(random).unwrap_or((device, job)),
    };
    let reward = random.random_bool(0.5).then(|| random.random_range(0..PROJECTS));
    match random.random_range(0..40) {
        0..8 => Op::Start(device, paired),
        8..10 => Op::Decline(device, paired),
        10..12 => Op::Quit(device, paired),
        12..18 => Op::Heartbeat(device, paired),
        18..24 => Op::Finish(device, paired, random.random_range(0..10) > 0),
        24..26 => Op::End(client_of(model, paired, random), device, paired),
        26..28 => {
            let done = model.jobs.iter().filter(|(_, job)| job.is_over());
            let (key, named) =
                done.map(|(key, job)| (*key, job.named_device())).choose(random).unwrap_or((job, None));
            Op::PostResult(named.unwrap_or(device), key, random.random_range(0..10) > 0)
        }
        28..30 => Op::ExpireAssignment(device, paired, reward),
        30..32 => Op::ExpireRun(device, paired, reward),
        32..34 => Op::Extend(spender(model, job.0, random), job, longer(model, job, random)),
        34 => Op::NotifyJob(job),
        35 => Op::Delist(client_of(model, job, random), job),
        _ => Op::CloseJob(client_of(model, job, random), job),
    }
}

fn longer(model: &Model, job: JobKey, random: &mut impl Rng) -> u32 {
    let (timeout, most) =
        model.jobs.get(&job).map_or((1, 9), |job| (job.timeout, job.terms.max_timeout_seconds));
    *[timeout, timeout + 1, most, most + 1, random.random_range(timeout.min(most)..=most)]
        .choose(random)
        .unwrap_or(&most)
}

fn govern(model: &Model, random: &mut impl Rng) -> Op {
    let market = random.random_range(0..MARKETS);
    let found = model.markets[market].as_deref();
    let (a, b) = (Party::Authority(random.random_range(0..AUTHORITIES)), Party::Authority(0));
    let role =
        |holder: Party, random: &mut dyn rand::RngCore| if random.random_bool(0.8) { holder } else { a };
    let authority = role(found.map_or(b, |market| market.authority), random);
    let admin = role(model.config.admin, random);
    let pauser = role(model.config.pauser, random);
    let seconds = *[0, 1, 3_600, 3 * 86_400, 3 * 86_400 + 1].choose(random).unwrap_or(&0);
    match random.random_range(0..40) {
        0..7 => Op::CollectFees(market),
        7..14 => Op::UpdateMarket(authority, market, cast::terms(market, random)),
        14..17 => Op::PauseMarket(pauser, market, seconds),
        17 => Op::PauseMarket(pauser, market, 0),
        18..20 => Op::PauseDeposits(pauser, seconds),
        20..22 => Op::PauseDeposits(pauser, 0),
        22..25 => Op::ProposeMarketAuthority(authority, market, a),
        25..28 => {
            Op::AcceptMarketAuthority(found.and_then(|found| found.pending_authority).unwrap_or(a), market)
        }
        28..31 => Op::CloseMarket(authority, market),
        31..35 => Op::OpenMarket(market, cast::terms(market, random), cast::room(random)),
        35 => Op::UpdateConfig(admin, a, Party::Authority(random.random_range(0..AUTHORITIES))),
        36 => Op::ProposeAdmin(admin, a),
        37 => Op::AcceptAdmin(model.config.pending_admin.unwrap_or(a)),
        38 if random.random_range(0..4) == 0 => Op::GrowMarket(market),
        _ => Op::CollectFees(market),
    }
}

/// Seconds by which the clock moves: to somebody's deadline or next to it, or just so; now and then back.
fn jump(model: &Model, random: &mut impl Rng) -> i64 {
    match random.random_range(0..16) {
        0 => 0,
        1 => 365 * 86_400,
        2 => -random.random_range(1..86_400),
        3 => random.random_range(86_400..40 * 86_400),
        4..6 => random.random_range(1..100),
        6..8 => random.random_range(100..20_000),
        _ => {
            let coming = deadlines(model).into_iter().filter(|deadline| *deadline >= model.now);
            let next = if random.random_bool(0.7) { coming.min() } else { coming.choose(random) };
            next.map_or(1, |deadline| deadline - model.now + random.random_range(-1..=1))
        }
    }
}

/// Times after which something is allowed, or refused, that was not before.
fn deadlines(model: &Model) -> Vec<i64> {
    let mut found = vec![model.config.deposits_paused_until];
    for job in model.jobs.values() {
        let terms = &job.terms;
        found.extend(job.noticed.map(|since| since + NOTICE));
        match job.phase {
            JobPhase::Matched { since, .. } => found.push(since + i64::from(terms.start_window_seconds)),
            JobPhase::Running { since, heartbeat, .. } => {
                let end = since + i64::from(job.timeout);
                let silent = heartbeat + i64::from(terms.heartbeat_limit_seconds);
                found.extend([end, end + i64::from(terms.finish_grace_seconds), silent]);
            }
            JobPhase::Done { since, .. } | JobPhase::Stopped { since } => {
                found.push(since + i64::from(terms.retention_seconds));
            }
            JobPhase::Queued => {}
        }
    }
    let devices = model.devices.iter().flatten();
    found.extend(devices.filter_map(|device| Some(device.noticed? + NOTICE)));
    found.extend(model.markets.iter().flatten().map(|market| market.paused_until));
    found.extend(model.members.values().map(|member| member.since + i64::from(member.period)));
    found
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

fn any_job(random: &mut impl Rng) -> JobKey {
    (random.random_range(0..PROJECTS), random.random_range(0..IDS))
}

fn terms(model: &Model, market: usize) -> MarketTerms {
    let found: Option<&Market> = model.markets[market].as_deref();
    found.map_or(cast::TERMS[market][0], |market| market.terms)
}

/// Mostly the node.
fn node_or_stranger(model: &Model, device: usize, random: &mut impl Rng) -> Party {
    if random.random_bool(0.7) { model.node_of(device) } else { Party::Stranger }
}

/// Somebody who may, or may not, end a membership.
fn client_or_another(project: usize, member: usize, random: &mut impl Rng) -> Party {
    let all = [Party::Client(project), Party::Member(member), Party::Stranger, Party::Member(1 - member)];
    *all.choose(random).unwrap_or(&Party::Stranger)
}

/// Somebody who may, or may not, spend a project's balance: mostly its owner or a member.
fn spender(model: &Model, project: usize, random: &mut impl Rng) -> Party {
    let members = model.members.keys().filter(|key| key.0 == project);
    match random.random_range(0..8) {
        0..3 => Party::Client(project),
        3..6 => Party::Member(members.map(|key| key.1).choose(random).unwrap_or(0)),
        6 => Party::Member(random.random_range(0..MEMBERS)),
        _ => Party::Stranger,
    }
}

/// Somebody who may, or may not, act for a job: its owner, its lister, a stranger.
fn client_of(model: &Model, job: JobKey, random: &mut impl Rng) -> Party {
    match random.random_range(0..8) {
        0..3 => Party::Client(job.0),
        3..5 => model.jobs.get(&job).map_or(Party::Member(0), |job| job.lister),
        5 => Party::Client(1 - job.0),
        _ => Party::Stranger,
    }
}
