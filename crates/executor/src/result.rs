//! [`ResultDocument`]: what a job did, as canonical JSON whose SHA-256 the chain holds.
//!
//! Canonical means: keys sorted, no whitespace, integers only, empty fields left out. Times are milliseconds of Unix
//! time; figures of a benchmark are integers with their unit in the name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Digest, json,
    store::{ContentStore, StoreError},
};

/// The version of the document this crate writes and reads.
pub const RESULT_VERSION: &str = "0.1";
/// The largest result document, in bytes.
pub const MAX_RESULT_BYTES: usize = 64 << 20;

/// What a job did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultDocument {
    /// [`RESULT_VERSION`].
    pub version: String,
    /// The job's id.
    pub job: String,
    /// The definition that was run.
    pub definition: Digest,
    /// How the job ended.
    pub status: JobStatus,
    /// When its first op could start, in milliseconds of Unix time.
    pub started_ms: u64,
    /// When everything was stored, in milliseconds of Unix time.
    pub ended_ms: u64,
    /// Seconds the client is charged for. The executor does not know them; the caller may fill them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metered_seconds: Option<u64>,
    /// The executor, such as `process`.
    pub executor: String,
    /// The device.
    pub device: DeviceRecord,
    /// The ops, in the definition's order.
    pub ops: Vec<OpRecord>,
    /// What went wrong with the job as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorRecord>,
    /// The log.
    pub log: LogRecord,
    /// What was brought home.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactRecord>,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// Every op ended well and every output was there.
    Succeeded,
    /// An op failed or an output could not be brought home.
    Failed,
    /// Somebody ended it; no op had failed.
    Cancelled,
    /// Its time was over; no op had failed.
    TimedOut,
}

/// The device a job ran on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRecord {
    /// What the worker calls it.
    pub label: String,
    /// Its GPUs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpu_uuids: Vec<String>,
}

/// What an op did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpRecord {
    /// Its id.
    pub id: String,
    /// Its group.
    pub group: String,
    /// Its type, such as `container/run`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The image the definition names. The process executor records it and does not use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The connector that turned a typed op into the command that ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<ConnectorRecord>,
    /// How it ended.
    pub status: OpStatus,
    /// The exit code of its command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended its command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// When it started, in milliseconds of Unix time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// When it ended, in milliseconds of Unix time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
    /// What its `results` matched, a list of strings per key; figures of a benchmark, an integer per key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub results: BTreeMap<String, Value>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorRecord>,
    /// What helps to find out why.
    #[serde(default, skip_serializing_if = "Diagnostics::is_empty")]
    pub diagnostics: Diagnostics,
}

/// The connector behind a typed op.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// All its files: the digest of the lines `SHA256  PATH`, sorted by path, as `sha256sum` prints them.
    pub sha256: Digest,
}

/// How an op ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpStatus {
    /// With exit code zero.
    Succeeded,
    /// Otherwise, or it could not start.
    Failed,
    /// It was stopped, which is no failure of its own.
    Stopped,
    /// It was never started.
    Skipped,
}

/// What helps to find out why an op ended as it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnostics {
    /// How often it was started again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restarts: u32,
    /// Why it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    /// Whether it ran out of memory; absent where the executor cannot know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_memory: Option<bool>,
    /// Whether more was matched than is kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub results_truncated: bool,
}

/// Why an op was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// Somebody ended the job.
    Cancelled,
    /// The job's time was over.
    JobTimedOut,
    /// The op ran for longer than `limits.wall_seconds`.
    OpTimedOut,
    /// The job took more disk than `limits.disk_bytes`.
    DiskLimit,
    /// The op wrote more output than a worker keeps.
    OutputLimit,
    /// Every op that depends on it has ended, and it asked to be stopped then.
    DependentsEnded,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRecord {
    /// What kind of thing.
    pub code: ErrorCode,
    /// What, where, and what to do.
    pub message: String,
}

impl ErrorRecord {
    /// An error out of its parts.
    pub fn new(code: ErrorCode, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

/// Kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The command ended with an exit code other than zero.
    ExitCode,
    /// A signal ended the command.
    Signal,
    /// The command could not be started.
    NotStarted,
    /// A literal or marker in the args could not be filled in.
    LiteralUnresolved,
    /// `limits.wall_seconds` was over.
    OpTimedOut,
    /// `limits.disk_bytes` was used up.
    DiskLimit,
    /// More output than a worker keeps.
    OutputLimit,
    /// How the op ended is not known: it was ended together with what watched over it.
    Lost,
    /// The job's time was over.
    JobTimedOut,
    /// Somebody ended the job.
    Cancelled,
    /// An op it depends on did not end well.
    DependencyFailed,
    /// An earlier group did not end well.
    EarlierGroupFailed,
    /// An output is not there.
    OutputMissing,
    /// An output leads out of the job's folder, or is neither file nor folder.
    OutputUnsafe,
    /// An output is larger than this worker takes.
    OutputTooLarge,
    /// An output could not be read.
    OutputUnreadable,
    /// A built-in benchmark found its own arithmetic wrong.
    BenchmarkWrong,
    /// A typed op's command ended well, and what it left is not what its connector promises.
    OutputInvalid,
    /// The log is not whole.
    LogIncomplete,
}

/// A job's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRecord {
    /// Its bytes.
    pub sha256: Digest,
    /// Their number.
    pub size_bytes: u64,
    /// Whether `limits.log_bytes` cut it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
}

