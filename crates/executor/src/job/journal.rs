//! The job's journal: how far the job has come, for a worker that was killed to go on from there.
//!
//! One JSON object per line, appended and synced at each step. A last line that a crash cut short does not count.
//! Whatever the journal does not hold yet can be done again: an executor that is asked for what it started already
//! goes on with it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{
    Device, Digest,
    result::{OpRecord, StopReason},
};

/// The version of the journal this program writes and reads.
pub(super) const VERSION: u32 = 1;

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Step {
    /// Definition and inputs are on the machine.
    Prepared(Box<Header>),
    /// The job runs.
    Started {
        /// Since when, in milliseconds of Unix time.
        at_ms: u64,
    },
    /// An op is about to be started.
    OpStarted {
        /// The op, by its place in the definition.
        op: usize,
        /// How often it was started before.
        attempt: u32,
        /// When, in milliseconds of Unix time.
        at_ms: u64,
        /// The log's length then, in bytes.
        log_bytes: u64,
    },
    /// An op has ended.
    OpEnded {
        /// The op, by its place in the definition.
        op: usize,
        /// What it did.
        record: Box<OpRecord>,
    },
    /// Every op is ended early.
    Stopping {
        /// Why.
        reason: StopReason,
    },
    /// Every op has ended, and what they left is in the job's folder.
    AllEnded {
        /// Why the job was ended early, if it was.
        stopped: Option<StopReason>,
    },
    /// Everything is stored.
    Done {
        /// The result document.
        result: Digest,
    },
}

/// What a job was prepared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// [`VERSION`].
    pub(super) version: u32,
    /// What the kernel calls the time since the machine was started: nothing that ran lives longer.
    pub(super) boot: String,
    /// The executor.
    pub(super) executor: String,
    /// The digest of the definition, which lies beside the journal.
    pub(super) definition: Digest,
    /// What it runs on.
    pub(super) device: Device,
    /// What `%%global.project%%` becomes.
    pub(super) project: String,
    /// What `%%global.host%%` becomes.
    pub(super) host: String,
    /// How long the whole job may run, in milliseconds.
    pub(super) timeout_ms: Option<u64>,
}

/// Everything that a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Progress {
    /// What the job was prepared with.
    pub(super) header: Header,
    /// When it started, in milliseconds of Unix time.
    pub(super) started_ms: Option<u64>,
    /// Its ops, by their place in the definition.
    pub(super) ops: Vec<OpProgress>,
    /// Whether every op has ended, and what they left is in the job's folder.
    pub(super) all_ended: bool,
    /// Why the job was ended early, if it was.
    pub(super) stopped: Option<StopReason>,
    /// The result document, where everything is stored.
    pub(super) result: Option<Digest>,
}

/// How far an op has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OpProgress {
    /// When it was started first, in milliseconds of Unix time.
    pub(super) first_ms: Option<u64>,
    /// How often it was started before.
    pub(super) attempt: u32,
    /// The log's length at its last start, in bytes.
    pub(super) log_bytes: u64,
    /// What it did, where it has ended.
    pub(super) record: Option<OpRecord>,
}

impl OpProgress {
    /// Whether it was started and has not ended.
    pub(super) fn is_running(&self) -> bool {
        self.first_ms.is_some() && self.record.is_none()
    }
}

/// Why a journal cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub(super) enum JournalError {
    /// It cannot be read.
    #[error("the job's journal cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not there, or empty: the job was not prepared yet.
    #[error("the job was not prepared yet")]
    NotPrepared,
    /// It is another program's.
    #[error("the job's journal has version {0}; this program reads {VERSION}")]
    Version(u64),
    /// A line makes no sense.
    #[error("line {line} of the job's journal makes no sense: {error}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// Why.
        error: String,
    },
}

/// A journal that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    file: Mutex<File>,
}

impl Journal {
    /// Starts a journal with its header.
    pub(super) fn create(path: &Path, header: Header) -> io::Result<Self> {
        let file = File::options().append(true).create_new(true).open(path)?;
        let journal = Self { file: Mutex::new(file) };
        journal.try_append(&Step::Prepared(Box::new(header)))?;
        // The new name lies in the folder, so the folder is synced too.
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(journal)
    }

    /// Goes on with a journal, and gives what it holds.
    pub(super) fn reopen(path: &Path) -> Result<(Self, Progress), JournalError> {
        let mut bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(JournalError::NotPrepared),
            read => read?,
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        bytes.truncate(whole);
        let progress = Progress::read(&bytes)?;
        let file = File::options().append(true).open(path)?;
        file.set_len(whole as u64)?;
        Ok((Self { file: Mutex::new(file) }, progress))
    }

    /// Appends a step. One that cannot be written is said so and no more: the job goes on, and a worker that goes on
    /// with it later does the step again.
    pub(super) fn append(&self, step: &Step) {
        if let Err(error) = self.try_append(step) {
            tracing::warn!(%error, ?step, "a step of a job could not be noted in its journal");
        }
    }

    fn try_append(&self, step: &Step) -> io::Result<()> {
        let mut line = serde_json::to_vec(step)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line)?;
        file.sync_data()
    }
}

