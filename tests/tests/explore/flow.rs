//! Where each job's money comes from and goes.

use grid_tests::model::{Atoms, JobKey, Model, Op};

/// Checks that an operation moves the money of the jobs it is about and of no other, and that what their escrows gain
/// or lose is what everybody else loses or gains: balances, bonds, earnings and fees tell that, the escrows must agree.
///
/// A job begins and ends without escrow and never has less than none. So over its life what came out of it is what
/// its project put in, and at no time more: nothing is paid twice.
///
/// # Errors
/// A sentence about what does not agree.
pub fn check(op: &Op, before: &Model, after: &Model) -> Result<(), String> {
    let (mut had, mut has) = (0, 0);
    for job in before.jobs.keys().chain(after.jobs.keys().filter(|job| !before.jobs.contains_key(job))) {
        let (old, new) = (escrow(before, *job), escrow(after, *job));
        if is_about(op, *job) {
            (had, has) = (had + old, has + new);
        } else if old != new {
            return Err(format!("the escrow of job {job:?} changed by the way"));
        }
    }
    let is_in_flow = had > 0 || has > 0;
    if is_in_flow && had + elsewhere(before) != has + elsewhere(after) {
        return Err(format!("{had} became {has} in escrow, and not the rest elsewhere"));
    }
    Ok(())
}

fn escrow(model: &Model, job: JobKey) -> Atoms {
    model.jobs.get(&job).map_or(0, |job| job.escrow)
}

/// What the ledger owes but for the escrows.
fn elsewhere(model: &Model) -> Atoms {
    model.owed() - model.jobs.values().map(|job| job.escrow).sum::<Atoms>()
}

/// Whether an operation may move the money of a job.
fn is_about(op: &Op, job: JobKey) -> bool {
    match op {
        Op::ListMany(_, (project, first), _, requests, _) => {
            job.0 == *project && (*first..*first + requests.len() as u64).contains(&job.1)
        }
        Op::List(touched, ..)
        | Op::ListDirect(_, touched, ..)
        | Op::Extend(_, touched, _)
        | Op::Delist(_, touched)
        | Op::Finish(_, touched, _)
        | Op::End(_, _, touched)
        | Op::Decline(_, touched)
        | Op::Quit(_, touched)
        | Op::ExpireAssignment(_, touched, _)
        | Op::ExpireRun(_, touched, _) => *touched == job,
        _ => false,
    }
}
