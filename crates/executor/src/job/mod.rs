//! From a definition to a result document.
//!
//! [`prepare`] brings everything onto the machine: it asks the executor, makes the job's folder and fetches the
//! inputs. Nothing is metered so far; what fails here is a reason to decline the job. [`PreparedJob::run`] then runs
//! the ops and stores log, artifacts and document; what fails in there is the job's own result. [`run_job`] is both.

mod artifacts;
mod flow;
mod sink;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio_util::sync::CancellationToken;

use crate::{
    Device, Digest,
    definition::{DEFAULT_LOG_BYTES, Definition, DefinitionError, MAX_DEFINITION_BYTES, Stream},
    exec::{Executor, Scratch, ScratchError, Unsupported},
    log::JobLog,
    result::{
        ArtifactRecord, DeviceRecord, ErrorCode, ErrorRecord, JobStatus, LogRecord, OpStatus, RESULT_VERSION,
        ResultDocument, ResultStoreError, StopReason,
    },
    store::{ContentSource, ContentStore, FolderStore, Sources, StoreError},
};

/// A job to run.
#[derive(Clone, Debug)]
pub struct JobRequest {
    /// Its id: letters, digits, `-` and `_`. Names its folder.
    pub job_id: String,
    /// What to run.
    pub definition: Definition,
    /// The digest of the definition's published bytes.
    pub definition_digest: Digest,
    /// What to run on.
    pub device: Device,
    /// What `%%global.project%%` becomes.
    pub project: String,
    /// What `%%global.host%%` becomes.
    pub host: String,
    /// How long the whole job may run.
    pub timeout: Option<Duration>,
    /// What must hold once the command of an op has ended well, by the op's id; else the op fails.
    pub checks: BTreeMap<String, Arc<dyn OutputCheck>>,
}

/// What must hold of the files that an op left.
pub trait OutputCheck: fmt::Debug + Send + Sync {
    /// Looks at the files below `work`, the job's folder. The error says what is wrong with them.
    fn check(&self, work: &Path) -> Result<(), String>;
}

impl JobRequest {
    /// A request out of published bytes, without project, host and timeout.
    pub fn new(
        job_id: impl Into<String>,
        definition_bytes: &[u8],
        device: Device,
    ) -> Result<Self, DefinitionError> {
        Ok(Self {
            job_id: job_id.into(),
            definition: Definition::parse(definition_bytes)?,
            definition_digest: Digest::of(definition_bytes),
            device,
            project: String::new(),
            host: String::new(),
            timeout: None,
            checks: BTreeMap::new(),
        })
    }
}

/// Where jobs live on this machine, and where their bytes come from and go to.
#[derive(Clone, Debug)]
pub struct Workplace {
    /// The folder that holds one folder per running job.
    pub scratch: PathBuf,
    /// Where results are kept.
    pub store: FolderStore,
    /// Where inputs are looked for, after `store`.
    pub sources: Sources,
    /// All inputs of a job together, in bytes.
    pub max_input_bytes: u64,
    /// Each artifact, in bytes.
    pub max_artifact_bytes: u64,
}

impl Workplace {
    /// A workplace that takes inputs of up to 64 GiB and artifacts of up to 64 GiB.
    pub fn new(scratch: impl Into<PathBuf>, store: FolderStore, sources: Sources) -> Self {
        Self {
            scratch: scratch.into(),
            store,
            sources,
            max_input_bytes: 64 << 30,
            max_artifact_bytes: 64 << 30,
        }
    }
}

/// What happens while a job runs. For showing, not for deciding: the document is the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobEvent<'a> {
    /// An op has started, or started again.
    OpStarted {
        /// The op.
        op: &'a str,
    },
    /// An op wrote a line, or a piece of a very long one.
    Line {
        /// The op.
        op: &'a str,
        /// The stream.
        stream: Stream,
        /// The output, any bytes.
        bytes: &'a [u8],
        /// Whether a newline followed.
        complete: bool,
    },
    /// An op has ended.
    OpEnded {
        /// The op.
        op: &'a str,
        /// How.
        status: OpStatus,
    },
    /// An artifact was stored.
    ArtifactStored {
        /// The artifact.
        artifact: &'a ArtifactRecord,
    },
}

