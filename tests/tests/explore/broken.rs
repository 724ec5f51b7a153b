//! The explorer finds what is wrong: each rule here is broken on purpose.

use crate::{
    engine::{Fault, Rules, explore},
    space::Space,
    spaces,
};
use grid_tests::model::{Deposit, Job, JobKey, JobPhase, Kind, Model, Op, Party, Refusal};
use std::sync::Arc;

/// What is wrong with a space under these rules.
fn fault_of(space: &Space, rules: Rules) -> Option<Fault> {
    explore(space, rules).and_then(|graph| graph.longest_exit(space, rules)).err()
}

/// Asserts that with these operations refused, somebody's deposits can't come home.
#[track_caller]
fn assert_stuck_without(is_refused: fn(&Op, &Model) -> bool) {
    let rules = move |op: &Op, model: &mut Model| match is_refused(op, model) {
        true => Err(Refusal::Other),
        false => op.apply(model),
    };
    let fault = fault_of(&spaces::one_by_one(), &rules).expect("a state without an exit");
    assert_eq!(fault.what, "strangers can't bring everything home", "{fault}");
}

/// Asserts that something no longer holds when this happens after every operation that succeeds.
#[track_caller]
fn assert_wrong_with(change: fn(&Op, &mut Model), what: &str) {
    let rules = move |op: &Op, model: &mut Model| {
        op.apply(model)?;
        change(op, model);
        Ok(())
    };
    let fault = fault_of(&spaces::one_by_one(), &rules).expect("something that does not hold");
    assert!(fault.what.contains(what), "{fault}");
}

fn job(model: &mut Model, job: JobKey) -> &mut Job {
    Arc::make_mut(model.jobs.get_mut(&job).expect("the job is open"))
}

#[test]
fn rules_as_they_are_have_no_fault() {
    assert!(fault_of(&spaces::one_by_one(), &Op::apply).is_none());
}

#[test]
fn the_explorer_finds_a_stuck_state_when_a_run_past_its_grace_can_not_be_taken_back() {
    assert_stuck_without(|op, model| {
        let Op::ExpireRun(_, job, _) = op else { return false };
        let Some(job) = model.jobs.get(job) else { return false };
        let JobPhase::Running { since, .. } = job.phase else { return false };
        model.now > since + i64::from(job.timeout) + i64::from(job.terms.finish_grace_seconds)
    });
}

#[test]
fn the_explorer_finds_a_stuck_state_when_a_match_can_not_be_taken_back() {
    assert_stuck_without(|op, _| matches!(op, Op::ExpireAssignment(..)));
}

#[test]
fn the_explorer_finds_a_stuck_state_when_a_notice_is_not_enough() {
    assert_stuck_without(|op, _| matches!(op, Op::Delist(Party::Stranger, _)));
    assert_stuck_without(|op, _| matches!(op, Op::Leave(Party::Stranger, _)));
    assert_stuck_without(|op, _| matches!(op, Op::CloseDevice(Party::Stranger, _)));
}

#[test]
fn the_explorer_finds_a_stuck_state_when_only_owners_close_jobs() {
    assert_stuck_without(|op, _| matches!(op, Op::CloseJob(Party::Stranger, _)));
}

#[test]
fn the_explorer_finds_a_job_that_keeps_its_escrow() {
    assert_wrong_with(
        |op, model| {
            if let Op::Finish(_, done, _) = op {
                job(model, *done).escrow = 1;
                model.vault += 1;
            }
        },
        "is not what it can cost",
    );
}

#[test]
fn the_explorer_finds_a_run_that_is_paid_twice() {
    assert_wrong_with(
        |op, model| {
            if let Op::End(_, device, _) = op {
                let device = model.devices[*device].as_mut().expect("the device is open");
                Arc::make_mut(device).earnings += 1;
                model.vault += 1;
            }
        },
        "in escrow",
    );
}

#[test]
fn the_explorer_finds_seconds_that_are_paid_and_not_used_up() {
    assert_wrong_with(
        |op, model| {
            if let Op::Quit(_, quit) = op {
                let job = job(model, *quit);
                if job.kind == Kind::Service && !job.is_over() {
                    job.timeout = job.terms.max_timeout_seconds;
                }
            }
        },
        "is not what it can cost",
    );
}

#[test]
fn the_explorer_finds_a_job_that_waits_twice() {
    assert_wrong_with(
        |op, model| {
            if let Op::Decline(_, declined) = op {
                let market = Arc::make_mut(model.markets[0].as_mut().expect("the market is open"));
                if market.jobs.contains(declined) {
                    market.jobs.push_back(*declined);
                }
            }
        },
        "queue 0",
    );
}

#[test]
fn the_explorer_finds_rent_that_goes_to_a_stranger() {
    assert_wrong_with(
        |op, model| {
            if let Op::OpenDevice(device) = op {
                let rent = model.rents.remove(&(model.node_of(*device), Deposit::Device)).unwrap_or(0);
                model.rents.insert((Party::Stranger, Deposit::Device), rent);
            }
        },
        "rents",
    );
}

#[test]
fn the_explorer_finds_a_counter_that_is_off() {
    assert_wrong_with(
        |op, model| {
            if let Op::Delist(..) = op {
                Arc::make_mut(model.markets[0].as_mut().expect("the market is open")).active_jobs += 1;
            }
        },
        "active jobs",
    );
}

#[test]
fn the_explorer_finds_a_form_that_leaves_out_what_matters() {
    let space = Space { counts_strikes: false, ..spaces::bonds() };
    let graph = explore(&space, &Op::apply).expect("nothing else is wrong");
    let fault = graph.check_forms(&space, &Op::apply).expect_err("strikes matter here");
    assert!(fault.what.starts_with("two states of one form differ"), "{fault}");
}
