//! What a run saw.

use grid_tests::model::{JobKey, JobPhase, Kind, Model, Op, Party, Refusal};
use std::collections::BTreeMap;

/// How often what happened: that a run reached what it claims to test.
#[derive(Default)]
pub struct Tally(pub BTreeMap<String, usize>);

impl Tally {
    /// Counts that something happened.
    pub fn note(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// Counts an operation, what came of it, and which way through the program it took.
    pub fn count(&mut self, op: &Op, outcome: &Result<(), Refusal>, before: &Model, after: &Model) {
        let name = op.name();
        let result = match outcome {
            Ok(()) => "ok".into(),
            Err(Refusal::Grid(error)) => format!("{error:?}"),
            Err(Refusal::Other) => "refused".into(),
        };
        self.note(format!("{name} {result}"));
        if outcome.is_ok() {
            if let Some(way) = way(op, before, after) {
                self.note(format!("{name} {way}"));
            }
            if let Some(who) = actor(op) {
                self.note(format!("{name} by {who}"));
            }
        }
    }

    /// Adds what another run saw.
    pub fn add(&mut self, other: Self) {
        for (what, count) in other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }
}

/// Who did what somebody else could have done.
fn actor(op: &Op) -> Option<&'static str> {
    let by = match op {
        Op::CloseDevice(by, _)
        | Op::WithdrawBond(by, ..)
        | Op::Leave(by, _)
        | Op::ListMany(by, ..)
        | Op::ListDirect(by, ..)
        | Op::Extend(by, ..)
        | Op::Delist(by, _)
        | Op::CloseJob(by, _)
        | Op::End(by, ..) => by,
        _ => return None,
    };
    match by {
        Party::Stranger => Some("a stranger"),
        Party::Member(_) => Some("a member"),
        _ => None,
    }
}

fn way(op: &Op, before: &Model, after: &Model) -> Option<&'static str> {
    match op {
        Op::List(job, ..) => Some(match after.jobs[job].phase {
            JobPhase::Matched { .. } => "meets a device",
            _ => "queues",
        }),
        Op::Work(device, _) => {
            let is_matched = after.jobs.values().any(|job| job.device() == Some(*device));
            Some(if is_matched { "takes a job" } else { "queues" })
        }
        Op::Decline(_, job)
        | Op::Quit(_, job)
        | Op::ExpireAssignment(_, job, _)
        | Op::ExpireRun(_, job, _) => Some(next_place(*job, before, after)),
        Op::Finish(_, job, _) => {
            let JobPhase::Running { since, .. } = before.jobs[job].phase else { return None };
            Some(match before.now - since {
                ..0 => "with a clock that went back",
                0 => "within the second",
                late if late > i64::from(before.jobs[job].timeout) => "past the timeout",
                _ => "in time",
            })
        }
        Op::End(_, _, job) => {
            let JobPhase::Running { heartbeat, .. } = before.jobs[job].phase else { return None };
            let limit = i64::from(before.jobs[job].terms.heartbeat_limit_seconds);
            Some(if before.now > heartbeat + limit { "of a silent run" } else { "of a run that lives" })
        }
        _ => None,
    }
}

fn next_place(job: JobKey, before: &Model, after: &Model) -> &'static str {
    let (was, is) = (&before.jobs[&job], &after.jobs[&job]);
    let is_spent = is.attempts >= is.terms.max_attempts;
    match is.phase {
        JobPhase::Matched { .. } => "meets the next device",
        JobPhase::Stopped { .. } if is_spent => "stops after the last attempt",
        JobPhase::Stopped { .. } if is.timeout == 0 => "stops with nothing left to pay",
        JobPhase::Stopped { .. } => "stops for lack of room",
        _ if was.kind == Kind::Service && is.timeout < was.timeout => "requeues what is left",
        _ => "requeues",
    }
}
