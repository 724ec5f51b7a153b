//! Jobs that are matched and do not run yet.

use super::{case, clock, other_projects};
use crate::{
    TERMS,
    matrix::{
        Case, Kind, Sample, Slot, Stage,
        sets::{Pair, Set},
    },
};
use grid_client::instruction::{self, Run};
use solana_address::Address;

pub(super) const CASES: &[Case] = &[
    case("start", "the device took the job", start_after_work),
    case("start", "the job met the device", start_after_list),
    case("decline", "requeued", decline_requeued),
    case("decline", "meets the next device", decline_meets_the_next),
    case("expire_assignment", "the device took the job", expire_assignment_after_work),
    case("expire_assignment", "the job met the device", expire_assignment_after_list),
    case("expire_assignment", "meets the next device", expire_assignment_meets_the_next),
];

/// The match stands in the device's account.
fn start_after_work(stage: &Stage) -> Sample {
    start(stage, |set| set.took)
}

/// The match stands in the job's account.
fn start_after_list(stage: &Stage) -> Sample {
    start(stage, |set| set.met)
}

fn start(stage: &Stage, pair: fn(&Set) -> Pair) -> Sample {
    let own = stage.own;
    let slots = [
        Slot::new("node", Kind::Wallet),
        Slot::new("device", Kind::Device),
        Slot::new("job", Kind::Job),
        clock(),
    ];
    let start = |node, pair: Pair| instruction::start(node, pair.device, pair.job);
    let mut sample = Sample::new(stage, start(own.node, pair(&own)), slots);
    for set in stage.others.all() {
        for pair in [set.took, set.met] {
            sample = sample.or_as_well(start(set.node, pair));
        }
    }
    sample
}

/// Jobs wait: to the head of the queue.
fn decline_requeued(stage: &Stage) -> Sample {
    decline(stage, stage.own.node, stage.own.run(stage.own.took))
}

/// Devices wait: to the next.
fn decline_meets_the_next(stage: &Stage) -> Sample {
    let other = stage.other_waiters;
    let twin = instruction::decline(other.node, other.run(other.met));
    decline(stage, stage.waiters.node, stage.waiters.run(stage.waiters.met)).or_as_well(twin)
}

fn decline(stage: &Stage, node: Address, run: Run) -> Sample {
    let slots = [
        Slot::new("node", Kind::Wallet),
        Slot::new("device", Kind::Device),
        Slot::new("job", Kind::Job),
        Slot::new("market", Kind::Market),
        Slot::new("project", Kind::Project),
        clock(),
    ];
    let mut sample = Sample::new(stage, instruction::decline(node, run), slots);
    for set in stage.others.all() {
        for pair in [set.took, set.met] {
            sample = sample.or_as_well(instruction::decline(set.node, set.run(pair)));
        }
    }
    sample
}

/// The reward goes to the job's project.
fn expire_assignment_after_work(stage: &Stage) -> Sample {
    let own = stage.own;
    let projects = other_projects(stage, &stage.mint, own.project);
    let reward = Slot::empty("reward_project", Kind::Project).or(projects);
    let mut sample = expire_assignment(stage, own.run(own.took), None, reward);
    for set in stage.others.all() {
        for pair in [set.took, set.met] {
            sample = sample.or_as_well(instruction::expire_assignment(set.run(pair), None));
        }
    }
    sample
}

/// The reward goes to another project.
fn expire_assignment_after_list(stage: &Stage) -> Sample {
    let own = stage.own;
    let projects = other_projects(stage, &stage.mint, own.project);
    let reward = Slot::new("reward_project", Kind::Project).or_empty().or(projects);
    let mut sample = expire_assignment(stage, own.run(own.met), Some(stage.empty_project), reward);
    for set in stage.others.all().iter().filter(|set| set.mint == stage.mint) {
        let twin = instruction::expire_assignment(set.run(set.met), Some(stage.empty_project));
        sample = sample.or_as_well(twin);
    }
    let (set, reward) = (stage.others.second_mint, stage.empty_project_of_second_mint);
    sample.or_as_well(instruction::expire_assignment(set.run(set.met), Some(reward)))
}

/// Where devices wait.
fn expire_assignment_meets_the_next(stage: &Stage) -> Sample {
    let (own, other) = (stage.waiters, stage.other_waiters);
    let projects = other_projects(stage, &stage.mint, own.project);
    let reward = Slot::empty("reward_project", Kind::Project).or(projects);
    expire_assignment(stage, own.run(own.met), None, reward)
        .or_as_well(instruction::expire_assignment(other.run(other.met), None))
}

fn expire_assignment(stage: &Stage, run: Run, reward_project: Option<Address>, reward: Slot) -> Sample {
    let slots = [
        Slot::new("device", Kind::Device),
        Slot::new("job", Kind::Job),
        Slot::new("market", Kind::Market),
        Slot::new("project", Kind::Project),
        reward,
        clock(),
    ];
    Sample::new(stage, instruction::expire_assignment(run, reward_project), slots)
        .later(TERMS.start_window_seconds + 1)
}
