//! Jobs.

use super::{Atoms, Model, Party, Refusal};
use grid_jobs::MarketTerms;
use std::sync::Arc;

/// Project and id.
pub type JobKey = (usize, u64);

/// What a job pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For a result.
    Batch,
    /// For time.
    Service,
}

/// Which account tells of a match: that of who came second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The job's.
    InJob,
    /// The device's.
    InDevice,
}

/// Where a job is. Times are Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobPhase {
    /// In the queue.
    Queued,
    /// With a device that did not start yet.
    Matched {
        /// The device.
        device: usize,
        /// Which account tells.
        record: Record,
        /// When they met.
        since: i64,
    },
    /// On a device.
    Running {
        /// The device.
        device: usize,
        /// When it started.
        since: i64,
        /// Its last sign of life.
        heartbeat: i64,
    },
    /// Over and paid.
    Done {
        /// The device that ran it.
        device: usize,
        /// When it ended.
        since: i64,
        /// Whether there is a result.
        has_result: bool,
    },
    /// Over, after too many lost matches or for lack of room.
    Stopped {
        /// When it ended.
        since: i64,
    },
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its market.
    pub market: usize,
    /// The market's terms when it was listed.
    pub terms: MarketTerms,
    /// What it pays for.
    pub kind: Kind,
    /// Who listed it and paid the rent.
    pub lister: Party,
    /// Longest paid run, seconds.
    pub timeout: u32,
    /// Its escrow, atoms.
    pub escrow: Atoms,
    /// Lost matches.
    pub attempts: u8,
    /// Where it is.
    pub phase: JobPhase,
    /// When notice was given, Unix seconds.
    pub noticed: Option<i64>,
}

impl Job {
    /// Whether it ended.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, JobPhase::Done { .. } | JobPhase::Stopped { .. })
    }

    /// Whether its own account reads `Queued`: it waits, or the device that took it tells.
    pub fn reads_queued(&self) -> bool {
        matches!(self.phase, JobPhase::Queued | JobPhase::Matched { record: Record::InDevice, .. })
    }

    /// The device that its own account names.
    pub fn named_device(&self) -> Option<usize> {
        match self.phase {
            JobPhase::Matched { device, record: Record::InJob, .. }
            | JobPhase::Running { device, .. }
            | JobPhase::Done { device, .. } => Some(device),
            _ => None,
        }
    }

    /// The device that has it now, whoever tells.
    pub fn device(&self) -> Option<usize> {
        match self.phase {
            JobPhase::Matched { device, .. } | JobPhase::Running { device, .. } => Some(device),
            _ => None,
        }
    }

    /// Whether its run shows no life any more.
    pub(super) fn is_silent(&self, heartbeat: i64, now: i64) -> bool {
        now > heartbeat + i64::from(self.terms.heartbeat_limit_seconds)
    }
}

impl Model {
    pub(super) fn job(&self, job: JobKey) -> Result<&Arc<Job>, Refusal> {
        self.jobs.get(&job).ok_or(Refusal::Other)
    }

    pub(super) fn job_mut(&mut self, job: JobKey) -> &mut Job {
        Arc::make_mut(self.jobs.get_mut(&job).expect("the job is open"))
    }

    pub(super) fn is_recorded_in_job(&self, job: JobKey) -> bool {
        matches!(self.jobs[&job].phase, JobPhase::Matched { record: Record::InJob, .. })
    }
}