/// Takes [`JobEvent`]s. Called from several threads; must not block.
pub type OnEvent<'a> = &'a (dyn for<'e> Fn(JobEvent<'e>) + Send + Sync);

/// What came of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobOutcome {
    /// What it did.
    pub document: ResultDocument,
    /// The digest of the document's bytes, which the store holds.
    pub digest: Digest,
}

/// Why a job could not be prepared. Nothing has run and nothing is owed.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The executor cannot honour the definition here.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The job's folder cannot be made.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// An input cannot be had.
    #[error("the input \"{name}\" cannot be had: {error}")]
    Input {
        /// The input.
        name: String,
        /// Why.
        error: StoreError,
    },
}

/// Why a job has no result. The worker's own machine failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The log cannot be written.
    #[error("the job's log {path}: {error}")]
    Log {
        /// The path.
        path: PathBuf,
        /// What the file system said.
        error: std::io::Error,
    },
    /// The result cannot be kept.
    #[error("the job's result cannot be kept: {0}")]
    Store(#[from] ResultStoreError),
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

/// Fetches and checks the definition that `digest` names.
pub async fn fetch_definition(
    source: &dyn ContentSource,
    digest: Digest,
) -> Result<(Definition, Vec<u8>), FetchDefinitionError> {
    let bytes = source.get(digest, MAX_DEFINITION_BYTES as u64).await?;
    Ok((Definition::parse(&bytes)?, bytes))
}

/// Why a definition cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchDefinitionError {
    /// Its bytes cannot be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its bytes are no definition.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
}

/// A job whose definition is checked and whose inputs lie in its folder.
#[derive(Debug)]
pub struct PreparedJob {
    request: JobRequest,
    scratch: Scratch,
}

/// Checks that `executor` can honour the definition on the device, makes the job's folder, fetches the inputs.
pub async fn prepare(
    request: JobRequest,
    executor: &dyn Executor,
    workplace: &Workplace,
) -> Result<PreparedJob, PrepareError> {
    executor.supports(&request.definition, &request.device)?;
    let scratch = Scratch::create(&workplace.scratch, &request.job_id)?;
    // What a crash left of the same job would go on writing into the new folder.
    executor.clean_up(&scratch).await;
    let prepared = PreparedJob { request, scratch };
    match prepared.fetch_inputs(workplace).await {
        Ok(()) => Ok(prepared),
        Err(error) => {
            prepared.discard();
            Err(error)
        }
    }
}

/// Ends and removes what jobs of an earlier worker left behind, for instance after a crash, and gives the number of
/// jobs. Call it at start, before any job runs, by the only worker that uses this workplace.
pub async fn clean_up_abandoned(executor: &dyn Executor, workplace: &Workplace) -> std::io::Result<usize> {
    let abandoned = Scratch::abandoned(&workplace.scratch)?;
    let count = abandoned.len();
    for scratch in abandoned {
        executor.clean_up(&scratch).await;
        scratch.remove()?;
    }
    Ok(count)
}

/// [`prepare`], then [`PreparedJob::run`].
pub async fn run_job(
    request: JobRequest,
    executor: &dyn Executor,
    workplace: &Workplace,
    cancel: CancellationToken,
    on_event: OnEvent<'_>,
) -> Result<JobOutcome, JobError> {
    prepare(request, executor, workplace).await?.run(executor, workplace, cancel, on_event).await
}

impl PreparedJob {
    /// What was prepared.
    pub fn request(&self) -> &JobRequest {
        &self.request
    }

    /// Removes the job's folder without running the job.
    pub fn discard(self) {
        remove(self.scratch);
    }

    /// Runs the ops, then stores log, artifacts and document and removes the job's folder. Setting off `cancel` ends
    /// the ops; what they left is still stored.
    pub async fn run(
        self,
        executor: &dyn Executor,
        workplace: &Workplace,
        cancel: CancellationToken,
        on_event: OnEvent<'_>,
    ) -> Result<JobOutcome, JobError> {
        let outcome = self.run_and_store(executor, workplace, cancel, on_event).await;
        remove(self.scratch);
        outcome
    }