/// An artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRecord {
    /// The output's name.
    pub name: String,
    /// Whether the bytes are the file's or those of a tar of the folder.
    pub kind: ArtifactKind,
    /// The bytes.
    pub sha256: Digest,
    /// Their number.
    pub size_bytes: u64,
}

/// What the bytes of an artifact are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArtifactKind {
    /// The file.
    File,
    /// A tar of the folder.
    FolderTar,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Diagnostics {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why bytes are no result document, or a document has no bytes.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// More bytes than any document may have.
    #[error("the result document has {0} bytes; the limit is {MAX_RESULT_BYTES}")]
    TooLarge(usize),
    /// The bytes are not those the caller asked for.
    #[error("the result document is {actual}, not {expected}")]
    DigestMismatch {
        /// What the chain holds.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// No JSON, or not of this shape.
    #[error("the bytes are no result document: {0}")]
    Json(#[from] serde_json::Error),
    /// A version this crate does not know.
    #[error("the result document has version \"{0}\"; this program reads \"{RESULT_VERSION}\"")]
    Version(String),
    /// The same content in other bytes.
    #[error("the result document is not canonical JSON: {0}")]
    NotCanonical(String),
    /// It contradicts itself.
    #[error("the result document contradicts itself: {0}")]
    Contradiction(String),
}

impl ResultDocument {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ResultError> {
        let value = serde_json::to_value(self)?;
        json::canonical(&value).map_err(|error| ResultError::NotCanonical(error.to_string()))
    }

    /// The digest of the canonical bytes.
    pub fn digest(&self) -> Result<Digest, ResultError> {
        self.to_bytes().map(|bytes| Digest::of(&bytes))
    }

    /// Keeps the canonical bytes in `store`.
    pub async fn store(&self, store: &dyn ContentStore) -> Result<Digest, ResultStoreError> {
        Ok(store.put(&self.to_bytes()?).await?)
    }

    /// Reads and checks canonical bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ResultError> {
        if bytes.len() > MAX_RESULT_BYTES {
            return Err(ResultError::TooLarge(bytes.len()));
        }
        let document: Self = serde_json::from_value(json::parse_strict(bytes)?)?;
        if document.version != RESULT_VERSION {
            return Err(ResultError::Version(document.version));
        }
        if document.to_bytes()? != bytes {
            return Err(ResultError::NotCanonical("the bytes differ from the canonical form".to_owned()));
        }
        document.check()?;
        Ok(document)
    }

    /// Reads and checks the canonical bytes that `expected` names.
    pub fn parse_expecting(bytes: &[u8], expected: Digest) -> Result<Self, ResultError> {
        match Digest::of(bytes) {
            actual if actual == expected => Self::parse(bytes),
            actual => Err(ResultError::DigestMismatch { expected, actual }),
        }
    }

    /// What must hold between the fields.
    pub fn check(&self) -> Result<(), ResultError> {
        let contradiction = |what: String| Err(ResultError::Contradiction(what));
        for op in &self.ops {
            let clean = op.exit_code.unwrap_or(0) == 0 && op.signal.is_none();
            if op.status == OpStatus::Succeeded && !clean {
                return contradiction(format!("the op {} succeeded, yet its command did not", op.id));
            }
            if op.status == OpStatus::Failed && op.errors.is_empty() {
                return contradiction(format!("the op {} failed without an error", op.id));
            }
            if op.ended_ms < op.started_ms {
                return contradiction(format!("the op {} ended before it started", op.id));
            }
        }
        if self.ended_ms < self.started_ms {
            return contradiction("the job ended before it started".to_owned());
        }
        let any_failed = self.ops.iter().any(|op| op.status == OpStatus::Failed);
        let all_well = self.errors.is_empty()
            && self.ops.iter().all(|op| {
                op.status == OpStatus::Succeeded
                    || op.diagnostics.stop_reason == Some(StopReason::DependentsEnded)
            });
        match self.status {
            JobStatus::Succeeded if !all_well => {
                contradiction("the job succeeded, yet not all of it did".to_owned())
            }
            JobStatus::Cancelled | JobStatus::TimedOut if any_failed => {
                contradiction("an op failed, so the job did".to_owned())
            }
            JobStatus::Failed if all_well => {
                contradiction("the job failed, yet nothing in it did".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Why a document could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum ResultStoreError {
    /// It has no bytes.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// The store refused them.
    #[error(transparent)]
    Store(#[from] StoreError),
}
