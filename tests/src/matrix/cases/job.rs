//! Jobs that wait, and jobs that are over.

use super::{case, only};
use crate::{
    TERMS,
    matrix::{Case, Kind, Sample, Slot, Stage},
    world::RESULT,
};
use grid_client::instruction;
use grid_jobs::{JobState, constants::NOTICE_SECONDS};

pub(super) const CASES: &[Case] = &[
    case("delist", "by the owner", delist_by_the_owner),
    case("delist", "by who listed it", delist_by_who_listed_it),
    case("delist", "by anyone after the notice", delist_by_anyone),
    only("notify_job", notify_job),
    only("post_result", post_result),
    case("close_job", "by the owner", close_job_by_the_owner),
    case("close_job", "by anyone after the retention", close_job_by_anyone),
];

fn delist_slots(closer: Slot, job: Slot) -> [Slot; 5] {
    [
        closer,
        Slot::new("project", Kind::Project),
        Slot::new("market", Kind::Market),
        job,
        Slot::new("rent_payer", Kind::Wallet),
    ]
}

fn delist_by_the_owner(stage: &Stage) -> Sample {
    let own = stage.own;
    let others = stage.waiting_jobs(&own.market, |job| job.rent_payer == own.owner);
    let slots = delist_slots(Slot::new("closer", Kind::Wallet), Slot::new("job", Kind::Job).or(others));
    let delist = instruction::delist(own.owner, own.project, own.market, own.waiting_job, own.owner);
    let mut sample = Sample::new(stage, delist, slots).closing(3, 4);
    for set in stage.others.all() {
        let twin = instruction::delist(set.owner, set.project, set.market, set.waiting_job, set.owner);
        sample = sample.or_as_well(twin);
    }
    sample
}

/// A member listed it, and gets the rent.
fn delist_by_who_listed_it(stage: &Stage) -> Sample {
    let own = stage.own;
    let others =
        stage.waiting_jobs(&own.market, |job| job.project == own.project && job.rent_payer == own.member);
    let slots = delist_slots(
        Slot::new("closer", Kind::Wallet).or(vec![own.owner]),
        Slot::new("job", Kind::Job).or(others),
    );
    let delist = instruction::delist(own.member, own.project, own.market, own.members_job, own.member);
    let mut sample = Sample::new(stage, delist, slots).closing(3, 4);
    for set in stage.others.all() {
        let twin = instruction::delist(set.member, set.project, set.market, set.members_job, set.member);
        sample = sample.or_as_well(twin);
    }
    sample
}

/// Of a client that is gone.
fn delist_by_anyone(stage: &Stage) -> Sample {
    let own = stage.own;
    let others = stage.waiting_jobs(&own.market, |job| job.project == own.project && job.noticed_at != 0);
    let slots = delist_slots(
        Slot::new("closer", Kind::Wallet).or_any_signer(),
        Slot::new("job", Kind::Job).or(others),
    );
    let stranger = stage.cast.stranger;
    let delist = instruction::delist(stranger, own.project, own.market, own.noticed_job, own.owner);
    let mut sample = Sample::new(stage, delist, slots).closing(3, 4).later(NOTICE_SECONDS + 1);
    for set in stage.others.all() {
        let twin = instruction::delist(set.node, set.project, set.market, set.noticed_job, set.owner);
        sample = sample.or_as_well_by(twin, &[&[0]]);
    }
    sample
}

fn notify_job(stage: &Stage) -> Sample {
    let others = stage.jobs(|job| job.is(JobState::Queued) && job.noticed_at == 0);
    let slots = [Slot::new("job", Kind::Job).or(others)];
    Sample::new(stage, instruction::notify_job(stage.own.waiting_job), slots)
}

/// Of a job that its client ended.
fn post_result(stage: &Stage) -> Sample {
    let own = stage.own;
    let slots =
        [Slot::new("node", Kind::Wallet), Slot::new("device", Kind::Device), Slot::new("job", Kind::Job)];
    let post = instruction::post_result(own.node, own.ended.device, own.ended.job, RESULT);
    let mut sample = Sample::new(stage, post, slots);
    for set in stage.others.all() {
        let twin = instruction::post_result(set.node, set.ended.device, set.ended.job, RESULT);
        sample = sample.or_as_well(twin);
    }
    sample
}

fn close_job_slots(closer: Slot, stage: &Stage) -> [Slot; 4] {
    let over = stage.jobs(|job| job.project == stage.own.project && job.is_over());
    [
        closer,
        Slot::new("project", Kind::Project),
        Slot::new("job", Kind::Job).or(over),
        Slot::new("rent_payer", Kind::Wallet),
    ]
}

/// Within the retention.
fn close_job_by_the_owner(stage: &Stage) -> Sample {
    let own = stage.own;
    let slots = close_job_slots(Slot::new("closer", Kind::Wallet), stage);
    let close = instruction::close_job(own.owner, own.project, own.done.job, own.owner);
    let mut sample = Sample::new(stage, close, slots).closing(2, 3);
    for set in stage.others.all() {
        sample = sample.or_as_well(instruction::close_job(set.owner, set.project, set.done.job, set.owner));
    }
    sample
}

fn close_job_by_anyone(stage: &Stage) -> Sample {
    let own = stage.own;
    let slots = close_job_slots(Slot::new("closer", Kind::Wallet).or_any_signer(), stage);
    let close = instruction::close_job(stage.cast.stranger, own.project, own.done.job, own.owner);
    let mut sample = Sample::new(stage, close, slots).closing(2, 3).later(TERMS.retention_seconds);
    for set in stage.others.all() {
        let twin = instruction::close_job(set.node, set.project, set.done.job, set.owner);
        sample = sample.or_as_well_by(twin, &[&[0]]);
    }
    sample
}
