//! What a run saw.

use crate::{
    model::{DevicePhase, JobPhase, Model, Refusal},
    op::Op,
};
use std::collections::BTreeMap;

/// How often what happened: that a run reached what it claims to test.
#[derive(Default)]
pub struct Tally(pub BTreeMap<String, usize>);

impl Tally {
    /// Counts an operation and what came of it.
    pub fn count(&mut self, op: Op, outcome: &Result<(), Refusal>) {
        let outcome = match outcome {
            Ok(()) => "ok".into(),
            Err(Refusal::Grid(error)) => format!("{error:?}"),
            Err(Refusal::Other) => "refused".into(),
        };
        *self.0.entry(format!("{} {outcome}", op.name())).or_default() += 1;
    }

    /// Counts which way through the program an operation took.
    pub fn note_ways(&mut self, op: Op, before: &Model, after: &Model) {
        let mut note = |way: &str| *self.0.entry(way.into()).or_default() += 1;
        match op {
            Op::List(job, ..) => match after.jobs[&job].phase {
                JobPhase::Matched(..) => note("list meets a device"),
                _ => note("list queues"),
            },
            Op::Work(device, _) => match after.devices[device].map(|device| device.phase) {
                Some(DevicePhase::Matched(..)) => note("work takes a job"),
                _ => note("work queues"),
            },
            Op::Decline(_, job) => match after.jobs[&job].phase {
                JobPhase::Matched(..) => note("decline meets the next device"),
                JobPhase::Over(..) => note("decline stops"),
                _ => note("decline requeues"),
            },
            Op::Finish(_, job, _) => {
                let JobPhase::Running(_, since) = before.jobs[&job].phase else {
                    return;
                };
                match before.now - since {
                    ..0 => note("finish with a clock that went back"),
                    0 => note("finish within the second"),
                    late if late > i64::from(before.jobs[&job].timeout) => note("finish past the timeout"),
                    _ => note("finish in time"),
                }
            }
            _ => {}
        }
    }
}
