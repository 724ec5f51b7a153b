//! From a definition to a result document.
//!
//! [`prepare`] brings everything onto the machine: it asks the executor, makes the job's folder and fetches the
//! inputs. Nothing is metered so far; what fails here is a reason to decline the job. [`PreparedJob::run`] then runs
//! the ops and stores log, artifacts and document; what fails in there is the job's own result. [`run_job`] is both.
//!
//! A worker that is killed loses no job: its ops go on without it. The next worker asks which jobs were
//! [left behind](left_behind), [`reattach`]es those that it is still to run, and goes on with [`PreparedJob::run`] where
//! the other had come to; the rest is for [`clean_up_abandoned`].

mod artifacts;
mod flow;
mod journal;
mod reattach;
mod sink;

use std::{
    collections::BTreeMap,
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio_util::sync::CancellationToken;

pub use self::reattach::{Reattached, left_behind, reattach};
use self::{
    flow::{Earlier, Flow, Surroundings},
    journal::{Header, Journal, Progress, Step},
};
use crate::{
    Device, Digest,
    definition::{DEFAULT_LOG_BYTES, Definition, DefinitionError, MAX_DEFINITION_BYTES, Stream},
    exec::{Executor, JobContext, Scratch, ScratchError, Unsupported},
    log::{JobLog, logged_bytes},
    result::{
        ArtifactRecord, DeviceRecord, ErrorCode, ErrorRecord, JobStatus, LogRecord, OpRecord, OpStatus,
        RESULT_VERSION, ResultDocument, ResultStoreError, StopReason,
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
    /// The definition's published bytes.
    pub definition_bytes: Vec<u8>,
    /// Their digest.
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
            definition_bytes: definition_bytes.to_vec(),
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

    /// The log of a job that runs here, for a [`LogReader`](crate::log::LogReader). Once the job is done, its log is in
    /// the store.
    pub fn log_path(&self, job_id: &str) -> PathBuf {
        self.scratch.join(job_id).join("log")
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
    /// An op has passed its health checks.
    OpHealthy {
        /// The op.
        op: &'a str,
    },
    /// A port that an op exposes can be reached from this machine.
    OpListening {
        /// The op.
        op: &'a str,
        /// The port, as the definition has it.
        port: u16,
        /// Where it can be reached.
        address: SocketAddr,
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
    /// The job's folder cannot be written.
    #[error("the job's folder {path}: {error}; check that the disk has room")]
    Folder {
        /// The path.
        path: PathBuf,
        /// What the file system said.
        error: std::io::Error,
    },
    /// The executor cannot bring on what the ops need.
    #[error("the {executor} executor cannot prepare the job: {problem}")]
    Executor {
        /// The executor.
        executor: &'static str,
        /// What is wrong.
        problem: String,
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
    /// The executor cannot set up what the ops run in.
    #[error("the {executor} executor cannot set up the job: {problem}")]
    SetUp {
        /// The executor.
        executor: &'static str,
        /// What is wrong.
        problem: String,
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

/// A job whose definition is checked and whose inputs lie in its folder, or one that an earlier worker had begun to
/// run.
#[derive(Debug)]
pub struct PreparedJob {
    request: JobRequest,
    scratch: Scratch,
    journal: Journal,
    progress: Progress,
}

/// Checks that `executor` can honour the definition on the device, makes the job's folder, fetches the inputs and
/// whatever else the ops need.
pub async fn prepare(
    request: JobRequest,
    executor: &dyn Executor,
    workplace: &Workplace,
) -> Result<PreparedJob, PrepareError> {
    executor.supports(&request.definition, &request.device)?;
    // What a crash left of the same job would go on writing into the new folder.
    if let Some(left) = Scratch::find(&workplace.scratch, &request.job_id)? {
        executor.clean_up(&left).await;
    }
    let scratch = Scratch::create(&workplace.scratch, &request.job_id)?;
    match fetch(&request, &scratch, executor, workplace).await {
        Ok((journal, progress)) => Ok(PreparedJob { request, scratch, journal, progress }),
        Err(error) => {
            remove(scratch);
            Err(error)
        }
    }
}

/// Ends and removes what jobs of an earlier worker left behind, for instance after a crash, but for the jobs of `keep`,
/// which are to be [re-attached](reattach); gives the number of jobs. Call it at start, before any job runs, by the
/// only worker that uses this workplace.
pub async fn clean_up_abandoned(
    executor: &dyn Executor,
    workplace: &Workplace,
    keep: &[String],
) -> std::io::Result<usize> {
    let mut count = 0;
    for scratch in Scratch::abandoned(&workplace.scratch)? {
        if keep.iter().any(|job_id| job_id == scratch.job_id()) {
            continue;
        }
        executor.clean_up(&scratch).await;
        scratch.remove()?;
        count += 1;
    }
    Ok(count)
}

/// Removes what [`PreparedJob::run_and_keep`] kept of a job.
pub fn forget(workplace: &Workplace, job_id: &str) -> Result<(), ScratchError> {
    match Scratch::find(&workplace.scratch, job_id)? {
        None => Ok(()),
        Some(scratch) => {
            let path = scratch.root().to_owned();
            scratch.remove().map_err(|error| ScratchError::Io { path, error })
        }
    }
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

    /// The same job with its typed ops expanded; every op keeps its place.
    pub fn with_request(self, request: JobRequest) -> Self {
        Self { request, ..self }
    }

    /// Removes the job's folder without running the job. Not for a job that had begun to run: [`run`](Self::run) it
    /// with a cancelled token, or leave it to [`clean_up_abandoned`].
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

    /// The same, but the job's journal stays, so that a worker that is killed before it has told anybody of the result
    /// finds it again with [`reattach`]. Call [`forget`] once the result is told.
    pub async fn run_and_keep(
        self,
        executor: &dyn Executor,
        workplace: &Workplace,
        cancel: CancellationToken,
        on_event: OnEvent<'_>,
    ) -> Result<JobOutcome, JobError> {
        let outcome = self.run_and_store(executor, workplace, cancel, on_event).await;
        match &outcome {
            Err(_) => remove(self.scratch),
            Ok(_) => {
                if let Err(error) = self.scratch.empty() {
                    let path = self.scratch.root().display();
                    tracing::warn!(%path, %error, "a job's folder was not emptied; remove it by hand");
                }
            }
        }
        outcome
    }

    fn context(&self) -> JobContext<'_> {
        context(&self.request, &self.scratch)
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
        let log = JobLog::reopen(&log_path, definition.limits.log_bytes.unwrap_or(DEFAULT_LOG_BYTES))
            .map_err(log_error)?;
        let started_ms = self.progress.started_ms.unwrap_or_else(unix_ms);
        if self.progress.started_ms.is_none() {
            self.journal.append(&Step::Started { at_ms: started_ms });
        }

        let mut errors = Vec::new();
        let (ops, stopped) = match self.all_ended() {
            Some(ops) => (ops, self.progress.stopped),
            None => {
                let set_up = executor.set_up(&self.context()).await;
                set_up.map_err(|problem| JobError::SetUp { executor: executor.name(), problem })?;
                let earlier = self.earlier().map_err(log_error)?;
                let with = Surroundings {
                    request,
                    job: self.context(),
                    executor,
                    journal: &self.journal,
                    log: &log,
                    on_event,
                };
                let (ops, stopped) =
                    Flow::new(with, earlier, started_ms, self.progress.stopped).run(cancel).await;
                let max_bytes = workplace.max_artifact_bytes;
                let home = executor.bring_home(&self.context(), &definition.outputs, max_bytes).await;
                errors.extend(home);
                self.journal.append(&Step::AllEnded { stopped });
                (ops, stopped)
            }
        };
        executor.clean_up(&self.scratch).await;

        errors.extend(stopped.map(job_stop_error));
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
        self.journal.append(&Step::Done { result: digest });
        Ok(JobOutcome { document, digest })
    }

    /// The records of all ops, where an earlier worker saw all of them end and brought home what they left.
    fn all_ended(&self) -> Option<Vec<OpRecord>> {
        if !self.progress.all_ended {
            return None;
        }
        (0..self.request.definition.ops.len()).map(|index| self.progress.op(index).record).collect()
    }

    /// What an earlier worker did, by op.
    fn earlier(&self) -> std::io::Result<Vec<Earlier>> {
        let ops = self.request.definition.ops.iter().enumerate();
        ops.map(|(index, op)| {
            let progress = self.progress.op(index);
            let logged_bytes = match progress.is_running() {
                true => logged_bytes(&self.scratch.log(), &op.id, progress.log_bytes)?,
                false => [0; 2],
            };
            Ok(Earlier { progress, logged_bytes })
        })
        .collect()
    }
}

fn context<'a>(request: &'a JobRequest, scratch: &'a Scratch) -> JobContext<'a> {
    JobContext { job_id: &request.job_id, definition: &request.definition, device: &request.device, scratch }
}

/// Brings everything that the job needs into its folder, and starts its journal.
async fn fetch(
    request: &JobRequest,
    scratch: &Scratch,
    executor: &dyn Executor,
    workplace: &Workplace,
) -> Result<(Journal, Progress), PrepareError> {
    fetch_inputs(request, scratch, workplace).await?;
    let prepared = executor.prepare(&context(request, scratch)).await;
    prepared.map_err(|problem| PrepareError::Executor { executor: executor.name(), problem })?;
    let header = Header {
        version: journal::VERSION,
        boot: journal::boot_id(),
        executor: executor.name().to_owned(),
        definition: request.definition_digest,
        device: request.device.clone(),
        project: request.project.clone(),
        host: request.host.clone(),
        timeout_ms: request.timeout.map(|timeout| timeout.as_millis().try_into().unwrap_or(u64::MAX)),
    };
    let path = scratch.definition();
    let journal = fs::write(&path, &request.definition_bytes)
        .and_then(|()| fs::File::open(&path)?.sync_all())
        .and_then(|()| Journal::create(&scratch.journal(), header.clone()));
    let journal = journal.map_err(|error| PrepareError::Folder { path: scratch.root().to_owned(), error })?;
    Ok((journal, Progress::of(header)))
}

async fn fetch_inputs(
    request: &JobRequest,
    scratch: &Scratch,
    workplace: &Workplace,
) -> Result<(), PrepareError> {
    let mut limit = workplace.max_input_bytes;
    for (index, input) in request.definition.inputs.iter().enumerate() {
        let failed = |error| PrepareError::Input { name: input.name.clone(), error };
        let dest = Path::new(&input.dest);
        let to = match dest.is_absolute() {
            true => scratch.outside_input(index),
            false => {
                let parent = dest.parent().unwrap_or(Path::new(""));
                let folder = scratch.make_work_folder(parent);
                let folder = folder
                    .map_err(|error| failed(StoreError::Io { path: scratch.work().join(parent), error }))?;
                // Present by the format's rules: a path names a file.
                folder.join(dest.file_name().unwrap_or_default())
            }
        };
        let size_bytes = match workplace.store.get_file(input.sha256, limit, &to).await {
            Err(StoreError::NotFound { .. }) => workplace.sources.get_file(input.sha256, limit, &to).await,
            found => found,
        };
        limit -= size_bytes.map_err(failed)?;
    }
    Ok(())
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