impl Progress {
    /// That of a job that has only been prepared.
    pub(super) fn of(header: Header) -> Self {
        let (ops, all_ended) = (Vec::new(), false);
        Self { header, started_ms: None, ops, all_ended, stopped: None, result: None }
    }

    fn read(bytes: &[u8]) -> Result<Self, JournalError> {
        let mut progress: Option<Self> = None;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for (index, line) in lines.enumerate() {
            let wrong = |error: String| JournalError::Line { line: index + 1, error };
            if index == 0 {
                // Read by itself first: the rest of another version may look different.
                let value: serde_json::Value =
                    serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
                match value.pointer("/prepared/version").and_then(serde_json::Value::as_u64) {
                    Some(version) if version == u64::from(VERSION) => {}
                    version => return Err(JournalError::Version(version.unwrap_or(0))),
                }
            }
            let step = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
            match (&mut progress, step) {
                (None, Step::Prepared(header)) => {
                    progress = Some(Self::of(*header));
                }
                (None, _) => return Err(wrong("the job was not prepared before it".to_owned())),
                (Some(_), Step::Prepared(_)) => return Err(wrong("the job was prepared twice".to_owned())),
                (Some(progress), step) => progress.take(step),
            }
        }
        progress.ok_or(JournalError::NotPrepared)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Prepared(_) => {}
            Step::Started { at_ms } => self.started_ms = self.started_ms.or(Some(at_ms)),
            Step::OpStarted { op, attempt, at_ms, log_bytes } => {
                let progress = self.op_mut(op);
                progress.first_ms = progress.first_ms.or(Some(at_ms));
                (progress.attempt, progress.log_bytes) = (attempt, log_bytes);
            }
            Step::OpEnded { op, record } => self.op_mut(op).record = Some(*record),
            Step::Stopping { reason } => self.stopped = self.stopped.or(Some(reason)),
            Step::AllEnded { stopped } => (self.all_ended, self.stopped) = (true, stopped),
            Step::Done { result } => self.result = Some(result),
        }
    }

    /// The op at `index`, however far it has come.
    pub(super) fn op(&self, index: usize) -> OpProgress {
        self.ops.get(index).cloned().unwrap_or_default()
    }

    fn op_mut(&mut self, index: usize) -> &mut OpProgress {
        // A definition has 64 ops at most; a larger number in a damaged journal must not take memory.
        let index = index.min(crate::definition::MAX_OPS);
        if self.ops.len() <= index {
            self.ops.resize_with(index + 1, OpProgress::default);
        }
        &mut self.ops[index]
    }
}

/// What the kernel calls the time since the machine was started.
pub(super) fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            version: VERSION,
            boot: boot_id(),
            executor: "process".into(),
            definition: Digest::of(b""),
            device: Device::cpu("cpu"),
            project: "p".into(),
            host: "h".into(),
            timeout_ms: Some(1000),
        }
    }

    #[test]
    fn what_was_written_is_read_and_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        assert!(matches!(Journal::reopen(&path), Err(JournalError::NotPrepared)));
        let journal = Journal::create(&path, header()).unwrap();
        journal.append(&Step::Started { at_ms: 5 });
        journal.append(&Step::OpStarted { op: 1, attempt: 0, at_ms: 6, log_bytes: 0 });
        journal.append(&Step::OpStarted { op: 1, attempt: 1, at_ms: 9, log_bytes: 70 });
        drop(journal);
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(br#"{"done":{"res"#).unwrap();
        let (journal, progress) = Journal::reopen(&path).unwrap();
        assert_eq!(progress.header, header());
        assert_eq!((progress.started_ms, progress.result), (Some(5), None));
        assert_eq!(progress.op(0), OpProgress::default());
        let running = OpProgress { first_ms: Some(6), attempt: 1, log_bytes: 70, record: None };
        assert_eq!(progress.op(1), running);
        assert!(running.is_running());
        journal.append(&Step::Done { result: Digest::of(b"x") });
        assert_eq!(Journal::reopen(&path).unwrap().1.result, Some(Digest::of(b"x")));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let refused = |text: &str| {
            fs::write(&path, text).unwrap();
            Journal::reopen(&path).unwrap_err().to_string()
        };
        assert_eq!(refused(""), "the job was not prepared yet");
        assert_eq!(refused("{\"prep"), "the job was not prepared yet");
        assert_eq!(
            refused("{\"prepared\":{\"version\":2}}\n"),
            "the job's journal has version 2; this program reads 1"
        );
        let started = "{\"started\":{\"at_ms\":1}}\n";
        assert!(refused(started).contains("version 0"));
        let prepared = serde_json::to_string(&Step::Prepared(Box::new(header()))).unwrap();
        assert!(refused(&format!("{prepared}\n{prepared}\n")).contains("line 2"));
        assert!(refused(&format!("{prepared}\n{{\"fly\":{{}}}}\n")).contains("line 2"));
        let many = r#"{"op-started":{"op":99999999999,"attempt":0,"at_ms":1,"log_bytes":0}}"#;
        fs::write(&path, format!("{prepared}\n{many}\n")).unwrap();
        assert!(Journal::reopen(&path).unwrap().1.ops.len() < 100);
    }
}
