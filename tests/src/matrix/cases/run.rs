//! Jobs that run.

use super::{case, clock, only, other_projects};
use crate::{
    TERMS,
    matrix::{
        Case, Kind, Sample, Slot, Stage,
        sets::{Pair, Set},
    },
    world::{RESULT, TIMEOUT},
};
use grid_client::instruction::{self, Run};
use solana_address::Address;

pub(super) const CASES: &[Case] = &[
    only("heartbeat", heartbeat),
    only("finish", finish),
    case("end", "by the owner", end_by_the_owner),
    case("end", "by who listed it", end_by_who_listed_it),
    case("quit", "a batch job", quit_a_batch_job),
    case("quit", "a service job", quit_a_service_job),
    case("quit", "meets the next device", quit_meets_the_next),
    case("expire_run", "a silent batch job", expire_a_silent_batch_job),
    case("expire_run", "a silent service job", expire_a_silent_service_job),
    case("expire_run", "overdue in spite of heartbeats", expire_an_overdue_run),
    case("expire_run", "meets the next device", expire_run_meets_the_next),
];

/// Later than the last one.
fn heartbeat(stage: &Stage) -> Sample {
    let own = stage.own;
    let slots = [
        Slot::new("node", Kind::Wallet),
        Slot::new("device", Kind::Device),
        Slot::new("job", Kind::Job),
        clock(),
    ];
    let beat = |node, pair: Pair| instruction::heartbeat(node, pair.device, pair.job);
    let mut sample = Sample::new(stage, beat(own.node, own.running), slots).later(30);
    for set in stage.others.all() {
        for pair in [set.running, set.service] {
            sample = sample.or_as_well(beat(set.node, pair));
        }
    }
    sample
}

fn slots_signed_by(signer: Slot) -> [Slot; 6] {
    [
        signer,
        Slot::new("device", Kind::Device),
        Slot::new("job", Kind::Job),
        Slot::new("market", Kind::Market),
        Slot::new("project", Kind::Project),
        clock(),
    ]
}

fn finish(stage: &Stage) -> Sample {
    let own = stage.own;
    let finish = |set: Set| instruction::finish(set.node, set.run(set.running), RESULT);
    let mut sample = Sample::new(stage, finish(own), slots_signed_by(Slot::new("node", Kind::Wallet)));
    for set in stage.others.all() {
        sample = sample.or_as_well(finish(set));
    }
    sample
}

fn end_by_the_owner(stage: &Stage) -> Sample {
    let end = |set: Set| instruction::end(set.owner, set.run(set.running));
    let slots = slots_signed_by(Slot::new("client", Kind::Wallet));
    let mut sample = Sample::new(stage, end(stage.own), slots);
    for set in stage.others.all() {
        sample = sample.or_as_well(end(set));
    }
    sample
}

/// A member listed it.
fn end_by_who_listed_it(stage: &Stage) -> Sample {
    let end = |set: Set| instruction::end(set.member, set.run(set.service));
    let slots = slots_signed_by(Slot::new("client", Kind::Wallet).or(vec![stage.own.owner]));
    let mut sample = Sample::new(stage, end(stage.own), slots);
    for set in stage.others.all() {
        sample = sample.or_as_well(end(set));
    }
    sample
}

fn quit_a_batch_job(stage: &Stage) -> Sample {
    quit(stage, stage.own.node, stage.own.run(stage.own.running))
}

fn quit_a_service_job(stage: &Stage) -> Sample {
    quit(stage, stage.own.node, stage.own.run(stage.own.service))
}

/// Devices wait.
fn quit_meets_the_next(stage: &Stage) -> Sample {
    let other = stage.other_waiters;
    quit(stage, stage.waiters.node, stage.waiters.run(stage.waiters.running))
        .or_as_well(instruction::quit(other.node, other.run(other.running)))
}

fn quit(stage: &Stage, node: Address, run: Run) -> Sample {
    let slots = slots_signed_by(Slot::new("node", Kind::Wallet));
    let mut sample = Sample::new(stage, instruction::quit(node, run), slots);
    for set in stage.others.all() {
        for pair in [set.running, set.service] {
            sample = sample.or_as_well(instruction::quit(set.node, set.run(pair)));
        }
    }
    sample
}

/// When no run of the stage has shown life for too long.
const SILENT: u32 = TERMS.heartbeat_limit_seconds + 1;

/// The reward goes to the job's project.
fn expire_a_silent_batch_job(stage: &Stage) -> Sample {
    let own = stage.own;
    let reward = no_reward_project(stage, own.project);
    let mut sample = expire_run(stage, own.run(own.running), None, reward).later(SILENT);
    for set in stage.others.all() {
        for pair in [set.running, set.service] {
            sample = sample.or_as_well(instruction::expire_run(set.run(pair), None));
        }
    }
    sample
}

/// The reward goes to another project.
fn expire_a_silent_service_job(stage: &Stage) -> Sample {
    let (own, to) = (stage.own, stage.empty_project);
    let reward = Slot::new("reward_project", Kind::Project).or_empty().or(other_projects(
        stage,
        &stage.mint,
        own.project,
    ));
    let mut sample = expire_run(stage, own.run(own.service), Some(to), reward).later(SILENT);
    for set in stage.others.all().iter().filter(|set| set.mint == stage.mint) {
        sample = sample.or_as_well(instruction::expire_run(set.run(set.service), Some(to)));
    }
    let (set, to) = (stage.others.second_mint, stage.empty_project_of_second_mint);
    sample.or_as_well(instruction::expire_run(set.run(set.service), Some(to)))
}

/// Timeout and grace have passed.
fn expire_an_overdue_run(stage: &Stage) -> Sample {
    let own = stage.own;
    let reward = no_reward_project(stage, own.project);
    expire_run(stage, own.run(own.running), None, reward)
        .later(TIMEOUT + TERMS.finish_grace_seconds + 1)
        .after(instruction::heartbeat(own.node, own.running.device, own.running.job))
}

/// Devices wait.
fn expire_run_meets_the_next(stage: &Stage) -> Sample {
    let (own, other) = (stage.waiters, stage.other_waiters);
    let reward = no_reward_project(stage, own.project);
    expire_run(stage, own.run(own.running), None, reward)
        .later(SILENT)
        .or_as_well(instruction::expire_run(other.run(other.running), None))
}

fn no_reward_project(stage: &Stage, project: Address) -> Slot {
    let others = other_projects(stage, &stage.mint, project);
    Slot::empty("reward_project", Kind::Project).or(others)
}

fn expire_run(stage: &Stage, run: Run, reward_project: Option<Address>, reward: Slot) -> Sample {
    let slots = [
        Slot::new("device", Kind::Device),
        Slot::new("job", Kind::Job),
        Slot::new("market", Kind::Market),
        Slot::new("project", Kind::Project),
        reward,
        clock(),
    ];
    Sample::new(stage, instruction::expire_run(run, reward_project), slots)
}
