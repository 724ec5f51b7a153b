//! A worker's steps as intents: what a step is about, and when the chain does not ask for it any more.

use crate::event::Step;
use grid_client::{Expectation, Intent, Patience, account::Job};
use grid_jobs::JobState;
use solana_address::Address;
use solana_instruction::Instruction;
use std::mem::offset_of;

/// An account's bytes before its fields.
const DISCRIMINATOR_BYTES: usize = 8;

/// A step that another look at the chain may not want any more: it has one signature, and the next round decides anew.
pub(crate) fn once(subject: Address, step: Step, instruction: Instruction) -> Intent {
    Intent {
        subject,
        kind: step.name().to_owned(),
        instructions: vec![instruction],
        wanted_while: Vec::new(),
        patience: Patience::OneSignature,
    }
}

/// A step that ends a run, and pays for it: wanted as long as the job runs on the device.
pub(crate) fn pays(device: Address, job: Address, step: Step, instruction: Instruction) -> Intent {
    let wanted_while = vec![
        holds(job, offset_of!(Job, state), &[JobState::Running as u8]),
        holds(job, offset_of!(Job, device), device.as_ref()),
    ];
    Intent { wanted_while, patience: Patience::Forever, ..once(job, step, instruction) }
}

/// A step that adds the result of a job that its client ended: wanted as long as it has none.
pub(crate) fn adds_result(device: Address, job: Address, instruction: Instruction) -> Intent {
    let wanted_while = vec![
        holds(job, offset_of!(Job, state), &[JobState::Done as u8]),
        holds(job, offset_of!(Job, device), device.as_ref()),
        holds(job, offset_of!(Job, result), &[0; 32]),
    ];
    Intent { wanted_while, patience: Patience::Forever, ..once(job, Step::PostResult, instruction) }
}

fn holds(account: Address, offset: usize, bytes: &[u8]) -> Expectation {
    Expectation { account, offset: DISCRIMINATOR_BYTES + offset, bytes: bytes.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use grid_client::instruction;
    use solana_account::Account;

    fn is_wanted(intent: &Intent, job: Option<&Job>) -> bool {
        let data = |job: &Job| [&[0; DISCRIMINATOR_BYTES], bytemuck::bytes_of(job)].concat();
        let account = job.map(|job| Account { data: data(job), ..Account::default() });
        intent.wanted_while.iter().all(|expectation| expectation.is_met(account.as_ref()))
    }

    #[test]
    fn a_finish_is_wanted_while_the_job_runs_on_the_device() {
        let [device, other, address, node] = std::array::from_fn(|_| Address::new_unique());
        let heartbeat = instruction::heartbeat(node, device, address);
        let finish = pays(device, address, Step::Finish, heartbeat);
        let job = |state, device| Job { state: state as u8, device, ..Job::zeroed() };
        assert!(is_wanted(&finish, Some(&job(JobState::Running, device))));
        assert!(!is_wanted(&finish, Some(&job(JobState::Running, other))));
        assert!(!is_wanted(&finish, Some(&job(JobState::Done, device))));
        assert!(!is_wanted(&finish, Some(&job(JobState::Queued, device))));
        assert!(!is_wanted(&finish, None));
        assert_eq!((finish.subject, finish.kind.as_str()), (address, "finish"));
    }

    #[test]
    fn a_result_is_wanted_while_an_ended_job_has_none() {
        let [device, address, node] = std::array::from_fn(|_| Address::new_unique());
        let post = adds_result(device, address, instruction::heartbeat(node, device, address));
        let job = |state, result| Job { state: state as u8, device, result, ..Job::zeroed() };
        assert!(is_wanted(&post, Some(&job(JobState::Done, [0; 32]))));
        assert!(!is_wanted(&post, Some(&job(JobState::Done, [1; 32]))));
        assert!(!is_wanted(&post, Some(&job(JobState::Running, [0; 32]))));
    }
}
