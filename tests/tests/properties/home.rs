//! The ways home: each time the next operation that brings something back to its owner.

use grid_tests::model::{Device, DevicePhase, Job, JobKey, JobPhase, Model, Op, Party, pause::NOTICE};

/// The next step of clients and nodes who want to leave.
pub fn by_owners(model: &Model) -> Option<Op> {
    for (number, device) in model.devices.iter().enumerate() {
        let Some(device) = device else { continue };
        match device.phase {
            DevicePhase::Queued => return Some(Op::Leave(model.node_of(number), number)),
            DevicePhase::Matched(job) => return Some(Op::Decline(number, job)),
            DevicePhase::Running(job) => return Some(Op::Finish(number, job, true)),
            DevicePhase::Idle => {}
        }
    }
    if let Some((key, job)) = model.jobs.first_key_value() {
        let owner = Party::Client(key.0);
        return Some(if job.is_over() { Op::CloseJob(owner, *key) } else { Op::Delist(owner, *key) });
    }
    model
        .devices
        .iter()
        .enumerate()
        .find_map(|(number, device)| Some(empty(model.node_of(number), number, device.as_deref()?)))
}

/// The next step of somebody who has no part in anything, and may wait.
pub fn by_strangers(model: &Model) -> Option<Op> {
    if let Some((key, job)) = model.jobs.first_key_value() {
        return Some(release_job(model, *key, job));
    }
    let (number, device) =
        model.devices.iter().enumerate().find_map(|(number, device)| Some((number, device.as_deref()?)))?;
    let step = match device.phase {
        DevicePhase::Queued => Op::Leave(Party::Stranger, number),
        _ => empty(Party::Stranger, number, device),
    };
    Some(match device.noticed {
        None => Op::NotifyDevice(number),
        Some(since) => after(model, since + NOTICE, step),
    })
}

/// The last steps: what only owners can do, when no job and no device is left.
pub fn at_last(model: &Model) -> Option<Op> {
    if let Some((project, member)) = model.members.keys().next() {
        return Some(Op::CloseMember(Party::Client(*project), *project, *member));
    }
    let projects = model.projects.iter().enumerate();
    let project = projects.filter_map(|(number, project)| Some((number, project.as_ref()?))).next();
    if let Some((number, project)) = project {
        let balance = project.balance as u64;
        return Some(if balance > 0 { Op::Withdraw(number, balance) } else { Op::CloseProject(number) });
    }
    let markets = model.markets.iter().enumerate();
    let (number, market) =
        markets.filter_map(|(number, market)| Some((number, market.as_deref()?))).next()?;
    Some(if market.fees > 0 { Op::CollectFees(number) } else { Op::CloseMarket(market.authority, number) })
}

fn empty(by: Party, number: usize, device: &Device) -> Op {
    match (device.earnings, device.bond) {
        (0, 0) => Op::CloseDevice(by, number),
        (0, bond) => Op::WithdrawBond(by, number, bond as u64),
        _ => Op::WithdrawEarnings(number),
    }
}

fn release_job(model: &Model, key: JobKey, job: &Job) -> Op {
    let terms = &job.terms;
    match job.phase {
        JobPhase::Queued => match job.noticed {
            None => Op::NotifyJob(key),
            Some(since) => after(model, since + NOTICE, Op::Delist(Party::Stranger, key)),
        },
        JobPhase::Matched { device, since, .. } => {
            let last = since + i64::from(terms.start_window_seconds);
            after(model, last, Op::ExpireAssignment(device, key, None))
        }
        JobPhase::Running { device, since, heartbeat } => {
            let silent = heartbeat + i64::from(terms.heartbeat_limit_seconds);
            let overdue = since + i64::from(job.timeout) + i64::from(terms.finish_grace_seconds);
            after(model, silent.min(overdue), Op::ExpireRun(device, key, None))
        }
        JobPhase::Done { since, .. } | JobPhase::Stopped { since } => {
            let kept = since + i64::from(terms.retention_seconds);
            after(model, kept - 1, Op::CloseJob(Party::Stranger, key))
        }
    }
}

/// The step, or the wait for the second after a time.
fn after(model: &Model, time: i64, step: Op) -> Op {
    if model.now > time { step } else { Op::Clock(time + 1 - model.now) }
}
