//! Going on with a job whose worker was killed.

use std::{collections::BTreeMap, fs, io, time::Duration};

use super::{
    JobOutcome, JobRequest, PreparedJob, Workplace,
    journal::{self, Journal, Progress},
};
use crate::{
    Digest,
    definition::Definition,
    exec::{Executor, Scratch, ScratchError},
    result::{MAX_RESULT_BYTES, ResultDocument},
    store::ContentSource,
};

/// What is left of a job.
#[derive(Debug)]
pub enum Reattached {
    /// A job to go on with: what has ended keeps its record, what runs is found again, the rest is still to be run. Typed ops
    /// are as the definition has them: [expand](PreparedJob::with_request) them as they were.
    Job(Box<PreparedJob>),
    /// The job is done; the result only has to be told. [`forget`](super::forget) the job then.
    Done(Box<JobOutcome>),
    /// Nothing that could be gone on with, for this reason; what there was is removed. The job can be prepared and run
    /// anew.
    Nothing(String),
}

/// The ids of the jobs that earlier workers left behind in `workplace`. A job that runs is among them as well: ask only
/// while none does.
pub fn left_behind(workplace: &Workplace) -> io::Result<Vec<String>> {
    let abandoned = Scratch::abandoned(&workplace.scratch)?;
    Ok(abandoned.iter().map(|scratch| scratch.job_id().to_owned()).collect())
}

/// Finds what an earlier worker left of the job `job_id`.
///
/// Call it once per job and worker: two who go on with one job would both write its log.
pub async fn reattach(
    job_id: &str,
    executor: &dyn Executor,
    workplace: &Workplace,
) -> Result<Reattached, ScratchError> {
    let Some(scratch) = Scratch::find(&workplace.scratch, job_id)? else {
        return Ok(Reattached::Nothing("there is no folder of this job".to_owned()));
    };
    let reason = match read(&scratch, executor) {
        Err(reason) => reason,
        Ok((request, journal, progress)) => match progress.result {
            None => {
                let job = PreparedJob { request, scratch, journal, progress };
                return Ok(Reattached::Job(Box::new(job)));
            }
            Some(digest) => match outcome(digest, workplace).await {
                Ok(outcome) => return Ok(Reattached::Done(Box::new(outcome))),
                Err(reason) => reason,
            },
        },
    };
    executor.clean_up(&scratch).await;
    let path = scratch.root().to_owned();
    scratch.remove().map_err(|error| ScratchError::Io { path, error })?;
    Ok(Reattached::Nothing(reason))
}

/// What the job's folder says; else why it cannot be gone on with.
fn read(scratch: &Scratch, executor: &dyn Executor) -> Result<(JobRequest, Journal, Progress), String> {
    let (journal, progress) = Journal::reopen(&scratch.journal()).map_err(|error| error.to_string())?;
    let header = &progress.header;
    if header.executor != executor.name() {
        return Err(format!("the {} executor ran it, not the {}", header.executor, executor.name()));
    }
    let bytes = fs::read(scratch.definition()).map_err(|error| format!("its definition: {error}"))?;
    if Digest::of(&bytes) != header.definition {
        return Err("its definition was changed".to_owned());
    }
    let definition = Definition::parse(&bytes).map_err(|error| format!("its definition: {error}"))?;
    let is_running = progress.ops.iter().any(|op| op.is_running());
    if is_running && header.boot != journal::boot_id() {
        return Err("the machine was restarted while it ran".to_owned());
    }
    let request = JobRequest {
        job_id: scratch.job_id().to_owned(),
        definition,
        definition_digest: header.definition,
        definition_bytes: bytes,
        device: header.device.clone(),
        project: header.project.clone(),
        host: header.host.clone(),
        timeout: header.timeout_ms.map(Duration::from_millis),
        checks: BTreeMap::new(),
    };
    Ok((request, journal, progress))
}

async fn outcome(digest: Digest, workplace: &Workplace) -> Result<JobOutcome, String> {
    let bytes = workplace.store.get(digest, MAX_RESULT_BYTES as u64).await;
    let bytes = bytes.map_err(|error| format!("its result: {error}"))?;
    let document = ResultDocument::parse_expecting(&bytes, digest);
    Ok(JobOutcome { document: document.map_err(|error| format!("its result: {error}"))?, digest })
}
