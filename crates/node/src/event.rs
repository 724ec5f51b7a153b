//! What a worker tells.

use grid_client::{Landed, account::Job};
use grid_executor::{Digest, JobEvent, JobStatus};
use solana_address::Address;
use std::sync::Arc;

/// A step of a worker on the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Offered the device.
    Work,
    /// Offered the device in a market that asks for something.
    WorkGated,
    /// Took the device off the queue.
    Leave,
    /// Started a job.
    Start,
    /// Started a job of a device that offered itself with [`Self::WorkGated`].
    StartGated,
    /// Handed a job back.
    Decline,
    /// Showed that a running job lives.
    Heartbeat,
    /// Gave a running job back.
    Quit,
    /// Finished a job.
    Finish,
    /// Added the result of a job that its client ended.
    PostResult,
}

impl Step {
    /// The instruction's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::WorkGated => "work_gated",
            Self::Leave => "leave",
            Self::Start => "start",
            Self::StartGated => "start_gated",
            Self::Decline => "decline",
            Self::Heartbeat => "heartbeat",
            Self::Quit => "quit",
            Self::Finish => "finish",
            Self::PostResult => "post_result",
        }
    }
}

/// What a worker did or met. For showing, never for deciding.
#[derive(Debug)]
pub enum NodeEvent<'a> {
    /// The worker saw that its device was matched.
    Matched {
        /// The device.
        device: Address,
        /// The job.
        job: Address,
        /// Its account.
        account: &'a Job,
    },
    /// The worker goes on with a job that an earlier one had started.
    Resumed {
        /// The device.
        device: Address,
        /// The job.
        job: Address,
        /// Its account.
        account: &'a Job,
    },
    /// A transaction is handed to the chain.
    Sending {
        /// The device.
        device: Address,
        /// What it does.
        step: Step,
    },
    /// A transaction landed.
    Landed {
        /// The device.
        device: Address,
        /// What it did.
        step: Step,
        /// The job, if the step is about one.
        job: Option<Address>,
        /// What it cost.
        landed: &'a Landed,
    },
    /// A job can't be run here, or the market does not admit the node any more; the job is handed back.
    Refused {
        /// The device.
        device: Address,
        /// The job.
        job: Address,
        /// Why.
        reason: String,
    },
    /// Something happened inside a running job.
    Job {
        /// The device.
        device: Address,
        /// The job.
        job: Address,
        /// What.
        event: JobEvent<'a>,
    },
    /// A job has run; its result is stored.
    Ran {
        /// The device.
        device: Address,
        /// The job.
        job: Address,
        /// How it ended.
        status: JobStatus,
        /// SHA-256 of the result document.
        result: Digest,
        /// SHA-256 of the log.
        log: Digest,
    },
    /// A worker ended for a reason that no retry of its own can mend; it is started again later.
    GaveUp {
        /// The hardware's name.
        hardware: &'a str,
        /// The market.
        market: Address,
        /// Why.
        error: String,
    },
    /// Something failed and is tried again.
    Retrying {
        /// The device.
        device: Address,
        /// What.
        error: String,
    },
}

/// Takes what workers tell. Called from several tasks; must not block.
pub type Observer = Arc<dyn for<'a> Fn(NodeEvent<'a>) + Send + Sync>;