    async fn fetch_inputs(&self, workplace: &Workplace) -> Result<(), PrepareError> {
        let mut limit = workplace.max_input_bytes;
        for input in &self.request.definition.inputs {
            let failed = |error| PrepareError::Input { name: input.name.clone(), error };
            let dest = Path::new(&input.dest);
            let parent = dest.parent().unwrap_or(Path::new(""));
            let folder = self.scratch.make_work_folder(parent);
            let folder = folder
                .map_err(|error| failed(StoreError::Io { path: self.scratch.work().join(parent), error }))?;
            // Present by the format's rules: a path names a file.
            let to = folder.join(dest.file_name().unwrap_or_default());
            let size_bytes = match workplace.store.get_file(input.sha256, limit, &to).await {
                Err(StoreError::NotFound { .. }) => {
                    workplace.sources.get_file(input.sha256, limit, &to).await
                }
                found => found,
            };
            limit -= size_bytes.map_err(failed)?;
        }
        Ok(())
    }

    async fn run_and_store(
        &self,
        executor: &dyn Executor,
        workplace: &Workplace,
        cancel: CancellationToken,
        on_event: OnEvent<'_>,
    ) -> Result<JobOutcome, JobError> {
        let request = &self.request;
        let definition = &request.definition;
        let log_path = self.scratch.log();
        let log_error = |error| JobError::Log { path: log_path.clone(), error };
        let log = JobLog::create(&log_path, definition.limits.log_bytes.unwrap_or(DEFAULT_LOG_BYTES))
            .map_err(log_error)?;
        let started_ms = unix_ms();

        let flow = flow::Flow::new(request, &self.scratch, executor, &log, on_event);
        let (ops, stopped) = flow.run(cancel).await;
        executor.clean_up(&self.scratch).await;

        let mut errors: Vec<ErrorRecord> = stopped.map(job_stop_error).into_iter().collect();
        let all_well = ops.iter().all(|op| op.is_well());
        let (artifacts, missing) = artifacts::collect(self, workplace, all_well, on_event).await?;
        errors.extend(missing);

        let truncated = log.is_full();
        if let Err(error) = log.finish() {
            errors.push(ErrorRecord::new(ErrorCode::LogIncomplete, error));
        }
        let (sha256, size_bytes) = workplace.store.put_file(&log_path).await?;

        let document = ResultDocument {
            version: RESULT_VERSION.to_owned(),
            job: request.job_id.clone(),
            definition: request.definition_digest,
            status: job_status(ops.iter().map(|op| op.status), stopped, &errors),
            started_ms,
            ended_ms: unix_ms().max(started_ms),
            metered_seconds: None,
            executor: executor.name().to_owned(),
            device: DeviceRecord {
                label: request.device.label.clone(),
                gpu_uuids: request.device.gpu_uuids.clone(),
            },
            ops,
            errors,
            log: LogRecord { sha256, size_bytes, truncated },
            artifacts,
        };
        let digest = document.store(&workplace.store).await?;
        Ok(JobOutcome { document, digest })
    }
}

/// One op that failed makes the job fail, whatever else happened.
fn job_status(
    ops: impl Iterator<Item = OpStatus>,
    stopped: Option<StopReason>,
    errors: &[ErrorRecord],
) -> JobStatus {
    let any_failed = ops.into_iter().any(|status| status == OpStatus::Failed);
    match stopped {
        _ if any_failed => JobStatus::Failed,
        Some(StopReason::JobTimedOut) => JobStatus::TimedOut,
        Some(_) => JobStatus::Cancelled,
        None if errors.is_empty() => JobStatus::Succeeded,
        None => JobStatus::Failed,
    }
}

fn job_stop_error(reason: StopReason) -> ErrorRecord {
    match reason {
        StopReason::JobTimedOut => ErrorRecord::new(ErrorCode::JobTimedOut, "the job's time was over"),
        _ => ErrorRecord::new(ErrorCode::Cancelled, "the job was ended from outside"),
    }
}

fn remove(scratch: Scratch) {
    let path = scratch.root().to_owned();
    if let Err(error) = scratch.remove() {
        tracing::warn!(path = %path.display(), %error, "a job's folder was not removed; remove it by hand");
    }
}

/// Now, in milliseconds of Unix time.
pub(crate) fn unix_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.map_or(0, |duration| duration.as_millis().try_into().unwrap_or(u64::MAX))
}
